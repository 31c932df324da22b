/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* What the running kernel says of its IOMMU groups, and what it and the CPU can do. */

/* Types of reserved regions (Linux drivers/iommu/iommu.c, iommu_group_resv_type_string[]). */
typedef enum RegionType {
        REGION_DIRECT,           /* has to stay mapped 1:1 for the device, always */
        REGION_DIRECT_RELAXABLE, /* the same until the device is given away */
        REGION_RESERVED,         /* not usable for DMA of a guest */
        REGION_MSI,              /* where the device writes its interrupts */
        _REGION_TYPE_MAX,
        _REGION_TYPE_INVALID = -EINVAL,
} RegionType;

const char *region_type_to_string(RegionType t);
RegionType region_type_from_string(const char *s);

typedef struct ReservedRegion {
        uint64_t start, end; /* bytes, the last one included */
        RegionType type;
} ReservedRegion;

typedef struct IommuGroup {
        int32_t number;
        char *type;  /* of the default domain: DMA, DMA-FQ, identity, blocked; NULL: unknown, or nobody asked */
        bool unreal; /* VFIO made it for a function without an IOMMU (enable_unsafe_noiommu_mode) */
        bool regions_known;
        ReservedRegion *regions; /* in the order of the kernel */
        size_t n_regions;
} IommuGroup;

void iommu_groups_free(IommuGroup *groups, size_t n);

/**
 * reserved_regions_parse() - text of /sys/kernel/iommu_groups/N/reserved_regions
 * @text: lines "0xSTART 0xEND TYPE", addresses of bytes. @ret: appended to; grown with array_grow().
 *
 * A type that this version does not know counts as "reserved": it is not usable, and it is no reason to refuse.
 * Returns 0; -EINVAL a line of another form; -ENOMEM.
 */
int reserved_regions_parse(const char *text, ReservedRegion **ret, size_t *ret_n) _must_check_;

/* Kconfig options of the running kernel that decide what the IOMMU does without any argument, and how VFIO is reached.
 */
typedef enum KernelOption {
        KERNEL_INTEL_IOMMU,
        KERNEL_INTEL_IOMMU_DEFAULT_ON,
        KERNEL_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF, /* of Debian: on, except for the unit of the integrated graphics */
        KERNEL_AMD_IOMMU,
        KERNEL_IRQ_REMAP,
        KERNEL_IOMMUFD,
        KERNEL_VFIO_DEVICE_CDEV,
        _KERNEL_OPTION_MAX,
} KernelOption;

const char *kernel_option_to_string(KernelOption o); /* as the file has it, "CONFIG_INTEL_IOMMU" */

/* What this program takes machines for; the words of one are no help on another. */
typedef enum CpuKind {
        CPU_UNKNOWN,
        CPU_X86,
        CPU_ARM,
        CPU_OTHER,
} CpuKind;

typedef struct Features {
        unsigned release;             /* LINUX(major, minor); 0: unknown */
        Tristate interrupt_remapping; /* in force now, whatever was asked for */
        Tristate unsafe_interrupts;   /* vfio_iommu_type1 is loaded and allows them; unknown: it is not loaded */
        Tristate unsafe_configured;   /* a file in modprobe.d sets them for when it is loaded; unknown: nobody asked */
        CpuKind cpu;
        Tristate cpu_virtualization; /* vmx or svm; x86 only */
        Tristate hypervisor;         /* this is a virtual machine */
        bool xen_control;            /* this is the domain that controls Xen (dom0): the machine's IOMMU is Xen's */
        Tristate secure_boot;        /* only read where the kernel is locked down */
        Tristate denylist;           /* vfio-pci refuses what is on its list; unknown: it is not loaded */
        Tristate options[_KERNEL_OPTION_MAX]; /* unknown: no such file, or nobody asked */
} Features;

/* Comparable number of a release. */
#define LINUX(major, minor) ((unsigned) (major) << 16 | (unsigned) (minor))
/* From here on VFIO can have a character device for each function (drivers/vfio/Kconfig, VFIO_DEVICE_CDEV). */
#define LINUX_VFIO_CDEV     LINUX(6, 6)
#define LINUX_MAJOR(v)      ((v) >> 16)
#define LINUX_MINOR(v)      ((v) &0xffff)

void features_init(Features *f); /* everything unknown */

/* Is it surely a machine for which the tables and words of x86 are no help? */
static inline bool features_foreign(const Features *f)
{
        return f->cpu == CPU_ARM || f->cpu == CPU_OTHER;
}

/* "6.1.0-50-amd64" gives LINUX(6, 1); 0: no such form. */
unsigned linux_release_parse(const char *s);

/**
 * kernel_config_parse() - lines "CONFIG_X=y" and "# CONFIG_X is not set"
 * @options: what is said in the text is set, to no where the text says nothing of it.
 */
void kernel_config_parse(const char *text, Tristate options[_KERNEL_OPTION_MAX]);
