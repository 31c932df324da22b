/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/shell-word.h"

#include "grub/format/shell-skip.h"

static int add(ShellWord *w, const char *s, size_t n)
{
        if (w->n + n > SHELL_VALUE_MAX) {
                w->cannot_tell = true;
                return 0;
        }
        if (w->n + n + 1 > w->size) {
                size_t size = MAX(w->size * 2, w->n + n + 64);
                char *p = realloc(w->value, size);

                if (!p)
                        return -ENOMEM;
                w->value = p;
                w->size = size;
        }
        memcpy(w->value + w->n, s, n);
        w->n += n;
        w->value[w->n] = 0;
        return 0;
}

/* The value of a variable becomes a part of the word; NULL: it has none. */
static int add_value(ShellReader *r, ShellWord *w, const LoaderVariable *v)
{
        size_t n = v && v->value ? strlen(v->value) : 0;

        if (n > SHELL_EXPANSIONS_MAX - r->state->expanded) {
                w->cannot_tell = true;
                return 0;
        }
        r->state->expanded += n;
        return n > 0 ? add(w, v->value, n) : 0;
}

void shell_give_up(ShellReader *r)
{
        r->opaque = true;
        shell_state_forget(r->state);
}

/* dash assigns from left to right, POSIX leaves it open (2.9.1): a name that the same command assigns cannot be told.
 */
static bool assigned_here(const ShellReader *r, const char *name)
{
        size_t n = strlen(name);

        FOREACH_ARRAY(w, r->command->words, r->command->n)
                if (w->name_length == n && w->value && strncmp(w->value, name, n) == 0 &&
                    (w->value[n] == '=' || w->value[n] == '+'))
                        return true;
        return false;
}

/* Leaves the reader behind what a shell-skip function has found. -EBADMSG: it has not. */
static int skip(ShellReader *r, size_t n)
{
        for (size_t i = 0; i < n; i++)
                shell_advance(r);
        return n > 0 ? 0 : -EBADMSG;
}

/*
 * The word of ${VAR:+word}, where it is plain text and $VAR or ${VAR} once more; anything else cannot be told.
 * @quoted: inside double quotes.
 */
static int expand_simple(ShellReader *r, const char *s, size_t n, bool quoted, ShellWord *w)
{
        for (size_t i = 0; i < n;) {
                size_t start = i, brace, length;
                _cleanup_free_ char *name = NULL;
                const LoaderVariable *v;
                int e;

                while (i < n && !strchr("$`\\\"", s[i]) && (quoted || s[i] != '\''))
                        i++;
                e = add(w, s + start, i - start);
                if (e < 0)
                        return e;
                if (i == n)
                        break;
                brace = s[i] == '$' && i + 1 < n && s[i + 1] == '{';
                length = s[i] == '$' ? span_name(s + i + 1 + brace) : 0;
                if (length == 0 || (brace && s[i + 2 + length] != '}')) {
                        w->cannot_tell = true;
                        return 0;
                }
                name = strndup(s + i + 1 + brace, length);
                if (!name)
                        return -ENOMEM;
                v = shell_variable(r->state, name);
                if ((v && v->state == VARIABLE_CANNOT_TELL) || assigned_here(r, name))
                        w->cannot_tell = true;
                e = add_value(r, w, v);
                if (e < 0)
                        return e;
                i += 1 + length + 2 * brace;
        }
        return 0;
}

/* Can what stands between braces assign: "${A:-${B:=c}}", "${A:-$((B=1))}"? */
static bool may_assign(const char *s, const char *end)
{
        bool inner = false;

        for (; s < end; s++) {
                inner |= *s == '$' && (s[1] == '{' || s[1] == '(');
                if (inner && *s == '=')
                        return true;
        }
        return false;
}

static int expand_braces(ShellReader *r, ShellWord *w, bool quoted)
{
        size_t n = shell_skip_braces(r->text + r->at + 1, quoted), length;
        _cleanup_free_ char *name = NULL;
        const char *body = r->text + r->at + 2, *end = body + n - 2, *op;
        const LoaderVariable *v;
        bool colon, set, assigns, told;
        int e = 0;

        if (n == 0)
                return -EBADMSG;
        length = span_name(body);
        op = body + length;
        name = strndup(body, length);
        if (!name)
                return -ENOMEM;
        v = shell_variable(r->state, name);
        colon = *op == ':';
        set = v && v->value && (!colon || *v->value);
        op += colon;
        assigns = (length > 0 && strchr("=?\\", *op)) || may_assign(op, end);
        if (assigns) /* or ends the shell */
                shell_give_up(r);
        told = !assigns && length > 0 && !(v && v->state == VARIABLE_CANNOT_TELL) && !assigned_here(r, name);
        if (told && *op == '}' && !colon)
                e = add_value(r, w, v);
        else if (told && (*op == '+' || *op == '-')) {
                if (*op == '-' && set)
                        e = add_value(r, w, v);
                else if ((*op == '+') == set)
                        e = expand_simple(r, op + 1, (size_t) (end - op - 1), quoted, w);
        } else
                w->cannot_tell = true;
        return e < 0 ? e : skip(r, n + 1);
}

/* bash: $'a\n' with escapes, $"a" for the language of the user; the quotes are read by who reads the word. */
static int expand_dollar_quote(ShellReader *r, ShellWord *w)
{
        w->expanded = w->cannot_tell = true;
        shell_advance(r);
        if (shell_peek(r) == '"')
                return 0;
        return skip(r, shell_skip_quote(r->text + r->at, '\''));
}

