/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/grub-cfg.h"

#include "grub/rescue.h"

/* One command: words up to a newline, ';' or a brace. */
typedef struct Scanner {
        const char *p;
        unsigned line;
} Scanner;

typedef enum TokenKind { TOKEN_END, TOKEN_WORD, TOKEN_SEPARATOR, TOKEN_OPEN, TOKEN_CLOSE } TokenKind;

static void skip_blanks(Scanner *s)
{
        for (;; s->p++)
                if (s->p[0] == '\\' && s->p[1] == '\n') {
                        s->p++;
                        s->line++;
                } else if (*s->p != ' ' && *s->p != '\t' && *s->p != '\r')
                        return;
}

static bool ends_word(char c)
{
        return c == 0 || strchr(" \t\r\n;{}", c);
}

/* A word without its quotes. "${var}" belongs to the word, so its braces do not end it. */
static int take_word(Scanner *s, char **ret)
{
        char *word = malloc(strlen(s->p) + 1);
        char quote = 0;
        size_t n = 0;

        if (!word)
                return -ENOMEM;
        for (; *s->p && (quote || !ends_word(*s->p)); s->p++) {
                if (*s->p == '\n')
                        s->line++;
                if (*s->p == '$' && s->p[1] == '{' && quote != '\'') {
                        while (*s->p && *s->p != '}' && *s->p != '\n')
                                word[n++] = *s->p++;
                        if (*s->p != '}')
                                break;
                        word[n++] = '}';
                } else if (*s->p == quote && quote)
                        quote = 0;
                else if (!quote && (*s->p == '"' || *s->p == '\''))
                        quote = *s->p;
                else if (*s->p == '\\' && quote != '\'' && s->p[1] && s->p[1] != '\n')
                        word[n++] = *++s->p;
                else if (*s->p == '\\' && quote != '\'' && s->p[1] == '\n') {
                        s->p++;
                        s->line++;
                } else
                        word[n++] = *s->p;
        }
        word[n] = 0;
        *ret = word;
        return 0;
}

static int next_token(Scanner *s, TokenKind *ret, char **ret_word)
{
        skip_blanks(s);
        switch (*s->p) {
        case 0:
                *ret = TOKEN_END;
                return 0;
        case '#': /* only where a word could begin */
                s->p += strcspn(s->p, "\n");
                *ret = TOKEN_SEPARATOR;
                return 0;
        case '\n':
                s->line++;
                /* fall through */
        case ';':
                s->p++;
                *ret = TOKEN_SEPARATOR;
                return 0;
        case '{':
                s->p++;
                *ret = TOKEN_OPEN;
                return 0;
        case '}':
                s->p++;
                *ret = TOKEN_CLOSE;
                return 0;
        default:
                *ret = TOKEN_WORD;
                return take_word(s, ret_word);
        }
}

typedef struct Parser {
        const char *file;
        BootEntry *entries;
        size_t n;
        unsigned depth;       /* of braces */
        unsigned entry_depth; /* depth inside the menuentry, 0: in none */
        char *title, *id;     /* of the menuentry that is open */
        unsigned line;
        bool foreign; /* in the part that another script than *_linux wrote: the variables do not reach it */
        char *chosen; /* last literal "set default=" */
} Parser;

static void parser_done(Parser *p)
{
        boot_entries_free(p->entries, p->n);
        free(p->title);
        free(p->id);
        free(p->chosen);
        *p = (Parser){};
}

static int open_menuentry(Parser *p, const StringList *words, unsigned line)
{
        const char *id = NULL;

        for (size_t i = 2; i + 1 < words->n; i++)
                if (streq(words->items[i], "--id") || streq(words->items[i], "$menuentry_id_option") ||
                    streq(words->items[i], "${menuentry_id_option}"))
                        id = words->items[i + 1];
        free(p->title);
        free(p->id);
        p->title = strdup(words->n > 1 ? words->items[1] : "");
        p->id = strdup(id ?: p->title ?: "");
        p->line = line;
        return p->title && p->id ? 0 : -ENOMEM;
}

