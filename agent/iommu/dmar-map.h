/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/map.h"
#include "model/dmar.h"

/*
 * Which function of this machine an entry of a DMAR means. The firmware numbered the buses before the kernel did, so a
 * path is followed through the bridges, as Linux does it (drivers/iommu/intel/dmar.c, dmar_match_pci_path()).
 */

/* How a scope led to a function. */
typedef enum DmarMatch {
        DMAR_MATCH_NONE,
        DMAR_MATCH_PATH,   /* from the root bus through each bridge */
        DMAR_MATCH_NUMBER, /* one hop on a bus that is no root bus: taken as Linux's number, which may be another device
                            */
} DmarMatch;

/* A scope that was found: the function it names. */
typedef struct DmarScopeEntry {
        size_t function;  /* index in Facts.functions */
        size_t structure; /* index in Dmar.structures */
        DmarMatch match;
} DmarScopeEntry;

/* What makes Linux put the whole table away. */
typedef enum DmarFault {
        DMAR_FAULT_NONE,
        DMAR_FAULT_NO_UNIT,      /* a DMAR without any DRHD */
        DMAR_FAULT_UNIT_AT_ZERO, /* dmar_validate_one_drhd() */
        DMAR_FAULT_WIDTH,        /* host address width of less than 12 bits, parse_dmar_table() */
        DMAR_FAULT_TYPE,         /* an endpoint that is a bridge, or the reverse, dmar_insert_dev_scope() */
} DmarFault;

typedef struct DmarMap {
        const Facts *facts;
        const Dmar *dmar;
        int16_t *secondary; /* bus behind each function, -1: none; indexed as Facts.functions */
        /* scopes of DRHD and RMRR, sorted by function */
        DmarScopeEntry *units, *regions;
        size_t n_units, n_regions;
        size_t n_unresolved; /* scopes of these that lead nowhere: not worth a word, firmware lists what is fused off */
        DmarFault fault;
        uint32_t fault_offset; /* of the structure in the table */
        size_t fault_function; /* DMAR_FAULT_TYPE: index; else PCI_PARENT_NONE */
} DmarMap;

/**
 * dmar_map_compute() - resolve all scopes once
 * @facts, @dmar: must outlive the map. Pure. Returns 0 or -ENOMEM.
 */
int dmar_map_compute(const Facts *facts, const Dmar *dmar, DmarMap *ret) _must_check_;
void dmar_map_done(DmarMap *m);

/**
 * dmar_map_resolve() - the function that one scope means
 * @ret_match: how it was found. Returns its index; PCI_PARENT_NONE: there is none.
 */
size_t dmar_map_resolve(const DmarMap *m, uint16_t segment, const DmarScope *s, DmarMatch *ret_match);

/* Does Linux let this device leave its ranges when it is given away? Asked of the device itself, not of a bridge
 * (drivers/iommu/intel/iommu.c, device_rmrr_is_relaxable()). */
bool dmar_is_relaxable(const PciFunction *f);

/* As the row's functions of the same names, see iommu/vendor.h. */
bool dmar_map_unit(const DmarMap *m, size_t i, FirmwareUnit *ret);
bool dmar_map_region(const DmarMap *m, size_t i, size_t *iterator, FirmwareRegion *ret);
