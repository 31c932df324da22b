/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/gvariant.h"
#include "grub/loader/ostree-edit.h"
#include "model/names.h"

/*
 * Systems of OSTree: rpm-ostree makes a new deployment, with its own boot entry, of every change. Entries are read
 * here, and changed by rpm-ostree only; those of older deployments stay as they are, which is the way back. While a
 * system runs, the new deployment is staged: its arguments stand in a file below /run, and its entry is written at
 * shutdown. Sources: ostree ostree-sysroot-deploy.c, ostree_sysroot_stage_tree_with_options(); rpm-ostree
 * rpmostree-builtin-kargs.cxx.
 */

#define ENTRIES      "/boot/loader/entries"
#define STAGED       "/run/ostree/staged-deployment"
#define STAGED_MAX   (256U * 1024)
#define REGENERATION "regenerate-initramfs=true"

/* Absolute paths on the boot partition, which /boot is or has below it. */
static int boot_path(int rfd, const char *path, char **ret)
{
        _cleanup_free_ char *below = NULL;
        struct stat st;

        if (string_printf(&below, "/boot%s%s", *path == '/' ? "" : "/", path) < 0)
                return -ENOMEM;
        if (root_stat(rfd, below, &st) < 0 && root_stat(rfd, path, &st) >= 0) {
                *ret = strdup(path);
                return *ret ? 0 : -ENOMEM;
        }
        *ret = TAKE_PTR(below);
        return 0;
}

static char *release_of(const char *kernel)
{
        const char *base = strrchr(kernel, '/'), *release = base ? startswith(base, "/vmlinuz-") : NULL;

        return release ? strdup(release) : NULL;
}

/* Deployments are numbered; the highest is the one that boots. */
static unsigned long entry_number(const BlsEntry *entry)
{
        const char *version = bls_value(entry, BLS_SYSTEMD, "version");

        return version ? strtoul(version, NULL, 10) : 0;
}

/* Returns 1: added, and *ret_number is its number; 0: no entry of OSTree's; -ENOMEM. */
static int read_entry(int rfd, Loader *l, const char *name, unsigned long *ret_number)
{
        _cleanup_(bls_entry_done) BlsEntry entry = {};
        _cleanup_free_ char *path = NULL, *text = NULL;
        const char *kernel;
        BootEntry *e;
        int r;

        if (string_printf(&path, ENTRIES "/%s", name) < 0)
                return -ENOMEM;
        r = root_read_text(rfd, path, &text);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return 0;
        r = bls_parse(text, &entry);
        if (r < 0)
                return r;
        kernel = bls_value(&entry, BLS_SYSTEMD, "linux");
        if (!kernel)
                return 0;
        e = array_grow(&l->entries, l->n_entries);
        if (!e)
                return -ENOMEM;
        l->n_entries++;
        r = bls_boot_entry(&entry, BLS_SYSTEMD, name, path, NULL, 0, e);
        if (r >= 0)
                r = string_copy(name, &e->id);
        if (r < 0)
                return r;
        free(e->version); /* that is the number of the deployment */
        e->version = release_of(kernel);
        if (e->initrd)
                r = boot_path(rfd, e->initrd, &e->image);
        *ret_number = entry_number(&entry);
        return r < 0 ? r : 1;
}

/* The kernel of a deployment's own tree, and its image beside it. */
static int find_deployed_kernel(int rfd, const char *deployment, BootEntry *e)
{
        _cleanup_(string_list_done) StringList releases = {};
        _cleanup_free_ char *directory = NULL;
        int r;

        if (string_printf(&directory, "%s/usr/lib/modules", deployment) < 0)
                return -ENOMEM;
        r = root_list(rfd, directory, NULL, &releases);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        FOREACH_ARRAY(release, releases.items, releases.n) {
                _cleanup_free_ char *image = NULL;
                struct stat st;

                if (string_printf(&image, "%s/%s/initramfs.img", directory, *release) < 0)
                        return -ENOMEM;
                if (root_stat(rfd, image, &st) < 0)
                        continue;
                e->image = TAKE_PTR(image);
                e->version = strdup(*release);
                return e->version ? 0 : -ENOMEM;
        }
        return 0;
}

/*
 * Returns 1: there is one; 0: none; -EBADMSG: not to be understood; other negative errno. @ret_deployment: its tree;
 * owned by the caller.
 */
