/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader.h"

#include "table.h"

static const char *const loader_kind_table[_LOADER_MAX] = {
        [LOADER_GRUB2] = "grub2", [LOADER_SYSTEMD_BOOT] = "systemd-boot",
        [LOADER_UKI] = "uki",     [LOADER_GRUB_LEGACY] = "grub-legacy",
        [LOADER_BLS] = "bls",     [LOADER_OSTREE] = "ostree",
        [LOADER_BOOTC] = "bootc", [LOADER_PROXMOX] = "proxmox",
};

DEFINE_STRING_TO(loader_kind, LoaderKind)

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
        free(l->generated);
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
        free(e->untold);
        free(e->file);
        free(e->version);
        free(e->image);
        free(e->source);
        free(e->obstacle);
        kargs_done(&e->arguments);
        *e = (BootEntry){};
}

void boot_entries_free(BootEntry *entries, size_t n)
{
        FOREACH_ARRAY(e, entries, n)
                boot_entry_done(e);
        free(entries);
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
