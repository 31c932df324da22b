/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/image-builder.h"

#include "base/text.h"
#include "core/next-boot.h"
#include "initramfs/builders.h"

/* Who made all images of the machine that bear marks. */
static BuilderKind common_maker(const Facts *f)
{
        BuilderKind common = BUILDER_UNKNOWN;

        FOREACH_ARRAY(k, f->kernels, f->n_kernels)
                for (size_t i = 0; i <= k->n_loaded; i++) {
                        BuilderKind maker = i == 0 ? k->image.maker : k->loaded[i - 1].image.maker;

                        if (maker < _BUILDER_FIRST)
                                continue;
                        if (common != BUILDER_UNKNOWN && maker != common)
                                return BUILDER_UNKNOWN;
                        common = maker;
                }
        return common;
}

static bool is_active(const ImageBuilder *b)
{
        return b->active == TRISTATE_YES;
}

static bool is_installed(const ImageBuilder *b)
{
        return b->installed == TRISTATE_YES;
}

/* The only builder of which this is true; BUILDER_UNKNOWN: none or several. @ret_n: how many. */
static BuilderKind only_one(const Facts *f, bool (*is)(const ImageBuilder *b), size_t *ret_n)
{
        BuilderKind only = BUILDER_UNKNOWN;

        *ret_n = 0;
        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++)
                if (is(f->builders + k))
                        only = (*ret_n)++ == 0 ? k : BUILDER_UNKNOWN;
        return only;
}

/* Could there be a hook that could not be seen? */
static bool hooks_unknown(const Facts *f)
{
        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++)
                if (f->builders[k].active == TRISTATE_UNKNOWN)
                        return true;
        return false;
}

ImageOwner image_owner(const Facts *f, const ImageContent *c)
{
        const bool known = c && c->maker != BUILDER_UNKNOWN;
        ImageOwner o = { .maker = known ? c->maker : common_maker(f), .by_others = !known };

        o.next = only_one(f, is_active, &o.n_active);
        o.only = only_one(f, is_installed, &o.n_installed);
        if (o.maker >= _BUILDER_FIRST) {
                if (f->builders[o.maker].active == TRISTATE_YES || o.n_active == 0)
                        o.kind = o.maker;
                else if (f->builders[o.maker].installed == TRISTATE_NO)
                        o.kind = o.next;
        } else if (o.maker == BUILDER_OTHER) /* those of some bear no mark */
                o.kind = o.next != BUILDER_UNKNOWN && !builder_ops(o.next)->marks ? o.next : BUILDER_OTHER;
        else if (o.n_active > 0)
                o.kind = o.next;
        else if (!(c && c->exists) && !hooks_unknown(f))
                o.kind = o.only;
        return o;
}

bool image_owner_usable(const Facts *f, ImageOwner o)
{
        return builder_usable(o.kind) && f->builders[o.kind].installed == TRISTATE_YES;
}

/* "dracut and mkinitcpio": those that make the images of new kernels. Owned by the caller, NULL when memory is short.
 */
static char *active_names(const Facts *f)
{
        _cleanup_free_ char *names = NULL;

        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++) {
                char *more;

                if (!is_active(f->builders + k))
                        continue;
                if (string_printf(&more, "%s%s%s", names ?: "", names ? " and " : "", builder_kind_to_string(k)) < 0)
                        return NULL;
                free(names);
                names = more;
        }
        return TAKE_PTR(names);
}

/* Why an image is said to be a builder's, in brackets; "" where nothing but its being installed says so. As above. */
static char *evidence(const Facts *f, ImageOwner o)
{
        const char *hook = o.kind >= _BUILDER_FIRST ? f->builders[o.kind].hook : NULL;
        const char *maker = o.maker != o.kind ? "" : o.by_others ? "as other images here" : "its files are inside";
        char *text;

        if (!hook && !maker[0])
                return strdup("");
        if (!hook)
                string_printf(&text, " (%s)", maker);
        else
                string_printf(&text, " (%s%s%s makes the next)", maker, maker[0] ? ", and " : "", hook);
        return text;
}

char *image_owner_reason(const Facts *f, ImageOwner o, const char *path, const char **ret_cure)
{
        static const char explain[] = "\"ptprep explain image.current\" says what can be done",
                          unite[] = "let one of them make all images, and build them anew with it";
        const char *kind = builder_kind_to_string(o.kind), *maker = builder_kind_to_string(o.maker);
        _cleanup_free_ char *names = active_names(f), *why = evidence(f, o);
        char *text;

        if ((!names && o.n_active > 0) || !why)
                return NULL;
        *ret_cure = explain;
        if (o.kind >= _BUILDER_FIRST && !builder_usable(o.kind))
                string_printf(&text, "%s is made by %s%s, and ptprep cannot put a claim list into such images", path,
                              kind, why);
        else if (o.kind >= _BUILDER_FIRST) {
                *ret_cure = f->builders[o.kind].installed == TRISTATE_NO ? "install it" : NULL;
                string_printf(&text, "%s is made by %s, %s", path, kind,
                              *ret_cure ? "which is not installed" : "and it cannot be told whether that is installed");
        } else if (o.maker >= _BUILDER_FIRST) {
                *ret_cure = unite;
                string_printf(&text, "%s was made by %s, but those of new kernels are made by %s", path, maker, names);
        } else if (o.kind == BUILDER_OTHER)
                string_printf(&text, "%s was made by a program that ptprep does not know", path);
        else if (o.n_active > 0) {
                *ret_cure = unite;
                string_printf(&text, "cannot tell which program makes %s: %s do so for new kernels", path, names);
        } else if (o.n_installed == 0)
                string_printf(&text, "no program is found that makes %s", path);
        else
                string_printf(&text, "cannot tell which program makes %s", path);
        return text;
}

static bool has_to_be_built(const Judgement *j, const ImageContent *c)
{
        return image_content_state(j, c) != IMAGE_CURRENT;
}

bool image_misses_builder(const Judgement *j, const KernelRelease *k, ImageOwner *ret, const char **ret_path)
{
        const Facts *f = j->facts;

        if (k->initrd && has_to_be_built(j, &k->image)) {
                *ret = image_owner(f, &k->image);
                *ret_path = k->initrd;
                if (!image_owner_usable(f, *ret))
                        return true;
        }
        FOREACH_ARRAY(l, k->loaded, k->n_loaded) {
                if (!has_to_be_built(j, &l->image) || (!l->by_tool && !k->initrd_loaded)) /* a copy is only copied */
                        continue;
                *ret = image_owner(f, &l->image);
                *ret_path = l->path;
                /* the loader's own tool has somebody build it, and what came of that is looked into */
                if (l->by_tool ? ret->kind >= _BUILDER_FIRST && !builder_usable(ret->kind)
                               : !image_owner_usable(f, *ret))
                        return true;
        }
        return false;
}

bool builder_needed(const Facts *f, BuilderKind builder)
{
        bool known = false;

        FOREACH_ARRAY(k, f->kernels, f->n_kernels)
                for (size_t i = 0; i <= k->n_loaded; i++) {
                        BuilderKind kind = image_owner(f, i == 0 ? &k->image : &k->loaded[i - 1].image).kind;

                        if (kind == builder)
                                return true;
                        known |= kind >= _BUILDER_FIRST;
                }
        return !known && is_installed(f->builders + builder);
}
