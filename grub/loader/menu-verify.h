/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/loader.h"

/* What a menu that a program has made anew may not lose against the one before it. Pure but for the question below. */

/* Is this file there? Asked for paths as the loader has them, and for the same below /boot. */
typedef struct MenuFiles {
        bool (*exists)(void *context, const char *path);
        void *context;
} MenuFiles;

/**
 * menu_verify() - hold the entries of a new menu against those of the old one
 * @old, @n_old: none: there was no menu. @new, @n_new: what is to take its place.
 *
 * The same kernel boots by default, with the same root=; each entry whose kernel is still there is in the new menu, and
 * kernels and images of the new menu are files. Entries of other systems, and what only the boot loader can tell, are
 * not judged. @ret_problem: half a sentence that says what is wrong, owned by the caller; set on 0 only.
 * Returns 1: the new menu may take the place of the old one; 0: it may not; -ENOMEM.
 */
int menu_verify(const BootEntry *old, size_t n_old, const BootEntry *new, size_t n_new, const MenuFiles *files,
                char **ret_problem) _must_check_;
