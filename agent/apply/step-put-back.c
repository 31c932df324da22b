/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/settle.h"
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/transaction.h"

#define LEFT_SUFFIX ".ptprep-left" /* what nobody can tell whose it is; never removed */
#define LEFT_MAX    10U

static bool is_waiting(const StepContext *c)
{
        struct stat st;

        return root_lstat(c->options->rfd, c->step->put_back.from, &st) >= 0;
}

/* What it was brought from goes only when the same bytes can be read in its place. Its mode may be another one there:
 * FAT has that of the mount. 0 or negative errno. */
static int is_brought(const StepContext *c, const char *from)
{
        _cleanup_close_ int old = root_open(c->options->rfd, from, O_RDONLY | O_NOFOLLOW);
        _cleanup_close_ int new = root_open(c->options->rfd, c->path, O_RDONLY | O_NOFOLLOW);
        int r = old < 0 ? old : new < 0 ? new : file_same_bytes(new, old);

        return r < 0 ? r : r > 0 ? 0 : -EBADMSG;
}

/* It was kept where there was room; what is in its place now may have taken that here. */
static int bring(StepContext *c, const char *from)
{
        int r = step_bring(c, from);

        if (r == -ENOSPC || r == -EDQUOT) {
                closep(&c->old_fd);
                c->old_fd = -EBADF;
                r = step_clear(c, c->path, NULL);
                if (r >= 0)
                        r = step_bring(c, from);
        }
        if (r >= 0)
                r = is_brought(c, from);
        return r < 0 ? r : root_file_remove(c->options->rfd, from);
}

int step_leave(const StepContext *c, const char *path, char **ret_at)
{
        int rfd = c->options->rfd;
        struct stat st;

        for (unsigned i = 0; i < LEFT_MAX; i++) {
                _cleanup_free_ char *to = NULL;

                if ((i == 0 ? string_printf(&to, "%s" LEFT_SUFFIX, c->path)
                            : string_printf(&to, "%s" LEFT_SUFFIX ".%u", c->path, i)) < 0)
                        return -ENOMEM;
                if (root_lstat(rfd, to, &st) < 0)
                        return string_copy(root_file_rename(rfd, path, to) >= 0 ? to : path, ret_at);
        }
        return string_copy(path, ret_at);
}

/* A package's script may have made it anew since, with kernels that the old file does not know. Both stay. */
static int leave_newer(StepContext *c)
{
        _cleanup_free_ char *at = NULL;
        int r = step_leave(c, c->step->put_back.from, &at);

        return r < 0 ? r
                     : string_list_addf(&c->warnings,
                                        "a change that failed could not put it back, and somebody else has written it "
                                        "since: it stays, and as it was before is %s",
                                        at);
}

/* Renamed and not exchanged: done twice, after a power cut, it is done once. What was in its place is held open until a
 * boot loader is not led to it any more. */
int step_put_back_do(StepContext *c)
{
        const char *from = c->step->put_back.from;
        struct stat st;
        int rfd = c->options->rfd, r;

        if (!is_waiting(c)) /* a person has done it, or the last run before its end */
                return 0;
        r = root_lstat(rfd, c->path, &st);
        if ((r >= 0 || r == -ENOENT) && in_place_differs(c->step->put_back.in_place, r >= 0 ? &st : NULL))
                return leave_newer(c);
        if (r >= 0 && S_ISDIR(st.st_mode))
                r = step_clear(c, c->path, NULL);
        if (step_is_loaded(c))
                settle_for_loader(rfd, from);
        c->old_fd = root_open(rfd, c->path, O_PATH | O_NOFOLLOW);
        if (r >= 0 || r == -ENOENT)
                r = step_rename_over(c, from, c->path);
        if (r == -EXDEV)
                r = bring(c, from);
        return r < 0 ? step_failed(c, r, "%s could not be put back from %s: %s", c->path, from, strerror(-r)) : 0;
}

/* What is as it was before an earlier run stays so. */
int step_put_back_undo(StepContext *c, Undo *u)
{
        if (!is_waiting(c))
                return 0;
        u->state = UNDO_FAILED;
        if (string_copy(c->step->put_back.from, &u->old_at) < 0 ||
            string_copy("an earlier change left it so", &u->reason) < 0)
                return -ENOMEM;
        return 0;
}
