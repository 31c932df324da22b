/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/legacy.h"

#include "base/parse.h"
#include "base/text.h"
#include "grub/format/rescue.h"

#define AUTOMAGIC_BEGIN "### BEGIN AUTOMAGIC KERNELS LIST"
#define AUTOMAGIC_END   "### END DEBIAN AUTOMAGIC KERNELS LIST"
#define LINE_FLAGS      (CMDLINE_BEHIND_KEY | CMDLINE_BACKSLASH)
#define OPTION_PREFIX   "# "

static void entry_done(LegacyEntry *e)
{
        free(e->title);
        free(e->place);
        free(e->kernel);
        free(e->initrd);
        kargs_done(&e->arguments);
        *e = (LegacyEntry){};
}

static void options_free(LegacyMenu *m)
{
        FOREACH_ARRAY(o, m->options, m->n_options)
                free(o->name);
        free(m->options);
        m->options = NULL;
        m->n_options = 0;
}

void legacy_menu_done(LegacyMenu *m)
{
        FOREACH_ARRAY(e, m->entries, m->n)
                entry_done(e);
        free(m->entries);
        options_free(m);
        *m = (LegacyMenu){};
}

/* Bytes of a newline that a backslash joins, 0: it is none. */
static size_t joined(const char *text)
{
        size_t n;

        if (*text != '\\')
                return 0;
        n = 1 + strspn(text + 1, "\r");
        return text[n] == '\n' ? n + 1 : 0;
}

/* The newline that ends the line, or the end of the text. */
static size_t line_end(const char *text, size_t i)
{
        while (text[i] && text[i] != '\n')
                i += MAX(joined(text + i), (size_t) 1);
        return i;
}

static size_t blank(const char *text)
{
        return *text == ' ' || *text == '\t' || *text == '\r' ? 1 : joined(text);
}

static size_t skip_blanks(const char *text, size_t i, size_t end)
{
        for (size_t n; i < end && (n = blank(text + i)) > 0;)
                i += n;
        return MIN(i, end);
}

static size_t skip_word(const char *text, size_t i, size_t end)
{
        while (i < end && blank(text + i) == 0)
                i++;
        return i;
}

/* The words of a stretch, joined lines and carriage returns resolved as GRUB does. */
static char *plain_text(const char *text, size_t start, size_t end)
{
        char *s = malloc(end - start + 1), *p = s;

        if (!s)
                return NULL;
        while (start < end) {
                size_t n = joined(text + start);

                if (text[start] != '\r')
                        *p++ = n > 0 || text[start] == '\t' ? ' ' : text[start];
                start += MAX(n, (size_t) 1);
        }
        while (p > s && p[-1] == ' ')
                p--;
        *p = '\0';
        return s;
}

/* The name of a file without device and folder. */
static const char *file_name(const char *path)
{
        const char *slash = strrchr(path, '/'), *device = strrchr(path, ')');

        return slash ? slash + 1 : device ? device + 1 : path;
}

static bool names_linux(const char *path)
{
        static const char *const names[] = { "vmlinu", "bzImage", "zImage", "kernel-", "linux" };
        const char *name = file_name(path);

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (startswith(name, names[i]))
                        return true;
        return false;
}

static bool names_other_kernel(const char *path)
{
        static const char *const names[] = { "xen", "memtest", "elf-memtest", "core.img", "initr", "boot_archive" };
        const char *name = file_name(path);

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (startswith(name, names[i]))
                        return true;
        return false;
}

static bool has_root(const Kargs *k)
{
        size_t from = 0;

        return kargs_next(k, "root", &from) != NULL;
}

typedef struct Parser {
        const char *text;
        LegacyMenu menu;
        bool automagic; /* inside that list */
        bool sure;      /* the entry's kernel is surely Linux, not only taken for it */
} Parser;

static int add_title(Parser *p, size_t start, size_t end)
{
        LegacyEntry *e = array_grow(&p->menu.entries, p->menu.n);
        unsigned same = 1;

        if (!e)
                return -ENOMEM;
        *e = (LegacyEntry){ .title = plain_text(p->text, start, end), .automagic = p->automagic };
        p->menu.n++;
        p->sure = false;
        if (!e->title)
                return -ENOMEM;
        FOREACH_ARRAY(other, p->menu.entries, p->menu.n - 1)
                same += streq(other->title, e->title);
        return same > 1 ? string_printf(&e->place, "%s #%u", e->title, same) : string_copy(e->title, &e->place);
}

