/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"
#include "apply/notify.h"
#include "core/planner.h"
#include "model/names.h"
#include "run.h"

static void show_progress(const Step *s, size_t i, size_t n, void *userdata)
{
        _cleanup_free_ char *text = NULL;
        const char *hint = s->kind == STEP_REBUILD_IMAGE ? " (this takes a minute)" : "";

        (void) userdata;
        if (asprintf(&text, "[%zu/%zu] %s %s%s", i + 1, n, step_kind_to_string(s->kind), s->path, hint) < 0) {
                text = NULL;
                return;
        }
        notify_status(text);
        fprintf(stderr, "ptprep: %s\n", text);
}

/* The stored reports; that a disk is full does not change what was found. */
static void store_report(int rfd, bool live, const Report *report)
{
        _cleanup_free_ char *json = NULL, *text = NULL;
        const char *const folders[] = { NAME_STATE_DIR, NAME_RUN_DIR };
        size_t size;
        FILE *f;
        int r = report_json(report, &json);

        if (r < 0) {
                (void) complain("storing the report", r);
                return;
        }
        f = open_memstream(&text, &size);
        r = f ? report_text(f, report, false) : -ENOMEM;
        if (f && fclose(f) != 0)
                r = -ENOMEM;
        /* /run of an image is not this boot's */
        for (size_t i = 0; r >= 0 && i < (live ? 2U : 1U); i++) {
                r = apply_report(rfd, folders[i], NAME_REPORT_JSON, json);
                if (r >= 0)
                        r = apply_report(rfd, folders[i], NAME_REPORT_TEXT, text);
        }
        if (r < 0)
                (void) complain("storing the report", r);
        if (live) {
                r = notify_findings(report->findings, report_verdict(report));
                if (r < 0)
                        (void) complain("writing to the journal", r);
        }
}

/* After a change: look again, because what counts is what is there now. */
static int report_outcome(const Options *o, int rfd, bool live, const Plan *plan, const ApplyResult *result)
{
        _cleanup_(run_done) Run run;
        Report report;
        int code;

        run_init(&run);
        code = run_look(&run, rfd, live);
        if (code != EXIT_READY)
                return code;
        report = (Report){ .judgement = &run.judgement,
                           .findings = &run.findings,
                           .plan = plan,
                           .steps_done = result->n_done,
                           .failure = result->failure,
                           .exit_code = result->failure ? EXIT_ROLLED_BACK
                                                        : result_to_exit_code(finding_worst(&run.findings)) };
        store_report(rfd, live, &report);
        return print_report(&report, o->json);
}

int verb_apply(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF, lock = -EBADF;
        _cleanup_(apply_result_done) ApplyResult result = {};
        _cleanup_(run_done) Run run;
        bool live = false;
        int code, r;

        run_init(&run);
        rfd = run_open_root(o, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        if (!o->dry_run && geteuid() != 0) {
                fputs("ptprep: --apply changes the system: run it as root, or look with --check or --apply --dry-run\n",
                      stderr);
                return EXIT_USAGE;
        }
        if (!o->dry_run) {
                lock = apply_lock(rfd);
                if (lock == -EWOULDBLOCK) {
                        fputs("ptprep: another \"ptprep --apply\" is running; try again when it is done\n", stderr);
                        return EXIT_NOT_READY;
                }
                if (lock < 0)
                        return complain(NAME_LOCK, lock);
        }
        code = run_look(&run, rfd, live);
        if (code != EXIT_READY)
                return code;
        r = plan_compute(&run.judgement, &run.findings, &run.plan);
        if (r < 0)
                return complain("planning", r);
        if (o->dry_run) {
                r = report_dry_run(stdout, &run.plan);
                if (r < 0 && r != -EPIPE)
                        (void) complain("writing the plan", r);
                if (run.plan.n == 0)
                        fputs("ptprep: nothing to change\n", stderr);
                return result_to_exit_code(finding_worst(&run.findings));
        }
        if (run.plan.n == 0) {
                Report report = { .judgement = &run.judgement,
                                  .findings = &run.findings,
                                  .plan = &run.plan,
                                  .exit_code = result_to_exit_code(finding_worst(&run.findings)) };

                store_report(rfd, live, &report);
                return print_report(&report, o->json);
        }
        r = apply_plan(&(ApplyOptions){ .rfd = rfd, .live = live, .progress = show_progress }, &run.plan, &result);
        if (r < 0 && !result.failure) {
                result.failure = strdup(strerror(-r));
                if (!result.failure)
                        return complain("applying the plan", r);
        }
        return report_outcome(o, rfd, live, &run.plan, &result);
}
