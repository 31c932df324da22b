/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array.h"

#include <stdarg.h>

#include "base/parse.h"
#include "base/text.h"

void *array_grow_impl(void *array, size_t n, size_t size)
{
        void *p;

        memcpy(&p, array, sizeof(p));
        /* n is the capacity exactly when it is 0 or a power of two of at least 4: grow only then. */
        if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
                size_t capacity = n == 0 ? 4 : n * 2;

                if (capacity > SIZE_MAX / size)
                        return NULL;
                p = realloc(p, capacity * size);
                if (!p)
                        return NULL;
                memcpy(array, &p, sizeof(p));
        }
        return memset((char *) p + n * size, 0, size);
}

void string_list_done(StringList *l)
{
        FOREACH_ARRAY(s, l->items, l->n)
                free(*s);
        free(l->items);
        *l = (StringList){};
}

static int string_list_take(StringList *l, char *s)
{
        char **slot;

        if (!s)
                return -ENOMEM;
        slot = array_grow(&l->items, l->n);
        if (!slot) {
                free(s);
                return -ENOMEM;
        }
        *slot = s;
        l->n++;
        return 0;
}

int string_list_add(StringList *l, const char *s)
{
        return string_list_take(l, strdup(s));
}

int string_list_addf(StringList *l, const char *format, ...)
{
        va_list ap;
        char *s = NULL;

        va_start(ap, format);
        string_vprintf(&s, format, ap);
        va_end(ap);
        return string_list_take(l, s);
}

bool string_list_contains(const StringList *l, const char *s)
{
        FOREACH_ARRAY(i, l->items, l->n)
                if (streq(*i, s))
                        return true;
        return false;
}

uint64_t string_list_fnv1a(uint64_t hash, const StringList *l)
{
        FOREACH_ARRAY(s, l->items, l->n)
                hash = fnv1a_text(hash, *s);
        return fnv1a_text(hash, NULL);
}
