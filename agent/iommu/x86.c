/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/rows.h"

static const IommuMistake mistakes[] = {
        { "on", "take it out: Intel has intel_iommu=on, and AMD needs none" },
        { "1", "take it out: Intel has intel_iommu=on, and AMD needs none" },
};

/* Linux arch/x86/kernel/pci-dma.c and amd_gart_64.c: iommu_setup() and gart_parse_options(). "off" sets no_iommu, which
 * Intel's driver and AMD's ask. */
const IommuKey iommu_key_x86 = {
        .key = "iommu",
        .off = "off",
        .kills = true,
        .members = " off force noforce biomerge panic nopanic merge nomerge forcesac allowdac nodac usedac soft pt "
                   "nopt memaper noagp noaperture fullflush nofullflush leak calgary noagp ",
        .mistakes = mistakes,
        .n_mistakes = ELEMENTSOF(mistakes),
};
