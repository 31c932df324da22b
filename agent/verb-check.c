/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cures.h"
#include "core/planner.h"
#include "output.h"
#include "run.h"
#include "verb.h"

/*
 * What only the plan can tell: that an apply would be refused, and why; or that it would change something although all
 * is well for the next boot, since the boot after the next update of a kernel would lose it. Only root can see all that
 * a plan needs.
 */
static int add_outlook(Run *run)
{
        int r = 0;

        if (run->bad_config)
                return EXIT_READY;
        if (run->facts.is_root && config_has_devices(&run->config)) {
                r = plan_compute(&run->judgement, &run->findings, &run->plan);
                if (r >= 0 && finding_worst(&run->findings) <= RESULT_WARN)
                        r = plan_tell_pending(&run->plan, &run->findings);
        }
        if (r >= 0)
                r = cures_correct(&run->judgement, &run->findings);
        return r < 0 ? complain("planning", r) : EXIT_READY;
}

/* It is there, and no section of the configuration has it. */
static int tell_not_configured(const Facts *f, const DeviceSelection *s, const char *text)
{
        if (s->n == 0)
                return tell_selection(f, s, text);
        tell("\"%s\" (%s%s) is not configured: \"ptprep list\" says whether it can be passed through, "
             "\"ptprep configure\" writes it down",
             text, PCI_ADDR_TEXT(f->functions[*s->items].addr), s->n > 1 ? " and others" : "");
        return EXIT_USAGE;
}

/* What the arguments mean, and what was found of that. A bad configuration names no device, and is told whole. */
static int ask(const Options *o, const Run *run, Asked *ret, FindingList *ret_findings)
{
        int r;

        FOREACH_ARRAY(text, o->arguments, o->n_arguments) {
                _cleanup_(device_selection_done) DeviceSelection s = {};
                int n = asked_add(ret, &run->judgement, *text, &s);

                if (n < 0)
                        return complain("looking for the device", n);
                if (n == 0)
                        return tell_not_configured(&run->facts, &s, *text);
        }
        r = asked_findings(ret, &run->judgement, &run->findings, ret_findings);
        if (r >= 0)
                r = cures_of_part(ret_findings);
        return r < 0 ? complain("looking for the device", r) : EXIT_READY;
}

int verb_check(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(boot_mounts_done) BootMounts mounts = {};
        _cleanup_(run_done) Run run;
        _cleanup_(asked_done) Asked asked = {};
        _cleanup_(finding_list_done) FindingList findings = {};
        Report report;
        bool live = false, all;
        int code;

        run_init(&run);
        run.mounts = &mounts;
        run.functions = report_format(o->format)->functions || o->n_arguments > 0;
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = run_mount(&rfd, live, &mounts);
        if (code == EXIT_READY)
                code = run_look(&run, rfd, live);
        if (code == EXIT_READY)
                code = add_outlook(&run);
        all = o->n_arguments == 0 || run.bad_config;
        if (code == EXIT_READY && !all)
                code = ask(o, &run, &asked, &findings);
        if (code != EXIT_READY)
                return code;
        report = (Report){ .verb = REPORT_CHECK,
                           .judgement = &run.judgement,
                           .findings = all ? &run.findings : &findings,
                           .asked = all ? NULL : &asked,
                           .bad_config = run.bad_config,
                           .verbose = o->verbose };
        return o->quiet ? report_exit_status(&report) : print_report(&report, o->format);
}
