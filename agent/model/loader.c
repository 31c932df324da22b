/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader.h"

#include "table.h"
#include "text.h"

static const char *const loader_kind_table[_LOADER_MAX] = {
        [LOADER_GRUB2] = "grub2", [LOADER_SYSTEMD_BOOT] = "systemd-boot",
        [LOADER_UKI] = "uki",     [LOADER_GRUB_LEGACY] = "grub-legacy",
        [LOADER_BLS] = "bls",     [LOADER_OSTREE] = "ostree",
        [LOADER_BOOTC] = "bootc", [LOADER_PROXMOX] = "proxmox",
};

DEFINE_STRING_TO(loader_kind, LoaderKind)

void other_loader_done(OtherLoader *o)
{
        free(o->name);
        free(o->found);
        free(o->where);
        free(o->text);
        *o = (OtherLoader){};
}

void other_loaders_free(OtherLoader *list, size_t n)
{
        FOREACH_ARRAY(o, list, n)
                other_loader_done(o);
        free(list);
}

void boot_once_done(BootOnce *o)
{
        free(o->id);
        free(o->place);
        free(o->cure);
        *o = (BootOnce){};
}

void loader_done(Loader *l)
{
        FOREACH_ARRAY(f, l->files, l->n_files) {
                free(f->path);
                free(f->text);
        }
        free(l->files);
        FOREACH_ARRAY(v, l->variables, l->n_variables) {
                free(v->name);
                free(v->value);
                free(v->file);
        }
        free(l->variables);
        boot_entries_free(l->entries, l->n_entries);
        boot_once_done(&l->once);
        free(l->generated);
        free(l->early_directory);
        free(l->drop_in);
        free(l->obstacle);
        string_list_done(&l->mkconfig);
        string_list_done(&l->generated_too);
        string_list_done(&l->left_alone);
        string_list_done(&l->unreadable);
        free(l->editor);
        free(l->unseen);
        free(l->unused);
        *l = (Loader){};
}

void loaders_free(Loader *loaders, size_t n)
{
        FOREACH_ARRAY(l, loaders, n)
                loader_done(l);
        free(loaders);
}

void boot_entry_done(BootEntry *e)
{
        free(e->id);
        free(e->title);
        free(e->kernel);
        free(e->initrd);
        string_list_done(&e->early);
        free(e->hypervisor);
        free(e->untold);
        free(e->file);
        free(e->version);
        free(e->image);
        free(e->source);
        free(e->obstacle);
        kargs_done(&e->arguments);
        FOREACH_ARRAY(o, e->origins, e->n_origins)
                free(o->path);
        free(e->origins);
        kernel_line_done(&e->built_in);
        kargs_done(&e->effective);
        *e = (BootEntry){};
}

void boot_entries_free(BootEntry *entries, size_t n)
{
        FOREACH_ARRAY(e, entries, n)
                boot_entry_done(e);
        free(entries);
}

int boot_entry_append(BootEntry *e, const Kargs *more, const char *path)
{
        ArgumentOrigin *o;

        if (more->words.n == 0)
                return 0;
        o = array_grow(&e->origins, e->n_origins);
        if (!o)
                return -ENOMEM;
        *o = (ArgumentOrigin){ .first = e->arguments.words.n, .n = more->words.n, .path = strdup(path) };
        if (!o->path)
                return -ENOMEM;
        e->n_origins++;
        FOREACH_ARRAY(w, more->words.items, more->words.n) {
                int r = string_list_add(&e->arguments.words, *w);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Which word of a list one is, or is a part of; the number of words: none. */
static size_t position(const Kargs *k, const char *word)
{
        size_t i = 0;

        while (i < k->words.n && !(word >= k->words.items[i] && word <= strchr(k->words.items[i], 0)))
                i++;
        return i;
}

/* Where in the words that count are those of the boot loader? */
static size_t first_of_loader(const BootEntry *e)
{
        return e->built_in.behind ? 0 : e->built_in.words.words.n;
}

static bool is_built_in(const BootEntry *e, size_t i)
{
        return e->built_in.behind ? i >= e->arguments.words.n && i < e->effective.words.n
                                  : i < e->built_in.words.words.n;
}

const char *boot_entry_origin(const BootEntry *e, const char *word)
{
        size_t i = position(&e->arguments, word), k = position(&e->effective, word);

        if (k < e->effective.words.n && !is_built_in(e, k))
                i = k - first_of_loader(e);
        FOREACH_ARRAY(o, e->origins, i < e->arguments.words.n ? e->n_origins : 0)
                if (i >= o->first && i < o->first + o->n)
                        return o->path;
        return NULL;
}

const Kargs *boot_entry_words(const BootEntry *e)
{
        return e->built_in.file ? &e->effective : &e->arguments;
}

static int add_words(Kargs *to, const Kargs *from)
{
        int r = 0;

        for (size_t i = 0; i < from->words.n && r >= 0; i++)
                r = string_list_add(&to->words, from->words.items[i]);
        return r;
}

int boot_entry_build_in(BootEntry *e, const KernelLine *l)
{
        int r = kernel_line_copy(l, &e->built_in);

        if (r >= 0 && l->behind)
                r = add_words(&e->effective, &e->arguments);
        if (r >= 0)
                r = add_words(&e->effective, &l->words);
        return r < 0 || l->behind || l->alone ? r : add_words(&e->effective, &e->arguments);
}

bool boot_entry_word_built_in(const BootEntry *e, const char *word)
{
        return is_built_in(e, position(&e->effective, word));
}

bool boot_entry_loads_early(const BootEntry *e, const char *name)
{
        FOREACH_ARRAY(path, e->early.items, e->early.n)
                if (streq(path_base(*path), name))
                        return true;
        return false;
}

const char *boot_entry_line(const BootEntry *e, char buf[16])
{
        (void) snprintf(buf, 16, ":%u", e->line);
        return e->line > 0 ? buf : "";
}

int loader_add_file(Loader *l, const char *path, char **text, size_t size)
{
        char *copy = strdup(path);
        LoaderFile *f = copy ? array_grow(&l->files, l->n_files) : NULL;

        if (!f) {
                free(copy);
                return -ENOMEM;
        }
        *f = (LoaderFile){ copy, TAKE_PTR(*text), size };
        l->n_files++;
        return 0;
}

const char *loader_foreign_place(const Loader *l, const BootEntry *e)
{
        return streq_null(e->file, l->generated) || string_list_contains(&l->generated_too, e->file ?: "")
                       ? "where it is written, in /etc/grub.d"
                       : "there";
}

const LoaderFile *loader_file(const Loader *l, const char *path)
{
        FOREACH_ARRAY(f, l->files, l->n_files)
                if (streq(f->path, path))
                        return f;
        return NULL;
}

const LoaderVariable *loader_variable(const Loader *l, const char *name)
{
        FOREACH_ARRAY(v, l->variables, l->n_variables)
                if (streq(v->name, name))
                        return v;
        return NULL;
}
