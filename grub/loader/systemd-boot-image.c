/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "grub/format/uki-addon.h"
#include "grub/loader/systemd-boot-reader.h"
#include "grub/loader/systemd-boot.h"

/* Unified kernel images of a partition, and what their addons append. */

/* Words of an addon stand behind those of the image, its initramfs is unpacked behind all others. Under Secure Boot one
 * without a signature is not loaded. */
static int add_addon(const SdReader *r, const char *path, BootEntry *entry)
{
        _cleanup_(uki_done) Uki addon = {};
        _cleanup_(kargs_done) Kargs more = {};
        int e = uki_read_path(r->rfd, path, &addon);

        if (e == -ENOMEM)
                return e;
        if (e < 0 || addon.kernel || (r->secure_boot == TRISTATE_YES && !addon.has_signature))
                return 0;
        if (addon.profiles[0].initrd.size > 0 && !entry->no_addon)
                e = string_list_add(&entry->early, path);
        if (e >= 0)
                e = kargs_parse(addon.profiles[0].cmdline ?: "", &more);
        return e < 0 ? e : boot_entry_append(entry, &more, path);
}

int sd_list_addons(int rfd, const char *directory, StringList *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, directory, ".addon.efi", &names);

        for (size_t i = 0; r >= 0 && i < names.n; i++)
                r = string_list_addf(ret, "%s/%s", directory, names.items[i]);
        return r == -ENOMEM ? r : 0;
}

int sd_add_addons(const SdReader *r, const char *image, BootEntry *entry)
{
        _cleanup_(string_list_done) StringList own = {};
        _cleanup_free_ char *directory = NULL;
        int e;

        if (string_printf(&directory, "%s.extra.d", image) < 0)
                return -ENOMEM;
        e = sd_list_addons(r->rfd, directory, &own);
        FOREACH_ARRAY(root, r->roots, r->n_roots)
                for (size_t i = 0; e >= 0 && i < root->addons.n; i++)
                        e = add_addon(r, root->addons.items[i], entry);
        for (size_t i = 0; e >= 0 && i < own.n; i++)
                e = add_addon(r, own.items[i], entry);
        return e;
}

/*
 * Why no addon of ptprep's, which nobody has signed, can bring an initramfs to this image; NULL: one can. Stubs before
 * that of systemd 257 take no .initrd of it, and those of others nothing at all.
 */
static const char *addon_obstacle(const SdReader *r, const Uki *u)
{
        if (!u->x64)
                return "it boots unified kernel images that are not for x86-64";
        if (u->stub < UKI_ADDON_STUB_VERSION)
                return "it boots unified kernel images, which have their initramfs in them, and not all with "
                       "systemd-stub 257 or later, which loads addons beside that";
        if (r->secure_boot == TRISTATE_YES)
                return "it boots unified kernel images, which have their initramfs in them, and Secure Boot, which is "
                       "on, loads no addon beside that without a signature";
        if (r->secure_boot == TRISTATE_UNKNOWN)
                return "it boots unified kernel images, which have their initramfs in them, and whether Secure Boot "
                       "would load an addon beside that without a signature cannot be told from here";
        return NULL;
}

/* A kernel that kernel-install can be given for a release. *ret stays NULL: there is none. */
static int find_kernel(int rfd, const char *release, char **ret)
{
        static const char *const places[] = { "/usr/lib/modules/%s/vmlinuz", "/lib/modules/%s/vmlinuz",
                                              "/boot/vmlinuz-%s" };

        for (size_t i = ELEMENTSOF(places); i-- > 0;) {
                const char *mark = strchr(places[i], '%');
                _cleanup_free_ char *path = NULL;
                struct stat st;

                if (string_printf(&path, "%.*s%s%s", (int) (mark - places[i]), places[i], release, mark + 2) < 0)
                        return -ENOMEM;
                if (root_stat(rfd, path, &st) >= 0 && S_ISREG(st.st_mode)) {
                        *ret = TAKE_PTR(path);
                        return 0;
                }
        }
        return 0;
}