/* A kernel or module line: "[--OPTION ...] PATH ARGUMENTS". */
static int set_kernel(Parser *p, size_t start, size_t end, unsigned line, bool module)
{
        LegacyEntry *e = p->menu.entries + p->menu.n - 1;
        _cleanup_(kargs_done) Kargs arguments = {};
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t path_end;
        int r;

        while (startswith(p->text + start, "--"))
                start = skip_blanks(p->text, skip_word(p->text, start, end), end);
        path_end = skip_word(p->text, start, end);
        path = strndup(p->text + start, path_end - start);
        text = plain_text(p->text, path_end, end);
        r = path && text ? kargs_parse(text, &arguments) : -ENOMEM;
        if (r < 0)
                return r;
        if (path_end == start)
                return 0;
        p->menu.has_commands = true;
        if (module &&
            ((e->kernel && p->sure) || names_other_kernel(path) || !(names_linux(path) || has_root(&arguments))))
                return 0;
        /* the last kernel line is the one that boots */
        free(e->kernel);
        kargs_done(&e->arguments);
        e->kernel = NULL;
        if (names_other_kernel(path))
                return 0;
        p->sure = names_linux(path) || has_root(&arguments);
        e->kernel = TAKE_PTR(path);
        e->arguments = arguments;
        arguments = (Kargs){};
        e->start = path_end;
        e->end = end;
        e->line = line;
        e->module = module;
        return 0;
}

/* What came with an initrd line is Linux, whatever its name is; without it a kernel of an unknown name may be anything.
 */
static void finish_entry(Parser *p)
{
        LegacyEntry *e = p->menu.n > 0 ? p->menu.entries + p->menu.n - 1 : NULL;

        if (!e)
                return;
        if (e->kernel && !p->sure && !e->initrd) {
                free(e->kernel);
                e->kernel = NULL;
        }
        e->rescue = e->kernel && entry_is_rescue(NULL, e->title, e->kernel, &e->arguments);
}

static int set_default(Parser *p, size_t start, size_t end)
{
        _cleanup_free_ char *value = plain_text(p->text, start, end);

        if (!value)
                return -ENOMEM;
        p->menu.default_saved = streq(value, "saved");
        if (parse_u32(value, 10, &p->menu.default_entry) < 0)
                p->menu.default_entry = 0;
        return 0;
}

static int set_initrd(Parser *p, size_t start, size_t end)
{
        LegacyEntry *e = p->menu.entries + p->menu.n - 1;

        free(e->initrd);
        e->initrd = strndup(p->text + start, skip_word(p->text, start, end) - start);
        return e->initrd ? 0 : -ENOMEM;
}

/* @start, @end: one command, blanks in front of it left out. */
static int run_command(Parser *p, size_t start, size_t end, unsigned line)
{
        size_t key = start, value;
        _cleanup_free_ char *name = NULL;

        while (key < end && p->text[key] != '=' && blank(p->text + key) == 0)
                key++;
        name = strndup(p->text + start, key - start);
        if (!name)
                return -ENOMEM;
        for (value = key; value < end && (p->text[value] == '=' || blank(p->text + value) > 0);)
                value += MAX(blank(p->text + value), (size_t) 1);
        value = MIN(value, end);
        if (streq(name, "title")) {
                finish_entry(p);
                return add_title(p, value, end);
        }
        if (p->menu.n == 0)
                return streq(name, "default") ? set_default(p, value, end) : 0;
        if (streq(name, "kernel"))
                return set_kernel(p, value, end, line, false);
        if (streq(name, "module") || streq(name, "modulenounzip"))
                return set_kernel(p, value, end, line, true);
        return streq(name, "initrd") ? set_initrd(p, value, end) : 0;
}

/* "# NAME=VALUE" at the very beginning of a line, for the names that have kernel arguments. */
static int read_comment(Parser *p, size_t start, unsigned line)
{
        static const char *const names[] = { "kopt", "defoptions", "xenkopt" };
        const char *t = p->text + start, *name = startswith(t, OPTION_PREFIX);
        size_t n = name ? strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") : 0;
        LegacyOption *o;

        if (startswith(t, AUTOMAGIC_BEGIN)) {
                p->automagic = p->menu.has_automagic = true;
                p->menu.automagic = start;
        }
        if (startswith(t, AUTOMAGIC_END)) {
                finish_entry(p);
                p->automagic = false;
        }
        if (n == 0 || name[n] != '=')
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *rest = startswith(name, names[i]);

                if (!rest || (*rest != '=' && *rest != '_'))
                        continue;
                o = array_grow(&p->menu.options, p->menu.n_options);
                if (!o)
                        return -ENOMEM;
                *o = (LegacyOption){ .name = strndup(name, n), .line = line };
                p->menu.n_options++;
                o->start = start + strlen(OPTION_PREFIX) + n + 1;
                o->end = o->start + strcspn(p->text + o->start, "\r\n");
                return o->name ? 0 : -ENOMEM;
        }
        return 0;
}

