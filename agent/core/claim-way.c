/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/claim-way.h"

#include "base/parse.h"
#include "base/text.h"
#include "core/image-builder.h"
#include "core/next-boot.h"
#include "grub/format/uki-addon.h"
#include "grub/loader/loaders.h"
#include "initramfs/builders.h"
#include "initramfs/claim-image.h"

/* Who makes the image of a kernel; BUILDER_UNKNOWN: it has none, or it cannot be told. */
static BuilderKind maker_of(const Facts *f, const KernelRelease *k)
{
        return k->initrd ? image_owner(f, &k->image).kind : BUILDER_UNKNOWN;
}

/* Is an image made by a program into whose images ptprep cannot put anything, or would rather not? */
static bool builders_want_it(const Facts *f)
{
        FOREACH_ARRAY(k, f->kernels, f->n_kernels) {
                BuilderKind maker = maker_of(f, k);

                if (maker >= _BUILDER_FIRST && !(builder_usable(maker) && builder_ops(maker)->images_first))
                        return true;
        }
        return false;
}

static int maker_obstacle(BuilderKind maker, char **ret)
{
        if (maker < _BUILDER_FIRST || builder_ops(maker)->starts_claim_image)
                return 0;
        return string_printf(ret, "nothing in an image of %s would start what is in the claim image",
                             builder_kind_to_string(maker));
}

/* @beside_kernel: GRUB's script looks for it in the directory of the kernel. */
static int kernel_obstacle(const Facts *f, const KernelRelease *k, bool beside_kernel, char **ret)
{
        const char *name = k->kernel ? startswith(k->kernel, NAME_BOOT "/") : NULL;
        int r;

        if (beside_kernel && k->kernel && (!name || strchr(name, '/')))
                return string_printf(ret, "%s does not lie in " NAME_BOOT, k->kernel);
        r = maker_obstacle(maker_of(f, k), ret);
        for (size_t i = 0; i < k->n_loaded && r >= 0 && !*ret; i++) {
                const LoadedImage *l = k->loaded + i;

                /* an addon leaves the unified image as it is, whoever makes it */
                r = f->claim_image.addon ? maker_obstacle(l->image.maker, ret)
                    : l->by_tool         ? string_printf(ret, "%s is made by the boot loader's own tool", l->path)
                                         : 0;
        }
        return r;
}

/* Two boot loaders load from two partitions, or another program writes the entries. */
static int machine_obstacle(const Facts *f, char **ret)
{
        const char *directory = NULL;

        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                const char *here = l->unused ? NULL : l->early_directory;

                if (directory && here && !streq(directory, here))
                        return string_printf(ret, "there are boot loaders that load from %s, and from %s", directory,
                                             here);
                directory = here ?: directory;
        }
        FOREACH_ARRAY(o, f->others, f->n_others)
                if (o->helper)
                        return string_printf(ret, "%s writes the boot entries anew, without it", o->name);
        return 0;
}

/* GRUB takes its menu from entries of the boot loader specification, which are judged as those of a loader of its own.
 */
static bool judged_as_bls(const Facts *f, const Loader *l)
{
        FOREACH_ARRAY(other, f->loaders, f->n_loaders)
                if (l->menu_from_bls && other->kind == LOADER_BLS && !other->unused)
                        return true;
        return false;
}

int claim_way_obstacle(const Facts *f, char **ret)
{
        bool beside_kernel = false;
        size_t used = 0;
        int r = 0;

        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                const char *obstacle = l->unused || judged_as_bls(f, l) ? NULL : loader_early_obstacle(l);

                used += !l->unused;
                beside_kernel |= !l->unused && l->kind == LOADER_GRUB2 && !judged_as_bls(f, l);
                if (obstacle)
                        return string_printf(ret, "%s: %s", loader_kind_to_string(l->kind), obstacle);
        }
        if (used == 0)
                return string_copy("no boot loader is found that could load it", ret);
        r = machine_obstacle(f, ret);
        for (size_t i = 0; i < f->n_kernels && r >= 0 && !*ret; i++)
                r = kernel_obstacle(f, f->kernels + i, beside_kernel, ret);
        if (r < 0 || *ret || f->claim_image.has_helper == TRISTATE_YES)
                return r;
        return string_copy("this ptprep was built without " NAME_STATIC_HELPER
                           " (meson's option static-helper, which wants musl-gcc)",
                           ret);
}

int claim_way_choose(const Config *c, const Facts *f, bool *ret_in_claim_image, char **ret_obstacle)
{
        _cleanup_free_ char *obstacle = NULL;
        const bool asked = c->claim == CLAIM_WAY_IMAGE;
        int r;

        *ret_in_claim_image = false;
        *ret_obstacle = NULL;
        if (c->n_devices == 0 || !(asked || (c->claim == CLAIM_WAY_AUTO && builders_want_it(f))))
                return 0;
        r = claim_way_obstacle(f, &obstacle);
        if (r < 0)
                return r;
        if (!obstacle && !(f->claim_image.helper && f->claim_image.unit))
                r = string_printf(&obstacle, "%s is missing or damaged: install ptprep again",
                                  f->claim_image.helper ? NAME_CLAIM_UNIT : NAME_STATIC_HELPER);
        if (r < 0)
                return r;
        *ret_in_claim_image = !obstacle;
        *ret_obstacle = TAKE_PTR(obstacle);
        return 0;
}

/* Packs the claim image in an addon, with the arguments. */
static int pack_addon(const Kargs *arguments, char **bytes, size_t *size)
{
        _cleanup_free_ char *words = kargs_print(arguments), *image = TAKE_PTR(*bytes);

        return words ? uki_addon_build(words, image, *size, bytes, size) : -ENOMEM;
}

int claim_way_image(const Facts *f, const char *claims, const char *modprobe, const Kargs *arguments, uint64_t *ret)
{
        const ClaimImageParts parts = {
                .helper = f->claim_image.helper,
                .helper_size = f->claim_image.helper_size,
                .claims = claims,
                .unit = f->claim_image.unit,
                .modprobe = modprobe,
        };
        _cleanup_free_ char *bytes = NULL;
        size_t size;
        int r = claim_image_build(&parts, &bytes, &size);

        if (r >= 0 && f->claim_image.addon)
                r = pack_addon(arguments, &bytes, &size);
        if (r < 0)
                return r;
        *ret = fnv1a(FNV_START, bytes, size) ?: 1;
        return 0;
}

ImageState claim_image_state(const Judgement *j)
{
        const ClaimImage *c = &j->facts->claim_image;

        if (c->exists == TRISTATE_NO)
                return IMAGE_MISSING;
        if (c->exists == TRISTATE_UNKNOWN || c->hash == 0)
                return IMAGE_UNKNOWN;
        return c->hash == j->wanted->claim_image ? IMAGE_CURRENT : IMAGE_STALE;
}

static bool loads_claim_image(const Loader *l, const BootEntry *e)
{
        if (l->early_addon)
                return e->image_size == 0 || boot_entry_loads_early(e, NAME_CLAIM_ADDON_FILE);
        return !e->initrd || boot_entry_loads_early(e, NAME_CLAIM_IMAGE_FILE);
}

const BootEntry *claim_image_unloaded(const Judgement *j)
{
        FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries)
                        if (entry_counts(e) && !loads_claim_image(l, e))
                                return e;
        return NULL;
}
