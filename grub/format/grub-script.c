/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/grub-script.h"

#include <ctype.h>

static char at(const GrubScanner *s, size_t i)
{
        return i < (size_t) (s->end - s->p) ? s->p[i] : 0;
}

void grub_script_skip_blanks(GrubScanner *s)
{
        for (;; s->p++)
                if (at(s, 0) == '\\' && at(s, 1) == '\n') {
                        s->p++;
                        s->line++;
                } else if (at(s, 0) != ' ' && at(s, 0) != '\t' && at(s, 0) != '\r')
                        return;
}

static bool ends_word(char c)
{
        return c == 0 || strchr(" \t\r\n;{}", c);
}

/* Text of a word that grows. */
typedef struct Text {
        char *s;
        size_t n, size;
} Text;

static int add(Text *t, const char *s, size_t n)
{
        if (t->n + n + 1 > t->size) {
                size_t size = MAX(2 * t->size, t->n + n + 32);
                char *p = realloc(t->s, size);

                if (!p)
                        return -ENOMEM;
                t->s = p;
                t->size = size;
        }
        memcpy(t->s + t->n, s, n);
        t->n += n;
        t->s[t->n] = 0;
        return 0;
}

/* Bytes of a variable's name behind the dollar sign, braces counted; 0: it is none. */
static size_t span_variable(const char *s, const char *end)
{
        size_t n = 0, size = (size_t) (end - s);

        if (size > 0 && *s == '{') {
                const char *closer = memchr(s, '}', size), *newline = memchr(s, '\n', size);

                return closer && (!newline || closer < newline) ? (size_t) (closer - s) + 1 : 0;
        }
        if (size > 0 && strchr("?#@*0123456789", *s) && *s)
                return 1;
        while (n < size && (isalnum((unsigned char) s[n]) || s[n] == '_'))
                n++;
        return n;
}

/* A variable belongs to the word, so that braces around its name do not end it. */
static int take_variable(GrubScanner *s, char quote, GrubWord *w, Text *t)
{
        size_t n = span_variable(s->p + 1, s->end);

        if (n == 0 && at(s, 1) == '{') {
                s->open_quote = true;
                n = strcspn(s->p + 1, "\n");
                n = MIN(n, (size_t) (s->end - s->p - 1));
        }
        if (n == 0)
                w->mixed = true;
        else {
                w->expands = true;
                w->splits |= quote == 0;
        }
        s->p += n;
        return add(t, s->p - n, n + 1);
}

static int take_word(GrubScanner *s, GrubWord *w)
{
        Text t = {};
        char quote = 0;
        int r = add(&t, "", 0);

        *w = (GrubWord){};
        for (; r >= 0 && at(s, 0) && (quote || !ends_word(at(s, 0))); s->p++) {
                char c = at(s, 0);

                s->line += c == '\n';
                if (c == '$' && quote != '\'')
                        r = take_variable(s, quote, w, &t);
                else if (c == quote && quote)
                        quote = 0;
                else if (!quote && (c == '"' || c == '\''))
                        quote = c;
                else if (c == '\\' && quote != '\'' && at(s, 1)) {
                        s->p++;
                        s->line += at(s, 0) == '\n';
                        w->mixed |= at(s, 0) == '$';
                        r = at(s, 0) == '\n' ? 0 : add(&t, s->p, 1);
                } else {
                        w->mixed |= c == '$';
                        w->blanks |= isspace((unsigned char) c) != 0;
                        r = add(&t, s->p, 1);
                }
        }
        s->open_quote |= quote != 0;
        w->text = t.s;
        if (r < 0)
                free(t.s);
        return r;
}

int grub_script_next(GrubScanner *s, GrubTokenKind *ret, GrubWord *ret_word)
{
        grub_script_skip_blanks(s);
        switch (at(s, 0)) {
        case 0:
                *ret = GRUB_TOKEN_END;
                return 0;
        case '#': { /* only where a word could begin */
                const char *newline = memchr(s->p, '\n', (size_t) (s->end - s->p));

                s->p = newline ?: s->end;
                *ret = GRUB_TOKEN_SEPARATOR;
                return 0;
        }
        case '\n':
                s->line++;
                /* fall through */
        case ';':
                s->p++;
                *ret = GRUB_TOKEN_SEPARATOR;
                return 0;
        case '{':
                s->p++;
                *ret = GRUB_TOKEN_OPEN;
                return 0;
        case '}':
                s->p++;
                *ret = GRUB_TOKEN_CLOSE;
                return 0;
        default:
                *ret = GRUB_TOKEN_WORD;
                return take_word(s, ret_word);
        }
}

int grub_script_skip_block(GrubScanner *s)
{
        unsigned depth = 1;

        for (;;) {
                GrubWord w = {};
                GrubTokenKind kind;
                int r = grub_script_next(s, &kind, &w);

                if (r < 0)
                        return r;
                if (kind == GRUB_TOKEN_WORD)
                        free(w.text);
                depth += kind == GRUB_TOKEN_OPEN;
                depth -= kind == GRUB_TOKEN_CLOSE;
                if (depth == 0 || kind == GRUB_TOKEN_END)
                        return depth == 0;
        }
}
