/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/cmdline.h"
#include "grub/format/ownership.h"
#include "model/plan.h"

/*
 * Where the words of a boot loader specification entry live: a row of the table in words-home.c. The edit of entries
 * goes through the rows, and what it did is recorded with the row's format and variable, under the path of the file.
 * What looks at the result needs no row: it evaluates what each entry boots with, wherever the words came from
 * (bls_arguments()); and giving back asks the record's format (ownership.h). Pure.
 */

#define BLS_KERNELOPTS "kernelopts"

typedef struct WordsHome WordsHome;
struct WordsHome {
        const OwnedFormat *format;
        const char *variable; /* of the environment block, taken by entries with $NAME; NULL: literal in the entry */
        /* The words that live here in the text of a file; variables in them stay as they are. Owned by the caller. */
        int (*read)(const WordsHome *h, const char *text, char **ret);
        /* @base: what options begin with that have to be made; NULL: nothing. Else as words_home_edit(). */
        int (*edit)(const WordsHome *h, const char *text, const CmdlineEdit *edit, const char *base, char **ret,
                    char **reterr_problem);
};

typedef enum WordsHomeKind {
        WORDS_KERNELOPTS,
        WORDS_LITERAL,
        _WORDS_HOME_MAX,
} WordsHomeKind;

/* What many entries share comes first: what it gives them need not be added to each. */
extern const WordsHome words_homes[_WORDS_HOME_MAX];

/**
 * words_home_edit() - change the words that live in a text
 * @words: gets what was added and removed, with the home's variable as the place. @ret: the new text, owned by the
 * caller; equal to the old one where there is nothing to do.
 * @reterr_problem: as for grubenv_edit(); may be NULL.
 * Returns 0; as bls_edit() or grubenv_edit().
 */
int words_home_edit(const WordsHome *h, const char *text, const CmdlineEdit *edit, const char *base, PlanWords *words,
                    char **ret, char **reterr_problem) _must_check_;
