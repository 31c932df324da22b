/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

/*
 * initramfs-tools(7), of Debian and what comes from it. update-initramfs(8), which builds in place, is not in the
 * package that has mkinitramfs(8); Debian's dracut has a program of that name as well.
 */
const BuilderOps builder_initramfs_tools = {
        .kind = BUILDER_INITRAMFS_TOOLS,
        .programs = (const char *const[]){ "/usr/sbin/mkinitramfs", "/sbin/mkinitramfs", NULL },
        .marks = (const char *const[]){ "conf/initramfs.conf", NULL },
        .starts_claim_image = true,
        .hooks = (const char *const[]){ "initramfs-tools", NULL },
};
