/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/blscfg.h"
#include "grub/format/grubenv.h"
#include "grub/format/rescue.h"
#include "grub/loader/bls-draft.h"
#include "grub/loader/bls-place.h"
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

/* Red Hat's script that makes an entry of a new kernel. It takes /etc/kernel/cmdline, and this very boot's arguments
 * where there is none. */
#define INSTALL_SCRIPT "/usr/lib/kernel/install.d/20-grub.install"

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

/* "set NAME=VALUE" of the configuration, whatever it depends on; a value with variables in it is not known. */
static int read_settings(Loader *l, const BlsPlace *place)
{
        _cleanup_free_ char *file = NULL;
        unsigned line = 0;

        if (!place->text)
                return 0;
        if (string_printf(&file, "%s/grub.cfg", place->directory) < 0)
                return -ENOMEM;
        for (const char *p = place->text; *p; p = text_next_line(p)) {
                const char *name = grub_cfg_command(p, "set"), *value;
                size_t n = name ? strcspn(name, "= \t\n;") : 0, length;
                char quote;
                int r;

                line++;
                if (n == 0 || name[n] != '=')
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

/* Is it Red Hat's GRUB? Then its tools are there. What grub.cfg sets beats what the environment block has. */
static int read_early_variable(int rfd, Loader *l)
{
        struct stat st;

        l->early_variable = root_stat(rfd, INSTALL_SCRIPT, &st) >= 0;
        return l->early_variable && !loader_variable(l, GRUBENV_EARLY_INITRD)
                       ? string_copy(NAME_BOOT, &l->early_directory)
                       : 0;
}

/* What the variable names comes before what the entry itself has. */
static int add_early(const Loader *l, BootEntry *e)
{
        const LoaderVariable *v = l->early_variable ? loader_variable(l, GRUBENV_EARLY_INITRD) : NULL;
        const char *beside = e->initrd ?: e->kernel;
        const int directory = (int) (path_base(beside) - beside);
        StringList all = {};
        int r = 0;

        for (const char *word = v && v->value ? v->value : ""; *word && r >= 0;) {
                size_t n = strcspn(word, " ");

                r = n > 0 ? string_list_addf(&all, "%.*s%.*s", directory, beside, (int) n, word) : 0;
                word += n + (word[n] == ' ');
        }
        FOREACH_ARRAY(path, e->early.items, e->early.n)
                if (r >= 0)
                        r = string_list_add(&all, *path);
        if (r < 0) {
                string_list_done(&all);
                return r;
        }
        string_list_done(&e->early);
        e->early = all;
        return 0;
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
                r = add_early(l, e);
        if (r >= 0 && root && e->initrd)
                r = string_printf(&e->image, "%s%s", root, e->initrd);
        return r;
}

static int compare_names(const void *a, const void *b)
{
        return bls_compare(*(char *const *) b, *(char *const *) a);
}

/* Entries of rpm-ostree belong to it: they are made anew from its own store. */
static bool is_ostree(const StringList *names)
{
        FOREACH_ARRAY(n, names->items, names->n)
                if (startswith(*n, "ostree-"))
                        return true;
        return false;
}

/* Returns 0; -ENOENT: no entries in there; other negative errno. */
static int read_directory(int rfd, Loader *l, const char *root, const char *directory)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, directory, ".conf", &names);

        if (r < 0)
                return r == -ENOTDIR ? -ENOENT : r;
        if (names.n == 0 || is_ostree(&names))
                return -ENOENT;
        qsort(names.items, names.n, sizeof(*names.items), compare_names); /* the order of the menu */
        FOREACH_ARRAY(n, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                if (string_printf(&path, "%s/%s", directory, *n) < 0)
                        return -ENOMEM;
                r = read_file(rfd, l, path);
                if (r >= 0)
                        r = add_entry(l, root, path, *n, l->files[l->n_files - 1].text);
                if (r < 0 && r != -ENOENT)
                        return r;
        }
        return 0;
}

/*
 * The path is of GRUB's root: with /boot on a file system of its own, that is below /boot here. openSUSE's GRUB starts
 * on the EFI system partition and has all in there (grub2-x86_64-efi-bls; sdbootutil, install_kernel()).
 */
