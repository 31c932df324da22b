/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/planner-image.h"

#include "base/text.h"
#include "core/claim-way.h"
#include "core/image-builder.h"
#include "core/next-boot.h"
#include "grub/loader/loaders.h"
#include "initramfs/query.h"
#include "model/image.h"
#include "model/names.h"

/* An image without anything of ours in it need not be rebuilt only because it is not known what is in it. */
static bool image_needs_rebuild(const Judgement *j, const ImageContent *c)
{
        switch (image_content_state(j, c)) {
        case IMAGE_STALE:
                return true;
        case IMAGE_MISSING:
        case IMAGE_UNKNOWN:
                return j->wanted->image_digest != 0;
        default:
                return false;
        }
}

/* In the way of the claim image everything of ptprep's goes out of an image that has any. */
static bool is_bare(const Judgement *j)
{
        return j->wanted->in_claim_image;
}

/* Modules that the image of this kernel has to have as files. */
static int add_modules(const Judgement *j, const KernelRelease *k, StringList *modules)
{
        ImageQuery q;
        int r = 0;

        if (is_bare(j))
                return 0;
        image_query_init(&q, j->config, k);
        FOREACH_ARRAY(i, q.items, q.n)
                if (i->module && r >= 0)
                        r = string_list_add(modules, i->name);
        return r;
}

/* The checks have said so when something is wanted in it; here the claim argument is gone. */
static int refuse_image(const Facts *f, const KernelRelease *k, const char *path, ImageOwner owner,
                        FindingList *findings)
{
        const char *cure;
        _cleanup_free_ char *reason = image_owner_reason(f, owner, path, &cure);

        return reason ? finding_add(findings, "image.current", RESULT_BLOCKED, k->release, CURE_PERSON,
                                    "build the image again, or leave it: without " KARG_CLAIM " nothing in it is used",
                                    "ptprep's claim list stays where it is: %s", reason)
                      : -ENOMEM;
}

/* Without the claim argument nothing in an image is used, and one with arguments of its own stays with it; but one that
 * a tool takes apart is not left to it. */
static bool may_stay(const Judgement *j, const KernelRelease *k)
{
        FOREACH_ARRAY(l, k->loaded, k->n_loaded)
                if (l->moves)
                        return false;
        return j->wanted->image_digest == 0 && !is_bare(j);
}

static int plan_image(const Judgement *j, const KernelRelease *k, const char *path, const ImageContent *c,
                      FindingList *findings, Plan *p)
{
        const ImageOwner owner = image_owner(j->facts, c);
        ImageStep *s;
        int r;

        if (!image_owner_usable(j->facts, owner))
                return refuse_image(j->facts, k, path, owner, findings);
        s = plan_add_image(p, "image.current", path);
        if (!s)
                return -ENOMEM;
        s->builder = owner.kind;
        s->bare = is_bare(j);
        s->may_stay = may_stay(j, k);
        r = string_copy(k->release, &s->release);
        return r < 0 ? r : add_modules(j, k, &s->modules);
}

/* The loader's own file gets the bytes of the image that was built. */
static int plan_copy(const Judgement *j, const KernelRelease *k, const LoadedImage *l, Plan *p)
{
        CopyStep *s = plan_add_copy(p, "image.current", l->path);
        int r = s ? string_copy(k->release, &s->release) : -ENOMEM;

        if (r >= 0)
                r = string_copy(k->initrd, &s->from);
        if (r >= 0) {
                s->bare = is_bare(j);
                s->may_stay = may_stay(j, k);
        }
        return r < 0 ? r : add_modules(j, k, &s->modules);
}

/*
 * @stale: releases whose loaded image the loader's own tool has to make again. @stamp: an image will be verified, or
 * is right and nobody remembers it.
 */
static int plan_kernel_images(const Judgement *j, const KernelRelease *k, FindingList *findings, Plan *p,
                              StringList *stale, bool *stamp)
{
        bool listed = false;
        int r = 0;

        if (k->initrd && image_needs_rebuild(j, &k->image)) {
                r = plan_image(j, k, k->initrd, &k->image, findings, p);
                *stamp = true;
        } else
                *stamp |= k->initrd && !k->image.stamped;
        for (size_t i = 0; i < k->n_loaded && r >= 0; i++) {
                const LoadedImage *l = k->loaded + i;
                *stamp |= !l->image.stamped;
                if (!image_needs_rebuild(j, &l->image))
                        continue;
                if (!l->by_tool && k->initrd_loaded)
                        r = plan_image(j, k, l->path, &l->image, findings, p);
                else if (!l->by_tool)
                        r = k->initrd ? plan_copy(j, k, l, p) : 0;
                else if (!listed)
                        r = string_list_add(stale, k->release);
                listed |= l->by_tool;
                *stamp = true;
        }
        return r;
}

