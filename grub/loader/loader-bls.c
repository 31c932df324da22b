/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/blscfg.h"
#include "grub/format/grubenv.h"
#include "grub/loader/entry-edit.h"
#include "grub/loader/kernel-install.h"
#include "grub/loader/loaders.h"
#include "model/names.h"

/*
 * GRUB that takes its menu from boot loader specification entries: Fedora and the families of RHEL 8 to 10, and GRUB
 * 2.14 anywhere. Where the words go: into the options of every entry, or into the variable kernelopts of the
 * environment block when the entries take their options from there (RHEL 8); and into /etc/kernel/cmdline, for kernels
 * that are installed later. What grub.cfg itself boots, and /etc/default/grub, is the matter of loader-grub2.c.
 */

#define CHECK_ID       "iommu.argument"
#define KERNELOPTS     "kernelopts"
#define SAVED_ENTRY    "saved_entry"
#define DEFAULT_OPTS   "default_kernelopts"
#define ENVIRONMENT    "/grubenv"
#define FILE_MAX_BYTES (1024U * 1024)

/* Configurations of GRUB; the environment block is beside them. */
static const char *const folders[] = { "/boot/grub2", "/boot/grub" };
#define ESP            "/boot/efi"
#define VENDORS        ESP "/EFI" /* in a folder of this is openSUSE's, and Red Hat's before Fedora 34 and RHEL 9 */

/* Red Hat's script that makes an entry of a new kernel. It takes /etc/kernel/cmdline, and this very boot's arguments
 * where there is none. */
#define INSTALL_SCRIPT "/usr/lib/kernel/install.d/20-grub.install"

/* The rest of a line behind a command of this name; NULL: it is another command. */
static const char *command_rest(const char *line, const char *name)
{
        const char *rest = startswith(line + strspn(line, " \t"), name);

        return rest && strchr(" \t;\n", *rest) ? rest + strspn(rest, " \t") : NULL;
}

bool grub_cfg_has_blscfg(const char *text)
{
        for (const char *p = text; *p; p = text_next_line(p))
                if (command_rest(p, "blscfg"))
                        return true;
        return false;
}

/* The folder that "blscfg" is told to look in; owned by the caller. *ret stays NULL where it is told none. */
static int blscfg_path(const char *text, char **ret)
{
        static const char *const options[] = { "--path=", "--path", "-p" };

        for (const char *p = text; *p; p = text_next_line(p)) {
                const char *rest = command_rest(p, "blscfg");

                for (size_t i = 0; rest && i < ELEMENTSOF(options); i++) {
                        const char *path = startswith(rest, options[i]);

                        if (!path)
                                continue;
                        path += strspn(path, " \t\"'");
                        path += *path == '(' ? strcspn(path, ")\n") : 0;
                        path += *path == ')';
                        free(*ret);
                        *ret = strndup(path, strcspn(path, " \t\"';\n"));
                        return *ret ? 0 : -ENOMEM;
                }
        }
        return 0;
}

/* As TuneD matches it: any case, blanks around '=', with quotes or without; every such line counts. */
bool default_grub_enables_bls(const char *text)
{
        for (const char *p = text; *p; p = text_next_line(p)) {
                const char *q = p + strspn(p, " \t");

                if (strncasecmp(q, "GRUB_ENABLE_BLSCFG", strlen("GRUB_ENABLE_BLSCFG")) != 0)
                        continue;
                q += strlen("GRUB_ENABLE_BLSCFG");
                q += strspn(q, " \t");
                if (*q++ != '=')
                        continue;
                q += strspn(q, " \t\"'");
                if (strncasecmp(q, "true", strlen("true")) == 0 && !isalnum((unsigned char) q[strlen("true")]))
                        return true;
        }
        return false;
}

/* What was found of GRUB's own files. */
typedef struct Place {
        char *folder; /* of the configuration that boots, e.g. "/boot/grub2" */
        char *text;   /* that configuration; NULL: there is none */
        char *path;   /* that "blscfg" is told; NULL: none */
} Place;

static void place_done(Place *p)
{
        free(p->folder);
        free(p->text);
        free(p->path);
        *p = (Place){};
}

