/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

/* mkinitcpio(8), of Arch Linux. Every image has the configuration it was built from (functions, parse_config()). */
const BuilderOps builder_mkinitcpio = {
        .kind = BUILDER_MKINITCPIO,
        .programs = (const char *const[]){ "/usr/bin/mkinitcpio", NULL },
        .marks = (const char *const[]){ "buildconfig", NULL },
        .hooks = (const char *const[]){ "*-mkinitcpio.install", "*mkinitcpio*install*.hook", NULL },
};
