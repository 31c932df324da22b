/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/grub-cfg.h"

#include "base/text.h"
#include "grub/format/blscfg.h"
#include "grub/format/grub-parser.h"
#include "grub/format/rescue.h"

#define CALLS_MAX     8U /* of functions, one in the other */
#define FUNCTIONS_MAX 256U
#define EXPANSION_MAX ((size_t) 8 * 1024 * 1024) /* bytes that values and called functions may add to the text */

static void command_done(GrubCommand *c)
{
        FOREACH_ARRAY(w, c->words, c->n)
                free(w->text);
        free(c->words);
        *c = (GrubCommand){};
}

static void parser_done(GrubParser *p)
{
        boot_entries_free(p->entries, p->n);
        free(p->title);
        free(p->id);
        free(p->hypervisor);
        free(p->chosen);
        grub_variables_done(&p->local);
        FOREACH_ARRAY(f, p->functions, p->n_functions)
                free(f->name);
        free(p->functions);
        *p = (GrubParser){};
}

void grub_sources_done(GrubSources *s)
{
        FOREACH_ARRAY(i, s->items, s->n) {
                free(i->name);
                free(i->path);
                free(i->text);
        }
        free(s->items);
        FOREACH_ARRAY(i, s->shared, s->n_shared) {
                free(i->id);
                free(i->title);
        }
        free(s->shared);
        *s = (GrubSources){};
}

static int run_range(GrubParser *p, GrubScanner s);
static void close_brace(GrubParser *p);

static int run_function(GrubParser *p, const GrubCommand *c)
{
        for (size_t i = p->n_functions; i-- > 0;) {
                const GrubFunction *f = p->functions + i;
                size_t size = (size_t) (f->body.end - f->body.p);
                int r;

                if (!streq(f->name, c->words[0].text))
                        continue;
                if (p->calls >= CALLS_MAX || size > p->budget) {
                        grub_variables_forget(grub_scope_of(p));
                        return 0;
                }
                p->budget -= size;
                p->calls++;
                r = run_range(p, f->body);
                p->calls--;
                return r;
        }
        return grub_set_variable(p, c->words);
}

static int run_words(GrubParser *p, const GrubCommand *c)
{
        static const struct {
                const char *name;
                size_t n; /* words that it needs */
                int (*run)(GrubParser *p, const GrubCommand *c);
        } commands[] = {
                { "linux", 2, grub_run_linux },
                { "linux16", 2, grub_run_linux },
                { "linuxefi", 2, grub_run_linux },
                { "initrd", 2, grub_run_initrd },
                { "initrd16", 2, grub_run_initrd },
                { "initrdefi", 2, grub_run_initrd },
                { "multiboot", 2, grub_run_hypervisor },
                { "multiboot2", 2, grub_run_hypervisor },
                { "xen_hypervisor", 2, grub_run_hypervisor },
                { "module", 2, grub_run_module },
                { "module2", 2, grub_run_module },
                { "xen_module", 2, grub_run_module },
                { "set", 2, grub_run_set },
                { "unset", 2, grub_run_names },
                { "read", 2, grub_run_names },
                { "for", 2, grub_run_for },
                { "search", 2, grub_run_options },
                { "regexp", 2, grub_run_options },
                { "probe", 2, grub_run_options },
                { "export", 2, grub_run_export },
                { "load_env", 1, grub_run_load_env },
                { "source", 1, grub_run_source },
                { ".", 1, grub_run_source },
                { "boot", 1, grub_run_boot },
                { "blscfg", 1, grub_run_blscfg },
        };

        FOREACH_ARRAY(i, commands, ELEMENTSOF(commands))
                if (streq(c->words[0].text, i->name))
                        return c->n >= i->n ? i->run(p, c) : 0;
        return run_function(p, c);
}

