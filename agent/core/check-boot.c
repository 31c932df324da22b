/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"

#include "base/table.h"

/* Blocks for root only: anybody else may just have to be root. */
int boot_mounted_refuse(const Facts *f, const BootMount *m, FindingList *ret)
{
        _cleanup_free_ char *text = boot_mount_text(m), *cure = boot_mount_cure(m);

        if (!text || !cure)
                return -ENOMEM;
        return finding_add(ret, "boot.mounted", f->is_root ? RESULT_BLOCKED : RESULT_UNKNOWN, m->target,
                           f->is_root ? CURE_PERSON : CURE_ROOT, f->is_root ? cure : NULL, "%s", text);
}

int check_needs_boot(const Check *self, const Judgement *j, FindingList *ret)
{
        const BootMount *m = boot_mounts_failed(&j->facts->boot_mounts);
        int r = m ? finding_add(ret, self->id, RESULT_UNKNOWN, m->target, CURE_NONE, NULL,
                                "cannot tell what is on it, see boot.mounted")
                  : 0;

        return r < 0 ? r : !!m;
}

int check_boot_mounted(const Check *self, const Judgement *j, FindingList *ret)
{
        const BootMounts *l = &j->facts->boot_mounts;

        FOREACH_ARRAY(m, l->items, l->n) {
                _cleanup_free_ char *text = m->failure ? NULL : boot_mount_text(m);
                int r = m->failure ? boot_mounted_refuse(j->facts, m, ret)
                        : text     ? finding_add(ret, self->id, RESULT_OK, m->target, CURE_NONE, NULL, "%s", text)
                                   : -ENOMEM;

                if (r < 0)
                        return r;
        }
        return 0;
}

static const char *const image_state_table[_IMAGE_STATE_MAX] = {
        [IMAGE_UNKNOWN] = "unknown",
        [IMAGE_MISSING] = "missing",
        [IMAGE_STALE] = "stale",
        [IMAGE_CURRENT] = "current",
};

DEFINE_STRING_TO(image_state, ImageState)

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

/* The first image of a kernel that is not as it has to be, else the last; NULL: there is none at all. */
static const ImageContent *image_to_judge(const Judgement *j, const KernelRelease *k, const char **ret_path)
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
        const ImageContent *c = image_to_judge(j, k, &path);

        return c ? image_content_state(j, c) : IMAGE_MISSING;
}

/* A kernel that has no stub driver at all cannot claim, whatever is in its image. */
const char *kernel_missing_driver(const Judgement *j, const KernelRelease *k)
{
        FOREACH_ARRAY(d, j->config->devices, j->config->n_devices)
                if (k->has_stub[d->driver] == TRISTATE_NO)
                        return stub_driver_to_string(d->driver);
        return NULL;
}

static int judge_image(const Check *self, const Judgement *j, const KernelRelease *k, FindingList *ret)
{
        const char *driver = kernel_missing_driver(j, k), *path;
        const ImageContent *c = image_to_judge(j, k, &path);

        if (driver)
                return finding_add(ret, self->id, k->running ? RESULT_BLOCKED : RESULT_WARN, k->release, CURE_PERSON,
                                   "install a kernel that has this driver, or choose another one in " NAME_CONFIG_FILE,
                                   "this kernel has no %s driver", driver);
        switch (image_state(j, k)) {
        case IMAGE_MISSING:
                return finding_add(ret, self->id, RESULT_FAIL, k->release, CURE_APPLY, NULL, "%s does not exist",
                                   path ?: "its image");
        case IMAGE_STALE:
                return finding_add(ret, self->id, RESULT_FAIL, k->release, CURE_APPLY, NULL,
                                   c->digest == 0 ? "%s has no claim list in it"
                                                  : "%s has another claim list, helper or driver set in it",
                                   path);
        case IMAGE_CURRENT:
                return finding_add(ret, self->id, RESULT_OK, k->release, CURE_NONE, NULL,
                                   "%s has the present claim list", path);
        default:
                return finding_add(ret, self->id, RESULT_UNKNOWN, k->release, j->facts->is_root ? CURE_NONE : CURE_ROOT,
                                   NULL, "cannot tell what is in %s", path);
        }
}

static bool images_current(const Judgement *j)
{
        FOREACH_ARRAY(k, j->facts->kernels, j->facts->n_kernels)
                if (!kernel_missing_driver(j, k) && image_state(j, k) != IMAGE_CURRENT)
                        return false;
        return true;
}

int check_image_current(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        bool installed = false;
        int r;

        if (j->wanted->image_digest == 0)
                return 0;
        if (!f->helper_present)
                return finding_add(ret, self->id, RESULT_BLOCKED, NAME_CLAIM_HELPER, CURE_PERSON,
                                   "install ptprep again", "the claim helper is missing");
        r = check_needs_boot(self, j, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        if (f->n_kernels == 0)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_NONE, NULL,
                                   "cannot tell: no installed kernel found in /lib/modules and /boot");
        if (!f->image_tool && !images_current(j))
                return finding_add(ret, self->id, RESULT_BLOCKED, NULL, CURE_PERSON, "install dracut",
                                   "no program found that builds initramfs images with ptprep in them");
        FOREACH_ARRAY(k, f->kernels, f->n_kernels) {
                r = judge_image(self, j, k, ret);
                if (r < 0)
                        return r;
                installed |= k->running;
        }
        if (!installed && f->live)
                return finding_add(ret, self->id, RESULT_WARN, f->release, CURE_REBOOT,
                                   "reboot into an installed kernel",
                                   "the running kernel is not among the installed ones");
        return 0;
}

int check_claim_disabled(const Check *self, const Judgement *j, FindingList *ret)
{
        const char *value, *last = NULL;
        size_t from = 0;

        if (j->config->n_devices == 0 || !j->facts->cmdline_known)
                return 0;
        while ((value = kargs_next(&j->facts->cmdline, KARG_SWITCH, &from)))
                last = value;
        if (last && streq(last, "off"))
                return finding_add(ret, self->id, RESULT_FAIL, NULL, CURE_REBOOT, "reboot without it",
                                   "this boot was started with ptprep=off: nothing was claimed");
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "ptprep=off is not on the command line");
}

bool next_boot_unknown(const Judgement *j)
{
        const Facts *f = j->facts;

        return (facts_count_entries(f) == 0 || facts_unreadable_loader(f)) &&
               streq_null(f->claims, j->wanted->claims) && images_current(j);
}

bool next_boot_prepared(const Judgement *j)
{
        const Facts *f = j->facts;

        if (!streq_null(f->claims, j->wanted->claims) || facts_count_entries(f) == 0 || facts_unreadable_loader(f) ||
            boot_mounts_failed(&f->boot_mounts))
                return false;
        if (!images_current(j))
                return false;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->n_entries)
                        if (!e->rescue && !l->unused && !entry_has_arguments(j, e))
                                return false;
        return true;
}
