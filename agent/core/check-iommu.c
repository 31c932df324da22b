/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"

#define CURE_FIRMWARE                                                                                                  \
        "enable VT-d (Intel) or AMD-Vi/IOMMU (AMD) in the firmware setup; where there is no such option, this "        \
        "machine "                                                                                                     \
        "cannot pass devices through"

int check_firmware_table(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        const AcpiTable *t = f->dmar.present == TRISTATE_YES ? &f->dmar : &f->ivrs;

        if (f->container == TRISTATE_YES)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, "run ptprep on the host, not in a container",
                                   "cannot tell: this is a container");
        if (t->present == TRISTATE_YES) {
                if (t->readable == TRISTATE_YES && t->size < t->length)
                        return finding_add(ret, self->id, RESULT_WARN, NULL, "ask the vendor for a firmware update",
                                           "the %s table is cut short: %u of %u bytes", t->signature, t->size,
                                           t->length);
                if (t->readable == TRISTATE_YES && t->checksum_ok == TRISTATE_NO)
                        return finding_add(ret, self->id, RESULT_WARN, NULL, "ask the vendor for a firmware update",
                                           "the %s table has a wrong checksum", t->signature);
                if (t->readable != TRISTATE_YES)
                        return finding_add(ret, self->id, RESULT_OK, NULL, NULL,
                                           "the firmware has a %s table (its content is readable by root only)",
                                           t->signature);
                return finding_add(ret, self->id, RESULT_OK, NULL, NULL, "the firmware has a %s table of %u bytes",
                                   t->signature, t->length);
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

/* Entries that can boot and are no rescue entries. */
static size_t count_entries(const Loader *l)
{
        size_t n = 0;

        FOREACH_ARRAY(e, l->entries, l->n_entries)
                n += !e->rescue;
        return n;
}

static int loader_unknown(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;

        if (f->loader.kind == LOADER_NONE)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL,
                                   "add the arguments to the kernel command line by hand, see ptprep(8)",
                                   "cannot tell: no boot loader found that ptprep knows (GRUB 2)");
        if (f->loader.readable != TRISTATE_YES)
                return finding_add(ret, self->id, RESULT_UNKNOWN, f->loader.generated,
                                   f->is_root ? NULL : "run ptprep as root",
                                   "cannot tell: the boot loader's configuration is not readable");
        return finding_add(ret, self->id, RESULT_UNKNOWN, f->loader.generated,
                           "regenerate the boot loader's configuration, e.g. with update-grub",
                           "cannot tell: the boot loader's configuration has no entry that boots Linux");
}

static bool loader_known(const Judgement *j)
{
        return j->facts->loader.kind != LOADER_NONE && j->facts->loader.readable == TRISTATE_YES &&
               count_entries(&j->facts->loader) > 0;
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

int check_iommu_argument(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        IommuVendor vendor = facts_vendor(f);
        bool wanted = kargs_has(&j->wanted->add, "intel_iommu=on");
        int r;

        if (!loader_known(j))
                return loader_unknown(self, j, ret);
        FOREACH_ARRAY(e, f->loader.entries, f->loader.n_entries) {
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
                        return finding_add(ret, self->id, RESULT_FAIL, e->id, "run \"ptprep --apply\", then reboot",
                                           "%s:%u: this entry switches the IOMMU off with %s", e->file, e->line, word);
                return finding_add(ret, self->id, RESULT_FAIL, e->id, "run \"ptprep --apply\"",
                                   "%s:%u: intel_iommu=on is not in this entry yet", e->file, e->line);
        }
        if (wanted)
                return finding_add(ret, self->id, RESULT_OK, NULL, NULL,
                                   "intel_iommu=on is effective in %zu boot entr%s (%s)", count_entries(&f->loader),
                                   count_entries(&f->loader) == 1 ? "y" : "ies",
                                   f->loader.generated ?: loader_kind_to_string(f->loader.kind));
        return finding_add(ret, self->id, RESULT_OK, NULL, NULL, "%s",
                           vendor == IOMMU_VENDOR_AMD              ? "none is needed: an AMD IOMMU is on by default"
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

int check_boot_argument(const Check *self, const Judgement *j, FindingList *ret)
{
        const Loader *l = &j->facts->loader;

        if (j->config->n_devices == 0)
                return 0;
        if (!loader_known(j))
                return loader_unknown(self, j, ret);
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                size_t from = 0;
                const char *value = NULL, *last = NULL;

                if (e->rescue)
                        continue;
                while ((value = kargs_next(&e->arguments, KARG_SWITCH, &from)))
                        last = value;
                if (last && streq(last, "off"))
                        return finding_add(
                                ret, self->id, RESULT_BLOCKED, e->id,
                                "remove ptprep=off from the boot loader's configuration to let ptprep claim again",
                                "%s:%u: this entry has ptprep=off", e->file, e->line);
                if (!kargs_has(&e->arguments, KARG_CLAIM))
                        return finding_add(ret, self->id, RESULT_FAIL, e->id, "run \"ptprep --apply\"",
                                           "%s:%u: " KARG_CLAIM " is not in this entry yet", e->file, e->line);
        }
        return finding_add(ret, self->id, RESULT_OK, NULL, NULL, KARG_CLAIM " is in %zu boot entr%s", count_entries(l),
                           count_entries(l) == 1 ? "y" : "ies");
}