int plan_images(const Judgement *j, FindingList *findings, Plan *p, StringList *stale, bool *ret_stamp)
{
        bool stamp = false;

        FOREACH_ARRAY(k, j->facts->kernels, j->facts->n_kernels) {
                int r = kernel_missing_driver(j, k) ? 0 : plan_kernel_images(j, k, findings, p, stale, &stamp);

                if (r < 0)
                        return r;
        }
        *ret_stamp = stamp;
        return 0;
}

int plan_claim_image(const Judgement *j, Plan *p)
{
        const Wanted *w = j->wanted;
        ClaimImageStep *s;
        int r;

        if (!w->in_claim_image || claim_image_state(j) == IMAGE_CURRENT)
                return 0;
        s = plan_add_claim_image(p, "image.current", facts_claim_image(j->facts));
        r = s ? string_copy(w->claims, &s->claims) : -ENOMEM;
        if (r >= 0)
                r = string_copy(w->modprobe_snippet, &s->modprobe);
        if (r < 0 || !j->facts->claim_image.addon)
                return r;
        s->words = kargs_print(&w->add);
        return s->words ? 0 : -ENOMEM;
}

/*
 * Does the plan leave this entry without the claim image? Its tool is watched; else it goes from the entry, and from
 * what counts for all entries of the boot loader, such as GRUB's environment block.
 */
static bool is_taken_out(const Loader *l, const Plan *p, const BootEntry *e)
{
        FOREACH_ARRAY(s, p->steps, p->n)
                if (s->kind == STEP_MKCONFIG && streq(s->path, e->file))
                        return true;
        if (!loader_file(l, e->file))
                return false;
        FOREACH_ARRAY(f, l->files, l->n_files) {
                bool of_another = false;

                FOREACH_ARRAY(other, l->entries, l->n_entries)
                        of_another |= other != e && streq(other->file, f->path);
                if (!of_another && strstr(loader_present(p, f->path, f->text) ?: "", NAME_CLAIM_IMAGE_FILE))
                        return false;
        }
        return true;
}

/* @directory: of boot loaders that load from there; NULL: of all. */
static const BootEntry *claim_image_kept(const Facts *f, const Plan *p, const char *directory)
{
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, directory && !streq_null(directory, l->early_directory) ? 0 : l->n_entries)
                        if (boot_entry_loads_early(e, NAME_CLAIM_IMAGE_FILE) && !is_taken_out(l, p, e))
                                return e;
        return NULL;
}

/* That of a boot loader that was in use before goes with the last entry that names it. */
static int plan_left(const Facts *f, Plan *p)
{
        FOREACH_ARRAY(path, f->claim_image.left.items, f->claim_image.left.n) {
                _cleanup_free_ char *directory = path_directory(*path);

                if (!directory)
                        return -ENOMEM;
                if (!claim_image_kept(f, p, directory) && !plan_add_claim_image(p, "image.current", *path))
                        return -ENOMEM;
        }
        return 0;
}

int plan_no_claim_image(const Judgement *j, FindingList *findings, Plan *p)
{
        const Facts *f = j->facts;
        const bool goes = !j->wanted->in_claim_image && f->claim_image.exists == TRISTATE_YES;
        const BootEntry *e = goes ? claim_image_kept(f, p, NULL) : NULL;

        if (e)
                return finding_add(findings, "image.current", RESULT_BLOCKED, e->id, CURE_PERSON,
                                   "take it out of that entry, and run ptprep again",
                                   "%s: this entry loads %s, and would not boot without it: it stays", e->file,
                                   facts_claim_image(f));
        if (goes && !plan_add_claim_image(p, "image.current", facts_claim_image(f)))
                return -ENOMEM;
        return plan_left(f, p);
}

/* @key: under which the stamp is found again. */
static int add_stamp(const Judgement *j, const KernelRelease *k, const char *key, const char *path, StampStep *s)
{
        StampedImage *i = stamp_step_add(s, key, path, k->release);

        return i ? add_modules(j, k, &i->modules) : -ENOMEM;
}

static bool has_embedded(const Loader *l)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                if (e->embedded)
                        return true;
        return false;
}

int plan_stamps(const Judgement *j, bool stamp, Plan *p)
{
        const Facts *f = j->facts;
        StampStep *s;
        int r = 0;

        if (j->wanted->image_digest == 0 && !is_bare(j)) /* nothing of ours in any image: nothing to remember */
                return plan_write(p, "image.current", NAME_IMAGE_STAMPS, f->image_stamps, NULL);
        if (!stamp)
                return 0;
        s = plan_add_stamp(p, "image.current", NAME_IMAGE_STAMPS);
        if (!s)
                return -ENOMEM;
        s->bare = is_bare(j);
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                if (l->makes_images || has_embedded(l))
                        s->loader = l->kind;
        FOREACH_ARRAY(k, f->kernels, f->n_kernels) {
                if (k->initrd)
                        r = add_stamp(j, k, k->release, k->initrd, s);
                for (size_t i = 0; i < k->n_loaded && r >= 0; i++) {
                        const LoadedImage *l = k->loaded + i;
                        const char *path = l->moves || l->counted ? NULL : l->path;

                        r = add_stamp(j, k, path, path, s);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}
