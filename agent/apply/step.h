/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "apply/apply.h"
#include "apply/sight.h"

#define BACKUP_SUFFIX     ".ptprep-old"
#define TRIAL_SUFFIX      ".ptprep-new"
#define UNFINISHED_SUFFIX TRIAL_SUFFIX ".new" /* see step_unfinished_path() */

/* What is known of what was at a step's path before it is changed. */
typedef enum Kept {
        KEPT_NOT,   /* nothing, so it may not be changed */
        KEPT_NONE,  /* there was nothing */
        KEPT_FILE,  /* it is at backup_path */
        KEPT_SIGHT, /* only what it looked like: whether it is as it was can be told, and no more */
        KEPT_LOST,  /* it was changed by a program, and nobody has the old bytes */
} Kept;

/* What a step needs while it runs. */
typedef struct StepContext {
        const ApplyOptions *options;
        const Step *step;
        char *path;        /* of the step, symbolic links at its end followed, so that a link stays one */
        char *staged;      /* what backup_path and trial_path begin with: staging_path(), or path */
        char *backup_path; /* where what was there is kept */
        char *far_path; /* the same on another file system, where there is no room beside it; NULL: not for this step */
        bool is_far;    /* it is there; backup_path is that name then, and far_path the other one */
        char *trial_path; /* where the new file is made; another one in each run */
        bool trial;       /* what is there is of this run */
        char *made;       /* the first directory above path that step_make_parents() had to make; NULL: none */
        Kept kept;
        int old_fd;             /* of the file at backup_path; negative: not open */
        Sight sight;            /* of what was there; not taken: there was no plain file */
        StringList neighbours;  /* names in the directory of path before a command ran */
        struct Guard *guard;    /* what all boot loaders read before it ran; NULL: nobody has looked */
        StringList warnings;    /* sentences, for a step that is done all the same */
        struct Rebind *rebinds; /* of STEP_BIND */
        size_t n_rebinds;
        StringList vf_macs; /* of STEP_VF_MACS: what the kernel told before; "", or too short: it did not tell */
        size_t n_vf_macs;   /* so many of them may have been set, from the first one on */
        bool started;       /* a command has run, to its end or not; an attribute was written to; all were bound */
        bool done;          /* the step has done what it is for */
        char **failure;     /* one sentence when it fails; may be left alone, then errno's text is used */
} StepContext;

/*
 * A kind of step is one row of the table in apply.c. undo() is called after do_step() failed as well: that may have
 * been late, after the new file was in its place. It sets the state to UNDO_DONE when it has changed anything, and
 * returns 0; a negative errno, with or without a reason: it could not. A new kind: a row there and a step-*.c file.
 */
typedef struct StepOps {
        int (*do_step)(StepContext *c);
        int (*undo)(StepContext *c, Undo *u);
} StepOps;

/* @tail: of command_run(). Returns @error, which that returned. */
int step_failed_program(StepContext *c, int error, const char *program, const char *what,
                        const char *tail) _must_check_;

int step_failed(StepContext *c, int error, const char *format, ...) _printf_(3, 4) _must_check_;

/* May a boot loader read what is at the step's path? Of /etc and /var none does, nor of sysfs. */
bool step_is_loaded(const StepContext *c);

/* The directories that the step's path lies in, as far as they are missing. 0 or negative errno. */
int step_make_parents(StepContext *c) _must_check_;

/* Removes those again that are empty. What is in the others is somebody else's. */
void step_remove_parents(StepContext *c);

/* Keeps what is at the step's path; a path that does not exist is fine. To be called before the path is changed. 0 or
 * negative errno. */
int step_keep_old(StepContext *c) _must_check_;
/* The same for what a program may write into: that would go through a hard link. The copy may get to far_path; @far:
 * that first, where room is going to be needed beside the file. 0; negative errno, with the failure told. */
int step_keep_copy(StepContext *c, bool far) _must_check_;
/* The same where a program has no business there, such as one that is told to make a trial file: without room for a
 * copy as well only its bytes are remembered. */
int step_keep_sight(StepContext *c) _must_check_;

/* As command_run(); what the program makes is no more readable than the file at the step's path. */
int step_run(StepContext *c, char *const argv[], unsigned limit, char **ret_tail) _must_check_;

/* What a program has made has to be a file and no link: that may lead to anybody's, and what has a second name is not
 * ours alone. 0; -EPROTO with the failure told; other negative errno. */
int step_check_plain(StepContext *c, const char *path, const char *program) _must_check_;

/**
 * step_make_trial() - let a program make the file at trial_path
 * @argv, @limit, @ret_tail: as command_run(). @program: its name for people. @what: of what it fails, " for
 * kernel 6.1.0", or
 * "".
 * Returns 0; a negative errno with the failure told, also when what it made is no plain file.
 */
int step_make_trial(StepContext *c, char *const argv[], unsigned limit, const char *program, const char *what,
                    char **ret_tail) _must_check_;

/**
 * step_put_in_place() - let the file at trial_path take the place of the step's
 * @r: how it has gone so far; after a failure the trial file goes away. To be called with a file that is verified.
 * Returns what went wrong: @r, else 0 or a negative errno.
 */
int step_put_in_place(StepContext *c, int r) _must_check_;

/* Lets the file at @from take the name @to beside it. What was there is held open until it is on the disk that the name
 * leads to the other one. 0 or negative errno. */
int step_rename_over(const StepContext *c, const char *from, const char *to) _must_check_;

/* Is there a file? @context: a StepContext. For MenuFiles. */
bool step_file_exists(void *context, const char *path);