/* Returns 1: its configuration has the command; 0: it has not, or there is none; -ENOMEM. */
static int try_folder(int rfd, const char *folder, Place *ret)
{
        _cleanup_free_ char *file = NULL, *text = NULL;
        int r = string_printf(&file, "%s/grub.cfg", folder);

        if (r < 0)
                return r;
        r = root_read_text(rfd, file, &text);
        if (r < 0) /* loader-grub2.c tells of one that may not be read */
                return r == -ENOMEM ? r : 0;
        if (!grub_cfg_has_blscfg(text))
                return 0;
        ret->folder = strdup(folder);
        ret->text = TAKE_PTR(text);
        return ret->folder ? 1 : -ENOMEM;
}

static int try_vendors(int rfd, Place *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, VENDORS, NULL, &names);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        FOREACH_ARRAY(n, names.items, names.n) {
                _cleanup_free_ char *folder = NULL;

                if (string_printf(&folder, VENDORS "/%s", *n) < 0)
                        return -ENOMEM;
                r = try_folder(rfd, folder, ret);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* Asked for in /etc/default/grub, and no configuration is there that could say otherwise: an image in the making. */
static int try_default(int rfd, Place *ret)
{
        _cleanup_free_ char *text = NULL;
        struct stat st;
        int r = root_read_text(rfd, NAME_DEFAULT_GRUB, &text);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (!default_grub_enables_bls(text))
                return 0;
        FOREACH_ARRAY(f, folders, ELEMENTSOF(folders)) {
                _cleanup_free_ char *file = NULL;

                if (string_printf(&file, "%s/grub.cfg", *f) < 0)
                        return -ENOMEM;
                if (root_stat(rfd, file, &st) >= 0)
                        return 0;
        }
        ret->folder = strdup(root_stat(rfd, folders[1], &st) >= 0 && root_stat(rfd, folders[0], &st) < 0 ? folders[1]
                                                                                                         : folders[0]);
        return ret->folder ? 1 : -ENOMEM;
}

/* Returns 0; -ENOENT: GRUB does not look at such entries here; -ENOMEM. */
static int find_place(int rfd, Place *ret)
{
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(folders) && r == 0; i++)
                r = try_folder(rfd, folders[i], ret);
        if (r == 0)
                r = try_vendors(rfd, ret);
        if (r == 0)
                r = try_default(rfd, ret);
        if (r > 0 && ret->text)
                r = blscfg_path(ret->text, &ret->path);
        return r < 0 ? r : ret->folder ? 0 : -ENOENT;
}

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
static int read_settings(Loader *l, const Place *place)
{
        _cleanup_free_ char *file = NULL;
        unsigned line = 0;

        if (!place->text)
                return 0;
        if (string_printf(&file, "%s/grub.cfg", place->folder) < 0)
                return -ENOMEM;
        for (const char *p = place->text; *p; p = text_next_line(p)) {
                const char *name = command_rest(p, "set"), *value;
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
static int read_environment(int rfd, Loader *l, const Place *place)
{
        _cleanup_(grubenv_done) GrubEnv env = {};
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;
        int r;

        if (string_printf(&path, "%s" ENVIRONMENT, place->folder) < 0)
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

static const LoaderFile *environment_of(const Loader *l)
{
        FOREACH_ARRAY(f, l->files, l->n_files)
                if (endswith(f->path, ENVIRONMENT))
                        return f;
        return NULL;
}

static int entry_initrd(const BlsEntry *e, char **ret)
{
        const char *last = NULL;

        /* the last image is the initramfs, those before it are microcode or tables */
        FOREACH_ARRAY(f, e->fields, e->n)
                if (f->value && f->seen_by_grub && streq(f->key, "initrd"))
                        last = f->value;
        if (!last)
                return 0;
        *ret = strndup(last, strcspn(last, " \t"));
        return *ret ? 0 : -ENOMEM;
}

static unsigned options_line(const BlsEntry *e)
{
        FOREACH_ARRAY(f, e->fields, e->n)
                if (f->value && f->seen_by_grub && streq(f->key, "options"))
                        return f->line;
        return 1;
}

/*
 * @root: of the paths in it, where that is no matter of how /boot is mounted; NULL: it is. @name: of the file. An entry
 * without a kernel is none.
 */
static int add_entry(Loader *l, const char *root, const char *path, const char *name, const char *text)
{
        _cleanup_(bls_entry_done) BlsEntry parsed = {};
        const char *kernel, *title, *version;
        BootEntry *e;
        int r = bls_parse(text, &parsed);

        if (r < 0)
                return r;
        kernel = bls_value(&parsed, BLS_GRUB, "linux");
        title = bls_value(&parsed, BLS_GRUB, "title");
        version = bls_value(&parsed, BLS_GRUB, "version");
        if (!kernel)
                return 0;
        e = array_grow(&l->entries, l->n_entries);
        if (!e)
                return -ENOMEM;
        l->n_entries++;
        *e = (BootEntry){ .id = strndup(name, strlen(name) - strlen(".conf")),
                          .title = strdup(title ?: kernel),
                          .kernel = strdup(kernel),
                          .version = version ? strdup(version) : NULL,
                          .file = strdup(path),
                          .line = options_line(&parsed) };
        if (!e->id || !e->title || !e->kernel || !e->file || (version && !e->version))
                return -ENOMEM;
        r = entry_initrd(&parsed, &e->initrd);
        if (r >= 0 && root && e->initrd && string_printf(&e->image, "%s%s", root, e->initrd) < 0)
                return -ENOMEM;
        if (r >= 0)
                r = bls_arguments(&parsed, BLS_GRUB, l->variables, l->n_variables, &e->arguments);
        if (r >= 0)
                e->rescue = bls_is_rescue(&parsed, name, &e->arguments);
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
static int read_folder(int rfd, Loader *l, const char *root, const char *folder)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, folder, ".conf", &names);

        if (r < 0)
                return r == -ENOTDIR ? -ENOENT : r;
        if (names.n == 0 || is_ostree(&names))
                return -ENOENT;
        qsort(names.items, names.n, sizeof(*names.items), compare_names); /* the order of the menu */
        FOREACH_ARRAY(n, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                if (string_printf(&path, "%s/%s", folder, *n) < 0)
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
static int read_entries(int rfd, Loader *l, const Place *place)
{
        static const char *const bases[] = { "/boot", "", ESP };
        const size_t n_bases = startswith(place->folder, VENDORS "/") ? 3 : 2;
        const char *const paths[] = { place->path, "/loader/entries" };
        int r = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(paths) && r == -ENOENT; i++)
                for (size_t b = 0; paths[i] && b < n_bases && r == -ENOENT; b++) {
                        _cleanup_free_ char *folder = NULL;

                        if (string_printf(&folder, "%s%s", bases[b], paths[i]) < 0)
                                return -ENOMEM;
                        r = read_folder(rfd, l, streq(bases[b], ESP) ? ESP : NULL, folder);
                }
        return r;
}

/* The variable that names the default entry, as the configuration says: by number, file name or title. */
static void mark_default(Loader *l, const Place *place)
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
        static const char *const always[] = { "default", SAVED_ENTRY, KERNELOPTS, DEFAULT_OPTS };

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
        _cleanup_(place_done) Place place = {};
        int r = find_place(rfd, &place);

        if (r < 0)
                return r;
        r = read_settings(&l, &place);
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
        drop_unused_variables(&l);
        *ret = l;
        l = (Loader){};
        return 0;
}

/* One entry while it is edited. */
typedef struct Draft {
        const BootEntry *entry;
        const char *old; /* as the steps planned so far leave it */
        char *text;
        Kargs arguments; /* as they are with the edits so far */
        PlanWords words;
        bool kernelopts; /* its options have that variable in them */
        bool shared;     /* another entry boots the same kernel */
} Draft;

/* All files of one edit. */
typedef struct Edit {
        const Loader *loader;
        const LoaderEdit *want;
        Plan *plan;
        Draft *drafts;
        size_t n;
        const LoaderFile *block_file; /* environment block; NULL: there is none */
        const char *old_block;        /* as the steps planned so far leave it */
        char *block;
        PlanWords block_words;
        LoaderVariable *variables; /* those of the loader, kernelopts as it is in the block now */
        char *kernelopts;          /* that value, NULL: not in the block */
        char *problem;             /* of the block, when it was to be edited */
} Edit;

static void edit_done(Edit *e)
{
        FOREACH_ARRAY(d, e->drafts, e->n) {
                free(d->text);
                kargs_done(&d->arguments);
                plan_words_done(&d->words);
        }
        free(e->drafts);
        free(e->block);
        plan_words_done(&e->block_words);
        free(e->variables);
        free(e->kernelopts);
        free(e->problem);
        *e = (Edit){};
}

/* The value of kernelopts in the block, and with it what each entry gets. */
static int evaluate(Edit *e)
{
        _cleanup_(grubenv_done) GrubEnv env = {};
        const char *value = NULL;
        int r = e->block ? grubenv_parse(e->block, strlen(e->block), &env) : 0;

        if (r < 0)
                return r;
        value = e->block ? grubenv_value(&env, KERNELOPTS) : NULL;
        free(e->kernelopts);
        e->kernelopts = value ? strdup(value) : NULL;
        if (value && !e->kernelopts)
                return -ENOMEM;
        for (size_t i = 0; i < e->loader->n_variables; i++)
                if (e->kernelopts && streq(e->variables[i].name, KERNELOPTS))
                        e->variables[i].value = e->kernelopts;
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_(bls_entry_done) BlsEntry parsed = {};

                r = bls_parse(d->text, &parsed);
                if (r < 0)
                        return r;
                kargs_done(&d->arguments);
                r = bls_arguments(&parsed, BLS_GRUB, e->variables, e->loader->n_variables, &d->arguments);
                if (r < 0)
                        return r;
                d->kernelopts = bls_options_use(&parsed, BLS_GRUB, KERNELOPTS);
        }
        return 0;
}

static int edit_init(Edit *e)
{
        const Loader *l = e->loader;
        size_t n = MAX(l->n_variables, (size_t) 1);

        e->variables = calloc(n, sizeof(*e->variables));
        e->drafts = calloc(MAX(l->n_entries, (size_t) 1), sizeof(*e->drafts));
        if (!e->variables || !e->drafts)
                return -ENOMEM;
        if (l->n_variables > 0)
                memcpy(e->variables, l->variables, l->n_variables * sizeof(*e->variables));
        FOREACH_ARRAY(entry, l->entries, l->n_entries) {
                const LoaderFile *f = loader_file(l, entry->file);
                Draft *d = e->drafts + e->n;

                *d = (Draft){ .entry = entry,
                              .old = loader_present(e->plan, f->path, f->text),
                              .words.format = owned_bls.name };
                if (!d->old)
                        continue;
                e->n++;
                d->text = strdup(d->old);
                if (!d->text)
                        return -ENOMEM;
                FOREACH_ARRAY(other, l->entries, l->n_entries)
                        d->shared |= other != entry && streq(other->kernel, entry->kernel);
        }
        e->block_words.format = owned_grubenv.name;
        e->block_file = environment_of(l);
        e->old_block = e->block_file ? loader_present(e->plan, e->block_file->path, e->block_file->text) : NULL;
        if (e->old_block && !(e->block = strdup(e->old_block)))
                return -ENOMEM;
        return evaluate(e);
}

static int set_text(char **text, char *other)
{
        if (!other)
                return -ENOMEM;
        free(*text);
        *text = other;
        return 0;
}

/* Takes out what ptprep added and nobody wants any more. */
static int take_unwanted(Edit *e)
{
        _cleanup_(owned_words_done) OwnedWords of_block = {};
        char *text = NULL;
        int r = e->block ? loader_unwanted(e->want, e->block_file->path, &of_block) : 0;

        if (r >= 0 && of_block.n > 0) {
                r = owned_grubenv.take_out(e->block, &of_block, &text);
                if (r >= 0)
                        r = set_text(&e->block, text);
        }
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_(owned_words_done) OwnedWords unwanted = {};

                if (r >= 0)
                        r = loader_unwanted(e->want, d->entry->file, &unwanted);
                if (r < 0 || unwanted.n == 0)
                        continue;
                text = NULL;
                r = owned_bls.take_out(d->text, &unwanted, &text);
                if (r >= 0)
                        r = set_text(&d->text, text);
        }
        return r;
}

