/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "apply/step.h"
#include "model/rollback.h"

/*
 * NAME_TRANSACTION: what a run may leave behind, written before anything is changed and removed at its end, so that a
 * run after a power cut finds it. Its form is in model/transaction.h.
 */

/* Removes what a run has left behind. A directory with something in it is none of it, and stays. 0; negative errno. */
int leftover_remove(int rfd, const char *path) _must_check_;

/* At the end of all steps: removes the directories that were for what a step has made, would have made, or
 * cleaned up, see staging_tidy(). */
void leftovers_tidy(int rfd, const StepContext *c);

/* Removes the directories that held an original, as far as they are empty; NAME_ORIGINALS itself as well. 0 or negative
 * errno. */
int tidy_originals(int rfd, const char *original) _must_check_;

/* 0 or negative errno. */
int transaction_begin(int rfd, const StepContext *contexts, size_t n) _must_check_;

/**
 * transaction_end() - remove what is only in the way now
 * What holds the old bytes of a file that could not be put back stays, and the list tells of it. Where something cannot
 * be removed the list stays as well, and the next run goes by it.
 */
void transaction_end(int rfd, const StepContext *contexts, size_t n, const RollBack *roll_back);
