/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/record.h"

/* Taking back what ptprep did, and nothing else. All of this is pure. */

/*
 * How ptprep's words stand in a kind of file. A new format: a row of the table in ownership.c, its functions in the
 * file of its loader.
 */
typedef struct OwnedFormat {
        const char *name; /* as the record has it */
        /*
         * Takes exactly these words out of a text, each once for each time it is listed and only at its place. A word
         * that is not there any more is no fault: somebody else took it out already.
         * @ret: the whole new text, owned by the caller; NULL: nothing is left that anybody else wrote, so a file that
         * ptprep made goes away. Returns 0; -ENOMEM; -ENOTSUP: the text cannot be understood any more.
         */
        int (*take_out)(const char *text, const OwnedWords *words, char **ret);
} OwnedFormat;

extern const OwnedFormat owned_whole;        /* everything in it is ptprep's, whoever wrote it: the claim list */
extern const OwnedFormat owned_lines;        /* words are whole lines: files that ptprep generates for others to read */
extern const OwnedFormat owned_cmdline;      /* kernel arguments and nothing else: /etc/kernel/cmdline */
extern const OwnedFormat owned_bls;          /* boot loader specification entries: their options */
extern const OwnedFormat owned_grubenv;      /* GRUB's environment block; places are names of variables */
extern const OwnedFormat owned_grub_legacy;  /* grub.conf, menu.lst; places as LegacyEntry.place, or "# NAME" */
extern const OwnedFormat owned_grub_default; /* /etc/default/grub and its drop-ins; places are names of variables */

/* NULL: none of that name (a record of another version). */
const OwnedFormat *owned_format(const char *name);

/* Is the other word at every place that has this one? What ptprep adds together is found together. */
bool owned_words_beside(const OwnedWords *words, const char *word, const char *other);

/* How a file that was changed stands now. */
typedef enum OwnedState {
        OWNED_AS_WRITTEN, /* the bytes that ptprep wrote: the original goes back to the byte */
        OWNED_ORIGINAL,   /* the original's bytes: never changed, or given back already */
        OWNED_EDITED,     /* somebody else edited it since: only ptprep's words go */
        OWNED_GONE,       /* removed by somebody else */
        OWNED_UNKNOWN,    /* not readable, of an unknown format, or the original is lost and the words are gone */
} OwnedState;

/**
 * owned_base() - what a file would be without ptprep
 * @f: with what the prober read beside the record.
 * @ret: owned by the caller; NULL: no file. Set for all states but OWNED_UNKNOWN.
 * Returns 0 or -ENOMEM.
 */
int owned_base(const RecordFile *f, OwnedState *ret_state, char **ret) _must_check_;

/**
 * owned_left() - which of these words are still at their places in a text
 * @text: NULL: none. @ret: appended to. Returns 0; -ENOMEM; -ENOTSUP: unknown format, or not to be understood.
 */
int owned_left(const char *format, const char *text, const OwnedWords *words, OwnedWords *ret) _must_check_;