/* The words of the options as they stand, variables and all. */
static int raw_options(const char *text, char **ret)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        _cleanup_(kargs_done) Kargs k = {};
        int r = bls_parse(text, &e);

        if (r >= 0)
                r = bls_arguments(&e, BLS_SYSTEMD, NULL, 0, &k);
        if (r < 0)
                return r;
        *ret = kargs_print(&k);
        return *ret ? 0 : -ENOMEM;
}

static int edit_entry(Edit *e, Draft *d, const CmdlineEdit *edit)
{
        _cleanup_free_ char *text = NULL, *old = NULL, *new = NULL;
        const LoaderVariable *fallback = loader_variable(e->loader, DEFAULT_OPTS);
        int r = bls_edit(d->text, edit, fallback && fallback->value ? "$" DEFAULT_OPTS : NULL, &text);

        if (r >= 0)
                r = raw_options(d->text, &old);
        if (r >= 0)
                r = raw_options(text, &new);
        if (r >= 0)
                r = cmdline_record(old, new, 0, edit->add, "", &d->words.added, &d->words.removed);
        return r < 0 ? r : set_text(&d->text, TAKE_PTR(text));
}

static int edit_block(Edit *e, const CmdlineEdit *edit)
{
        _cleanup_free_ char *before = e->kernelopts ? strdup(e->kernelopts) : NULL, *block = NULL;
        int r = before ? grubenv_edit(e->block, strlen(e->block), KERNELOPTS, edit, &block, &e->problem) : -ENOMEM;

        if (r < 0 || streq(e->block, block))
                return r;
        r = set_text(&e->block, TAKE_PTR(block));
        if (r >= 0)
                r = evaluate(e);
        return r < 0 ? r
                     : cmdline_record(before, e->kernelopts ?: "", 0, edit->add, KERNELOPTS, &e->block_words.added,
                                      &e->block_words.removed);
}

