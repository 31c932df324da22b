/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "grub/format/grub-parser.h"

/* Commands of GRUB's script that make entries of a menu, and which of them is the default. */

static bool is_number(const char *rest)
{
        const size_t digits = strspn(rest, "0123456789");

        return digits > 0 && (rest[digits] == '\0' || rest[digits] == '>');
}

/* Does the first part of a default ("1", "Title>Other", "id") name this entry? ">>" stands for ">" in a name. */
static bool names_entry(const char *rest, unsigned number, const char *title, const char *id, const char **ret_rest)
{
        const char *const names[] = { title, id };
        const size_t digits = strspn(rest, "0123456789");

        if (is_number(rest)) {
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

/*
 * Entries of the boot loader specification are counted too, and stand where the command is (Red Hat's GRUB,
 * grub-core/commands/blscfg.c, create_entry()). Where nobody knows how many there are, no number means an entry of a
 * text that shares its menu.
 */
static bool counts_numbers(const GrubParser *p)
{
        return !p->shares_menu || p->level > 0 || (p->sources && p->sources->shared_known);
}

/*
 * The next entry of a menu. Is it the default, or on the way to it? @ret_rest: what that says of the menu in it. Of
 * several with the same name the first one is taken, and none at all is number 0 (GRUB grub-core/normal/menu.c,
 * get_entry_number()).
 */
static bool next_on_path(GrubParser *p, const char *title, const char *id, const char **ret_rest)
{
        GrubLevel *here = p->levels + p->level;
        const char *wanted = *here->rest ? here->rest : "0";
        bool on_path = here->on_path && (counts_numbers(p) || !is_number(wanted)) &&
                       names_entry(wanted, here->next, title, id, ret_rest);

        here->next++;
        here->on_path &= !on_path;
        return on_path;
}

/* What is in the menu already is not put there again (bls_create_entries() there). */
int grub_run_blscfg(GrubParser *p, const GrubCommand *c)
{
        const GrubSources *s = p->sources;
        const char *rest = "";

        (void) c;
        if (!s || p->shows_shared || p->entry_depth > 0)
                return 0;
        p->shows_shared = true;
        for (size_t i = 0; i < s->n_shared; i++)
                if (next_on_path(p, s->shared[i].title, s->shared[i].id, &rest)) {
                        p->matched = true;
                        p->shared = i + 1;
                }
        return 0;
}

/* What "--id" says, in each of its spellings; else the title. */
static const char *entry_id(const GrubCommand *c, const char *title)
{
        static const char *const options[] = { "--id", "$menuentry_id_option", "${menuentry_id_option}" };

        for (size_t i = 2; i < c->n; i++) {
                const char *value = startswith(c->words[i].text, "--id=");

                if (value)
                        return value;
                if (i + 1 < c->n && string_in(c->words[i].text, options, ELEMENTSOF(options)))
                        return c->words[i + 1].text;
        }
        return title;
}

int grub_open_menu(GrubParser *p, const GrubCommand *c)
{
        const char *title = c->n > 1 ? c->words[1].text : "", *id = entry_id(c, title), *rest = "";
        const bool on_path = next_on_path(p, title, id, &rest);
        int r;

        if (p->titles && string_list_add(p->titles, title) < 0)
                return -ENOMEM;
        if (streq(c->words[0].text, "submenu")) {
                if (p->level + 1 < GRUB_LEVELS_MAX)
                        p->levels[++p->level] = (GrubLevel){ .depth = p->depth, .on_path = on_path, .rest = rest };
                return 0;
        }
        p->matched |= on_path;
        p->is_default = on_path;
        p->entry_depth = p->depth;
        p->outside = p->conditional;
        p->conditional = 0;
        free(p->hypervisor);
        p->hypervisor = NULL;
        grub_variables_done(&p->local);
        r = string_replace(&p->title, title);
        return r < 0 ? r : string_replace(&p->id, id);
}

/* @at: index of the kernel's path; the words behind it are its arguments. */
static int add_arguments(GrubParser *p, const GrubCommand *c, size_t at, BootEntry *e)
{
        const GrubScope scope = grub_scope(p);

        for (size_t i = at + 1; i < c->n; i++) {
                int r = 0;

                /* 20_linux_xen writes a word in front that Xen takes for the name of the module */
                if (i > at + 1 || !p->hypervisor || !streq(c->words[i].text, "placeholder"))
                        r = grub_word_expand(c->words + i, &scope, &e->arguments.words, &e->untold);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A path with its variables replaced, as far as they are told. */
static int expand_path(GrubParser *p, const GrubWord *w, char **ret)
{
        const GrubScope scope = grub_scope(p);
        _cleanup_(string_list_done) StringList words = {};
        _cleanup_free_ char *untold = NULL;
        int r = grub_word_expand(w, &scope, &words, &untold);

        return r < 0 ? r : string_copy(untold || words.n != 1 ? w->text : words.items[0], ret);
}

static int add_kernel(GrubParser *p, const GrubCommand *c, size_t at)
{
        static const char outside[] = "commands outside of any menu entry";
        const bool in_entry = p->entry_depth > 0;
        BootEntry *e;
        int r;

        if (p->first)
                return 0;
        e = array_grow(&p->entries, p->n);
        if (!e)
                return -ENOMEM;
        p->n++;
        r = string_copy(in_entry ? p->id : outside, &e->id);
        if (r >= 0)
                r = string_copy(in_entry ? p->title : outside, &e->title);
        if (r >= 0)
                r = expand_path(p, c->words + at, &e->kernel);
        if (r >= 0)
                r = string_copy(p->hypervisor, &e->hypervisor);
        if (r >= 0)
                r = string_copy(p->file, &e->file);
        if (r >= 0)
                r = add_arguments(p, c, at, e);
        if (r < 0)
                return r;
        e->line = c->line;
        e->is_default = in_entry && p->is_default;
        e->foreign = p->foreign || p->in_source > 0;
        if (!in_entry)
                p->outside_entry = p->n;
        return 0;
}

int grub_run_linux(GrubParser *p, const GrubCommand *c)
{
        return add_kernel(p, c, 1);
}

int grub_run_initrd(GrubParser *p, const GrubCommand *c)
{
        BootEntry *e = p->n > 0 ? p->entries + p->n - 1 : NULL;

        if (!e || e->initrd || (p->entry_depth > 0 ? !streq_null(e->id, p->id) : p->outside_entry != p->n))
                return 0;
        /* the last image of the line is the initramfs, others before it are microcode, tables or a claim image */
        for (size_t i = 1; i + 1 < c->n; i++) {
                _cleanup_free_ char *path = NULL;
                int r = startswith(c->words[i].text, "--") ? 0 : expand_path(p, c->words + i, &path);

                if (r >= 0 && path)
                        r = string_list_add(&e->early, path);
                if (r < 0)
                        return r;
        }
        return expand_path(p, c->words + c->n - 1, &e->initrd);
}

int grub_run_hypervisor(GrubParser *p, const GrubCommand *c)
{
        const char *path = c->words[1].text, *slash = strrchr(path, '/');

        if (!startswith(slash ? slash + 1 : path, "xen"))
                return 0;
        p->n_before = p->n;
        return string_replace(&p->hypervisor, path);
}

/* Under Xen the first module is the kernel and the second one the initramfs. */
int grub_run_module(GrubParser *p, const GrubCommand *c)
{
        size_t at = 1;

        if (!p->hypervisor)
                return 0;
        while (at < c->n && startswith(c->words[at].text, "--"))
                at++;
        if (at == c->n)
                return 0;
        return p->n > p->n_before ? grub_run_initrd(p, c) : add_kernel(p, c, at);
}

int grub_run_boot(GrubParser *p, const GrubCommand *c)
{
        (void) c;
        p->boots |= p->entry_depth == 0 && p->conditional == 0 && p->level == 0 && p->outside_entry > 0;
        return 0;
}
