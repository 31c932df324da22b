/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/isolation.h"
#include "core/obstacle.h"

/* Who shares a group with a device, and why. */

/* One of them that is not i; PCI_PARENT_NONE: none. */
static size_t pair_other(const Pair *p, size_t i)
{
        for (size_t k = 0; k < p->n; k++)
                if (p->at[k] != i)
                        return p->at[k];
        return PCI_PARENT_NONE;
}

/* @other stays with the host. What capabilities let expect is never as sure as a group that is there. */
static int add_breaking(const VerdictContext *c, const PciFunction *f, const char *id, const ReasonKind *kind,
                        const PciFunction *other, const char *how, Verdict *ret)
{
        ReasonKind expected = { VERDICT_CONDITIONAL, RESULT_WARN, kind->cure_kind, kind->cure };
        const char *what = pci_class_never_bound(other->class) ? "the bridge " : "";

        if (c->expected)
                return verdict_add(ret, id, &expected,
                                   "once the IOMMU is on, its group will hardly be viable: %s%s will be in it, which "
                                   "%s",
                                   what, PCI_ADDR_TEXT(other->addr), how);
        return verdict_add(ret, id, kind, "IOMMU group %d is not viable: %s%s in it %s", f->group, what,
                           PCI_ADDR_TEXT(other->addr), how);
}

int obstacle_group(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        static const ReasonKind bridge = { VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                           "keep that driver off the bridge (blacklist its module), or use another "
                                           "slot" };
        static const ReasonKind disk = { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_SLOT,
                                         "move one of the two cards to another slot" };
        static const ReasonKind driver = { VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                           "configure that device too, or move one of the two cards to another slot" };
        const GroupState *g = context_group(c, f);
        _cleanup_free_ char *how = NULL;
        const PciFunction *p;
        HostUseAnswer host;
        size_t other;
        bool stays; /* with the host, whatever is configured */
        int n;

        if (!g || (!c->expected && !iommu_state_is_on(c->state)))
                return 0;
        other = pair_other(&g->breaking, context_index(c, f));
        if (other == PCI_PARENT_NONE)
                return 0;
        p = c->facts->functions + other;
        stays = pci_class_never_bound(p->class);
        host = host_use_any(c->facts, p);
        if (host.used == TRISTATE_YES && !stays)
                n = string_printf(&how, "carries %s", host.use->what);
        else
                n = string_printf(&how, "is on %s %s", stays ? "the driver" : "its host driver", p->driver);
        if (n < 0)
                return n;
        return add_breaking(c, f, id, stays ? &bridge : host.use ? &disk : &driver, p, how, ret);
}

/* Why a group is shared, as far as capabilities tell. */
static void explain_sharing(const VerdictContext *c, const PciFunction *f, char *buf, size_t size)
{
        const PciFunction *functions = c->facts->functions;

        buf[0] = 0;
        for (size_t up = f->parent; up != PCI_PARENT_NONE; up = functions[up].parent) {
                const PciIsolation *i = &functions[up].isolation;

                if (i->pcie == TRISTATE_UNKNOWN || isolation_separates(i, c->expected))
                        continue;
                if (!isolation_is_port(i))
                        (void) snprintf(buf, size,
                                        ", because all behind the conventional PCI bridge %s look alike to "
                                        "the IOMMU",
                                        PCI_ADDR_TEXT(functions[up].addr));
                else
                        (void) snprintf(buf, size, ", because the port %s does not keep them apart (no ACS)",
                                        PCI_ADDR_TEXT(functions[up].addr));
                return;
        }
        if (f->isolation.acs == TRISTATE_NO)
                (void) snprintf(buf, size, ", because the functions of one device can reach each other (no ACS)");
}

int obstacle_shared(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        static const ReasonKind kind = { VERDICT_POSSIBLE, RESULT_OK, CURE_SLOT,
                                         "give all of them to the same guest, or try another slot" };
        const GroupState *g = context_group(c, f);
        char why[160];

        if (!g || g->members < 2 || (!c->expected && !iommu_state_is_on(c->state)))
                return 0;
        explain_sharing(c, f, why, sizeof(why));
        if (c->expected)
                return verdict_add(ret, id, &kind,
                                   "once the IOMMU is on, it will share its group with %zu other device%s%s",
                                   g->members - 1, g->members == 2 ? "" : "s", why);
        return verdict_add(ret, id, &kind, "it shares IOMMU group %d with %zu other device%s%s", f->group,
                           g->members - 1, g->members == 2 ? "" : "s", why);
}
