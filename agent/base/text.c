/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

int string_vprintf(char **ret, const char *format, va_list ap)
{
        if (vasprintf(ret, format, ap) >= 0)
                return 0;
        *ret = NULL; /* which the C library leaves undefined */
        return -ENOMEM;
}

int string_printf(char **ret, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = string_vprintf(ret, format, ap);
        va_end(ap);
        return r;
}

int string_copy(const char *s, char **ret)
{
        char *copy = s ? strdup(s) : NULL;

        if (s && !copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int string_replace(char **p, const char *s)
{
        char *copy;
        int r = string_copy(s, &copy);

        if (r < 0)
                return r;
        free(*p);
        *p = copy;
        return 0;
}

unsigned text_distance(const char *a, const char *b)
{
        size_t n = strlen(a), m = strlen(b);
        unsigned row[32];

        if (n >= ELEMENTSOF(row) || m >= ELEMENTSOF(row))
                return (unsigned) ELEMENTSOF(row);
        for (unsigned k = 0; k <= m; k++)
                row[k] = k;
        for (size_t i = 1; i <= n; i++) {
                unsigned diagonal = row[0];

                row[0] = (unsigned) i;
                for (size_t k = 1; k <= m; k++) {
                        unsigned replaced = diagonal + (a[i - 1] != b[k - 1]);

                        diagonal = row[k];
                        row[k] = MIN(replaced, MIN(row[k], row[k - 1]) + 1);
                }
        }
        return row[m];
}

bool string_in(const char *s, const char *const *list, size_t n)
{
        FOREACH_ARRAY(i, list, n)
                if (streq(s, *i))
                        return true;
        return false;
}

const char *path_base(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

char *path_join(const char *directory, const char *name)
{
        char *path;

        string_printf(&path, "%s%s%s", directory, *name == '/' ? "" : "/", name);
        return path;
}

char *path_directory(const char *path)
{
        const char *slash = strrchr(path, '/');

        return !slash ? strdup(".") : strndup(path, slash == path ? 1 : (size_t) (slash - path));
}

void text_guess(TextGuess *g, const char *name)
{
        unsigned distance = text_distance(g->given, name);

        if (distance <= (strlen(g->given) < 4 ? 1U : 2U) && (!g->name || distance < g->distance)) {
                g->name = name;
                g->distance = distance;
        }
}
