/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "probe/pci-access.h"
#include "probe/probe.h"

/* The capabilities that explain a shared group: config space is read only of the functions that have to. */

/* How many functions that are no bridges a group has; indexed like Facts.groups. NULL when memory is short. */
static size_t *count_members(const Facts *f)
{
        size_t *n = calloc(f->n_known_groups + 1, sizeof(*n));

        if (!n)
                return NULL;
        FOREACH_ARRAY(i, f->functions, f->n_functions) {
                const IommuGroup *g = pci_is_bridge(i) ? NULL : facts_group(f, i->group);

                if (g)
                        n[g - f->groups]++;
        }
        return n;
}

/* Reading state of probe_acs(). */
typedef struct Isolations {
        int bus_fd;
        struct pci_access *access; /* NULL: nothing was read yet */
        bool *seen;                /* indexed as Facts.functions */
} Isolations;

static void isolations_done(Isolations *s)
{
        pci_access_freep(&s->access);
        free(s->seen);
}

/* A function once. Returns 0, or -EIO: libpci is of no use here. */
static int isolations_read(Isolations *s, Facts *f, size_t i)
{
        if (s->seen[i])
                return 0;
        if (!s->access && pci_access_new(s->bus_fd, &s->access) < 0)
                return -EIO;
        s->seen[i] = true;
        (void) !pci_access_isolation(s->access, s->bus_fd, f->functions[i].addr, &f->functions[i].isolation);
        return 0;
}

/* All functions of its card, where there are several. */
static int isolations_read_card(Isolations *s, Facts *f, size_t i)
{
        size_t iterator = 0, k;
        int r = 0;

        if (!facts_has_sibling(f, i))
                return 0;
        while (r >= 0 && facts_next_sibling(f, i, &iterator, &k))
                r = isolations_read(s, f, k);
        return r;
}

/* A group that is there only has to be explained: itself where another function of the card could get around it, then
 * the bridges above. One that is to be foretold depends on what stands beside each of them as well. */
static int isolations_read_path(Isolations *s, Facts *f, size_t i, bool foretell)
{
        int r = 0;

        if (!foretell && facts_has_sibling(f, i))
                r = isolations_read(s, f, i);
        for (size_t up = i; r >= 0 && up != PCI_PARENT_NONE; up = f->functions[up].parent) {
                if (up != i)
                        r = isolations_read(s, f, up);
                if (r >= 0 && foretell)
                        r = isolations_read_card(s, f, up);
        }
        return r;
}

int probe_acs(const Probe *p, Facts *f)
{
        _cleanup_close_ int bus_fd = root_open(p->rfd, NAME_SYS_BUS_PCI, O_PATH | O_DIRECTORY);
        _cleanup_(isolations_done) Isolations state = { .bus_fd = bus_fd };
        _cleanup_free_ size_t *members = NULL;
        bool foretell = f->n_groups == 0 && f->n_known_groups == 0;

        if (bus_fd < 0)
                return 0;
        members = count_members(f);
        state.seen = calloc(f->n_functions + 1, sizeof(*state.seen));
        if (!members || !state.seen)
                return -ENOMEM;
        for (size_t i = 0; i < f->n_functions; i++) {
                const IommuGroup *g = facts_group(f, f->functions[i].group);

                if ((!foretell && (!g || members[g - f->groups] < 2)) || !probe_details(p, f->functions[i].addr))
                        continue;
                if (isolations_read_path(&state, f, i, foretell) < 0)
                        return 0; /* nothing is said of groups then */
        }
        return 0;
}
