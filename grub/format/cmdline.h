/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/kargs.h"
#include "model/record.h"

/*
 * Kernel arguments as they stand in a larger text: the options of a boot entry, a kernel line, /etc/kernel/cmdline.
 * Every edit keeps all other bytes. Words are told apart as in the kernel (lib/cmdline.c, next_arg()): blanks inside
 * double quotes do not separate.
 */

typedef enum CmdlineFlags {
        CMDLINE_BEHIND_KEY = 1 << 0, /* a key stands right before the text: a first word needs a blank in front */
        CMDLINE_BACKSLASH = 1 << 1,  /* a backslash before a newline joins lines, as in GRUB legacy's menu */
        CMDLINE_COMMENTS = 1 << 2,   /* a line that begins with '#' has no words: some readers of /etc/kernel/cmdline
                                        leave it out, and the others hand its words to the kernel */
} CmdlineFlags;

/* One edit; each list may be NULL. Done in this order. */
typedef struct CmdlineEdit {
        const Kargs *take;   /* exactly these words go, one of each, the last one first found from the end */
        const Kargs *remove; /* what contradicts goes, as for karg_without() */
        const Kargs *add;    /* these go behind all other words, whether they are there or not */
} CmdlineEdit;

/**
 * cmdline_edit() - the text with other words in it
 * @text: nothing but arguments and blanks (newlines too). Words behind "--" are for init: they are not looked at, and
 * new words go in front of it.
 * @ret: the new text, owned by the caller; equal to the old one where there is nothing to do.
 * Words that were added and are taken again leave the bytes of before.
 * Returns 0; -ENOTSUP: a double quote is never closed, so that words cannot be told apart; -ENOMEM.
 */
int cmdline_edit(const char *text, unsigned flags, const CmdlineEdit *edit, char **ret) _must_check_;

/**
 * cmdline_record() - what an edit has done to a text, for the record
 * @add: what it added; NULL: nothing. What is left of a word that lost a part is nobody's, so that is not to be found
 * by comparing.
 * @added, @removed: appended to with this place; removed are the words that only the text of before has. Returns as
 * cmdline_edit().
 */
int cmdline_record(const char *before, const char *after, unsigned flags, const Kargs *add, const char *place,
                   OwnedWords *added, OwnedWords *removed) _must_check_;

/**
 * cmdline_want() - a text of arguments brought to what is wanted
 * @add, @remove: as in LoaderEdit; a word that counts already is not added again.
 * @added, @removed: what was done, appended with this place; what is left of a word that lost a part is nobody's.
 * @ret: as for cmdline_edit(), and so are the errors.
 */
int cmdline_want(const char *text, unsigned flags, const Kargs *add, const Kargs *remove, const char *place,
                 OwnedWords *added, OwnedWords *removed, char **ret) _must_check_;

/**
 * kargs_missing() - which of the wanted words does a kernel not have yet?
 * A word that is there and counts (see loader_entry_fine()) is not wanted twice. @ret: appended to. 0 or -ENOMEM.
 */
int kargs_missing(const Kargs *present, const Kargs *wanted, Kargs *ret) _must_check_;

/* Text with @with in the place of the bytes from start to end; owned by the caller, NULL when memory is short. */
char *text_splice(const char *text, size_t start, size_t end, const char *with);
