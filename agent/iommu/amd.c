/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/rows.h"

/* AMD-Vi. */

static const IommuMistake mistakes[] = {
        { "on", "take it out: the AMD IOMMU is on without any argument" },
        { "pt", "take it out; where the host's own devices are to be passed through untranslated, say iommu=pt" },
};

/* Linux drivers/iommu/amd/init.c, parse_amd_iommu_options(): there is no "on". */
static const IommuKey key = {
        .key = "amd_iommu",
        .off = "off",
        .members = " fullflush off force_isolation force_enable pgtbl_v1 pgtbl_v2 irtcachedis nohugepages "
                   "v2_pgsizes_only ",
        .mistakes = mistakes,
        .n_mistakes = ELEMENTSOF(mistakes),
};

static const char *const cpus[] = { "AuthenticAMD", "HygonGenuine", NULL };

const IommuVendor iommu_amd = {
        .name = "AMD",
        .signature = "IVRS",
        .unit = "ivhd",
        .cpus = cpus,
        .driver = KERNEL_AMD_IOMMU,
        .always_on = true,
        .key = &key,
        .common = &iommu_key_x86,
};
