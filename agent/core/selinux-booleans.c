/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/selinux-booleans.h"

#include "base/text.h"
#include "core/check.h"
#include "model/names.h"

#define CHECK_ID "host.selinux"
#define FORMAT   "setsebool" /* of the record; its words are looked for in no text */

static bool asks(const Judgement *j)
{
        return j->config->selinux_booleans && config_has_vfio(j->config);
}

static int set_on(SelinuxBoolean b, Record *record, Plan *p)
{
        RecordFile *file = record_file_at(record, selinux_boolean_to_string(b));
        int r = file ? string_replace(&file->format, FORMAT) : -ENOMEM;

        if (r >= 0)
                r = owned_words_add(&file->added, "", "on");
        return r < 0 || plan_add_boolean(p, CHECK_ID, b, true) ? r : -ENOMEM;
}

/* It is not to be seen. A policy that is in force and has no such boolean any more has none to take back. */
static int take_back_unseen(const Judgement *j, const char *name, Record *record, FindingList *findings)
{
        char cure[160];

        if (j->facts->selinux_enforcing != TRISTATE_UNKNOWN) {
                record_forget(record, name);
                return finding_add(findings, "record.valid", RESULT_SKIPPED, name, CURE_NONE, NULL,
                                   "the policy has no such SELinux boolean any more: nothing to take back");
        }
        (void) snprintf(cure, sizeof(cure),
                        "where SELinux is on, run \"ptprep revert\" again; or run \"setsebool -P %s off\" there", name);
        return finding_add(
                findings, "record.valid", RESULT_WARN, name, CURE_PERSON, cure,
                "ptprep has switched this SELinux boolean on, and cannot take it back here, where SELinux is "
                "not to be seen: it stays recorded");
}

/* One that ptprep has switched on, and nobody asks for any more. */
static int take_back(const Judgement *j, SelinuxBoolean b, Record *record, FindingList *findings, Plan *p)
{
        const char *name = selinux_boolean_to_string(b);

        switch (j->facts->selinux[b]) {
        case TRISTATE_UNKNOWN:
                return take_back_unseen(j, name, record, findings);
        case TRISTATE_YES:
                if (!plan_add_boolean(p, CHECK_ID, b, false))
                        return -ENOMEM;
                break;
        case TRISTATE_NO:
                break;
        }
        record_forget(record, name);
        return 0;
}

/* @record: as it is to be when all steps are done. */
static int plan_all(const Judgement *j, Record *record, FindingList *findings, Plan *p)
{
        for (SelinuxBoolean b = 0; b < _SELINUX_BOOLEAN_MAX; b++) {
                const bool ours = record_file(record, selinux_boolean_to_string(b));
                int r = 0;

                if (asks(j))
                        r = j->facts->selinux[b] == TRISTATE_NO ? set_on(b, record, p) : 0;
                else if (ours)
                        r = take_back(j, b, record, findings, p);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int plan_record_as(const Record *record, const char *before, Plan *p)
{
        _cleanup_free_ char *text = NULL;
        StateStep *s;
        int r = record_print(record, &text);

        if (r < 0 || streq_null(text, before))
                return r;
        s = plan_add_state(p, STEP_RECORD, "record.valid", NAME_RECORD);
        return s ? string_copy(text, &s->text) : -ENOMEM;
}

int plan_selinux(const Judgement *j, FindingList *findings, Plan *p)
{
        const char *before = plan_recorded(p, p->n, j->facts->record_text);
        _cleanup_(record_done) Record record = {};
        _cleanup_(plan_done) Plan steps = {};
        int r = record_parse(before, &record);

        if (r >= 0)
                r = plan_all(j, &record, findings, &steps);
        /* what is on is in the record, at whatever moment the run is cut short */
        if (r >= 0 && asks(j))
                r = plan_record_as(&record, before, p);
        if (r >= 0)
                r = plan_join(p, &steps);
        return r < 0 || asks(j) ? r : plan_record_as(&record, before, p);
}

int selinux_tell_left(const BooleanStep *s, const char *why, FindingList *findings)
{
        const char *name = selinux_boolean_to_string(s->boolean);
        char cure[160];

        if (s->on)
                return finding_add(
                        findings, CHECK_ID, RESULT_WARN, name, CURE_PERSON,
                        "cure that and run \"ptprep --apply\" again, or take selinux-booleans out of [agent]",
                        "ptprep could not switch this SELinux boolean on: %s", why);
        (void) snprintf(cure, sizeof(cure),
                        "cure that and run \"ptprep revert\" again, or run \"setsebool -P %s off\" where that works",
                        name);
        return finding_add(findings, CHECK_ID, RESULT_WARN, name, CURE_PERSON, cure,
                           "ptprep has switched this SELinux boolean on, and could not take it back: %s", why);
}

/* Silent where the policy has none of them. */
int check_host_selinux(const Check *self, const Judgement *j, FindingList *ret)
{
        const bool logs = j->facts->selinux_enforcing == TRISTATE_NO;

        for (SelinuxBoolean b = 0; b < _SELINUX_BOOLEAN_MAX; b++) {
                const char *name = selinux_boolean_to_string(b);
                char cure[160];
                int r = 0;

                if (!config_has_vfio(j->config) || j->facts->selinux[b] == TRISTATE_UNKNOWN)
                        continue;
                (void) snprintf(cure, sizeof(cure),
                                "run \"setsebool -P %s on\", or say selinux-booleans = yes in [agent], and \"ptprep "
                                "--apply\" does it",
                                name);
                if (j->facts->selinux[b] == TRISTATE_YES)
                        r = finding_add(ret, self->id, RESULT_OK, name, CURE_NONE, NULL,
                                        "it is on: SELinux lets guests manage PCI devices in sysfs");
                else
                        r = finding_add(ret, self->id, RESULT_WARN, name, asks(j) ? CURE_APPLY : CURE_PERSON,
                                        asks(j) ? NULL : cure,
                                        "this SELinux boolean is off: guests that libvirt confines may not manage PCI "
                                        "devices in sysfs%s",
                                        logs ? "; SELinux is permissive, and only logs that" : "");
                if (r < 0)
                        return r;
        }
        return 0;
}
