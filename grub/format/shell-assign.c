/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/shell-assign.h"

#include "base/text.h"
#include "grub/format/shell-word.h"

static void command_done(ShellCommand *c)
{
        FOREACH_ARRAY(w, c->words, c->n)
                free(w->value);
        free(c->words);
        *c = (ShellCommand){};
}

static int assign(ShellReader *r, const ShellCommand *c, const ShellWord *w, const char *file)
{
        _cleanup_free_ char *name = strndup(w->value, w->name_length);
        size_t begin = w->name_length + (w->appends ? 2 : 1);
        const LoaderVariable *before;
        LoaderVariable *v;
        Assignment *a;
        bool told;
        int e;

        if (!name)
                return -ENOMEM;
        before = w->appends ? shell_variable(r->state, name) : NULL;
        told = !w->cannot_tell && !r->opaque && !r->lost && !r->state->lost && r->depth == 0 && !c->conditional &&
               !(before && before->state == VARIABLE_CANNOT_TELL);
        e = shell_state_slot(r->state, name, &v);
        if (e < 0 || !v)
                return e;
        told = told && (w->appends && v->value ? strlen(v->value) : 0) + w->n <= SHELL_VALUE_MAX;
        if (!told) {
                free(v->value);
                v->value = NULL;
                v->state = VARIABLE_CANNOT_TELL;
        } else {
                char *value;

                if (string_printf(&value, "%s%s", w->appends && v->value ? v->value : "", w->value + begin) < 0)
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

static void unset(const ShellReader *r, const ShellCommand *c, const char *name)
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

static int open_block(ShellReader *r, char closer)
{
        if (r->depth >= sizeof(r->open))
                return -EBADMSG;
        r->open[r->depth++] = closer;
        return 0;
}

static int close_block(ShellReader *r, char closer)
{
        if (r->depth == 0 || r->open[r->depth - 1] != closer)
                return -EBADMSG;
        r->depth--;
        return 0;
}

/* A reserved word at the place of a command (2.4). Returns 1: it is one, 0: it is not; -EBADMSG where it may not stand.
 */
static int reserved_word(ShellReader *r, const ShellWord *w)
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
                if (streq(w->value, b->word)) {
                        int e = b->closer ? open_block(r, b->closer) : r->empty ? -EBADMSG : close_block(r, b->closes);

                        r->empty = b->closer != 0;
                        return e < 0 ? e : 1;
                }
        if (string_in(w->value, between, ELEMENTSOF(between))) {
                if (r->depth == 0 || r->empty)
                        return -EBADMSG;
                r->empty = true;
                return 1;
        }
        if (string_in(w->value, beyond, ELEMENTSOF(beyond)))
                shell_state_forget(r->state);
        return streq(w->value, "!");
}

static int assign_all(ShellReader *r, const ShellCommand *c, size_t from, size_t to, const char *file)
{
        for (size_t i = from; i < to; i++) {
                int e = c->words[i].name_length > 0 ? assign(r, c, c->words + i, file) : 0;

                if (e < 0)
                        return e;
        }
        return 0;
}

/* Can this word be any command, for all that is known? "NAME+=$OTHER" is none, whatever the other is. */
static bool any_command(const ShellReader *r, const ShellWord *w)
{
        const char *raw = r->text + w->start;

        return w->expanded && strncmp(raw + span_name(raw), "+=", 2) != 0;
}

/* Does every word behind a command mean what it says: NAME, NAME=VALUE, or an option? */
static bool names_variables(const ShellCommand *c, size_t command)
{
        FOREACH_ARRAY(w, c->words + command + 1, c->n - command - 1) {
                bool name = *w->value && span_name(w->value) == w->n;

                if (w->redirection)
                        continue;
                if (w->split || (w->name_length == 0 && (w->expanded || !(name || *w->value == '-'))))
                        return false;
        }
        return true;
}

static void unset_all(const ShellReader *r, const ShellCommand *c, size_t command)
{
        bool functions = false;

        for (size_t i = command + 1; i < c->n; i++) {
                functions |= streq(c->words[i].value, "-f");
                if (!functions && !c->words[i].redirection)
                        unset(r, c, c->words[i].value);
        }
}

/*
 * Builtins: assignments before a special one stay (2.14); some do what cannot be followed here. Every other command
 * leaves the shell's variables alone.
 */
static int run_builtin(ShellReader *r, const ShellCommand *c, size_t first, size_t command, const char *file)
{
        static const char *const special[] = { ":",     "break", "continue", "export", "readonly", "set", "shift",
                                               "times", "unset", "trap",     ".",      "eval",     "exec" };
        static const char *const opaque[] = { ".",       "eval",  "read",    "trap", "command",
                                              "getopts", "alias", "builtin", "local" };
        static const char *const opaque_in_bash[] = { "source", "declare", "typeset",   "printf",
                                                      "let",    "mapfile", "readarray", "time" };
        static const char *const leaving[] = { "exit", "return", "exec" };
        static const char *const assigning[] = { "export", "readonly", "unset" };
        const char *name = c->words[command].value;
        int e = 0;

        /* any later word can be it */
        r->state->lost |= streq(name, "alias") || (r->dialect == SHELL_BASH && streq(name, "function"));
        if (any_command(r, c->words + command) || string_in(name, opaque, ELEMENTSOF(opaque)) ||
            (r->dialect == SHELL_BASH && string_in(name, opaque_in_bash, ELEMENTSOF(opaque_in_bash))) ||
            (string_in(name, assigning, ELEMENTSOF(assigning)) && !names_variables(c, command)))
                shell_give_up(r);
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

static int run_command(ShellReader *r, const ShellCommand *c, const char *file)
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
        r->empty = r->empty && first == c->n;
        for (command = first; command < c->n; command++)
                if (c->words[command].name_length == 0 && !c->words[command].redirection)
                        break;
        if (command == c->n)
                return assign_all(r, c, first, c->n, file);
        return run_builtin(r, c, first, command, file);
}

/* An operator ends a command: what stands before it has to be one. */
static int end_command(ShellReader *r, ShellCommand *c, const char *file, bool *closed)
{
        char ch = shell_peek(r), next = ch ? r->text[r->at + 1] : 0;
        bool twice = (ch == '&' || ch == '|') && next == ch;
        bool after_operator = c->conditional;
        bool nothing = c->n == 0 && !*closed;
        int e;

        if (ch == '(' && c->n > 0) { /* a function: who knows when it is called */
                shell_state_forget(r->state);
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
        shell_advance(r);
        if (twice)
                shell_advance(r);
        c->line = r->line;
        return 0;
}

static int eval_text(ShellState *state, const LoaderFile *f, size_t index, ShellDialect dialect)
{
        _cleanup_(command_done) ShellCommand c = { .line = 1 };
        ShellReader r = {
                .state = state, .dialect = dialect, .command = &c, .text = f->text, .file = index, .line = 1
        };
        bool redirection = false, closed = false, end = false;
        int e = 0;

        while (e >= 0 && !end) {
                char ch = shell_peek(&r), next = ch ? r.text[r.at + 1] : 0;

                if (ch == ' ' || ch == '\t')
                        shell_advance(&r);
                else if (ch == '\\' && next == '\n') {
                        shell_advance(&r);
                        shell_advance(&r);
                } else if (ch == '#')
                        while (shell_peek(&r) && shell_peek(&r) != '\n')
                                shell_advance(&r);
                else if (ch == '<' && (next == '<' || next == '\\'))
                        return -EBADMSG;           /* a here-document: what follows is no command */
                else if (ch == '<' || ch == '>') { /* goes with its command; the target is read as a word */
                        shell_advance(&r);
                        if (shell_peek(&r) && strchr("&>|", shell_peek(&r)))
                                shell_advance(&r);
                        redirection = true;
                } else if (ch == 0 || strchr("\n;&|()", ch)) {
                        if (redirection)
                                return -EBADMSG;
                        end = ch == 0;
                        e = end_command(&r, &c, f->path, &closed);
                } else {
                        ShellWord *w = array_grow(&c.words, c.n);

                        if (!w)
                                return -ENOMEM;
                        if (closed || c.n >= SHELL_WORDS_MAX)
                                return -EBADMSG;
                        if (c.n == 0)
                                c.line = r.line;
                        e = shell_take_word(&r, w);
                        c.n++;
                        w->redirection = redirection;
                        if (redirection)
                                w->name_length = 0;
                        redirection = false;
                }
        }
        return e;
}

/* Bytes of what stands before an assignment at the beginning of a line. */
static size_t span_before(const char *line)
{
        size_t blanks = strspn(line, " \t");
        const char *behind = startswith(line + blanks, "export");
        size_t more = behind ? strspn(behind, " \t") : 0;

        return more > 0 ? blanks + strlen("export") + more : blanks;
}

/*
 * Behind what only a shell can follow its assignments are not seen as such. Whoever asks for a variable that is set
 * there has to hear that it cannot be told, not that it is not set.
 */
static int note_untold(ShellState *s, const LoaderFile *f)
{
        unsigned line = 1;

        for (const char *p = f->text; *p; p = text_next_line(p), line++) {
                const char *name = p + span_before(p);
                size_t n = span_name(name);
                _cleanup_free_ char *copy = NULL;
                LoaderVariable *v;

                if (n == 0 || name[n + (name[n] == '+')] != '=')
                        continue;
                copy = strndup(name, n);
                if (!copy || shell_state_slot(s, copy, &v) < 0)
                        return -ENOMEM;
                if (!v)
                        return 0;
                v->state = VARIABLE_CANNOT_TELL;
                v->line = line;
                if (string_replace(&v->file, f->path) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int shell_eval(const LoaderFile *files, size_t n, ShellDialect dialect, ShellState *ret)
{
        _cleanup_(shell_state_done) ShellState s = {};

        for (size_t i = 0; i < n; i++) {
                int e = eval_text(&s, files + i, i, dialect);

                if (e == -ENOMEM)
                        return e;
                if (e >= 0)
                        continue;
                s.broken = true; /* the shell would stop here */
                shell_state_forget(&s);
                for (e = 0; i < n && e >= 0; i++)
                        e = note_untold(&s, files + i);
                if (e < 0)
                        return e;
        }
        *ret = s;
        s = (ShellState){};
        return 0;
}
