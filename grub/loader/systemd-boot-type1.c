/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "grub/loader/systemd-boot-reader.h"
#include "grub/loader/systemd-boot.h"
#include "model/names.h"

/* Type 1 entries of a partition: files of their own, whose options count. */

/* Where a file of an entry is; systemd-boot takes both kinds of slash (src/boot/util.c, xstr8_to_path()). */
static char *path_of(const SdRoot *root, const char *value)
{
        _cleanup_free_ char *slashes = strdup(value);

        for (char *c = slashes; c && *c; c++)
                if (*c == '\\')
                        *c = '/';
        return slashes ? path_join(root->path, slashes) : NULL;
}

/*
 * What a type 1 entry starts. Returns 1: Linux; 0: another program, or a file that is not there.
 * @path: of the entry. A file that is not there leaves the entry alone, and that is told.
 * @u: set where it is a unified kernel image.
 */
static int type1_kernel(const SdReader *r, const SdRoot *root, const char *path, const BlsEntry *entry,
                        const Kargs *arguments, Uki *u, char **ret_path)
{
        static const char *const keys[] = { "linux", "uki", "efi" };
        const char *value = NULL, *key = NULL;
        size_t from = 0;
        int k = 0;

        for (size_t i = 0; i < ELEMENTSOF(keys) && !value; i++) {
                key = keys[i];
                value = bls_value(entry, BLS_SYSTEMD, key);
        }
        if (!value)
                return 0;
        *ret_path = path_of(root, value);
        if (!*ret_path)
                return -ENOMEM;
        /* A bare kernel is a PE file too, with no section that counts here. */
        k = uki_read_path(r->rfd, *ret_path, u);
        if (k == -ENOMEM)
                return k;
        /* boot.c, boot_entry_add_type1(): such an entry is not in the menu. One that has been edited stays one: its
         * words, and the claim image that it names, have to go when all else goes, as its kernel may come back. */
        if ((k == -ENOENT || k == -ENOTDIR) && !kargs_has(arguments, KARG_CLAIM))
                return string_list_addf(&r->loader->left_alone, "%s (%s is not there)", path, *ret_path);
        if (k >= 0 && !u->kernel)
                uki_done(u);
        if (k >= 0 && u->kernel)
                return 1;
        if (!streq(key, "efi"))
                return 1;
        return bls_value(entry, BLS_SYSTEMD, "initrd") || kargs_next(arguments, "root", &from) ? 1 : 0;
}

/*
 * An image that an entry of type 1 names gets the entry's options in the place of its own, unless Secure Boot is on.
 */
static int complete_image(const SdReader *r, BootEntry *e, const Uki *u, const char *path)
{
        const UkiProfile *p = u->profiles;
        int k = 0;

        e->image = strdup(path);
        if (!e->version && u->release)
                e->version = strdup(u->release);
        if (!e->image || (u->release && !e->version))
                return -ENOMEM;
        e->image_offset = p->initrd.offset;
        e->image_size = p->initrd.size;
        if (p->cmdline && (r->secure_boot == TRISTATE_YES || e->arguments.words.n == 0)) {
                kargs_done(&e->arguments);
                e->embedded = true;
                k = kargs_parse(p->cmdline, &e->arguments);
        }
        return k < 0 ? k : sd_add_addons(r, path, e);
}

/* What comes of an entry on this machine. */
static int complete_type1(const SdReader *r, const SdRoot *root, const Uki *u, BootEntry *e)
{
        if (u->kernel)
                return complete_image(r, e, u, e->kernel);
        e->image = e->initrd ? path_join(root->path, e->initrd) : NULL;
        return e->initrd && !e->image ? -ENOMEM : 0;
}

static int read_type1(SdReader *r, const SdRoot *root, const char *name)
{
        Loader *l = r->loader;
        _cleanup_(bls_entry_done) BlsEntry entry = {};
        _cleanup_(boot_entry_done) BootEntry made = {};
        _cleanup_(uki_done) Uki u = {};
        _cleanup_free_ char *path = NULL, *kernel = NULL;
        BootEntry *e;
        bool exhausted;
        int k;

        if (string_printf(&path, "%s/" SD_TYPE1_DIR "/%s", root->path, name) < 0)
                return -ENOMEM;
        k = sd_read_source(r->rfd, l, path);
        if (k <= 0)
                return k;
        k = bls_parse(l->files[l->n_files - 1].text, &entry);
        if (k >= 0)
                k = bls_boot_entry(&entry, BLS_SYSTEMD, name, path, NULL, 0, &made);
        if (k >= 0)
                k = type1_kernel(r, root, path, &entry, &made.arguments, &u, &kernel);
        if (k <= 0)
                return k;
        free(made.kernel);
        made.kernel = TAKE_PTR(kernel);
        made.id = boot_entry_id(name, &exhausted);
        if (!made.id)
                return -ENOMEM;
        e = array_grow(&l->entries, l->n_entries);
        if (!e)
                return -ENOMEM;
        l->n_entries++;
        *e = made;
        made = (BootEntry){};
        k = complete_type1(r, root, &u, e);
        if (k >= 0)
                k = sd_note_obstacle(r, e);
        if (k < 0)
                return k;
        return sd_menu_add(r, &(SdMenuItem){ .index = l->n_entries - 1,
                                             .name = (char *) name,
                                             .sort_key = (char *) bls_last_value(&entry, "sort-key"),
                                             .machine_id = (char *) bls_last_value(&entry, "machine-id"),
                                             .version = (char *) bls_last_value(&entry, "version"),
                                             .exhausted = exhausted });
}

int sd_read_entries(SdReader *r, const SdRoot *root)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *directory = path_join(root->path, SD_TYPE1_DIR);
        int k = directory ? root_list(r->rfd, directory, ".conf", &names) : -ENOMEM;

        if (k < 0)
                return k == -ENOENT || k == -ENOTDIR ? 0 : k;
        for (size_t i = 0; k >= 0 && i < names.n; i++)
                k = read_type1(r, root, names.items[i]);
        return k < 0 ? k : 0;
}
