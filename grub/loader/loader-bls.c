/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/blscfg.h"
#include "grub/format/grubenv.h"
#include "grub/format/rescue.h"
#include "grub/loader/bls-draft.h"
#include "grub/loader/bls-early.h"
#include "grub/loader/bls-place.h"
#include "grub/loader/grub-beside.h"
#include "grub/loader/kernel-install.h"
#include "grub/loader/loaders.h"
#include "model/names.h"

/*
 * GRUB that takes its menu from boot loader specification entries: Fedora and the families of RHEL 8 to 10, and GRUB
 * 2.14 anywhere. Where the words go: to one of the homes in words-home.c, that is into the options of every entry, or
 * into the variable kernelopts of the environment block when the entries take their options from there (RHEL 8); and
 * into /etc/kernel/cmdline, for kernels that are installed later. What grub.cfg itself boots, and /etc/default/grub, is
 * the matter of loader-grub2.c.
 */

#define SAVED_ENTRY    "saved_entry"
#define FILE_MAX_BYTES (1024U * 1024)

static int add_variable(Loader *l, const char *name, size_t n, const char *value, size_t length, bool known,
                        const char *file, unsigned line)
{
        LoaderVariable *v = NULL;

        for (size_t i = 0; i < l->n_variables; i++)
                if (strlen(l->variables[i].name) == n && memcmp(l->variables[i].name, name, n) == 0)
                        v = l->variables + i;
        if (!v) {
                v = array_grow(&l->variables, l->n_variables);
                if (!v)
                        return -ENOMEM;
                *v = (LoaderVariable){ .name = strndup(name, n) };
                l->n_variables++;
        }
        free(v->value);
        free(v->file);
        v->value = known ? strndup(value, length) : NULL;
        v->state = known ? VARIABLE_KNOWN : VARIABLE_CANNOT_TELL;
        v->file = strdup(file);
        v->line = line;
        return v->name && (v->value || !known) && v->file ? 0 : -ENOMEM;
}

/* Ifs that are open in a line, from the one on that looks whether boots are counted: see counts_boots() in grub-cfg.c.
 */
static unsigned counting_in(const char *line, unsigned before)
{
        const char *condition = grub_cfg_command(line, "if");

        if (condition && (before > 0 || memmem(condition, strcspn(condition, "\n"), GRUBENV_BOOT_COUNTER,
                                               strlen(GRUBENV_BOOT_COUNTER))))
                return before + 1;
        return before - (before > 0 && grub_cfg_command(line, "fi"));
}

