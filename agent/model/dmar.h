/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "acpi.h"

/*
 * The DMAR table: what the firmware says of Intel's DMA and interrupt remapping hardware. All of it is kept in its
 * order, also what this version does not know; nothing is judged here.
 * Source: Intel Virtualization Technology for Directed I/O, architecture specification (VT-d) 4.1, chapter 8.
 */

/* Flags of the table (VT-d 8.1). */
#define DMAR_INTR_REMAP               UINT8_C(0x01) /* the platform can remap interrupts */
#define DMAR_X2APIC_OPT_OUT           UINT8_C(0x02) /* the system is not to enable x2APIC mode */
#define DMAR_DMA_CTRL_PLATFORM_OPT_IN UINT8_C(0x04) /* until the hand-over DMA reached RMRRs only */

/* Types of remapping structures (VT-d 8.2). Others are kept with their number and length. */
typedef enum DmarType {
        DMAR_DRHD = 0, /* hardware unit, 8.3 */
        DMAR_RMRR = 1, /* reserved memory region, 8.4 */
        DMAR_ATSR = 2, /* root ports with ATS, 8.5 */
        DMAR_RHSA = 3, /* NUMA node of a hardware unit, 8.6 */
        DMAR_ANDD = 4, /* device that only the ACPI namespace knows, 8.7 */
        DMAR_SATC = 5, /* integrated devices with ATS, 8.8 */
        DMAR_SIDP = 6, /* properties of integrated devices, 8.9 */
        _DMAR_TYPE_MAX,
} DmarType;
const char *dmar_type_to_string(DmarType t); /* "DRHD"; NULL: unknown */

/* Flags of the single structures. */
#define DMAR_DRHD_INCLUDE_PCI_ALL UINT8_C(0x01) /* all functions of the segment that no other unit names (8.3) */
#define DMAR_ATSR_ALL_PORTS       UINT8_C(0x01) /* all root ports of the segment (8.5) */
#define DMAR_SATC_ATC_REQUIRED    UINT8_C(0x01) /* the devices work with ATS only (8.8) */

/* Flags of a scope of SIDP (8.9): what the system must not do for this device. */
#define DMAR_SIDP_NO_NESTED       UINT8_C(0x01) /* no nested translation for requests without PASID */
#define DMAR_SIDP_NO_PWSNP        UINT8_C(0x02) /* no snooped page walks for them */
#define DMAR_SIDP_NO_PGSNP        UINT8_C(0x04) /* no snooped pages for them */
#define DMAR_SIDP_ATC_HARDENED    UINT8_C(0x08) /* the translation cache checks what is on its way out */
#define DMAR_SIDP_ATC_REQUIRED    UINT8_C(0x10) /* works with ATS only */

/* Types of device scopes (VT-d 8.3.1). */
typedef enum DmarScopeType {
        DMAR_SCOPE_ENDPOINT = 1,
        DMAR_SCOPE_BRIDGE = 2,    /* and everything below it */
        DMAR_SCOPE_IOAPIC = 3,    /* bus and path are its source id, not a function that sysfs shows */
        DMAR_SCOPE_HPET = 4,      /* likewise */
        DMAR_SCOPE_NAMESPACE = 5, /* likewise; enumeration_id is that of an ANDD */
        _DMAR_SCOPE_TYPE_MAX,
} DmarScopeType;
const char *dmar_scope_type_to_string(DmarScopeType t); /* "endpoint"; NULL: unknown */

typedef struct DmarHop {
        uint8_t device;   /* as it stands; a sound one is at most 31 */
        uint8_t function; /* likewise at most 7 */
} DmarHop;

typedef struct DmarScope {
        uint32_t offset;        /* in the table */
        uint8_t type;           /* DmarScopeType or another number */
        uint8_t flags;          /* of SIDP (8.9); elsewhere reserved */
        uint8_t enumeration_id; /* I/O APIC id, HPET number, ANDD device number */
        uint8_t bus;            /* where the path starts, as the firmware numbered the buses */
        DmarHop *path;          /* each hop but the last is a bridge, and the next is on its secondary bus */
        size_t n_path;          /* at least 1 in a sound scope */
} DmarScope;

/* A function that may be on a PCI bus; the other types of scope only look like one. */
static inline bool dmar_scope_is_pci(const DmarScope *s)
{
        return s->type == DMAR_SCOPE_ENDPOINT || s->type == DMAR_SCOPE_BRIDGE;
}

/* One remapping structure. Fields that a type does not have are 0. */
typedef struct DmarStructure {
        uint32_t offset;           /* in the table */
        uint16_t type;             /* DmarType or another number */
        uint16_t length;           /* bytes, as it says itself */
        bool damaged;              /* cut short, or contradicts its own length: what is here was readable before that */
        uint8_t flags;             /* DRHD, ATSR, SATC */
        uint16_t segment;          /* DRHD, RMRR, ATSR, SATC, SIDP */
        uint8_t size;              /* DRHD: the register set has 2^size pages of 4 KiB; 0 in older tables: one page */
        uint64_t base;             /* DRHD, RHSA: address of the registers; RMRR: first byte */
        uint64_t end;              /* RMRR: last byte, included */
        uint32_t proximity_domain; /* RHSA: NUMA node as in SRAT */
        uint8_t device_number;     /* ANDD: what scopes of type "namespace" refer to */
        char *name;                /* ANDD: path in the namespace such as \_SB.PCI0.I2C0, unprintable bytes as "?" */
        DmarScope *scopes;         /* DRHD, RMRR, ATSR, SATC, SIDP */
        size_t n_scopes;
} DmarStructure;

typedef struct Dmar {
        AcpiHeader header;
        uint16_t host_address_width; /* bits of a DMA address: 39, 46, 52; 0: the table ends before it */
        uint8_t flags;               /* DMAR_INTR_REMAP ... */
        DmarStructure *structures;   /* in the order of the table, unknown types too */
        size_t n_structures;
} Dmar;

/**
 * dmar_parse() - read a DMAR table
 * @data: need not be aligned; not kept. @size: bytes there are; what stands behind the table's own length is ignored.
 * @ret: released with dmar_done(). @ret_error: the first contradiction; filled on -EBADMSG and -EINVAL.
 *
 * A wrong checksum is no error: see header.checksum_ok. A structure that is wrong in itself is kept as far as it can be
 * read and marked "damaged", and reading goes on behind it; where the next one begins cannot be told (a length of less
 * than 4, or beyond the end), reading ends.
 * Returns 0; -EBADMSG cut short or self-contradicting: ret holds what could be read; -EINVAL no DMAR table; -ENOMEM.
 */
int dmar_parse(const void *data, size_t size, Dmar *ret, AcpiError *ret_error) _must_check_;
void dmar_done(Dmar *d);

/* The next structure of a type behind "s", the first one for NULL; NULL: there is none. */
const DmarStructure *dmar_next(const Dmar *d, DmarType type, const DmarStructure *s);

#define DMAR_FOREACH(s, dmar, type)                                                                                    \
        for (const DmarStructure *s = dmar_next((dmar), (type), NULL); s; s = dmar_next((dmar), (type), s))
