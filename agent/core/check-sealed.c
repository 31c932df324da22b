/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/check.h"
#include "core/next-boot.h"

/*
 * Registers of the TPM that a change of arguments or of an initramfs moves, by who boots.
 * - GRUB 2 (TCG measurement, docs/grub.texi "Measured Boot"): 8 has commands and command lines, 9 every file it reads:
 *   its menu, entries, kernels and images.
 * - systemd-boot and the EFI stub of Linux: 12 has the command line of an entry (systemd-boot(7)), 8 in older ones; the
 *   stub has load options and initrd in 9 (Linux drivers/firmware/efi/libstub/efi-stub-helper.c).
 * - A unified image: 11 has its sections (systemd-stub(7)), 4 the whole of it.
 * - An addon of a unified image: 12 has its arguments and its initramfs (systemd src/boot/stub.c, load_addons()), 4 the
 *   file, which the firmware loads as a program (TCG PC Client Platform Firmware Profile, 3.3.4.5), 9 what the kernel
 *   gets.
 *
 * GRUB legacy measures nothing.
 */
#define MOVES_ARGUMENTS_GRUB (PCR_BIT(8) | PCR_BIT(9))
#define MOVES_ARGUMENTS_STUB (PCR_BIT(8) | PCR_BIT(9) | PCR_BIT(12))
#define MOVES_UNIFIED        (PCR_BIT(4) | PCR_BIT(9) | PCR_BIT(11))
#define MOVES_ADDON          (PCR_BIT(4) | PCR_BIT(9) | PCR_BIT(12))
#define MOVES_UNIFIED_TOO    (MOVES_UNIFIED | PCR_BIT(12)) /* both */
#define MOVES_IMAGE          PCR_BIT(9)

static const uint32_t moves_arguments[_LOADER_MAX] = {
        [LOADER_GRUB2] = MOVES_ARGUMENTS_GRUB,        [LOADER_BLS] = MOVES_ARGUMENTS_GRUB,
        [LOADER_SYSTEMD_BOOT] = MOVES_ARGUMENTS_STUB, [LOADER_UKI] = MOVES_UNIFIED,
        [LOADER_OSTREE] = MOVES_ARGUMENTS_STUB,       [LOADER_PROXMOX] = MOVES_ARGUMENTS_STUB,
};

/* A unified image is built again, or gets an addon. With that it is built again all the same for a word that has to go
 * or a claim list of its own. */
static uint32_t moves_unified(const Judgement *j, const Loader *l, const BootEntry *e)
{
        const char *word = NULL;

        if (!l->early_addon || !j->wanted->in_claim_image)
                return MOVES_UNIFIED;
        if (!entry_iommu_fine(j, e, &word) && word)
                return MOVES_UNIFIED_TOO;
        FOREACH_ARRAY(k, j->facts->kernels, j->facts->n_kernels)
                if (image_state(j, k) == IMAGE_STALE)
                        return MOVES_UNIFIED_TOO;
        return MOVES_ADDON;
}

/* Registers that will have other values at the next boot because of what is to be changed. */
static uint32_t moved(const Judgement *j)
{
        bool stale = !images_current(j);
        uint32_t pcrs = stale ? MOVES_IMAGE : 0;

        FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries) {
                        bool lacks = !entry_has_arguments(j, e);

                        if (!entry_counts(e))
                                continue;
                        if (e->embedded && (lacks || stale))
                                pcrs |= moves_unified(j, l, e);
                        else if (lacks)
                                pcrs |= moves_arguments[l->kind];
                }
        return pcrs;
}

/*
 * Those that were moved since this boot, which has the values of before: it was started without what the entries have
 * by now, and its image did not claim.
 */
static uint32_t moved_since(const Judgement *j)
{
        uint32_t pcrs = 0;

        if (!boot_unclaimed(j))
                return 0;
        FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries)
                        if (entry_counts(e))
                                pcrs |= MOVES_IMAGE | (e->embedded ? moves_unified(j, l, e) : moves_arguments[l->kind]);
        return pcrs;
}

