/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/io.h"
#include "model/names.h"

/* Writes text, or removes the file where it is NULL. */
static int put_text(StepContext *c, const char *text)
{
        const Step *s = c->step;
        _cleanup_free_ char *folder = NULL;
        int r;

        if (!text) {
                r = root_file_remove(c->options->rfd, s->path);
                return r == -ENOENT ? 0 : r;
        }
        folder = path_folder(s->path);
        if (!folder)
                return -ENOMEM;
        r = root_mkdir_p(c->options->rfd, folder);
        if (r < 0)
                return r;
        return root_file_replace(c->options->rfd, s->path, text, strlen(text), s->mode);
}

int step_write_do(StepContext *c)
{
        const Step *s = c->step;
        _cleanup_free_ char *present = NULL;
        int r = root_read_text(c->options->rfd, s->path, &present);

        if (r < 0 && r != -ENOENT)
                return r;
        /* The plan was made from another text: whoever changed it in between must not lose that. */
        if (!streq_null(present, s->old_text))
                return step_failed(c, -EBUSY, "%s was changed by somebody else meanwhile; run ptprep again", s->path);
        r = put_text(c, s->new_text);
        if (r < 0)
                return step_failed(c, r, "%s could not be written: %s", s->path, strerror(-r));
        return 0;
}

int step_write_undo(StepContext *c)
{
        return put_text(c, c->step->old_text);
}

int step_clean_up_do(StepContext *c)
{
        for (const char *line = c->step->old_text; *line;) {
                size_t n = strcspn(line, "\n");
                _cleanup_free_ char *path = strndup(line, n);
                int r;

                if (!path)
                        return -ENOMEM;
                /* only names of our own making, whatever the file says */
                if (endswith(path, TRIAL_SUFFIX) || endswith(path, BACKUP_SUFFIX) ||
                    endswith(path, TRIAL_SUFFIX ".new")) {
                        r = root_file_remove(c->options->rfd, path);
                        if (r < 0 && r != -ENOENT)
                                return step_failed(c, r, "%s could not be removed: %s", path, strerror(-r));
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

int step_keep_old(StepContext *c)
{
        int r;

        if (asprintf(&c->backup, "%s" BACKUP_SUFFIX, c->step->path) < 0) {
                c->backup = NULL;
                return -ENOMEM;
        }
        r = root_file_backup(c->options->rfd, c->step->path, c->backup);
        if (r < 0) {
                free(c->backup);
                c->backup = NULL;
        }
        return r == -ENOENT ? 0 : r;
}

int step_put_back(StepContext *c)
{
        int r;

        if (!c->backup)
                return root_file_remove(c->options->rfd, c->step->path);
        r = root_file_rename(c->options->rfd, c->backup, c->step->path);
        if (r >= 0) {
                free(c->backup);
                c->backup = NULL;
        }
        return r;
}
