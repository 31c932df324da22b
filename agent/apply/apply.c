/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"

#include <stdarg.h>
#include <sys/file.h>

#include "apply/step.h"
#include "base/io.h"
#include "model/names.h"

static const StepOps step_table[_STEP_KIND_MAX] = {
        [STEP_CLEAN_UP] = { step_clean_up_do, step_clean_up_undo },
        [STEP_WRITE_FILE] = { step_write_do, step_write_undo },
        [STEP_REMOVE_FILE] = { step_write_do, step_write_undo },
        [STEP_REBUILD_IMAGE] = { step_image_do, step_put_back },
        [STEP_STAMP_IMAGES] = { step_stamp_do, step_write_undo },
        [STEP_MKCONFIG] = { step_mkconfig_do, step_put_back },
};

void apply_result_done(ApplyResult *r)
{
        free(r->failure);
        *r = (ApplyResult){};
}

int step_failed(StepContext *c, int error, const char *format, ...)
{
        va_list ap;
        char *s = NULL;

        va_start(ap, format);
        if (vasprintf(&s, format, ap) < 0)
                s = NULL;
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

/* Names of everything that a power cut could leave behind. */
static int transaction_begin(int rfd, const Plan *p)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        FOREACH_ARRAY(s, p->steps, p->n) {
                _cleanup_free_ char *folder = path_folder(s->path);

                if (!folder) {
                        (void) fclose(f);
                        return -ENOMEM;
                }
                fprintf(f, "%s/.%s" TRIAL_SUFFIX "\n", folder, strrchr(s->path, '/') + 1); /* of root_file_replace() */
                fprintf(f, "%s" TRIAL_SUFFIX "\n%s" BACKUP_SUFFIX "\n", s->path, s->path);
                if (s->kind == STEP_MKCONFIG) /* grub-mkconfig writes here before it renames */
                        fprintf(f, "%s" TRIAL_SUFFIX ".new\n", s->path);
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        int r = root_mkdir_p(rfd, NAME_STATE_DIR);
        if (r < 0)
                return r;
        return root_file_replace(rfd, NAME_TRANSACTION, text, size, 0600);
}

static void undo_all(StepContext *contexts, size_t n, char **failure)
{
        for (size_t i = n; i-- > 0;) {
                StepContext *c = contexts + i;
                int r = step_table[c->step->kind].undo(c);
                char *s;

                if (r < 0 && asprintf(&s, "%s; putting %s back failed as well: %s", *failure ?: "?", c->step->path,
                                      strerror(-r)) >= 0) {
                        free(*failure);
                        *failure = s;
                }
        }
}

static void contexts_done(StepContext *contexts, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(contexts[i].backup);
        free(contexts);
}

int apply_plan(const ApplyOptions *o, const Plan *p, ApplyResult *ret)
{
        _cleanup_(apply_result_done) ApplyResult result = {};
        StepContext *contexts;
        size_t n = 0;
        int r = 0;

        if (p->n == 0) {
                *ret = (ApplyResult){};
                return 0;
        }
        contexts = calloc(p->n, sizeof(*contexts));
        if (!contexts)
                return -ENOMEM;
        /* An interrupted run's list would be overwritten by this run's: clean up first. */
        if (p->steps[0].kind != STEP_CLEAN_UP)
                r = transaction_begin(o->rfd, p);
        if (r < 0 && asprintf(&result.failure, "%s could not be written: %s", NAME_TRANSACTION, strerror(-r)) < 0)
                result.failure = NULL;
        while (r >= 0 && n < p->n) {
                StepContext *c = contexts + n;

                *c = (StepContext){ .options = o, .step = p->steps + n, .failure = &result.failure };
                if (o->progress)
                        o->progress(c->step, n, p->n, o->userdata);
                r = step_table[c->step->kind].do_step(c);
                if (r >= 0 && c->step->kind == STEP_CLEAN_UP)
                        r = transaction_begin(o->rfd, p);
                if (r >= 0)
                        n++;
                else if (!result.failure && asprintf(&result.failure, "%s %s: %s", step_kind_to_string(c->step->kind),
                                                     c->step->path, strerror(-r)) < 0)
                        result.failure = NULL;
        }
        if (r < 0)
                undo_all(contexts, n, &result.failure);
        for (size_t i = 0; i < n; i++)
                if (contexts[i].backup)
                        root_file_discard(o->rfd, contexts[i].backup);
        root_file_discard(o->rfd, NAME_TRANSACTION);
        contexts_done(contexts, p->n);
        result.n_done = r < 0 ? 0 : n;
        *ret = result;
        result = (ApplyResult){};
        return r;
}

int apply_lock(int rfd)
{
        _cleanup_close_ int dfd = -EBADF, fd = -EBADF;
        int r = root_mkdir_p(rfd, NAME_RUN_DIR);

        if (r < 0)
                return r;
        dfd = root_open(rfd, NAME_RUN_DIR, O_RDONLY | O_DIRECTORY);
        if (dfd < 0)
                return dfd;
        fd = openat(dfd, strrchr(NAME_LOCK, '/') + 1, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int apply_report(int rfd, const char *folder, const char *name, const char *text)
{
        _cleanup_free_ char *path = NULL, *present = NULL;
        int r;

        if (asprintf(&path, "%s/%s", folder, name) < 0)
                return -ENOMEM;
        if (root_read_text(rfd, path, &present) >= 0 && streq(present, text))
                return 0;
        r = root_mkdir_p(rfd, folder);
        if (r < 0)
                return r;
        return root_file_replace(rfd, path, text, strlen(text), 0644);
}
