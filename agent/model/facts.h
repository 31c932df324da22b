/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "acpi.h"
#include "array.h"
#include "bootmount.h"
#include "builder.h"
#include "hostuse.h"
#include "iommu.h"
#include "kargs.h"
#include "kernelline.h"
#include "loader.h"
#include "macro.h"
#include "origin.h"
#include "pciaddr.h"
#include "pciclass.h"
#include "record.h"
#include "sealedvolume.h"
#include "selinux.h"
#include "stubsetting.h"

/* What is true of the machine. Filled by the probers only; each field can say unknown, which is not no. */

#define PCI_GROUP_NONE  INT32_C(-1)
#define PCI_PARENT_NONE SIZE_MAX

/* What a bridge or a multi-function device does to keep functions apart. Read only where a shared group has to be
 * explained. */
typedef struct PciIsolation {
        Tristate pcie; /* it has a PCI Express capability; no: conventional PCI */
        uint8_t type;  /* device/port type of that capability (PCI Express 6.0, 7.5.3.2): PCI_EXP_TYPE_... */
        Tristate acs;  /* it has an Access Control Services capability */
        uint16_t capability, control; /* its registers (PCI Express 6.0, 7.7.11.2 and 7.7.11.3) */
} PciIsolation;

typedef struct PciFunction {
        PciAddr addr;
        PciId id;
        PciId subsystem;    /* of the card that it is on (PCI Local Bus 3.0, 6.2.4) */
        bool has_subsystem; /* bridges have none */
        uint32_t class;     /* 24 bits: base class, subclass, programming interface; PCI Code and ID Assignment 1 */
        char *unread;       /* why nobody can tell what it is, "PATH: ERROR": no id, no class; NULL: it can be told */
        char *driver;       /* NULL: none bound, or unread */
        char *variant; /* of vfio-pci that kernels have for it: name of the module; only where driver = best asks */
        char *variant_lacks;   /* a release that can boot and has not that one; NULL: there is none such */
        char *variant_unread;  /* a file that tells of variants and cannot be read; NULL: there is none such */
        char *driver_override; /* of a wanted device; NULL: none set */
        char *driverctl;       /* likewise: the driver that driverctl(8) gives it to at each boot; NULL: none */
        /* IOMMU group, PCI_GROUP_NONE; of wanted devices and whoever is in one with them, of all when FACTS_FUNCTIONS
         * asks */
        int32_t group;
        char *path;    /* stable bridge path, NULL: unknown */
        size_t parent; /* index of the upstream bridge, PCI_PARENT_NONE on a root bus */
        size_t behind; /* on a root bus that a function makes (VMD): its index, else PCI_PARENT_NONE */
        /* wanted devices, and all of them when FACTS_FUNCTIONS asks */
        char *reset;          /* ways to reset it as the kernel names them, "flr bus"; "" none; NULL: unknown */
        size_t physfn;        /* index of the physical function of a virtual one, PCI_PARENT_NONE */
        bool has_virtual;     /* it has virtual functions switched on */
        bool can_virtual;     /* it can have some; told only on the bus of a wanted device that is not there */
        bool has_boot_screen; /* the firmware's framebuffer is in its memory, or was when the kernel came up */
        bool removable;       /* the kernel knows that it can be unplugged; wanted devices only */
        bool has_network;     /* it has a network interface; told only where nobody knows what the network hangs on */
        char *name;           /* vendor and device in words; NULL: not asked for */
        bool serial_unread, nvme_unread; /* it may have such a number, which is for root to read */
        /* what it is told from its like by; of wanted devices, and of those of their ids where one of them is amiss */
        char *serial, *nvme_serial; /* as in Identity; NULL: not known, here and below */
        char *mac;                  /* of its first network interface, as it was made */
        char *usb; /* what is plugged into a USB controller, in words; wanted devices only; NULL: nothing, or unknown */
        char *class_name; /* base class and subclass in words; likewise */
        PciIsolation isolation;
        StringList
                modules; /* host drivers that kmod would load for its modalias; stubs left out; wanted devices only */
} PciFunction;