/* An entry that can boot, and takes kernelopts out of the block. */
static bool takes_block(const Edit *e, const Draft *d)
{
        return !d->entry->rescue && d->kernelopts && e->kernelopts;
}

static int remove_contradictions(Edit *e)
{
        const CmdlineEdit edit = { .remove = e->want->remove };
        bool block = false;
        int r = 0;

        FOREACH_ARRAY(d, e->drafts, e->n) {
                block |= takes_block(e, d);
                if (r >= 0 && !d->entry->rescue)
                        r = edit_entry(e, d, &edit);
        }
        if (r >= 0 && block)
                r = edit_block(e, &edit);
        return r < 0 ? r : evaluate(e);
}

/* Into the block, when all that take its variable lack the word: then no entry gets it twice. */
static int block_lacks(const Edit *e, Kargs *ret)
{
        FOREACH_ARRAY(w, e->want->add->words.items, e->want->add->words.n) {
                const Kargs one = { .words = { .items = w, .n = 1 } };
                size_t users = 0, lacking = 0;

                FOREACH_ARRAY(d, e->drafts, e->n) {
                        _cleanup_(kargs_done) Kargs missing = {};
                        int r = takes_block(e, d) ? kargs_missing(&d->arguments, &one, &missing) : 0;

                        if (r < 0)
                                return r;
                        users += takes_block(e, d);
                        lacking += missing.words.n;
                }
                if (users > 0 && lacking == users) {
                        int r = string_list_add(&ret->words, *w);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int add_missing(Edit *e)
{
        _cleanup_(kargs_done) Kargs block = {};
        int r = block_lacks(e, &block);

        if (r >= 0 && block.words.n > 0)
                r = edit_block(e, &(CmdlineEdit){ .add = &block });
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_(kargs_done) Kargs missing = {};

                if (r < 0 || d->entry->rescue)
                        continue;
                r = kargs_missing(&d->arguments, e->want->add, &missing);
                if (r >= 0 && missing.words.n > 0)
                        r = edit_entry(e, d, &(CmdlineEdit){ .add = &missing });
        }
        return r < 0 ? r : evaluate(e);
}

/*
 * A rescue entry that shares the variable keeps what it boots with: it gets the value of before in the place of the
 * variable. These words are somebody else's, so the record has none of them.
 */
static int pin_rescue_entries(Edit *e)
{
        const LoaderVariable *before = loader_variable(e->loader, KERNELOPTS);

        if (!e->block || streq(e->block, e->old_block) || !before || !before->value)
                return 0;
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_(bls_entry_done) BlsEntry parsed = {};
                size_t n = strlen(before->value);
                _cleanup_free_ char *value = NULL;
                int r;

                if (!d->entry->rescue || !d->kernelopts)
                        continue;
                while (n > 0 && before->value[n - 1] == ' ')
                        n--;
                value = strndup(before->value, n);
                r = value ? bls_replace_variable(d->text, KERNELOPTS, value, &parsed.text) : -ENOMEM;
                if (r >= 0)
                        r = set_text(&d->text, TAKE_PTR(parsed.text));
                if (r < 0)
                        return r;
        }
        return evaluate(e);
}

/* What each entry would boot with, before any step is taken. */
static int verify(const Edit *e)
{
        FOREACH_ARRAY(d, e->drafts, e->n) {
                _cleanup_free_ char *before = NULL, *after = NULL;

                if (!d->entry->rescue) {
                        const BootEntry as_planned = { .arguments = d->arguments };

                        if (!loader_entry_fine(&as_planned, e->want->add, e->want->remove))
                                return loader_refuse(
                                        e->want, -ENOTSUP,
                                        "%s:%u: a variable in the options brings words that contradict, or "
                                        "takes the blank in front of the next word: put the words there by "
                                        "hand",
                                        d->entry->file, d->entry->line);
                        continue;
                }
                before = kargs_print(&d->entry->arguments);
                after = kargs_print(&d->arguments);
                if (!before || !after)
                        return -ENOMEM;
                if (!streq(before, after))
                        return loader_refuse(e->want, -ENOTSUP, "%s:%u: this rescue entry could not be kept as it is",
                                             d->entry->file, d->entry->line);
        }
        return 0;
}

/* One line of options as grubby writes it: one blank before each word, and nothing behind the last. */
static bool options_plain(const char *text)
{
        size_t n_lines = 0;

        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n");
                const char *value = startswith(line, "options ");

                if (strspn(line, " \t") > 0 || startswith(line, "options\t") || (value && line[n] == 0))
                        return false;
                for (const char *p = value; p && p < line + n; p++)
                        if (*p == '\t' || *p == '\r' || (*p == ' ' && (p == value || p[1] == ' ' || p[1] == '\n')))
                                return false;
                n_lines += value != NULL;
                line += n + (line[n] != 0);
        }
        return n_lines == 1;
}

