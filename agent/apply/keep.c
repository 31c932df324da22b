/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/statvfs.h>

#include "apply/settle.h"
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

/* What was at a step's path: kept before it is changed, put back when the plan fails. */

/* An fd of a plain file; negative errno. */
static int open_plain(int rfd, const char *path)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY | O_NOFOLLOW);
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

int step_make_parents(StepContext *c)
{
        _cleanup_free_ char *directory = path_directory(c->path), *missing = NULL;
        int rfd = c->options->rfd;
        struct stat st;

        for (char *up = directory; up && root_stat(rfd, up, &st) == -ENOENT;) {
                free(missing);
                missing = up;
                directory = up = path_directory(up);
        }
        if (!directory)
                return -ENOMEM;
        if (!missing)
                return 0;
        free(c->made);
        c->made = TAKE_PTR(missing);
        free(directory);
        directory = path_directory(c->path);
        return directory ? root_mkdir_p(rfd, directory) : -ENOMEM;
}

void step_remove_parents(StepContext *c)
{
        _cleanup_free_ char *directory = c->made ? path_directory(c->path) : NULL;

        while (directory && startswith(directory, c->made) && root_rmdir(c->options->rfd, directory) >= 0) {
                char *up = path_directory(directory);

                free(directory);
                directory = up;
        }
}

/* What is at the backup's name is what there was. It stays open: whoever removes it there does not take it away. */
static void is_kept(StepContext *c)
{
        closep(&c->old_fd);
        c->old_fd = open_plain(c->options->rfd, c->backup_path);
        c->kept = KEPT_FILE;
}

/* Before anything can have changed it. What is no plain file is kept by its name alone. 0 or negative errno. */
static int see(StepContext *c)
{
        _cleanup_close_ int fd = open_plain(c->options->rfd, c->path);

        if (fd < 0)
                return fd == -ENOENT || fd == -EINVAL || fd == -ELOOP ? 0 : fd;
        return sight_try(fd, &c->sight);
}

int step_keep_old(StepContext *c)
{
        int r = see(c);

        if (r < 0)
                return r;
        r = root_file_backup(c->options->rfd, c->path, c->backup_path);
        if (r < 0 && r != -ENOENT) {
                root_file_discard(c->options->rfd, c->backup_path);
                return r;
        }
        if (r >= 0)
                is_kept(c);
        else
                c->kept = KEPT_NONE;
        return 0;
}

/* Which of the two names backup_path is. */
static void turn_far(StepContext *c, bool far)
{
        char *other = c->far_path;

        c->far_path = c->backup_path;
        c->backup_path = other;
        c->is_far = far;
}

/* The file system is full, but the root need not be. */
static int copy_far(StepContext *c)
{
        int rfd = c->options->rfd, r = root_mkdir_p(rfd, NAME_STATE_DIR);

        if (r < 0)
                return r;
        root_file_discard(rfd, c->far_path);
        r = root_file_duplicate(rfd, c->path, c->far_path);
        if (r < 0)
                return r;
        turn_far(c, true);
        return 0;
}

int step_keep_copy(StepContext *c, bool far)
{
        int rfd = c->options->rfd, r;

        root_file_discard(rfd, c->backup_path);
        r = see(c);
        if (r < 0)
                return r;
        r = far ? copy_far(c) : -ENODEV;
        if (r < 0 && r != -ENOENT)
                r = root_file_duplicate(rfd, c->path, c->backup_path);
        if ((r == -ENOSPC || r == -EDQUOT) && !far && c->far_path && copy_far(c) >= 0)
                r = 0;
        if (r < 0 && r != -ENOENT)
                return step_failed(c, r, "%s could not be copied to have a way back: %s; nothing was changed", c->path,
                                   strerror(-r));
        if (r >= 0)
                is_kept(c);
        else
                c->kept = KEPT_NONE;
        return 0;
}

/* Does the file system have room for a copy of the old file beside what the program is going to need? */
static bool has_room(int rfd, const char *path)
{
        _cleanup_close_ int fd = open_plain(rfd, path);
        struct statvfs fs;
        struct stat st;

        return fd >= 0 && fstat(fd, &st) >= 0 && fstatvfs(fd, &fs) >= 0 &&
               (uint64_t) fs.f_bavail * fs.f_frsize / 3 >= (uint64_t) st.st_size;
}

