/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/loader/grub-draft.h"

/* What the entries that grub-mkconfig generates get from the files that it sources. Pure. */

/* One kind of entries. Each takes its arguments from two variables, one after the other. */
typedef struct GrubTarget {
        const char *all, *normal;
        const char *all_instead, *normal_instead; /* taken where they are not empty; NULL: none */
} GrubTarget;

#define GRUB_TARGETS 2U /* Linux, and Linux below Xen (util/grub.d/10_linux.in, 20_linux_xen.in) */
extern const GrubTarget grub_targets[GRUB_TARGETS];

/*
 * Does any of the files assign this variable, where a shell may or may not come by? Behind what only a shell can follow
 * no variable is known, and one that nobody means to set must not come into being by adding to it.
 */
bool draft_assigns(const Draft *d, const char *name);

/**
 * grub_target_arguments() - the command line of the normal entries of one kind
 * @ret_normal: the variable that its last words come from. @ret_known: false where only a shell could tell.
 * Returns 0 or -ENOMEM.
 */
int grub_target_arguments(const Draft *d, const GrubTarget *t, Kargs *ret, const char **ret_normal,
                          bool *ret_known) _must_check_;

/**
 * draft_arguments() - the command line of a normal entry as these files make it
 * @ret_known: false where only a shell could tell; may be NULL. 0 or -ENOMEM.
 */
int draft_arguments(const Draft *d, Kargs *ret, bool *ret_known) _must_check_;
