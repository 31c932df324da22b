/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ELEMENTSOF(x)  (sizeof(x) / sizeof((x)[0]))
#define _cleanup_(f)   __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _must_check_   __attribute__((warn_unused_result))
#define MAX(a, b)      ((a) > (b) ? (a) : (b))
#define MIN(a, b)      ((a) < (b) ? (a) : (b))

/* Takes the value out of a variable that a cleanup attribute would otherwise release. */
#define TAKE_PTR(p)                                                                                                    \
        ({                                                                                                             \
                typeof(p) *_pp = &(p);                                                                                 \
                typeof(p) _v = *_pp;                                                                                   \
                *_pp = NULL;                                                                                           \
                _v;                                                                                                    \
        })
#define TAKE_FD(fd)                                                                                                    \
        ({                                                                                                             \
                int *_p = &(fd), _v = *_p;                                                                             \
                *_p = -EBADF;                                                                                          \
                _v;                                                                                                    \
        })

/* Walks an array of n elements; i is a pointer of the element type, declared here. */
#define FOREACH_ARRAY(i, array, n) for (typeof((array)[0]) *i = (array), *_end_##i = i ? i + (n) : i; i < _end_##i; i++)

static inline void freep(void *p)
{
        free(*(void **) p);
}

static inline void closep(int *fd)
{
        int saved = errno;

        if (*fd >= 0)
                (void) close(*fd);
        errno = saved;
}

static inline void fclosep(FILE **f)
{
        if (*f)
                (void) fclose(*f);
}

#define _cleanup_free_   _cleanup_(freep)
#define _cleanup_close_  _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

static inline bool streq(const char *a, const char *b)
{
        return strcmp(a, b) == 0;
}

/* NULL equals only NULL. */
static inline bool streq_null(const char *a, const char *b)
{
        return a && b ? streq(a, b) : a == b;
}

/* Returns what follows the prefix, or NULL. */
static inline const char *startswith(const char *s, const char *prefix)
{
        size_t n = strlen(prefix);

        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static inline bool endswith(const char *s, const char *suffix)
{
        size_t n = strlen(s), m = strlen(suffix);

        return n >= m && streq(s + n - m, suffix);
}

static inline int negative_errno(void)
{
        return errno > 0 ? -errno : -EIO;
}

/* A fact that could not be read is unknown, which is never the same as no. */
typedef enum Tristate {
        TRISTATE_UNKNOWN = -1,
        TRISTATE_NO = 0,
        TRISTATE_YES = 1,
} Tristate;
