/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * Text that others wrote (titles of boot entries, names in sysfs, output of programs) on its way to a terminal, the
 * journal or a JSON text.
 */

/**
 * utf8_character() - the character that a text begins with
 * @ret: its code point. Returns its length, 1 to 4 bytes; 0: these bytes are no UTF-8, or the text ends here.
 * Source: RFC 3629 section 4; no overlong forms, no surrogates, nothing above U+10FFFF.
 */
size_t utf8_character(const char *s, uint32_t *ret);

/* How many bytes a byte can become when it is escaped. */
#define ESCAPE_MAX 4U

/**
 * escape_bytes() - make bytes harmless for a terminal, and one line of them one line
 * @s: of a text that a NUL ends, there or later. @out: n * ESCAPE_MAX bytes. No NUL is written. Returns the number of
 * bytes written.
 *
 * Control characters (C0, DEL, C1) and bytes that are no UTF-8 become \xNN; what turns the direction of a line or ends
 * it (U+202E and its kind) \uNNNN. All else stays as it is, also a backslash: this is for people, not to be read back.
 */
size_t escape_bytes(const char *s, size_t n, char *out);

/* A copy of a text with that done; NULL stays NULL. Owned by the caller. 0; -ENOMEM, ret untouched. */
int escape_text(const char *s, char **ret) _must_check_;

/**
 * escape_json() - the same for JSON text, and without a loss
 * @s: well-formed JSON in UTF-8. Where escape_bytes() would act between quotes it becomes \uNNNN, which means the same.
 * @ret: owned by the caller. 0; -ENOMEM, ret untouched.
 */
int escape_json(const char *s, char **ret) _must_check_;

/* Is the text UTF-8 throughout? */
bool utf8_is_valid(const char *s);

/* A copy in which U+FFFD stands for each byte that is no UTF-8. Owned by the caller. 0; -ENOMEM, ret untouched. */
int utf8_repair(const char *s, char **ret) _must_check_;
