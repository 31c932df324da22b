/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "apply/interrupt.h"
#include "model/bootmount.h"
#include "model/plan.h"
#include "model/rollback.h"

/* The only writer. */

typedef struct ApplyOptions {
        int rfd;
        bool live; /* the root is "/" of the running system: children need no chroot(2) */
        void (*progress)(const Step *s, size_t i, size_t n, void *userdata); /* before each step; may be NULL */
        void *userdata;
        int lock;                   /* of apply_lock(): programs that outlive ptprep hold it on; 0: none */
        const Interrupt *interrupt; /* of apply_plan(), set by it */
} ApplyOptions;

/* What is told of one step of the plan. */
typedef struct StepNote {
        size_t step;
        char *text; /* a sentence, owned; may be NULL */
} StepNote;

typedef struct StepNotes {
        StepNote *items;
        size_t n;
} StepNotes;

typedef struct ApplyResult {
        size_t n_done; /* steps that were gone through and stay done, with those that were left out */
        char *failure; /* one sentence, owned; NULL: all went well */
        /* Of those that were left out, in the order of the plan, why: what boots could not be made anew; NULL: since an
         * earlier step was left out. None after a failure. */
        StepNotes left;
        StepNotes warnings; /* of those that were done */
        RollBack roll_back; /* after a failure: what became of each step that had been begun, the last one first */
} ApplyResult;

void apply_result_done(ApplyResult *r);

/**
 * apply_plan() - carry out a plan, or leave everything as it was
 *
 * Steps are done in order. When one fails, those before it are undone in reverse order; what cannot be put back stops
 * no other one from being, but the record and the originals stay as they are then: they are right for files that have
 * been changed and for files that have not. What is replaced is kept beside its successor until the last step is done;
 * the names are recorded in NAME_TRANSACTION first, so that a run after a power cut finds them.
 * @ret: n_done is 0 after a failure.
 * Returns 0; the negative errno of the step that failed.
 */
int apply_plan(const ApplyOptions *o, const Plan *p, ApplyResult *ret) _must_check_;

/* Removes the stored reports, that a plan failed and which the host was restarted for: they tell of what is there no
 * more. */
void apply_forget_reports(int rfd);

/**
 * apply_report() - store a report, only where it differs from what is there
 * @directory: created if missing. @text: NULL: there shall be none. A link in its place is replaced and not followed.
 * Returns 0; negative errno.
 */
int apply_report(int rfd, const char *directory, const char *name, const char *text) _must_check_;

/**
 * apply_mounts_writable() - open what is mounted for ptprep alone for writing, for the time of a plan
 * @mounts: of the probers, each of them mounted: else there is no plan. Nothing is done for a plan that neither
 * changes a file in them nor starts a program.
 * @ret_failure: one sentence, owned by the caller; replaced on failure, and then they are as they were.
 * Returns 0; -EROFS: it is read-only for everybody; other negative errno.
 */
int apply_mounts_writable(const BootMounts *mounts, const Plan *p, char **ret_failure) _must_check_;

/**
 * apply_mounts_close() - write out what was changed, and let them be read-only again
 * @ret_target: the mount point that it failed for. Returns 0; negative errno.
 */
int apply_mounts_close(const BootMounts *mounts, const char **ret_target) _must_check_;
