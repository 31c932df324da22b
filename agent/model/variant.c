/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "variant.h"

#include <limits.h>

#include "text.h"

#define ALIAS_PREFIX "alias vfio_pci:"

/* The fields of an alias, in their order; after the last one it ends. */
static const char *const keys[] = { "v", "d", "sv", "sd", "bc", "sc", "i" };

typedef struct Field {
        const char *text;
        size_t n;
} Field;

/* Values are hexadecimal digits of upper case or "*", keys are letters of lower case. Moves behind it. */
static bool split(const char **s, Field fields[static ELEMENTSOF(keys)])
{
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const char *value = startswith(*s, keys[i]);

                if (!value)
                        return false;
                fields[i] = (Field){ value, *value == '*' ? 1 : strspn(value, "0123456789ABCDEF") };
                if (fields[i].n == 0)
                        return false;
                *s = value + fields[i].n;
        }
        return true;
}

/* How many fields say nothing; -1: the alias is of another device. */
static int count_wildcards(const Field *alias, const Field *device)
{
        int n = 0;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                if (*alias[i].text == '*')
                        n++;
                else if (alias[i].n != device[i].n || memcmp(alias[i].text, device[i].text, alias[i].n) != 0)
                        return -1;
        }
        return n;
}

int variant_find(const char *aliases, const char *modalias, char ret[static VARIANT_NAME_MAX])
{
        Field device[ELEMENTSOF(keys)], alias[ELEMENTSOF(keys)];
        const char *own = startswith(modalias, "pci:");
        int best = INT_MAX;

        if (!own || !split(&own, device) || (*own && *own != '\n'))
                return -EINVAL;
        *ret = 0;
        for (const char *line = aliases; line && *line; line = text_next_line(line)) {
                const char *s = startswith(line, ALIAS_PREFIX);
                size_t n;
                int wildcards;

                if (!s || !split(&s, alias) || *s != ' ')
                        continue;
                n = strspn(++s, VARIANT_CHARS);
                wildcards = count_wildcards(alias, device);
                /* what the claim list could not name is none */
                if (wildcards < 0 || wildcards >= best || n == 0 || n >= VARIANT_NAME_MAX || (s[n] && s[n] != '\n'))
                        continue;
                best = wildcards;
                (void) snprintf(ret, VARIANT_NAME_MAX, "%.*s", (int) n, s);
        }
        if (streq(ret, stub_driver_module(STUB_VFIO_PCI)))
                *ret = 0;
        return 0;
}
