/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/bls-place.h"

#include "base/io.h"
#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/blscfg.h"
#include "model/names.h"

/* Configurations of GRUB; the environment block is beside them. */
static const char *const directories[] = { "/boot/grub2", "/boot/grub" };

void bls_place_done(BlsPlace *p)
{
        free(p->directory);
        free(p->text);
        free(p->path);
        *p = (BlsPlace){};
}

void bls_listing_done(BlsListing *l)
{
        free(l->directory);
        string_list_done(&l->names);
        *l = (BlsListing){};
}

/* Returns 1: its configuration has the command; 0: it has not, or there is none; -ENOMEM. */
static int try_directory(int rfd, const char *directory, BlsPlace *ret)
{
        _cleanup_free_ char *file = NULL, *text = NULL;
        int r = string_printf(&file, "%s/grub.cfg", directory);

        if (r < 0)
                return r;
        r = root_read_text(rfd, file, &text);
        if (r < 0) /* loader-grub2.c tells of one that may not be read */
                return r == -ENOMEM ? r : 0;
        if (!grub_cfg_has_blscfg(text))
                return 0;
        ret->directory = strdup(directory);
        ret->text = TAKE_PTR(text);
        return ret->directory ? 1 : -ENOMEM;
}

static int try_vendors(int rfd, BlsPlace *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, BLS_VENDORS, NULL, &names);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        FOREACH_ARRAY(n, names.items, names.n) {
                _cleanup_free_ char *directory = NULL;

                if (string_printf(&directory, BLS_VENDORS "/%s", *n) < 0)
                        return -ENOMEM;
                r = try_directory(rfd, directory, ret);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* Asked for in /etc/default/grub, and no configuration is there that could say otherwise: an image in the making. */
static int try_default(int rfd, BlsPlace *ret)
{
        _cleanup_free_ char *text = NULL;
        struct stat st;
        int r = root_read_text(rfd, NAME_DEFAULT_GRUB, &text);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (!default_grub_enables_bls(text))
                return 0;
        FOREACH_ARRAY(f, directories, ELEMENTSOF(directories)) {
                _cleanup_free_ char *file = NULL;

                if (string_printf(&file, "%s/grub.cfg", *f) < 0)
                        return -ENOMEM;
                if (root_stat(rfd, file, &st) >= 0)
                        return 0;
        }
        ret->directory = strdup(root_stat(rfd, directories[1], &st) >= 0 && root_stat(rfd, directories[0], &st) < 0
                                        ? directories[1]
                                        : directories[0]);
        return ret->directory ? 1 : -ENOMEM;
}

int bls_place_find(int rfd, BlsPlace *ret)
{
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(directories) && r == 0; i++)
                r = try_directory(rfd, directories[i], ret);
        if (r == 0)
                r = try_vendors(rfd, ret);
        if (r == 0)
                r = try_default(rfd, ret);
        if (r > 0 && ret->text)
                r = blscfg_path(ret->text, &ret->path);
        return r < 0 ? r : ret->directory ? 0 : -ENOENT;
}

static int compare_names(const void *a, const void *b)
{
        return bls_compare(*(char *const *) b, *(char *const *) a);
}

/* @path: in GRUB's root. Returns 0; -ENOENT: no entries in there; other negative errno. */
static int list_directory(int rfd, const char *base, const char *path, BlsListing *ret)
{
        _cleanup_(bls_listing_done) BlsListing l = { .base = base };
        int r = string_printf(&l.directory, "%s%s", base, path);

        if (r >= 0)
                r = root_list(rfd, l.directory, ".conf", &l.names);
        if (r < 0)
                return r == -ENOTDIR ? -ENOENT : r;
        if (l.names.n == 0)
                return -ENOENT;
        qsort(l.names.items, l.names.n, sizeof(*l.names.items), compare_names);
        *ret = l;
        l = (BlsListing){};
        return 0;
}

/*
 * The path is of GRUB's root: with /boot on a file system of its own, that is below /boot here. openSUSE's GRUB starts
 * on the EFI system partition and has all in there (grub2-x86_64-efi-bls; sdbootutil, install_kernel()).
 */
int bls_place_list(int rfd, const BlsPlace *place, BlsListing *ret)
{
        static const char *const bases[] = { "/boot", "", BLS_ESP };
        const size_t n_bases = startswith(place->directory, BLS_VENDORS "/") ? 3 : 2;
        const char *const paths[] = { place->path, "/loader/entries" };
        int r = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(paths) && r == -ENOENT; i++)
                for (size_t b = 0; paths[i] && b < n_bases && r == -ENOENT; b++)
                        r = list_directory(rfd, bases[b], paths[i], ret);
        return r;
}
