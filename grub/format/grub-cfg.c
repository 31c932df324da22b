/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/grub-cfg.h"

#include "grub/format/rescue.h"

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

#define LEVELS_MAX 8U

/* A menu: the top level, or a submenu. */
typedef struct Level {
        unsigned depth;   /* of the braces around it */
        unsigned next;    /* number of its next entry, from 0 */
        bool on_path;     /* the default entry is in here */
        const char *rest; /* what the chosen default says from here on */
} Level;

typedef struct Parser {
        const char *file;
        BootEntry *entries;
        size_t n;
        unsigned depth;       /* of braces */
        unsigned entry_depth; /* depth inside the menuentry, 0: in none */
        char *title, *id;     /* of the menuentry that is open */
        bool is_default;      /* it is */
        bool foreign;         /* in the part that another script than *_linux wrote: the variables do not reach it */
        char *hypervisor;     /* that loads the kernel as a module, NULL: none */
        size_t n_before;      /* entries when that was met */
        Level levels[LEVELS_MAX];
        unsigned level;
        bool matched; /* some entry is the default, also one that boots no Linux */
        char *chosen; /* by the last "set default=" that is no variable but saved_entry */
        const char *saved;
} Parser;

static void parser_done(Parser *p)
{
        boot_entries_free(p->entries, p->n);
        free(p->title);
        free(p->id);
        free(p->hypervisor);
        free(p->chosen);
        *p = (Parser){};
}

/* Does the first part of a default ("1", "Title>Other", "id") name this entry? ">>" stands for ">" in a name. */
static bool names_entry(const char *rest, unsigned number, const char *title, const char *id, const char **ret_rest)
{
        const char *const names[] = { title, id };
        size_t digits = strspn(rest, "0123456789");

        if (digits > 0 && (rest[digits] == '\0' || rest[digits] == '>')) {
                char text[16];

                (void) snprintf(text, sizeof(text), "%u", number);
                if (strlen(text) != digits || memcmp(text, rest, digits) != 0)
                        return false;
                *ret_rest = rest + digits + (rest[digits] == '>');
                return true;
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *p = rest, *n = names[i];

                for (; *n && *p == *n; n++)
                        p += 1 + (p[0] == '>' && p[1] == '>');
                if (*n == '\0' && (*p == '\0' || (p[0] == '>' && p[1] != '>'))) {
                        *ret_rest = p + (*p == '>');
                        return true;
                }
        }
        return false;
}

/* What "--id" says, in each of its spellings; else the title. */
static const char *entry_id(const StringList *words, const char *title)
{
        static const char *const options[] = { "--id", "$menuentry_id_option", "${menuentry_id_option}" };

        for (size_t i = 2; i < words->n; i++) {
                const char *value = startswith(words->items[i], "--id=");

                if (value)
                        return value;
                for (size_t o = 0; o < ELEMENTSOF(options) && i + 1 < words->n; o++)
                        if (streq(words->items[i], options[o]))
                                return words->items[i + 1];
        }
        return title;
}

static int open_menu(Parser *p, const StringList *words)
{
        const char *title = words->n > 1 ? words->items[1] : "", *id = entry_id(words, title), *rest = "";
        Level *here = p->levels + p->level;
        bool on_path = here->on_path && names_entry(*here->rest ? here->rest : "0", here->next, title, id, &rest);

        here->next++;
        here->on_path &= !on_path; /* of several with the same name the first one is taken: get_entry_number() */
        if (streq(words->items[0], "submenu")) {
                if (p->level + 1 < LEVELS_MAX)
                        p->levels[++p->level] = (Level){ .depth = p->depth, .on_path = on_path, .rest = rest };
                return 0;
        }
        p->matched |= on_path;
        p->is_default = on_path;
        p->entry_depth = p->depth;
        free(p->title);
        free(p->id);
        free(p->hypervisor);
        p->hypervisor = NULL;
        p->title = strdup(title);
        p->id = strdup(id);
        return p->title && p->id ? 0 : -ENOMEM;
}

/* @at: index of the kernel's path; the words behind it are its arguments. */
static int add_kernel(Parser *p, const StringList *words, size_t at, unsigned line)
{
        BootEntry *e = array_grow(&p->entries, p->n);

        if (!e)
                return -ENOMEM;
        p->n++;
        e->id = strdup(p->id);
        e->title = strdup(p->title);
        e->kernel = strdup(words->items[at]);
        e->file = strdup(p->file);
        e->line = line;
        e->is_default = p->is_default;
        e->foreign = p->foreign;
        if (!e->id || !e->title || !e->kernel || !e->file)
                return -ENOMEM;
        /* 20_linux_xen writes a word in front that Xen takes for the name of the module */
        for (size_t i = at + 1; i < words->n; i++) {
                int r = i == at + 1 && p->hypervisor && streq(words->items[i], "placeholder")
                                ? 0
                                : string_list_add(&e->arguments.words, words->items[i]);

                if (r < 0)
                        return r;
        }
        e->rescue = p->foreign || entry_is_rescue(e->id, e->title, e->kernel, &e->arguments);
        return 0;
}

