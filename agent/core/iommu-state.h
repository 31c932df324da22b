/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/verdict.h"

/* Why the IOMMU is on or off in the running kernel. The next kernel may have another default, so causes are told apart.
 */
typedef enum IommuState {
        IOMMU_STATE_CONTAINER, /* the machine is not ours to judge */
        IOMMU_STATE_UNKNOWN,
        IOMMU_STATE_UNSEEN, /* off, and no table can be looked at */
        IOMMU_STATE_ON_ARGUMENT,
        IOMMU_STATE_ON_OPT_IN, /* the firmware asks for it (VT-d 4.1, 8.1: DMA_CTRL_PLATFORM_OPT_IN) */
        IOMMU_STATE_ON_KERNEL, /* built with it on */
        IOMMU_STATE_ON_UNSAID, /* one of these two */
        IOMMU_STATE_ON_ALWAYS, /* the vendor's is, unless switched off */
        IOMMU_STATE_ON_FORCED, /* although the command line says off */
        IOMMU_STATE_OFF_ARGUMENT,
        IOMMU_STATE_OFF_KERNEL,   /* built with it off */
        IOMMU_STATE_OFF_FIRMWARE, /* no table, on a CPU that could */
        IOMMU_STATE_OFF_CPU,      /* no table, and no virtualization either */
        IOMMU_STATE_OFF_GUEST,    /* no table, in a virtual machine */
        IOMMU_STATE_OFF_FOREIGN,  /* no x86, for which there are other tables, or none */
        IOMMU_STATE_OFF_FOREIGN_GUEST,
        IOMMU_STATE_OFF_XEN,     /* the machine has one, and Xen has it to itself */
        IOMMU_STATE_OFF_TABLE,   /* a table that makes Linux give up */
        IOMMU_STATE_OFF_SUPPORT, /* a kernel without a driver for it */
        IOMMU_STATE_OFF_UNEXPLAINED,
        _IOMMU_STATE_MAX,
} IommuState;

/**
 * iommu_state() - the state and its cause
 * @ret_word: the kernel argument that decides, owned by the facts; NULL: none does. May be NULL.
 */
IommuState iommu_state(const Facts *f, const char **ret_word);

static inline bool iommu_state_is_on(IommuState s)
{
        return s >= IOMMU_STATE_ON_ARGUMENT && s <= IOMMU_STATE_ON_FORCED;
}

/* What a state means: for the machine as a finding, for a function as an obstacle. */
typedef struct IommuStateText {
        char *text; /* what is the case; the deciding word is put behind it where "word" says so */
        char *cure; /* NULL: nothing to do, or the kind says all */
        Result result;
        VerdictState weight; /* of the obstacle; VERDICT_READY: none */
        CureKind cure_kind;
        bool word;
} IommuStateText;

/* @vendor: whose IOMMU it is about; NULL: unknown. @ret: released with iommu_state_text_done(). 0 or -ENOMEM. */
int iommu_state_describe(IommuState s, const IommuVendor *vendor, IommuStateText *ret) _must_check_;
/* As iommu_state_describe(). @word: of iommu_state(). What is built into the running kernel no boot loader can take
 * back: then the cure is another one. */
int iommu_state_describe_here(IommuState s, const Facts *f, const char *word, IommuStateText *ret) _must_check_;

void iommu_state_text_done(IommuStateText *t);

/* The state as a context has it: with what the tables say of it. @ret_word: as above. */
IommuState verdict_iommu_state(const VerdictContext *c, const char **ret_word);

/* A function that the table takes for what it is not, for which Linux puts the table away; NULL: there is none.
 * @ret_offset: where in the table. */
const PciFunction *verdict_mistaken_scope(const VerdictContext *c, uint32_t *ret_offset);
