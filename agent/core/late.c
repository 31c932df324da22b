/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/late.h"

#define THUNDERBOLT_VENDOR 0x8086

/* Bridges of Thunderbolt controllers, which firmware without a word of its own for them has as well (Linux
 * drivers/thunderbolt/nhi.h, and the PCI ID Repository). */
static const uint16_t thunderbolt_bridges[] = {
        0x0b26, 0x1136, 0x1567, 0x1569, 0x156b, 0x156d, 0x1576, 0x1578,
        0x157e, 0x15c0, 0x15d3, 0x15da, 0x15e7, 0x15ea, 0x15ef,
};

static bool is_thunderbolt(const PciFunction *p)
{
        FOREACH_ARRAY(id, thunderbolt_bridges, p->id.vendor == THUNDERBOLT_VENDOR ? ELEMENTSOF(thunderbolt_bridges) : 0)
                if (p->id.device == *id)
                        return true;
        return false;
}

const char *function_comes_late(const Facts *f, const PciFunction *p)
{
        for (size_t i = p->parent; i != PCI_PARENT_NONE; i = f->functions[i].parent)
                if (is_thunderbolt(f->functions + i))
                        return "Thunderbolt";
        return p->removable ? "a port that things are plugged into" : NULL;
}
