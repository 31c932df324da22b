/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "macro.h"

/* What became of the steps of a plan that failed: all that is said about putting back comes from here. */

typedef enum UndoState {
        UNDO_NOTHING, /* the step had changed nothing */
        UNDO_DONE,    /* all is as it was */
        UNDO_FAILED,  /* something is not as it was */
        _UNDO_STATE_MAX,
} UndoState;

const char *undo_state_to_string(UndoState s);

/* How one step was taken back. */
typedef struct Undo {
        UndoState state;
        char *path;      /* what the step was about */
        char *reason;    /* why it failed; NULL: it did not */
        char *old_at;    /* where the file lies that path was; NULL: it did not fail, there was none, or it is lost */
        StringList left; /* paths of what is not as it was and is no loss: what was not there before and may be somebody
                            else's or cannot be removed, ptprep's own state */
} Undo;

void undo_done(Undo *u);

typedef struct RollBack {
        Undo *items;
        size_t n;
        bool cut; /* memory was short: there may have been more to tell */
} RollBack;

void roll_back_done(RollBack *r);

/* Appends one, which is empty then. */
void roll_back_add(RollBack *r, Undo *u);

typedef enum RollBackOutcome {
        ROLL_BACK_WHOLE,  /* the machine is as it was */
        ROLL_BACK_LEFT,   /* what was there is as it was, and something new lies beside it */
        ROLL_BACK_FAILED, /* or nobody knows */
} RollBackOutcome;

RollBackOutcome roll_back_outcome(const RollBack *r);
