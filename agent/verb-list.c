/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list.h"
#include "output.h"
#include "probe/probe.h"
#include "run.h"
#include "verb.h"

/* The configuration says nothing here: the list is of what is there, and works where it is wrong. */
int verb_list(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(run_done) Run run;
        _cleanup_(verdict_context_freep) VerdictContext *context = NULL; /* goes before the facts */
        Printer p = stdout_printer();
        bool live = false;
        int r;

        run_init(&run);
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        r = facts_gather(rfd, FACTS_FUNCTIONS | (live ? FACTS_LIVE : 0), &run.config, &run.facts);
        if (r < 0)
                return complain("reading the machine's state", r);
        if (run.facts.pci == TRISTATE_UNKNOWN) {
                tell("no PCI bus is visible here");
                return EXIT_UNKNOWN;
        }
        r = verdict_context_new(&run.facts, NULL, &context);
        if (r < 0)
                return complain("judging the machine's state", r);
        r = options_json(o) ? list_json(&p, &run.facts, context) : list_text(&p, &run.facts, context, o->tree);
        return print_result("writing the list", r);
}
