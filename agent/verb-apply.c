/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"
#include "core/cures.h"
#include "core/planner.h"
#include "output.h"
#include "run.h"
#include "store.h"
#include "verb.h"

/*
 * After a change: look again, because what counts is what is there now. What only the plan could know, such as a file
 * that somebody else has edited, is told as well.
 */
static int report_outcome(const Options *o, int rfd, bool live, const Run *before, size_t n_checked,
                          const ApplyResult *result)
{
        _cleanup_(run_done) Run run;
        Report report;
        int code, r;

        run_init(&run);
        run.mounts = before->mounts;
        code = run_look(&run, rfd, live);
        if (code != EXIT_READY && result->failure) {
                tell("%s", result->failure);
                return roll_back_outcome(&result->roll_back) == ROLL_BACK_FAILED ? EXIT_DAMAGED : EXIT_ROLLED_BACK;
        }
        if (code != EXIT_READY) {
                tell("%zu of %zu steps were done, and then the machine could not be looked at again", result->n_done,
                     before->plan.n);
                return code;
        }
        r = finding_add_all(&run.findings, &before->findings, n_checked);
        if (r >= 0)
                r = run_tell_stayed(result, &run.findings);
        if (r >= 0 && !run.bad_config)
                r = cures_correct(&run.judgement, &run.findings);
        if (r < 0)
                return complain("writing the report", r);
        report = (Report){ .verb = REPORT_APPLY,
                           .judgement = &run.judgement,
                           .findings = &run.findings,
                           .plan = &before->plan,
                           .steps_done = result->n_done,
                           .failure = result->failure,
                           .roll_back = &result->roll_back,
                           .bad_config = run.bad_config };
        store_report(rfd, live, &report);
        return print_report(&report, o->format);
}

int verb_apply(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF, lock = -EBADF;
        _cleanup_(apply_result_done) ApplyResult result = {};
        _cleanup_(boot_mounts_done) BootMounts mounts = {};
        _cleanup_(run_done) Run run;
        Report report;
        bool live = false;
        size_t n_checked;
        int code, r;

        run_init(&run);
        run.mounts = &mounts;
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = o->dry_run ? EXIT_READY : run_lock("--apply", rfd, &lock);
        run.lock = lock;
        if (code == EXIT_READY)
                code = run_mount(&rfd, live, &mounts);
        if (code == EXIT_READY)
                code = run_look(&run, rfd, live);
        if (code == EXIT_READY && run.config.enabled && !run.bad_config)
                code = run_recover(&run, rfd, live, o->dry_run, run_look, &result);
        if (result.failure)
                return report_outcome(o, rfd, live, &run, run.findings.n, &result);
        if (code != EXIT_READY)
                return code;
        n_checked = run.findings.n;
        r = run.bad_config || run.plan.n > 0 ? 0 : plan_compute(&run.judgement, &run.findings, &run.plan);
        if (r >= 0 && !run.bad_config)
                r = cures_correct(&run.judgement, &run.findings);
        if (r < 0)
                return complain("planning", r);
        report = (Report){ .verb = o->dry_run ? REPORT_DRY_RUN : REPORT_APPLY,
                           .judgement = &run.judgement,
                           .findings = &run.findings,
                           .plan = &run.plan,
                           .bad_config = run.bad_config };
        if (o->dry_run)
                return print_plan(&report, o->format, n_checked);
        if (run.plan.n == 0) {
                store_report(rfd, live, &report);
                return print_report(&report, o->format);
        }
        if (run_apply(&run, rfd, live, &result) < 0 && !result.failure)
                return EXIT_INTERNAL;
        return report_outcome(o, rfd, live, &run, n_checked, &result);
}
