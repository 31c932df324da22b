/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/table.h"

/* What the firmware's table says of the functions of this machine, whosever table it is. */

struct FirmwareMap {
        const Facts *facts;
        const AcpiTable *table; /* the one that counts; NULL: none, or its content is not readable */
        void *derived;          /* by the vendor's row; NULL: nothing */
        /* by the vendor's row as well */
        bool refused;             /* Linux puts the whole table away */
        size_t mistaken;          /* it does so because the table takes this function for what it is not: index;
                                     PCI_PARENT_NONE */
        uint32_t mistaken_offset; /* where in the table */
};

/* A unit of a table, which translates for functions. */
struct FirmwareUnit {
        const char *kind; /* as the specification calls its structure: "DRHD", "IVHD" */
        uint32_t offset;  /* of that in the table */
        uint64_t base;    /* address of its registers */
        bool by_rest;     /* it has what no other unit names */
};

/* A range that a table wants to stay mapped for a function. */
struct FirmwareRegion {
        const char *kind;    /* as the specification calls it: "RMRR", "IVMD" */
        uint32_t offset;     /* of the structure in the table */
        uint64_t start, end; /* bytes, the last one included, as Linux takes them */
        bool relaxable;      /* Linux lets the device leave it when it is given away */
        size_t function; /* index of the function that is named: itself or a bridge above; PCI_PARENT_NONE: a range of
                            device ids */
        bool by_number;  /* named by a bus number that may be another bus's, and not by a path */
};

/**
 * firmware_map_compute() - derive what the table that counts means
 * @facts: must outlive the map. Pure. Returns 0 or -ENOMEM.
 */
int firmware_map_compute(const Facts *facts, FirmwareMap *ret) _must_check_;
void firmware_map_done(FirmwareMap *m);

/* The unit that translates for this function. False: there is none, or no table could be read; ret is untouched. */
bool firmware_unit(const FirmwareMap *m, const PciFunction *f, FirmwareUnit *ret);

/* Does a unit of the table translate for this function? Unknown where no table could be read. */
Tristate firmware_covers(const FirmwareMap *m, const PciFunction *f);

/**
 * firmware_region() - the ranges for one function, one after the other
 * @iterator: 0 first, kept by the caller. Returns false: there is no other.
 */
bool firmware_region(const FirmwareMap *m, const PciFunction *f, size_t *iterator, FirmwareRegion *ret);

/* Does the table say that interrupts cannot be remapped? */
bool firmware_denies_remapping(const FirmwareMap *m);

/* The function whose requester id is on the bus: a device behind VMD sends with that of the VMD. @i: index. */
size_t firmware_requester(const Facts *f, size_t i);
