/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/verdict.h"

/*
 * How far a function is ready. Readiness is no yes or no to who places guests: each level has what the ones below it
 * have, and what stops the next one is a fact of this machine. A level tells what is there, whoever has the function
 * now: that it has to be claimed is the verdict's matter.
 */
typedef enum ReadyLevel {
        LEVEL_NONE,
        LEVEL_TRANSLATED, /* an IOMMU translates for it, and nothing keeps the kernel from giving it away */
        LEVEL_ISOLATED,   /* its interrupts are remapped, and nothing of the host's is in its group */
        LEVEL_RESETTABLE, /* between two guests the kernel can reset it */
        LEVEL_IOMMUFD,    /* the kernel has /dev/iommu and a character device for it (VFIO_DEVICE_CDEV) */
        _LEVEL_MAX,
} ReadyLevel;

const char *ready_level_to_string(ReadyLevel l); /* "none", "translated", "isolated", "resettable", "iommufd" */

typedef struct LevelAnswer {
        ReadyLevel level;
        const char
                *stop; /* one sentence: why it has not the next one; of the verdict, or static. NULL: there is none */
} LevelAnswer;

/**
 * level_compute() - the level of one function
 * @v: the verdict on it, which must outlive the answer. A function that is never given away has none, and nothing stops
 * it. What is not known stops as what is not there. Pure.
 */
LevelAnswer level_compute(const Facts *f, const PciFunction *p, const Verdict *v);
