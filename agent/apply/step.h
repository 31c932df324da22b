/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "apply/apply.h"

#define BACKUP_SUFFIX     ".ptprep-old"
#define TRIAL_SUFFIX      ".ptprep-new"
#define UNFINISHED_SUFFIX TRIAL_SUFFIX ".new" /* grub-mkconfig writes there before it renames */

/* What a step needs while it runs. */
typedef struct StepContext {
        const ApplyOptions *options;
        const Step *step;
        char *path;            /* of the step, symbolic links at its end followed, so that a link stays one */
        char *backup_path;     /* where step_keep_old() keeps what was there */
        char *trial_path;      /* where the new file is made */
        bool kept;             /* step_keep_old() is done, so the file may have been changed */
        bool backup;           /* there was something, and it is at backup_path */
        StringList neighbours; /* names in the folder of path before a command ran */
        bool started;          /* a command has run, to its end or not */
        char **failure;        /* one sentence when it fails; may be left alone, then errno's text is used */
} StepContext;

/*
 * A kind of step is one row of the table in apply.c. undo() is called after do_step() failed as well: that may have
 * been late, after the new file was in its place. A new kind: a row there and a step-*.c file.
 */
typedef struct StepOps {
        int (*do_step)(StepContext *c);
        int (*undo)(StepContext *c);
} StepOps;

int step_failed(StepContext *c, int error, const char *format, ...) _printf_(3, 4) _must_check_;

/* The folder of a path, "/boot" of "/boot/grub.cfg"; owned by the caller, NULL when memory is short. */
char *path_folder(const char *path);

/* Removes the folders that held an original, as far as they are empty; NAME_ORIGINALS itself as well. 0 or negative
 * errno. */
int tidy_originals(int rfd, const char *original) _must_check_;

/* Keeps what is at the step's path; a path that does not exist is fine. To be called before the path is changed. 0 or
 * negative errno. */
int step_keep_old(StepContext *c) _must_check_;
/* The same for what a program will write: it may do that in place, and so into a hard link. */
int step_keep_copy(StepContext *c) _must_check_;
/* Puts it back, or removes what the step made where there was nothing. Needs no space on the disk. Does nothing where
 * nothing was kept. 0 or negative errno. */
int step_put_back(StepContext *c) _must_check_;

/**
 * step_put_in_place() - let the file at trial_path take the place of the step's
 * @r: how it has gone so far; after a failure the trial file goes away. To be called with a file that is verified.
 * Returns what went wrong: @r, else 0 or a negative errno.
 */
int step_put_in_place(StepContext *c, int r) _must_check_;

int step_write_do(StepContext *c);
int step_state_do(StepContext *c); /* a file of ptprep's own state */
int step_clean_up_do(StepContext *c);
int step_clean_up_undo(StepContext *c);
int step_image_do(StepContext *c);
int step_copy_do(StepContext *c);
int step_stamp_do(StepContext *c);
int step_mkconfig_do(StepContext *c);
int step_command_do(StepContext *c);
int step_command_undo(StepContext *c);

/**
 * image_verify() - are the present claim list and the helper in an image?
 * @offset, @size: the part of the file that is the image; 0, 0: all of it. Without a claim list nothing has to be in
 * it. Returns 0; -EPROTO: they are not; as initrd_inspect_part().
 */
int image_verify(int rfd, const char *path, uint64_t offset, uint64_t size) _must_check_;

/* Seconds that a program may take: one that edits a file, one that looks for systems on all disks to write a menu, and
 * one that builds images, on the slowest machine that is worth waiting for. */
#define LIMIT_EDITOR 120U
#define LIMIT_MENU   600U
#define LIMIT_IMAGE  1200U

/**
 * command_run() - run a program below the root and wait for it
 * @argv: NULL-terminated, argv[0] an absolute path or looked up in /usr/sbin:/usr/bin:/sbin:/bin.
 * @limit: seconds until it is stopped. @ret_tail: the last 2 KiB that it printed, owned by the caller; set on failure
 * too, may be NULL.
 *
 * The program gets a session of its own, and nothing of it runs any more when this returns.
 * Returns 0; -ENOEXEC when it could not be started; -EPROTO when it ended with an error; -ETIMEDOUT; -EINTR: stopped,
 * since a signal asks ptprep to end; other negative errno.
 */
int command_run(const ApplyOptions *o, char *const argv[], unsigned limit, char **ret_tail) _must_check_;

/* The same in words: "could not be started", "exit status". */
const char *command_failure(int error);
