/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "macro.h"

/* What has to change, in order, each step with what was there before. */

typedef enum StepKind {
        STEP_CLEAN_UP,      /* remove what an interrupted apply left behind: paths in old_text, one a line */
        STEP_WRITE_FILE,    /* path gets new_text (old_text NULL: it did not exist) */
        STEP_REMOVE_FILE,   /* path goes away, old_text was in it */
        STEP_REBUILD_IMAGE, /* initramfs image at path for kernel release subject */
        STEP_STAMP_IMAGES,  /* record which images were verified */
        STEP_MKCONFIG,      /* run argv into a file beside path; verified, then renamed to it */
        _STEP_KIND_MAX,
} StepKind;

const char *step_kind_to_string(StepKind k);

typedef struct Step {
        StepKind kind;
        const char *check; /* id of the check that asked for it */
        char *path;
        char *subject; /* kernel release of an image */
        char *old_text, *new_text;
        unsigned mode; /* of a new file */
        StringList argv;
} Step;

typedef struct Plan {
        Step *steps;
        size_t n;
} Plan;

void plan_done(Plan *p);

/* Appends a step; the caller fills the rest. NULL when memory is short. */
Step *plan_add(Plan *p, StepKind kind, const char *check, const char *path);

/**
 * plan_write() - ask for a file's content
 * @old_text: as it is now, NULL: absent. @new_text: as wanted, NULL: absent.
 * Adds no step when both are equal. Texts are copied. 0 or -ENOMEM.
 */
int plan_write(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text) _must_check_;