/*
 * grubby is Red Hat's own editor of entries. It takes a kernel, knows only whole words, replaces what has the same key,
 * runs blanks together, and writes $kernelopts out: so it gets what it does well, and the step looks at what came of
 * it. An entry that it would make other bytes of is not for it: a power cut while it runs would leave those. Not
 * DEFAULT, which is one kernel only, and not ALL, which has the rescue entry in it.
 */
static bool grubby_can(const Edit *e, const Draft *d)
{
        return e->loader->editor && !d->shared && !d->kernelopts && d->words.removed.n == 0 && d->words.added.n > 0 &&
               options_plain(d->old) && !strpbrk(d->old, "\"'\\,");
}

static int add_grubby(const Edit *e, const Draft *d, FileStep *s)
{
        _cleanup_(kargs_done) Kargs added = {};
        _cleanup_free_ char *words = NULL;
        int r = 0;

        FOREACH_ARRAY(w, d->words.added.items, d->words.added.n)
                if (r >= 0)
                        r = string_list_add(&added.words, w->word);
        if (r < 0 || !(words = kargs_print(&added)))
                return -ENOMEM;
        r = string_list_add(&s->editor, e->loader->editor);
        if (r >= 0)
                r = string_list_addf(&s->editor, "--update-kernel=%s%s",
                                     startswith(d->entry->kernel, "/boot/") ? "" : "/boot", d->entry->kernel);
        return r < 0 ? r : string_list_addf(&s->editor, "--args=%s", words);
}

