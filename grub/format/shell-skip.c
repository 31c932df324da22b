/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/shell-skip.h"

#include <ctype.h>

#include "grub/format/shell-state.h"

#define DEPTH_MAX 32U

size_t shell_skip_quote(const char *s, char closer)
{
        size_t i = 1;

        while (s[i] && s[i] != closer)
                i += s[i] == '\\' && s[i + 1] ? 2 : 1;
        return s[i] ? i + 1 : 0;
}

size_t shell_skip_substitution(const char *s)
{
        unsigned depth = 0;
        char quote = 0;

        if (*s == '`')
                return shell_skip_quote(s, '`');
        for (size_t i = 0; s[i]; i++) {
                if (s[i] == '\\' && quote != '\'' && s[i + 1])
                        i++;
                else if (quote)
                        quote = s[i] == quote ? 0 : quote;
                else if (s[i] == '"' || s[i] == '\'')
                        quote = s[i];
                else if (s[i] == '(')
                        depth++;
                else if (s[i] == ')' && --depth == 0)
                        return i + 1;
        }
        return 0;
}

/* What is open inside of an expansion. */
typedef enum Open {
        OPEN_BRACES,  /* quotes are quotes */
        OPEN_QUOTED,  /* braces inside double quotes: an apostrophe is one */
        OPEN_PATTERN, /* the same, behind '#' or '%': there it is a quote all the same (2.6.2) */
        OPEN_UNSURE,  /* the same, behind what only some shells know */
        OPEN_QUOTES,  /* double quotes inside of braces */
} Open;

/* @body: behind "${". */
static Open opened(const char *body, bool quoted)
{
        size_t n = span_name(body);

        if (!quoted)
                return OPEN_BRACES;
        if (n == 0)
                n = isdigit((unsigned char) *body) ? strspn(body, "0123456789") : *body != 0;
        body += n;
        if (*body == '#' || *body == '%')
                return OPEN_PATTERN;
        body += *body == ':';
        return *body && strchr("-+=?}", *body) ? OPEN_QUOTED : OPEN_UNSURE;
}

/* A single quote; 0 as above. */
static size_t skip_apostrophe(const char *s, Open top)
{
        size_t n = 1 + strcspn(s + 1, "'");

        if (top == OPEN_QUOTED || top == OPEN_QUOTES)
                return 1;
        return top == OPEN_UNSURE || !s[n] ? 0 : n + 1;
}

/* Double quotes in braces that are in double quotes: plain text in them is told, shells read the rest as they like. */
static size_t skip_inner_quotes(const char *s)
{
        size_t n = 1 + strcspn(s + 1, "\"'`$\\{}");

        return s[n] == '"' ? n + 1 : 0;
}

size_t shell_skip_braces(const char *s, bool quoted)
{
        Open open[DEPTH_MAX];
        size_t depth = 1, skip;

        open[0] = opened(s + 1, quoted);
        for (size_t i = 1; s[i]; i += skip) {
                Open top = open[depth - 1];
                bool more = false;

                skip = 1;
                if (s[i] == '\\' && s[i + 1])
                        skip = 2;
                else if (s[i] == '`')
                        skip = shell_skip_substitution(s + i);
                else if (s[i] == '$' && s[i + 1] == '(') {
                        skip = shell_skip_substitution(s + i + 1);
                        skip += skip > 0;
                } else if (s[i] == '$' && s[i + 1] == '{') {
                        skip = 2;
                        more = true;
                        top = top == OPEN_PATTERN ? OPEN_UNSURE : opened(s + i + 2, top != OPEN_BRACES);
                } else if (s[i] == '}' && top != OPEN_QUOTES) {
                        if (--depth == 0)
                                return i + 1;
                } else if (s[i] == '\'')
                        skip = skip_apostrophe(s + i, top);
                else if (s[i] == '"' && top == OPEN_QUOTES)
                        depth--;
                else if (s[i] == '"' && top == OPEN_BRACES) {
                        more = true;
                        top = OPEN_QUOTES;
                } else if (s[i] == '"')
                        skip = skip_inner_quotes(s + i);
                if (skip == 0 || (more && depth == DEPTH_MAX))
                        return 0;
                if (more)
                        open[depth++] = top;
        }
        return 0;
}
