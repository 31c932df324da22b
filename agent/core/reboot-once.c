/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/reboot-once.h"

#include <inttypes.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/check.h"
#include "core/next-boot.h"
#include "iommu/vendor.h"

void reboot_plan_digest(const Judgement *j, char ret[static REBOOTS_DIGEST + 1])
{
        const Wanted *w = j->wanted;
        const Facts *f = j->facts;
        uint64_t hash = string_list_fnv1a(string_list_fnv1a(FNV_START, &w->add.words), &w->remove.words);

        hash = fnv1a_text(fnv1a_text(fnv1a_text(hash, w->claims), w->modprobe_snippet), w->modules_load);
        hash = fnv1a(hash, &w->in_claim_image, sizeof(w->in_claim_image));
        FOREACH_ARRAY(t, f->tables, f->n_tables) {
                hash = fnv1a_text(hash, t->vendor->signature);
                hash = fnv1a(fnv1a(hash, &t->present, sizeof(t->present)), &t->length, sizeof(t->length));
        }
        FOREACH_ARRAY(k, f->kernels, f->n_kernels)
                hash = fnv1a_text(hash, k->release);
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                hash = fnv1a_text(hash, loader_kind_to_string(l->kind));
        (void) snprintf(ret, REBOOTS_DIGEST + 1, "%016" PRIx64, hash);
}

/* A virtual function is not among it: it is given to its driver when it is there, in each boot. */
int reboot_missing(const Judgement *j, char **ret)
{
        const BootEntry running = { .arguments = j->facts->cmdline };
        const char *word = NULL;

        *ret = NULL;
        if (j->facts->cmdline_known) {
                FOREACH_ARRAY(w, j->wanted->add.words.items, j->wanted->add.words.n)
                        if (!streq_null(*w, j->wanted->iommu_add) && !entry_has_word(j, &running, *w))
                                return string_printf(ret, "this boot was started without %s", *w);
                if (!entry_iommu_fine(j, &running, &word))
                        return word ? string_printf(ret, "this boot was started with %s", word)
                                    : string_printf(ret, "this boot was started without %s", j->wanted->iommu_add);
        }
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices)
                if (d->state == DEVICE_FOUND && d->function->physfn == PCI_PARENT_NONE && !wanted_device_claimed(d))
                        return string_printf(ret, "%s is on %s, not on %s", d->config->name,
                                             d->function->driver ?: "no driver", wanted_driver(d));
        return 0;
}

/* Silent where there is nothing to tell. In the boot that ends for a plan it has not failed yet. */
int check_reboot_once(const Check *self, const Judgement *j, FindingList *ret)
{
        const char *boot_id = j->facts->origin.boot_id, *boot;
        _cleanup_free_ char *missing = NULL;
        char digest[REBOOTS_DIGEST + 1];
        int r;

        if (!j->facts->reboots || !config_asks(j->config))
                return 0;
        reboot_plan_digest(j, digest);
        boot = reboots_find(j->facts->reboots, digest);
        if (!boot || (boot_id && strncmp(boot, boot_id, strlen(boot_id)) == 0))
                return 0;
        r = reboot_missing(j, &missing);
        if (r < 0 || !missing)
                return r;
        return finding_add(ret, self->id, RESULT_FAIL, NULL, CURE_PERSON,
                           "see what was booted, and what \"ptprep bootloader\" says should have been; then reboot by "
                           "hand",
                           "this host was restarted for what is configured, and that did not take effect: %s; it is "
                           "not restarted for it again",
                           missing);
}

/* Of what is on a disk that forgets it with the boot nobody can tell from a file: Fedora's, Debian's and Ubuntu's. */
static bool runs_from_a_copy(const Kargs *k)
{
        static const char *const words[] = { "rd.live.image", "boot=live", "boot=casper" };

        FOREACH_ARRAY(word, words, ELEMENTSOF(words))
                if (kargs_has(k, *word))
                        return true;
        return false;
}

const char *reboot_refusal(const Report *r)
{
        const Judgement *j = r->judgement;
        const Facts *f = j->facts;
        const BootEntry *once = NULL;
        char digest[REBOOTS_DIGEST + 1];

        if (!f->live)
                return "it is not the system that runs";
        if (f->container == TRISTATE_YES)
                return "this is a container";
        if (!j->config->enabled)
                return "changes are switched off";
        if (r->failure || !report_changed_something(r))
                return "nothing was changed for the next boot";
        if (wanted_count_waiting(j->wanted) > 0)
                return "a device still waits for the network of the host";
        if (boot_once_lacks(j, &once))
                return "the next boot takes another entry, see boot.argument";
        if (!report_reboot_required(r))
                return "a reboot would make nothing true";
        if (!f->cmdline_known || !f->origin.boot_id)
                return "it cannot be told which boot this is";
        if (runs_from_a_copy(&f->cmdline))
                return "what is written in this boot is lost with it";
        if (!f->reboots_known)
                return "it cannot be read whether it was done before";
        reboot_plan_digest(j, digest);
        return reboots_find(f->reboots, digest) ? "it was done for this very plan before" : NULL;
}
