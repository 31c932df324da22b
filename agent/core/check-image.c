/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/check.h"
#include "core/claim-way.h"
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
        if (!reason)
                return -ENOMEM;
        r = finding_add(ret, self->id, RESULT_BLOCKED, k->release, CURE_PERSON, cure, "%s%s%s", reason,
                        j->wanted->claim_image_obstacle ? "; nor can the claim image be used: " : "",
                        j->wanted->claim_image_obstacle ?: "");
        return r < 0 ? r : 1;
}

static int judge_missing_driver(const Check *self, const Judgement *j, const KernelRelease *k, FindingList *ret)
{
        return finding_add(ret, self->id, k->running ? RESULT_BLOCKED : RESULT_WARN, k->release, CURE_PERSON,
                           "install a kernel that has this driver, or choose another one in " NAME_CONFIG_FILE,
                           "this kernel has no %s driver", kernel_missing_driver(j, k));
}

/* There are entries, all of them can be read, and none is of this kernel. */
static bool is_out_of_menu(const Facts *f, const KernelRelease *k)
{
        return !k->in_menu && facts_count_entries(f) > 0 && !facts_unreadable_loader(f);
}

static int judge_image(const Check *self, const Judgement *j, const KernelRelease *k, FindingList *ret)
{
        const char *path;
        const ImageContent *c = image_worst(j, k, &path);
        const ImageState state = image_state(j, k);
        int r;

        if (kernel_missing_driver(j, k))
                return judge_missing_driver(self, j, k, ret);
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
                if (is_out_of_menu(j->facts, k))
                        return finding_add(ret, self->id, RESULT_SKIPPED, k->release, CURE_NONE, NULL,
                                           "%s has the present claim list, and no boot entry loads it", path);
                return finding_add(ret, self->id, RESULT_OK, k->release, CURE_NONE, NULL,
                                   "%s has the present claim list", path);
        default:
                return finding_add(ret, self->id, RESULT_UNKNOWN, k->release,
                                   j->facts->is_root ? CURE_PERSON : CURE_ROOT,
                                   j->facts->is_root ? "build it again with what made it, and see that it can be "
                                                       "unpacked; then run ptprep again"
                                                     : NULL,
                                   "cannot tell what is in %s", path);
        }
}

#define CURE_COPY                                                                                                      \
        "run \"ptprep --apply\", then have the new image copied there by what does it when a kernel is updated (such " \
        "as "                                                                                                          \
        "kernelstub, or a hook of your own)"

/* What an entry loads that does not say for which kernel: no image that is built takes its place by itself. */
static int judge_stray(const Check *self, const Judgement *j, const LoadedImage *s, FindingList *ret)
{
        switch (image_content_state(j, &s->image)) {
        case IMAGE_CURRENT:
                return finding_add(ret, self->id, RESULT_OK, s->path, CURE_NONE, NULL, "it has the present claim list");
        case IMAGE_STALE:
                return finding_add(ret, self->id, RESULT_FAIL, s->path, CURE_PERSON, CURE_COPY,
                                   s->image.digest == 0
                                           ? "an entry loads it that does not say for which kernel, and it has no "
                                             "claim list in it"
                                           : "an entry loads it that does not say for which kernel, and it has another "
                                             "claim list or helper in it");
        default:
                return finding_add(ret, self->id, RESULT_UNKNOWN, s->path, j->facts->is_root ? CURE_PERSON : CURE_ROOT,
                                   j->facts->is_root ? CURE_COPY : NULL, "cannot tell what is in it");
        }
}

/* What the entry that boots by default loads is none of the images that are judged. */
static int judge_unseen(const Check *self, const BootEntry *e, FindingList *ret)
{
        char line[16];

        if (e->image_none)
                return finding_add(
                        ret, self->id, RESULT_FAIL, e->id, CURE_PERSON,
                        "have the entry load an initramfs, or another entry boot by default",
                        "%s%s: this entry boots by default and loads no initramfs, in which devices could be "
                        "claimed",
                        e->file, boot_entry_line(e, line));
        return finding_add(
                ret, self->id, RESULT_UNKNOWN, e->id, CURE_PERSON,
                "mount what it is on, or have the entry load an image that is made here",
                "%s%s: cannot tell what is in the initramfs of this entry, which boots by default: %s is not found",
                e->file, boot_entry_line(e, line), e->image ?: e->initrd);
}

/* The program of the helper, of which way of claiming ever. 1: that was said; 0: it is fine; -ENOMEM. */
static int judge_helper(const Check *self, const Facts *f, FindingList *ret)
{
        const char *problem = !f->helper_present ? "the claim helper is missing"
                              : !f->helper_runs  ? "the claim helper is damaged: it is no program that could be run"
                                                 : NULL;
        int r = problem ? finding_add(ret, self->id, RESULT_BLOCKED, NAME_CLAIM_HELPER, CURE_PERSON,
                                      "install ptprep again", "%s", problem)
                        : 0;

        return r < 0 ? r : !!problem;
}

