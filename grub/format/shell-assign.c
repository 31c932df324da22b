/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/shell-assign.h"

#include <ctype.h>

#include "base/text.h"

/* Text that grows while a word is expanded. */
typedef struct Text {
        char *s;
        size_t n, size;
} Text;

typedef struct Word {
        Text value;
        size_t start, end;  /* in the file */
        size_t name_length; /* of an assignment, 0: none */
        bool appends;       /* it is "+=" */
        bool cannot_tell;
        bool expanded;    /* an expansion in it, quoted or not */
        bool split;       /* one that is not quoted: can become several words, or none */
        bool redirection; /* target of one: no argument */
        bool plain;       /* no quote and no expansion in it: can be a reserved word */
} Word;

typedef struct Command {
        Word *words;
        size_t n;
        unsigned line;
        bool conditional; /* behind && or || */
} Command;

typedef struct Reader {
        ShellState *state;
        ShellDialect dialect;
        const Command *command; /* that is being read */
        const char *text;
        size_t at, file;
        unsigned line;
        unsigned depth; /* of if, while, until, braces and subshells that are open */
        char open[64];  /* what closes each of them: "f"i, "d"one, '}' or ')' */
        bool lost; /* the shell may have left, or variables may be read-only: later assignments are not known either */
        bool opaque; /* so are those of this very command */
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

/*
 * Names that have a value before the first file is read: from the environment, or from the shell itself, or since
 * grub-mkconfig (GRUB util/grub-mkconfig.in) assigns them before. Its other names are in lower case.
 */
static bool assigned_before(const char *name)
{
        static const char *const by_mkconfig[] = { "GRUB_DISABLE_OS_PROBER", "GRUB_EARLY_INITRD_LINUX_STOCK",
                                                   "GRUB_FS" };
        static const char *const by_others[] = { "EUID",  "HOME",   "HOSTNAME", "IFS",    "LINENO", "LOGNAME",
                                                 "MAIL",  "OLDPWD", "OPTARG",   "OPTERR", "OPTIND", "OSTYPE",
                                                 "PAGER", "PATH",   "PPID",     "PS1",    "PS2",    "PS4",
                                                 "PWD",   "RANDOM", "SECONDS",  "SHLVL",  "TERM",   "TMPDIR",
                                                 "TZ",    "UID",    "USER",     "_" };
        static const char *const prefixes[] = { "BASH",     "DEBIAN_", "DEB_", "DPKG_", "GRUB_DEVICE", "LANG", "LC_",
                                                "PACKAGE_", "SHELL",   "SSH_", "SUDO_", "TEXTDOMAIN",  "XDG_" };

        if (islower((unsigned char) *name) || string_in(name, by_mkconfig, ELEMENTSOF(by_mkconfig)) ||
            string_in(name, by_others, ELEMENTSOF(by_others)))
                return true;
        FOREACH_ARRAY(p, prefixes, ELEMENTSOF(prefixes))
                if (startswith(name, *p))
                        return true;
        return false;
}

const LoaderVariable *shell_variable(const ShellState *s, const char *name)
{
        static const LoaderVariable unknown = { .state = VARIABLE_CANNOT_TELL };

        FOREACH_ARRAY(v, s->variables, s->n_variables)
                if (streq(v->name, name))
                        return v;
        return s->uncertain || assigned_before(name) ? &unknown : NULL;
}

static bool name_start(char c)
{
        return isalpha((unsigned char) c) || c == '_';
}

size_t span_name(const char *s)
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

/* From here on only a shell could tell. */
static void all_cannot_tell(ShellState *s)
{
        s->uncertain = true;
        FOREACH_ARRAY(v, s->variables, s->n_variables) {
                free(v->value);
                v->value = NULL;
                v->state = VARIABLE_CANNOT_TELL;
        }
}

/* The command that is being read does what cannot be followed, to variables that it assigns itself as well. */
static void give_up(Reader *r)
{
        r->opaque = true;
        all_cannot_tell(r->state);
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

/* dash assigns from left to right, POSIX leaves it open (2.9.1): a name that the same command assigns cannot be told.
 */
static bool assigned_here(const Reader *r, const char *name)
{
        size_t n = strlen(name);

        FOREACH_ARRAY(w, r->command->words, r->command->n)
                if (w->name_length == n && w->value.s && strncmp(w->value.s, name, n) == 0 &&
                    (w->value.s[n] == '=' || w->value.s[n] == '+'))
                        return true;
        return false;
}

/* From an opening quote to behind the closing one; a backslash takes its meaning away. */
static int skip_behind(Reader *r, char closer)
{
        for (advance(r); peek(r) && peek(r) != closer; advance(r))
                if (peek(r) == '\\' && r->text[r->at + 1])
                        advance(r);
        if (!peek(r))
                return -EBADMSG;
        advance(r);
        return 0;
}

/* Behind the end of a command substitution; nesting and quotes inside are followed without recursion. -EBADMSG: it does
 * not end. */
static int skip_substitution(Reader *r)
{
        unsigned depth = 0;
        char quote = 0;

        if (peek(r) == '`')
                return skip_behind(r, '`');
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
                if ((v && v->state == VARIABLE_CANNOT_TELL) || assigned_here(r, name))
                        w->cannot_tell = true;
                if (v && v->value && (e = text_add(&w->value, v->value, strlen(v->value))) < 0)
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

static int expand_braces(Reader *r, Word *w)
{
        size_t end = braces_end(r->text + r->at + 1), length;
        _cleanup_free_ char *name = NULL;
        const char *body = r->text + r->at + 2, *operator;
        const LoaderVariable *v;
        bool colon, set, assigns, told;
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
        assigns = (length > 0 && strchr("=?\\", *operator)) || may_assign(operator, body + end - 1);
        if (assigns) /* or ends the shell */
                give_up(r);
        told = !assigns && length > 0 && !(v && v->state == VARIABLE_CANNOT_TELL) && !assigned_here(r, name);
        if (told && *operator== '}' && !colon)
                e = v && v->value ? text_add(&w->value, v->value, strlen(v->value)) : 0;
        else if (told && (*operator== '+' || * operator== '-')) {
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

/* bash: $'a\n' with escapes, $"a" for the language of the user; the quotes are read by who reads the word. */
static int expand_dollar_quote(Reader *r, Word *w)
{
        w->expanded = w->cannot_tell = true;
        advance(r);
        if (peek(r) == '"')
                return 0;
        return skip_behind(r, '\'');
}

/* @quoted: inside double quotes. */
static int expand_dollar(Reader *r, Word *w, bool quoted)
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
                advance(r);
                return text_add(&w->value, "$", 1);
        }
        w->expanded = true;
        w->split |= !quoted;
        if (next == '{')
                return expand_braces(r, w);
        if (next == '(') {
                w->cannot_tell = true;
                if (strchr("(\\", r->text[r->at + 2])) /* arithmetic can assign */
                        give_up(r);
                advance(r);
                return skip_substitution(r);
        }
        if (n == 0) { /* special parameters: the caller's shell knows */
                w->cannot_tell = true;
                advance(r);
                advance(r);
                return 0;
        }
        name = strndup(r->text + r->at + 1, n);
        if (!name)
                return -ENOMEM;
        v = shell_variable(r->state, name);
        r->at += n + 1;
        /* whether a name goes on behind "\<newline>" depends on the version of dash */
        if ((v && v->state == VARIABLE_CANNOT_TELL) || assigned_here(r, name) ||
            (peek(r) == '\\' && r->text[r->at + 1] == '\n'))
                w->cannot_tell = true;
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
                        e = expand_dollar(r, w, true);
                else if (c == '`') {
                        w->expanded = w->cannot_tell = true;
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
        w->appends = n > 0 && r->dialect == SHELL_BASH && r->text[r->at + n] == '+' && r->text[r->at + n + 1] == '=';
        if (n > 0 && (w->appends || r->text[r->at + n] == '='))
                w->name_length = n;
        while (e >= 0 && (!ends_word(peek(r)) || peek(r) == '\r')) {
                char c = peek(r);

                if (c == '\\') {
                        advance(r);
                        if (peek(r) == '\n') {
                                advance(r);
                                if (w->name_length == 0 && w->plain &&
                                    span_name(w->value.s) == w->value.n) /* NAME\<newline>= */
                                        all_cannot_tell(r->state);
                                continue;
                        }
                        w->plain = false;
                        if (peek(r)) {
                                e = text_add(&w->value, r->text + r->at, 1);
                                advance(r);
                        } else
                                e = text_add(&w->value, "\\", 1);
                } else if (c == '"' || c == '\'') {
                        w->plain = false;
                        e = c == '"' ? take_double_quoted(r, w) : take_single_quoted(r, w);
                } else if (c == '$') {
                        w->plain = false;
                        e = expand_dollar(r, w, false);
                } else if (c == '`') {
                        w->plain = false;
                        w->expanded = w->split = w->cannot_tell = true;
                        e = skip_substitution(r);
                } else {
                        /* a home folder, where a value or a part of it begins (2.6.1) */
                        if (c == '~' && w->name_length > 0 && strchr("=:", r->text[r->at - 1]))
                                w->cannot_tell = true;
                        e = text_add(&w->value, &c, 1);
                        advance(r);
                }
        }
        w->end = r->at;
        return e;
}

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
        size_t begin = w->name_length + (w->appends ? 2 : 1);
        const LoaderVariable *before;
        LoaderVariable *v;
        Assignment *a;
        bool told;

        if (!name)
                return -ENOMEM;
        before = w->appends ? shell_variable(r->state, name) : NULL;
        told = !w->cannot_tell && !r->opaque && !r->lost && !r->state->lost && r->depth == 0 && !c->conditional &&
               !(before && before->state == VARIABLE_CANNOT_TELL);
        v = variable_at(r->state, name);
        if (!v)
                return -ENOMEM;
        if (!told) {
                free(v->value);
                v->value = NULL;
                v->state = VARIABLE_CANNOT_TELL;
        } else {
                char *value;

                if (string_printf(&value, "%s%s", w->appends && v->value ? v->value : "", w->value.s + begin) < 0)
                        return -ENOMEM;
                free(v->value);
                v->value = value;
                v->state = VARIABLE_KNOWN;
        }
        free(v->file);
        v->file = strdup(file);
        v->line = c->line;
        v->start = w->start + begin;
        v->end = w->end;
        if (!v->file)
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

static void unset(const Reader *r, const Command *c, const char *name)
{
        LoaderVariable *v = NULL;

        FOREACH_ARRAY(i, r->state->variables, r->state->n_variables)
                if (streq(i->name, name))
                        v = i;
        if (!v)
                return;
        free(v->value);
        v->value = NULL;
        v->state = r->depth > 0 || c->conditional || r->opaque || r->lost || r->state->lost ? VARIABLE_CANNOT_TELL
                                                                                            : VARIABLE_UNSET;
}

static int open_block(Reader *r, char closer)
{
        if (r->depth >= sizeof(r->open))
                return -EBADMSG;
        r->open[r->depth++] = closer;
        return 0;
}

static int close_block(Reader *r, char closer)
{
        if (r->depth == 0 || r->open[r->depth - 1] != closer)
                return -EBADMSG;
        r->depth--;
        return 0;
}

/* A reserved word at the place of a command (2.4). Returns 1: it is one, 0: it is not; -EBADMSG where it may not stand.
 */
static int reserved_word(Reader *r, const Word *w)
{
        static const struct {
                const char *word;
                char closer; /* of the block that it opens, 0: it closes one */
                char closes;
        } blocks[] = {
                { "if", 'f', 0 }, { "while", 'd', 0 }, { "until", 'd', 0 }, { "{", '}', 0 },
                { "fi", 0, 'f' }, { "done", 0, 'd' },  { "}", 0, '}' },
        };
        static const char *const between[] = { "then", "else", "elif", "do" };
        static const char *const beyond[] = { "for", "case", "esac", "in" };

        if (!w->plain)
                return 0;
        FOREACH_ARRAY(b, blocks, ELEMENTSOF(blocks))
                if (streq(w->value.s, b->word)) {
                        int e = b->closer ? open_block(r, b->closer) : close_block(r, b->closes);

                        return e < 0 ? e : 1;
                }
        if (string_in(w->value.s, between, ELEMENTSOF(between)))
                return r->depth == 0 ? -EBADMSG : 1;
        if (string_in(w->value.s, beyond, ELEMENTSOF(beyond)))
                all_cannot_tell(r->state);
        return streq(w->value.s, "!");
}

static int assign_all(Reader *r, const Command *c, size_t from, size_t to, const char *file)
{
        for (size_t i = from; i < to; i++) {
                int e = c->words[i].name_length > 0 ? assign(r, c, c->words + i, file) : 0;

                if (e < 0)
                        return e;
        }
        return 0;
}

/* Can this word be any command, for all that is known? "NAME+=$OTHER" is none, whatever the other is. */
static bool any_command(const Reader *r, const Word *w)
{
        const char *raw = r->text + w->start;

        return w->expanded && strncmp(raw + span_name(raw), "+=", 2) != 0;
}

/* Does every word behind a command mean what it says: NAME, NAME=VALUE, or an option? */
static bool names_variables(const Command *c, size_t command)
{
        FOREACH_ARRAY(w, c->words + command + 1, c->n - command - 1) {
                bool name = *w->value.s && span_name(w->value.s) == w->value.n;

                if (w->redirection)
                        continue;
                if (w->split || (w->name_length == 0 && (w->expanded || !(name || *w->value.s == '-'))))
                        return false;
        }
        return true;
}

static void unset_all(const Reader *r, const Command *c, size_t command)
{
        bool functions = false;

        for (size_t i = command + 1; i < c->n; i++) {
                functions |= streq(c->words[i].value.s, "-f");
                if (!functions && !c->words[i].redirection)
                        unset(r, c, c->words[i].value.s);
        }
}

/*
 * Builtins: assignments before a special one stay (2.14); some do what cannot be followed here. Every other command
 * leaves the shell's variables alone.
 */
static int run_builtin(Reader *r, const Command *c, size_t first, size_t command, const char *file)
{
        static const char *const special[] = { ":",     "break", "continue", "export", "readonly", "set", "shift",
                                               "times", "unset", "trap",     ".",      "eval",     "exec" };
        static const char *const opaque[] = { ".",       "eval",  "read",    "trap", "command",
                                              "getopts", "alias", "builtin", "local" };
        static const char *const opaque_in_bash[] = { "source", "declare", "typeset",   "printf",
                                                      "let",    "mapfile", "readarray", "time" };
        static const char *const leaving[] = { "exit", "return", "exec" };
        static const char *const assigning[] = { "export", "readonly", "unset" };
        const char *name = c->words[command].value.s;
        int e = 0;

        /* any later word can be it */
        r->state->lost |= streq(name, "alias") || (r->dialect == SHELL_BASH && streq(name, "function"));
        if (any_command(r, c->words + command) || string_in(name, opaque, ELEMENTSOF(opaque)) ||
            (r->dialect == SHELL_BASH && string_in(name, opaque_in_bash, ELEMENTSOF(opaque_in_bash))) ||
            (string_in(name, assigning, ELEMENTSOF(assigning)) && !names_variables(c, command)))
                give_up(r);
        if (string_in(name, leaving, ELEMENTSOF(leaving)))
                r->lost = true;
        if (string_in(name, special, ELEMENTSOF(special)))
                e = assign_all(r, c, first, command, file);
        if (e >= 0 && (streq(name, "export") || streq(name, "readonly")))
                e = assign_all(r, c, command + 1, c->n, file);
        r->state->lost |= streq(name, "readonly") && c->n > command + 1;
        if (streq(name, "unset"))
                unset_all(r, c, command);
        return e;
}

static int run_command(Reader *r, const Command *c, const char *file)
{
        size_t first = 0, command;
        int e;

        for (; first < c->n; first++) {
                e = reserved_word(r, c->words + first);
                if (e < 0)
                        return e;
                if (e == 0)
                        break;
        }
        for (command = first; command < c->n; command++)
                if (c->words[command].name_length == 0 && !c->words[command].redirection)
                        break;
        if (command == c->n)
                return assign_all(r, c, first, c->n, file);
        return run_builtin(r, c, first, command, file);
}

/* An operator ends a command: what stands before it has to be one. */
static int end_command(Reader *r, Command *c, const char *file, bool *closed)
{
        char ch = peek(r), next = ch ? r->text[r->at + 1] : 0;
        bool twice = (ch == '&' || ch == '|') && next == ch;
        bool after_operator = c->conditional;
        bool nothing = c->n == 0 && !*closed;
        int e;

        if (ch == '(' && c->n > 0) { /* a function: who knows when it is called */
                all_cannot_tell(r->state);
                r->state->lost = true;
        }
        if (nothing && ch != '\n' && ch != 0 && ch != '(')
                return -EBADMSG;
        c->conditional |= (ch == '&' || ch == '|') && !twice; /* runs in a shell of its own */
        e = run_command(r, c, file);
        command_done(c);
        r->opaque = false;
        if (e < 0)
                return e;
        c->conditional = twice || ch == '|' || (ch == '\n' && nothing && after_operator);
        if (ch == '(' || ch == ')')
                e = ch == '(' ? open_block(r, ')') : close_block(r, ')');
        if (e < 0)
                return e;
        *closed = ch == ')';
        if (ch == 0)
                return r->depth > 0 || (nothing && after_operator) ? -EBADMSG : 0;
        advance(r);
        if (twice)
                advance(r);
        c->line = r->line;
        return 0;
}

static int eval_text(ShellState *state, const LoaderFile *f, size_t index, ShellDialect dialect)
{
        _cleanup_(command_done) Command c = { .line = 1 };
        Reader r = { .state = state, .dialect = dialect, .command = &c, .text = f->text, .file = index, .line = 1 };
        bool redirection = false, closed = false, end = false;
        int e = 0;

        while (e >= 0 && !end) {
                char ch = peek(&r), next = ch ? r.text[r.at + 1] : 0;

                if (ch == ' ' || ch == '\t')
                        advance(&r);
                else if (ch == '\\' && next == '\n') {
                        advance(&r);
                        advance(&r);
                } else if (ch == '#')
                        while (peek(&r) && peek(&r) != '\n')
                                advance(&r);
                else if (ch == '<' && (next == '<' || next == '\\'))
                        return -EBADMSG;           /* a here-document: what follows is no command */
                else if (ch == '<' || ch == '>') { /* goes with its command; the target is read as a word */
                        advance(&r);
                        if (peek(&r) && strchr("&>|", peek(&r)))
                                advance(&r);
                        redirection = true;
                } else if (ch == 0 || strchr("\n;&|()", ch)) {
                        if (redirection)
                                return -EBADMSG;
                        end = ch == 0;
                        e = end_command(&r, &c, f->path, &closed);
                } else {
                        Word *w = array_grow(&c.words, c.n);

                        if (!w)
                                return -ENOMEM;
                        if (closed)
                                return -EBADMSG;
                        if (c.n == 0)
                                c.line = r.line;
                        e = take_word(&r, w);
                        c.n++;
                        w->redirection = redirection;
                        if (redirection)
                                w->name_length = 0;
                        redirection = false;
                }
        }
        return e;
}

int shell_eval(const LoaderFile *files, size_t n, ShellDialect dialect, ShellState *ret)
{
        _cleanup_(shell_state_done) ShellState s = {};

        for (size_t i = 0; i < n; i++) {
                int e = eval_text(&s, files + i, i, dialect);

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
