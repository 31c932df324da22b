/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"

#include <inttypes.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "apply/guard.h"
#include "apply/leftovers.h"
#include "apply/settle.h"
#include "apply/staging.h"
#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "model/reboots.h"

static const StepOps step_table[_STEP_KIND_MAX] = {
        [STEP_CLEAN_UP] = { step_clean_up_do, step_clean_up_undo },
        [STEP_PUT_BACK] = { step_put_back_do, step_put_back_undo },
        [STEP_KEEP_ORIGINAL] = { step_state_do, step_put_back },
        [STEP_RECORD] = { step_state_do, step_put_back },
        [STEP_WRITE_FILE] = { step_write_do, step_put_back },
        [STEP_REMOVE_FILE] = { step_write_do, step_put_back },
        [STEP_REBUILD_IMAGE] = { step_image_do, step_put_back },
        [STEP_COPY_IMAGE] = { step_copy_do, step_put_back },
        [STEP_CLAIM_IMAGE] = { step_claim_image_do, step_put_back },
        [STEP_STAMP_IMAGES] = { step_stamp_do, step_put_back },
        [STEP_MKCONFIG] = { step_mkconfig_do, step_put_back },
        [STEP_COMMAND] = { step_command_do, step_command_undo },
        [STEP_ATTRIBUTE] = { step_attribute_do, step_attribute_undo },
        [STEP_BOOLEAN] = { step_boolean_do, step_boolean_undo },
        [STEP_VF_MACS] = { step_vf_macs_do, step_vf_macs_undo },
        [STEP_BIND] = { step_bind_do, step_bind_undo },
};

static void notes_done(StepNotes *notes)
{
        FOREACH_ARRAY(n, notes->items, notes->n)
                free(n->text);
        free(notes->items);
        *notes = (StepNotes){};
}

void apply_result_done(ApplyResult *r)
{
        free(r->failure);
        roll_back_done(&r->roll_back);
        notes_done(&r->left);
        notes_done(&r->warnings);
        *r = (ApplyResult){};
}

/* Before the old files go, what has taken their places gets to where boot loaders find it. */
static void settle_all(int rfd, const StepContext *contexts, size_t n)
{
        _cleanup_free_ dev_t *seen = calloc(MAX(n, (size_t) 1), sizeof(*seen));
        size_t n_seen = 0;

        for (const StepContext *c = contexts; seen && c < contexts + n; c++) {
                _cleanup_free_ char *directory = step_is_loaded(c) ? path_directory(c->path) : NULL;
                _cleanup_close_ int fd = directory ? root_open(rfd, directory, O_RDONLY | O_DIRECTORY) : -EBADF;
                struct stat st;
                size_t i = 0;

                if (fd < 0 || fstat(fd, &st) < 0)
                        continue;
                while (i < n_seen && seen[i] != st.st_dev)
                        i++;
                if (i < n_seen)
                        continue;
                seen[n_seen++] = st.st_dev;
                settle_file_system(fd);
        }
}

/* What only tells of the other steps: as long as one of these is not taken back, it stays. */
static bool remembers(const Step *s)
{
        return s->kind == STEP_RECORD || s->kind == STEP_KEEP_ORIGINAL;
}

/* @made_of_wrong: it makes something of files that are not as they were. 0 or -ENOMEM: not all could be told. */
static int undo_one(StepContext *c, Undo *u, bool made_of_wrong)
{
        int r = step_table[c->step->kind].undo(c, u);

        if (r >= 0 && made_of_wrong) {
                string_printf(&u->reason, "%s", "made anew of files that could not be put back");
                r = -EPROTO;
        }

        if (r >= 0 && c->trial)
                r = step_clear(c, c->trial_path, u);
        if (r >= 0 && !step_is_state(c->step))
                step_remove_parents(c);
        if (r < 0 && step_is_state(c->step)) /* no harm to the host, and the next run goes by it */
                r = string_list_add(&u->left, c->step->path);
        if (r < 0)
                u->state = UNDO_FAILED;
        if (r < 0 && !u->reason && string_printf(&u->reason, "%s", strerror(-r)) < 0)
                return -ENOMEM;
        if (u->path) /* another file's that the step's program spoiled */
                return 0;
        if (r < 0 && step_has_old(c) && string_copy(c->backup_path, &u->old_at) < 0)
                return -ENOMEM;
        return string_copy(c->step->path, &u->path);
}

/* @last: those that make something of what the others put back, else the others. */
static void undo_some(StepContext *contexts, size_t n, bool last, RollBack *roll_back)
{
        bool made_of_wrong = last && roll_back_outcome(roll_back) == ROLL_BACK_FAILED;

        for (size_t i = n; i-- > 0;) {
                StepContext *c = contexts + i;
                bool is_last = c->step->kind == STEP_COMMAND && c->step->command.undo_last;
                Undo u = {};

                if (is_last != last || (remembers(c->step) && roll_back_outcome(roll_back) == ROLL_BACK_FAILED))
                        continue;
                if (undo_one(c, &u, made_of_wrong) >= 0)
                        roll_back_add(roll_back, &u);
                else {
                        roll_back->cut = true;
                        undo_done(&u);
                }
        }
}

