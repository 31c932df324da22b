/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"
#include "model/finding.h"

/*
 * Can this PCI function be passed through on this machine, and if not, what stands in the way and who can cure it? An
 * obstacle is one row of a table in verdict.c: a pure function of facts that adds a reason or says nothing.
 */

/* From best to worst: the worst of all reasons is the verdict. What surely stands in the way now is worse than what
 * cannot be told. */
typedef enum VerdictState {
        VERDICT_READY,          /* on a stub driver, and nothing stands in the way */
        VERDICT_POSSIBLE,       /* would work once it is claimed */
        VERDICT_UNKNOWN,        /* cannot tell, and nothing surely stands in the way */
        VERDICT_CONDITIONAL,    /* something stands in the way that the administrator can change on this machine */
        VERDICT_BLOCKED,        /* the firmware, the hardware or VFIO itself stands in the way, or the host needs it */
        VERDICT_NOT_APPLICABLE, /* bridges: they are never passed through */
        _VERDICT_STATE_MAX,
} VerdictState;

const char *verdict_state_to_string(VerdictState s); /* "ready", ..., "not-applicable" */

typedef struct Reason {
        const char *id;      /* of the check; static */
        VerdictState weight; /* VERDICT_POSSIBLE: only a note */
        Result result;       /* of the finding about a configured device */
        CureKind cure_kind;
        char *text; /* one sentence */
        char *cure; /* one line, NULL: nothing can be done, or nothing has to */
} Reason;

typedef struct Verdict {
        VerdictState state;
        Reason *reasons; /* in the order of the table */
        size_t n_reasons;
} Verdict;

void verdict_done(Verdict *v);

/* What is derived once for all functions. */
typedef struct VerdictContext VerdictContext;
typedef struct Wanted Wanted;

/**
 * verdict_context_new() - derive what all verdicts share
 * @facts: must outlive the context.
 * @wanted: devices of the configuration count as claimed already, in the groups of others too; NULL: as it is now.
 * Linear in the number of functions, but for sorting. Pure. Returns 0 or -ENOMEM.
 */
int verdict_context_new(const Facts *facts, const Wanted *wanted, VerdictContext **ret) _must_check_;
VerdictContext *verdict_context_free(VerdictContext *c); /* returns NULL */

static inline void verdict_context_freep(VerdictContext **c)
{
        (void) verdict_context_free(*c);
}

/**
 * verdict_compute() - the verdict on one function
 * @f: one of the context's facts. @ret: released with verdict_done(). Returns 0 or -ENOMEM.
 */
int verdict_compute(const VerdictContext *c, const PciFunction *f, Verdict *ret) _must_check_;

/* The part of it that is the same for every function. @ret: as above; the state says nothing. Returns 0 or -ENOMEM. */
int verdict_machine(const VerdictContext *c, Verdict *ret) _must_check_;

/* Is this the id of a reason that is the same for every function? */
bool verdict_is_of_machine(const char *id);

/* The reason with this id; NULL: none. */
const Reason *verdict_reason(const Verdict *v, const char *id);

/* The first reason that is as bad as the verdict; NULL: there is none. */
const Reason *verdict_worst(const Verdict *v);

/* Does this driver leave a group viable? NULL is no driver. */
bool driver_is_harmless(const char *driver);
