/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

/* booster(1): its init reads its own configuration (init/config.go) and runs no hooks. */
const BuilderOps builder_booster = {
        .kind = BUILDER_BOOSTER,
        .programs = (const char *const[]){ "/usr/bin/booster", NULL },
        .marks = (const char *const[]){ "etc/booster.init.yaml", NULL },
        .hooks = (const char *const[]){ "*-booster.install", "*booster*install*.hook", NULL },
};
