/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"
#include "core/firmware-note.h"

#define CURE_FIRMWARE                                                                                                  \
        "enable VT-d (Intel) or AMD-Vi/IOMMU (AMD) in the firmware setup; where there is no such option, this "        \
        "machine cannot pass devices through"
#define CURE_UPDATE "ask the vendor for a firmware update; \"ptprep firmware\" prints the whole table"

/* A table that was read to its end may still contradict itself. 1: that was found; 0 no; -ENOMEM. */
static int firmware_table_is_wrong(const Check *self, const Facts *f, const AcpiTable *t, FindingList *ret)
{
        _cleanup_(firmware_note_list_done) FirmwareNoteList notes = {};
        _cleanup_free_ char *more = NULL;
        const FirmwareNote *first;
        size_t n;
        int r;

        if (t->sound != TRISTATE_YES)
                return 0;
        r = t == &f->dmar ? firmware_note_dmar(&f->dmar_content, &notes) : firmware_note_ivrs(&f->ivrs_content, &notes);
        if (r < 0)
                return r;
        first = firmware_note_first_wrong(&notes, &n);
        if (!first)
                return 0;
        if (n > 1 && asprintf(&more, " (and %zu more)", n - 1) < 0) {
                more = NULL;
                return -ENOMEM;
        }
        r = finding_add(ret, self->id, RESULT_WARN, NULL, CURE_UPDATE, "the %s table is wrong at offset 0x%x: %s%s",
                        t->signature, first->offset, first->text, more ?: "");
        return r < 0 ? r : 1;
}

int check_firmware_table(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        const AcpiTable *t = f->dmar.present == TRISTATE_YES ? &f->dmar : &f->ivrs;
        const char *name = t == &f->dmar ? "a DMAR" : "an IVRS";
        int r;

        if (f->container == TRISTATE_YES)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, "run ptprep on the host, not in a container",
                                   "cannot tell: this is a container");
        if (t->present == TRISTATE_YES) {
                if (t->readable != TRISTATE_YES)
                        return finding_add(ret, self->id, RESULT_OK, NULL, NULL,
                                           "the firmware has %s table (its content is readable by root only)", name);
                if (t->sound == TRISTATE_NO)
                        return finding_add(ret, self->id, RESULT_WARN, NULL, CURE_UPDATE,
                                           "the %s table is wrong at offset 0x%x: %s", t->signature, t->error.offset,
                                           t->error.message);
                /* check_ivrs_checksum() of Linux drivers/iommu/amd/init.c; of a DMAR the kernel only says so */
                if (t->checksum_ok == TRISTATE_NO)
                        return finding_add(ret, self->id, RESULT_WARN, NULL, CURE_UPDATE,
                                           "the %s table has a wrong checksum%s", t->signature,
                                           t == &f->ivrs ? ", with which Linux does not use it" : "");
                r = firmware_table_is_wrong(self, f, t, ret);
                if (r != 0)
                        return r < 0 ? r : 0;
                return finding_add(ret, self->id, RESULT_OK, NULL, NULL, "the firmware has %s table of %u bytes", name,
                                   t->length);
        }
        if (f->acpi != TRISTATE_YES || f->dmar.present == TRISTATE_UNKNOWN || f->ivrs.present == TRISTATE_UNKNOWN)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, NULL,
                                   "cannot tell: this system shows no ACPI tables");
        return finding_add(ret, self->id, RESULT_BLOCKED, NULL, CURE_FIRMWARE,
                           "the firmware describes no IOMMU: there is no DMAR and no IVRS table");
}

/* Where the state comes from is told apart, because the next kernel may have another default. */
static int iommu_is_active(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        const char *unit = f->iommu_units.n > 0 ? f->iommu_units.items[0] : "?", *word = NULL, *why = "";

        switch (f->cmdline_known ? kargs_iommu(&f->cmdline, facts_vendor(f), &word) : IOMMU_ARGUMENT_NONE) {
        case IOMMU_ARGUMENT_ON:
                return finding_add(ret, self->id, RESULT_OK, NULL, NULL,
                                   "on by argument (%s): %zu unit%s (%s), %zu groups", word, f->iommu_units.n,
                                   f->iommu_units.n == 1 ? "" : "s", unit, f->n_groups);
        case IOMMU_ARGUMENT_OFF:
        case IOMMU_ARGUMENT_KILL: /* the firmware can force it on: platform opt-in, trusted boot */
                why = " although the command line says otherwise";
                break;
        case IOMMU_ARGUMENT_NONE:
                break;
        }
        return finding_add(ret, self->id, RESULT_OK, NULL, NULL, "on by %s%s: %zu unit%s (%s), %zu groups",
                           facts_vendor(f) == IOMMU_VENDOR_AMD ? "default, as always on AMD" : "kernel default", why,
                           f->iommu_units.n, f->iommu_units.n == 1 ? "" : "s", unit, f->n_groups);
}

