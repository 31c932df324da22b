/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/check.h"
#include "iommu/argument.h"
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
        if (f->acpi != TRISTATE_YES || iommu_table_present(f) == TRISTATE_UNKNOWN)
                return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_NONE, NULL,
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

        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "%s%s%s%s: %zu unit%s (%s), %zu groups",
                           text->text, word ? " (" : "", word ?: "", word ? ")" : "", f->iommu_units.n,
                           f->iommu_units.n == 1 ? "" : "s", f->iommu_units.n > 0 ? f->iommu_units.items[0] : "?",
                           f->n_groups);
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
        return finding_add(ret, self->id, text->result, NULL, text->cure_kind, text->cure, "%s%s%s", text->text,
                           text->word && word ? " " : "", text->word && word ? word : "");
}

int check_iommu_remapping(const Check *self, const Judgement *j, FindingList *ret)
{
        const Reason *reason = verdict_reason(&j->wanted->machine, self->id);
        const Facts *f = j->facts;

        if (j->config->n_devices == 0)
                return 0;
        if (reason)
                return finding_add(ret, self->id, reason->result, NULL, reason->cure_kind, reason->cure, "%s",
                                   reason->text);
        if (f->features.interrupt_remapping == TRISTATE_YES)
                return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "interrupt remapping is on");
        if (!iommu_state_is_on(j->wanted->iommu))
                return finding_add(ret, self->id, RESULT_SKIPPED, NULL, CURE_NONE, NULL,
                                   "can be judged once the IOMMU is on");
        return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_NONE, NULL,
                           "cannot tell: the kernel's interrupt chips are not visible here");
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

static bool is_known(const char *words, const char *value, size_t n)
{
        /* a known word that the value begins with; some take "=NUMBER" behind it */
        for (const char *w = words + 1; *w; w = strchr(w, ' ') + 1) {
                size_t k = strcspn(w, " ");

                if (k <= n && strncmp(w, value, k) == 0)
                        return true;
        }
        return false;
}

/* Where the words stand, for the finding. */
typedef struct Place {
        const Check *self;
        const char *subject; /* boot entry; NULL: this boot */
        const char *file;
        unsigned line;
        const Kargs *words;
        StringList *seen; /* details that were said already: entries are mostly alike */
        FindingList *ret;
} Place;

static int say(const Place *p, const char *cure, const char *detail)
{
        char where[256] = "";
        int r;

        if (string_list_contains(p->seen, detail))
                return 0;
        r = string_list_add(p->seen, detail);
        if (r < 0)
                return r;
        if (p->file)
                (void) snprintf(where, sizeof(where), "%s:%u: ", p->file, p->line);
        return finding_add(p->ret, p->self->id, RESULT_WARN, p->subject ?: "this boot", CURE_ARGUMENT, cure, "%s%s",
                           where, detail);
}

static const char *mistake_cure(const IommuKey *key, const char *value, size_t n)
{
        FOREACH_ARRAY(m, key->mistakes, key->n_mistakes)
                if (strlen(m->value) == n && strncmp(m->value, value, n) == 0)
                        return m->cure;
        return "take it out, or write what was meant";
}

static int judge_unknown(const Place *p, const IommuKey *key)
{
        const char *list;
        size_t from = 0;

        while ((list = kargs_next(p->words, key->key, &from)))
                for (const char *value = list; *value;) {
                        size_t n = strcspn(value, ",");
                        char detail[256];
                        int r = 0;

                        if (n > 0 && !is_known(key->members, value, n)) {
                                (void) snprintf(detail, sizeof(detail),
                                                "%s=%.*s: the kernel knows no such value, it "
                                                "does nothing",
                                                key->key, (int) MIN(n, (size_t) 64), value);
                                r = say(p, mistake_cure(key, value, n), detail);
                        }
                        if (r < 0)
                                return r;
                        value += n + (value[n] == ',');
                }
        return 0;
}

static int judge_repeated(const Place *p, const char *key)
{
        const char *value, *first = NULL;
        size_t from = 0;
        char detail[256];

        while ((value = kargs_next(p->words, key, &from))) {
                if (!first || !streq(first, value)) {
                        first = first ?: value;
                        continue;
                }
                (void) snprintf(detail, sizeof(detail), "%s=%.64s is there more than once", key, value);
                return say(p, "once is enough: look where the second one comes from", detail);
        }
        return 0;
}

/* "on" and "off" of a vendor's argument, in the order in which the kernel hears them. */
static int judge_contradiction(const Place *p, const IommuVendor *vendor)
{
        const char *key = vendor->key ? vendor->key->key : NULL, *list, *word = NULL;
        bool on = false, off = false;
        char detail[256];
        size_t from = 0;

        while (key && (list = kargs_next(p->words, key, &from)))
                for (const char *value = list; *value; value += strcspn(value, ","), value += *value == ',') {
                        on |= startswith(value, "on") != NULL;
                        off |= startswith(value, "off") != NULL;
                }
        if (iommu_argument(p->words, vendor, &word) == IOMMU_ARGUMENT_KILL && on) {
                (void) snprintf(detail, sizeof(detail), "%s beats %s=on wherever it stands: the IOMMU stays off", word,
                                key);
                return say(p, "take iommu=off out; for configured devices \"ptprep --apply\" does", detail);
        }
        if (!on || !off)
                return 0;
        (void) snprintf(detail, sizeof(detail), "%s=on and %s=off contradict each other: %s is the last and counts",
                        key, key, word ?: "none");
        return say(p, "take the one out that is not meant", detail);
}

/* @vendor: NULL: it is not known whose arguments count. */
static int judge_words(const Place *p, const IommuVendor *vendor)
{
        const IommuKey *key;
        int r = 0;

        for (size_t i = 0; r >= 0 && (key = iommu_key(i)); i++) {
                r = judge_unknown(p, key);
                if (r >= 0)
                        r = judge_repeated(p, key->key);
        }
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n)
                if (r >= 0 && (!vendor || vendor == *v))
                        r = judge_contradiction(p, *v);
        return r;
}

int check_iommu_conflict(const Check *self, const Judgement *j, FindingList *ret)
{
        _cleanup_(string_list_done) StringList seen = {};
        const IommuVendor *vendor = iommu_vendor(j->facts);
        Place place = { .self = self, .seen = &seen, .ret = ret };
        size_t before = ret->n;
        int r = 0;

        FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->n_entries) {
                        if (e->rescue || l->unused)
                                continue;
                        place.subject = e->id;
                        place.file = e->file;
                        place.line = e->line;
                        place.words = &e->arguments;
                        r = judge_words(&place, vendor);
                        if (r < 0)
                                return r;
                }
        if (j->facts->cmdline_known) {
                place.subject = place.file = NULL;
                place.words = &j->facts->cmdline;
                r = judge_words(&place, vendor);
        }
        if (r < 0 || ret->n > before || !(j->facts->cmdline_known || j->facts->n_loaders > 0))
                return r;
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                           "no IOMMU argument is contradictory or unknown");
}
