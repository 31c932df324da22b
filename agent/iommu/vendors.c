/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/rows.h"

const IommuVendor *const iommu_vendors[] = { &iommu_intel, &iommu_amd };
const size_t iommu_vendors_n = ELEMENTSOF(iommu_vendors);