int grub_run_text(GrubParser *p, const GrubSource *s)
{
        const char *const file = p->file;
        const size_t size = strlen(s->text);
        const unsigned conditional = p->conditional;
        const bool foreign = p->foreign;
        int r;

        if (p->calls >= CALLS_MAX || size > p->budget) {
                grub_variables_forget(grub_scope_of(p));
                return 0;
        }
        p->budget -= size;
        p->calls++;
        p->in_source++;
        p->file = s->path;
        r = run_range(p, (GrubScanner){ .p = s->text, .end = s->text + size, .line = 1 });
        while (p->depth > 0) /* it began outside of any block */
                close_brace(p);
        p->file = file;
        p->in_source--;
        p->calls--;
        p->conditional = conditional;
        p->foreign = foreign;
        return r;
}

/*
 * Fedora's 08_fallback_counting: where boots are counted and have failed so often that the counter has run out, another
 * entry is the default. That is no choice of whoever has set up this host.
 */
static bool counts_boots(const GrubCommand *c)
{
        FOREACH_ARRAY(w, c->words, c->n)
                if (strstr(w->text, GRUBENV_BOOT_COUNTER))
                        return true;
        return false;
}

/* Reserved words in front of a command, of those that depend on something. */
static int run_command(GrubParser *p, const GrubCommand *c)
{
        static const char *const openers[] = { "if", "while", "until", "for" };
        static const char *const between[] = { "then", "else", "elif", "do", "!" };
        GrubCommand rest = *c;

        for (; rest.n > 0; rest.words++, rest.n--) {
                const char *word = rest.words[0].text;
                bool opens = string_in(word, openers, ELEMENTSOF(openers));

                p->conditional += opens;
                p->conditional -= p->conditional > 0 && (streq(word, "fi") || streq(word, "done"));
                if (p->counting > p->conditional)
                        p->counting = 0;
                if (p->counting == 0 && streq(word, "if") && counts_boots(&rest))
                        p->counting = p->conditional;
                if (streq(word, "for") || (!opens && !string_in(word, between, ELEMENTSOF(between))))
                        break;
        }
        return rest.n > 0 ? run_words(p, &rest) : 0;
}

/* A function is no more than known until it is called. A later one of the same name counts. */
static int define_function(GrubParser *p, const GrubCommand *c, GrubScanner *s)
{
        GrubScanner body = *s;
        GrubFunction *f;
        int r = grub_script_skip_block(s);

        if (r <= 0 || !p->first)
                return MIN(r, 0);
        if (p->n_functions >= FUNCTIONS_MAX) {
                grub_variables_forget(p->global);
                return 0;
        }
        body.end = s->p - 1;
        f = array_grow(&p->functions, p->n_functions);
        if (!f)
                return -ENOMEM;
        *f = (GrubFunction){ .name = strdup(c->words[1].text), .body = body };
        if (!f->name)
                return -ENOMEM;
        p->n_functions++;
        return 0;
}

static int open_brace(GrubParser *p, const GrubCommand *c, GrubScanner *s)
{
        const char *name = c->n > 0 ? c->words[0].text : "";

        if (streq(name, "function") && c->n > 1)
                return define_function(p, c, s);
        p->depth++;
        if (p->entry_depth == 0 && (streq(name, "menuentry") || streq(name, "submenu")))
                return grub_open_menu(p, c);
        return 0;
}

static void close_brace(GrubParser *p)
{
        if (p->depth == 0)
                return;
        if (p->entry_depth == p->depth) {
                p->entry_depth = 0;
                p->conditional = p->outside;
                grub_variables_done(&p->local);
        }
        if (p->level > 0 && p->levels[p->level].depth == p->depth)
                p->level--;
        p->depth--;
}

/* Which script of grub-mkconfig's wrote what follows? */
static void note_section(GrubParser *p, const GrubScanner *s)
{
        const char *script = startswith(s->p, "### BEGIN /etc/grub.d/");

        if (script)
                p->foreign = !memmem(script, strcspn(script, "\n"), "_linux", strlen("_linux"));
        else if (startswith(s->p, "### END "))
                p->foreign = false;
}

static int run_token(GrubParser *p, GrubTokenKind kind, const GrubCommand *c, GrubScanner *s)
{
        int r = kind != GRUB_TOKEN_OPEN && c->n > 0 ? run_command(p, c) : 0;

        if (r >= 0 && kind == GRUB_TOKEN_OPEN)
                return open_brace(p, c, s);
        if (kind == GRUB_TOKEN_CLOSE)
                close_brace(p);
        return r;
}

