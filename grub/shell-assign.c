/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/shell-assign.h"

#include <ctype.h>

/* Text that grows while a word is expanded. */
typedef struct Text {
        char *s;
        size_t n, size;
} Text;

typedef struct Word {
        Text value;
        size_t start, end;  /* in the file */
        size_t name_length; /* of an assignment, 0: none */
        bool cannot_tell;
        bool plain; /* no quote and no expansion in it: can be a reserved word */
} Word;

typedef struct Reader {
        ShellState *state;
        const char *text;
        size_t at, file;
        unsigned line;
        unsigned depth; /* of if, for, while, case, braces and subshells */
} Reader;

static void text_done(Text *t)
{
        free(t->s);
        *t = (Text){};
}

static int text_add(Text *t, const char *s, size_t n)
{
        if (t->n + n + 1 > t->size) {
                size_t size = MAX(t->size * 2, t->n + n + 64);
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

void shell_state_done(ShellState *s)
{
        FOREACH_ARRAY(v, s->variables, s->n_variables) {
                free(v->name);
                free(v->value);
                free(v->file);
        }
        free(s->variables);
        FOREACH_ARRAY(a, s->assignments, s->n_assignments)
                free(a->name);
        free(s->assignments);
        *s = (ShellState){};
}

const LoaderVariable *shell_variable(const ShellState *s, const char *name)
{
        FOREACH_ARRAY(v, s->variables, s->n_variables)
                if (streq(v->name, name))
                        return v;
        return NULL;
}

static bool name_start(char c)
{
        return isalpha((unsigned char) c) || c == '_';
}

static size_t span_name(const char *s)
{
        size_t n = 0;

        if (name_start(s[0]))
                while (name_start(s[n]) || isdigit((unsigned char) s[n]))
                        n++;
        return n;
}

static LoaderVariable *variable_at(ShellState *s, const char *name)
{
        LoaderVariable *v;

        FOREACH_ARRAY(i, s->variables, s->n_variables)
                if (streq(i->name, name))
                        return i;
        v = array_grow(&s->variables, s->n_variables);
        if (!v)
                return NULL;
        v->name = strdup(name);
        if (!v->name)
                return NULL;
        s->n_variables++;
        return v;
}

/* A value that only a shell could tell. */
static void all_cannot_tell(ShellState *s)
{
        FOREACH_ARRAY(v, s->variables, s->n_variables) {
                free(v->value);
                v->value = NULL;
                v->state = VARIABLE_CANNOT_TELL;
        }
}

static char peek(const Reader *r)
{
        return r->text[r->at];
}

static void advance(Reader *r)
{
        r->line += peek(r) == '\n';
        r->at++;
}

/* Behind the end of a command substitution; nesting and quotes inside are followed without recursion. -EBADMSG: it does
 * not end. */
static int skip_substitution(Reader *r)
{
        unsigned depth = 0;
        char quote = 0;

        if (peek(r) == '`') {
                for (advance(r); peek(r) && peek(r) != '`'; advance(r))
                        if (peek(r) == '\\' && r->text[r->at + 1])
                                advance(r);
                if (!peek(r))
                        return -EBADMSG;
                advance(r);
                return 0;
        }
        for (; peek(r); advance(r)) {
                char c = peek(r);

                if (c == '\\' && quote != '\'' && r->text[r->at + 1])
                        advance(r);
                else if (quote) {
                        if (c == quote)
                                quote = 0;
                } else if (c == '"' || c == '\'')
                        quote = c;
                else if (c == '(')
                        depth++;
                else if (c == ')' && --depth == 0) {
                        advance(r);
                        return 0;
                }
        }
        return -EBADMSG;
}

/* The end of "${...}", quotes and inner braces followed; 0: it does not end. */
static size_t braces_end(const char *s)
{
        unsigned depth = 0;
        char quote = 0;

        for (size_t i = 0; s[i]; i++) {
                if (s[i] == '\\' && s[i + 1])
                        i++;
                else if (quote)
                        quote = s[i] == quote ? 0 : quote;
                else if (s[i] == '\'' || s[i] == '`')
                        quote = s[i];
                else if (s[i] == '{')
                        depth++;
                else if (s[i] == '}' && --depth == 0)
                        return i;
        }
        return 0;
}

/* The word of ${VAR:+word}, where it is plain text and $VAR or ${VAR} once more; anything else cannot be told. */
static int expand_simple(Reader *r, const char *s, size_t n, Word *w)
{
        for (size_t i = 0; i < n;) {
                size_t start = i, brace, length;
                _cleanup_free_ char *name = NULL;
                const LoaderVariable *v;
                int e;

                while (i < n && !strchr("$`\\\"'", s[i]))
                        i++;
                e = text_add(&w->value, s + start, i - start);
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
                if (v && v->state == VARIABLE_CANNOT_TELL)
                        w->cannot_tell = true;
                if (v && v->value && (e = text_add(&w->value, v->value, strlen(v->value))) < 0)
                        return e;
                i += 1 + length + 2 * brace;
        }
        return 0;
}

static int expand_braces(Reader *r, Word *w)
{
        size_t end = braces_end(r->text + r->at + 1), length;
        _cleanup_free_ char *name = NULL;
        const char *body = r->text + r->at + 2, *operator;
        const LoaderVariable *v;
        bool colon, set;
        int e = 0;

        if (end == 0)
                return -EBADMSG;
        length = span_name(body);
        operator= body + length;
        name = strndup(body, length);
        if (!name)
                return -ENOMEM;
        v = shell_variable(r->state, name);
        colon = *operator== ':';
        set = v && v->value && (!colon || *v->value);
        operator+= colon;
        if (length == 0 || (v && v->state == VARIABLE_CANNOT_TELL))
                w->cannot_tell = true;
        else if (*operator== '}' && !colon)
                e = v && v->value ? text_add(&w->value, v->value, strlen(v->value)) : 0;
        else if (*operator== '+' || * operator== '-') {
                if (*operator== '-' && set)
                        e = text_add(&w->value, v->value, strlen(v->value));
                else if ((*operator== '+') == set)
                        e = expand_simple(r, operator+ 1, (size_t) (r->text + r->at + 1 + end - operator- 1), w);
        } else
                w->cannot_tell = true;
        for (size_t i = 0; i < end + 2; i++)
                advance(r);
        return e;
}

static int expand_dollar(Reader *r, Word *w)
{
        _cleanup_free_ char *name = NULL;
        const LoaderVariable *v;
        size_t n;
        char next = r->text[r->at + 1];

        if (next == '{')
                return expand_braces(r, w);
        if (next == '(') {
                w->cannot_tell = true;
                advance(r);
                return skip_substitution(r);
        }
        n = span_name(r->text + r->at + 1);
        if (n == 0) {
                if (next && strchr("0123456789@*#?-$!", next)) { /* special parameters: the caller's shell knows */
                        w->cannot_tell = true;
                        advance(r);
                        advance(r);
                        return 0;
                }
                advance(r);
                return text_add(&w->value, "$", 1);
        }
        name = strndup(r->text + r->at + 1, n);
        if (!name)
                return -ENOMEM;
        v = shell_variable(r->state, name);
        if (v && v->state == VARIABLE_CANNOT_TELL)
                w->cannot_tell = true;
        r->at += n + 1;
        return v && v->value ? text_add(&w->value, v->value, strlen(v->value)) : 0;
}

/* Inside double quotes a backslash only hides $ ` " \ and newline (2.2.3). */
static int take_double_quoted(Reader *r, Word *w)
{
        int e = 0;

        advance(r);
        while (e >= 0 && peek(r) && peek(r) != '"') {
                char c = peek(r), next = r->text[r->at + 1];

                if (c == '\\' && next && strchr("$`\"\\\n", next)) {
                        advance(r);
                        if (next != '\n')
                                e = text_add(&w->value, &next, 1);
                        advance(r);
                } else if (c == '$')
                        e = expand_dollar(r, w);
                else if (c == '`') {
                        w->cannot_tell = true;
                        e = skip_substitution(r);
                } else {
                        e = text_add(&w->value, &c, 1);
                        advance(r);
                }
        }
        if (e < 0)
                return e;
        if (!peek(r))
                return -EBADMSG;
        advance(r);
        return 0;
}

static int take_single_quoted(Reader *r, Word *w)
{
        int e = 0;

        for (advance(r); e >= 0 && peek(r) && peek(r) != '\''; advance(r))
                e = text_add(&w->value, r->text + r->at, 1);
        if (e < 0)
                return e;
        if (!peek(r))
                return -EBADMSG;
        advance(r);
        return 0;
}

static bool ends_word(char c)
{
        return c == 0 || strchr(" \t\r\n;&|()<>", c);
}

static int take_word(Reader *r, Word *w)
{
        size_t n = span_name(r->text + r->at);
        int e = text_add(&w->value, "", 0);

        w->plain = true;
        w->start = r->at;
        if (n > 0 && r->text[r->at + n] == '=')
                w->name_length = n;
        while (e >= 0 && (!ends_word(peek(r)) || peek(r) == '\r')) {
                char c = peek(r);

                if (c == '\\') {
                        advance(r);
                        if (peek(r) == '\n') {
                                advance(r);
                                continue;
                        }
                        w->plain = false;
                        if (peek(r)) {
                                e = text_add(&w->value, r->text + r->at, 1);
                                advance(r);
                        }
                } else if (c == '"' || c == '\'') {
                        w->plain = false;
                        e = c == '"' ? take_double_quoted(r, w) : take_single_quoted(r, w);
                } else if (c == '$') {
                        w->plain = false;
                        e = expand_dollar(r, w);
                } else if (c == '`') {
                        w->plain = false;
                        w->cannot_tell = true;
                        e = skip_substitution(r);
                } else {
                        e = text_add(&w->value, &c, 1);
                        advance(r);
                }
        }
        w->end = r->at;
        return e;
}

typedef struct Command {
        Word *words;
        size_t n;
        unsigned line;
        bool conditional; /* behind && or || */
} Command;

static void command_done(Command *c)
{
        FOREACH_ARRAY(w, c->words, c->n)
                text_done(&w->value);
        free(c->words);
        *c = (Command){};
}

static int assign(Reader *r, const Command *c, const Word *w, const char *file)
{
        _cleanup_free_ char *name = strndup(w->value.s, w->name_length);
        const char *value = w->value.s + w->name_length + 1;
        LoaderVariable *v;
        Assignment *a;

        if (!name)
                return -ENOMEM;
        v = variable_at(r->state, name);
        if (!v)
                return -ENOMEM;
        free(v->value);
        free(v->file);
        v->value = NULL;
        v->file = strdup(file);
        v->line = c->line;
        v->start = w->start + w->name_length + 1;
        v->end = w->end;
        v->state = w->cannot_tell || r->depth > 0 || c->conditional ? VARIABLE_CANNOT_TELL : VARIABLE_KNOWN;
        if (v->state == VARIABLE_KNOWN)
                v->value = strdup(value);
        if (!v->file || (v->state == VARIABLE_KNOWN && !v->value))
                return -ENOMEM;
        a = array_grow(&r->state->assignments, r->state->n_assignments);
        if (!a)
                return -ENOMEM;
        *a = (Assignment){ r->file, strdup(name), v->start, v->end, c->line };
        if (!a->name)
                return -ENOMEM;
        r->state->n_assignments++;
        return 0;
}

static void unset(Reader *r, const char *name)
{
        LoaderVariable *v = NULL;

        FOREACH_ARRAY(i, r->state->variables, r->state->n_variables)
                if (streq(i->name, name))
                        v = i;
        if (!v)
                return;
        free(v->value);
        v->value = NULL;
        v->state = r->depth > 0 ? VARIABLE_CANNOT_TELL : VARIABLE_UNSET;
}

static bool one_of(const char *s, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (streq(s, list[i]))
                        return true;
        return false;
}

/* Reserved words at the place of a command open and close what may or may not be run (2.4). Returns how many words to
 * skip. */
static size_t reserved_word(Reader *r, const Word *w)
{
        static const char *const opening[] = { "if", "while", "until", "for", "case", "{" };
        static const char *const closing[] = { "fi", "done", "esac", "}" };
        static const char *const between[] = { "then", "else", "elif", "do", "!" };

        if (!w->plain)
                return 0;
        if (one_of(w->value.s, opening, ELEMENTSOF(opening))) {
                r->depth++;
                return 1;
        }
        if (one_of(w->value.s, closing, ELEMENTSOF(closing))) {
                r->depth -= r->depth > 0;
                return 1;
        }
        return one_of(w->value.s, between, ELEMENTSOF(between));
}

static int run_command(Reader *r, const Command *c, const char *file)
{
        static const char *const declaring[] = { "export", "readonly", "local" };
        static const char *const opaque[] = { ".", "eval", "read", "exec", "exit", "return" };
        size_t first = 0, command;
        const char *name;

        while (first < c->n && reserved_word(r, c->words + first))
                first++;
        for (command = first; command < c->n && c->words[command].name_length > 0; command++)
                ;
        if (command == c->n) {
                for (size_t i = first; i < c->n; i++) {
                        int e = assign(r, c, c->words + i, file);

                        if (e < 0)
                                return e;
                }
                return 0;
        }
        name = c->words[command].value.s;
        if (one_of(name, declaring, ELEMENTSOF(declaring))) {
                for (size_t i = command + 1; i < c->n; i++) {
                        int e = c->words[i].name_length > 0 ? assign(r, c, c->words + i, file) : 0;

                        if (e < 0)
                                return e;
                }
        } else if (streq(name, "unset")) {
                for (size_t i = command + 1; i < c->n; i++)
                        unset(r, c->words[i].value.s);
        } else if (one_of(name, opaque, ELEMENTSOF(opaque)))
                all_cannot_tell(r->state);
        return 0; /* another command: assignments before it are for its environment only (2.9.1) */
}

static int eval_text(ShellState *state, const LoaderFile *f, size_t index)
{
        _cleanup_(command_done) Command c = { .line = 1 };
        Reader r = { .state = state, .text = f->text, .file = index, .line = 1 };
        int e = 0;

        while (e >= 0) {
                char ch = peek(&r), next = ch ? r.text[r.at + 1] : 0;

                if (ch == ' ' || ch == '\t')
                        advance(&r);
                else if (ch == '\\' && next == '\n') {
                        advance(&r);
                        advance(&r);
                } else if (ch == '#')
                        while (peek(&r) && peek(&r) != '\n')
                                advance(&r);
                else if (ch == '<' && next == '<')
                        return -EBADMSG; /* a here-document: what follows is no command */
                else if (ch == '<' ||
                         ch == '>') { /* a redirection goes with its command; the target is read as a word */
                        advance(&r);
                        if (peek(&r) == '&')
                                advance(&r);
                } else if (ch == 0 || strchr("\n;&|()", ch)) {
                        bool twice = (ch == '&' || ch == '|') && next == ch;
                        bool background = (ch == '&' || ch == '|') && !twice; /* runs in a shell of its own */

                        c.conditional |= background;
                        e = run_command(&r, &c, f->path);
                        command_done(&c);
                        c.conditional = twice || (ch == '|');
                        if (ch == '(')
                                r.depth++;
                        if (ch == ')' && r.depth > 0)
                                r.depth--;
                        if (ch == 0)
                                break;
                        advance(&r);
                        if (twice)
                                advance(&r);
                        c.line = r.line;
                } else {
                        Word *w = array_grow(&c.words, c.n);

                        if (!w)
                                return -ENOMEM;
                        if (c.n++ == 0)
                                c.line = r.line;
                        e = take_word(&r, w);
                }
        }
        return e;
}

int shell_eval(const LoaderFile *files, size_t n, ShellState *ret)
{
        _cleanup_(shell_state_done) ShellState s = {};

        for (size_t i = 0; i < n; i++) {
                int e = eval_text(&s, files + i, i);

                if (e == -ENOMEM)
                        return e;
                if (e < 0) { /* the shell would stop here */
                        s.broken = true;
                        all_cannot_tell(&s);
                        break;
                }
        }
        *ret = s;
        s = (ShellState){};
        return 0;
}
