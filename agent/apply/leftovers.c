/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/leftovers.h"

#include "apply/guard.h"
#include "apply/staging.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "model/transaction.h"

/* Names of everything that one step could leave behind. */
static int step_leftovers(const StepContext *c, StringList *ret)
{
        _cleanup_free_ char *directory = path_directory(c->path);
        int r;

        if (step_is_fileless(c->step)) /* nothing is made beside it */
                return 0;
        if (c->step->kind == STEP_PUT_BACK)
                return string_list_add(ret, c->trial_path);
        r = directory ? string_list_addf(ret, "%s/.%s" TRIAL_SUFFIX, directory, strrchr(c->path, '/') + 1)
                      : -ENOMEM; /* of root_file_replace() */

        if (r >= 0)
                r = string_list_add(ret, c->trial_path);
        if (r >= 0)
                r = string_list_add(ret, c->backup_path);
        if (r >= 0 && c->far_path)
                r = string_list_add(ret, c->far_path);
        if (r >= 0 && c->guard)
                r = guard_leftovers(c->guard, ret);
        if (r >= 0 && c->step->kind == STEP_COMMAND && c->step->command.boot_root)
                r = string_list_add(ret, NAME_BOOT_ROOT);
        if (r >= 0 && c->step->kind == STEP_MKCONFIG) {
                _cleanup_free_ char *unfinished = step_unfinished_path(c);

                r = unfinished ? string_list_add(ret, unfinished) : -ENOMEM;
        }
        return r;
}

static int add_kept(int rfd, const RollBack *roll_back, Transaction *ret)
{
        FOREACH_ARRAY(u, roll_back->items, roll_back->n) {
                char in_place[IN_PLACE_MAX];
                struct stat st;
                int r = u->old_at ? root_lstat(rfd, u->path, &st) : 0;

                if (u->old_at)
                        r = transaction_keep(ret, u->path, u->old_at,
                                             r >= 0         ? in_place_print(&st, in_place)
                                             : r == -ENOENT ? in_place_print(NULL, in_place)
                                                            : NULL);

                if (r < 0)
                        return r;
        }
        return roll_back->cut ? -ENOMEM : 0;
}

/* What earlier runs could not put back, and this one has not put back yet. */
static int add_waiting(int rfd, const StepContext *contexts, size_t n, Transaction *ret)
{
        for (const StepContext *c = contexts; c < contexts + n; c++) {
                const char *from = c->step->kind == STEP_PUT_BACK ? c->step->put_back.from : NULL;
                struct stat st;
                int r = from && root_lstat(rfd, from, &st) >= 0
                                ? transaction_keep(ret, c->step->path, from, c->step->put_back.in_place)
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

static bool is_kept(const Transaction *t, const char *path)
{
        FOREACH_ARRAY(k, t->kept, t->n_kept)
                if (streq(k->old_at, path))
                        return true;
        return false;
}

static int add_leftovers(const StepContext *contexts, size_t n, Transaction *t)
{
        _cleanup_(string_list_done) StringList names = {};

        for (const StepContext *c = contexts; c < contexts + n; c++) {
                int r = step_leftovers(c, &names);

                if (r < 0)
                        return r;
        }
        FOREACH_ARRAY(name, names.items, names.n) {
                int r = is_kept(t, *name) ? 0 : string_list_add(&t->leftovers, *name);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Of no use unless the record tells of them. */
static int add_originals(const StepContext *contexts, size_t n, Transaction *t)
{
        for (const StepContext *c = contexts; c < contexts + n; c++) {
                int r = c->step->kind == STEP_KEEP_ORIGINAL ? string_list_add(&t->leftovers, c->path) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

static int transaction_write(int rfd, const Transaction *t)
{
        _cleanup_free_ char *text = transaction_print(t);
        int r = text ? root_mkdir_p(rfd, NAME_STATE_DIR) : -ENOMEM;

        return r < 0 ? r : root_file_replace(rfd, NAME_TRANSACTION, text, strlen(text), 0600);
}

int transaction_begin(int rfd, const StepContext *contexts, size_t n)
{
        _cleanup_(transaction_done) Transaction t = {};
        int r = add_waiting(rfd, contexts, n, &t);

        if (r >= 0)
                r = add_leftovers(contexts, n, &t);

        if (r >= 0)
                r = add_originals(contexts, n, &t);
        return r < 0 ? r : transaction_write(rfd, &t);
}

int tidy_originals(int rfd, const char *original)
{
        char *directory = path_directory(original);
        int r = directory ? 0 : -ENOMEM;

        while (directory && startswith(directory, NAME_ORIGINALS)) {
                char *up = NULL;

                r = root_rmdir(rfd, directory);
                if (r >= 0 || r == -ENOENT) { /* one that is gone may have an empty one around it */
                        up = path_directory(directory);
                        r = up ? 0 : -ENOMEM;
                }
                free(directory);
                directory = up;
        }
        free(directory);
        return r == -ENOTEMPTY ? 0 : r;
}

int leftover_remove(int rfd, const char *path)
{
        int r = streq(path, NAME_BOOT_ROOT) ? root_remove_tree(rfd, path) : root_file_remove(rfd, path);

        if (r == -EISDIR)
                r = root_rmdir(rfd, path);
        return r == -ENOENT || r == -ENOTDIR || r == -ENOTEMPTY || r == -EEXIST ? 0 : r;
}

void leftovers_tidy(int rfd, const StepContext *c)
{
        _cleanup_(transaction_done) Transaction t = {};

        if (c->staged)
                staging_tidy(rfd, c->staged);
        if ((c->step->kind == STEP_CLEAN_UP && transaction_parse(c->step->clean_up.names, &t) < 0) ||
            (c->guard && guard_leftovers(c->guard, &t.leftovers) < 0))
                return;
        FOREACH_ARRAY(path, t.leftovers.items, t.leftovers.n)
                staging_tidy(rfd, *path);
}

/* Returns whether all of them are gone. */
static bool remove_leftovers(int rfd, const StepContext *contexts, size_t n, const StringList *names)
{
        bool clean = true;

        FOREACH_ARRAY(name, names->items, names->n)
                clean &= leftover_remove(rfd, *name) >= 0;
        for (const StepContext *c = contexts; c < contexts + n; c++)
                if (c->step->kind == STEP_KEEP_ORIGINAL)
                        clean &= tidy_originals(rfd, c->path) >= 0;
        return clean;
}

void transaction_end(int rfd, const StepContext *contexts, size_t n, const RollBack *roll_back)
{
        _cleanup_(transaction_done) Transaction t = {};
        bool clean;

        if (add_kept(rfd, roll_back, &t) < 0 || add_leftovers(contexts, n, &t) < 0)
                return;
        clean = remove_leftovers(rfd, contexts, n, &t.leftovers);
        if (clean && t.n_kept == 0) {
                root_file_discard(rfd, NAME_TRANSACTION);
                return;
        }
        if (clean)
                string_list_done(&t.leftovers);
        /* where it cannot be written, the list of the beginning stays */
        if (t.n_kept > 0 && transaction_write(rfd, &t) < 0)
                errno = 0;
}
