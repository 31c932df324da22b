/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bootloader.h"
#include "probe/probe.h"
#include "run.h"

/* What could not be read, on standard error: the rest is printed all the same. */
static bool tell_unreadable(const Facts *f)
{
        bool told = false;

        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                if (l->unused)
                        continue;
                FOREACH_ARRAY(s, l->unreadable.items, l->unreadable.n)
                        fprintf(stderr, "ptprep: %s\n", *s);
                if (l->readable != TRISTATE_YES && l->unreadable.n == 0)
                        fprintf(stderr, "ptprep: the configuration of %s is not readable\n",
                                loader_kind_to_string(l->kind));
                if (l->obstacle)
                        fprintf(stderr, "ptprep: %s\n", l->obstacle);
                told |= l->readable != TRISTATE_YES || l->unreadable.n > 0 || l->obstacle;
        }
        if (told && geteuid() != 0)
                fputs("ptprep: run as root, it can read more\n", stderr);
        return told;
}

int verb_bootloader(const Options *o)
{
        _cleanup_(facts_done) Facts facts;
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(boot_mounts_done) BootMounts mounts = {};
        _cleanup_(config_done) Config config = {};
        _cleanup_free_ char *text = NULL;
        bool live = false;
        int r;

        facts_init(&facts);
        config_init(&config);
        rfd = run_open_root(o, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        r = run_mount(&rfd, live, &mounts);
        if (r != EXIT_READY)
                return r;
        r = probe_loader(&(const Probe){ .rfd = rfd, .live = live, .cfg = &config }, &facts);
        if (r >= 0)
                r = o->json ? bootloader_json(facts.loaders, facts.n_loaders, &mounts, &text)
                            : bootloader_text(facts.loaders, facts.n_loaders, &mounts, &text);
        if (r < 0)
                return complain("reading the boot loaders", r);
        r = print_text(text);
        return tell_unreadable(&facts) || boot_mounts_failed(&mounts) ? EXIT_NOT_READY : r;
}
