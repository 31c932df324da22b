/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/check.h"
#include "iommu/note.h"
#include "iommu/table.h"
#include "iommu/words.h"

/* What firmware, CPU and running kernel can do, whatever is configured. */

#define CURE_UPDATE "ask the vendor for a firmware update; \"ptprep firmware\" prints the whole table"

/* A table that was read to its end may still contradict itself. 1: that was found; 0 no; -ENOMEM. */
static int firmware_table_is_wrong(const Check *self, const AcpiTable *t, FindingList *ret)
{
        _cleanup_(firmware_note_list_done) FirmwareNoteList notes = {};
        _cleanup_free_ char *more = NULL;
        const FirmwareNote *first;
        size_t n;
        int r;

        if (t->sound != TRISTATE_YES)
                return 0;
        r = t->vendor->note(t->content, &notes);
        if (r < 0)
                return r;
        first = firmware_note_first_wrong(&notes, &n);
        if (!first)
                return 0;
        if (n > 1 && string_printf(&more, " (and %zu more)", n - 1) < 0)
                return -ENOMEM;
        r = finding_add(ret, self->id, RESULT_WARN, NULL, CURE_FIRMWARE, CURE_UPDATE,
                        "the %s table is wrong at offset 0x%x: %s%s", t->vendor->signature, first->offset, first->text,
                        more ?: "");
        return r < 0 ? r : 1;
}

/* Of the table that is there. */
static int judge_table(const Check *self, const Judgement *j, const AcpiTable *t, FindingList *ret)
{
        const PciFunction *mistaken = j->wanted->mistaken;
        const char *name = t->vendor->signature;
        int r;

        if (t->readable != TRISTATE_YES)
                return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                                   "the firmware has %s %s table (its content is readable by root only)",
                                   text_article(name), name);
        if (t->sound == TRISTATE_NO)
                return finding_add(ret, self->id, RESULT_WARN, NULL, CURE_FIRMWARE, CURE_UPDATE,
                                   "the %s table is wrong at offset 0x%x: %s", name, t->error.offset, t->error.message);
        if (t->checksum_ok == TRISTATE_NO)
                return finding_add(ret, self->id, RESULT_WARN, NULL, CURE_FIRMWARE, CURE_UPDATE,
                                   "the %s table has a wrong checksum%s", name,
                                   t->vendor->needs_checksum ? ", with which Linux does not use it" : "");
        if (mistaken)
                return finding_add(ret, self->id, RESULT_WARN, NULL, CURE_FIRMWARE, CURE_UPDATE,
                                   "the %s table is wrong at offset 0x%x: it takes %s for %s, and Linux then uses no "
                                   "%s",
                                   name, j->wanted->mistaken_offset, PCI_ADDR_TEXT(mistaken->addr),
                                   pci_is_bridge(mistaken) ? "an endpoint, but it is a bridge"
                                                           : "a bridge, but it is none",
                                   t->vendor->feature);
        r = firmware_table_is_wrong(self, t, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "the firmware has %s %s table of %u bytes",
                           text_article(name), name, t->length);
}

int check_firmware_table(const Check *self, const Judgement *j, FindingList *ret)
{
        const IommuStateText *text = &j->wanted->iommu_text;
        _cleanup_free_ char *none = NULL;
        const Facts *f = j->facts;
        int r;

        if (f->container == TRISTATE_YES)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_ELSEWHERE, NULL,
                                   "cannot tell: this is a container");
        if (iommu_table(f))
                return judge_table(self, j, iommu_table(f), ret);
        if (features_foreign(&f->features))
                return finding_add(ret, self->id, RESULT_SKIPPED, NULL, CURE_NONE, NULL,
                                   "the tables that ptprep reads are those of x86: %s",
                                   iommu_state_is_on(j->wanted->iommu) ? "the IOMMU works without"
                                                                       : "see iommu.active");
        if (f->acpi != TRISTATE_YES || iommu_table_present(f) == TRISTATE_UNKNOWN)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_ELSEWHERE,
                                   "run ptprep where /sys/firmware can be seen: on the host itself, on a kernel with "
                                   "CONFIG_ACPI",
                                   "cannot tell: this system shows no ACPI tables");
        r = iommu_words("there is no {tables} table", NULL, &none);
        if (r < 0)
                return r;
        if (iommu_state_is_on(j->wanted->iommu)) /* described in another way, as by VIOT or a device tree */
                return finding_add(ret, self->id, RESULT_SKIPPED, NULL, CURE_NONE, NULL,
                                   "%s, and the IOMMU works without", none);
        return finding_add(ret, self->id, RESULT_BLOCKED, NULL, text->cure_kind, text->cure, "%s",
                           startswith(text->text, "off: ") ?: none);
}

