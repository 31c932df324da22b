/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"

#include <stdarg.h>
#include <sys/stat.h>

#include "base/io.h"
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

char *step_unfinished_path(const StepContext *c)
{
        char *path;

        string_printf(&path, "%s.new", c->trial_path);
        return path;
}

bool step_is_loaded(const StepContext *c)
{
        return !step_is_fileless(c->step) && !startswith(c->path, "/etc/") && !startswith(c->path, "/var/");
}

int step_failed_program(StepContext *c, int error, const char *program, const char *what, const char *tail)
{
        if (error == -ENOEXEC)
                return step_failed(c, error, "%s %s%s: %s", program, command_failure(error), what,
                                   tail && *tail ? tail : "for no reason that is known");
        return step_failed(c, error, "%s failed%s (%s); it said: %s", program, what, command_failure(error),
                           tail && *tail ? tail : "nothing");
}

bool step_file_exists(void *context, const char *path)
{
        const StepContext *c = context;
        struct stat st;

        return root_stat(c->options->rfd, path, &st) >= 0;
}

/* A program makes nothing that more people may read than the file that it makes anew. */
static mode_t narrow_umask(const StepContext *c)
{
        mode_t before = umask(0), mask = before;
        struct stat st;

        if (root_lstat(c->options->rfd, c->path, &st) >= 0) {
                mask |= st.st_mode & S_IRGRP ? 0 : S_IRWXG;
                mask |= st.st_mode & S_IROTH ? 0 : S_IRWXO;
        }
        umask(mask);
        return before;
}

int step_run(StepContext *c, char *const argv[], unsigned limit, char **ret_tail)
{
        mode_t before = narrow_umask(c);
        int r = command_run(c->options, argv, NULL, limit, ret_tail);

        umask(before);
        return r;
}

int step_check_plain(StepContext *c, const char *path, const char *program)
{
        struct stat st;
        int r = root_lstat(c->options->rfd, path, &st);

        if (r == -ENOENT)
                return step_failed(c, -EPROTO, "%s left no file at %s; %s stays as it was", program, path, c->path);
        if (r < 0)
                return r;
        if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
                return step_failed(c, -EPROTO, "%s made something else than a plain file of %s; %s stays as it was",
                                   program, path, c->path);
        return 0;
}

int step_make_trial(StepContext *c, char *const argv[], unsigned limit, const char *program, const char *what,
                    char **ret_tail)
{
        int r = step_clear(c, c->trial_path, NULL);

        if (r < 0)
                return step_failed(c, r, "%s is in the way and could not be removed: %s", c->trial_path, strerror(-r));
        c->trial = true;
        r = step_run(c, argv, limit, ret_tail);
        return r < 0 ? step_failed_program(c, r, program, what, *ret_tail)
                     : step_check_plain(c, c->trial_path, program);
}