static int run_range(GrubParser *p, GrubScanner s)
{
        _cleanup_(command_done) GrubCommand c = {};
        GrubTokenKind kind;

        do {
                GrubWord word = {}, *w;
                int r;

                if (c.n == 0) {
                        grub_script_skip_blanks(&s);
                        c.line = s.line;
                        note_section(p, &s);
                }
                r = grub_script_next(&s, &kind, &word);
                if (r < 0)
                        return r;
                if (kind == GRUB_TOKEN_WORD) {
                        w = array_grow(&c.words, c.n);
                        if (!w) {
                                free(word.text);
                                return -ENOMEM;
                        }
                        *w = word;
                        c.n++;
                        continue;
                }
                r = run_token(p, kind, &c, &s);
                if (r < 0)
                        return r;
                command_done(&c);
        } while (kind != GRUB_TOKEN_END);
        return 0;
}

/* Once through the text. @chosen: the default entry, as GRUB's variable "default" has it. */
static int parse(GrubParser *p, const char *text, const char *chosen)
{
        p->levels[0] = (GrubLevel){ .on_path = true, .rest = chosen };
        p->shares_menu = grub_cfg_has_blscfg(text);
        p->budget = EXPANSION_MAX;
        return run_range(p, (GrubScanner){ .p = text, .end = text + strlen(text), .line = 1 });
}

/* A pass over the entries, when the first has found out about all else. */
static int parse_entries(GrubParser *p, const GrubParser *first, const char *text, const char *chosen)
{
        *p = (GrubParser){ .file = first->file, .env = first->env, .global = first->global, .sources = first->sources };
        p->functions = first->functions;
        p->n_functions = first->n_functions;
        int r = parse(p, text, chosen);

        p->functions = NULL;
        p->n_functions = 0;
        return r;
}

/* A default that no entry has is the first one (GRUB grub-core/normal/menu.c, get_entry_number()), of this text or not.
 */
static int parse_chosen(GrubParser *p, const GrubParser *first, const char *text, const char *chosen)
{
        int r = parse_entries(p, first, text, chosen);

        if (r < 0 || p->matched)
                return r;
        parser_done(p);
        return parse_entries(p, first, text, "0");
}

/* The entry of the next boot alone: with another default the text has the same entries. */
static int mark_once(GrubParser *p, const GrubParser *first, const char *text)
{
        _cleanup_(parser_done) GrubParser once = {};
        const char *next = first->takes_next && first->env ? grubenv_value(first->env, GRUBENV_NEXT_ENTRY) : NULL;
        int r = next && *next ? parse_chosen(&once, first, text, next) : 0;

        for (size_t i = 0; i < MIN(once.n, p->n) && r >= 0; i++)
                p->entries[i].is_once = once.entries[i].is_default;
        return r;
}

/*
 * GRUB knows the default when it shows the menu, so what is said last counts.
 */
int grub_cfg_parse_all(const char *file, const char *text, const GrubEnv *env, const GrubSources *sources,
                       BootEntry **ret, size_t *ret_n)
{
        _cleanup_(grub_variables_done) GrubVariables global = {};
        _cleanup_(parser_done)
                GrubParser first = { .file = file, .env = env, .global = &global, .first = true, .sources = sources },
                           p = {};
        int r = parse(&first, text, "");

        if (r >= 0)
                r = parse_chosen(&p, &first, text, first.chosen ?: "");
        if (r >= 0)
                r = mark_once(&p, &first, text);
        if (r < 0)
                return r;
        FOREACH_ARRAY(e, p.entries, p.boots ? p.n : 0)
                e->is_default = e == p.entries + p.outside_entry - 1;
        entries_decide_rescue(p.entries, p.n);
        *ret = TAKE_PTR(p.entries);
        *ret_n = p.n;
        p.n = 0;
        return 0;
}

int grub_cfg_parse(const char *file, const char *text, const GrubEnv *env, BootEntry **ret, size_t *ret_n)
{
        return grub_cfg_parse_all(file, text, env, NULL, ret, ret_n);
}

