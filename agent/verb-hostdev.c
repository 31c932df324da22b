/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/hostdev.h"
#include "core/verdict.h"
#include "output.h"
#include "probe/probe.h"
#include "select.h"
#include "verb.h"

/* What a verdict comes to for a script that starts a guest with what is printed. */
static const int exit_codes[_VERDICT_STATE_MAX] = {
        [VERDICT_READY] = EXIT_READY,     [VERDICT_POSSIBLE] = EXIT_READY,
        [VERDICT_UNKNOWN] = EXIT_UNKNOWN, [VERDICT_CONDITIONAL] = EXIT_NOT_READY,
        [VERDICT_BLOCKED] = EXIT_BLOCKED, [VERDICT_NOT_APPLICABLE] = EXIT_BLOCKED,
};

/* What is printed is right in any case, but a guest with it may not start: that is said beside it. */
static int tell_verdicts(const Facts *f, const Selection *s)
{
        _cleanup_(verdict_context_freep) VerdictContext *context = NULL;
        VerdictState worst = VERDICT_READY;
        int r = verdict_context_new(f, NULL, &context);

        for (size_t i = 0; r >= 0 && i < s->n; i++) {
                _cleanup_(verdict_done) Verdict v = {};
                const PciFunction *p = f->functions + s->items[i];

                r = verdict_compute(context, p, &v);
                FOREACH_ARRAY(reason, v.reasons, v.n_reasons) {
                        if (!selection_is_hindered(f, s, p, reason))
                                continue;
                        worst = MAX(worst, reason->weight);
                        tell("%s: %s: %s", PCI_ADDR_TEXT(p->addr), reason->id, reason->text);
                }
        }
        return r < 0 ? complain("judging the machine's state", r) : exit_codes[worst];
}

static int refuse_bridges(const Facts *f, const Selection *s)
{
        FOREACH_ARRAY(i, s->items, s->n) {
                const char *what = pci_class_never_bound(f->functions[*i].class);

                if (what) {
                        tell("%s is %s, which no guest can have", PCI_ADDR_TEXT(f->functions[*i].addr), what);
                        return EXIT_USAGE;
                }
        }
        return EXIT_READY;
}

/* What libvirt does not take from the host itself, and QEMU never does, has to be on a driver for guests by then. */
static int tell_not_yet(const HostdevSet *set, bool qemu)
{
        int code = EXIT_READY;

        FOREACH_ARRAY(i, set->items, set->n) {
                const PciFunction *p = set->facts->functions + *i;
                const bool claimed = wanted_meant(set->wanted, p);
                char address[PCI_ADDR_TEXT_MAX];
                const char *on;

                if (driver_is_guests(p->driver) || !(claimed || qemu))
                        continue;
                on = p->driver ?: "no driver";
                strcpy(address, PCI_ADDR_TEXT(p->addr));
                if (claimed)
                        tell("%s: still on %s: run \"ptprep --apply\" and reboot before a guest is started with it",
                             address, on);
                else
                        tell("%s: still on %s: run \"ptprep claim %s\" before a guest is started with it", address, on,
                             address);
                code = EXIT_NOT_READY;
        }
        return code;
}

/* Who is in a group with a chosen function and is not chosen itself: the guest does not see it, nor does the host. */
static void tell_companions(const Facts *f, const Selection *chosen, const Selection *whole)
{
        for (size_t i = 0, k = 0; i < whole->n; i++) {
                const PciFunction *p = f->functions + whole->items[i];

                if (k < chosen->n && chosen->items[k] == whole->items[i])
                        k++;
                else
                        tell("%s is in IOMMU group %d as well, and left out: --group adds it", PCI_ADDR_TEXT(p->addr),
                             p->group);
        }
}

int verb_hostdev(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(run_done) Run run;
        _cleanup_(selection_done) Selection chosen = {}, whole = {};
        Printer p = stdout_printer();
        HostdevSet set;
        bool live = false;
        int code, not_yet, r;

        run_init(&run);
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = select_load(&run, rfd, live ? FACTS_LIVE : 0);
        if (code == EXIT_READY)
                code = select_cards(&run, o->arguments, o->n_arguments, &chosen);
        if (code == EXIT_READY)
                code = refuse_bridges(&run.facts, &chosen);
        if (code != EXIT_READY)
                return code;
        r = select_add(&chosen, &whole);
        if (r >= 0)
                r = select_add_groups(&run.facts, &whole);
        if (r < 0)
                return complain("selecting", r);
        if (!o->group)
                tell_companions(&run.facts, &chosen, &whole);
        set = (HostdevSet){ .facts = &run.facts,
                            .wanted = &run.wanted,
                            .items = o->group ? whole.items : chosen.items,
                            .n = o->group ? whole.n : chosen.n };
        if (hostdev_count_cards(&set) > HOSTDEV_MAX_CARDS) {
                tell("%zu cards: a guest's root bus has slots for %u; give fewer at a time", hostdev_count_cards(&set),
                     HOSTDEV_MAX_CARDS);
                return EXIT_USAGE;
        }
        r = streq(o->format, FORMAT_QEMU) ? hostdev_qemu(&p, &set) : hostdev_libvirt(&p, &set);
        code = print_result("writing", r);
        if (code != EXIT_READY)
                return code;
        code = tell_verdicts(&run.facts, o->group ? &whole : &chosen);
        not_yet = tell_not_yet(&set, streq(o->format, FORMAT_QEMU));
        return code == EXIT_READY ? not_yet : code;
}
