/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

/* ugrd, of Gentoo. */
const BuilderOps builder_ugrd = {
        .kind = BUILDER_UGRD,
        .programs = (const char *const[]){ "/usr/bin/ugrd", NULL },
        .hooks = (const char *const[]){ "*-ugrd.install", "*ugrd*install*.hook", NULL },
        .named_only = true,
};
