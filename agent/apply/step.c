/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"

#include <stdarg.h>

#include "base/file.h"
#include "base/text.h"

int step_failed(StepContext *c, int error, const char *format, ...)
{
        va_list ap;
        char *s = NULL;

        va_start(ap, format);
        string_vprintf(&s, format, ap);
        va_end(ap);
        free(*c->failure);
        *c->failure = s;
        return error;
}

char *path_folder(const char *path)
{
        const char *slash = strrchr(path, '/');

        return !slash ? strdup(".") : strndup(path, slash == path ? 1 : (size_t) (slash - path));
}

int step_keep_old(StepContext *c)
{
        int r = root_file_backup(c->options->rfd, c->path, c->backup_path);

        if (r < 0 && r != -ENOENT) {
                root_file_discard(c->options->rfd, c->backup_path);
                return r;
        }
        c->backup = r >= 0;
        c->kept = true;
        return 0;
}

int step_keep_copy(StepContext *c)
{
        int rfd = c->options->rfd, r;

        root_file_discard(rfd, c->backup_path);
        r = root_file_duplicate(rfd, c->path, c->backup_path);
        if (r < 0 && r != -ENOENT)
                return step_failed(c, r, "%s could not be copied to have a way back: %s; nothing was changed", c->path,
                                   strerror(-r));
        c->backup = r >= 0;
        c->kept = true;
        return 0;
}

int step_put_in_place(StepContext *c, int r)
{
        int rfd = c->options->rfd;

        if (r >= 0)
                r = root_file_carry(rfd, c->path, c->trial_path);
        if (r >= 0)
                r = root_file_sync(rfd, c->trial_path);
        if (r >= 0)
                r = step_keep_old(c);
        if (r >= 0)
                r = root_file_rename(rfd, c->trial_path, c->path);
        if (r < 0)
                root_file_discard(rfd, c->trial_path);
        return r;
}

int step_put_back(StepContext *c)
{
        int r;

        if (!c->kept)
                return 0;
        if (!c->backup) {
                r = root_file_remove(c->options->rfd, c->path);
                return r == -ENOENT ? 0 : r;
        }
        r = root_file_put_back(c->options->rfd, c->backup_path, c->path);
        if (r >= 0)
                c->backup = false;
        return r;
}
