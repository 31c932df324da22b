/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "model/names.h"

/* Writes text, or removes the file where it is NULL. What was there is kept until all steps are done. */
static int put_text(StepContext *c, const char *text, unsigned mode)
{
        int rfd = c->options->rfd, r = text ? step_make_parents(c) : 0;

        if (r >= 0 && c->kept == KEPT_NOT)
                r = step_keep_old(c);
        if (r < 0)
                return r;
        if (text)
                return root_file_replace(rfd, c->path, text, strlen(text), mode);
        r = root_file_remove(rfd, c->path);
        return r == -ENOENT ? 0 : r;
}

static int put_text_or_fail(StepContext *c, const char *text, unsigned mode)
{
        int r = put_text(c, text, mode);

        return r < 0 ? step_failed(c, r, "%s could not be %s: %s", c->path, text ? "written" : "removed", strerror(-r))
                     : 0;
}

int step_state_do(StepContext *c)
{
        return put_text_or_fail(c, c->step->state.text, c->step->state.mode);
}

/*
 * The platform's own editor of such files goes first, on a file of its own: it may write in place, and what was there
 * is kept by a link. What it made of the file counts only when that is, to the byte, what was planned; else it failed,
 * replaced somebody's word, or only moved blanks, and the planned bytes go in as if it were not there.
 * Returns 1: nothing is left to do; 0; negative errno.
 */
static int run_editor(StepContext *c)
{
        const FileStep *s = &c->step->file;
        int rfd = c->options->rfd;
        _cleanup_free_ char **argv = calloc(s->editor.n + 1, sizeof(*argv)), *made = NULL;
        int r = argv ? step_keep_old(c) : -ENOMEM;

        if (r >= 0)
                r = root_file_replace(rfd, c->path, s->old_text, strlen(s->old_text), s->mode);
        if (r < 0)
                return r;
        memcpy(argv, s->editor.items, s->editor.n * sizeof(*argv));
        r = step_run(c, argv, LIMIT_EDITOR, NULL);
        if (r < 0 && r != -ENOEXEC && r != -EPROTO && r != -ETIMEDOUT)
                return r;
        r = step_check_plain(c, c->path, argv[0]);
        if (r >= 0)
                r = root_read_text(rfd, c->path, &made);
        if (r >= 0)
                r = root_file_carry(rfd, c->backup_path, c->path); /* it may have made a new file */
        if (r < 0 || !streq(made, s->new_text))
                return r;
        r = root_file_sync(rfd, c->path);
        return r < 0 ? r : 1;
}

int step_write_do(StepContext *c)
{
        const FileStep *s = &c->step->file;
        const char *path = c->step->path;
        _cleanup_free_ char *present = NULL;
        int r = root_read_text(c->options->rfd, path, &present);

        if (r < 0 && r != -ENOENT)
                return r;
        /* The plan was made from another text: whoever changed it in between must not lose that. */
        if (!streq_null(present, s->old_text))
                return step_failed(c, -EBUSY, "%s was changed by somebody else meanwhile; run ptprep again", path);
        if (s->editor.n > 0) {
                r = run_editor(c);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        return put_text_or_fail(c, s->new_text, s->mode);
}
