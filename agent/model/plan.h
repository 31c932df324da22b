/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "kargs.h"
#include "loader.h"
#include "macro.h"
#include "record.h"

/* What has to change, in order, each step with what was there before. */

typedef enum StepKind {
        STEP_CLEAN_UP,      /* remove what an interrupted apply left behind: paths in old_text, one a line */
        STEP_KEEP_ORIGINAL, /* path in NAME_ORIGINALS gets new_text, the bytes that the file subject had; NULL: goes */
        STEP_RECORD,        /* NAME_RECORD gets new_text before the files that it tells of change; NULL: goes */
        STEP_WRITE_FILE,    /* path gets new_text (old_text NULL: it did not exist); argv: an editor to try first */
        STEP_REMOVE_FILE,   /* path goes away, old_text was in it */
        STEP_REBUILD_IMAGE, /* initramfs image at path for kernel release subject */
        STEP_COPY_IMAGE,    /* path gets the bytes of the image argv[0], for kernel release subject */
        STEP_STAMP_IMAGES,  /* remember which images were verified; of those that loader makes where they are now */
        STEP_MKCONFIG,      /* run argv into a file beside path; verified, then renamed to it */
        /*
         * Run argv, a program that makes boot entries by itself. Then every entry of the loader that boots kernel
         * release subject (NULL: each) has the words new_text, none of old_text, and an image with the claim list.
         * path: the file that it is about. new_text NULL: it makes way for the next command, nothing is verified.
         */
        STEP_COMMAND,
        _STEP_KIND_MAX,
} StepKind;

const char *step_kind_to_string(StepKind k);

typedef struct Step {
        StepKind kind;
        const char *check; /* id of the check that asked for it */
        char *path;
        char *subject; /* kernel release of an image, path of an original */
        char *old_text, *new_text;
        unsigned mode; /* of a new file */
        StringList argv;
        LoaderKind loader;    /* of a command */
        bool undo_last;       /* that has to run when all other steps are taken back */
        StringList undo_argv; /* what takes a command back; none: the file at path is put back */
        /*
         * What the record has to know. NULL: a file of ptprep's own state, which is not in the record, or words that
         * go out of a file which the record never knew.
         */
        char *format;              /* name of an OwnedFormat */
        char *recorded_as;         /* subject in the record; NULL: path */
        OwnedWords added, removed; /* by this very step */
} Step;

typedef struct Plan {
        Step *steps;
        size_t n;
        StringList
                given_back; /* subjects in the record of which nothing of ptprep's is left, although no step says so */
} Plan;

/* Does it change nothing but ptprep's own state, which no boot loader reads? */
bool step_is_state(const Step *s);

/* What a step does, for people: its kind, but "remove" where a file goes away. */
const char *step_action(const Step *s);

void plan_done(Plan *p);

/* Moves all steps of a plan behind those of another. 0 or -ENOMEM. */
int plan_join(Plan *p, Plan *more) _must_check_;

/* Appends a step; the caller fills the rest. NULL when memory is short. */
Step *plan_add(Plan *p, StepKind kind, const char *check, const char *path);

/* A command that makes boot entries with these words; the caller fills in argv. NULL when memory is short. */
Step *plan_command(Plan *p, const char *check, const char *path, LoaderKind loader, const Kargs *add,
                   const Kargs *remove);

/* Takes the steps from index n on out again. */
void plan_truncate(Plan *p, size_t n);

/**
 * plan_write() - ask for a file's content
 * @old_text: as it is now, NULL: absent. @new_text: as wanted, NULL: absent.
 * Adds no step when both are equal. Texts are copied. 0 or -ENOMEM.
 */
int plan_write(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text) _must_check_;

/* What an edit did to a file, for the record. */
typedef struct PlanWords {
        const char *format;      /* name of an OwnedFormat, see grub/format/ownership.h */
        const char *recorded_as; /* name of the file in the record; NULL: its path */
        OwnedWords added, removed;
} PlanWords;

void plan_words_done(PlanWords *w);

/**
 * plan_edit() - as plan_write(), for a file that ptprep has to remember
 * @words: those that this edit adds to and takes out of old_text; copied. What an earlier edit did need not be said
 * again: planner.c joins them and forgets words that are not in the text any more.
 * Every file but those in NAME_STATE_DIR is planned with this, except where words go that never were recorded.
 */
int plan_edit(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text,
              const PlanWords *words) _must_check_;