/* "set NAME=VALUE" of a text, whatever else it depends on; a value with variables in it is not known. */
static int read_text_settings(Loader *l, const char *file, const char *text)
{
        unsigned line = 0, counting = 0;

        for (const char *p = text; *p; p = text_next_line(p)) {
                const char *name = grub_cfg_command(p, "set"), *value;
                size_t n = name ? strcspn(name, "= \t\n;") : 0, length;
                char quote;
                int r;

                line++;
                counting = counting_in(p, counting);
                if (n == 0 || name[n] != '=' || counting > 0)
                        continue;
                value = name + n + 1;
                quote = *value == '"' || *value == '\'' ? *value++ : 0;
                length = quote ? strcspn(value, quote == '"' ? "\"\n" : "'\n") : strcspn(value, " \t;\n");
                r = add_variable(l, name, n, value, length, !memchr(value, '$', length), file, line);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Of the configuration, and of the files beside it that it runs, which it does at its end. */
static int read_settings(int rfd, Loader *l, const BlsPlace *place, GrubBeside *ret)
{
        _cleanup_free_ char *file = NULL;
        int r;

        if (!place->text)
                return 0;
        if (string_printf(&file, "%s/grub.cfg", place->directory) < 0)
                return -ENOMEM;
        r = grub_beside_read(rfd, file, place->text, ret);
        if (r >= 0)
                r = read_text_settings(l, file, place->text);
        for (size_t i = 0; i < ret->sources.n && r >= 0; i++)
                r = read_text_settings(l, ret->sources.items[i].path, ret->sources.items[i].text);
        return r;
}

/* A text file as it is: one with a NUL byte in it is damaged. */
static int read_file(int rfd, Loader *l, const char *path)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = root_read_file(rfd, path, FILE_MAX_BYTES, &text, &size);

        if (r >= 0 && strlen(text) != size)
                r = -EBADMSG;
        return r < 0 ? r : loader_add_file(l, path, &text, size);
}

/* What the environment block has goes before what the configuration sets where the block has nothing. */
static int read_environment(int rfd, Loader *l, const BlsPlace *place)
{
        _cleanup_(grubenv_done) GrubEnv env = {};
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;
        int r;

        if (string_printf(&path, "%s" BLS_ENVIRONMENT, place->directory) < 0)
                return -ENOMEM;
        r = root_read_file(rfd, path, FILE_MAX_BYTES, &text, &size);
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (r >= 0)
                r = grubenv_parse(text, size, &env);
        for (size_t i = 0; i < env.n && r >= 0; i++)
                r = add_variable(l, env.variables[i].name, strlen(env.variables[i].name), env.variables[i].value,
                                 strlen(env.variables[i].value), true, path, env.variables[i].line);
        return r < 0 ? r : loader_add_file(l, path, &text, size);
}

/*
 * @root: of the paths in it, where that is no matter of how /boot is mounted; NULL: it is. @name: of the file. An entry
 * without a kernel is none.
 */
static int add_entry(Loader *l, const char *root, const char *path, const char *name, const char *text)
{
        _cleanup_(bls_entry_done) BlsEntry parsed = {};
        BootEntry *e;
        int r = bls_parse(text, &parsed);

        if (r < 0 || !bls_value(&parsed, BLS_GRUB, "linux"))
                return r;
        e = array_grow(&l->entries, l->n_entries);
        if (!e)
                return -ENOMEM;
        l->n_entries++;
        r = string_printf(&e->id, "%.*s", (int) (strlen(name) - strlen(".conf")), name);
        if (r >= 0)
                r = bls_boot_entry(&parsed, BLS_GRUB, name, path, l->variables, l->n_variables, e);
        if (r >= 0)
                r = bls_add_early(l, e);
        if (r >= 0 && root && e->initrd)
                r = string_printf(&e->image, "%s%s", root, e->initrd);
        return r;
}

/* Entries of rpm-ostree belong to it: they are made anew from its own store. */
static bool is_ostree(const StringList *names)
{
        FOREACH_ARRAY(n, names->items, names->n)
                if (startswith(*n, "ostree-"))
                        return true;
        return false;
}

/* Returns 0; -ENOENT: no entries that are GRUB's matter; other negative errno. */
static int read_entries(int rfd, Loader *l, const BlsPlace *place)
{
        _cleanup_(bls_listing_done) BlsListing listing = {};
        int r = bls_place_list(rfd, place, &listing);

        if (r < 0)
                return r;
        if (is_ostree(&listing.names))
                return -ENOENT;
        FOREACH_ARRAY(n, listing.names.items, listing.names.n) {
                _cleanup_free_ char *path = NULL;

                if (string_printf(&path, "%s/%s", listing.directory, *n) < 0)
                        return -ENOMEM;
                r = read_file(rfd, l, path);
                if (r >= 0)
                        r = add_entry(l, streq(listing.base, BLS_ESP) ? BLS_ESP : NULL, path, *n,
                                      l->files[l->n_files - 1].text);
                if (r < 0 && r != -ENOENT)
                        return r;
        }
        return 0;
}

/*
 * The entry of a name: by file name, title or number; one that there is not is the first. @ret: NULL: it is an entry of
 * the configuration itself. 0 or -ENOMEM.
 */
static int find_chosen(Loader *l, const BlsPlace *place, const GrubSources *sources, const char *name, BootEntry **ret)
{
        size_t at = l->n_entries;
        uint32_t number;
        int r = place->text ? grub_cfg_find_entry(place->text, sources, name, &at) : 0;

        *ret = NULL;
        if (r != 0)
                return MIN(r, 0);
        for (size_t i = 0; i < l->n_entries && at >= l->n_entries; i++)
                if (streq(l->entries[i].id, name) || streq(l->entries[i].title, name))
                        at = i;
        if (at >= l->n_entries) /* not all are known */
                at = parse_u32(name, 10, &number) >= 0 && number < l->n_entries ? number : 0;
        if (l->n_entries > 0)
                *ret = l->entries + at;
        return 0;
}

/* The variable that names the default entry, as the configuration says. 0 or -ENOMEM. */
static int mark_default(Loader *l, const BlsPlace *place, const GrubSources *sources)
{
        const LoaderVariable *v = loader_variable(l, "default");
        BootEntry *e;
        int r;

        if ((!v || v->state == VARIABLE_CANNOT_TELL) && (!place->text || strstr(place->text, "${" SAVED_ENTRY "}")))
                v = loader_variable(l, SAVED_ENTRY);
        r = find_chosen(l, place, sources, v && v->value ? v->value : "", &e);
        if (r >= 0 && e)
                e->is_default = true;
        return r;
}

/* That of the next boot alone. */
static int mark_once(Loader *l, const BlsPlace *place, const GrubBeside *beside)
{
        _cleanup_free_ char *file = NULL;
        BootEntry *e = NULL;
        int r = string_printf(&file, "%s/grub.cfg", place->directory);

        if (r >= 0 && place->text)
                r = grub_beside_once(file, place->text, beside, &l->once);
        if (r < 0 || !l->once.id)
                return MIN(r, 0);
        r = find_chosen(l, place, &beside->sources, l->once.id, &e);
        if (r >= 0 && e)
                e->is_once = true;
        else
                boot_once_done(&l->once);
        return r;
}

/* What no entry and no choice of one depends on is of no interest here. */
static bool is_used(const Loader *l, const char *name)
{
        static const char *const always[] = { "default", SAVED_ENTRY, BLS_DEFAULT_OPTS, GRUBENV_EARLY_INITRD };

        FOREACH_ARRAY(h, words_homes, _WORDS_HOME_MAX)
                if (streq_null(h->variable, name))
                        return true;
        FOREACH_ARRAY(a, always, ELEMENTSOF(always))
                if (streq(*a, name))
                        return true;
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                _cleanup_(bls_entry_done) BlsEntry parsed = {};

                if (bls_parse(loader_file(l, e->file)->text, &parsed) >= 0 && bls_options_use(&parsed, BLS_GRUB, name))
                        return true;
        }
        return false;
}

