/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/ownership.h"
#include "grub/format/shell-assign.h"

/*
 * Kernel arguments in a file that grub-mkconfig sources, /etc/default/grub or a drop-in: where words stand in its text,
 * what ptprep writes into it, and how that comes out again. Pure. Every edit keeps all other bytes.
 */

/* Feeds recovery entries too: nothing is ever added to it. */
#define VAR_ALL        "GRUB_CMDLINE_LINUX"
/* Stands behind it in normal entries (GRUB util/grub.d/10_linux.in). */
#define VAR_NORMAL     "GRUB_CMDLINE_LINUX_DEFAULT"
/* Where they are not empty, they take the places of the two above in entries that boot Linux under Xen
 * (util/grub.d/20_linux_xen.in). */
#define VAR_XEN_ALL    "GRUB_CMDLINE_LINUX_XEN_REPLACE"
#define VAR_XEN_NORMAL "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT"

/* Files that are loaded in front of each image, behind microcode, if they lie beside the kernel
 * (util/grub.d/10_linux.in). */
#define VAR_EARLY      "GRUB_EARLY_INITRD_LINUX_CUSTOM"

/* Puts other bytes in the place of start to end of a file. 0 or -ENOMEM. */
int grub_default_splice(LoaderFile *f, size_t start, size_t end, const char *text) _must_check_;

/* Where a word stands in the raw text of an assignment. */
bool grub_default_find_word(const LoaderFile *f, const Assignment *a, const char *word, size_t *ret_start,
                            size_t *ret_end);

/**
 * grub_default_find_contradiction() - look for a word that contradicts in the raw text of an assignment
 * @remove: as for karg_without(). @ret_start, @ret_end: bytes in the text. @ret_left: what stays of it, owned by the
 * caller; NULL: nothing. Returns 1: found; 0: not; -ENOMEM.
 */
int grub_default_find_contradiction(const LoaderFile *f, const Assignment *a, const char *remove, size_t *ret_start,
                                    size_t *ret_end, char **ret_left) _must_check_;

/* Puts what is left in the place of a word; NULL: it goes away with one blank beside it. 0 or -ENOMEM. */
int grub_default_replace_word(LoaderFile *f, const Assignment *a, size_t start, size_t end,
                              const char *left) _must_check_;

/* Adds words behind those of one assignment: inside its quotes, else in quotes of their own. 0 or -ENOMEM. */
int grub_default_append_to(LoaderFile *f, const Assignment *a, const char *words) _must_check_;

/* One more assignment behind all others of a file. 0; -ENOTSUP: a backslash would join it to the last line; -ENOMEM. */
int grub_default_append_line(LoaderFile *f, const char *variable, const char *words) _must_check_;

/* The words for one variable, separated by blanks; owned by the caller, NULL when memory is short. */
char *grub_default_join(const OwnedWords *words, const char *variable);

/* The text of a drop-in that adds these words, their places being variables; owned by the caller. 0 or -ENOMEM. */
int grub_default_render_drop_in(const OwnedWords *words, char **ret) _must_check_;

/* Is a word that ptprep added still at its place in this text? Returns 1, 0 or -ENOMEM. */
int grub_default_still_has(const char *text, const OwnedWord *word) _must_check_;
