/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"
#include "core/image-builder.h"
#include "core/next-boot.h"

static int judge_image(const Check *self, const Judgement *j, const KernelRelease *k, FindingList *ret)
{
        const char *driver = kernel_missing_driver(j, k), *path;
        const ImageContent *c = image_worst(j, k, &path);

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
        r = check_needs_boot(self->id, j, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        if (f->n_kernels == 0)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_NONE, NULL,
                                   "cannot tell: no installed kernel found in /lib/modules and /boot");
        if (images_builder(f) == _BUILDER_MAX && !images_current(j))
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