void pci_function_done(PciFunction *p);

/* Its variant of vfio-pci, name of the module, where all kernels that can boot surely mean that one; else NULL. */
static inline const char *function_variant(const PciFunction *f)
{
        return f->variant_lacks || f->variant_unread ? NULL : f->variant;
}

/*
 * Has it the header of a bridge? Those are ignored in group viability (Linux drivers/vfio, hdr_type != NORMAL). More
 * than these are never bound: pci_class_never_bound().
 */
static inline bool pci_is_bridge(const PciFunction *f)
{
        unsigned class = pci_class_sub(f->class);

        return class == CLASS_BRIDGE_PCI || class == CLASS_BRIDGE_CARDBUS || class == CLASS_BRIDGE_SEMI;
}

/* A row of agent/iommu/. */
typedef struct IommuVendor IommuVendor;

/* A firmware table that describes IOMMUs, and what became of reading it. */
typedef struct AcpiTable {
        const IommuVendor *vendor; /* whose table it is */
        Tristate present;          /* unknown: no ACPI directory, or not readable */
        Tristate readable;         /* contents need root */
        uint32_t length;           /* bytes, as the header says */
        uint32_t size;             /* bytes, as the file has */
        Tristate checksum_ok;
        Tristate sound;  /* read to its end; no: see error, and what could be read is there; unknown: not readable */
        AcpiError error; /* of the reading */
        /* As the vendor's row has it, as far as it could be read; see acpi_table_content(). */
        void *content;
        void (*done)(void *content); /* releases what is in it */
} AcpiTable;

/* What the table says, as far as it could be read; NULL: there is none, or its content is not readable. */
static inline const void *acpi_table_content(const AcpiTable *t)
{
        return t->sound != TRISTATE_UNKNOWN ? t->content : NULL;
}

void acpi_table_done(AcpiTable *t);

typedef enum ImageState {
        IMAGE_UNKNOWN, /* could not be read */
        IMAGE_MISSING, /* this kernel has no image */
        IMAGE_STALE,   /* lacks the present claim list, the helper or a module */
        IMAGE_CURRENT,
        _IMAGE_STATE_MAX,
} ImageState;

/* What is in an image: read from the stamp when nothing changed since it was verified, else from the image. */
typedef struct ImageContent {
        bool exists;
        bool known;        /* digest and modules below could be read, from the stamp or the image */
        bool stamped;      /* the stored stamp still describes this very file */
        uint64_t identity; /* hash of inode, size, mtime, ctime; 0: missing */
        uint64_t digest;   /* hash of claim list and helper found inside; 0: none inside */
        Tristate modules;  /* the stub modules are inside or built in */
        BuilderKind maker; /* who made it, by what is inside */
} ImageContent;

typedef struct LoadedImage {
        char *path;
        uint64_t offset, size; /* the part of the file that is the initramfs, bytes; 0, 0: all of it */
        bool by_tool;          /* only the loader's own tool makes it: it is no plain copy of initrd */
        bool moves;            /* and under another path each time */
        bool counted;          /* and maybe with another boot counter in its name */
        ImageContent image;
} LoadedImage;

typedef struct KernelRelease {
        char *release; /* as uname -r and /lib/modules name it */
        char *kernel;  /* path of the image that boots, e.g. /boot/vmlinuz-6.1.0-18-amd64; NULL: none found */
        char *initrd;  /* path, also when it does not exist yet; NULL: a tool makes it for itself and leaves no file */
        bool running;
        Tristate has_stub[2]; /* indexed by StubDriver: module file or built-in there */
        Tristate stub_builtin[2];
        Tristate has_type1; /* vfio_iommu_type1 */
        Tristate type1_builtin;
        StringList builtin; /* host drivers of wanted devices that are built in: module names */
        ImageContent image; /* of initrd */
        /* Files that the boot loader loads in the place of initrd: copies of it, or images that a tool makes by itself.
         * None: it loads initrd. */
        LoadedImage *loaded;
        size_t n_loaded;
        bool in_menu;       /* a boot entry boots it with one of its images */
        bool initrd_named;  /* an entry of GRUB names initrd */
        bool initrd_loaded; /* it loads initrd beside them: none of them is a copy, each is built by itself */
        KernelLine line;    /* that is built into it */
} KernelRelease;

