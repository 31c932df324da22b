/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/bls-place.h"

#include "base/io.h"
#include "base/text.h"
#include "grub/format/blscfg.h"
#include "model/names.h"

/* Configurations of GRUB; the environment block is beside them. */
static const char *const folders[] = { "/boot/grub2", "/boot/grub" };

void bls_place_done(BlsPlace *p)
{
        free(p->folder);
        free(p->text);
        free(p->path);
        *p = (BlsPlace){};
}

/* Returns 1: its configuration has the command; 0: it has not, or there is none; -ENOMEM. */
static int try_folder(int rfd, const char *folder, BlsPlace *ret)
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

static int try_vendors(int rfd, BlsPlace *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, BLS_VENDORS, NULL, &names);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        FOREACH_ARRAY(n, names.items, names.n) {
                _cleanup_free_ char *folder = NULL;

                if (string_printf(&folder, BLS_VENDORS "/%s", *n) < 0)
                        return -ENOMEM;
                r = try_folder(rfd, folder, ret);
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

int bls_place_find(int rfd, BlsPlace *ret)
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
