/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/note.h"
#include "model/facts.h"

/*
 * What is peculiar to the IOMMUs of one maker: a row of iommu_vendors[], and nowhere else a name of one. A new one: a
 * file beside intel.c and amd.c with its row, and its line in vendors.c.
 */

/* A value that is written often, means nothing to the kernel, and what was meant by it. */
typedef struct IommuMistake {
        const char *value, *cure;
} IommuMistake;

/* What a member does to the units of a vendor that have switches of their own. */
typedef enum ApartSwitch {
        APART_UNTOUCHED,
        APART_OFF,          /* for good */
        APART_OFF_UNTIL_ON, /* until an "on" behind it */
} ApartSwitch;

/* A member that kernels know. Limits are those of kernel.org, stable releases included; a distribution may have put it
 * into an older one. */
typedef struct IommuMember {
        const char *value;  /* compared by prefix; some take "=NUMBER" behind it */
        unsigned since;     /* LINUX(): the first release line that has it; 0: older than what is in use */
        unsigned until;     /* the first one that has it no more; 0: all have it */
        const char *patch;  /* no kernel of kernel.org has it, these do: "Debian's"; NULL: see above */
        const char *suffix; /* with a patch: what the names of their releases have in them; NULL: nothing tells */
        const char *effect; /* what has to be known where it works; NULL: nothing */
        bool (*works)(const Facts *f); /* does this machine show that the running kernel has it? NULL: nothing shows */
        ApartSwitch apart;
} IommuMember;

/* A kernel argument with a comma list, whose members the kernel compares by prefix. */
typedef struct IommuKey {
        const char *key;
        const char *on, *off;       /* members that switch the IOMMU; NULL: there is none */
        bool kills;                 /* "off" beats every other key wherever it stands */
        const IommuMember *members; /* in the order in which the kernel compares them */
        size_t n_members;
        const IommuMistake *mistakes;
        size_t n_mistakes;
} IommuKey;

typedef struct JsonPlace JsonPlace;     /* iommu/json.h */
typedef struct FirmwareMap FirmwareMap; /* iommu/map.h */
typedef struct FirmwareRegion FirmwareRegion;
typedef struct FirmwareUnit FirmwareUnit;

struct IommuVendor {
        const char *name;        /* the maker: "Intel" */
        const char *feature;     /* as it calls its IOMMU: "VT-d" */
        const char *setup;       /* as a firmware's setup does */
        const char *device;      /* as QEMU does: "intel-iommu" */
        const char *log;         /* what the kernel's messages about it begin with */
        const char *cpu_flag;    /* of virtualization, in /proc/cpuinfo: "vmx" */
        const char *unit;        /* the names of its units in /sys/class/iommu begin so: "dmar" */
        const char *const *cpus; /* vendor_id in /proc/cpuinfo, its own and those of clones that follow it; the last
                                    one is NULL */
        KernelOption driver;     /* without it the kernel has no driver */
        bool always_on;          /* a kernel with the driver uses it unless told not to */
        const KernelOption *defaults; /* else: each of these makes it so */
        size_t n_defaults;
        const IommuKey *key, *common; /* arguments of its own, and one that it shares with others; NULL: none */
        const char *add; /* the argument that makes sure of it, a word of key; NULL: nothing has to be said */
        /* Is it a function whose unit has switches of its own, and may stay off unless "on" is said? NULL: there are
         * none. @apart_what: those, as in "the IOMMU unit of the integrated graphics". */
        bool (*apart)(const PciFunction *f);
        const char *apart_what;
        /* its ACPI table */
        const char *signature; /* "DMAR" */
        size_t content_size;   /* bytes of what parse() fills, which begins with an AcpiHeader */
        bool needs_checksum;   /* Linux does not use the table when its checksum is wrong */
        /* Returns 0; -EBADMSG, -EINVAL and -ENOMEM as dmar_parse(). @ret: zeroes first; released with done(). */
        int (*parse)(const void *data, size_t size, void *ret, AcpiError *ret_error);
        void (*done)(void *content);
        int (*note)(const void *content, FirmwareNoteList *ret); /* appends what is wrong or unusual; 0 or -ENOMEM */
        void (*text)(FILE *f, const void *content);              /* what is inside, for people */
        void (*json)(JsonPlace p, const void *content);          /* and for programs */
        /* What it means on this machine; the callers are in iommu/map.h. Functions are indices in Facts.functions. */
        int (*map)(FirmwareMap *m); /* fills the row's part of the map; 0 or -ENOMEM; NULL: nothing to derive */
        void (*map_done)(void *derived);
        bool (*unit_of)(const FirmwareMap *m, size_t function, FirmwareUnit *ret);
        bool (*region)(const FirmwareMap *m, size_t function, size_t *iterator, FirmwareRegion *ret);
        bool (*denies_remapping)(const FirmwareMap *m);
        const char *no_remapping; /* what a table that denies it does, as in "the DMAR table offers none" */
        bool refuses_direct; /* its driver gives no device away that has a range to stay mapped 1:1; the core of Linux
                                refuses that from 6.6 on */
};

/* In vendors.c. Where a machine has tables of two, which no real one has, the first counts. */
extern const IommuVendor *const iommu_vendors[];
extern const size_t iommu_vendors_n;

/* By the first bytes of what /proc/cpuinfo says; NULL: nobody's. */
const IommuVendor *iommu_vendor_of_cpu(const char *id);

/* Who describes IOMMUs to the firmware's tables; without a table the CPU's maker; NULL: unknown. */
const IommuVendor *iommu_vendor_described(const Facts *f);

/* Whose IOMMU is in use, or would be; NULL: unknown. */
const IommuVendor *iommu_vendor(const Facts *f);
