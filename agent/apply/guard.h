/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "apply/step.h"

/*
 * What boot loaders read, held against what they read before a program of the platform ran. Such a program makes one
 * entry and may do to the others what it likes.
 */

typedef struct Guard Guard;

/**
 * guard_new() - look at all entries, and hold on to their files
 * What is made of whole deployments (OSTree, bootc) is left out: each change makes a new one there, and older ones go.
 * @ret: released with guard_done(). 0 or -ENOMEM.
 */
int guard_new(StepContext *c, Guard **ret) _must_check_;

void guard_done(Guard *g);

/* Has nothing been lost, see menu_verify()? 0; -EPROTO with the failure told; other negative errno. */
int guard_verify(StepContext *c, const Guard *g) _must_check_;

/**
 * guard_put_back() - give the files of the entries, but the step's own, their places and bytes again
 * With what they had beside their bytes. Text is kept in memory, images are held open: one that is removed comes back;
 * one that is written into does not, and that is an error: nobody keeps copies of all images for a program that has no
 * business there. 0; negative errno: something is not as it was, with its path and the reason in @u.
 */
int guard_put_back(StepContext *c, const Guard *g, Undo *u) _must_check_;

/* Adds the names that guard_put_back() makes files under. 0 or -ENOMEM. */
int guard_leftovers(const Guard *g, StringList *ret) _must_check_;
