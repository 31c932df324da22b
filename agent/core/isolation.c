/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/isolation.h"

#include "model/pciclass.h"

/* ACS bits without which Linux puts functions into one group, of those that a function has at all: source validation,
 * request and completion redirect, and upstream forwarding (drivers/iommu/iommu.c, REQ_ACS_FLAGS; PCI Express 6.0,
 * 7.7.11.2 and 7.7.11.3). */
#define ACS_REQUIRED         0x001dU

/* Device/port types (PCI Express 6.0, 7.5.3.2). */
#define PCIE_TYPE_ROOT_PORT  4U
#define PCIE_TYPE_DOWNSTREAM 6U
#define PCIE_TYPE_TO_PCI     7U
#define PCIE_TYPE_FROM_PCI   8U

static bool has_acs(const PciIsolation *i, bool later)
{
        unsigned wanted = i->capability & ACS_REQUIRED;

        return i->acs == TRISTATE_YES && (later || (i->control & wanted) == wanted);
}

bool isolation_is_port(const PciIsolation *i)
{
        return i->pcie == TRISTATE_YES && i->type != PCIE_TYPE_TO_PCI && i->type != PCIE_TYPE_FROM_PCI;
}

bool isolation_separates(const PciIsolation *i, bool later)
{
        if (!isolation_is_port(i))
                return false;
        if (i->type == PCIE_TYPE_ROOT_PORT || i->type == PCIE_TYPE_DOWNSTREAM)
                return has_acs(i, later);
        return true; /* what comes out of an upstream port goes through the one above it */
}

/*
 * Does Linux know of many makes of this kind that they keep apart what their capabilities do not (drivers/pci/quirks.c,
 * pci_dev_acs_enabled)? Ports of network cards, and Intel's chipset ports, which are always in these slots.
 */
static bool may_have_quirk(const PciFunction *p)
{
        return pci_class_base(p->class) == CLASS_NETWORK ||
               (p->id.vendor == 0x8086 && p->addr.bus == 0 && p->addr.slot >= 0x1b && p->addr.slot <= 0x1d &&
                p->isolation.type == PCIE_TYPE_ROOT_PORT);
}

/* The function, or the topmost bridge above it that mixes what is behind it; PCI_PARENT_NONE: cannot be told. */
static size_t find_mixer(const Facts *f, size_t i)
{
        size_t mixer = i;

        for (size_t up = f->functions[i].parent; up != PCI_PARENT_NONE; up = f->functions[up].parent) {
                const PciFunction *p = f->functions + up;
                bool mixes = !isolation_separates(&p->isolation, true);

                if (p->isolation.pcie == TRISTATE_UNKNOWN || (mixes && may_have_quirk(p)))
                        mixer = PCI_PARENT_NONE;
                else if (mixes)
                        mixer = up;
        }
        return mixer;
}

/* The first function of the card that the function can reach past the IOMMU, itself included; PCI_PARENT_NONE: cannot
 * be told. */
static size_t first_reachable(const Facts *f, size_t i)
{
        const PciFunction *p = f->functions + i;
        size_t iterator = 0, k;

        if (has_acs(&p->isolation, true))
                return i;
        if (p->isolation.pcie == TRISTATE_UNKNOWN || may_have_quirk(p))
                return PCI_PARENT_NONE;
        while (facts_next_sibling(f, i, &iterator, &k))
                if (k == i || (!has_acs(&f->functions[k].isolation, true) && !may_have_quirk(f->functions + k)))
                        return k;
        return i;
}

void isolation_expect(const Facts *f, size_t *ret)
{
        for (size_t i = 0; i < f->n_functions; i++) {
                size_t mixer = find_mixer(f, i);

                ret[i] = mixer != PCI_PARENT_NONE && facts_has_sibling(f, mixer) ? first_reachable(f, mixer) : mixer;
        }
}
