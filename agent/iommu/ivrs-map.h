/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/map.h"
#include "model/ivrs.h"

/* What an IVRS says of a function, by its device id, as Linux takes it (drivers/iommu/amd/init.c,
 * init_iommu_from_acpi() and init_unity_map_range()). As the row's functions of the same names, see iommu/vendor.h. */
bool ivrs_map_unit(const Facts *f, const Ivrs *ivrs, size_t i, FirmwareUnit *ret);
bool ivrs_map_region(const Facts *f, const Ivrs *ivrs, size_t i, size_t *iterator, FirmwareRegion *ret);
bool ivrs_map_denies_remapping(const Ivrs *ivrs);