static int iommu_is_active(const Check *self, const Judgement *j, FindingList *ret)
{
        const IommuStateText *text = &j->wanted->iommu_text;
        const Facts *f = j->facts;
        const char *word = text->word ? j->wanted->iommu_word : NULL;

        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "%s%s%s%s: %zu unit%s (%s), %zu group%s",
                           text->text, word ? " (" : "", word ?: "", word ? ")" : "", f->iommu_units.n,
                           f->iommu_units.n == 1 ? "" : "s", f->iommu_units.n > 0 ? f->iommu_units.items[0] : "?",
                           f->n_groups, f->n_groups == 1 ? "" : "s");
}

/* Does this word of the running system come from an entry, as far as can be told? What ptprep has edited since this
 * boot may have had it. */
static bool from_entry(const Facts *f, const char *word)
{
        if (facts_count_entries(f) == 0 || facts_unreadable_loader(f))
                return true;
        if (f->record.n > 0 && !kargs_has(&f->cmdline, KARG_CLAIM))
                return true;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries)
                        if (e->untold || kargs_has(&e->arguments, word))
                                return true;
        return false;
}

/* It is off because of a word: where that comes from decides who can take it out. */
static int iommu_is_off_by_word(const Check *self, const Judgement *j, const char *word, FindingList *ret)
{
        const IommuStateText *text = &j->wanted->iommu_text;
        const KernelLine *line = facts_running_line(j->facts);

        if ((line && kargs_has(&line->words, word)) || from_entry(j->facts, word))
                return finding_add(ret, self->id, text->result, NULL, text->cure_kind, text->cure, "%s %s", text->text,
                                   word);
        return finding_add(
                ret, self->id, text->result, NULL, text->cure_kind, text->cure,
                "%s %s, and no boot entry has that now: if it is there again after a reboot, it is built into "
                "the kernel (CONFIG_CMDLINE), or whatever starts this machine appends it",
                text->text, word);
}

int check_iommu_active(const Check *self, const Judgement *j, FindingList *ret)
{
        const IommuStateText *text = &j->wanted->iommu_text;
        const char *word = j->wanted->iommu_word;

        if (iommu_state_is_on(j->wanted->iommu))
                return iommu_is_active(self, j, ret);
        if (j->wanted->iommu == IOMMU_STATE_OFF_UNEXPLAINED && word)
                return finding_add(ret, self->id, text->result, NULL, text->cure_kind, text->cure,
                                   "off, although the kernel was started with %s", word);
        if (text->word && word)
                return iommu_is_off_by_word(self, j, word, ret);
        return finding_add(ret, self->id, text->result, NULL, text->cure_kind, text->cure, "%s", text->text);
}

int check_iommu_remapping(const Check *self, const Judgement *j, FindingList *ret)
{
        const Reason *reason = verdict_reason(&j->wanted->machine, self->id);
        const Facts *f = j->facts;

        if (!config_has_devices(j->config))
                return 0;
        if (reason)
                return finding_add(ret, self->id, reason->result, NULL, reason->cure_kind, reason->cure, "%s",
                                   reason->text);
        if (f->features.interrupt_remapping == TRISTATE_YES)
                return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                                   iommu_vendor(f) ? "interrupt remapping is on"
                                                   : "the interrupt controller keeps those of devices apart");
        if (!iommu_state_is_on(j->wanted->iommu))
                return finding_add(ret, self->id, RESULT_SKIPPED, NULL, CURE_NONE, NULL,
                                   "can be judged once the IOMMU is on");
        return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_NONE, NULL,
                           "cannot tell: no interrupt chip that is visible here says so");
}

int check_kernel_lockdown(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;

        if (!f->lockdown || streq(f->lockdown, "none"))
                return 0;
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                           "lockdown is %s%s: VFIO works, but only signed modules load and config space cannot be "
                           "written from outside",
                           f->lockdown, f->features.secure_boot == TRISTATE_YES ? " because of Secure Boot" : "");
}