static int add_kernel(Parser *p, const StringList *words, unsigned line)
{
        BootEntry *e = array_grow(&p->entries, p->n);

        if (!e)
                return -ENOMEM;
        p->n++;
        e->id = strdup(p->id);
        e->title = strdup(p->title);
        e->kernel = strdup(words->items[1]);
        e->file = strdup(p->file);
        e->line = line;
        if (!e->id || !e->title || !e->kernel || !e->file)
                return -ENOMEM;
        for (size_t i = 2; i < words->n; i++) {
                int r = string_list_add(&e->arguments.words, words->items[i]);

                if (r < 0)
                        return r;
        }
        e->rescue = p->foreign || entry_is_rescue(e->title, e->kernel, &e->arguments);
        return 0;
}

static int add_initrd(Parser *p, const StringList *words)
{
        BootEntry *e = p->n > 0 ? p->entries + p->n - 1 : NULL;

        /* the last image of the line is the initramfs, others before it are microcode or tables */
        if (!e || e->initrd || !p->id || !streq(e->id, p->id))
                return 0;
        e->initrd = strdup(words->items[words->n - 1]);
        return e->initrd ? 0 : -ENOMEM;
}

static int note_default(Parser *p, const StringList *words)
{
        const char *value = startswith(words->items[1], "default=");
        char *copy;

        if (!value || strchr(value, '$'))
                return 0;
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(p->chosen);
        p->chosen = copy;
        return 0;
}

static int run_command(Parser *p, const StringList *words, unsigned line)
{
        static const char *const linux_commands[] = { "linux", "linux16", "linuxefi" };
        static const char *const initrd_commands[] = { "initrd", "initrd16", "initrdefi" };

        if (words->n < 2)
                return 0;
        if (streq(words->items[0], "set"))
                return note_default(p, words);
        if (p->entry_depth == 0)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(linux_commands); i++) {
                if (streq(words->items[0], linux_commands[i]))
                        return add_kernel(p, words, line);
                if (streq(words->items[0], initrd_commands[i]))
                        return add_initrd(p, words);
        }
        return 0;
}

/* A number counts entries of the top level, which is more than those that boot Linux: only "0" and names are
 * understood. */
static void mark_default(Parser *p)
{
        for (size_t i = 0; i < p->n; i++)
                if (!p->chosen || streq(p->chosen, "0")
                            ? i == 0
                            : streq(p->chosen, p->entries[i].id) || streq(p->chosen, p->entries[i].title)) {
                        p->entries[i].is_default = true;
                        return;
                }
}

int grub_cfg_parse(const char *file, const char *text, BootEntry **ret, size_t *ret_n)
{
        _cleanup_(parser_done) Parser p = { .file = file };
        _cleanup_(string_list_done) StringList words = {};
        Scanner s = { text, 1 };
        unsigned line = 1;
        TokenKind kind;
        int r;

        do {
                _cleanup_free_ char *word = NULL;
                const char *script;

                if (words.n == 0) {
                        skip_blanks(&s);
                        line = s.line;
                }
                script = startswith(s.p, "### BEGIN /etc/grub.d/");
                if (script)
                        p.foreign = !memmem(script, strcspn(script, "\n"), "_linux", strlen("_linux"));
                else if (startswith(s.p, "### END "))
                        p.foreign = false;
                r = next_token(&s, &kind, &word);
                if (r < 0)
                        return r;
                if (kind == TOKEN_WORD) {
                        r = string_list_add(&words, word);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (kind == TOKEN_OPEN) {
                        p.depth++;
                        if (words.n > 0 && streq(words.items[0], "menuentry") && p.entry_depth == 0) {
                                r = open_menuentry(&p, &words, line);
                                p.entry_depth = p.depth;
                        }
                } else
                        r = run_command(&p, &words, line);
                if (r < 0)
                        return r;
                if (kind == TOKEN_CLOSE && p.depth > 0) {
                        if (p.entry_depth == p.depth)
                                p.entry_depth = 0;
                        p.depth--;
                }
                string_list_done(&words);
        } while (kind != TOKEN_END);
        mark_default(&p);
        *ret = TAKE_PTR(p.entries);
        *ret_n = p.n;
        p.n = 0;
        return 0;
}