/* What a guard is going to make gets into the list before it does: which files it holds is known since its step began.
 */
static void list_guarded(int rfd, const StepContext *contexts, size_t n)
{
        bool any = false;

        for (const StepContext *c = contexts; c < contexts + n; c++)
                any |= c->guard != NULL;
        if (any && transaction_begin(rfd, contexts, n) < 0)
                errno = 0; /* where the disk is full, a file may be left that is in nobody's way */
}

static void contexts_done(int rfd, StepContext *contexts, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                leftovers_tidy(rfd, contexts + i);
                free(contexts[i].path);
                free(contexts[i].staged);
                free(contexts[i].backup_path);
                free(contexts[i].trial_path);
                free(contexts[i].far_path);
                free(contexts[i].made);
                string_list_done(&contexts[i].neighbours);
                string_list_done(&contexts[i].warnings);
                guard_done(contexts[i].guard);
                string_list_done(&contexts[i].vf_macs);
                rebinds_free(contexts[i].rebinds, contexts[i].n_rebinds);
                closep(&contexts[i].old_fd);
        }
        free(contexts);
}

/*
 * A name that nobody can have put a link at: programs that make the file open it as they like, and would write through
 * one. The number is in the list of leftovers before anything is made.
 */
static int name_trial(StepContext *c)
{
        uint32_t number;

        if (getrandom(&number, sizeof(number), 0) != sizeof(number))
                return negative_errno();
        return string_printf(&c->trial_path, "%s.%" PRIu32 TRIAL_SUFFIX, c->staged, number);
}

/* Another one for each step, which keeps what it found, also when two change the same file. 0; -ENOMEM. */
static int name_backup(StepContext *c, const StepContext *first)
{
        unsigned same = 0;

        for (const StepContext *other = first; other < c; other++)
                same += streq(other->staged, c->staged);
        return same > 0 ? string_printf(&c->backup_path, "%s.%u" BACKUP_SUFFIX, c->staged, same)
                        : string_printf(&c->backup_path, "%s" BACKUP_SUFFIX, c->staged);
}

/* The step's path. A link that an administrator has made of a file stays one; nobody has a reason to make one of what
 * is ptprep's own, and whoever does chooses what is written and removed. */
static int find_path(StepContext *c)
{
        const FileStep *file = step_file(c->step);
        const char *path = c->step->path, *text = file ? file->new_text ?: file->old_text : NULL;
        int rfd = c->options->rfd, r;
        struct stat st;

        if (!step_is_state(c->step) && !(text && startswith(text, GENERATED_MARK))) {
                r = root_follow(rfd, path, &c->path);
                return r < 0 ? step_failed(c, r, "%s: %s", path, strerror(-r)) : 0;
        }
        if (root_lstat(rfd, path, &st) >= 0 && S_ISLNK(st.st_mode))
                return step_failed(c, -ELOOP,
                                   "%s is a symbolic link, and ptprep changes no file of its own through one: remove "
                                   "it, and run ptprep again",
                                   path);
        return string_copy(path, &c->path);
}

