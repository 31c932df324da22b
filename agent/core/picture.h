/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"

/* The PCI functions of a machine as the rows of a picture: each below the bridge that leads to it, with its verdict,
 * and those that are alike folded. What they look like is up to who draws it. */

typedef struct PictureRow {
        const PciFunction *function;
        const WantedDevice *wanted; /* it is configured; NULL: it is not */
        Verdict verdict;            /* with all that is configured claimed */
        unsigned depth;             /* bridges above */
        bool joins;                 /* in the same IOMMU group as the row before */
        size_t n_alike;             /* how many rows from this one on are shown as one; 1: it stands for itself; 0: it
                                       is in a fold that an earlier one began */
} PictureRow;

typedef struct Picture {
        PictureRow *rows;
        size_t n;
        size_t counts[_VERDICT_STATE_MAX]; /* functions with each verdict */
        size_t n_groups;                   /* IOMMU groups that a function is in */
} Picture;

/* So many functions are alike before they are folded: fewer are seen at once. */
#define PICTURE_FOLD_MIN 4U

/**
 * picture_compute() - the rows of a machine whose facts are of every function
 * @j: must outlive the picture. @ret: released with picture_done(). Pure. Returns 0 or -ENOMEM.
 */
int picture_compute(const Judgement *j, Picture *ret) _must_check_;
void picture_done(Picture *p);
