/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <fcntl.h>
#include <limits.h>

#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "grub/format/bzimage.h"
#include "grub/loader/loaders.h"
#include "grub/loader/other-loaders.h"
#include "model/names.h"

static bool has_component(const char *path, const char *name)
{
        size_t n = strlen(name);

        for (const char *s = path; (s = strstr(s, name)); s++)
                if (s > path && (s[-1] == '/' || s[-1] == '-') && (s[n] == '/' || s[n] == 0))
                        return true;
        return false;
}

/* Arch Linux names kernels after their package: /boot/vmlinuz-NAME, and the release knows the name. */
static bool is_package_kernel(const Probe *p, const KernelRelease *k, const char *kernel)
{
        const char *base = strrchr(kernel, '/'), *name = base ? startswith(base, "/vmlinuz-") : NULL;
        _cleanup_free_ char *path = NULL;
        char package[256];

        if (!name || string_printf(&path, NAME_LIB_MODULES "/%s/pkgbase", k->release) < 0)
                return false;
        return root_read_attr(p->rfd, path, package, sizeof(package)) >= 0 && streq(package, name);
}

/*
 * Which file of this machine GRUB loads by this name: its paths are those of a file system, which is mounted at / or at
 * /boot, and may be in a subvolume. *ret stays NULL: that cannot be told, or no such file is there.
 */
static int find_image(const Probe *p, const char *path, char **ret)
{
        const char *boot, *own;

        own = *path == '(' ? NULL : path; /* another device's root directory is not this one */
        if (*path == '(')
                path = strchr(path, ')') ? strchr(path, ')') + 1 : "";
        if (*path != '/' || strchr(path, '$'))
                return 0;
        boot = strstr(path, NAME_BOOT "/");
        for (int i = 0; i < 3; i++) {
                const char *here = i == 1 ? boot : own;
                _cleanup_free_ char *there = NULL;

                if (i == 0 ? string_printf(&there, NAME_BOOT "%s", path) < 0 : here && string_copy(here, &there) < 0)
                        return -ENOMEM;
                if (there && probe_exists(p->rfd, there) == TRISTATE_YES) {
                        *ret = TAKE_PTR(there);
                        return 0;
                }
        }
        return 0;
}

static bool is_of_grub(const Loader *l)
{
        return l->kind == LOADER_GRUB2 || l->kind == LOADER_BLS || l->kind == LOADER_GRUB_LEGACY;
}

/* By what its kernel says itself, where no name says it: a copy that somebody keeps under one name for all releases. */
static int kernel_by_header(const Probe *p, const Facts *f, const Loader *l, const BootEntry *e, KernelRelease **ret)
{
        _cleanup_free_ char *path = NULL, *release = NULL;
        int r = is_of_grub(l) ? find_image(p, e->kernel, &path) : string_copy(e->kernel, &path);

        if (r >= 0 && path)
                r = probe_soft(bzimage_release(p->rfd, path, &release));
        FOREACH_ARRAY(k, f->kernels, release ? f->n_kernels : 0)
                if (streq(k->release, release))
                        *ret = k;
        return r;
}

int probe_kernel_of(const Probe *p, const Facts *f, const Loader *l, const BootEntry *e, KernelRelease **ret,
                    bool *ret_named)
{
        *ret = NULL;
        *ret_named = true;
        FOREACH_ARRAY(k, f->kernels, e->version ? f->n_kernels : 0)
                if (streq(k->release, e->version)) {
                        *ret = k;
                        return 0;
                }
        FOREACH_ARRAY(k, f->kernels, e->kernel ? f->n_kernels : 0)
                if (has_component(e->kernel, k->release) || is_package_kernel(p, k, e->kernel)) {
                        *ret = k;
                        return 0;
                }
        *ret_named = false;
        return !e->kernel || e->version || e->embedded || l->unused ? 0 : kernel_by_header(p, f, l, e, ret);
}

static int add_loaded(const Probe *p, const Loader *l, const BootEntry *e, KernelRelease *k)
{
        LoadedImage *image;

        if (k->initrd && streq(k->initrd, e->image)) {
                k->initrd_loaded = true;
                return 0;
        }
        FOREACH_ARRAY(other, k->loaded, k->n_loaded)
                if (streq(other->path, e->image))
                        return 0;
        image = array_grow(&k->loaded, k->n_loaded);
        if (!image)
                return -ENOMEM;
        *image = (LoadedImage){ .path = strdup(e->image),
                                .offset = e->image_offset,
                                .size = e->image_size,
                                .moves = l->makes_images,
                                .counted = e->embedded,
                                .by_tool = l->makes_images || e->embedded || e->image_size > 0,
                                .image = { .exists = probe_exists(p->rfd, e->image) == TRISTATE_YES,
                                           .modules = TRISTATE_UNKNOWN } };
        k->n_loaded++;
        return image->path ? 0 : -ENOMEM;
}

/* A plain file that an entry loads and that is there: as with fixed names, of which a hook keeps the files up to date.
 */