int grub_cfg_sources(const char *text, StringList *ret)
{
        _cleanup_(grub_variables_done) GrubVariables global = {};
        _cleanup_(parser_done) GrubParser p = { .file = "", .global = &global, .first = true, .named = ret };

        return parse(&p, text, "");
}

int grub_cfg_titles(const char *text, StringList *ret)
{
        _cleanup_(grub_variables_done) GrubVariables global = {};
        _cleanup_(parser_done) GrubParser p = { .file = "", .global = &global, .first = true, .titles = ret };

        return parse(&p, text, "");
}

int grub_cfg_takes_next(const char *text, const GrubSources *sources)
{
        _cleanup_(grub_variables_done) GrubVariables global = {};
        _cleanup_(parser_done) GrubParser p = { .file = "", .global = &global, .first = true, .sources = sources };
        int r = parse(&p, text, "");

        return r < 0 ? r : p.takes_next;
}

int grub_cfg_find_entry(const char *text, const GrubSources *sources, const char *name, size_t *ret)
{
        _cleanup_(grub_variables_done) GrubVariables global = {};
        _cleanup_(parser_done) GrubParser first = { .file = "", .global = &global, .first = true, .sources = sources },
                                          p = {};
        int r = parse(&first, text, "");

        if (r >= 0)
                r = parse_chosen(&p, &first, text, name);
        if (r >= 0 && p.shared > 0)
                *ret = p.shared - 1;
        return r < 0 ? r : p.matched && p.shared == 0;
}

/* Counts what is open at the end of a text. */
typedef struct Balance {
        unsigned braces, blocks, sections;
        bool too_many; /* something was closed that had not been opened */
} Balance;

static void count_word(const char *word, Balance *b)
{
        static const char *const openers[] = { "if", "while", "until", "for" };
        bool closes = streq(word, "fi") || streq(word, "done");

        b->blocks += string_in(word, openers, ELEMENTSOF(openers));
        b->too_many |= closes && b->blocks == 0;
        b->blocks -= closes && b->blocks > 0;
}

/* Sections of grub-mkconfig's: each script of /etc/grub.d writes one (GRUB util/grub-mkconfig.in). */
static void count_section(const GrubScanner *s, Balance *b)
{
        if (startswith(s->p, "### BEGIN "))
                b->sections++;
        else if (startswith(s->p, "### END ") && b->sections > 0)
                b->sections--;
}

static const char *judge_balance(const Balance *b, bool open_quote)
{
        return open_quote        ? "ends inside of a quote"
               : b->braces > 0   ? "ends inside of a block"
               : b->too_many     ? "closes what was not opened"
               : b->blocks > 0   ? "ends inside of a condition or a loop"
               : b->sections > 0 ? "ends inside of what one script of /etc/grub.d writes"
                                 : NULL;
}

int grub_cfg_problem(const char *text, size_t size, const char **ret)
{
        GrubScanner s = { .p = text, .end = text + size, .line = 1 };
        GrubTokenKind kind = GRUB_TOKEN_SEPARATOR;
        bool begins = true; /* a command */
        Balance b = {};

        if (strlen(text) != size) {
                *ret = "has NUL bytes in it";
                return 0;
        }
        for (; kind != GRUB_TOKEN_END; begins = kind != GRUB_TOKEN_WORD) {
                GrubWord word = {};
                int r;

                grub_script_skip_blanks(&s);
                if (begins)
                        count_section(&s, &b);
                r = grub_script_next(&s, &kind, &word);
                if (r < 0)
                        return r;
                if (kind == GRUB_TOKEN_WORD && begins)
                        count_word(word.text, &b);
                free(word.text);
                b.too_many |= kind == GRUB_TOKEN_CLOSE && b.braces == 0;
                b.braces += kind == GRUB_TOKEN_OPEN;
                b.braces -= kind == GRUB_TOKEN_CLOSE && b.braces > 0;
        }
        *ret = judge_balance(&b, s.open_quote);
        if (!*ret && (size == 0 || text[size - 1] != '\n'))
                *ret = "ends in the middle of a line";
        return 0;
}