static void drop_unused_variables(Loader *l)
{
        size_t n = 0;

        FOREACH_ARRAY(v, l->variables, l->n_variables)
                if (is_used(l, v->name))
                        l->variables[n++] = *v;
                else {
                        free(v->name);
                        free(v->value);
                        free(v->file);
                }
        l->n_variables = n;
}

/* What later kernels get is only read where this platform has a use for it. */
static int read_kernel_cmdline(int rfd, Loader *l)
{
        _cleanup_free_ char *script = NULL;
        int r = read_file(rfd, l, KERNEL_CMDLINE_FILE);

        if (r != -ENOENT)
                return r;
        r = root_read_text(rfd, BLS_INSTALL_SCRIPT, &script);
        l->names_kernels = (r >= 0 && strstr(script, KERNEL_CMDLINE_FILE)) || has_sdbootutil(rfd);
        return r == -ENOMEM ? r : 0;
}

static int find_grubby(int rfd, Loader *l)
{
        static const char *const places[] = { "/usr/sbin/grubby", "/usr/bin/grubby", "/sbin/grubby" };

        if (!root_first(rfd, places, ELEMENTSOF(places)))
                return 0;
        l->editor = strdup("grubby");
        return l->editor ? 0 : -ENOMEM;
}

static int bls_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_BLS, .readable = TRISTATE_YES };
        _cleanup_(bls_place_done) BlsPlace place = {};
        _cleanup_(grub_beside_done) GrubBeside beside = {};
        int r = bls_place_find(rfd, &place);

        if (r < 0)
                return r;
        r = read_settings(rfd, &l, &place, &beside);
        if (r >= 0)
                r = bls_read_early_variable(rfd, &place, &l);
        if (r >= 0)
                r = read_environment(rfd, &l, &place);
        if (r >= 0)
                r = read_entries(rfd, &l, &place);
        if (r >= 0)
                r = read_kernel_cmdline(rfd, &l);
        if (r >= 0)
                r = find_grubby(rfd, &l);
        if (r == -ENOMEM || r == -ENOENT)
                return r;
        if (r < 0)
                l.readable = TRISTATE_NO;
        r = mark_default(&l, &place, &beside.sources);
        if (r >= 0)
                r = mark_once(&l, &place, &beside);
        if (r < 0)
                return r;
        entries_decide_rescue(l.entries, l.n_entries);
        if (bls_find_early_directory(rfd, &l) < 0)
                return -ENOMEM;
        drop_unused_variables(&l);
        *ret = l;
        l = (Loader){};
        return 0;
}

static int bls_edit_all(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        int r = bls_draft_edit(l, want, plan);

        if (r >= 0 && loader_wants_nothing(want))
                r = bls_drop_early_lines(l, want, plan);
        return r < 0 ? r : bls_plan_early_variable(l, want, plan);
}

const LoaderOps loader_bls = {
        .kind = LOADER_BLS,
        .read = bls_read,
        .edit = bls_edit_all,
        .early_obstacle = bls_early_obstacle,
};
