/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

/* ptprep's own state, which no boot loader reads, or a file that goes away. What was there is kept until all steps are
 * done. */
static int put_or_remove(StepContext *c, const char *text, unsigned mode)
{
        int rfd = c->options->rfd, r = text ? step_make_parents(c) : 0;

        if (r >= 0)
                r = step_keep_old(c);
        if (r < 0)
                return r;
        if (text)
                return root_file_replace(rfd, c->path, text, strlen(text), mode);
        r = root_file_remove(rfd, c->path);
        return r == -ENOENT ? 0 : r;
}

static int put_text(StepContext *c, const char *text, unsigned mode)
{
        int r = step_make_parents(c);

        if (r >= 0)
                r = step_clear(c, c->trial_path, NULL);
        if (r < 0)
                return r;
        c->trial = true;
        return step_put_in_place(c, root_file_create(c->options->rfd, c->trial_path, text, strlen(text), mode));
}

static int or_fail(StepContext *c, const char *text, int r)
{
        return r < 0 ? step_failed(c, r, "%s could not be %s: %s", c->path, text ? "written" : "removed", strerror(-r))
                     : 0;
}

int step_state_do(StepContext *c)
{
        const StateStep *s = &c->step->state;

        return or_fail(c, s->text, put_or_remove(c, s->text, s->mode));
}

/* The directory for the editor's copy. What is no directory there is none of ptprep's, and a link may lead anywhere. */
static int make_editor_directory(int rfd)
{
        struct stat st;
        int r = root_lstat(rfd, NAME_EDITOR_DIR, &st);

        if (r >= 0 && !S_ISDIR(st.st_mode))
                r = root_file_remove(rfd, NAME_EDITOR_DIR);
        return r >= 0 || r == -ENOENT ? root_mkdir_p(rfd, NAME_EDITOR_DIR) : r;
}

/*
 * The platform's own editor of such files goes first, on a copy in a directory that no boot loader reads: it may write
 * in place, or rename what is not where they find it yet. What it made of that counts only when it is, to the byte,
 * what was planned; else it failed, replaced somebody's word, or only moved blanks.
 * @ret: what it made, or NULL. 0 or negative errno.
 */
static int run_editor(StepContext *c, char **ret)
{
        const FileStep *s = &c->step->file;
        int rfd = c->options->rfd;
        _cleanup_free_ char **argv = calloc(s->editor.n + 1, sizeof(*argv)), *made = NULL;
        _cleanup_free_ char *copy = path_join(NAME_EDITOR_DIR, strrchr(c->path, '/') + 1);
        int r = argv && copy ? make_editor_directory(rfd) : -ENOMEM;

        if (r >= 0)
                r = step_keep_sight(c);
        if (r >= 0)
                r = root_file_create(rfd, copy, s->old_text, strlen(s->old_text), 0600);
        if (r < 0)
                return r;
        memcpy(argv, s->editor.items, s->editor.n * sizeof(*argv));
        r = step_run(c, argv, LIMIT_EDITOR, NULL);
        if (r == -ENOEXEC || r == -EPROTO || r == -ECANCELED || r == -ETIMEDOUT)
                r = 0;
        else if (r >= 0 && root_read_text(rfd, copy, &made) >= 0 && streq(made, s->new_text))
                *ret = TAKE_PTR(made);
        root_file_discard(rfd, copy);
        if (root_rmdir(rfd, NAME_EDITOR_DIR) < 0) /* it left something there, and that is gone after the next boot */
                errno = 0;
        return r;
}

int step_write_do(StepContext *c)
{
        const FileStep *s = &c->step->file;
        const char *path = c->step->path;
        _cleanup_free_ char *present = NULL, *made = NULL;
        int r = root_read_text(c->options->rfd, path, &present);

        if (r < 0 && r != -ENOENT)
                return r;
        /* The plan was made from another text: whoever changed it in between must not lose that. */
        if (!streq_null(present, s->old_text))
                return step_failed(c, -EBUSY, "%s was changed by somebody else meanwhile; run ptprep again", path);
        if (!s->new_text)
                return or_fail(c, NULL, put_or_remove(c, NULL, 0));
        r = s->editor.n > 0 ? run_editor(c, &made) : 0;
        return r < 0 ? r : or_fail(c, s->new_text, put_text(c, made ?: s->new_text, s->mode));
}
