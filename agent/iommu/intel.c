/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/dmar-form.h"
#include "iommu/dmar-map.h"
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

static int parse(const void *data, size_t size, void *ret, AcpiError *ret_error)
{
        return dmar_parse(data, size, ret, ret_error);
}

static void done(void *content)
{
        dmar_done(content);
}

static int note(const void *content, FirmwareNoteList *ret)
{
        return dmar_note(content, ret);
}

static void text(FILE *f, const void *content)
{
        dmar_text(f, content);
}

static void json(JsonPlace p, const void *content)
{
        dmar_json(p, content);
}

static int map(FirmwareMap *m)
{
        DmarMap *d = calloc(1, sizeof(*d));
        int r = d ? dmar_map_compute(m->facts, m->table->content, d) : -ENOMEM;

        if (r < 0) {
                free(d);
                return r;
        }
        m->derived = d;
        m->refused |= d->fault != DMAR_FAULT_NONE;
        if (d->fault == DMAR_FAULT_TYPE) {
                m->mistaken = d->fault_function;
                m->mistaken_offset = d->fault_offset;
        }
        return 0;
}

static void map_done(void *derived)
{
        dmar_map_done(derived);
}

static bool covers(const FirmwareMap *m, size_t function)
{
        return dmar_map_covers(m->derived, function);
}

static bool region(const FirmwareMap *m, size_t function, size_t *iterator, FirmwareRegion *ret)
{
        return dmar_map_region(m->derived, function, iterator, ret);
}

static bool denies_remapping(const FirmwareMap *m)
{
        const Dmar *d = m->table->content;

        return !(d->flags & DMAR_INTR_REMAP);
}

const IommuVendor iommu_intel = {
        .name = "Intel",
        .feature = "VT-d",
        .setup = "VT-d (Intel)",
        .device = "intel-iommu",
        .log = "DMAR",
        .cpu_flag = "vmx",
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
        .signature = "DMAR",
        .content_size = sizeof(Dmar),
        .parse = parse,
        .done = done,
        .note = note,
        .text = text,
        .json = json,
        .map = map,
        .map_done = map_done,
        .covers = covers,
        .region = region,
        .denies_remapping = denies_remapping,
        .no_remapping = "offers none",
        .refuses_direct = true, /* drivers/iommu/intel/iommu.c, device_is_rmrr_locked() */
};
