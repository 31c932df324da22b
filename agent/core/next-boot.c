/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/next-boot.h"

#include "base/text.h"
#include "core/claim-way.h"
#include "grub/loader/entry-length.h"
#include "iommu/argument.h"

/* Blocks for root only: anybody else may just have to be root. */
int boot_mounted_refuse(const Facts *f, const BootMount *m, FindingList *ret)
{
        _cleanup_free_ char *text = boot_mount_text(m), *cure = boot_mount_cure(m);

        if (!text || !cure)
                return -ENOMEM;
        return finding_add(ret, "boot.mounted", f->is_root ? RESULT_BLOCKED : RESULT_UNKNOWN, m->target,
                           f->is_root ? CURE_PERSON : CURE_ROOT, f->is_root ? cure : NULL, "%s", text);
}

int check_needs_boot(const char *id, const Judgement *j, FindingList *ret)
{
        const BootMount *m = boot_mounts_failed(&j->facts->boot_mounts);
        int r = m ? finding_add(ret, id, RESULT_UNKNOWN, m->target, CURE_NONE, NULL,
                                "cannot tell what is on it, see boot.mounted")
                  : 0;

        return r < 0 ? r : !!m;
}

ImageState image_content_state(const Judgement *j, const ImageContent *c)
{
        uint64_t wanted = j->wanted->image_digest;

        if (!c->exists)
                return IMAGE_MISSING;
        if (wanted != 0 && !c->known)
                return IMAGE_UNKNOWN;
        if (c->digest != wanted)
                return IMAGE_STALE;
        return wanted != 0 && c->modules == TRISTATE_NO ? IMAGE_STALE : IMAGE_CURRENT;
}

const ImageContent *image_worst(const Judgement *j, const KernelRelease *k, const char **ret_path)
{
        const ImageContent *c = k->initrd ? &k->image : NULL;

        *ret_path = k->initrd;
        for (size_t i = 0; i < k->n_loaded && (!c || image_content_state(j, c) == IMAGE_CURRENT); i++) {
                c = &k->loaded[i].image;
                *ret_path = k->loaded[i].path;
        }
        return c;
}

ImageState image_state(const Judgement *j, const KernelRelease *k)
{
        const char *path;
        const ImageContent *c = image_worst(j, k, &path);

        return c ? image_content_state(j, c) : IMAGE_MISSING;
}

const char *kernel_missing_driver(const Judgement *j, const KernelRelease *k)
{
        FOREACH_ARRAY(d, j->config->devices, j->config->n_devices)
                if (k->has_stub[d->driver] == TRISTATE_NO)
                        return stub_driver_to_string(d->driver);
        return NULL;
}

/* With the claim image it only matters that an image has no list of its own: that would count, being unpacked last. */
static bool kernel_image_fine(const Judgement *j, const KernelRelease *k)
{
        ImageState state = image_state(j, k);

        return state == IMAGE_CURRENT || (j->wanted->in_claim_image && state != IMAGE_STALE);
}

bool images_current(const Judgement *j)
{
        if (j->wanted->in_claim_image && (claim_image_state(j) != IMAGE_CURRENT || claim_image_unloaded(j)))
                return false;
        FOREACH_ARRAY(k, j->facts->kernels, j->facts->n_kernels)
                if (!kernel_missing_driver(j, k) && !kernel_image_fine(j, k))
                        return false;
        return true;
}

/*
 * Where only the boot loader can tell what some of the arguments are, this very boot tells it, if it came of that
 * entry: as far as anybody knows it is the default one, and all that is told of it was on the command line.
 */
static bool entry_has_run(const Judgement *j, const BootEntry *e)
{
        if (!e->untold || !e->is_default || !j->facts->cmdline_known)
                return false;
        FOREACH_ARRAY(w, e->arguments.words.items, e->arguments.words.n)
                if (!strchr(*w, '$') && !kargs_has(&j->facts->cmdline, *w))
                        return false;
        return true;
}

bool entry_iommu_fine(const Judgement *j, const BootEntry *e, const char **ret_word)
{
        const IommuVendor *vendor = iommu_vendor_described(j->facts);
        IommuArgument a = iommu_argument(boot_entry_words(e), vendor, ret_word);
        const char *apart = j->wanted->iommu_apart ? iommu_apart_off(boot_entry_words(e), vendor) : NULL;

        if (a == IOMMU_ARGUMENT_OFF || a == IOMMU_ARGUMENT_KILL)
                return false;
        if (apart && ret_word)
                *ret_word = apart;
        if (apart)
                return false;
        if (!j->wanted->iommu_add || a == IOMMU_ARGUMENT_ON)
                return true;
        return entry_has_run(j, e) && iommu_argument(&j->facts->cmdline, vendor, NULL) == IOMMU_ARGUMENT_ON;
}

int entry_fine_when_added(const Judgement *j, const BootEntry *e)
{
        _cleanup_(boot_entry_done) BootEntry added = {};
        int r;

        if (!j->wanted->iommu_add || kernel_line_is_deaf(&e->built_in))
                return 0;
        r = string_list_add(&added.arguments.words, j->wanted->iommu_add);
        if (r >= 0)
                r = boot_entry_build_in(&added, &e->built_in);
        return r < 0 ? r : entry_iommu_fine(j, &added, NULL);
}

