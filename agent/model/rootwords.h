/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * What a kernel command line says of where the root file system is, as one word to be compared: a claim list has it,
 * and the claim helper asks whether the kernel that boots is told the same. Needs nothing but libc.
 *
 * Sources: Linux Documentation/admin-guide/kernel-parameters.txt (root=, nfsroot=), dracut.cmdline(7) (netroot=),
 * nbdroot= of Debian's nbd-client.
 */

#define ROOT_WORDS_MAX 64 /* bytes of it, without its NUL */

enum {
        ROOT_WORD_ROOT,
        ROOT_WORD_NETROOT,
        ROOT_WORD_NFSROOT,
        ROOT_WORD_NBDROOT,
        _ROOT_WORD_MAX,
};

typedef struct RootWords {
        const char *values[_ROOT_WORD_MAX]; /* quotes in them say nothing; NULL: there is no such word */
} RootWords;

/* Looks at one word of the command line. The last one of a key counts. @word: must outlive @w. */
void root_words_take(RootWords *w, const char *word);

/*
 * "UUID=5ca1...", "/dev/nfs;nfsroot=192.0.2.1:/srv/root"; "-": none of the words is there. Of a ZFS root only the pool:
 * each boot environment has another name, and all are on the same disks. What is longer than ROOT_WORDS_MAX is its
 * hash.
 */
void root_words_print(const RootWords *w, char ret[static ROOT_WORDS_MAX + 1]);

/* Is, or may, what root_words_print() has made of them be the root of another machine? */
bool root_words_remote(const char *printed);
