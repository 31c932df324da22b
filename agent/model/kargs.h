/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "macro.h"

/*
 * Kernel arguments: an ordered list of words. Blanks inside double quotes do not separate (Linux lib/cmdline.c,
 * next_arg()); words keep their quotes, so that printing gives back what was read.
 */
typedef struct Kargs {
        StringList words;
} Kargs;

void kargs_done(Kargs *k);

/* Splits a command line. What follows a word "--" is for init, and is kept but never matched. 0 or -ENOMEM. */
int kargs_parse(const char *s, Kargs *ret) _must_check_;

/* The words with single blanks; owned by the caller, NULL when memory is short. */
char *kargs_print(const Kargs *k);

/* Is this very word there ("intel_iommu=on")? '-' and '_' are equal in the key, as in the kernel (parameq()). */
bool kargs_has(const Kargs *k, const char *word);

/**
 * kargs_next() - values of a key, in order
 * @from: index to start at, 0 first; set behind the match.
 * Returns the text behind "KEY=" as it stands, quotes included, "" for the bare key, or NULL: no more.
 */
const char *kargs_next(const Kargs *k, const char *key, size_t *from);

/**
 * karg_without() - take a contradiction out of one word
 * @word: e.g. "iommu=pt,off". @remove: "KEY=VALUE", e.g. "iommu=off"; VALUE is compared by prefix with each member of
 * the comma list, as the kernel's parsers of these keys do. Quotes in the word are not part of the value (Linux
 * lib/cmdline.c, next_arg()).
 * @ret: what is left of the word ("iommu=pt"), NULL when nothing is; quoted anew where there is a blank in it, so that
 * it is one word still; owned by the caller; set on 1 only. NULL: do not build it.
 * Returns 1: the word had it; 0: it had not; -ENOMEM.
 */
int karg_without(const char *word, const char *remove, char **ret) _must_check_;

/* How many of the words are for the kernel: what follows "--" is for init. */
size_t kargs_of_kernel(const Kargs *k);

/* The text behind "KEY=" of one word, with its quotes; NULL: it has another key, or none with a value. */
const char *karg_value(const char *word, const char *key);

/**
 * karg_next_member() - the members of a value that is a comma list
 * @p: the value first, moved behind the member. @ret, @ret_size: the member, which is not terminated; quotes are no
 * part of any. Returns false: there is no more.
 */
bool karg_next_member(const char **p, const char **ret, size_t *ret_size);

/* Letters, digits and _.,:=/@+- only: a word that means itself to a shell, to GRUB and to modprobe. */
bool karg_is_plain(const char *word);
