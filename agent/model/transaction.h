/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "macro.h"

/*
 * NAME_TRANSACTION, a text of lines: "PATH" is to be removed when it is there, "kept OLD<tab>PATH" holds in OLD what
 * PATH was before a change that failed, and could not be put back.
 */
typedef struct KeptFile {
        char *path, *old_at;
} KeptFile;

typedef struct Transaction {
        StringList leftovers;
        KeptFile *kept;
        size_t n_kept;
} Transaction;

void transaction_done(Transaction *t);

/* Copies. 0 or -ENOMEM. */
int transaction_keep(Transaction *t, const char *path, const char *old_at) _must_check_;

/* @text: NULL: there is none. A line of another form is left out. 0 or -ENOMEM. */
int transaction_parse(const char *text, Transaction *ret) _must_check_;

/* The text of the list, owned by the caller; NULL when memory is short. */
char *transaction_print(const Transaction *t);
