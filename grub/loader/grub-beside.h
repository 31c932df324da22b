/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/grub-cfg.h"

/* What GRUB reads besides its configuration, from the same directory. */
typedef struct GrubBeside {
        GrubEnv env;
        bool has_env; /* its variables are known */
        GrubSources sources;
        char *unreadable; /* path of a file that is there; NULL: none */
        int error;        /* of that, a negative errno */
} GrubBeside;

void grub_beside_done(GrubBeside *b);

/* @config: path of the configuration. @text: of that. 0 or -ENOMEM. */
int grub_beside_read(int rfd, const char *config, const char *text, GrubBeside *ret) _must_check_;

/* The choice for the next boot alone, where the configuration takes one. @ret: not touched where there is none. 0 or
 * -ENOMEM. */
int grub_beside_once(const char *config, const char *text, const GrubBeside *b, BootOnce *ret) _must_check_;
