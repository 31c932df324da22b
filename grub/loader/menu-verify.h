/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/loader.h"

/* What a program that makes boot entries may not lose against those before it, for all boot loaders. Pure but for the
 * question below. */

/* Is this file there? Asked for paths as the loader has them, and for the same below /boot. */
typedef struct MenuFiles {
        bool (*exists)(void *context, const char *path);
        void *context;
} MenuFiles;

/**
 * menu_verify() - hold the entries of a new menu against those of the old one
 * @old, @n_old: none: there was no menu. @new, @n_new: what is to take its place.
 *
 * The same kernel boots by default, with the same root=, as directly as before and in no rescue entry or one of another
 * system; each entry whose kernel is still there, or that is an image of its own, is in the new menu, with an initramfs
 * if it had one; and kernels and images of the new menu are files, but for names that the old one had as well. Entries
 * of other systems, and what only the boot loader can tell, are not judged. @ret_problem: half a sentence that says
 * what is wrong, owned by the caller; set on 0 only. Returns 1: the new menu may take the place of the old one; 0: it
 * may not; -ENOMEM.
 */
int menu_verify(const BootEntry *old, size_t n_old, const BootEntry *new, size_t n_new, const MenuFiles *files,
                char **ret_problem) _must_check_;

/* Titles of the old menu that are not in the new one, but for entries that menu_verify() judges: those of other
 * systems, and what boots none. Appended to @ret. 0 or -ENOMEM. */
int menu_lost(const BootEntry *old, size_t n_old, const StringList *before, const StringList *after,
              StringList *ret) _must_check_;