/* Registers that are moved and that nothing opens the volume without; 0: it still opens by itself. */
static uint32_t hit(const SealedVolume *v, uint32_t pcrs)
{
        uint32_t all = 0;

        for (size_t i = 0; i < v->tokens.n; i++) {
                if (!(v->tokens.pcrs[i] & pcrs))
                        return 0;
                all |= v->tokens.pcrs[i] & pcrs;
        }
        return all;
}

static uint32_t bound_to(const SealedVolume *v)
{
        uint32_t all = 0;

        for (size_t i = 0; i < v->tokens.n; i++)
                all |= v->tokens.pcrs[i];
        return all;
}

#define LIFT        "where somebody can type the passphrase at the next boot, set allow = sealed-boot in [agent]"
#define POLICY_ANEW "run systemd-pcrlock make-policy before the reboot"
#define ENROL_ANEW  "type the passphrase at the next boot, then enrol the TPM again"
#define LIFTED      "; \"allow = sealed-boot\" changes it all the same"

static int judge_unreadable(const Check *self, const Judgement *j, const SealedVolume *v, FindingList *ret)
{
        bool allowed = j->config->allow & CONFIG_ALLOW_SEALED_BOOT;

        if (!j->facts->is_root)
                return finding_add(ret, self->id, RESULT_UNKNOWN, v->device, CURE_ROOT, NULL,
                                   "cannot tell whether a TPM opens it, and what that is bound to");
        return finding_add(ret, self->id, allowed ? RESULT_WARN : RESULT_BLOCKED, v->device, CURE_CONFIGURATION,
                           "see what it is bound to (cryptsetup luksDump): PCR 7 alone is safe; " LIFT,
                           "cannot tell what the TPM's key of it is bound to, so the next boot may wait for a "
                           "passphrase%s",
                           allowed ? LIFTED : "");
}

static int judge_volume(const Check *self, const Judgement *j, const SealedVolume *v, uint32_t pcrs, FindingList *ret)
{
        bool allowed = j->config->allow & CONFIG_ALLOW_SEALED_BOOT;
        char bound[PCRS_TEXT_MAX], moves[PCRS_TEXT_MAX];
        const uint32_t hits = hit(v, pcrs), before = pcrs == 0 ? hit(v, moved_since(j)) : 0;
        const char *cure;

        if (!v->known)
                return pcrs == 0 ? 0 : judge_unreadable(self, j, v, ret);
        if (before != 0)
                return finding_add(
                        ret, self->id, RESULT_WARN, v->device, CURE_CONFIGURATION,
                        v->by_policy ? POLICY_ANEW : ENROL_ANEW,
                        "a TPM opens it while PCR %s have the values of now, and what was changed since this "
                        "boot moves PCR %s: the next boot waits for a passphrase",
                        pcrs_print(bound_to(v), bound), pcrs_print(before, moves));
        if (hits == 0)
                return finding_add(ret, self->id, RESULT_OK, v->device, CURE_NONE, NULL,
                                   pcrs == 0 ? "a TPM opens it, and nothing is to be changed that is measured"
                                             : "a TPM opens it, and what is to be changed moves nothing that it is "
                                               "bound to");
        if (allowed)
                cure = v->by_policy ? POLICY_ANEW : ENROL_ANEW;
        else
                cure = v->by_policy ? "set allow = sealed-boot in [agent], run \"ptprep --apply\", then "
                                      "systemd-pcrlock make-policy before the reboot"
                                    : "bind it to PCR 7 alone (systemd-cryptenroll, clevis or fde-tools); or, " LIFT
                                      ", and enrol again after it";
        return finding_add(ret, self->id, allowed ? RESULT_WARN : RESULT_BLOCKED, v->device, CURE_CONFIGURATION, cure,
                           "a TPM opens it while PCR %s have the values of now, and what is to be changed moves PCR "
                           "%s: the next boot would wait for a passphrase%s",
                           pcrs_print(bound_to(v), bound), pcrs_print(hits, moves), allowed ? LIFTED : "");
}

int check_boot_sealed(const Check *self, const Judgement *j, FindingList *ret)
{
        uint32_t pcrs = j->facts->n_sealed > 0 ? moved(j) : 0;

        FOREACH_ARRAY(v, j->facts->sealed, j->facts->n_sealed) {
                int r = judge_volume(self, j, v, pcrs, ret);

                if (r < 0)
                        return r;
        }
        return 0;
}
