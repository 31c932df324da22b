/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "macro.h"

/*
 * NAME_TRANSACTION, a text of lines: "PATH" is to be removed when it is there, "kept OLD<tab>PATH<tab>IN_PLACE" holds
 * in OLD what PATH was before a change that failed, and could not be put back. IN_PLACE is what PATH was when that was
 * noted, see in_place_print(); older lists do not have it.
 */
typedef struct KeptFile {
        char *path, *old_at;
        char *in_place; /* NULL: not known */
} KeptFile;

typedef struct Transaction {
        StringList leftovers;
        KeptFile *kept;
        size_t n_kept;
} Transaction;

void transaction_done(Transaction *t);

/* Copies. 0 or -ENOMEM. */
int transaction_keep(Transaction *t, const char *path, const char *old_at, const char *in_place) _must_check_;

#define IN_PLACE_MAX 48

struct stat;

/* What stands at a path, to be known again: "-" for nothing (NULL), else size in bytes and time of its last change in
 * units of two seconds, as FAT has it and the kernel may have finer until it forgets: "1024:850000000". */
const char *in_place_print(const struct stat *st, char buf[static IN_PLACE_MAX]);

/* Is it something else than what was noted? @noted: NULL: nobody can tell, which is no. */
bool in_place_differs(const char *noted, const struct stat *st);

/* @text: NULL: there is none. A line of another form is left out. 0 or -ENOMEM. */
int transaction_parse(const char *text, Transaction *ret) _must_check_;

/* The text of the list, owned by the caller; NULL when memory is short. */
char *transaction_print(const Transaction *t);