/* Is this an image that kernel-install made, and can make again? Its name is TOKEN-RELEASE.efi (90-uki-copy.install).
 */
static int find_source(const SdReader *r, BootEntry *e)
{
        _cleanup_free_ char *tail = NULL;
        const char *end;

        if (r->layout != KERNEL_LAYOUT_UKI || !e->version)
                return 0;
        if (string_printf(&tail, "-%s.efi", e->version) < 0)
                return -ENOMEM;
        end = strstr(e->id, tail);
        if (!end || end == e->id)
                return 0;
        return find_kernel(r->rfd, e->version, &e->source);
}

int sd_note_obstacle(const SdReader *r, BootEntry *e)
{
        if (!e->embedded || e->source)
                return 0;
        if (string_printf(
                    &e->obstacle,
                    "%s has its kernel command line built in%s, and kernel-install does not make it here (that takes "
                    "layout=uki in /etc/kernel/install.conf, ukify, and a kernel in /lib/modules)",
                    e->kernel,
                    r->secure_boot == TRISTATE_YES ? ", which under Secure Boot no boot loader option replaces" : "") <
            0)
                return -ENOMEM;
        return 0;
}

/* One menu entry of an image. @name: of the file. @path: of it. */
static int add_profile(SdReader *r, const char *name, const char *path, const Uki *u, size_t i)
{
        Loader *l = r->loader;
        const UkiProfile *p = u->profiles + i;
        BootEntry *e = array_grow(&l->entries, l->n_entries);
        _cleanup_free_ char *id = NULL;
        bool exhausted;
        int k;

        if (!e)
                return -ENOMEM;
        l->n_entries++;
        id = boot_entry_id(name, &exhausted);
        if (!id)
                return -ENOMEM;
        if (string_printf(&e->id, "%s%s%s", id, i > 0 ? "@" : "", i > 0 ? p->id ?: "" : "") < 0)
                return -ENOMEM;
        e->title = strdup(p->title ?: u->name ?: id);
        e->kernel = strdup(path);
        e->file = strdup(path);
        e->image = strdup(path);
        e->version = u->release ? strdup(u->release) : NULL;
        if (!e->title || !e->kernel || !e->file || !e->image || (u->release && !e->version))
                return -ENOMEM;
        e->image_offset = p->initrd.offset;
        e->image_size = p->initrd.size;
        e->embedded = true;
        e->no_addon = addon_obstacle(r, u);
        k = kargs_parse(p->cmdline ?: "", &e->arguments);
        if (k >= 0)
                k = sd_add_addons(r, path, e);
        if (k >= 0)
                k = find_source(r, e);
        if (k < 0)
                return k;
        k = sd_note_obstacle(r, e);
        if (k < 0)
                return k;
        return sd_menu_add(r, &(SdMenuItem){ .index = l->n_entries - 1,
                                             .name = (char *) name,
                                             .sort_key = u->sort_key,
                                             .version = u->os_version,
                                             .profile = (unsigned) i,
                                             .exhausted = exhausted });
}

int sd_read_images(SdReader *r, const SdRoot *root)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *directory = path_join(root->path, SD_UKI_DIR);
        int k = directory ? root_list(r->rfd, directory, NULL, &names) : -ENOMEM;

        if (k < 0)
                return k == -ENOENT || k == -ENOTDIR ? 0 : k;
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_(uki_done) Uki u = {};
                _cleanup_free_ char *path = NULL;
                size_t n = strlen(*name);

                if (n < 4 || strcasecmp(*name + n - 4, ".efi") != 0)
                        continue;
                path = path_join(directory, *name);
                if (!path)
                        return -ENOMEM;
                k = uki_read_path(r->rfd, path, &u);
                if (k == -EACCES || k == -ENOMEM)
                        return k;
                for (size_t i = 0; k >= 0 && u.kernel && i < u.n_profiles; i++) {
                        int e = add_profile(r, *name, path, &u, i);

                        if (e < 0)
                                return e;
                }
        }
        return 0;
}
