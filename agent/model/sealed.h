/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* Texts that ptprep keeps for itself: the last line, "end" and 16 hexadecimal digits, has a hash of all bytes above. */

/* @ret: the text with that line, owned by the caller. 0 or -ENOMEM. */
int sealed_print(const char *text, char **ret) _must_check_;

/* @ret_size: bytes before that line. 0; -EBADMSG: damaged, cut short or edited by hand. */
int sealed_check(const char *text, size_t *ret_size) _must_check_;
