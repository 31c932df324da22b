/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "model/names.h"

/* Writes text, or removes the file where it is NULL. What was there is kept until all steps are done. */
static int put_text(StepContext *c, const char *text, unsigned mode)
{
        int rfd = c->options->rfd, r;
        _cleanup_free_ char *folder = path_folder(c->path);

        if (!folder)
                return -ENOMEM;
        r = text ? root_mkdir_p(rfd, folder) : 0;
        if (r >= 0 && !c->kept)
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
        r = command_run(c->options, argv, LIMIT_EDITOR, NULL);
        if (r < 0)
                return r == -ENOEXEC || r == -EPROTO || r == -ETIMEDOUT ? 0 : r;
        r = root_read_text(rfd, c->path, &made);
        if (r < 0 || !streq(made, s->new_text))
                return r == -ENOENT ? 0 : r;
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

/* Of what a list of names says, only what nobody but ptprep can have made, whatever else stands in it. */
static bool is_leftover(const Record *record, bool record_known, const char *path)
{
        const char *subject = startswith(path, NAME_ORIGINALS);

        if (endswith(path, TRIAL_SUFFIX) || endswith(path, BACKUP_SUFFIX) || endswith(path, UNFINISHED_SUFFIX))
                return true;
        return subject && subject[0] == '/' && !strstr(path, "/../") && record_known && !record_file(record, subject);
}

int tidy_originals(int rfd, const char *original)
{
        char *folder = path_folder(original);
        int r = folder ? 0 : -ENOMEM;

        while (folder && startswith(folder, NAME_ORIGINALS)) {
                char *up = NULL;

                r = root_rmdir(rfd, folder);
                if (r >= 0 || r == -ENOENT) { /* one that is gone may have an empty one around it */
                        up = path_folder(folder);
                        r = up ? 0 : -ENOMEM;
                }
                free(folder);
                folder = up;
        }
        free(folder);
        return r == -ENOTEMPTY ? 0 : r;
}

int step_clean_up_do(StepContext *c)
{
        _cleanup_(record_done) Record record = {};
        _cleanup_free_ char *text = NULL;
        int rfd = c->options->rfd, r = root_read_text(rfd, NAME_RECORD, &text);
        bool known = (r >= 0 || r == -ENOENT) && record_parse(text, &record) >= 0;

        for (const char *line = c->step->clean_up.names; *line;) {
                size_t n = strcspn(line, "\n");
                _cleanup_free_ char *path = strndup(line, n);

                if (!path)
                        return -ENOMEM;
                if (is_leftover(&record, known, path)) {
                        r = root_file_remove(rfd, path);
                        if (r < 0 && r != -ENOENT && r != -ENOTDIR)
                                return step_failed(c, r, "%s could not be removed: %s", path, strerror(-r));
                        r = startswith(path, NAME_ORIGINALS) ? tidy_originals(rfd, path) : 0;
                        if (r < 0)
                                return step_failed(c, r, "folders in " NAME_ORIGINALS " could not be removed: %s",
                                                   strerror(-r));
                }
                line += n + (line[n] != 0);
        }
        return 0;
}

int step_clean_up_undo(StepContext *c)
{
        (void) c; /* leftovers are no loss */
        return 0;
}