static int read_staged(int rfd, Loader *l, char **ret_deployment)
{
        _cleanup_free_ char *data = NULL;
        const char *name = NULL, *os = NULL;
        GVariantSpan staged, target, value;
        BootEntry *e;
        size_t size;
        int r = root_read_file(rfd, STAGED, STAGED_MAX, &data, &size);

        if (r < 0)
                return r == -ENOENT || r == -ENOTDIR ? 0 : r;
        staged = (GVariantSpan){ (const unsigned char *) data, size };
        if (gvariant_lookup(staged, "target", "a{sv}", &target)) {
                name = gvariant_lookup(target, "name", "s", &value) ? gvariant_string(value) : NULL;
                os = gvariant_lookup(target, "osname", "s", &value) ? gvariant_string(value) : NULL;
        }
        if (!name || !os || strchr(name, '/') || strchr(os, '/') || !gvariant_lookup(staged, "kargs", "as", &value))
                return -EBADMSG;
        if (string_printf(ret_deployment, "/ostree/deploy/%s/deploy/%s", os, name) < 0)
                return -ENOMEM;
        e = array_grow(&l->entries, l->n_entries);
        if (!e)
                return -ENOMEM;
        l->n_entries++;
        e->id = strdup(name);
        e->title = strdup("staged deployment");
        e->kernel = strdup(*ret_deployment);
        e->file = strdup(STAGED);
        if (!e->id || !e->title || !e->kernel || !e->file)
                return -ENOMEM;
        r = gvariant_strings(value, &e->arguments.words);
        if (r >= 0)
                r = find_deployed_kernel(rfd, *ret_deployment, e);
        return r < 0 ? r : 1;
}

/* The tree that an entry boots: ostree=/ostree/boot.N/OS/CHECKSUM/M is a link to it. *ret stays NULL: not known. */
static int find_deployment(int rfd, const BootEntry *e, char **ret)
{
        _cleanup_free_ char *target = NULL;
        const char *value, *tail;
        size_t from = 0;
        int r;

        value = kargs_next(&e->arguments, "ostree", &from);
        if (!value || *value != '/')
                return 0;
        r = root_readlink(rfd, value, &target);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        tail = strstr(target, "deploy/");
        if (!tail)
                return 0;
        if (string_printf(ret, "/ostree/%s", tail) < 0)
                return -ENOMEM;
        return 0;
}

/* Is the image of a deployment made here, or does it come with the system? Untouched where that cannot be told. */
static int read_origin(int rfd, const char *deployment, Tristate *ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        int r;

        if (!deployment)
                return 0;
        if (string_printf(&path, "%s.origin", deployment) < 0)
                return -ENOMEM;
        r = root_read_text(rfd, path, &text);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        *ret = strstr(text, REGENERATION) ? TRISTATE_YES : TRISTATE_NO;
        return 0;
}

static int read_entries(int rfd, Loader *l)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *deployment = NULL;
        unsigned long highest = 0, number = 0;
        size_t chosen = 0;
        int r = root_list(rfd, ENTRIES, ".conf", &names), staged;

        if (r < 0)
                return r;
        FOREACH_ARRAY(name, names.items, names.n) {
                r = startswith(*name, "ostree-") ? read_entry(rfd, l, *name, &number) : 0;
                if (r < 0)
                        return r;
                if (r > 0 && number >= highest) {
                        highest = number;
                        chosen = l->n_entries - 1;
                }
        }
        staged = read_staged(rfd, l, &deployment);
        if (staged < 0)
                return staged; /* what boots next cannot be told */
        if (staged > 0)
                chosen = l->n_entries - 1;
        for (size_t i = 0; i < l->n_entries; i++) {
                l->entries[i].is_default = i == chosen;
                l->entries[i].rescue = i != chosen; /* older deployments are the way back */
        }
        if (l->n_entries == 0)
                return 0;
        r = deployment ? 0 : find_deployment(rfd, l->entries + chosen, &deployment);
        return r < 0 ? r : read_origin(rfd, deployment, &l->regenerates);
}

static int ostree_read(int rfd, Loader *ret)
{
        static const char *const tools[] = { "/usr/bin/" OSTREE_TOOL, "/bin/" OSTREE_TOOL };
        _cleanup_(loader_done) Loader l = { .kind = LOADER_OSTREE,
                                            .readable = TRISTATE_YES,
                                            .alone = true,
                                            .makes_images = true,
                                            .regenerates = TRISTATE_UNKNOWN };
        struct stat st;
        int r;

        if (root_stat(rfd, NAME_RUN_OSTREE_BOOTED, &st) >= 0)
                l.booted = BOOTED_YES;
        else if (root_stat(rfd, "/ostree/deploy", &st) < 0)
                return -ENOENT;
        r = read_entries(rfd, &l);
        if (r == -ENOMEM)
                return r;
        if (r == -ENOENT && l.booted != BOOTED_YES)
                return -ENOENT;
        if (r < 0)
                l.readable = TRISTATE_NO;
        if (root_first(rfd, tools, ELEMENTSOF(tools)))
                r = string_list_add(&l.mkconfig, OSTREE_TOOL);
        if (r == -ENOMEM)
                return r;
        *ret = l;
        l = (Loader){};
        return 0;
}

/* rpm-ostree makes that image, and OSTree the entry. */
static const char *ostree_early_obstacle(const Loader *l)
{
        (void) l;
        return "the entry of a deployment has the one image that is made for it, and is made anew with the next";
}

const LoaderOps loader_ostree = {
        .kind = LOADER_OSTREE,
        .read = ostree_read,
        .edit = ostree_edit,
        .early_obstacle = ostree_early_obstacle,
};