int check_iommu_active(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        const char *word = NULL;

        if (f->iommu_active == TRISTATE_YES)
                return iommu_is_active(self, j, ret);
        if (f->iommu_active == TRISTATE_UNKNOWN || f->container == TRISTATE_YES || !f->cmdline_known)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, NULL,
                                   "cannot tell: the kernel's IOMMU state is not visible here");
        switch (kargs_iommu(&f->cmdline, facts_vendor(f), &word)) {
        case IOMMU_ARGUMENT_OFF:
        case IOMMU_ARGUMENT_KILL:
                return finding_add(ret, self->id, RESULT_FAIL, NULL,
                                   "take it out of the command line; for configured devices \"ptprep --apply\" sees to "
                                   "that, then reboot",
                                   "off by argument: the kernel was started with %s", word);
        case IOMMU_ARGUMENT_ON:
                return finding_add(ret, self->id, RESULT_BLOCKED, NULL,
                                   "look for \"DMAR\" in the kernel log (journalctl -k -g DMAR) and check that VT-d is "
                                   "enabled in the firmware setup",
                                   "off, although the kernel was started with %s", word);
        case IOMMU_ARGUMENT_NONE:
                break;
        }
        if (f->dmar.present == TRISTATE_NO && f->ivrs.present == TRISTATE_NO)
                return finding_add(ret, self->id, RESULT_BLOCKED, NULL, "see firmware.table",
                                   "off: the firmware describes no IOMMU");
        if (facts_vendor(f) == IOMMU_VENDOR_AMD)
                return finding_add(ret, self->id, RESULT_BLOCKED, NULL,
                                   "look for \"AMD-Vi\" in the kernel log (journalctl -k -g AMD-Vi)",
                                   "off, although this kernel switches an AMD IOMMU on by itself");
        return finding_add(ret, self->id, RESULT_FAIL, NULL, "run \"ptprep --apply\", then reboot",
                           "off: this kernel needs intel_iommu=on, and was started without it");
}

/* What cannot be told about boot loaders; 1: nothing at all is known of what will boot. */
static int judge_loaders(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        int r;

        if (f->n_loaders == 0) {
                r = finding_add(ret, self->id, RESULT_UNKNOWN, NULL,
                                "add the arguments to the kernel command line by hand, see ptprep(8)",
                                "cannot tell: no boot loader found that ptprep knows");
                return r < 0 ? r : 1;
        }
        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                if (l->readable == TRISTATE_YES)
                        continue;
                r = finding_add(ret, self->id, RESULT_UNKNOWN, l->generated, f->is_root ? NULL : "run ptprep as root",
                                "cannot tell: the configuration of the boot loader %s is not readable",
                                loader_kind_to_string(l->kind));
                if (r < 0)
                        return r;
        }
        if (facts_count_entries(f) > 0)
                return 0;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                if (l->readable != TRISTATE_YES)
                        continue;
                r = finding_add(ret, self->id, RESULT_UNKNOWN, l->generated,
                                "regenerate the boot loader's configuration, e.g. with update-grub",
                                "cannot tell: the boot loader's configuration has no entry that boots Linux");
                if (r < 0)
                        return r;
        }
        return 1;
}

/* What the vendor's argument has to be in an entry. */
static bool entry_iommu_fine(const Judgement *j, const BootEntry *e, const char **ret_word)
{
        IommuVendor vendor = facts_vendor(j->facts);
        IommuArgument a = kargs_iommu(&e->arguments, vendor, ret_word);

        if (a == IOMMU_ARGUMENT_OFF || a == IOMMU_ARGUMENT_KILL)
                return false;
        if (!kargs_has(&j->wanted->add, "intel_iommu=on"))
                return true;
        return a == IOMMU_ARGUMENT_ON;
}

