/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/report.h"

#include "core/next-boot.h"
#include "model/names.h"

const ReportFormat report_formats[] = {
        { "text", report_text },
        { "json", report_json },
};
const size_t report_formats_n = ELEMENTSOF(report_formats);

const ReportFormat *report_format(const char *name)
{
        FOREACH_ARRAY(f, report_formats, report_formats_n)
                if (streq(f->name, name))
                        return f;
        return NULL;
}

static const ReportVerdict verdicts[] = {
        [EXIT_READY] = { "ready", "READY", COLOR_BRIGHT_GREEN },
        [EXIT_NOT_READY] = { "not-ready", "NOT READY: ptprep or a reboot can cure it", COLOR_BRIGHT_YELLOW },
        [EXIT_BLOCKED] = { "blocked", "BLOCKED: a person has to act", COLOR_RED },
        [EXIT_ROLLED_BACK] = { "rolled-back", "FAILED: a change failed and everything was put back", COLOR_RED },
};

static const ReportVerdict revert_verdicts[] = {
        [EXIT_READY] = { "reverted", "REVERTED: nothing of ptprep's is left", COLOR_BRIGHT_GREEN },
        [EXIT_NOT_READY] = { "not-ready", "REVERTED IN PART: the rest could not be looked at", COLOR_BRIGHT_YELLOW },
        [EXIT_BLOCKED] = { "blocked", "REVERTED IN PART: a person has to look at the rest", COLOR_RED },
        [EXIT_ROLLED_BACK] = { "rolled-back", "FAILED: a change failed and everything was put back", COLOR_RED },
};

/* Both without a single step. */
static const ReportVerdict nothing_to_revert = { "nothing-to-revert", "NOTHING TO REVERT: nothing of ptprep's is here",
                                                 COLOR_BRIGHT_GREEN };
static const ReportVerdict revert_refused = { "blocked", "NOT REVERTED: a person has to act, nothing was changed",
                                              COLOR_RED };

const ReportVerdict *report_verdict(const Report *r)
{
        if (!r->revert)
                return verdicts + r->exit_code;
        if (r->steps_done == 0 && r->exit_code == EXIT_READY)
                return &nothing_to_revert;
        if (r->steps_done == 0 && r->exit_code != EXIT_ROLLED_BACK)
                return &revert_refused;
        return revert_verdicts + r->exit_code;
}

static const char *next_of_revert(const Report *r)
{
        if (r->exit_code == EXIT_ROLLED_BACK)
                return "cure what failed, then run \"ptprep revert\" again; the host boots as before";
        if (r->n_configured > 0)
                return "set [agent] enabled = no in " NAME_CONFIG_FILE
                       " or disable ptprep.service, else the next boot applies the configuration again; then reboot";
        return r->steps_done > 0 ? "reboot" : NULL;
}

const char *report_next(const Report *r)
{
        const Judgement *j = r->judgement;

        if (r->revert)
                return next_of_revert(r);

        switch (r->exit_code) {
        case EXIT_READY:
                return j->config->n_devices == 0 ? NULL
                                                 : "start the guest: every configured device is on its stub driver";
        case EXIT_BLOCKED:
                return "do what the lines marked \"blocked\" say, then run \"ptprep --check\" again; nothing was "
                       "changed";
        case EXIT_ROLLED_BACK:
                return "cure what failed, then run \"ptprep --apply\" again; the host boots as before";
        default:
                if (j->config->n_devices == 0)
                        return "configure a device in " NAME_CONFIG_FILE
                               " (see ptprep.conf(5)), then run \"ptprep --apply\"";
                if (!j->config->enabled)
                        return "changes are switched off: set [agent] enabled = yes in " NAME_CONFIG_FILE;
                if (next_boot_prepared(j))
                        return "reboot";
                if (next_boot_unknown(j) && j->facts->is_root)
                        return "all is done but what the lines marked \"unknown\" tell of: do what they say, then "
                               "reboot";
                return "run \"ptprep --apply\" as root, then reboot";
        }
}
