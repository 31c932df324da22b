/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"

#include <sys/file.h>
#include <sys/stat.h>

#include "apply/settle.h"
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

static const StepOps step_table[_STEP_KIND_MAX] = {
        [STEP_CLEAN_UP] = { step_clean_up_do, step_clean_up_undo },
        [STEP_KEEP_ORIGINAL] = { step_state_do, step_put_back },
        [STEP_RECORD] = { step_state_do, step_put_back },
        [STEP_WRITE_FILE] = { step_write_do, step_put_back },
        [STEP_REMOVE_FILE] = { step_write_do, step_put_back },
        [STEP_REBUILD_IMAGE] = { step_image_do, step_put_back },
        [STEP_COPY_IMAGE] = { step_copy_do, step_put_back },
        [STEP_STAMP_IMAGES] = { step_stamp_do, step_put_back },
        [STEP_MKCONFIG] = { step_mkconfig_do, step_put_back },
        [STEP_COMMAND] = { step_command_do, step_command_undo },
};

void apply_result_done(ApplyResult *r)
{
        free(r->failure);
        *r = (ApplyResult){};
}

/* Names of everything that one step could leave behind. */
static int step_leftovers(const StepContext *c, StringList *ret)
{
        _cleanup_free_ char *folder = path_folder(c->path);
        int r = folder ? string_list_addf(ret, "%s/.%s" TRIAL_SUFFIX, folder, strrchr(c->path, '/') + 1)
                       : -ENOMEM; /* of root_file_replace() */

        if (r >= 0)
                r = string_list_add(ret, c->trial_path);
        if (r >= 0)
                r = string_list_add(ret, c->backup_path);
        if (r >= 0 && c->step->kind == STEP_MKCONFIG) /* grub-mkconfig writes here before it renames */
                r = string_list_addf(ret, "%s" UNFINISHED_SUFFIX, c->path);
        return r;
}

/* Names of everything that a power cut could leave behind, for the next run. */
static int transaction_begin(int rfd, const StepContext *contexts, size_t n)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f;
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                r = step_leftovers(contexts + i, &names);
                if (r >= 0 &&
                    contexts[i].step->kind == STEP_KEEP_ORIGINAL) /* of no use unless the record tells of it */
                        r = string_list_add(&names, contexts[i].path);
        }
        if (r < 0)
                return r;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        FOREACH_ARRAY(name, names.items, names.n)
                fprintf(f, "%s\n", *name);
        if (fclose(f) != 0)
                return -ENOMEM;
        r = root_mkdir_p(rfd, NAME_STATE_DIR);
        return r < 0 ? r : root_file_replace(rfd, NAME_TRANSACTION, text, size, 0600);
}

/*
 * Boot loaders read the device, not what the kernel shows of it: before the old files go, each file system gets where
 * they find the new ones. All has been flushed to the disk already, so where this cannot be done the host is safe
 * still: at worst the loader shows the old menu until the file system gets there by itself.
 */
static void settle_all(int rfd, const StepContext *contexts, size_t n)
{
        _cleanup_free_ dev_t *settled = calloc(n, sizeof(*settled));
        size_t n_settled = 0;

        for (const StepContext *c = contexts; settled && c < contexts + n; c++) {
                _cleanup_free_ char *folder = step_is_state(c->step) ? NULL : path_folder(c->path);
                _cleanup_close_ int fd = folder ? root_open(rfd, folder, O_RDONLY | O_DIRECTORY) : -EBADF;
                struct stat st;
                size_t i = 0;

                if (fd < 0 || fstat(fd, &st) < 0)
                        continue;
                while (i < n_settled && settled[i] != st.st_dev)
                        i++;
                if (i < n_settled)
                        continue;
                settled[n_settled++] = st.st_dev;
                settle_file_system(fd);
        }
}

/* Removes what is only in the way now. Where some of it stays, so does the list, and the next run goes by that. */
static void transaction_end(int rfd, const StepContext *contexts, size_t n)
{
        _cleanup_(string_list_done) StringList names = {};
        bool clean = true;

        for (const StepContext *c = contexts; c < contexts + n; c++)
                clean &= step_leftovers(c, &names) >= 0;
        FOREACH_ARRAY(name, names.items, names.n) {
                int r = root_file_remove(rfd, *name);

                clean &= r >= 0 || r == -ENOENT || r == -ENOTDIR;
        }
        for (const StepContext *c = contexts; c < contexts + n; c++)
                if (c->step->kind == STEP_KEEP_ORIGINAL)
                        clean &= tidy_originals(rfd, c->path) >= 0;
        if (clean)
                root_file_discard(rfd, NAME_TRANSACTION);
}

/* 0, or negative errno when something could not be put back; the rest is all the same. @last: those that make something
 * of what the others put back, else the others. */
static int undo_some(StepContext *contexts, size_t n, bool last, char **failure)
{
        int ret = 0;

        for (size_t i = n; i-- > 0;) {
                StepContext *c = contexts + i;
                bool is_last = c->step->kind == STEP_COMMAND && c->step->command.undo_last;
                int r = is_last == last ? step_table[c->step->kind].undo(c) : 0;
                char *s;

                if (r >= 0)
                        continue;
                ret = r;
                if (string_printf(&s, "%s; putting %s back failed as well: %s", *failure ?: "?", c->path,
                                  strerror(-r)) >= 0) {
                        free(*failure);
                        *failure = s;
                }
        }
        return ret;
}

