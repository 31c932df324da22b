/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"

#include "apply/settle.h"
#include "base/file.h"
#include "base/io.h"
#include "base/parse.h"
#include "grub/format/uki-addon.h"
#include "grub/format/uki.h"
#include "initramfs/claim-image.h"
#include "initramfs/initrd.h"
#include "model/names.h"

#define HELPER_MAX_BYTES ((size_t) 4 * 1024 * 1024)

/* What does not end with a rename that was made before may be gone to GRUB while a menu still names it. */
static int remove_image(StepContext *c)
{
        int r;

        settle_for_loader(c->options->rfd, c->path);
        r = step_keep_old(c);
        if (r >= 0)
                r = root_file_remove(c->options->rfd, c->path);
        return r == -ENOENT ? 0 : r;
}

/* Where the archive is in an addon, which has these arguments. 0; -EBADMSG; other negative errno. */
static int open_addon(StepContext *c, UkiRange *ret)
{
        const char *words = c->step->claim_image.words;
        _cleanup_(uki_done) Uki u = {};
        int r = uki_read_path(c->options->rfd, c->trial_path, &u);

        if (r < 0)
                return r;
        *ret = u.profiles[0].initrd;
        return u.kernel || !u.x64 || ret->size == 0 || !streq(u.profiles[0].cmdline ?: "", words) ? -EBADMSG : 0;
}

/* It is read as the boot loader and the kernel will read it, and has the very parts in it. 0; -EPROTO, with the failure
 * told. */
static int verify(StepContext *c, const ClaimImageParts *p)
{
        InitrdItem items[] = { { .name = &NAME_CLAIMS[1] }, { .name = &NAME_CLAIM_HELPER[1] } };
        const uint64_t hashes[] = {
                fnv1a(FNV_START, p->claims, strlen(p->claims)),
                fnv1a(FNV_START, p->helper, p->helper_size),
        };
        UkiRange part = {};
        int r = c->step->claim_image.words ? open_addon(c, &part) : 0;

        if (r >= 0)
                r = initrd_inspect_part(c->options->rfd, c->trial_path, part.offset, part.size, items,
                                        ELEMENTSOF(items), NULL);
        for (size_t i = 0; i < ELEMENTSOF(items) && r >= 0; i++)
                if (!items[i].found || items[i].hash != hashes[i])
                        r = -EBADMSG;
        return r < 0 ? step_failed(c, r, "%s was written and cannot be read back: %s", c->path, strerror(-r)) : 0;
}

/* @words: of an addon; NULL: it is none. */
static int build(const ClaimImageParts *p, const char *words, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *image = NULL;
        size_t size;
        int r = claim_image_build(p, &image, &size);

        if (r >= 0 && words)
                return uki_addon_build(words, image, size, ret, ret_size);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(image);
        *ret_size = size;
        return 0;
}

static int write_image(StepContext *c, const ClaimImageParts *p)
{
        _cleanup_free_ char *bytes = NULL;
        int rfd = c->options->rfd;
        size_t size;
        int r = build(p, c->step->claim_image.words, &bytes, &size);

        if (r >= 0)
                r = step_make_parents(c);
        if (r >= 0)
                r = step_clear(c, c->trial_path, NULL);
        if (r < 0)
                return r;
        c->trial = true;
        r = root_file_create(rfd, c->trial_path, bytes, size, 0644);
        if (r < 0)
                r = step_failed(c, r, "%s could not be written: %s", c->path, strerror(-r));
        else
                r = verify(c, p);
        return step_put_in_place(c, r);
}

int step_claim_image_do(StepContext *c)
{
        const ClaimImageStep *s = &c->step->claim_image;
        _cleanup_free_ char *helper = NULL, *unit = NULL;
        ClaimImageParts parts = { .claims = s->claims, .modprobe = s->modprobe };
        int rfd = c->options->rfd, r;

        if (!s->claims)
                return remove_image(c);
        r = root_read_file(rfd, NAME_STATIC_HELPER, HELPER_MAX_BYTES, &helper, &parts.helper_size);
        if (r >= 0)
                r = root_read_text(rfd, NAME_CLAIM_UNIT, &unit);
        if (r < 0)
                return step_failed(c, r, "%s could not be made: the static helper or its unit cannot be read: %s",
                                   c->path, strerror(-r));
        parts.helper = helper;
        parts.unit = unit;
        return write_image(c, &parts);
}
