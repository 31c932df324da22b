/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/wanted.h"

/* Contents of the files that ptprep generates. All pure; ret is owned by the caller; 0 or -ENOMEM. */

/**
 * render_claims() - the claim list, one line a device
 * @f: has the list as it is now. A device that is absent today keeps the bridge path recorded there, and one that a
 * guest has keeps what was found of it when the host had it.
 */
int render_claims(const Wanted *w, const Facts *f, char **ret) _must_check_;

/* modprobe.d: softdep lines, and the option for unsafe interrupts where it is asked for. No ids: the option would take
 * a moved card and work in spite of ptprep=off. */
int render_modprobe(const Wanted *w, const Facts *f, char **ret) _must_check_;

/* modules-load.d: the stub drivers that the claim image does not bring along, and those of virtual functions. */
int render_modules_load(const Config *c, const Wanted *w, char **ret) _must_check_;

/**
 * render_diff() - one unified diff of two texts
 * @old_text, @new_text: NULL: the file does not exist. Nothing is written when both are equal.
 */
int render_diff(FILE *out, const char *path, const char *old_text, const char *new_text) _must_check_;
