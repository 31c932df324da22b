/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

#include "model/record.h"

/*
 * initramfs-tools(7), of Debian and what comes from it. update-initramfs(8), which builds in place, is not in the
 * package that has mkinitramfs(8); Debian's dracut has a program of that name as well. ptprep's part of its images is
 * the hook in dracut/initramfs-tools.
 */
const BuilderOps builder_initramfs_tools = {
        .kind = BUILDER_INITRAMFS_TOOLS,
        .programs = (const char *const[]){ "/usr/sbin/mkinitramfs", "/sbin/mkinitramfs", NULL },
        .marks = (const char *const[]){ "conf/initramfs.conf", NULL },
        .starts_claim_image = true,
        .hooks = (const char *const[]){ "initramfs-tools", NULL },
        /* Nobody reads it but that hook. What lies in conf.d there would be copied into each image. */
        .snippet_path = "/etc/initramfs-tools/ptprep",
        .snippet =
                GENERATED_HEADER "# While this file is here, the hook of ptprep puts the claim list into each image.\n",
        .command = (const char *const[]){ "mkinitramfs", "-o", BUILDER_IMAGE, BUILDER_RELEASE, NULL },
};