int step_keep_sight(StepContext *c)
{
        int rfd = c->options->rfd, r;
        _cleanup_close_ int fd = -EBADF;

        if (has_room(rfd, c->path)) {
                r = step_keep_copy(c, false);
                if (r >= 0 || r == -ENOMEM)
                        return r;
                free(*c->failure); /* it can do without */
                *c->failure = NULL;
        }
        fd = open_plain(rfd, c->path);
        if (fd == -ENOENT) {
                c->kept = KEPT_NONE;
                return 0;
        }
        r = fd < 0 ? fd : sight_take(fd, &c->sight);
        if (r >= 0)
                c->kept = KEPT_SIGHT;
        return r;
}

static bool is_there(int rfd, const char *path)
{
        struct stat st;

        return root_lstat(rfd, path, &st) >= 0;
}

/* Is at the step's path what was there when it was kept? 1; 0; negative errno. */
static int as_it_was(const StepContext *c)
{
        int rfd = c->options->rfd;
        _cleanup_close_ int now = open_plain(rfd, c->path), old = -EBADF;

        switch (c->kept) {
        case KEPT_NOT:
                return 1;
        case KEPT_NONE:
                return now == -ENOENT;
        case KEPT_SIGHT:
                return now < 0 ? now : sight_holds(&c->sight, now);
        case KEPT_FILE:
                if (now < 0)
                        return now == -ENOENT || now == -EINVAL || now == -ELOOP ? 0 : now;
                old = c->old_fd < 0 ? open_plain(rfd, c->backup_path) : -EBADF;
                return old < 0 && c->old_fd < 0 ? 0 : file_same(now, old < 0 ? c->old_fd : old);
        case KEPT_LOST:
                break;
        }
        return 0;
}

/* Is what has this name the file that is held open as the old one? */
static bool is_old(const StepContext *c, const char *path)
{
        struct stat st, old;

        return c->old_fd >= 0 && fstat(c->old_fd, &old) >= 0 && root_lstat(c->options->rfd, path, &st) >= 0 &&
               st.st_dev == old.st_dev && st.st_ino == old.st_ino;
}

int step_rename_over(const StepContext *c, const char *from, const char *to)
{
        int rfd = c->options->rfd, r;
        _cleanup_close_ int old = root_open(rfd, to, O_PATH | O_NOFOLLOW);

        if (old < 0 && old != -ENOENT)
                return old;
        r = root_file_rename(rfd, from, to);
        return r < 0 ? r : root_file_sync(rfd, to);
}

/*
 * The trial file gets the name of the old one, and that the backup's name. It goes on having its blocks: a boot loader
 * may still be led to them, see settle_for_loader(). Without names that can be exchanged the copy has to do.
 */
static int exchange(StepContext *c)
{
        int rfd = c->options->rfd, r;
        _cleanup_close_ int old = open_plain(rfd, c->path);

        r = old < 0 ? old : 0;
        if (r >= 0 && !c->sight.taken)
                r = sight_try(old, &c->sight);
        if (r < 0)
                return r;
        r = root_file_exchange(rfd, c->trial_path, c->path);
        if (r == -ENOTSUP) {
                r = c->kept == KEPT_FILE ? 0 : step_keep_old(c);
                return r < 0 ? r : step_rename_over(c, c->trial_path, c->path);
        }
        if (c->is_far) /* the old file itself is beside the new one */
                turn_far(c, false);
        closep(&c->old_fd);
        c->old_fd = TAKE_FD(old); /* whichever name it has when something fails from here on */
        c->kept = KEPT_FILE;
        if (r >= 0)
                r = root_file_rename(rfd, c->trial_path, c->backup_path);
        if (r >= 0)
                is_kept(c);
        if (r >= 0)
                r = root_file_sync(rfd, c->path);
        return r < 0 ? r : root_file_sync(rfd, c->backup_path);
}

