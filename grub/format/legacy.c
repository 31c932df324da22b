/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/legacy.h"

#include "base/parse.h"
#include "base/text.h"
#include "grub/format/rescue.h"

#define AUTOMAGIC_BEGIN "### BEGIN AUTOMAGIC KERNELS LIST"
#define AUTOMAGIC_END   "### END DEBIAN AUTOMAGIC KERNELS LIST"

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

size_t legacy_line_end(const char *text, size_t i)
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

/* The name of a file without device and directory. */
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
        const char *t = p->text + start, *name = startswith(t, LEGACY_OPTION_PREFIX);
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
                o->start = start + strlen(LEGACY_OPTION_PREFIX) + n + 1;
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

/* The rule is that of all boot loaders, so they are shown to it as entries of any. */
static int decide_rescue(LegacyMenu *m)
{
        _cleanup_free_ BootEntry *views = calloc(MAX(m->n, (size_t) 1), sizeof(*views));
        size_t n = 0;

        if (!views)
                return -ENOMEM;
        FOREACH_ARRAY(e, m->entries, m->n)
                if (e->kernel)
                        views[n++] = (BootEntry){ .title = e->title,
                                                  .kernel = e->kernel,
                                                  .initrd = e->initrd,
                                                  .arguments = e->arguments,
                                                  .is_default = e == m->entries + m->default_entry };
        entries_decide_rescue(views, n);
        n = 0;
        FOREACH_ARRAY(e, m->entries, m->n)
                e->rescue = e->kernel && views[n++].rescue;
        return 0;
}

int legacy_parse(const char *text, unsigned saved, LegacyMenu *ret)
{
        Parser p = { .text = text };
        unsigned line = 1;
        int r = 0;

        for (size_t i = 0; text[i] && r >= 0;) {
                size_t end = legacy_line_end(text, i), start = skip_blanks(text, i, end);

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
        if (p.menu.default_saved)
                p.menu.default_entry = saved;
        if (r >= 0)
                r = decide_rescue(&p.menu);
        if (r < 0) {
                legacy_menu_done(&p.menu);
                return r;
        }
        *ret = p.menu;
        return 0;
}
