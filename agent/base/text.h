/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdarg.h>

#include "macro.h"

/**
 * string_printf() - asprintf(3) with one habit
 * @ret: the text, owned by the caller; NULL when memory is short. Returns 0 or -ENOMEM, so that a caller may look at
 * either.
 */
int string_printf(char **ret, const char *format, ...) _printf_(2, 3);
int string_vprintf(char **ret, const char *format, va_list ap) _printf_(2, 0);

/* A copy of s in the place of what *p was; NULL: nothing. 0; -ENOMEM, *p untouched. */
int string_replace(char **p, const char *s) _must_check_;

/* A copy; NULL stays NULL. 0; -ENOMEM, ret untouched. */
int string_copy(const char *s, char **ret) _must_check_;

/* How many letters have to be put in, taken out or replaced to make one word of the other; words of more than 31
 * letters are nothing alike. */
unsigned text_distance(const char *a, const char *b);

/* Of the names that were tried, the one that was hardly anything else than what was given. */
typedef struct TextGuess {
        const char *given, *name; /* NULL: none so far */
        unsigned distance;
} TextGuess;

/* One more name, which has to stay where it is. */
void text_guess(TextGuess *g, const char *name);

/* Is it one of a list? */
bool string_in(const char *s, const char *const *list, size_t n);

/* DIRECTORY/NAME, with one slash between, owned by the caller; NULL when memory is short. */
char *path_join(const char *directory, const char *name);

/* What stands behind the last slash of a path, in the path itself. */
const char *path_base(const char *path);

/* The directory of a path, "/boot" of "/boot/grub.cfg"; owned by the caller, NULL when memory is short. */
char *path_directory(const char *path);

/* "an" or "a", by the first letter of what it is to stand before. */
static inline const char *text_article(const char *noun)
{
        return *noun && strchr("AEIOUaeiou", *noun) ? "an" : "a";
}

/* The line behind this one; the end of the text where there is none. */
static inline const char *text_next_line(const char *p)
{
        p += strcspn(p, "\n");
        return *p ? p + 1 : p;
}
