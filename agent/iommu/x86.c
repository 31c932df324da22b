/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/rows.h"

static const IommuMistake mistakes[] = {
        { "on", "take it out: Intel has intel_iommu=on, and AMD needs none" },
        { "1", "take it out: Intel has intel_iommu=on, and AMD needs none" },
};

/* Linux arch/x86/kernel/pci-dma.c and amd_gart_64.c, iommu_setup() and gart_parse_options(), of all releases. */
static const IommuMember members[] = {
        { .value = "off" },      { .value = "force" },      { .value = "noforce" },   { .value = "biomerge" },
        { .value = "panic" },    { .value = "nopanic" },    { .value = "merge" },     { .value = "nomerge" },
        { .value = "forcesac" }, { .value = "allowdac" },   { .value = "nodac" },     { .value = "usedac" },
        { .value = "soft" },     { .value = "pt" },         { .value = "nopt" },      { .value = "memaper" },
        { .value = "noagp" },    { .value = "noaperture" }, { .value = "fullflush" }, { .value = "nofullflush" },
        { .value = "leak" },     { .value = "calgary" },
};

/* "off" sets no_iommu, which Intel's driver and AMD's ask. */
const IommuKey iommu_key_x86 = {
        .key = "iommu",
        .off = "off",
        .kills = true,
        .members = members,
        .n_members = ELEMENTSOF(members),
        .mistakes = mistakes,
        .n_mistakes = ELEMENTSOF(mistakes),
};
