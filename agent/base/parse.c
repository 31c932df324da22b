/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse.h"

#include <ctype.h>
#include <strings.h>

int parse_u64(const char *s, unsigned base, uint64_t *ret)
{
        unsigned long long v;
        char *end;

        if (base == 0)
                base = startswith(s, "0x") ? (s += 2, 16) : 10;
        /* strtoull takes blanks, signs and a second "0x"; none of them is a number here. */
        if (base == 16 ? !isxdigit((unsigned char) s[0]) : !isdigit((unsigned char) s[0]))
                return -EINVAL;
        if (base == 16 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
                return -EINVAL;
        errno = 0;
        v = strtoull(s, &end, (int) base);
        if (errno != 0)
                return -errno;
        if (*end != 0)
                return -EINVAL;
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
        return strspn(s, "0123456789abcdefABCDEF");
}

uint64_t fnv1a(uint64_t hash, const void *data, size_t size)
{
        const unsigned char *p = data;

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
        return hash;
}
