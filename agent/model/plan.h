/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "builder.h"
#include "kargs.h"
#include "loader.h"
#include "macro.h"
#include "pciaddr.h"
#include "record.h"
#include "selinux.h"
#include "stub.h"

/* What has to change, in order, each step with what was there before. */

typedef enum StepKind {
        STEP_CLEAN_UP,      /* remove what an interrupted apply left behind */
        STEP_PUT_BACK,      /* a file that an apply could not put back gets its old bytes */
        STEP_KEEP_ORIGINAL, /* a file in NAME_ORIGINALS gets the bytes that another file had, or goes away */
        STEP_RECORD,        /* NAME_RECORD gets a new text before the files that it tells of change, or goes away */
        STEP_WRITE_FILE,    /* a file gets another text */
        STEP_REMOVE_FILE,   /* a file goes away */
        STEP_REBUILD_IMAGE, /* the initramfs image of a kernel release is built anew */
        STEP_COPY_IMAGE,    /* a file gets the bytes of an image */
        STEP_CLAIM_IMAGE,   /* the claim image is made, or goes away */
        STEP_STAMP_IMAGES,  /* NAME_IMAGE_STAMPS gets which images were verified */
        STEP_MKCONFIG,      /* a program makes a menu beside the old one; verified, then renamed to it */
        STEP_COMMAND,       /* a program makes boot entries by itself */
        STEP_ATTRIBUTE,     /* a value is written to a sysfs attribute */
        STEP_BOOLEAN,       /* a switch of the SELinux policy is set for good */
        STEP_VF_MACS,       /* the virtual functions of a PCI function get their addresses */
        STEP_BIND,          /* the virtual functions of a PCI function go to a stub driver */
        _STEP_KIND_MAX,
} StepKind;

const char *step_kind_to_string(StepKind k);

/*
 * What the record has to know of a step that changes what is not ptprep's own state. No format: words go out of a file
 * which the record never knew, and it learns nothing.
 */
typedef struct StepRecord {
        char *format;              /* name of an OwnedFormat */
        char *recorded_as;         /* subject in the record; NULL: the step's path */
        OwnedWords added, removed; /* by this very step */
} StepRecord;

typedef struct CleanUpStep {
        char *names; /* text of NAME_TRANSACTION */
} CleanUpStep;

typedef struct PutBackStep {
        char *from;     /* where the old file lies */
        char *in_place; /* what stood in its place when that was noted, of in_place_print(); NULL: not known */
} PutBackStep;

/* STEP_KEEP_ORIGINAL, STEP_RECORD */
typedef struct StateStep {
        char *text; /* NULL: the file goes away */
        unsigned mode;
        char *original_of; /* path of the file that had these bytes */
} StateStep;

/* STEP_WRITE_FILE, STEP_REMOVE_FILE */
typedef struct FileStep {
        char *old_text, *new_text; /* NULL: there is no such file */
        unsigned mode;             /* of a new file */
        bool waits;                /* for the programs before it: where one is left out, so is this */
        StringList editor;         /* a program that is tried first; it has to come to new_text */
        StepRecord record;
} FileStep;

/* NULL: there is no such text; without claims the image goes away. */
typedef struct ClaimImageStep {
        char *claims, *modprobe;
        char *words; /* arguments, of an addon; NULL: it is none */
} ClaimImageStep;

typedef struct ImageStep {
        char *release;
        BuilderKind builder;
        StringList modules; /* that have to be in it */
        bool bare;          /* nothing of ptprep's may be in it, whatever claim list there is */
        bool may_stay; /* nothing of ptprep's is asked for any more: when it cannot be built, the old one does no harm
                        */
} ImageStep;

typedef struct CopyStep {
        char *release, *from;
        bool bare, may_stay; /* as in ImageStep */
        StringList modules;
} CopyStep;

typedef struct StampedImage {
        char *key;  /* the stamp is found by it; NULL: by its path, wherever the loader's tool puts the release's image
                     */
        char *path; /* NULL without a key */
        char *release;
        StringList modules;
} StampedImage;

typedef struct StampStep {
        StampedImage *images;
        size_t n_images;
        bool bare;         /* as in ImageStep */
        LoaderKind loader; /* whose tool moves images */
} StampStep;

typedef struct MenuStep {
        StringList argv;
        char *words; /* that every entry has afterwards */
        char *gone;  /* that none has */
        char *early; /* name of the file that every entry loads in front of its image; NULL: none loads the claim image
                      */
} MenuStep;

typedef struct CommandStep {
        StringList argv, undo_argv; /* without undo_argv the file at the step's path is put back */
        bool may_stay;              /* nothing of ptprep's is asked for any more: when it fails, what boots is left */
        bool boot_root; /* of kernel-install, which can be told to make its image elsewhere, see boot_root_make() */
        bool undo_last; /* undo_argv has to run when all other steps are taken back */
        LoaderKind loader;
        char *release;      /* whose entries are verified afterwards, and the claim list in their images; NULL: all */
        char *words, *gone; /* as in MenuStep; words NULL: it makes way for the next command, nothing is verified */
        StepRecord record;
} CommandStep;

