/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bootloader.h"
#include "output.h"
#include "probe/probe.h"
#include "run.h"
#include "verb.h"

/* What could not be read, on standard error: the rest is printed all the same. */
static bool tell_unreadable(const Facts *f)
{
        bool told = false;

        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                if (l->unused)
                        continue;
                FOREACH_ARRAY(s, l->unreadable.items, l->unreadable.n)
                        tell("%s", *s);
                if (l->readable != TRISTATE_YES && l->unreadable.n == 0)
                        tell("the configuration of %s is not readable", loader_kind_to_string(l->kind));
                if (l->obstacle)
                        tell("%s", l->obstacle);
                told |= l->readable != TRISTATE_YES || l->unreadable.n > 0 || l->obstacle;
        }
        if (told && geteuid() != 0)
                tell("run as root, it can read more");
        return told;
}

int verb_bootloader(const Options *o)
{
        _cleanup_(facts_done) Facts facts;
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(boot_mounts_done) BootMounts mounts = {};
        _cleanup_(config_done) Config config = {};
        Printer p = stdout_printer();
        bool live = false;
        Probe probe;
        int r;

        facts_init(&facts);
        config_init(&config);
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        r = run_mount(&rfd, live, &mounts);
        if (r != EXIT_READY)
                return r;
        probe = (Probe){ .rfd = rfd, .live = live, .cfg = &config };
        r = probe_origin(&probe, &facts);
        if (r >= 0)
                r = probe_kernel(&probe, &facts);
        if (r >= 0)
                r = probe_loader(&probe, &facts);
        if (r >= 0)
                r = probe_line(&probe, &facts);
        if (r < 0)
                return complain("reading the boot loaders", r);
        r = options_json(o) ? bootloader_json(&p, &facts, &mounts) : bootloader_text(&p, &facts, &mounts);
        r = print_result("writing", r);
        if (!tell_unreadable(&facts) && !boot_mounts_failed(&mounts))
                return r;
        return geteuid() == 0 ? EXIT_UNKNOWN : EXIT_PRIVILEGE;
}
