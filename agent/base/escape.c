/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "escape.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

size_t utf8_character(const char *s, uint32_t *ret)
{
        /* bits of a first byte that say how many follow, and the least code point that needs as many */
        static const struct {
                uint8_t mask, value;
                uint32_t least;
        } forms[] = { { 0x80, 0x00, 0x1 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
        const uint8_t *b = (const uint8_t *) s;

        for (size_t n = 0; n < ELEMENTSOF(forms); n++) {
                uint32_t c = b[0] & (uint8_t) ~forms[n].mask;

                if ((b[0] & forms[n].mask) != forms[n].value)
                        continue;
                for (size_t i = 1; i <= n; i++) {
                        if ((b[i] & 0xc0) != 0x80)
                                return 0;
                        c = c << 6 | (b[i] & 0x3f);
                }
                if (c < forms[n].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                        return 0;
                *ret = c;
                return n + 1;
        }
        return 0;
}

static bool is_control(uint32_t c)
{
        return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Ends a line, or changes the direction of what follows (Unicode Standard Annex 9, section 2). */
static bool is_layout(uint32_t c)
{
        return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static size_t put_number(char *out, char kind, unsigned digits, uint32_t value)
{
        static const char hex[] = "0123456789abcdef";

        out[0] = '\\';
        out[1] = kind;
        for (unsigned i = 0; i < digits; i++)
                out[2 + i] = hex[value >> 4 * (digits - 1 - i) & 0xf];
        return 2 + digits;
}

/* How many bytes at the start of a text nobody has to look at twice: printable, of one byte each. */
static size_t span_plain(const char *s, const char *end)
{
        const char *p = s;

        while (p < end && *p >= 0x20 && *p < 0x7f)
                p++;
        return (size_t) (p - s);
}

/* Takes that along, and goes on behind it. @done: bytes in @out. */
static const char *copy_plain(const char *s, const char *end, char *out, size_t *done)
{
        size_t n = span_plain(s, end);

        memcpy(out + *done, s, n);
        *done += n;
        return s + n;
}

size_t escape_bytes(const char *s, size_t n, char *out)
{
        size_t done = 0;

        for (const char *end = s + n; s < end;) {
                uint32_t c = 0;
                size_t k;

                s = copy_plain(s, end, out, &done);
                if (s == end)
                        break;
                k = utf8_character(s, &c);
                if (k == 0 || s + k > end) { /* a NUL too */
                        done += put_number(out + done, 'x', 2, (uint8_t) *s++);
                        continue;
                }
                if (is_control(c))
                        done += put_number(out + done, 'x', 2, c);
                else if (is_layout(c))
                        done += put_number(out + done, 'u', 4, c);
                else {
                        memcpy(out + done, s, k);
                        done += k;
                }
                s += k;
        }
        return done;
}

int escape_text(const char *s, char **ret)
{
        size_t n = s ? strlen(s) : 0;
        char *out;

        if (!s) {
                *ret = NULL;
                return 0;
        }
        out = malloc(n * ESCAPE_MAX + 1);
        if (!out)
                return -ENOMEM;
        out[escape_bytes(s, n, out)] = 0;
        *ret = out;
        return 0;
}

int escape_json(const char *s, char **ret)
{
        size_t n = strlen(s), done = 0;
        char *out = malloc(n * sizeof("u0000") + 1);

        if (!out)
                return -ENOMEM;
        for (const char *end = s + n;;) {
                uint32_t c = 0;
                size_t k;

                s = copy_plain(s, end, out, &done);
                if (s == end)
                        break;
                k = utf8_character(s, &c);
                /* line feeds stand between members; JSON has those in texts escaped already */
                if (k > 0 && c != '\n' && (is_control(c) || is_layout(c)))
                        done += put_number(out + done, 'u', 4, c);
                else {
                        memcpy(out + done, s, MAX(k, 1U));
                        done += MAX(k, 1U);
                }
                s += MAX(k, 1U);
        }
        out[done] = 0;
        *ret = out;
        return 0;
}

bool utf8_is_valid(const char *s)
{
        const char *end = s + strlen(s);
        uint32_t c;
        size_t k;

        for (s += span_plain(s, end); s < end; s += k + span_plain(s + k, end)) {
                k = utf8_character(s, &c);
                if (k == 0)
                        return false;
        }
        return true;
}

int utf8_repair(const char *s, char **ret)
{
        char *out = malloc(strlen(s) * strlen(REPLACEMENT) + 1);
        size_t done = 0;

        if (!out)
                return -ENOMEM;
        while (*s) {
                uint32_t c;
                size_t k = utf8_character(s, &c);

                memcpy(out + done, k > 0 ? s : REPLACEMENT, k > 0 ? k : strlen(REPLACEMENT));
                done += k > 0 ? k : strlen(REPLACEMENT);
                s += MAX(k, 1U);
        }
        out[done] = 0;
        *ret = out;
        return 0;
}
