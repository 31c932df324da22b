/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/loader/bls-place.h"
#include "grub/loader/loaders.h"

/*
 * Images in front of those that boot loader specification entries name, where GRUB is the reader. Two ways:
 *
 * - Red Hat's GRUB has the variable early_initrd: files that lie beside the image of an entry, or else beside its
 *   kernel, in front of that of every entry (Fedora's grub-core/commands/blscfg.c, create_entry()).
 * - Every GRUB loads all that the lines "initrd" of an entry name, in their order, and takes the paths as they stand
 *   there, from the root of its own $root (2.14 grub-core/commands/blsuki.c, bls_get_initrd(), which knows no variable;
 *   blscfg.c as well).
 */

/**
 * bls_read_early_variable() - has this GRUB the variable, and may it be set in the environment block?
 * Before the block is read: what grub.cfg sets beats that. Sets early_variable, and early_directory. 0 or -ENOMEM.
 */
int bls_read_early_variable(int rfd, const BlsPlace *place, Loader *l) _must_check_;

/* What the variable names comes before what the entry itself has. 0 or -ENOMEM. */
int bls_add_early(const Loader *l, BootEntry *e) _must_check_;

/* Without the variable: can a line in each entry name what lies in /boot? Sets early_directory then. 0 or -ENOMEM. */
int bls_find_early_directory(int rfd, Loader *l) _must_check_;

/**
 * bls_early_path() - the wanted image, as a line of this entry has to name it
 * @ret: owned by the caller; untouched where there is to be no line: none is wanted, GRUB has the variable, or the
 * entry has no image that it would be in front of. 0 or -ENOMEM.
 */
int bls_early_path(const Loader *l, const LoaderEdit *want, const BootEntry *e, char **ret) _must_check_;

/* All is taken back: no entry may name the file that goes, such as one that somebody has copied. 0 or -ENOMEM. */
int bls_drop_early_lines(const Loader *l, const LoaderEdit *want, Plan *plan) _must_check_;

/* The claim image in the variable, as LoaderOps.edit: behind the edit of the entries. */
int bls_plan_early_variable(const Loader *l, const LoaderEdit *want, Plan *plan) _must_check_;

/* As LoaderOps.early_obstacle. */
const char *bls_early_obstacle(const Loader *l);