static int take_place(StepContext *c)
{
        int rfd = c->options->rfd;
        int r = c->kept != KEPT_NOT ? as_it_was(c) : 1;

        if (r < 0)
                return r;
        if (r == 0) { /* a program has written into the old file, and there may be no other one */
                c->kept = c->kept == KEPT_SIGHT ? KEPT_LOST : c->kept;
                return step_rename_over(c, c->trial_path, c->path);
        }
        if (is_there(rfd, c->path))
                return exchange(c);
        c->kept = KEPT_NONE;
        return step_rename_over(c, c->trial_path, c->path);
}

int step_put_in_place(StepContext *c, int r)
{
        int rfd = c->options->rfd;

        if (r >= 0)
                r = root_file_carry(rfd, c->path, c->trial_path);
        if (r >= 0)
                r = root_file_sync(rfd, c->trial_path);
        if (r >= 0 && step_is_loaded(c))
                settle_for_loader(rfd, c->trial_path);
        if (r >= 0)
                r = take_place(c);
        if (r < 0 && !is_old(c, c->trial_path)) /* a loader may be led to it */
                root_file_discard(rfd, c->trial_path);
        return r;
}

int step_bring(StepContext *c, const char *from)
{
        int rfd = c->options->rfd, r = step_clear(c, c->trial_path, NULL);

        if (r >= 0)
                r = root_file_duplicate(rfd, from, c->trial_path);
        if (r >= 0 && step_is_loaded(c))
                settle_for_loader(rfd, c->trial_path);
        if (r >= 0)
                r = step_rename_over(c, c->trial_path, c->path);
        if (r < 0)
                root_file_discard(rfd, c->trial_path);
        return r;
}

static int leave(StepContext *c, const char *path, Undo *u)
{
        _cleanup_free_ char *at = NULL;
        int r = step_leave(c, path, &at);

        return r < 0 ? r : string_list_add(&u->left, at);
}

/* What could not be removed (@error): a directory with something in it would be in the next run's way, all else that
 * run removes. */
static int leave_if_full(StepContext *c, const char *path, int error, Undo *u)
{
        return error == -ENOTEMPTY || error == -EEXIST ? leave(c, path, u) : string_list_add(&u->left, path);
}

int step_clear(StepContext *c, const char *path, Undo *u)
{
        int rfd = c->options->rfd, r;

        if (!is_there(rfd, path)) /* where nothing may be removed that would be the error */
                return 0;
        r = root_file_remove(rfd, path);
        if (r == -EISDIR)
                r = root_rmdir(rfd, path);
        if (r >= 0)
                return 0;
        return u ? leave_if_full(c, path, r, u) : r;
}

/* Did somebody else write there, after ptprep? */
static bool is_strange(const StepContext *c, const char *path)
{
        const FileStep *file = c->done ? step_file(c->step) : NULL;
        _cleanup_free_ char *text = NULL;

        return file && root_read_text(c->options->rfd, path, &text) >= 0 && !streq_null(text, file->new_text);
}

/* What a loader may read goes when it does not see it any more, see transaction_end(); until then it has a name that no
 * loader looks at. */
static int remove_new(StepContext *c, Undo *u)
{
        int rfd = c->options->rfd, r;
        struct stat st;

        if (is_strange(c, c->path))
                return leave(c, c->path, u);
        if (step_is_loaded(c) && !c->made && root_lstat(rfd, c->path, &st) >= 0 && S_ISREG(st.st_mode)) {
                r = root_file_rename(rfd, c->path, c->trial_path);
                c->trial = false;
                return r;
        }
        r = step_clear(c, c->path, NULL);
        return r == -ENOTEMPTY || r == -EEXIST ? leave(c, c->path, u) : r;
}

/*
 * Whatever is at the step's path makes room. What it was is at @aside then, if it was anything, and stays there until
 * the loaders see the old file. In between it has the name @from.
 */