/* What the claim image (initramfs/claim-image.h) is made of, and the one that is there. */
typedef struct ClaimImage {
        Tristate has_helper; /* the static helper is installed */
        char *helper;        /* its bytes; NULL: not read, or no program that could be run */
        size_t helper_size;
        char *unit; /* text of ptprep-claim.service; NULL: not read */
        char *path; /* where it is, or is to be: beside what the boot loader loads; NULL: not known yet */
        bool addon; /* it has to be in an addon of unified images, and the arguments with it */
        Tristate exists;
        uint64_t hash;   /* fnv1a of its bytes; 0: not read */
        StringList left; /* paths of others, for a boot loader that is not in use any more */
} ClaimImage;

/* A function that is configured to have virtual functions, as the kernel shows it (Linux
 * Documentation/ABI/testing/sysfs-bus-pci, sriov_*). */
typedef struct VirtualMaker {
        PciAddr addr;
        Tristate known;     /* no: it has no such attributes, and cannot have any; unknown: they cannot be read */
        uint32_t total, n;  /* how many it can have, and has now */
        Tristate autoprobe; /* host drivers take those that are made; unknown: before Linux 4.13 they always do */
        StringList macs;    /* of those that it has; "": the kernel does not say it; read where some are configured */
        int macs_error;     /* why they could not be read, as negative errno; 0: nothing was in the way */
} VirtualMaker;

typedef struct Facts {
        Origin origin;
        /* PCI */
        Tristate pci;           /* no: this machine has no PCI bus; unknown: could not be read */
        PciFunction *functions; /* sorted by address */
        size_t n_functions;
        VirtualMaker *makers; /* those configured that are there, in that order */
        size_t n_makers;
        /* firmware */
        const IommuVendor *cpu_vendor; /* whose IOMMU goes with the CPU, from /proc/cpuinfo; NULL: unknown */
        Tristate acpi;
        AcpiTable *tables; /* one for each vendor that is known, in their order; none: nobody has looked */
        size_t n_tables;
        /* running kernel */
        char *release; /* NULL: unknown */
        bool cmdline_known;
        size_t cmdline_length; /* bytes of it, as the kernel shows it */
        Kargs cmdline;
        char *lockdown;         /* none, integrity, confidentiality; NULL: unknown */
        Tristate iommu_active;  /* units in /sys/class/iommu and at least one group */
        StringList iommu_units; /* dmar0, ivhd0, ... */
        size_t n_groups;
        IommuGroup *groups; /* sorted by number: those of wanted devices, all of them when FACTS_FUNCTIONS asks */
        size_t n_known_groups;
        Features features;
        /* where something goes to vfio-pci, or ptprep has set one; unknown: the policy in force has none of that name
         */
        Tristate selinux[_SELINUX_BOOLEAN_MAX];
        Tristate selinux_enforcing; /* no: SELinux only logs; told where one of them is known */
        Tristate container;         /* running in a container: the kernel is not ours to judge */
        bool is_root;               /* effective uid 0 */
        bool live;                  /* the root directory is "/" of the running system */
        /* next boot */
        KernelRelease *kernels; /* sorted by release */
        size_t n_kernels;
        Loader *loaders; /* every one that was found, also one that could not be read; none: n_loaders is 0 */
        size_t n_loaders;
        OtherLoader *others; /* boot loaders that ptprep does not edit; none where it is known that another one boots */
        size_t n_others;
        LoadedImage *strays; /* images that entries load of which nobody can tell for which kernel they are */
        size_t n_strays;
        SealedVolume *sealed; /* what a boot opens by itself; only where something may be changed */
        size_t n_sealed;
        BootMounts boot_mounts; /* file systems of the loaders that were not mounted, and what became of reading them */
        HostUses host;          /* what the system lives on */
        StubSetting *stub_settings; /* what others have told modprobe, in the order in which it counts */
        size_t n_stub_settings;
        bool other_entry;   /* all was in place when this boot began, and what was started is not what ptprep has edited
                             */
        char *claim_result; /* what the claim helper did in this boot, a line a device; NULL: it did not run, or says
                               nothing */
        /* files that ptprep generates, as they are now; NULL: absent */
        char *claims, *modprobe_snippet, *modules_load;
        ClaimImage claim_image;
        char *image_stamps;   /* NAME_IMAGE_STAMPS as it is now; NULL: absent */
        char *network_memory; /* NAME_NETWORK as it is now; NULL: absent */
        char *failed_plan;    /* NAME_FAILED_PLAN, see core/failed-plan.h; NULL: none */
        char *reboots;        /* all of model/reboots.h that is there, one behind the other; NULL: none */
        bool reboots_known;   /* and none of it is unreadable */
        char *transaction;    /* leftovers of an interrupted apply, one path a line; NULL: none */
        /* what ptprep has changed so far */
        Tristate record_known; /* no: damaged, or of a later version; unknown: not readable */
        char *state_refusal;   /* why nothing in NAME_STATE_DIR may be believed, with the path; NULL: it may */
        char *record_text;     /* NAME_RECORD as it is now; NULL: absent */
        Record record;         /* empty unless known */
        /* helper that goes into the image */
        bool helper_present;
        bool helper_runs;     /* it looks like a program: executable, and no empty or other file */
        uint64_t helper_hash; /* fnv1a of its bytes */
        /* Of an image, whose devices nobody sees before it boots: yes: that boot prepares it; no: it has no unit that
         * does; unknown: this is no image. */
        Tristate first_boot;
        /* what makes initramfs images */
        ImageBuilder builders[_BUILDER_MAX]; /* indexed by BuilderKind */
} Facts;

