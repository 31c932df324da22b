/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "acpi.h"

/*
 * The IVRS table: what the firmware says of AMD's IOMMUs. All of it is kept in its order, also what this version does
 * not know; nothing is judged here.
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification 48882 rev. 3.08, section 5.2.
 */

/* Types of blocks (48882 5.2.2). Others (0x51 is in the field) are kept with their number and length. */
#define IVRS_IVHD_10            UINT8_C(0x10) /* hardware definition, 5.2.2.1 */
#define IVRS_IVHD_11            UINT8_C(0x11) /* the same with the image of the extended features, 5.2.2.2 */
#define IVRS_IVHD_40            UINT8_C(0x40) /* the same with entries of variable length, 5.2.2.3 */
#define IVRS_IVMD_ALL           UINT8_C(0x20) /* memory definition for all devices, 5.2.2.8 */
#define IVRS_IVMD_SELECT        UINT8_C(0x21) /* for one */
#define IVRS_IVMD_RANGE         UINT8_C(0x22) /* for device_id to last_device_id */

/* Flags of IVHD (48882 5.2.2.1). The last two are of type 10h only and reserved in 11h and 40h, which have bits 0 and 1
 * of the extended feature register's image instead. */
#define IVHD_HT_TUN_EN          UINT8_C(0x01)
#define IVHD_PASS_PW            UINT8_C(0x02)
#define IVHD_RES_PASS_PW        UINT8_C(0x04)
#define IVHD_ISOC               UINT8_C(0x08)
#define IVHD_IOTLB_SUP          UINT8_C(0x10)
#define IVHD_COHERENT           UINT8_C(0x20)
#define IVHD_PREF_SUP           UINT8_C(0x40)
#define IVHD_PPR_SUP            UINT8_C(0x80)

/* Flags of IVMD (5.2.2.8). A unity map is read and write as the flags say, unless it is an exclusion range. */
#define IVMD_UNITY              UINT8_C(0x01)
#define IVMD_READ               UINT8_C(0x02)
#define IVMD_WRITE              UINT8_C(0x04)
#define IVMD_EXCLUSION          UINT8_C(0x08)

/* IVinfo (5.2.1). */
#define IVINFO_EFR_SUP          UINT32_C(0x00000001) /* the extended feature register image is valid */
#define IVINFO_DMA_GUARD_OPT_IN UINT32_C(0x00000002) /* DMA is to be blocked until the system takes over */
#define IVINFO_HT_ATS_RESERVED  UINT32_C(0x00400000)

/* Types of device entries (5.2.2.4 to 5.2.2.7). */
typedef enum IvhdEntryType {
        IVHD_PAD4 = 0x00,
        IVHD_ALL = 0x01,
        IVHD_SELECT = 0x02,
        IVHD_RANGE = 0x03,
        IVHD_RANGE_END = 0x04,
        IVHD_PAD8 = 0x40,
        IVHD_ALIAS_SELECT = 0x42,
        IVHD_ALIAS_RANGE = 0x43,
        IVHD_EXT_SELECT = 0x46,
        IVHD_EXT_RANGE = 0x47,
        IVHD_SPECIAL = 0x48,
        IVHD_ACPI_HID = 0xf0,
} IvhdEntryType;
const char *ivhd_entry_type_to_string(IvhdEntryType t); /* "select"; NULL: unknown */

/* Data table settings of an entry (5.2.2.4): which interrupts pass without translation. */
#define IVHD_INIT_PASS      UINT8_C(0x01)
#define IVHD_EINT_PASS      UINT8_C(0x02)
#define IVHD_NMI_PASS       UINT8_C(0x04)
#define IVHD_SYS_MGT        UINT8_C(0x30)
#define IVHD_LINT0_PASS     UINT8_C(0x40)
#define IVHD_LINT1_PASS     UINT8_C(0x80)

/* Variety of a special device (5.2.2.6). */
#define IVHD_SPECIAL_IOAPIC UINT8_C(1)
#define IVHD_SPECIAL_HPET   UINT8_C(2)

/* Format of the unique id of an ACPI device (5.2.2.7). */
#define IVHD_UID_NONE       UINT8_C(0)
#define IVHD_UID_INTEGER    UINT8_C(1)
#define IVHD_UID_STRING     UINT8_C(2)

