/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/planner.h"
#include "grub/loader/loaders.h"
#include "model/names.h"
#include "probe/probe.h"
#include "tree.h"

/* Edits of the files of a tree's boot loaders, planned as ptprep plans them, with a record that is kept in the tree. */

/* The claim image is wanted, and is there. */
static bool edit_in_claim_image;

static inline Kargs words(const char *s)
{
        Kargs k = {};

        assert_int_equal(kargs_parse(s, &k), 0);
        return k;
}

static inline bool is_bookkeeping(const Step *s)
{
        return s->kind == STEP_RECORD || s->kind == STEP_KEEP_ORIGINAL;
}

/**
 * edit_plan() - what ptprep would do to the boot loaders of a tree
 * @add, @remove: kernel arguments as in LoaderEdit; both empty: everything is taken back. @ret: released by the caller.
 * Returns 0; -ENOTSUP when it refuses.
 */
static inline int edit_plan(const Tree *t, const char *add, const char *remove, Plan *ret)
{
        _cleanup_(finding_list_done) FindingList findings = {};
        _cleanup_(facts_done) Facts facts;
        Wanted wanted = { .add = words(add), .remove = words(remove) };
        Config config = { .enabled = true };
        const Probe probe = { .rfd = t->rfd, .cfg = &config };
        int r;

        facts_init(&facts);
        assert_int_equal(probe_loader(&probe, &facts), 0);
        assert_int_equal(probe_record(&probe, &facts), 0);
        assert_int_equal(facts.record_known, TRISTATE_YES);
        if (edit_in_claim_image) {
                facts.claim_image = (ClaimImage){ .exists = TRISTATE_YES, .hash = 1 };
                FOREACH_ARRAY(l, facts.loaders, facts.n_loaders)
                        facts.claim_image.addon |= l->early_addon;
                wanted.in_claim_image = true;
                wanted.claim_image = 1;
        }
        r = plan_compute(&(const Judgement){ &config, &facts, &wanted }, &findings, ret);
        kargs_done(&wanted.add);
        kargs_done(&wanted.remove);
        assert_int_equal(r, 0);
        return finding_worst(&findings) == RESULT_BLOCKED ? -ENOTSUP : 0;
}

/* Puts the files of a plan in place, as far as the first n steps go. What a program would make is not made. */
static inline void edit_put(const Tree *t, const Plan *p, size_t n)
{
        FOREACH_ARRAY(s, p->steps, n) {
                const FileStep *file = step_file(s);
                const char *text = file ? file->new_text : is_bookkeeping(s) ? s->state.text : NULL;
                _cleanup_free_ char *path = NULL;

                if (!file && !is_bookkeeping(s))
                        continue;
                assert_int_equal(root_follow(t->rfd, s->path, &path), 0);
                if (text)
                        tree_file(t, path, text);
                else
                        assert_int_equal(root_file_remove(t->rfd, s->path), 0);
        }
}

/* Both in one. Returns how many steps there were besides the bookkeeping; 0 also when it was refused as expected. */
static inline size_t edit(const Tree *t, const char *add, const char *remove, int expected)
{
        _cleanup_(plan_done) Plan p = {};
        size_t n = 0;

        assert_int_equal(edit_plan(t, add, remove, &p), expected);
        if (expected < 0)
                return 0;
        edit_put(t, &p, p.n);
        FOREACH_ARRAY(s, p.steps, p.n)
                n += !is_bookkeeping(s);
        return n;
}