static int put_back_from(StepContext *c, const char *from, const char *aside, Undo *u)
{
        int rfd = c->options->rfd, r;
        _cleanup_close_ int held = -EBADF;

        if (step_is_loaded(c))
                settle_for_loader(rfd, from);
        held = root_open(rfd, c->path, O_PATH | O_NOFOLLOW);
        r = root_file_put_back(rfd, from, c->path);
        if (r == -EISDIR || r == -ENOTEMPTY || r == -EEXIST) { /* names cannot be exchanged here */
                r = leave(c, c->path, u);
                return r < 0 ? r : root_file_rename(rfd, from, c->path);
        }
        if (r < 0)
                return r;
        if (is_strange(c, from))
                return leave(c, from, u);
        r = root_rmdir(rfd, from);
        if (r != -ENOTDIR)
                return r >= 0 || r == -ENOENT ? 0 : leave_if_full(c, from, r, u);
        r = root_file_rename(rfd, from, aside);
        c->trial = false;
        if (r < 0) /* the old file has its name again, and the new one waits for the next run */
                return string_list_add(&u->left, is_there(rfd, from) ? from : aside);
        return root_file_sync(rfd, c->path);
}

/* There was no room for both, so what the program made goes first. */
static int put_back_far(StepContext *c, Undo *u)
{
        int r = step_clear(c, c->path, NULL);

        if (r == -ENOTEMPTY || r == -EEXIST)
                r = leave(c, c->path, u);
        return r < 0 ? r : step_bring(c, c->backup_path);
}

/* The backup has been removed. */
static int put_back_open(StepContext *c, Undo *u)
{
        int rfd = c->options->rfd, r = step_clear(c, c->trial_path, u);

        if (r >= 0)
                r = root_file_duplicate_fd(rfd, c->old_fd, c->trial_path);
        return r < 0 ? r : put_back_from(c, c->trial_path, c->backup_path, u);
}

static int put_back_file(StepContext *c, Undo *u)
{
        _cleanup_free_ char *directory = path_directory(c->path);
        int rfd = c->options->rfd;
        int r = directory ? root_mkdir_p(rfd, directory) : -ENOMEM; /* a program may have removed all of it */

        if (r < 0)
                return r;
        if (c->is_far && is_there(rfd, c->backup_path))
                return put_back_far(c, u);
        if (is_old(c, c->trial_path))
                return put_back_from(c, c->trial_path, c->backup_path, u);
        if (c->old_fd >= 0 && !is_there(rfd, c->backup_path))
                return put_back_open(c, u);
        return put_back_from(c, c->backup_path, c->trial_path, u);
}

static int give_back(StepContext *c, Undo *u)
{
        u->state = UNDO_DONE;
        switch (c->kept) {
        case KEPT_NONE:
                return remove_new(c, u);
        case KEPT_FILE:
                return put_back_file(c, u);
        case KEPT_SIGHT:
        case KEPT_LOST:
                string_printf(&u->reason, "%s", "a program wrote into it, and there was no room to keep a copy");
                return -ENODATA;
        case KEPT_NOT:
                break;
        }
        return 0;
}

/* That it was put back says what is there, and no call that went well: a program may have written into the backup. */
static int read_again(const StepContext *c, Undo *u)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (c->kept == KEPT_NONE) {
                if (!is_there(c->options->rfd, c->path) || string_list_contains(&u->left, c->path))
                        return 0;
                string_printf(&u->reason, "%s", "it was removed, and is there again");
                return -EEXIST;
        }
        if (c->kept == KEPT_NOT || !c->sight.taken)
                return 0;
        fd = open_plain(c->options->rfd, c->path);
        r = fd < 0 ? fd : sight_holds(&c->sight, fd);
        if (r == 0)
                string_printf(&u->reason, "%s", "read again, it is not what it was: its backup was written into");
        return r > 0 ? 0 : r < 0 ? r : -EBADMSG;
}

int step_put_back(StepContext *c, Undo *u)
{
        int r = as_it_was(c);

        if (r == 0)
                r = give_back(c, u);
        return r < 0 ? r : read_again(c, u);
}

bool step_has_old(const StepContext *c)
{
        _cleanup_close_ int fd = c->kept == KEPT_FILE ? open_plain(c->options->rfd, c->backup_path) : -EBADF;

        return fd >= 0 && (c->old_fd < 0 || file_same(fd, c->old_fd) > 0) && sight_holds(&c->sight, fd) > 0;
}
