/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

/* mkosi-initrd(1): an image made of packages, which bears no mark of who put it together. */
const BuilderOps builder_mkosi_initrd = {
        .kind = BUILDER_MKOSI_INITRD,
        .programs = (const char *const[]){ "/usr/bin/mkosi-initrd", NULL },
        .hooks = (const char *const[]){ "*-mkosi.install", "*-mkosi-initrd.install", NULL },
        .named_only = true,
};