/* Without a list nobody reads the comments; and one that ends in a backslash hides the next line from GRUB. */
static void drop_unreal_options(Parser *p)
{
        LegacyMenu *m = &p->menu;
        size_t n = 0;

        FOREACH_ARRAY(o, m->options, m->n_options)
                if (m->has_automagic && joined(p->text + o->end - 1) == 0)
                        m->options[n++] = *o;
                else
                        free(o->name);
        m->n_options = n;
}

int legacy_parse(const char *text, LegacyMenu *ret)
{
        Parser p = { .text = text };
        unsigned line = 1;
        int r = 0;

        for (size_t i = 0; text[i] && r >= 0;) {
                size_t end = line_end(text, i), start = skip_blanks(text, i, end);

                if (start < end && text[start] != '#')
                        r = run_command(&p, start, end, line);
                else if (start == i)
                        r = read_comment(&p, start, line);
                for (; i < end; i++)
                        line += text[i] == '\n';
                line += text[end] == '\n';
                i = end + (text[end] == '\n');
        }
        finish_entry(&p);
        drop_unreal_options(&p);
        if (r < 0) {
                legacy_menu_done(&p.menu);
                return r;
        }
        *ret = p.menu;
        return 0;
}

static bool is_backslash_before(const char *text, size_t at)
{
        return at > 0 && text[at - 1] == '\\';
}

/* Edits one stretch and tells what it did. */
static int edit_span(char **text, size_t start, size_t end, unsigned flags, const CmdlineEdit *edit, const char *place,
                     OwnedWords *added, OwnedWords *removed)
{
        _cleanup_free_ char *old = strndup(*text + start, end - start), *new = NULL;
        char *longer;
        int r = old ? cmdline_edit(old, flags, edit, &new) : -ENOMEM;

        if (r < 0 || streq(old, new))
                return r;
        longer = text_splice(*text, start, end, new);
        if (!longer)
                return -ENOMEM;
        /* the newline behind it would join two lines, or stop doing so */
        if (is_backslash_before(*text, end) || is_backslash_before(longer, start + strlen(new))) {
                free(longer);
                return -ENOTSUP;
        }
        free(*text);
        *text = longer;
        return added ? cmdline_record(old, new, flags, edit->add, place, added, removed) : 0;
}

static int option_place(const LegacyOption *o, char **ret)
{
        if (string_printf(ret, OPTION_PREFIX "%s", o->name) < 0)
                return -ENOMEM;
        return 0;
}

/* Does the list of update-grub have entries that boot below Xen? Then a comment of its own feeds them. */
static bool automagic_xen(const LegacyMenu *m)
{
        FOREACH_ARRAY(e, m->entries, m->n)
                if (e->automagic && e->module && e->kernel)
                        return true;
        return false;
}

/* What a new normal entry gets from the comments: those for all kernels, then the one of this kind. */
static int words_of_options(const char *text, const LegacyMenu *m, const char *kind, Kargs *ret)
{
        _cleanup_free_ char *all = NULL;
        size_t size;
        FILE *f = open_memstream(&all, &size);

        if (!f)
                return -ENOMEM;
        FOREACH_ARRAY(o, m->options, m->n_options)
                if (streq(o->name, "kopt") || streq(o->name, kind))
                        fprintf(f, "%.*s ", (int) (o->end - o->start), text + o->start);
        return fclose(f) != 0 ? -ENOMEM : kargs_parse(all, ret);
}

/* update-grub puts the values of several comments of one name together. */
static bool is_first_of_name(const LegacyMenu *m, const LegacyOption *o)
{
        FOREACH_ARRAY(other, m->options, m->n_options)
                if (streq(other->name, o->name))
                        return other == o;
        return true;
}

/* Wanted words that neither this comment nor the one before it on a new line brings. */
static int missing_in_option(const char *parsed, const LegacyMenu *m, const LegacyOption *o, const Kargs *add,
                             Kargs *ret)
{
        _cleanup_(kargs_done) Kargs own = {}, whole = {}, lacking = {};
        _cleanup_free_ char *value = strndup(parsed + o->start, o->end - o->start);
        int r = value ? kargs_parse(value, &own) : -ENOMEM;

        if (r >= 0)
                r = words_of_options(parsed, m, o->name, &whole);
        if (r >= 0)
                r = kargs_missing(&own, add, &lacking);
        return r < 0 ? r : kargs_missing(&whole, &lacking, ret);
}

/* @parsed: the text that the places in m are of. */
static int edit_option(char **text, const char *parsed, const LegacyMenu *m, const LegacyOption *o, const Kargs *add,
                       const Kargs *remove, OwnedWords *added, OwnedWords *removed)
{
        bool feeds_normal = is_first_of_name(m, o) &&
                            (streq(o->name, "defoptions") || (streq(o->name, "xenkopt") && automagic_xen(m)));
        _cleanup_(kargs_done) Kargs missing = {};
        _cleanup_free_ char *place = NULL;
        const CmdlineEdit edit = { .remove = remove, .add = &missing };
        int r = feeds_normal ? missing_in_option(parsed, m, o, add, &missing) : 0;

        if (r >= 0)
                r = option_place(o, &place);
        return r < 0 ? r : edit_span(text, o->start, o->end, 0, &edit, place, added, removed);
}