static int contexts_init(const ApplyOptions *o, const Plan *p, StepContext *contexts, char **failure)
{
        for (size_t i = 0; i < p->n; i++)
                contexts[i] = (StepContext){ .options = o, .step = p->steps + i, .old_fd = -EBADF, .failure = failure };
        for (StepContext *c = contexts; c < contexts + p->n; c++) {
                int r = find_path(c);

                if (r >= 0)
                        r = step_is_loaded(c) ? staging_path(o->rfd, c->path, &c->staged)
                                              : string_copy(c->path, &c->staged);
                if (r >= 0)
                        r = name_backup(c, contexts);
                if (r >= 0)
                        r = name_trial(c);
                if (r >= 0 && c->step->kind == STEP_COMMAND)
                        r = string_printf(&c->far_path, NAME_STATE_DIR "%s" BACKUP_SUFFIX, strrchr(c->path, '/'));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int note(StepNotes *notes, size_t step, const char *text)
{
        StepNote *n = array_grow(&notes->items, notes->n);

        if (!n)
                return -ENOMEM;
        notes->n++;
        n->step = step;
        return string_copy(text, &n->text);
}

static bool may_stay(const Step *s)
{
        return s->kind == STEP_REBUILD_IMAGE ? s->image.may_stay
               : s->kind == STEP_COPY_IMAGE  ? s->copy.may_stay
               : s->kind == STEP_COMMAND     ? s->command.may_stay
                                             : s->kind == STEP_BOOLEAN;
}

/* After a failure of what boots and does no more harm than it did, or of what nothing of the host depends on: it is
 * left, and the plan goes on. */
static bool stays(StepContext *c, size_t step, int error, ApplyResult *result)
{
        Undo u = {};
        bool done = may_stay(c->step) && error != -EINTR && error != -ENOMEM && undo_one(c, &u, false) >= 0 &&
                    u.state != UNDO_FAILED && u.left.n == 0;

        undo_done(&u);
        if (!done || note(&result->left, step, *c->failure ?: strerror(-error)) < 0)
                return false;
        free(*c->failure);
        *c->failure = NULL;
        return true;
}

/*
 * Does a step make no sense after what was left out so far? What is remembered of images is what the next run goes by
 * when one of them stays as it is; a program that was to build one into its own needs that; and as long as a program's
 * work waits, so do the file that was made for it and the record, as after a power cut before it ran. A boolean that
 * was not taken back has nothing but its record behind it. 1; 0; -ENOMEM.
 */
static int follows_left_out(const StepContext *contexts, size_t step, ApplyResult *result)
{
        const Step *s = contexts[step].step;

        FOREACH_ARRAY(l, result->left.items, result->left.n) {
                const Step *left = contexts[l->step].step;
                bool command = left->kind == STEP_COMMAND;

                if (left->kind == STEP_BOOLEAN) {
                        if (remembers(s))
                                return note(&result->left, step, NULL) < 0 ? -ENOMEM : 1;
                        continue;
                }
                if (streq(s->path, NAME_IMAGE_STAMPS) ||
                    (command && (remembers(s) || (step_file(s) && step_file(s)->waits))))
                        return note(&result->left, step, NULL) < 0 ? -ENOMEM : 1;
                if (!command && l->text && may_stay(s) && s->kind == STEP_COMMAND &&
                    streq_null(step_release(left), s->command.release)) {
                        _cleanup_free_ char *why = NULL;

                        return string_printf(&why, "%s, which it is made of, could not be built", left->path) < 0 ||
                                               note(&result->left, step, why) < 0
                                       ? -ENOMEM
                                       : 1;
                }
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
        size_t n = 0, tried = 0;
        bool begun = false; /* until then the list, if there is one, is that of an interrupted run */
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
                        r = follows_left_out(contexts, n, &result);
                if (r == 0) {
                        tried = n + 1;
                        r = step_table[c->step->kind].do_step(c);
                        if (r < 0 && may_stay(c->step))
                                list_guarded(o->rfd, contexts, p->n);
                        if (r < 0 && stays(c, n, r, &result))
                                r = 0;
                        for (size_t i = 0; i < c->warnings.n && r >= 0; i++)
                                r = note(&result.warnings, n, c->warnings.items[i]);
                }
                c->done = r == 0;
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
        if (r < 0) {
                notes_done(&result.left);
                notes_done(&result.warnings);
                list_guarded(o->rfd, contexts, p->n);
                undo_some(contexts, tried, false, &result.roll_back);
                undo_some(contexts, tried, true, &result.roll_back);
        }
        if (begun)
                settle_all(o->rfd, contexts, p->n);
        if (begun)
                transaction_end(o->rfd, contexts, p->n, &result.roll_back);
        contexts_done(o->rfd, contexts, p->n);
        interrupt_end(&interrupt);
        result.n_done = r < 0 ? 0 : n;
        *ret = result;
        result = (ApplyResult){};
        return MIN(r, 0);
}

int apply_report(int rfd, const char *directory, const char *name, const char *text)
{
        _cleanup_free_ char *path = NULL, *present = NULL, *target = NULL;
        int r;

        if (string_printf(&path, "%s/%s", directory, name) < 0)
                return -ENOMEM;
        if (!text) {
                r = root_file_remove(rfd, path);
                return r == -ENOENT ? 0 : r;
        }
        if (root_readlink(rfd, path, &target) < 0 && root_read_text(rfd, path, &present) >= 0 && streq(present, text))
                return 0;
        r = root_mkdir_p(rfd, directory);
        if (r < 0)
                return r;
        return root_file_replace(rfd, path, text, strlen(text), 0644);
}

void apply_forget_reports(int rfd)
{
        static const char *const paths[] = { NAME_FAILED_PLAN,
                                             NAME_NETWORK,
                                             NAME_STATE_DIR "/" NAME_REPORT_JSON,
                                             NAME_STATE_DIR "/" NAME_REPORT_TEXT,
                                             NAME_RUN_DIR "/" NAME_REPORT_JSON,
                                             NAME_RUN_DIR "/" NAME_REPORT_TEXT };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                root_file_discard(rfd, paths[i]);
        FOREACH_ARRAY(place, reboots_places, ELEMENTSOF(reboots_places))
                root_file_discard(rfd, *place);
}