/* The first fault of one loader's entries. 1: there is one; 0: none. */
static int judge_entries(const Check *self, const Judgement *j, const Loader *l, FindingList *ret)
{
        int r;

        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                const char *word = NULL;

                if (!e->rescue && kargs_has(&e->arguments, "amd_iommu=on")) {
                        r = finding_add(ret, self->id, RESULT_WARN, e->id,
                                        "remove it, the AMD IOMMU is on without any argument",
                                        "%s:%u: amd_iommu=on is not a value that the kernel knows", e->file, e->line);
                        if (r < 0)
                                return r;
                }
                if (e->rescue || entry_iommu_fine(j, e, &word))
                        continue;
                if (word)
                        r = finding_add(ret, self->id, RESULT_FAIL, e->id, "run \"ptprep --apply\", then reboot",
                                        "%s:%u: this entry switches the IOMMU off with %s", e->file, e->line, word);
                else
                        r = finding_add(ret, self->id, RESULT_FAIL, e->id, "run \"ptprep --apply\"",
                                        "%s:%u: intel_iommu=on is not in this entry yet", e->file, e->line);
                return r < 0 ? r : 1;
        }
        return 0;
}

int check_iommu_argument(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        size_t n = facts_count_entries(f);
        bool faulty = false;
        int r = judge_loaders(self, j, ret);

        if (r != 0)
                return r < 0 ? r : 0;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                r = judge_entries(self, j, l, ret);
                if (r < 0)
                        return r;
                faulty |= r > 0;
        }
        if (faulty)
                return 0;
        if (kargs_has(&j->wanted->add, "intel_iommu=on"))
                return finding_add(ret, self->id, RESULT_OK, NULL, NULL,
                                   "intel_iommu=on is effective in %zu boot entr%s (%s)", n, n == 1 ? "y" : "ies",
                                   f->n_loaders == 1 && f->loaders->generated
                                           ? f->loaders->generated
                                           : loader_kind_to_string(f->loaders->kind));
        return finding_add(ret, self->id, RESULT_OK, NULL, NULL, "%s",
                           facts_vendor(f) == IOMMU_VENDOR_AMD     ? "none is needed: an AMD IOMMU is on by default"
                           : j->config->n_devices == 0             ? "none is asked for while no device is configured"
                           : j->config->argument == ARGUMENT_NEVER ? "left alone, as [iommu] argument = never asks"
                                                                   : "none is needed");
}

bool entry_has_arguments(const Judgement *j, const BootEntry *e)
{
        FOREACH_ARRAY(w, j->wanted->add.words.items, j->wanted->add.words.n)
                if (!startswith(*w, "intel_iommu=") && !kargs_has(&e->arguments, *w))
                        return false;
        return entry_iommu_fine(j, e, NULL);
}

/* The first entry of a loader that will not claim. 1: there is one; 0: none. */
static int judge_claim_entries(const Check *self, const Loader *l, FindingList *ret)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                const char *value = NULL, *last = NULL;
                size_t from = 0;
                int r;

                if (e->rescue)
                        continue;
                while ((value = kargs_next(&e->arguments, KARG_SWITCH, &from)))
                        last = value;
                if (last && streq(last, "off"))
                        r = finding_add(
                                ret, self->id, RESULT_BLOCKED, e->id,
                                "remove ptprep=off from the boot loader's configuration to let ptprep claim again",
                                "%s:%u: this entry has ptprep=off", e->file, e->line);
                else if (!kargs_has(&e->arguments, KARG_CLAIM))
                        r = finding_add(ret, self->id, RESULT_FAIL, e->id, "run \"ptprep --apply\"",
                                        "%s:%u: " KARG_CLAIM " is not in this entry yet", e->file, e->line);
                else
                        continue;
                return r < 0 ? r : 1;
        }
        return 0;
}

int check_boot_argument(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        size_t n = facts_count_entries(f);
        bool faulty = false;
        int r;

        if (j->config->n_devices == 0)
                return 0;
        r = judge_loaders(self, j, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                r = judge_claim_entries(self, l, ret);
                if (r < 0)
                        return r;
                faulty |= r > 0;
        }
        if (faulty)
                return 0;
        return finding_add(ret, self->id, RESULT_OK, NULL, NULL, KARG_CLAIM " is in %zu boot entr%s", n,
                           n == 1 ? "y" : "ies");
}