static int add_initrd(Parser *p, const StringList *words)
{
        BootEntry *e = p->n > 0 ? p->entries + p->n - 1 : NULL;

        /* the last image of the line is the initramfs, others before it are microcode or tables */
        if (!e || e->initrd || !p->id || !streq(e->id, p->id))
                return 0;
        e->initrd = strdup(words->items[words->n - 1]);
        e->rescue |= e->initrd && initrd_is_fallback(e->initrd);
        return e->initrd ? 0 : -ENOMEM;
}

static int load_hypervisor(Parser *p, const StringList *words)
{
        const char *slash = strrchr(words->items[1], '/');

        if (!startswith(slash ? slash + 1 : words->items[1], "xen"))
                return 0;
        free(p->hypervisor);
        p->hypervisor = strdup(words->items[1]);
        p->n_before = p->n;
        return p->hypervisor ? 0 : -ENOMEM;
}

/* Under Xen the first module is the kernel and the second one the initramfs. */
static int load_module(Parser *p, const StringList *words, unsigned line)
{
        size_t at = 1;

        if (!p->hypervisor)
                return 0;
        while (at < words->n && startswith(words->items[at], "--"))
                at++;
        if (at == words->n)
                return 0;
        if (p->n > p->n_before)
                return add_initrd(p, words);
        return add_kernel(p, words, at, line);
}

static int note_default(Parser *p, const StringList *words)
{
        const char *value = startswith(words->items[1], "default=");
        char *copy;

        if (value && (streq(value, "${saved_entry}") || streq(value, "$saved_entry")))
                value = p->saved ?: "";
        else if (!value || strchr(value, '$'))
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
        static const char *const hypervisor_commands[] = { "multiboot", "multiboot2", "xen_hypervisor" };
        static const char *const module_commands[] = { "module", "module2", "xen_module" };

        if (words->n < 2)
                return 0;
        if (streq(words->items[0], "set"))
                return note_default(p, words);
        if (p->entry_depth == 0)
                return 0;
        for (size_t i = 0; i < 3; i++) {
                if (streq(words->items[0], linux_commands[i]))
                        return add_kernel(p, words, 1, line);
                if (streq(words->items[0], initrd_commands[i]))
                        return add_initrd(p, words);
                if (streq(words->items[0], hypervisor_commands[i]))
                        return load_hypervisor(p, words);
                if (streq(words->items[0], module_commands[i]))
                        return load_module(p, words, line);
        }
        return 0;
}

static int run_brace(Parser *p, TokenKind kind, const StringList *words)
{
        if (kind == TOKEN_OPEN) {
                p->depth++;
                if (words->n > 0 && p->entry_depth == 0 &&
                    (streq(words->items[0], "menuentry") || streq(words->items[0], "submenu")))
                        return open_menu(p, words);
        } else if (kind == TOKEN_CLOSE && p->depth > 0) {
                if (p->entry_depth == p->depth)
                        p->entry_depth = 0;
                if (p->level > 0 && p->levels[p->level].depth == p->depth)
                        p->level--;
                p->depth--;
        }
        return 0;
}

/* Once through the text. @chosen: the default entry, as GRUB's variable "default" has it. */
static int parse(Parser *p, const char *text, const char *chosen)
{
        _cleanup_(string_list_done) StringList words = {};
        Scanner s = { text, 1 };
        unsigned line = 1;
        TokenKind kind;
        int r;

        p->levels[0] = (Level){ .on_path = true, .rest = chosen };
        do {
                _cleanup_free_ char *word = NULL;
                const char *script;

                if (words.n == 0) {
                        skip_blanks(&s);
                        line = s.line;
                }
                script = startswith(s.p, "### BEGIN /etc/grub.d/");
                if (script)
                        p->foreign = !memmem(script, strcspn(script, "\n"), "_linux", strlen("_linux"));
                else if (startswith(s.p, "### END "))
                        p->foreign = false;
                r = next_token(&s, &kind, &word);
                if (r < 0)
                        return r;
                if (kind == TOKEN_WORD) {
                        r = string_list_add(&words, word);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (kind != TOKEN_OPEN)
                        r = run_command(p, &words, line);
                if (r >= 0)
                        r = run_brace(p, kind, &words);
                if (r < 0)
                        return r;
                string_list_done(&words);
        } while (kind != TOKEN_END);
        return 0;
}

/*
 * GRUB knows the default when it shows the menu, so what is said last counts: a first pass is for that. A default that
 * no entry has is the first one (GRUB grub-core/normal/menu.c, get_entry_number()).
 */
int grub_cfg_parse(const char *file, const char *text, const char *saved, BootEntry **ret, size_t *ret_n)
{
        _cleanup_(parser_done) Parser first = { .file = file, .saved = saved }, p = { .file = file };
        int r = parse(&first, text, "");

        if (r >= 0)
                r = parse(&p, text, first.chosen ?: "");
        if (r >= 0 && !p.matched) {
                parser_done(&p);
                p.file = file;
                r = parse(&p, text, "0");
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p.entries);
        *ret_n = p.n;
        p.n = 0;
        return 0;
}
