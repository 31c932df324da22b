/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse.h"

#include <strings.h>

/* The value of a digit; 16: it is none. */
static unsigned digit_value(char c)
{
        if (c >= '0' && c <= '9')
                return (unsigned) (c - '0');
        if (c >= 'a' && c <= 'f')
                return (unsigned) (c - 'a') + 10;
        return c >= 'A' && c <= 'F' ? (unsigned) (c - 'A') + 10 : 16;
}

int parse_u64(const char *s, unsigned base, uint64_t *ret)
{
        uint64_t v = 0;

        if (base == 0)
                base = startswith(s, "0x") ? (s += 2, 16) : 10;
        if (*s == 0)
                return -EINVAL;
        for (; *s; s++) {
                unsigned digit = digit_value(*s);

                if (digit >= base)
                        return -EINVAL;
                if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v))
                        return -ERANGE;
        }
        *ret = v;
        return 0;
}

int parse_u32(const char *s, unsigned base, uint32_t *ret)
{
        uint64_t v = 0;
        int r = parse_u64(s, base, &v);

        if (r < 0)
                return r;
        if (v > UINT32_MAX)
                return -ERANGE;
        *ret = (uint32_t) v;
        return 0;
}

int parse_boolean(const char *s, bool *ret)
{
        static const char *const words[2][4] = { { "no", "false", "off", "0" }, { "yes", "true", "on", "1" } };

        for (unsigned v = 0; v < 2; v++)
                for (size_t i = 0; i < ELEMENTSOF(words[v]); i++)
                        if (strcasecmp(s, words[v][i]) == 0) {
                                *ret = v;
                                return 0;
                        }
        return -EINVAL;
}

size_t span_hex(const char *s)
{
        size_t n = 0;

        while (digit_value(s[n]) < 16)
                n++;
        return n;
}

uint64_t fnv1a(uint64_t hash, const void *data, size_t size)
{
        const unsigned char *p = data;

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
        return hash;
}

uint64_t fnv1a_text(uint64_t hash, const char *text)
{
        return text ? fnv1a(hash, text, strlen(text) + 1) : fnv1a(hash, "\1", 1);
}