static int undo_all(StepContext *contexts, size_t n, char **failure)
{
        int first = undo_some(contexts, n, false, failure), last = undo_some(contexts, n, true, failure);

        return first < 0 ? first : last;
}

static void contexts_done(StepContext *contexts, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                free(contexts[i].path);
                free(contexts[i].backup_path);
                free(contexts[i].trial_path);
                string_list_done(&contexts[i].neighbours);
        }
        free(contexts);
}

static int contexts_init(const ApplyOptions *o, const Plan *p, StepContext *contexts, char **failure)
{
        for (size_t i = 0; i < p->n; i++)
                contexts[i] = (StepContext){ .options = o, .step = p->steps + i, .failure = failure };
        for (StepContext *c = contexts; c < contexts + p->n; c++) {
                unsigned same = 0;
                int r = root_follow(o->rfd, c->step->path, &c->path);

                if (r < 0)
                        return step_failed(c, r, "%s: %s", c->step->path, strerror(-r));
                /* each step keeps what it found, also when two change the same file */
                for (const StepContext *other = contexts; other < c; other++)
                        same += streq(other->path, c->path);
                if (same > 0 ? string_printf(&c->backup_path, "%s.%u" BACKUP_SUFFIX, c->path, same) < 0
                             : string_printf(&c->backup_path, "%s" BACKUP_SUFFIX, c->path) < 0)
                        return -ENOMEM;
                if (string_printf(&c->trial_path, "%s" TRIAL_SUFFIX, c->path) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Before a step, when a signal asks ptprep to end. -EINTR, 0 */
static int stop_if_asked(const Interrupt *i, char **failure)
{
        int signal = interrupt_pending(i);

        if (signal == 0)
                return 0;
        string_printf(failure, "stopped by the signal SIG%s", sigabbrev_np(signal));
        return -EINTR;
}

int apply_plan(const ApplyOptions *options, const Plan *p, ApplyResult *ret)
{
        Interrupt interrupt;
        ApplyOptions with_interrupt = *options;
        const ApplyOptions *o = &with_interrupt;
        _cleanup_(apply_result_done) ApplyResult result = {};
        StepContext *contexts;
        size_t n = 0;
        bool begun = false; /* until then the list, if there is one, is that of an interrupted run */
        bool whole;
        int r = 0;

        if (p->n == 0) {
                *ret = (ApplyResult){};
                return 0;
        }
        contexts = calloc(p->n, sizeof(*contexts));
        if (!contexts)
                return -ENOMEM;
        with_interrupt.interrupt = &interrupt;
        r = interrupt_begin(&interrupt);
        if (r >= 0)
                r = contexts_init(o, p, contexts, &result.failure);
        /* An interrupted run's list would be overwritten by this run's: clean up first. */
        if (r >= 0 && p->steps[0].kind != STEP_CLEAN_UP) {
                begun = true;
                r = transaction_begin(o->rfd, contexts, p->n);
        }
        if (r < 0 && !result.failure)
                string_printf(&result.failure, "%s could not be written: %s", NAME_TRANSACTION, strerror(-r));
        while (r >= 0 && n < p->n) {
                StepContext *c = contexts + n;

                if (o->progress)
                        o->progress(c->step, n, p->n, o->userdata);
                r = stop_if_asked(&interrupt, &result.failure);
                if (r >= 0)
                        r = step_table[c->step->kind].do_step(c);
                if (r >= 0 && c->step->kind == STEP_CLEAN_UP) {
                        begun = true;
                        r = transaction_begin(o->rfd, contexts, p->n);
                }
                if (r >= 0)
                        n++;
                else if (!result.failure)
                        string_printf(&result.failure, "%s %s: %s", step_kind_to_string(c->step->kind), c->step->path,
                                      strerror(-r));
        }
        interrupt.held_back = true;
        whole = r >= 0 || undo_all(contexts, MIN(n + 1, p->n), &result.failure) >= 0;
        if (begun)
                settle_all(o->rfd, contexts, p->n);
        /* What could not be put back stays beside the file, for a person to look at, until the next run. */
        if (begun && whole)
                transaction_end(o->rfd, contexts, p->n);
        contexts_done(contexts, p->n);
        interrupt_end(&interrupt);
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
        _cleanup_free_ char *path = NULL, *present = NULL, *target = NULL;
        int r;

        if (string_printf(&path, "%s/%s", folder, name) < 0)
                return -ENOMEM;
        if (!text) {
                r = root_file_remove(rfd, path);
                return r == -ENOENT ? 0 : r;
        }
        /* whoever put a link there must not choose what is overwritten */
        if (root_readlink(rfd, path, &target) >= 0) {
                r = root_file_remove(rfd, path);
                if (r < 0)
                        return r;
        }
        if (root_read_text(rfd, path, &present) >= 0 && streq(present, text))
                return 0;
        r = root_mkdir_p(rfd, folder);
        if (r < 0)
                return r;
        return root_file_replace(rfd, path, text, strlen(text), 0644);
}

void apply_forget_reports(int rfd)
{
        static const char *const paths[] = { NAME_STATE_DIR "/" NAME_REPORT_JSON, NAME_STATE_DIR "/" NAME_REPORT_TEXT,
                                             NAME_RUN_DIR "/" NAME_REPORT_JSON, NAME_RUN_DIR "/" NAME_REPORT_TEXT };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                root_file_discard(rfd, paths[i]);
}
