/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * Where a quote, a command substitution or an expansion of a shell ends. Each returns the bytes from its first
 * character to behind its last one; 0: it does not end, or shells do not agree where. Without recursion.
 * Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.6.2 Parameter Expansion, 2.6.3 Command Substitution.
 */

/* @s: at the opening quote. A backslash takes the meaning of the closing one away. */
size_t shell_skip_quote(const char *s, char closer);

/* @s: at the parenthesis of "$(...)", or at the backquote. */
size_t shell_skip_substitution(const char *s);

/* @s: at the brace of "${...}". @quoted: it stands inside double quotes, where an apostrophe is a plain character. */
size_t shell_skip_braces(const char *s, bool quoted);
