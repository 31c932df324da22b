/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/staging.h"
#include "core/planner.h"
#include "grub/loader/loaders.h"
#include "model/names.h"
#include "output.h"
#include "probe/config-load.h"
#include "run.h"
#include "store.h"
#include "verb.h"

/* How many devices the next "ptprep --apply" would claim again. A configuration that cannot be read asks for none. */
static size_t still_configured(int rfd)
{
        _cleanup_(config_error_done) ConfigError error = {};
        _cleanup_(config_done) Config config = {};

        return config_load(rfd, &config, &error) >= 0 && config.enabled
                       ? config.n_devices + config.n_makers + config.n_lost
                       : 0;
}

/* A guest may have one of them, so they stay. A configuration that cannot be read names none. */
static int tell_virtual(int rfd, Run *run)
{
        _cleanup_(config_error_done) ConfigError error = {};
        _cleanup_(config_done) Config config = {};

        if (config_load(rfd, &config, &error) < 0)
                return 0;
        FOREACH_ARRAY(m, config.makers, config.n_makers) {
                const PciFunction *maker = facts_function(&run->facts, m->address);
                size_t n = 0;
                int r;

                FOREACH_ARRAY(p, run->facts.functions, maker ? run->facts.n_functions : 0)
                        n += p->physfn == (size_t) (maker - run->facts.functions) && driver_is_guests(p->driver);
                if (n == 0)
                        continue;
                r = finding_add(&run->findings, "device.vfs", RESULT_WARN, PCI_ADDR_TEXT(m->address), CURE_PERSON,
                                "reboot; or, when no guest has one, write 0 to its sriov_numvfs",
                                "%zu virtual function%s kept for guests until the next boot", n,
                                n == 1 ? " is" : "s are");
                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * The record may be lost, and with it which words are ptprep's. This one is nobody else's, and what still boots with it
 * is looked at once more. Other words may be a person's.
 */
static int tell_remaining(int rfd, FindingList *findings)
{
        Loader *loaders;
        size_t n;
        int r = loaders_read(rfd, &loaders, &n);

        if (r < 0)
                return r;
        FOREACH_ARRAY(l, loaders, n)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries) {
                        char line[16];

                        if (r >= 0 && e->is_default && kargs_has(boot_entry_words(e), KARG_CLAIM))
                                r = finding_add(findings, "boot.argument", RESULT_WARN, e->id, CURE_PERSON,
                                                "take it out by hand, and what switches the IOMMU on if nobody else "
                                                "wants that, see \"THE WAY BACK\" in ptprep(8)",
                                                "%s%s: " KARG_CLAIM
                                                " is still in this entry, and the record does not say where it was "
                                                "written",
                                                e->file, boot_entry_line(e, line));
                }
        loaders_free(loaders, n);
        return r;
}

/* What was taken back can be seen nowhere but in what was done: but for the boot entries nothing is looked at again. */
static int print_outcome(const Options *o, int rfd, bool live, const Run *run, const ApplyResult *result)
{
        const Report report = { .verb = REPORT_REVERT,
                                .judgement = &run->judgement,
                                .findings = &run->findings,
                                .plan = &run->plan,
                                .steps_done = result->n_done,
                                .failure = result->failure,
                                .roll_back = &result->roll_back,
                                .n_configured = still_configured(rfd) };

        if (!result->failure && result->n_done > 0)
                store_reboot_required(rfd, live, &report);
        return print_report(&report, o->format);
}

/* The same as --apply with nothing configured, whatever the configuration says. */
int verb_revert(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(apply_unlock) ApplyLock lock = APPLY_LOCK_NONE;
        _cleanup_(apply_result_done) ApplyResult result = {};
        _cleanup_(boot_mounts_done) BootMounts mounts = {};
        _cleanup_(run_done) Run run;
        bool live = false;
        int code, r = 0;

        run_init(&run);
        run.mounts = &mounts;
        run.functions = report_format(o->format)->functions;
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = o->dry_run ? EXIT_READY : run_lock("revert", rfd, live, &lock);
        run.lock = lock.fd;
        if (code == EXIT_READY)
                code = run_mount(&rfd, live, &mounts);
        if (code == EXIT_READY)
                code = run_look_unconfigured(&run, rfd, live);
        if (code == EXIT_READY)
                code = run_recover(&run, rfd, live, o->dry_run, run_look_unconfigured, &result);
        if (result.failure)
                return print_outcome(o, rfd, live, &run, &result);
        if (code != EXIT_READY)
                return code;
        if (run.facts.state_refusal)
                r = finding_add(&run.findings, "record.valid", RESULT_BLOCKED, NULL, CURE_PERSON,
                                "look at what is in it, and set owner and mode right", "%s", run.facts.state_refusal);
        else if (run.facts.record_known != TRISTATE_YES)
                r = finding_add(&run.findings, "record.valid", RESULT_BLOCKED, NAME_RECORD, CURE_PERSON,
                                "put the file back from a backup, or see \"THE WAY BACK\" in ptprep(8)",
                                "damaged, of a later version or not readable: ptprep cannot tell what is its own");
        else if (run.plan.n == 0)
                r = plan_compute(&run.judgement, &run.findings, &run.plan);
        if (r >= 0)
                r = tell_virtual(rfd, &run);
        if (r < 0)
                return complain("planning", r);
        if (o->dry_run)
                return print_plan(&(Report){ .verb = REPORT_DRY_RUN,
                                             .judgement = &run.judgement,
                                             .findings = &run.findings,
                                             .verbose = o->verbose,
                                             .plan = &run.plan },
                                  o->format, 0);
        if (run.plan.n > 0 && run_apply(&run, rfd, live, &result) < 0 && !result.failure)
                return EXIT_INTERNAL;
        r = run_tell_notes(&result, &run.plan, &run.findings);
        if (r >= 0 && !result.failure && finding_worst(&run.findings) != RESULT_BLOCKED)
                r = tell_remaining(rfd, &run.findings);
        if (r < 0)
                return complain("writing the report", -ENOMEM);
        /* what was refused leaves everything, and what tells of it, as it is */
        if (!result.failure && (run.plan.n > 0 || finding_worst(&run.findings) != RESULT_BLOCKED)) {
                apply_forget_reports(rfd);
                staging_forget(rfd);
        }
        return print_outcome(o, rfd, live, &run, &result);
}