/* Both as they are written, in one write(2). */
typedef struct AttributeStep {
        char *value;
        char *undo_value; /* NULL: there is no way back, and none is needed: what it sets off counts, not what it says
                           */
} AttributeStep;

typedef struct BooleanStep {
        SelinuxBoolean boolean;
        bool on;
} BooleanStep;

typedef struct VfMacsStep {
        StringList macs; /* one for each, in their order */
        bool made;       /* the same plan makes the functions: they are gone when it is taken back */
} VfMacsStep;

typedef struct BindStep {
        StubDriver driver;
        uint32_t n; /* how many there are to be */
} BindStep;

typedef struct Step {
        StepKind kind;
        const char *check; /* id of the check that asked for it */
        char *path;        /* what it is about */
        union {
                CleanUpStep clean_up;
                PutBackStep put_back;
                StateStep state;
                FileStep file;
                ImageStep image;
                CopyStep copy;
                ClaimImageStep claim_image;
                StampStep stamp;
                MenuStep menu;
                CommandStep command;
                AttributeStep attribute;
                BooleanStep boolean;
                VfMacsStep vf_macs;
                BindStep bind;
        };
} Step;

typedef struct Plan {
        Step *steps;
        size_t n;
        StringList
                given_back; /* subjects in the record of which nothing of ptprep's is left, although no step says so */
} Plan;

/* Does it change nothing but ptprep's own state, which no boot loader reads? */
bool step_is_state(const Step *s);

/* Does it make and change no file of its own, and nothing that a boot loader reads? */
bool step_is_fileless(const Step *s);

/* Of a step that writes or removes a file; NULL: it is of another kind. */
const FileStep *step_file(const Step *s);

/* NULL: the record has nothing to do with it. */
const StepRecord *step_record(const Step *s);

/* The kernel release that a step is for; NULL: none. */
const char *step_release(const Step *s);

/* The same, or the file whose original it keeps. */
const char *step_subject(const Step *s);

/* The text of NAME_RECORD when the first n steps are done. @present: before them. NULL: there is none. */
const char *plan_recorded(const Plan *p, size_t n, const char *present);

/* What a step does, for people: its kind, but "remove" where a file goes away. */
const char *step_action(const Step *s);

void plan_done(Plan *p);

/* Moves all steps of a plan behind those of another. 0 or -ENOMEM. */
int plan_join(Plan *p, Plan *more) _must_check_;

/*
 * Each of these appends a step and returns the part of its kind, which is filled in by the caller before the next step
 * is added; NULL when memory is short.
 */
CleanUpStep *plan_add_clean_up(Plan *p, const char *check, const char *path);
/* @in_place: see PutBackStep. */
PutBackStep *plan_add_put_back(Plan *p, const char *check, const char *path, const char *from, const char *in_place);
StateStep *plan_add_state(Plan *p, StepKind kind, const char *check, const char *path);
ImageStep *plan_add_image(Plan *p, const char *check, const char *path);
CopyStep *plan_add_copy(Plan *p, const char *check, const char *path);
ClaimImageStep *plan_add_claim_image(Plan *p, const char *check, const char *path);
StampStep *plan_add_stamp(Plan *p, const char *check, const char *path);
/* @add, @remove: words that the entries have to have and to be without. */
MenuStep *plan_add_menu(Plan *p, const char *check, const char *path, const Kargs *add, const Kargs *remove);
/* The same; @add NULL: nothing is verified. */
CommandStep *plan_add_command(Plan *p, const char *check, const char *path, LoaderKind loader, const Kargs *add,
                              const Kargs *remove);

/* @undo_value may be NULL. */
AttributeStep *plan_add_attribute(Plan *p, const char *check, const char *path, const char *value,
                                  const char *undo_value);

/* The step's path is selinux_boolean_path(). */
BooleanStep *plan_add_boolean(Plan *p, const char *check, SelinuxBoolean boolean, bool on);

/* @addr: of the function that has made them. The step's path is its directory in sysfs. */
VfMacsStep *plan_add_vf_macs(Plan *p, const char *check, PciAddr addr, const StringList *macs);
BindStep *plan_add_bind(Plan *p, const char *check, PciAddr addr, StubDriver driver, uint32_t n);

/* Appends an image to a step; as above. @key, @path: NULL: of a release whose image is moved. */
StampedImage *stamp_step_add(StampStep *s, const char *key, const char *path, const char *release);

/* Takes the steps from index n on out again. */
void plan_truncate(Plan *p, size_t n);

/* Takes one step out. */
void plan_remove(Plan *p, size_t i);

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

/* What the record has to know of a step that does not know it yet; copied. 0 or -ENOMEM. */
int step_remember(StepRecord *r, const PlanWords *words) _must_check_;

/**
 * plan_edit() - as plan_write(), for a file that ptprep has to remember
 * @words: those that this edit adds to and takes out of old_text; copied. What an earlier edit did need not be said
 * again: planner.c joins them and forgets words that are not in the text any more.
 * Every file but those in NAME_STATE_DIR is planned with this, except where words go that never were recorded.
 */
int plan_edit(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text,
              const PlanWords *words) _must_check_;

/* The same for a file that may have a step already, whose text is @old_text: that step gets the rest to do, too. */
int plan_edit_more(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text,
                   const PlanWords *words) _must_check_;
