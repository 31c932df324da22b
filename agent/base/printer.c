/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "printer.h"

#include <stdarg.h>

#include "escape.h"
#include "text.h"

#define COLOR_OFF "\033[0m"

/* Room for that many bytes more; NULL when memory is or was short. */
static char *reserve(Printer *p, size_t more)
{
        size_t wanted = p->n + more;
        char *line;

        if (p->error == -ENOMEM)
                return NULL;
        if (wanted > p->allocated) {
                wanted = MAX(wanted, 2 * p->allocated);
                line = realloc(p->line, wanted);
                if (!line) {
                        p->error = -ENOMEM;
                        return NULL;
                }
                p->line = line;
                p->allocated = wanted;
        }
        return p->line + p->n;
}

static void add_raw(Printer *p, const char *s, size_t n)
{
        char *to = reserve(p, n);

        if (!to)
                return;
        memcpy(to, s, n);
        p->n += n;
}

static void add_escaped(Printer *p, const char *s, size_t n)
{
        char *to = n > 0 ? reserve(p, n * ESCAPE_MAX) : NULL;

        if (to)
                p->n += escape_bytes(s, n, to);
}

static void add_formatted(Printer *p, const char *format, va_list ap)
{
        _cleanup_free_ char *longer = NULL;
        char text[512];
        va_list again;
        int n;

        va_copy(again, ap);
        n = vsnprintf(text, sizeof(text), format, ap);
        if (n >= 0 && (size_t) n < sizeof(text))
                add_escaped(p, text, (size_t) n);
        else if (string_vprintf(&longer, format, again) < 0)
                p->error = -ENOMEM;
        else
                add_escaped(p, longer, strlen(longer));
        va_end(again);
}

void printer_add(Printer *p, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        add_formatted(p, format, ap);
        va_end(ap);
}

void printer_color(Printer *p, const char *color)
{
        color = color ?: COLOR_OFF;
        if (p->color)
                add_raw(p, color, strlen(color));
}

void printer_hang(Printer *p)
{
        p->hang = p->n;
}

/* The end of the character or the colour at this place. Only colours have an escape character in a line. */
static size_t skip(const Printer *p, size_t at, unsigned *columns)
{
        if (p->line[at] == '\033') {
                while (at < p->n && p->line[at] != 'm')
                        at++;
                return at + 1;
        }
        do
                at++;
        while (at < p->n && ((uint8_t) p->line[at] & 0xc0) == 0x80);
        (*columns)++;
        return at;
}

static unsigned columns_before(const Printer *p, size_t end)
{
        unsigned columns = 0;

        for (size_t at = 0; at < end;)
                at = skip(p, at, &columns);
        return columns;
}

/* The last blank before which a line has room, not before the first word; p->n: all of it has, or there is none. */
static size_t find_break(const Printer *p, size_t from, unsigned room)
{
        size_t found = p->n, at = from;
        unsigned columns = 0;

        while (at < p->n && p->line[at] == ' ')
                at = skip(p, at, &columns);
        while (at < p->n) {
                if (p->line[at] == ' ' && (columns <= room || found == p->n))
                        found = at;
                if (columns > room && found < p->n)
                        return found;
                at = skip(p, at, &columns);
        }
        return columns > room ? found : p->n;
}

/* A word that is longer than a line stays whole: it may be a path or a command to be copied. */
static void write_wrapped(const Printer *p)
{
        unsigned indent = columns_before(p, p->hang), room = p->width - indent;
        size_t from = p->hang;

        (void) fwrite(p->line, 1, p->hang, p->out);
        for (;;) {
                size_t to = find_break(p, from, room);

                (void) fwrite(p->line + from, 1, to - from, p->out);
                from = to;
                while (from < p->n && p->line[from] == ' ')
                        from++;
                if (from == p->n)
                        return;
                fprintf(p->out, "\n%*s", (int) indent, "");
        }
}

void printer_line(Printer *p, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        add_formatted(p, format, ap);
        va_end(ap);
        /* a terminal in which hardly a word has room is left to wrap by itself */
        if (p->n == 0)
                ; /* an empty line */
        else if (p->width == 0 || columns_before(p, p->hang) + 20 > p->width || columns_before(p, p->n) <= p->width)
                (void) fwrite(p->line, 1, p->n, p->out);
        else
                write_wrapped(p);
        (void) fputc('\n', p->out);
        p->n = p->hang = 0;
}

void printer_block(Printer *p, const char *text, const char *prefix)
{
        unsigned width = p->width;

        p->width = 0;
        while (*text) {
                size_t n = strcspn(text, "\t\n");

                add_escaped(p, text, n);
                if (text[n] == '\t')
                        add_raw(p, "\t", 1);
                else
                        printer_line(p, "%s", "");
                if (text[n] == '\n' && text[n + 1])
                        add_escaped(p, prefix, strlen(prefix));
                text += n + (text[n] != 0);
        }
        if (p->n > 0)
                printer_line(p, "%s", "");
        p->width = width;
}

int printer_end(Printer *p)
{
        int r = p->error;

        free(p->line);
        p->line = NULL;
        p->n = p->allocated = p->hang = 0;
        if (fflush(p->out) != 0 || ferror(p->out))
                return r < 0 ? r : negative_errno();
        return r;
}