/* One device entry. Fields that a type does not have are 0. Device ids are bus << 8 | device << 3 | function. */
typedef struct IvhdEntry {
        uint32_t offset; /* in the table */
        uint8_t type;    /* IvhdEntryType or another number */
        uint16_t length; /* bytes */
        uint16_t device_id;
        /* what the entry speaks of, both included: "all" is 0 to 0xffff, a range goes to its "range end", other entries
         * that name a device have device_id twice; so has a range without an end or with one before its start, which
         * for Linux says nothing */
        uint16_t first, last;
        bool has_end;         /* of the three kinds of range: a "range end" that is not before the start follows */
        uint8_t setting;      /* IVHD_INIT_PASS ... */
        uint16_t source_id;   /* alias: the requester id that really comes; special: the id it uses */
        uint32_t extended;    /* extended settings: bit 31 ATS disabled */
        uint8_t handle;       /* special: I/O APIC id or HPET number */
        uint8_t variety;      /* special: IVHD_SPECIAL_IOAPIC ... */
        char hid[9], cid[9];  /* ACPI HID: bytes up to the first NUL, unprintable ones as "?" */
        uint8_t uid_format;   /* IVHD_UID_NONE ... */
        uint8_t uid_length;   /* bytes, as it says itself */
        uint64_t uid_integer; /* format integer: up to the first 8 bytes, little-endian */
        char *uid;            /* format string, unprintable bytes as "?"; NULL: none */
} IvhdEntry;

/* One block. Fields that a type does not have are 0. */
typedef struct IvrsBlock {
        uint32_t offset; /* in the table */
        uint8_t type;    /* IVRS_IVHD_10 ... or another number */
        uint8_t flags;
        uint16_t length;    /* bytes, as it says itself */
        bool damaged;       /* cut short, or contradicts its own length: what is here was readable before that */
        uint16_t segment;   /* IVHD, IVMD (there 0 up to rev. 3.05, where it was reserved) */
        uint16_t device_id; /* as it stands. IVHD: of the IOMMU itself; IVMD 21h, 22h: of the (first) device */
        /* IVHD */
        uint16_t capability_offset; /* in the IOMMU's configuration space */
        uint64_t base;              /* address of the registers */
        uint16_t info;              /* MSI number and unit id */
        uint32_t features;          /* 10h: feature reporting; 11h, 40h: attributes */
        uint64_t efr, efr2;         /* 11h, 40h: images of the extended feature registers */
        IvhdEntry *entries;
        size_t n_entries;
        size_t unit; /* index in Ivrs.units; SIZE_MAX: the block ends before it says which */
        /* IVMD */
        uint16_t first_device_id, last_device_id; /* both included; 20h: 0 and 0xffff */
        uint64_t start;                           /* first byte of the memory */
        uint64_t size;                            /* bytes */
} IvrsBlock;

static inline bool ivrs_block_is_ivhd(const IvrsBlock *b)
{
        return b->type == IVRS_IVHD_10 || b->type == IVRS_IVHD_11 || b->type == IVRS_IVHD_40;
}

static inline bool ivrs_block_is_ivmd(const IvrsBlock *b)
{
        return b->type == IVRS_IVMD_ALL || b->type == IVRS_IVMD_SELECT || b->type == IVRS_IVMD_RANGE;
}

/* The flags of an IVHD that mean something in its type. */
static inline uint8_t ivrs_block_flags(const IvrsBlock *b)
{
        return b->type == IVRS_IVHD_10 ? b->flags : b->flags & (uint8_t) ~(IVHD_PREF_SUP | IVHD_PPR_SUP);
}

/* One IOMMU. Up to three blocks (10h, 11h, 40h) describe it for systems of different age. */
typedef struct IvrsUnit {
        uint16_t segment, device_id; /* both together are what makes blocks speak of the same IOMMU */
        size_t blocks[3];            /* indices in Ivrs.blocks of 10h, 11h, 40h; SIZE_MAX: none */
        size_t best;                 /* index of the most recent type that is there */
} IvrsUnit;

typedef struct Ivrs {
        AcpiHeader header;
        uint32_t info; /* IVinfo */
        /* from IVinfo, bits; 0: not said or the table ends before it */
        uint8_t physical_address_size, virtual_address_size;
        IvrsBlock *blocks; /* in the order of the table, unknown types too */
        size_t n_blocks;
        IvrsUnit *units; /* in the order of their first block */
        size_t n_units;
} Ivrs;

/**
 * ivrs_parse() - read an IVRS table
 * @data: need not be aligned; not kept. @size: bytes there are; what stands behind the table's own length is ignored.
 * @ret: released with ivrs_done(). @ret_error: the first contradiction; filled on -EBADMSG and -EINVAL.
 *
 * A wrong checksum is no error: see header.checksum_ok. A block that is wrong in itself is kept as far as it can be
 * read and marked "damaged", and reading goes on behind it; where the next one begins cannot be told (a length of less
 * than 4, or beyond the end), reading ends.
 * Returns 0; -EBADMSG cut short or self-contradicting: ret holds what could be read; -EINVAL no IVRS table; -ENOMEM.
 */
int ivrs_parse(const void *data, size_t size, Ivrs *ret, AcpiError *ret_error) _must_check_;
void ivrs_done(Ivrs *i);

/**
 * ivrs_linux_ivhd_type() - the one type of IVHD that Linux reads
 *
 * The type of the last block of the first block's IOMMU, as far as blocks of up to 40h go; blocks of other types are
 * not looked at. 0: the table has no block. Source: get_highest_supported_ivhd_type() in Linux
 * drivers/iommu/amd/init.c.
 */
uint8_t ivrs_linux_ivhd_type(const Ivrs *i);