/* The rescue entries first: from the moment on in which the block changes they do not depend on it. */
static int plan_drafts(const Edit *e, bool rescue)
{
        FOREACH_ARRAY(d, e->drafts, e->n) {
                size_t before = e->plan->n;
                int r;

                if (d->entry->rescue != rescue)
                        continue;
                r = plan_edit(e->plan, CHECK_ID, d->entry->file, d->old, d->text, &d->words);
                if (r >= 0 && e->plan->n > before && grubby_can(e, d))
                        r = add_grubby(e, d, &e->plan->steps[before].file);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int plan_all(const Edit *e)
{
        int r = plan_drafts(e, true);

        if (r >= 0 && e->block)
                r = plan_edit(e->plan, CHECK_ID, e->block_file->path, e->old_block, e->block, &e->block_words);
        return r < 0 ? r : plan_drafts(e, false);
}

static int refuse(const Edit *e, int r)
{
        switch (r) {
        case -EBADMSG:
                return loader_refuse(
                        e->want, r,
                        "%s %s: repair it with \"grub2-editenv create\" (or grub-editenv), or from a backup",
                        e->block_file->path, e->problem ?: "is damaged");
        case -ENOSPC:
                return loader_refuse(e->want, r, "%s %s: shorten " KERNELOPTS " or remove other variables from it",
                                     e->block_file->path, e->problem ?: "is full");
        case -ENOTSUP:
                return e->want->reason && *e->want->reason
                               ? r
                               : loader_refuse(e->want, r, "a double quote in the options of an entry is never closed");
        default:
                return r;
        }
}

/* A new file of arguments begins with what a kernel gets now; variables are GRUB's, and wanted words come anew. */
static int words_of_model(const Edit *e, const Draft *model, Kargs *ret)
{
        _cleanup_free_ char *options = NULL;
        _cleanup_(kargs_done) Kargs all = {}, literal = {};
        int r = raw_options(model->text, &options);

        if (r >= 0)
                r = kargs_parse(options, &all);
        FOREACH_ARRAY(w, all.words.items, all.words.n)
                if (r >= 0 && !strchr(*w, '$') && !kargs_has(e->want->add, *w))
                        r = string_list_add(&literal.words, *w);
        return r < 0 ? r : kernel_cmdline_words(&literal, ret);
}

/* Kernels to come: their entries are made from a file of arguments, or else from those of the very boot. */
static int edit_kernel_cmdline(const Edit *e)
{
        const LoaderFile *f = loader_file(e->loader, KERNEL_CMDLINE_FILE);
        const Draft *model = NULL;
        _cleanup_(kargs_done) Kargs base = {};
        int r = 0;

        FOREACH_ARRAY(d, e->drafts, e->n)
                if (!d->entry->rescue && (!model || d->entry->is_default))
                        model = d;
        if (!f && e->loader->names_kernels && model && !model->kernelopts)
                r = words_of_model(e, model, &base);
        return r < 0 ? r : plan_cmdline(e->plan, e->want, KERNEL_CMDLINE_FILE, f ? f->text : NULL, &base, false);
}

static int bls_edit_loader(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        _cleanup_(edit_done) Edit e = { .loader = l, .want = want, .plan = plan };
        int r = plan_inherited(l, want, plan);

        if (r < 0 || loader_wants_nothing(want))
                return r;
        r = edit_init(&e);
        if (r >= 0)
                r = take_unwanted(&e);
        if (r >= 0)
                r = evaluate(&e);
        if (r >= 0)
                r = remove_contradictions(&e);
        if (r >= 0)
                r = add_missing(&e);
        if (r >= 0)
                r = pin_rescue_entries(&e);
        if (r >= 0)
                r = verify(&e);
        if (r >= 0)
                r = plan_all(&e);
        if (r >= 0)
                r = edit_kernel_cmdline(&e);
        return r < 0 ? refuse(&e, r) : 0;
}

const LoaderOps loader_bls = {
        .kind = LOADER_BLS,
        .read = bls_read,
        .edit = bls_edit_loader,
};
