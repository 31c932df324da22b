/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/dmar.h"
#include "model/facts.h"
#include "model/ivrs.h"

/*
 * Which function of this machine an entry of the firmware's tables means. The firmware numbered the buses before the
 * kernel did, so a path is followed through the bridges, as Linux does it (drivers/iommu/intel/dmar.c,
 * dmar_match_pci_path(); drivers/iommu/amd/init.c, init_iommu_from_acpi()).
 */

/* How a scope led to a function. */
typedef enum ScopeMatch {
        SCOPE_NONE,
        SCOPE_PATH,   /* from the root bus through each bridge */
        SCOPE_NUMBER, /* one hop on a bus that is no root bus: taken as Linux's number, which may be another device */
} ScopeMatch;

/* A scope that was found: the function it names. */
typedef struct ScopeEntry {
        size_t function;  /* index in Facts.functions */
        size_t structure; /* index in Dmar.structures */
        ScopeMatch match;
} ScopeEntry;

/* What makes Linux put the whole table away. */
typedef enum ScopeFault {
        SCOPE_FAULT_NONE,
        SCOPE_FAULT_NO_UNIT,      /* a DMAR without any DRHD */
        SCOPE_FAULT_UNIT_AT_ZERO, /* dmar_validate_one_drhd() */
        SCOPE_FAULT_WIDTH,        /* host address width of less than 12 bits, parse_dmar_table() */
        SCOPE_FAULT_TYPE,         /* an endpoint that is a bridge, or the reverse, dmar_insert_dev_scope() */
} ScopeFault;

typedef struct ScopeMap {
        const Facts *facts;
        const Dmar *dmar;   /* NULL: none, or not readable */
        const Ivrs *ivrs;   /* likewise */
        uint8_t ivhd_type;  /* the only type that Linux looks at */
        int16_t *secondary; /* bus behind each function, -1: none; indexed as Facts.functions */
        /* scopes of DRHD and RMRR, sorted by function */
        ScopeEntry *units, *regions;
        size_t n_units, n_regions;
        size_t n_unresolved; /* scopes of these that lead nowhere: not worth a word, firmware lists what is fused off */
        ScopeFault fault;
        uint32_t fault_offset; /* of the structure in the table */
        size_t fault_function; /* SCOPE_FAULT_TYPE: index; else PCI_PARENT_NONE */
} ScopeMap;

/**
 * scope_map_compute() - resolve all scopes once
 * @facts, @dmar, @ivrs: must outlive the map. Pure. Returns 0 or -ENOMEM.
 */
int scope_map_compute(const Facts *facts, const Dmar *dmar, const Ivrs *ivrs, ScopeMap *ret) _must_check_;
void scope_map_done(ScopeMap *m);

/**
 * scope_resolve() - the function that one scope means
 * @ret_match: how it was found. Returns its index; PCI_PARENT_NONE: there is none.
 */
size_t scope_resolve(const ScopeMap *m, uint16_t segment, const DmarScope *s, ScopeMatch *ret_match);

/* Does a unit of the table translate for this function? Unknown where no table could be read. */
Tristate scope_covered(const ScopeMap *m, const PciFunction *f);

/* A range that a table wants to stay mapped for a function. */
typedef struct FirmwareRegion {
        const char *kind;    /* "RMRR" or "IVMD" */
        uint32_t offset;     /* of the structure in the table */
        uint64_t start, end; /* bytes, the last one included, as Linux takes them */
        size_t function; /* index of the function that is named: itself or a bridge above; PCI_PARENT_NONE: a range of
                            device ids */
        ScopeMatch match;
} FirmwareRegion;

/**
 * scope_region() - the ranges for one function, one after the other
 * @iterator: 0 first, kept by the caller. Returns false: there is no other.
 */
bool scope_region(const ScopeMap *m, const PciFunction *f, size_t *iterator, FirmwareRegion *ret);

/* Will Linux let the device leave this range when it is given away? USB and graphics, on Intel. */
bool region_is_relaxable(const FirmwareRegion *r, const PciFunction *f);
