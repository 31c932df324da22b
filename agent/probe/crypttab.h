/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* A line of crypttab(5). */
typedef struct CrypttabLine {
        const char *volume, *device;
        const char *key;     /* NULL: no file, "none" or "-" */
        const char *options; /* a comma list; "": none */
} CrypttabLine;

/**
 * crypttab_lines() - what /etc/crypttab says, and /etc/crypttab.initramfs
 *
 * The second one is for the initramfs alone (mkinitcpio, hook sd-encrypt). A file that is not there or that cannot be
 * read has no lines.
 * @each: 0 goes on. The texts are released when it returns.
 * Returns 0; what @each ended it with; -ENOMEM.
 */
int crypttab_lines(int rfd, int (*each)(void *userdata, const CrypttabLine *line), void *userdata) _must_check_;

/**
 * crypttab_has() - is one of these among the options?
 * @options: comma list. @names: "noauto"; "tpm2-device=" with any value; "keyscript=askpass" with this value, which may
 * have directories before it.
 */
bool crypttab_has(const char *options, const char *const *names, size_t n);

/* Is this volume left alone until somebody asks for it? */
bool crypttab_is_later(const CrypttabLine *line);

/* The options in a value of rd.luks.options=, which may have UUID= before them (systemd-cryptsetup-generator(8)). */
const char *crypttab_argument(const char *value);
