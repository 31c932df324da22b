/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "acpidump.h"

#define ROW_BYTES      16U

/* A whole machine's text is read for its two tables; the largest of the others, a DSDT, stays well below. */
#define TEXT_TABLE_MAX (16U * 1024 * 1024)

static int hex_digit(char c)
{
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

/* A place in a row, in which soft breaks are not seen. */
typedef struct Cursor {
        const char *s, *end;
        unsigned line;
} Cursor;

static void skip_soft_breaks(Cursor *c)
{
        while (c->s < c->end && *c->s == '=') {
                const char *s = c->s + 1;

                if (s < c->end && *s == '\r')
                        s++;
                if (s == c->end || *s != '\n')
                        return;
                c->s = s + 1;
                c->line++;
        }
}

/* The next character, or NUL at the end. */
static char take(Cursor *c)
{
        skip_soft_breaks(c);
        return c->s < c->end ? *c->s++ : 0;
}

typedef struct Row {
        uint64_t offset;
        uint8_t bytes[ROW_BYTES];
        size_t n;
} Row;

static const char *line_end(const char *s, const char *end)
{
        const char *n = memchr(s, '\n', (size_t) (end - s));

        return n ? n + 1 : end;
}

/* "  0010: 44 4D ...": blanks, at least four hexadecimal digits, a colon. */
static bool take_offset(Cursor *c, uint64_t *ret)
{
        uint64_t v = 0;
        size_t digits = 0;

        while (c->s < c->end && (*c->s == ' ' || *c->s == '\t'))
                c->s++;
        for (; c->s < c->end && hex_digit(*c->s) >= 0 && digits <= 8; c->s++, digits++)
                v = v << 4 | (uint64_t) hex_digit(*c->s);
        if (digits < 4 || digits > 8 || take(c) != ':')
                return false;
        *ret = v;
        return true;
}

/*
 * Bytes are two digits behind one blank; the column of characters, which may look like bytes, stands behind two. A
 * full row ends after its sixteenth byte, and what follows in the line is not looked at: it may end in "=" itself.
 * The cursor stands at the next line then. False: this line is no row.
 */
static bool take_row(Cursor *c, Row *ret)
{
        Cursor t = *c;
        Row row = {};

        if (!take_offset(&t, &row.offset))
                return false;
        while (row.n < ROW_BYTES) {
                Cursor byte = t;
                int high, low;

                if (take(&byte) != ' ')
                        break;
                high = hex_digit(take(&byte));
                low = high < 0 ? -1 : hex_digit(take(&byte));
                if (low < 0)
                        break;
                row.bytes[row.n++] = (uint8_t) (high << 4 | low);
                t = byte;
        }
        /* "4d41": another program's dump */
        if (row.n == 0 || (row.n < ROW_BYTES && t.s < t.end && hex_digit(*t.s) >= 0))
                return false;
        t.s = line_end(t.s, t.end);
        t.line++;
        *c = t;
        *ret = row;
        return true;
}

bool acpidump_is_text(const char *data, size_t size)
{
        Cursor c = { data, data + size, 1 };

        while (c.s < c.end) {
                Row row;

                if (memchr(c.s, 0, (size_t) (line_end(c.s, c.end) - c.s)))
                        return false;
                if (!take_row(&c, &row))
                        c.s = line_end(c.s, c.end);
                else if (row.offset == 0)
                        return true;
        }
        return false;
}

static int append(uint8_t **bytes, size_t *n, size_t *size, const Row *row)
{
        if (*n + row->n > *size) {
                size_t wanted = MAX(*size * 2, 4096U);
                uint8_t *p = wanted <= TEXT_TABLE_MAX ? realloc(*bytes, wanted) : NULL;

                if (!p)
                        return wanted <= TEXT_TABLE_MAX ? -ENOMEM : -EFBIG;
                *bytes = p;
                *size = wanted;
        }
        memcpy(*bytes + *n, row->bytes, row->n);
        *n += row->n;
        return 0;
}

static int row_error(AcpidumpError *e, unsigned line, uint64_t wanted, uint64_t found)
{
        e->line = line;
        (void) snprintf(e->message, sizeof(e->message),
                        "the row of offset %04llX was expected here, not that of %04llX", (unsigned long long) wanted,
                        (unsigned long long) found);
        return -EBADMSG;
}

int acpidump_next(const char **cursor, unsigned *line, const char *end, uint8_t **ret, size_t *ret_size,
                  AcpidumpError *ret_error)
{
        _cleanup_free_ uint8_t *bytes = NULL;
        Cursor c = { *cursor, end, *line };
        size_t n = 0, size = 0;
        bool open = false; /* between the rows of a table */

        while (c.s < c.end) {
                Cursor start = c;
                Row row;
                int r;

                if (!take_row(&c, &row)) {
                        /* the characters of a row, which a mail has put on a line of their own, are no end */
                        c.s = line_end(c.s, c.end);
                        c.line++;
                        continue;
                }
                if (row.offset == 0 && open) {
                        c = start;
                        break;
                }
                if (row.offset != n)
                        return row_error(ret_error, start.line, n, row.offset);
                open = true;
                r = append(&bytes, &n, &size, &row);
                if (r < 0)
                        return r;
        }
        *cursor = c.s;
        *line = c.line;
        if (!open)
                return 0;
        *ret = TAKE_PTR(bytes);
        *ret_size = n;
        return 1;
}