/* Where grub-mkconfig writes before it renames to the trial file. Owned by the caller, NULL when memory is short. */
char *step_unfinished_path(const StepContext *c);

/* Gives the step's path the bytes of a file on another file system, which stays. 0; negative errno, and then what is at
 * the path is as it was. */
int step_bring(StepContext *c, const char *from) _must_check_;

/* Gives what is at a name another one that no later run takes for its own: that of the step's path with ".ptprep-left".
 * @ret_at: that name, or the old one where it cannot have another; owned by the caller. 0 or -ENOMEM. */
int step_leave(const StepContext *c, const char *path, char **ret_at) _must_check_;

/* Removes what is at a path, an empty directory as well. @u: what cannot be removed gets another name if it can, and is
 * told; NULL: that is an error. 0, also when nothing is there; negative errno. */
int step_clear(StepContext *c, const char *path, Undo *u) _must_check_;

/* Puts back what was kept, or removes what the step made where there was nothing. Does nothing where all is as it was.
 * What is there then is read again: it counts only if it is what there was, bytes, mode and owner. Needs no space on
 * the disk, but where the backup is gone. An undo() of StepOps. */
int step_put_back(StepContext *c, Undo *u) _must_check_;

/* Is at backup_path what was there? */
bool step_has_old(const StepContext *c);

/**
 * boot_root_make() - an empty directory for a program that makes its image below $BOOT_ROOT
 * Of root alone, on no file system that a boot loader reads. What an earlier run has left there goes. 0 or negative
 * errno.
 */
int boot_root_make(const StepContext *c) _must_check_;

/**
 * boot_root_find() - the image that a program has made there
 * @ret_name: the file name that the program gave it. @ret_path: where it is. Both owned by the caller; NULL: it has
 * made none there, and gone where it always does. Returns 0; -EPROTO with the failure told; other negative errno.
 */
int boot_root_find(StepContext *c, char **ret_name, char **ret_path) _must_check_;

/* Gives the step's path the image at @from, which is verified. Where there is no room for both, the old one goes first.
 * 0; negative errno with the failure told. */
int boot_root_place(StepContext *c, const char *from) _must_check_;

/* Lets what is at the step's path have the name that the program chose: with another boot counter, or none. 0 or
 * negative errno. */
int boot_root_name(const StepContext *c, const char *name) _must_check_;

/*
 * Is this a name that a program gives to what belongs to an image? The image with another boot counter
 * ("NAME+3-1.efi"), what is passed on beside it ("NAME.efi.extra.d", systemd-stub(7)).
 */
bool image_name_belongs(const char *name, const char *image);

int step_write_do(StepContext *c);
int step_state_do(StepContext *c); /* a file of ptprep's own state */
int step_put_back_do(StepContext *c);
int step_put_back_undo(StepContext *c, Undo *u);
int step_clean_up_do(StepContext *c);
int step_clean_up_undo(StepContext *c, Undo *u);
int step_image_do(StepContext *c);
int step_copy_do(StepContext *c);
int step_claim_image_do(StepContext *c);
int step_stamp_do(StepContext *c);
int step_mkconfig_do(StepContext *c);
int step_bind_do(StepContext *c);
int step_bind_undo(StepContext *c, Undo *u);
void rebinds_free(struct Rebind *items, size_t n);
int step_attribute_do(StepContext *c);
int step_attribute_undo(StepContext *c, Undo *u);
int step_boolean_do(StepContext *c);
int step_boolean_undo(StepContext *c, Undo *u);
int step_vf_macs_do(StepContext *c);
int step_vf_macs_undo(StepContext *c, Undo *u);
int step_command_do(StepContext *c);
int step_command_undo(StepContext *c, Undo *u);

/* Seconds that a program may take: one that edits a file, one that looks for systems on all disks to write a menu, and
 * one that builds images, on the slowest machine that is worth waiting for. */
#define LIMIT_EDITOR 120U
#define LIMIT_MENU   600U
#define LIMIT_IMAGE  1200U

/**
 * command_locale() - the language that a program of the platform is run with: that of the machine
 * Titles of a menu are translated by grub-mkconfig (GRUB util/grub.d/10_linux.in), and a default that is one of them
 * would name no entry any more. From /etc/default/locale or /etc/locale.conf, else what ptprep was started with; in
 * another root, and where there is nothing, LC_ALL=C. @ret: "NAME=VALUE" each, appended to. 0 or -ENOMEM.
 */
int command_locale(const ApplyOptions *o, StringList *ret) _must_check_;

/**
 * command_run() - run a program below the root and wait for it
 * @argv: NULL-terminated, argv[0] an absolute path or looked up in NAME_SEARCH_PATH.
 * @setting: NAME=VALUE for its environment, or NULL.
 * @limit: seconds until it is stopped. @ret_tail: the last 2 KiB that it printed, and before them the first line about
 * an error; of a program that could not be started, why; owned by the caller; set on failure too, may be NULL.
 *
 * The program gets a session of its own, and nothing of it runs any more when this returns.
 * Returns 0; -ENOEXEC when it could not be started; -EPROTO when it ended with an error; -ECANCELED when a signal
 * killed it; -ETIMEDOUT; -EINTR: stopped, since a signal asks ptprep to end; other negative errno.
 */
int command_run(const ApplyOptions *o, char *const argv[], char *setting, unsigned limit, char **ret_tail) _must_check_;

/* The same in words: "could not be started", "exit status". What is none of these never got as far as the program. */
const char *command_failure(int error);