static int judge_claim_image_file(const Check *self, const Judgement *j, FindingList *ret)
{
        const char *path = facts_claim_image(j->facts);
        const BootEntry *e = claim_image_unloaded(j);
        char line[16];

        switch (claim_image_state(j)) {
        case IMAGE_MISSING:
                return finding_add(ret, self->id, RESULT_FAIL, path, CURE_APPLY, NULL, "does not exist");
        case IMAGE_STALE:
                return finding_add(ret, self->id, RESULT_FAIL, path, CURE_APPLY, NULL,
                                   "has another claim list, helper or unit in it");
        case IMAGE_CURRENT:
                break;
        default:
                return finding_add(ret, self->id, RESULT_UNKNOWN, path, j->facts->is_root ? CURE_NONE : CURE_ROOT, NULL,
                                   "cannot tell what is in it");
        }
        if (e)
                return finding_add(ret, self->id, RESULT_FAIL, e->id, CURE_APPLY, NULL,
                                   "%s%s: %s is not loaded by this entry yet", e->file, boot_entry_line(e, line), path);
        return finding_add(ret, self->id, RESULT_OK, path, CURE_NONE, NULL,
                           "has the present claim list, and every entry loads it");
}

/* The claim image is for all kernels; of each only what keeps it from claiming is told. */
static int judge_claim_image(const Check *self, const Judgement *j, FindingList *ret)
{
        int r = check_needs_boot(self->id, j, ret);

        if (r != 0)
                return MIN(r, 0);
        FOREACH_ARRAY(k, j->facts->kernels, j->facts->n_kernels) {
                const char *path;

                if (kernel_missing_driver(j, k))
                        r = judge_missing_driver(self, j, k, ret);
                else if (image_state(j, k) == IMAGE_STALE) {
                        (void) image_worst(j, k, &path);
                        r = finding_add(ret, self->id, RESULT_FAIL, k->release, CURE_APPLY, NULL,
                                        "%s has a claim list of its own in it, which would count", path);
                }
                if (r < 0)
                        return r;
        }
        return judge_claim_image_file(self, j, ret);
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
        if (owner.kind >= _BUILDER_FIRST) {
                _cleanup_free_ char *obstacle = NULL;

                if (claim_way_obstacle(f, &obstacle) < 0)
                        return -ENOMEM;
                if (!obstacle)
                        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                                           "the initramfs of this host is made by %s, and ptprep can put its claim "
                                           "image in front of it",
                                           builder_kind_to_string(owner.kind));
        }
        reason = image_owner_reason(f, owner, "the initramfs of this host", &cure);
        return reason ? finding_add(ret, self->id, RESULT_SKIPPED, NULL, CURE_PERSON, cure, "%s", reason) : -ENOMEM;
}

int check_image_current(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        bool installed = false;
        int r;

        if (j->wanted->in_claim_image)
                return judge_claim_image(self, j, ret);
        if (j->wanted->image_digest == 0)
                return tell_builder(self, f, ret);
        /* an image's builder may install its boot loader last */
        if (j->config->claim == CLAIM_WAY_IMAGE && f->first_boot != TRISTATE_UNKNOWN && !facts_has_loader(f))
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_NONE, NULL,
                                   "cannot tell: there is no boot loader in this system yet");
        if (j->config->claim == CLAIM_WAY_IMAGE)
                return finding_add(ret, self->id, RESULT_BLOCKED, NULL, CURE_CONFIGURATION,
                                   "cure that, or take [agent] claim out of " NAME_CONFIG_FILE,
                                   "the claim image, which [agent] claim = image asks for, cannot be used: %s",
                                   j->wanted->claim_image_obstacle);
        r = judge_helper(self, f, ret);
        if (r != 0)
                return MIN(r, 0);
        r = check_needs_boot(self->id, j, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        if (f->n_kernels == 0)
                return finding_add(
                        ret, self->id, RESULT_UNKNOWN, NULL, CURE_PERSON,
                        "install a kernel with its modules in /lib/modules; one that has its drivers built in "
                        "has the devices before any image",
                        "cannot tell: no installed kernel found in /lib/modules and /boot");
        FOREACH_ARRAY(k, f->kernels, f->n_kernels) {
                r = judge_image(self, j, k, ret);
                if (r < 0)
                        return r;
                installed |= k->running;
        }
        FOREACH_ARRAY(s, f->strays, f->n_strays) {
                r = judge_stray(self, j, s, ret);
                if (r < 0)
                        return r;
        }
        if (boot_entry_unseen(j)) {
                r = judge_unseen(self, boot_entry_unseen(j), ret);
                if (r < 0)
                        return r;
        }
        if (!installed && f->live)
                return finding_add(ret, self->id, RESULT_WARN, f->release, CURE_REBOOT,
                                   "reboot into an installed kernel",
                                   "the running kernel is not among the installed ones");
        return 0;
}