static int add_stray(const Probe *p, Facts *f, BootEntry *e)
{
        LoadedImage *image;

        if (e->embedded || e->image_size > 0)
                return 0;
        e->image_unseen = probe_exists(p->rfd, e->image) != TRISTATE_YES;
        if (e->image_unseen)
                return 0;
        FOREACH_ARRAY(s, f->strays, f->n_strays)
                if (streq(s->path, e->image))
                        return 0;
        image = array_grow(&f->strays, f->n_strays);
        if (!image)
                return -ENOMEM;
        *image = (LoadedImage){ .path = strdup(e->image), .image = { .exists = true, .modules = TRISTATE_UNKNOWN } };
        f->n_strays++;
        return image->path ? 0 : -ENOMEM;
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* As distributions name images, and no copy of one that somebody has put aside. */
static bool is_named_after(const char *image, const char *release)
{
        char path[PATH_MAX];
        size_t n = strlen(image) - (endswith(image, ".img") ? strlen(".img") : 0);

        if (n >= sizeof(path))
                return false;
        memcpy(path, image, n);
        path[n] = 0;
        return has_component(path, release);
}

static bool is_same_file(const Probe *p, const char *a, const char *b)
{
        struct stat x, y;

        return root_stat(p->rfd, a, &x) >= 0 && root_stat(p->rfd, b, &y) >= 0 && x.st_dev == y.st_dev &&
               x.st_ino == y.st_ino;
}

/* Have two files the same bytes? What cannot be read has not. */
static bool has_same_bytes(const Probe *p, const char *a, const char *b)
{
        _cleanup_close_ int x = root_open(p->rfd, a, O_RDONLY), y = root_open(p->rfd, b, O_RDONLY);

        return x >= 0 && y >= 0 && file_same_bytes(x, y) > 0;
}

/*
 * An entry whose kernel alone says which one it is: where its image is that of the release, be it a copy, it is kept up
 * like one that has the name. Anything else is somebody's own image.
 */
static int add_unnamed(const Probe *p, Facts *f, const Loader *l, BootEntry *e, KernelRelease *k)
{
        if (k->image.exists && e->image_size == 0 && has_same_bytes(p, e->image, k->initrd)) {
                k->in_menu = true;
                return add_loaded(p, l, e, k);
        }
        return add_stray(p, f, e);
}

/*
 * An entry of GRUB loads what it names, and not what has the name of the release because of that. An image of that
 * release which is named in another way is the one to build; what has no name of a release is somebody's own.
 */
static int add_grub_image(const Probe *p, Facts *f, const Loader *l, BootEntry *e, KernelRelease *k, bool named)
{
        _cleanup_free_ char *path = NULL;
        int r;

        if (k && k->initrd && streq(base_name(k->initrd), base_name(e->initrd))) {
                k->initrd_named = k->in_menu = true;
                return 0;
        }
        r = find_image(p, e->initrd, &path);
        e->image_unseen = r >= 0 && !path;
        if (r < 0 || !path)
                return r;
        if (k && k->image.exists && is_same_file(p, path, k->initrd)) { /* by a link, as /initrd.img of Debian is */
                k->initrd_named = k->in_menu = true;
                return 0;
        }
        e->image = TAKE_PTR(path);
        if (k && !named)
                return add_unnamed(p, f, l, e, k);
        if (!k || (k->image.exists && !is_named_after(e->image, k->release)))
                return add_stray(p, f, e);
        k->initrd_loaded |= k->initrd_named;
        if (!k->image.exists || k->initrd_named)
                return add_loaded(p, l, e, k);
        k->initrd_named = true;
        return string_replace(&k->initrd, e->image);
}

/*
 * There is nothing in /boot that the loaded images could be copies of. Then the first plain file among them is the one
 * to build, and without any a tool builds it inside of something else.
 */
static void choose_source(KernelRelease *k)
{
        if (k->image.exists || k->n_loaded == 0)
                return;
        free(k->initrd);
        k->initrd = NULL;
        for (size_t i = 0; i < k->n_loaded; i++) {
                LoadedImage *l = k->loaded + i;

                if (l->by_tool)
                        continue;
                k->initrd = l->path;
                k->initrd_loaded = true;
                k->image = l->image;
                k->n_loaded--;
                memmove(l, l + 1, (k->n_loaded - i) * sizeof(*l));
                return;
        }
}

/* Loaders whose entries name the image themselves. Of what is not in the entry, a tool knows. */
static bool loads_none(const Loader *l, const BootEntry *e)
{
        return (is_of_grub(l) || l->kind == LOADER_SYSTEMD_BOOT) && e->kernel && !e->hypervisor && !e->initrd &&
               !e->image && !e->embedded;
}

/* What an entry loads as its initramfs, and whose that is. */
static int add_entry(const Probe *p, Facts *f, const Loader *l, BootEntry *e)
{
        KernelRelease *k = NULL;
        bool named = false;
        int r = e->rescue ? 0 : probe_kernel_of(p, f, l, e, &k, &named);

        if (r < 0)
                return r;
        e->image_none = loads_none(l, e);
        if (!e->image && e->initrd && !e->rescue && !l->unused && is_of_grub(l))
                r = add_grub_image(p, f, l, e, k, named);
        else if (k && e->image && named)
                r = add_loaded(p, l, e, k);
        else if (k && e->image)
                r = add_unnamed(p, f, l, e, k);
        else if (e->image && !e->version && !e->rescue && !l->unused)
                r = add_stray(p, f, e);
        if (k && named && !e->image_unseen && !e->image_none)
                k->in_menu = true;
        return r;
}

/* Which loaders there are and how their files are read is the business of grub/. */
int probe_loader(const Probe *p, Facts *f)
{
        int r = loaders_read(p->rfd, &f->loaders, &f->n_loaders);

        if (r >= 0)
                r = other_loaders_read(p->rfd, &f->others, &f->n_others);
        if (r >= 0)
                r = loaders_set_aside_others(p->rfd, f->loaders, f->n_loaders, f->others, &f->n_others);
        if (r < 0)
                return r;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->n_entries) {
                        r = add_entry(p, f, l, e);
                        if (r < 0)
                                return r;
                }
        FOREACH_ARRAY(k, f->kernels, f->n_kernels)
                choose_source(k);
        return 0;
}