static int read_entries(int rfd, Loader *l, const BlsPlace *place)
{
        static const char *const bases[] = { "/boot", "", BLS_ESP };
        const size_t n_bases = startswith(place->directory, BLS_VENDORS "/") ? 3 : 2;
        const char *const paths[] = { place->path, "/loader/entries" };
        int r = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(paths) && r == -ENOENT; i++)
                for (size_t b = 0; paths[i] && b < n_bases && r == -ENOENT; b++) {
                        _cleanup_free_ char *directory = NULL;

                        if (string_printf(&directory, "%s%s", bases[b], paths[i]) < 0)
                                return -ENOMEM;
                        r = read_directory(rfd, l, streq(bases[b], BLS_ESP) ? BLS_ESP : NULL, directory);
                }
        return r;
}

/* The variable that names the default entry, as the configuration says: by number, file name or title. */
static void mark_default(Loader *l, const BlsPlace *place)
{
        const LoaderVariable *v = loader_variable(l, "default");
        const char *name;
        uint32_t number;

        if ((!v || v->state == VARIABLE_CANNOT_TELL) && (!place->text || strstr(place->text, "${" SAVED_ENTRY "}")))
                v = loader_variable(l, SAVED_ENTRY);
        name = v && v->value ? v->value : "";
        for (size_t i = 0; i < l->n_entries; i++)
                if (streq(l->entries[i].id, name) || streq(l->entries[i].title, name)) {
                        l->entries[i].is_default = true;
                        return;
                }
        if (parse_u32(name, 10, &number) < 0 || number >= l->n_entries)
                number = 0;
        if (l->n_entries > 0)
                l->entries[number].is_default = true;
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
        r = root_read_text(rfd, INSTALL_SCRIPT, &script);
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
        int r = bls_place_find(rfd, &place);

        if (r < 0)
                return r;
        r = read_settings(&l, &place);
        if (r >= 0)
                r = read_early_variable(rfd, &l);
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
        mark_default(&l, &place);
        entries_decide_rescue(l.entries, l.n_entries);
        drop_unused_variables(&l);
        *ret = l;
        l = (Loader){};
        return 0;
}

/* The claim image in the variable; the step that writes the block is there already where words live in it, too. */
static int plan_early(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        char *early = (char *) want->early;
        const Kargs add = { .words = { .items = &early, .n = 1 } };
        const LoaderFile *f = bls_environment(l);
        _cleanup_(plan_words_done) PlanWords words = { .format = owned_grubenv.name };
        _cleanup_free_ char *text = NULL, *problem = NULL;
        const char *present = f ? loader_present(plan, f->path, f->text) : NULL;
        const LoaderVariable *v = loader_variable(l, GRUBENV_EARLY_INITRD);
        _cleanup_(kargs_done) Kargs now = {};
        int r = kargs_parse(v && v->value ? v->value : "", &now);

        if (r < 0 || !early || !present || string_list_contains(&now.words, early))
                return r;
        r = grubenv_edit(present, strlen(present), GRUBENV_EARLY_INITRD, &(CmdlineEdit){ .add = &add }, &text,
                         &problem);
        if (r == -EBADMSG || r == -ENOSPC)
                return loader_refuse(want, r, "%s %s", f->path, problem ?: strerror(-r));
        if (r >= 0)
                r = owned_words_add(&words.added, GRUBENV_EARLY_INITRD, early);
        return r < 0 ? r : plan_edit_more(plan, want->image_check, f->path, present, text, &words);
}

static int bls_edit_all(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        int r = bls_draft_edit(l, want, plan);

        return r < 0 ? r : plan_early(l, want, plan);
}

static const char *bls_early_obstacle(const Loader *l)
{
        if (!l->early_variable)
                return "it is not Red Hat's GRUB, which has a variable for images in front of those of all entries";
        if (!l->early_directory)
                return "grub.cfg sets the variable " GRUBENV_EARLY_INITRD ", and would undo what is put there";
        if (!bls_environment(l))
                return "it has no environment block, from which it would take the variable " GRUBENV_EARLY_INITRD;
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                const char *beside = e->initrd ?: e->kernel;
                const size_t n = (size_t) (path_base(beside) - beside);

                if (strncmp(beside, "/", n) != 0 && strncmp(beside, NAME_BOOT "/", n) != 0)
                        return "an entry has its image in a directory of its own, and would look for another one there";
        }
        return NULL;
}

const LoaderOps loader_bls = {
        .kind = LOADER_BLS,
        .read = bls_read,
        .edit = bls_edit_all,
        .early_obstacle = bls_early_obstacle,
};
