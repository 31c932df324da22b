/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/image-verify.h"

#include "base/io.h"
#include "base/parse.h"
#include "grub/format/uki.h"
#include "initramfs/query.h"
#include "model/image.h"
#include "model/names.h"

#define HELPER_MAX_BYTES (4U * 1024 * 1024)

int image_wanted_digest(int rfd, uint64_t *ret)
{
        _cleanup_free_ char *claims = NULL, *helper = NULL;
        size_t size;
        int r = root_read_text(rfd, NAME_CLAIMS, &claims);

        if (r == -ENOENT) {
                *ret = 0;
                return 0;
        }
        if (r >= 0)
                r = root_read_file(rfd, NAME_CLAIM_HELPER, HELPER_MAX_BYTES, &helper, &size);
        if (r < 0)
                return r;
        *ret = image_digest(claims, fnv1a(FNV_START, helper, size));
        return 0;
}

/* The initramfs of a unified kernel image is a part of it; all other files are images as a whole. */
static int image_part(int rfd, const char *path, uint64_t *ret_offset, uint64_t *ret_size)
{
        _cleanup_(uki_done) Uki u = {};
        int r;

        *ret_offset = *ret_size = 0;
        if (!endswith(path, ".efi"))
                return 0;
        r = uki_read_path(rfd, path, &u);
        if (r < 0)
                return r;
        if (u.profiles->initrd.size == 0)
                return -EBADMSG;
        *ret_offset = u.profiles->initrd.offset;
        *ret_size = u.profiles->initrd.size;
        return 0;
}

int image_inside_digest(int rfd, const char *path, const StringList *modules, uint64_t *ret, InitrdSeen *ret_seen)
{
        uint64_t offset, size;
        ImageQuery q;
        int r;

        image_query_init(&q, &(const Config){}, &(const KernelRelease){});
        for (size_t i = 0; i < modules->n && q.n < IMAGE_ITEMS_MAX; i++)
                q.items[q.n++] = (InitrdItem){ .name = modules->items[i], .module = true };
        r = image_part(rfd, path, &offset, &size);
        if (r >= 0)
                r = initrd_inspect_part(rfd, path, offset, size, q.items, q.n, ret_seen);
        if (r < 0)
                return r;
        if (image_query_modules(&q) == TRISTATE_NO)
                return -ENOENT;
        *ret = image_query_digest(&q);
        return 0;
}

int image_verify(int rfd, const char *path, uint64_t offset, uint64_t size)
{
        uint64_t wanted;
        ImageQuery q;
        int r = image_wanted_digest(rfd, &wanted);

        if (r < 0 || wanted == 0)
                return r;
        image_query_init(&q, &(const Config){}, &(const KernelRelease){});
        r = initrd_inspect_part(rfd, path, offset, size, q.items, q.n, NULL);
        if (r < 0)
                return r;
        return image_query_digest(&q) == wanted ? 0 : -EPROTO;
}

int image_verify_trial(int rfd, const char *trial, const StringList *modules)
{
        uint64_t wanted, inside;
        int r = image_wanted_digest(rfd, &wanted);

        if (r < 0)
                return r;
        r = image_inside_digest(rfd, trial, modules, &inside, NULL);
        if (r == -ENOENT || (r >= 0 && inside != wanted))
                return -EPROTO;
        return r;
}
