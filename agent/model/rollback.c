/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rollback.h"

#include "table.h"

static const char *const undo_state_table[_UNDO_STATE_MAX] = {
        [UNDO_NOTHING] = "nothing",
        [UNDO_DONE] = "put-back",
        [UNDO_FAILED] = "failed",
};

DEFINE_STRING_TO(undo_state, UndoState)

void undo_done(Undo *u)
{
        free(u->path);
        free(u->reason);
        free(u->old_at);
        string_list_done(&u->left);
        *u = (Undo){};
}

void roll_back_done(RollBack *r)
{
        FOREACH_ARRAY(u, r->items, r->n)
                undo_done(u);
        free(r->items);
        *r = (RollBack){};
}

void roll_back_add(RollBack *r, Undo *u)
{
        Undo *new = array_grow(&r->items, r->n);

        if (!new) {
                r->cut = true;
                undo_done(u);
                return;
        }
        r->n++;
        *new = *u;
        *u = (Undo){};
}

RollBackOutcome roll_back_outcome(const RollBack *r)
{
        RollBackOutcome outcome = r->cut ? ROLL_BACK_FAILED : ROLL_BACK_WHOLE;

        FOREACH_ARRAY(u, r->items, r->n) {
                if (u->state == UNDO_FAILED)
                        return ROLL_BACK_FAILED;
                if (u->left.n > 0 && outcome == ROLL_BACK_WHOLE)
                        outcome = ROLL_BACK_LEFT;
        }
        return outcome;
}
