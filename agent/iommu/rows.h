/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/vendor.h"

/* The rows, for vendors.c alone, and what they share. */

extern const IommuVendor iommu_intel, iommu_amd;

extern const IommuKey iommu_key_x86; /* iommu= of arch/x86 */
