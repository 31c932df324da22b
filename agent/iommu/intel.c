/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/rows.h"
#include "model/pciclass.h"

#define PCI_VENDOR_INTEL 0x8086U

/* Virtualization Technology for Directed I/O (VT-d). */

static const IommuMistake mistakes[] = {
        { "pt", "take it out; where the host's own devices are to be passed through untranslated, say iommu=pt" },
};

/* Linux drivers/iommu/intel/iommu.c, intel_iommu_setup(); intgpu_off is Debian's. */
static const IommuKey key = {
        .key = "intel_iommu",
        .on = "on",
        .off = "off",
        .members = " on off igfx_off intgpu_off forcedac strict sp_off sm_on sm_off tboot_noforce nobounce ",
        .mistakes = mistakes,
        .n_mistakes = ELEMENTSOF(mistakes),
};

/* The unit of the integrated graphics has switches of its own: igfx_off, and what Debian's kernels are built with
 * (CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF). */
static bool is_integrated_graphics(const PciFunction *f)
{
        return pci_class_base(f->class) == CLASS_DISPLAY && f->id.vendor == PCI_VENDOR_INTEL &&
               f->parent == PCI_PARENT_NONE;
}

static const char *const cpus[] = { "GenuineIntel", "CentaurHauls", "Shanghai", NULL };

static const KernelOption defaults[] = { KERNEL_INTEL_IOMMU_DEFAULT_ON, KERNEL_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF };

const IommuVendor iommu_intel = {
        .name = "Intel",
        .signature = "DMAR",
        .unit = "dmar",
        .cpus = cpus,
        .driver = KERNEL_INTEL_IOMMU,
        .defaults = defaults,
        .n_defaults = ELEMENTSOF(defaults),
        .key = &key,
        .common = &iommu_key_x86,
        .add = "intel_iommu=on",
        .needs_on = is_integrated_graphics,
        .needs_on_what = "the integrated graphics",
        .refuses_direct = true, /* drivers/iommu/intel/iommu.c, device_is_rmrr_locked() */
};
