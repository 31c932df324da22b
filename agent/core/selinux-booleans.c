/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/selinux-booleans.h"

#include "core/check.h"

#define CHECK_ID "host.selinux"
#define FORMAT   "setsebool" /* of the record; its words are looked for in no text */

static bool asks(const Judgement *j)
{
        return j->config->selinux_booleans && config_has_vfio(j->config);
}

static int plan_one(Plan *p, SelinuxBoolean b, bool on)
{
        PlanWords words = { .format = FORMAT, .recorded_as = selinux_boolean_to_string(b) };
        BooleanStep *s = plan_add_boolean(p, CHECK_ID, b, on);
        int r = s ? 0 : -ENOMEM;

        if (r >= 0 && on)
                r = owned_words_add(&words.added, "", "on");
        if (r >= 0)
                r = step_remember(&s->record, &words);
        plan_words_done(&words);
        return r;
}

/* One that ptprep has switched on, and nobody asks for any more. */
static int take_back(const Judgement *j, SelinuxBoolean b, FindingList *findings, Plan *p)
{
        const char *name = selinux_boolean_to_string(b);
        int r = string_list_add(&p->given_back, name);

        if (r < 0 || j->facts->selinux[b] == TRISTATE_NO)
                return r;
        if (j->facts->selinux[b] == TRISTATE_YES)
                return plan_one(p, b, false);
        return finding_add(findings, "record.valid", RESULT_WARN, name, CURE_PERSON,
                           "where SELinux is on and the policy has it, run \"setsebool -P NAME off\" with this name",
                           "ptprep has switched this SELinux boolean on, and cannot take it back: it is not to be seen "
                           "here");
}

int plan_selinux(const Judgement *j, FindingList *findings, Plan *p)
{
        for (SelinuxBoolean b = 0; b < _SELINUX_BOOLEAN_MAX; b++) {
                const bool ours = record_file(&j->facts->record, selinux_boolean_to_string(b));
                int r = 0;

                if (asks(j))
                        r = j->facts->selinux[b] == TRISTATE_NO ? plan_one(p, b, true) : 0;
                else if (ours)
                        r = take_back(j, b, findings, p);
                if (r < 0)
                        return r;
        }
        return 0;
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
