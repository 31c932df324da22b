/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/table.h"

const IommuVendor *iommu_vendor_of_cpu(const char *id)
{
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n)
                for (const char *const *cpu = (*v)->cpus; *cpu; cpu++)
                        if (startswith(id, *cpu))
                                return *v;
        return NULL;
}

const IommuVendor *iommu_vendor_described(const Facts *f)
{
        const AcpiTable *t = iommu_table(f);

        return t ? t->vendor : f->cpu_vendor;
}

const IommuVendor *iommu_vendor(const Facts *f)
{
        FOREACH_ARRAY(u, f->iommu_units.items, f->iommu_units.n)
                FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n)
                        if (startswith(*u, (*v)->unit))
                                return *v;
        return iommu_vendor_described(f);
}