/* GRUB drops a carriage return within a line, which joins what stands around it: no place to edit words. */
static bool has_stray_return(const char *text, const LegacyEntry *e)
{
        for (size_t i = e->start; i < e->end; i++)
                if (text[i] == '\r' && !strchr("\r\n", text[i + 1]))
                        return true;
        return false;
}

static int edit_entry(char **text, const LegacyEntry *e, const Kargs *add, const Kargs *remove, OwnedWords *added,
                      OwnedWords *removed)
{
        _cleanup_(kargs_done) Kargs missing = {};
        const CmdlineEdit edit = { .remove = remove, .add = &missing };
        int r = has_stray_return(*text, e) ? -ENOTSUP : kargs_missing(&e->arguments, add, &missing);

        return r < 0 ? r : edit_span(text, e->start, e->end, LINE_FLAGS, &edit, e->place, added, removed);
}

static int edit_round(char **text, const Kargs *add, const Kargs *remove, OwnedWords *added, OwnedWords *removed)
{
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        _cleanup_free_ char *parsed = strdup(*text);
        size_t entry, option;
        int r = parsed ? legacy_parse(parsed, &m) : -ENOMEM;

        /* from the end to the front, so that the places of what comes before stay */
        for (entry = m.n, option = m.n_options; r >= 0 && entry + option > 0;) {
                const LegacyEntry *e = entry > 0 ? m.entries + entry - 1 : NULL;
                const LegacyOption *o = option > 0 ? m.options + option - 1 : NULL;

                if (e && (!e->kernel || e->rescue))
                        entry--;
                else if (e && (!o || e->start > o->start)) {
                        r = edit_entry(text, e, add, remove, added, removed);
                        entry--;
                } else {
                        r = edit_option(text, parsed, &m, o, add, remove, added, removed);
                        option--;
                }
        }
        return r;
}

/* update-grub has no place yet to put the words in: it makes that comment with its own default. */
static int add_defoptions(char **text)
{
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        size_t at;
        char *longer;
        int r = legacy_parse(*text, &m);

        if (r < 0 || !m.has_automagic)
                return r;
        at = m.automagic;
        FOREACH_ARRAY(o, m.options, m.n_options) {
                if (streq(o->name, "defoptions"))
                        return 0;
                if (streq(o->name, "kopt"))
                        at = o->start;
        }
        /* where no backslash joins the new line to another one */
        at = line_end(*text, at);
        if (!(*text)[at] && (*text)[at - 1] == '\\')
                return 0;
        longer = text_splice(*text, at, at, "\n" OPTION_PREFIX "defoptions=");
        if (!longer)
                return -ENOMEM;
        free(*text);
        *text = longer;
        return 0;
}

int legacy_edit(const char *text, const Kargs *add, const Kargs *remove, OwnedWords *added, OwnedWords *removed,
                char **ret)
{
        static const Kargs none = {};
        _cleanup_free_ char *s = strdup(text);
        /* first what contradicts: which words count after that is another matter */
        int r = s ? edit_round(&s, &none, remove, added, removed) : -ENOMEM;

        if (r >= 0 && add->words.n > 0)
                r = add_defoptions(&s);
        if (r >= 0)
                r = edit_round(&s, add, &none, added, removed);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

static int take_one(char **text, const OwnedWord *w)
{
        _cleanup_(legacy_menu_done) LegacyMenu m = {};
        char *word = w->word;
        const Kargs one = { .words = { .items = &word, .n = 1 } };
        const CmdlineEdit edit = { .take = &one };
        int r = legacy_parse(*text, &m);

        if (r < 0)
                return r;
        FOREACH_ARRAY(e, m.entries, m.n)
                if (e->kernel && streq(e->place, w->place))
                        return edit_span(text, e->start, e->end, LINE_FLAGS, &edit, w->place, NULL, NULL);
        FOREACH_ARRAY(o, m.options, m.n_options) {
                const char *name = startswith(w->place, OPTION_PREFIX);

                if (name && streq(o->name, name))
                        return edit_span(text, o->start, o->end, 0, &edit, w->place, NULL, NULL);
        }
        return 0;
}

int legacy_take(const char *text, const OwnedWords *words, char **ret)
{
        _cleanup_free_ char *s = strdup(text);
        int r = s ? 0 : -ENOMEM;

        for (size_t i = 0; i < words->n && r >= 0; i++)
                r = take_one(&s, words->items + i);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}