/* @quoted: inside double quotes. */
static int expand_dollar(ShellReader *r, ShellWord *w, bool quoted)
{
        _cleanup_free_ char *name = NULL;
        const LoaderVariable *v;
        size_t n;
        char next = r->text[r->at + 1];

        if (next == '\\' && r->text[r->at + 2] == '\n') /* what stands behind it may belong to the dollar sign */
                return -EBADMSG;
        if (!quoted && r->dialect == SHELL_BASH && (next == '\'' || next == '"'))
                return expand_dollar_quote(r, w);
        n = span_name(r->text + r->at + 1);
        if (n == 0 && (next == 0 || !strchr("{(0123456789@*#?-$!", next))) {
                shell_advance(r);
                return add(w, "$", 1);
        }
        w->expanded = true;
        w->split |= !quoted;
        if (next == '{')
                return expand_braces(r, w, quoted);
        if (next == '(') {
                w->cannot_tell = true;
                if (strchr("(\\", r->text[r->at + 2])) /* arithmetic can assign */
                        shell_give_up(r);
                shell_advance(r);
                return skip(r, shell_skip_substitution(r->text + r->at));
        }
        if (n == 0) { /* special parameters: the caller's shell knows */
                w->cannot_tell = true;
                shell_advance(r);
                shell_advance(r);
                return 0;
        }
        name = strndup(r->text + r->at + 1, n);
        if (!name)
                return -ENOMEM;
        v = shell_variable(r->state, name);
        r->at += n + 1;
        /* whether a name goes on behind "\<newline>" depends on the version of dash */
        if ((v && v->state == VARIABLE_CANNOT_TELL) || assigned_here(r, name) ||
            (shell_peek(r) == '\\' && r->text[r->at + 1] == '\n'))
                w->cannot_tell = true;
        return add_value(r, w, v);
}

/* Inside double quotes a backslash only hides $ ` " \ and newline (2.2.3). */
static int take_double_quoted(ShellReader *r, ShellWord *w)
{
        int e = 0;

        shell_advance(r);
        while (e >= 0 && shell_peek(r) && shell_peek(r) != '"') {
                char c = shell_peek(r), next = r->text[r->at + 1];

                if (c == '\\' && next && strchr("$`\"\\\n", next)) {
                        shell_advance(r);
                        if (next != '\n')
                                e = add(w, &next, 1);
                        shell_advance(r);
                } else if (c == '$')
                        e = expand_dollar(r, w, true);
                else if (c == '`') {
                        w->expanded = w->cannot_tell = true;
                        e = skip(r, shell_skip_substitution(r->text + r->at));
                } else {
                        e = add(w, &c, 1);
                        shell_advance(r);
                }
        }
        if (e < 0)
                return e;
        if (!shell_peek(r))
                return -EBADMSG;
        shell_advance(r);
        return 0;
}

static int take_single_quoted(ShellReader *r, ShellWord *w)
{
        int e = 0;

        for (shell_advance(r); e >= 0 && shell_peek(r) && shell_peek(r) != '\''; shell_advance(r))
                e = add(w, r->text + r->at, 1);
        if (e < 0)
                return e;
        if (!shell_peek(r))
                return -EBADMSG;
        shell_advance(r);
        return 0;
}

static bool ends_word(char c)
{
        return c == 0 || strchr(" \t\r\n;&|()<>", c);
}

int shell_take_word(ShellReader *r, ShellWord *w)
{
        size_t n = span_name(r->text + r->at);
        int e = add(w, "", 0);

        w->plain = true;
        w->start = r->at;
        w->appends = n > 0 && r->dialect == SHELL_BASH && r->text[r->at + n] == '+' && r->text[r->at + n + 1] == '=';
        if (n > 0 && (w->appends || r->text[r->at + n] == '='))
                w->name_length = n;
        while (e >= 0 && (!ends_word(shell_peek(r)) || shell_peek(r) == '\r')) {
                char c = shell_peek(r);

                if (c == '\\') {
                        shell_advance(r);
                        if (shell_peek(r) == '\n') {
                                shell_advance(r);
                                if (w->name_length == 0 && w->plain &&
                                    span_name(w->value) == w->n) /* NAME\<newline>= */
                                        shell_state_forget(r->state);
                                continue;
                        }
                        w->plain = false;
                        if (shell_peek(r)) {
                                e = add(w, r->text + r->at, 1);
                                shell_advance(r);
                        } else
                                e = add(w, "\\", 1);
                } else if (c == '"' || c == '\'') {
                        w->plain = false;
                        e = c == '"' ? take_double_quoted(r, w) : take_single_quoted(r, w);
                } else if (c == '$') {
                        w->plain = false;
                        e = expand_dollar(r, w, false);
                } else if (c == '`') {
                        w->plain = false;
                        w->expanded = w->split = w->cannot_tell = true;
                        e = skip(r, shell_skip_substitution(r->text + r->at));
                } else {
                        /* a home directory, where a value or a part of it begins (2.6.1) */
                        if (c == '~' && w->name_length > 0 && strchr("=:", r->text[r->at - 1]))
                                w->cannot_tell = true;
                        e = add(w, &c, 1);
                        shell_advance(r);
                }
        }
        w->end = r->at;
        return e;
}
