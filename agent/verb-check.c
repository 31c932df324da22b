/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

int verb_check(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(boot_mounts_done) BootMounts mounts = {};
        _cleanup_(run_done) Run run;
        bool live = false;
        int code;

        run_init(&run);
        run.mounts = &mounts;
        rfd = run_open_root(o, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = run_mount(&rfd, live, &mounts);
        if (code == EXIT_READY)
                code = run_look(&run, rfd, live);
        if (code != EXIT_READY)
                return code;
        return print_report(&(Report){ .judgement = &run.judgement,
                                       .findings = &run.findings,
                                       .exit_code = result_to_exit_code(finding_worst(&run.findings)) },
                            o->json);
}