bool entry_has_word(const Judgement *j, const BootEntry *e, const char *word)
{
        return kargs_has(boot_entry_words(e), word) || (entry_has_run(j, e) && kargs_has(&j->facts->cmdline, word));
}

bool entry_has_arguments(const Judgement *j, const BootEntry *e)
{
        FOREACH_ARRAY(w, j->wanted->add.words.items, j->wanted->add.words.n)
                if (!streq_null(*w, j->wanted->iommu_add) && !entry_has_word(j, e, *w))
                        return false;
        return entry_iommu_fine(j, e, NULL);
}

bool entry_counts(const BootEntry *e)
{
        return !e->rescue || (e->is_default && !startswith(e->id, "osprober-"));
}

const char *entry_switched_off(const BootEntry *e)
{
        const char *value = NULL, *last = NULL;
        size_t from = 0;

        while ((value = kargs_next(boot_entry_words(e), KARG_SWITCH, &from)))
                last = value;
        return last && streq(last, "off") ? last : NULL;
}

/* Of GRUB's two kinds of menus only one is asked whether it has booted, and another loader may have. */
static bool may_boot(const Judgement *j, const Loader *loader)
{
        if (loader->booted != BOOTED_UNKNOWN)
                return loader->booted != BOOTED_NO;
        FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders)
                if (l->booted == BOOTED_YES)
                        return false;
        return true;
}

const Loader *boot_once_lacks(const Judgement *j, const BootEntry **ret)
{
        FOREACH_ARRAY(l, j->facts->loaders, j->wanted->add.words.n > 0 ? j->facts->n_loaders : 0) {
                if (l->unused || !l->once.id || !may_boot(j, l))
                        continue;
                *ret = NULL;
                FOREACH_ARRAY(e, l->entries, l->n_entries)
                        if (e->is_once)
                                *ret = e;
                if (!*ret || entry_switched_off(*ret) || !entry_has_arguments(j, *ret))
                        return l;
        }
        return NULL;
}

const BootEntry *boot_entry_cut(const Judgement *j)
{
        FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries)
                        if (entry_counts(e) && boot_entry_too_long(l, e))
                                return e;
        return NULL;
}

int other_loader_cure(const Judgement *j, const OtherLoader *o, char **ret)
{
        _cleanup_free_ char *words = kargs_print(&j->wanted->add);

        return words ? string_printf(ret, "add \"%s\" to %s", words, o->where) : -ENOMEM;
}

bool next_boot_unknown(const Judgement *j)
{
        const Facts *f = j->facts;

        return (facts_count_entries(f) == 0 || facts_unreadable_loader(f)) &&
               streq_null(f->claims, j->wanted->claims) && images_current(j);
}

static bool prepared(const Judgement *j)
{
        const Facts *f = j->facts;

        if (!streq_null(f->claims, j->wanted->claims) || facts_count_entries(f) == 0 || facts_unreadable_loader(f) ||
            boot_mounts_failed(&f->boot_mounts) || boot_entry_cut(j))
                return false;
        if (!images_current(j))
                return false;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->n_entries)
                        if (entry_counts(e) && !l->unused && !entry_has_arguments(j, e))
                                return false;
        return true;
}

const BootEntry *boot_entry_unseen(const Judgement *j)
{
        const Facts *f = j->facts;

        if (j->wanted->image_digest == 0 || j->wanted->in_claim_image || f->claim_result || f->n_kernels == 0)
                return NULL;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries)
                        if (e->is_default && !e->rescue && !e->foreign && (e->image_unseen || e->image_none))
                                return e;
        return NULL;
}

static bool strays_current(const Judgement *j)
{
        if (boot_entry_unseen(j))
                return false;
        FOREACH_ARRAY(s, j->facts->strays, j->wanted->image_digest != 0 ? j->facts->n_strays : 0)
                if (image_content_state(j, &s->image) != IMAGE_CURRENT)
                        return false;
        return true;
}

bool next_boot_prepared(const Judgement *j)
{
        return prepared(j) && strays_current(j);
}

bool boot_switched_off(const Facts *f)
{
        const char *value, *last = NULL;
        size_t from = 0;

        while (f->cmdline_known && (value = kargs_next(&f->cmdline, KARG_SWITCH, &from)))
                last = value;
        return last && streq(last, "off");
}

bool boot_unclaimed(const Judgement *j)
{
        const Facts *f = j->facts;
        const size_t limit = command_line_limit();
        size_t from = 0;

        return f->cmdline_known && kargs_has(&j->wanted->add, KARG_CLAIM) && !kargs_has(&f->cmdline, KARG_CLAIM) &&
               !kargs_next(&f->cmdline, KARG_SWITCH, &from) && (limit == 0 || f->cmdline_length < limit);
}

bool next_boot_lacks_copy(const Judgement *j)
{
        return prepared(j) && !strays_current(j);
}
