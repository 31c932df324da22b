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
        if (run->facts.is_root && run->config.n_devices > 0) {
                r = plan_compute(&run->judgement, &run->findings, &run->plan);
                if (r >= 0 && finding_worst(&run->findings) <= RESULT_WARN)
                        r = plan_tell_pending(&run->plan, &run->findings);
        }
        if (r >= 0)
                r = cures_correct(&run->judgement, &run->findings);
        return r < 0 ? complain("planning", r) : EXIT_READY;
}

int verb_check(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(boot_mounts_done) BootMounts mounts = {};
        _cleanup_(run_done) Run run;
        Report report;
        bool live = false;
        int code;

        run_init(&run);
        run.mounts = &mounts;
        run.functions = report_format(o->format)->functions;
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = run_mount(&rfd, live, &mounts);
        if (code == EXIT_READY)
                code = run_look(&run, rfd, live);
        if (code == EXIT_READY)
                code = add_outlook(&run);
        if (code != EXIT_READY)
                return code;
        report = (Report){ .verb = REPORT_CHECK,
                           .judgement = &run.judgement,
                           .findings = &run.findings,
                           .bad_config = run.bad_config,
                           .verbose = o->verbose };
        return o->quiet ? report_exit_status(&report) : print_report(&report, o->format);
}
