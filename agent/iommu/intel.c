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

/*
 * With the out-of-tree patch and the word, each range of a DMAR is "direct-relaxable"; without it only those of USB and
 * graphics are (drivers/iommu/intel/iommu.c, device_rmrr_is_relaxable()).
 */
static bool relaxes_all(const Facts *f)
{
        FOREACH_ARRAY(g, f->groups, f->n_known_groups) {
                bool relaxed = false, expected = false;

                FOREACH_ARRAY(r, g->regions, g->n_regions)
                        relaxed |= r->type == REGION_DIRECT_RELAXABLE;
                FOREACH_ARRAY(p, f->functions, relaxed ? f->n_functions : 0)
                        expected |= p->group == g->number && dmar_is_relaxable(p);
                if (relaxed && !expected)
                        return true;
        }
        return false;
}

/*
 * intel_iommu_setup() of Linux drivers/iommu/intel/iommu.c in 4.19, 5.10, 5.15 and 6.6, and what is in Debian's kernels
 * 6.1, 6.12 and 7.2. ecs_off and pasid28 went with the extended mode, for which the scalable one came in 5.0; nobounce
 * with the driver's own DMA API in 5.11. intgpu_off is Debian's, and relax_rmrr a patch that Proxmox VE has.
 */
static const IommuMember members[] = {
        { .value = "on" },
        { .value = "off" },
        { .value = "igfx_off", .apart = APART_OFF },
        { .value = "intgpu_off", .patch = "Debian's", .suffix = "-amd64", .apart = APART_OFF_UNTIL_ON },
        { .value = "forcedac" },
        { .value = "strict" },
        { .value = "sp_off" },
        { .value = "ecs_off", .until = LINUX(5, 0) },
        { .value = "pasid28", .until = LINUX(5, 0) },
        { .value = "sm_on", .since = LINUX(5, 0) },
        { .value = "sm_off", .since = LINUX(5, 15) },
        { .value = "tboot_noforce" },
        { .value = "nobounce", .until = LINUX(5, 11) },
        { .value = "relax_rmrr",
          .patch = "Proxmox VE's and others with the patch of that name",
          .suffix = "-pve",
          .effect = "a guest's device can reach memory that the firmware goes on using",
          .works = relaxes_all },
};

/* Members are compared by prefix, from left to right, and all repeats of the argument are applied. */
static const IommuKey key = {
        .key = "intel_iommu",
        .on = "on",
        .off = "off",
        .members = members,
        .n_members = ELEMENTSOF(members),
        .mistakes = mistakes,
        .n_mistakes = ELEMENTSOF(mistakes),
};

/* The unit of the integrated graphics: igfx_off leaves it off, and so do kernels that are built with Debian's
 * CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF. */
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

static bool unit_of(const FirmwareMap *m, size_t function, FirmwareUnit *ret)
{
        return dmar_map_unit(m->derived, function, ret);
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
        .apart = is_integrated_graphics,
        .apart_what = "the integrated graphics",
        .signature = "DMAR",
        .content_size = sizeof(Dmar),
        .parse = parse,
        .done = done,
        .note = note,
        .text = text,
        .json = json,
        .map = map,
        .map_done = map_done,
        .unit_of = unit_of,
        .region = region,
        .denies_remapping = denies_remapping,
        .no_remapping = "offers none",
        .refuses_direct = true, /* drivers/iommu/intel/iommu.c, device_is_rmrr_locked() */
};
