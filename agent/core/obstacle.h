/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/iommu-state.h"
#include "core/verdict.h"
#include "core/wanted.h"
#include "iommu/map.h"

/* What the rows of the table of obstacles share. Only verdict.c and the obstacle-*.c files include this. */

/* So many functions of a group are named in one sentence. */
#define BREAKING_NAMED 8U

/* Functions that break a group: the first of them, of which one that is asked about can be left out, and how many. */
typedef struct Breaking {
        size_t at[BREAKING_NAMED + 1], n;
} Breaking;

typedef struct GroupState {
        size_t members;            /* functions that can be given to a guest */
        Breaking breaking;         /* on a driver that breaks it */
        const PciFunction *unread; /* member of which nobody can tell what it is; NULL: there is none */
        bool direct;               /* has a region that the kernel will not let go */
        size_t pinned;             /* member for which a table names such a range; PCI_PARENT_NONE */
} GroupState;

struct VerdictContext {
        const Facts *facts;
        const Wanted *wanted;
        IommuState state;
        IommuStateText text; /* of the state */
        const char *word;
        const IommuVendor *vendor; /* NULL: unknown */
        Tristate remapping;        /* as it is, or as it will be once the IOMMU is on */
        bool expected;             /* groups are those that an IOMMU would make: none is on */
        size_t *group_of;          /* indexed as Facts.functions: index in groups, PCI_PARENT_NONE: none, or unknown */
        GroupState *groups;        /* as Facts.groups; expected ones: by a function of each */
        bool *claimed;             /* indexed as Facts.functions: by the configuration */
        FirmwareMap firmware;
};

/* Index of a function in the facts. */
static inline size_t context_index(const VerdictContext *c, const PciFunction *f)
{
        return (size_t) (f - c->facts->functions);
}

/* The section of the configuration that is about this function; NULL: none is, or the configuration does not count. */
static inline const ConfigDevice *context_config(const VerdictContext *c, const PciFunction *f)
{
        const WantedDevice *d = c->wanted ? wanted_device_of(c->wanted, f) : NULL;

        return d ? d->config : NULL;
}

/* The function's group; NULL: it is in none, or nobody has read it. */
static inline const GroupState *context_group(const VerdictContext *c, const PciFunction *f)
{
        size_t group = c->group_of[context_index(c, f)];

        return group != PCI_PARENT_NONE ? c->groups + group : NULL;
}

/* From here on the core refuses what is mapped 1:1, whoever asks for that (drivers/iommu/iommu.c, require_direct). */
#define RELEASE_DIRECT_REFUSED LINUX(6, 6)

/* Does this kernel refuse a device with a range that has to stay mapped 1:1? */
static inline bool context_refuses_direct(const VerdictContext *c)
{
        return (c->vendor && c->vendor->refuses_direct) || c->facts->features.release >= RELEASE_DIRECT_REFUSED;
}

/* What a row has to say, but for the sentence. */
typedef struct ReasonKind {
        VerdictState weight;
        Result result;
        CureKind cure_kind;
        const char *cure; /* NULL: the sentence of that kind, if it has one */
} ReasonKind;

/* Adds a reason with that sentence. 0 or -ENOMEM. */
int verdict_add(Verdict *v, const char *id, const ReasonKind *s, const char *format, ...) _printf_(4, 5) _must_check_;

/* Does the firmware's table want a range to stay mapped for this function that the kernel will not let go? */
bool context_is_pinned(const VerdictContext *c, size_t i);

/* Rows: each adds a reason or says nothing. f: the function, which is no bridge; NULL to rows of the whole machine. 0
 * or -ENOMEM. */
int obstacle_unread(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_used(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_active(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_covered(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_reserved(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_managed(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_group(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_remapping(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_denylist(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_framebuffer(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_usb(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_virtual(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_shared(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
int obstacle_reset(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
