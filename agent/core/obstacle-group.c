/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/obstacle.h"

/* Who shares a group with a device, and why. */

/* ACS bits without which Linux puts functions into one group: source validation, request and completion redirect, and
 * upstream forwarding (drivers/iommu/iommu.c, REQ_ACS_FLAGS; PCI Express 6.0, 7.7.11.3). */
#define ACS_REQUIRED         0x001dU

/* Device/port types (PCI Express 6.0, 7.5.3.2). */
#define PCIE_TYPE_ROOT_PORT  4U
#define PCIE_TYPE_DOWNSTREAM 6U
#define PCIE_TYPE_PCI_BRIDGE 7U

/* One of them that is not i; PCI_PARENT_NONE: none. */
static size_t pair_other(const Pair *p, size_t i)
{
        for (size_t k = 0; k < p->n; k++)
                if (p->at[k] != i)
                        return p->at[k];
        return PCI_PARENT_NONE;
}

int obstacle_group(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const GroupState *g = context_group(c, f);
        const PciFunction *p;
        size_t other;

        if (!g || !iommu_state_is_on(c->state))
                return 0;
        other = pair_other(&g->breaking, context_index(c, f));
        if (other == PCI_PARENT_NONE)
                return 0;
        p = c->facts->functions + other;
        if (pci_is_bridge(p))
                return verdict_add(
                        ret, id,
                        &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                       "keep that driver off the bridge (blacklist its module), or use another "
                                       "slot" },
                        "IOMMU group %d is not viable: the bridge %s in it is on the driver %s", f->group,
                        PCI_ADDR_TEXT(p->addr), p->driver);
        if (c->disks[other])
                return verdict_add(ret, id,
                                   &(ReasonKind){ VERDICT_BLOCKED, RESULT_BLOCKED, CURE_SLOT,
                                                  "move one of the two cards to another slot" },
                                   "IOMMU group %d is not viable: %s in it carries %s of the running system", f->group,
                                   PCI_ADDR_TEXT(p->addr), mount_role_to_string(c->disks[other]->role));
        return verdict_add(ret, id,
                           &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                          "configure that device too, or move one of the two cards to another slot" },
                           "IOMMU group %d is not viable: %s in it is on its host driver %s", f->group,
                           PCI_ADDR_TEXT(p->addr), p->driver);
}

static bool isolates(const PciIsolation *i)
{
        if (i->pcie == TRISTATE_NO || i->type == PCIE_TYPE_PCI_BRIDGE)
                return false;
        if (i->type != PCIE_TYPE_ROOT_PORT && i->type != PCIE_TYPE_DOWNSTREAM)
                return true; /* what comes out of an upstream port goes through the one above it */
        return i->acs == TRISTATE_YES && (i->control & ACS_REQUIRED) == ACS_REQUIRED;
}

/* Why a group is shared, as far as capabilities tell. */
static void explain_sharing(const VerdictContext *c, const PciFunction *f, char *buf, size_t size)
{
        const PciFunction *functions = c->facts->functions;

        buf[0] = 0;
        for (size_t up = f->parent; up != PCI_PARENT_NONE; up = functions[up].parent) {
                const PciIsolation *i = &functions[up].isolation;

                if (i->pcie == TRISTATE_UNKNOWN || isolates(i))
                        continue;
                if (i->pcie == TRISTATE_NO || i->type == PCIE_TYPE_PCI_BRIDGE)
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
        const GroupState *g = context_group(c, f);
        char why[160];

        if (!g || g->members < 2 || !iommu_state_is_on(c->state))
                return 0;
        explain_sharing(c, f, why, sizeof(why));
        return verdict_add(ret, id,
                           &(ReasonKind){ VERDICT_POSSIBLE, RESULT_OK, CURE_SLOT,
                                          "give all of them to the same guest, or try another slot" },
                           "it shares IOMMU group %d with %zu other device%s%s", f->group, g->members - 1,
                           g->members == 2 ? "" : "s", why);
}
