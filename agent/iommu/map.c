/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/map.h"

int firmware_map_compute(const Facts *facts, FirmwareMap *ret)
{
        const AcpiTable *t = iommu_table(facts);
        FirmwareMap m = { .facts = facts, .mistaken = PCI_PARENT_NONE };

        if (t && acpi_table_content(t)) {
                int r;

                m.table = t;
                m.refused = t->vendor->needs_checksum && t->checksum_ok == TRISTATE_NO;
                r = t->vendor->map ? t->vendor->map(&m) : 0;
                if (r < 0)
                        return r;
        }
        *ret = m;
        return 0;
}

void firmware_map_done(FirmwareMap *m)
{
        if (m->derived)
                m->table->vendor->map_done(m->derived);
        free(m->derived);
        *m = (FirmwareMap){};
}

bool firmware_unit(const FirmwareMap *m, const PciFunction *f, FirmwareUnit *ret)
{
        return m->table && m->table->vendor->unit_of(m, (size_t) (f - m->facts->functions), ret);
}

Tristate firmware_covers(const FirmwareMap *m, const PciFunction *f)
{
        FirmwareUnit unit;

        if (!m->table)
                return TRISTATE_UNKNOWN;
        return firmware_unit(m, f, &unit) ? TRISTATE_YES : TRISTATE_NO;
}

bool firmware_region(const FirmwareMap *m, const PciFunction *f, size_t *iterator, FirmwareRegion *ret)
{
        return m->table && m->table->vendor->region(m, (size_t) (f - m->facts->functions), iterator, ret);
}

bool firmware_denies_remapping(const FirmwareMap *m)
{
        return m->table && m->table->vendor->denies_remapping(m);
}

size_t firmware_requester(const Facts *f, size_t i)
{
        size_t up = i;

        while (f->functions[up].parent != PCI_PARENT_NONE)
                up = f->functions[up].parent;
        return f->functions[up].behind != PCI_PARENT_NONE ? f->functions[up].behind : i;
}