void facts_init(Facts *f); /* everything unknown */
void facts_done(Facts *f);

/* Has ptprep left anything on this machine that is to be taken back when nothing is configured any more? */
bool facts_traces(const Facts *f);

/* Path of the claim image, be it there or not: on the partition from which the boot loader in use loads. */
const char *facts_claim_image(const Facts *f);

/* What is built into the running kernel; NULL: nothing, as far as anybody knows. */
const KernelLine *facts_running_line(const Facts *f);

/* By address; NULL: no such function. */
const PciFunction *facts_function(const Facts *f, PciAddr a);

/* Has it this serial number, or a controller on it? */
bool function_shows_serial(const PciFunction *p, const char *serial);

/**
 * facts_next_sibling() - the functions of one card, one after the other
 * @i: index of any of them. @iterator: begins as 0.
 * @ret: index of one, which is also @i itself. Returns false when there is no more.
 *
 * A virtual function is on no card, whatever its address: to the kernel each is a device with a single function, which
 * neither reaches another of its slot nor is reached by it (drivers/iommu/iommu.c, get_pci_function_alias_group();
 * drivers/pci/iov.c). Nor does a firmware table that names a function speak of those beside it.
 */
bool facts_next_sibling(const Facts *f, size_t i, size_t *iterator, size_t *ret);

/* Has the function at this index others beside it on the same card? */
bool facts_has_sibling(const Facts *f, size_t i);

/* Is there a loader that counts? Those that do not boot this machine do not. */
bool facts_has_loader(const Facts *f);

/* A boot loader that ptprep does not edit and that may boot this machine; NULL: none. */
const OtherLoader *facts_other_loader(const Facts *f);

/* Is there a loader of which it cannot be told what it boots? */
bool facts_unreadable_loader(const Facts *f);

/* Entries that can boot, rescue entries left out, of all loaders. */
size_t facts_count_entries(const Facts *f);

/* By number; NULL: not read. */
const IommuGroup *facts_group(const Facts *f, int32_t number);
