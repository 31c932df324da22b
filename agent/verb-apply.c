/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"
#include "base/io.h"
#include "core/cures.h"
#include "core/failed-plan.h"
#include "core/planner.h"
#include "model/names.h"
#include "output.h"
#include "probe/plan-inputs.h"
#include "reboot.h"
#include "run.h"
#include "store.h"
#include "verb.h"

/* What is there is told before the host goes down. */
static int finish(const Options *o, int rfd, bool live, int lock, const Report *report)
{
        int code;

        store_report(rfd, live, report);
        code = print_report(report, o->format);
        reboot_once(o, rfd, lock, report);
        return code;
}

/*
 * After a change: look again, because what counts is what is there now. What only the plan could know, such as a file
 * that somebody else has edited, is told as well.
 */
static int report_outcome(const Options *o, int rfd, bool live, Run *before, size_t n_checked, ApplyResult *result)
{
        _cleanup_(run_done) Run run;
        Report report;
        int code, r;

        run_init(&run);
        run.mounts = before->mounts;
        run.boot = before->boot;
        run.functions = before->functions;
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
                r = run_tell_notes(result, &before->plan, &run.findings);
        if (r >= 0 && !run.bad_config)
                r = cures_correct(&run.judgement, &run.findings);
        if (r < 0)
                return complain("writing the report", r);
        report = (Report){ .verb = REPORT_APPLY,
                           .judgement = &run.judgement,
                           .findings = &run.findings,
                           .verbose = o->verbose,
                           .plan = &before->plan,
                           .steps_done = result->n_done,
                           .failure = result->failure,
                           .roll_back = &result->roll_back,
                           .bad_config = run.bad_config };
        return finish(o, rfd, live, before->lock, &report);
}

/*
 * A boot remembers the plan that failed in it; whatever else comes of a plan is the end of that. A run that was stopped
 * has shown nothing, and where something could not be put back, putting it back comes first anyway.
 */
static void remember_failure(bool boot, int rfd, const Run *run, int e, const ApplyResult *result)
{
        bool failed = result->failure && roll_back_outcome(&result->roll_back) != ROLL_BACK_FAILED;
        _cleanup_free_ char *text = NULL;
        int r;

        if (e == -EINTR || (e < 0 && !(boot && failed)) || (e >= 0 && !run->facts.failed_plan))
                return;
        text = e < 0 ? failed_plan_print(&run->judgement, &run->plan, plan_inputs(rfd, &run->plan), result->failure)
                     : NULL;
        r = e < 0 && !text ? -ENOMEM : apply_report(rfd, NAME_STATE_DIR, strrchr(NAME_FAILED_PLAN, '/') + 1, text);
        if (r < 0)
                (void) complain(NAME_FAILED_PLAN, r);
}

int verb_apply(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(apply_unlock) ApplyLock lock = APPLY_LOCK_NONE;
        _cleanup_(apply_result_done) ApplyResult result = {};
        _cleanup_(boot_mounts_done) BootMounts mounts = {};
        _cleanup_(run_done) Run run;
        Report report;
        struct stat st;
        bool live = false;
        const char *failed_before;
        size_t n_checked;
        int code, r;

        run_init(&run);
        run.mounts = &mounts;
        run.boot = o->boot;
        run.functions = report_format(o->format)->functions;
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        if (o->waiting && root_stat(rfd, NAME_WAITS_NETWORK, &st) == -ENOENT)
                return options_json(o) ? EXIT_READY : print_text("nothing waits for the network\n");
        code = o->dry_run ? EXIT_READY : run_lock("--apply", rfd, live, &lock);
        run.lock = lock.fd;
        if (code == EXIT_READY)
                code = run_mount(&rfd, live, &mounts);
        if (code == EXIT_READY)
                code = run_look(&run, rfd, live);
        if (code == EXIT_READY && o->boot && live && !o->dry_run)
                code = run_await_makers(&run, rfd, live);
        if (code == EXIT_READY && o->boot && !o->dry_run)
                store_waiting(rfd, &run.wanted);
        if (code == EXIT_READY && o->boot && !o->dry_run && !run.bad_config)
                store_other_entry(rfd, &run.judgement);
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
                           .verbose = o->verbose,
                           .plan = &run.plan,
                           .bad_config = run.bad_config };
        if (o->dry_run)
                return print_plan(&report, o->format, n_checked);
        if (o->boot && failed_plan_same(&run.judgement, &run.plan, plan_inputs(rfd, &run.plan), &failed_before)) {
                result.failure = strdup(failed_before);
                if (!result.failure)
                        return complain("planning", -ENOMEM);
                report.failure = result.failure;
                store_report(rfd, live, &report);
                return print_report(&report, o->format);
        }
        if (run.plan.n == 0)
                return finish(o, rfd, live, lock.fd, &report);
        r = run_apply(&run, rfd, live, &result);
        if (r < 0 && !result.failure)
                return EXIT_INTERNAL;
        remember_failure(o->boot, rfd, &run, r, &result);
        return report_outcome(o, rfd, live, &run, n_checked, &result);
}
