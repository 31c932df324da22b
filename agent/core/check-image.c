/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"
#include "core/image-builder.h"
#include "core/next-boot.h"

/* What has to be built and cannot. 1: that was said; 0: there is nothing; -ENOMEM. */
static int judge_builder(const Check *self, const Judgement *j, const KernelRelease *k, FindingList *ret)
{
        _cleanup_free_ char *reason = NULL;
        const char *path, *cure;
        ImageOwner owner;
        int r;

        if (!image_misses_builder(j, k, &owner, &path))
                return 0;
        reason = image_owner_reason(j->facts, owner, path, &cure);
        r = reason ? finding_add(ret, self->id, RESULT_BLOCKED, k->release, CURE_PERSON, cure, "%s", reason) : -ENOMEM;
        return r < 0 ? r : 1;
}

static int judge_image(const Check *self, const Judgement *j, const KernelRelease *k, FindingList *ret)
{
        const char *driver = kernel_missing_driver(j, k), *path;
        const ImageContent *c = image_worst(j, k, &path);
        const ImageState state = image_state(j, k);
        int r;

        if (driver)
                return finding_add(ret, self->id, k->running ? RESULT_BLOCKED : RESULT_WARN, k->release, CURE_PERSON,
                                   "install a kernel that has this driver, or choose another one in " NAME_CONFIG_FILE,
                                   "this kernel has no %s driver", driver);
        r = state == IMAGE_CURRENT || (state == IMAGE_UNKNOWN && !j->facts->is_root) ? 0
                                                                                     : judge_builder(self, j, k, ret);
        if (r != 0)
                return MIN(r, 0);
        switch (state) {
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

/* While nothing is configured: what will count once something is. */
static int tell_builder(const Check *self, const Facts *f, FindingList *ret)
{
        const ImageOwner owner = image_owner(f, NULL);
        _cleanup_free_ char *reason = NULL;
        const char *cure;

        if (f->n_kernels == 0)
                return 0;
        if (image_owner_usable(f, owner))
                return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                                   "the initramfs of this host is made by %s, which ptprep can use",
                                   builder_kind_to_string(owner.kind));
        reason = image_owner_reason(f, owner, "the initramfs of this host", &cure);
        return reason ? finding_add(ret, self->id, RESULT_SKIPPED, NULL, CURE_PERSON, cure, "%s", reason) : -ENOMEM;
}

int check_image_current(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        bool installed = false;
        int r;

        if (j->wanted->image_digest == 0)
                return tell_builder(self, f, ret);
        if (!f->helper_present)
                return finding_add(ret, self->id, RESULT_BLOCKED, NAME_CLAIM_HELPER, CURE_PERSON,
                                   "install ptprep again", "the claim helper is missing");
        if (!f->helper_runs)
                return finding_add(ret, self->id, RESULT_BLOCKED, NAME_CLAIM_HELPER, CURE_PERSON,
                                   "install ptprep again",
                                   "the claim helper is damaged: it is no program that could be run");
        r = check_needs_boot(self->id, j, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        if (f->n_kernels == 0)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_NONE, NULL,
                                   "cannot tell: no installed kernel found in /lib/modules and /boot");
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
