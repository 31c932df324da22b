/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/grub-default.h"
#include "grub/loader/loaders.h"

/*
 * An edit of the kernel arguments in the files that grub-mkconfig sources, /etc/default/grub and its drop-ins: which
 * words are missing, and which file gets them. Pure.
 */

/* Texts that an edit works on, and what it has done to each of them. */
typedef struct Draft {
        ShellDialect dialect;
        LoaderFile *files;
        PlanWords *words;
        size_t n;
} Draft;

void draft_done(Draft *d);
/* Copies. 0 or -ENOMEM. */
int draft_add(Draft *d, const char *path, const char *text) _must_check_;
bool draft_has(const Draft *d, const char *path);

/* z-ptprep.cfg, zz-ptprep.cfg, zzz-ptprep.cfg, ...: ours, whatever it took to sort last when it was written. */
#define DROP_IN_SUFFIX "-ptprep.cfg"
bool is_own_drop_in(const char *path);

/**
 * draft_edit() - change the words as an edit wants them
 * @drop_in: path of ptprep's own drop-in; NULL: the platform sources none, so words go to where others have written.
 * @ret_drop_in: its text, owned by the caller; NULL: none is needed. @ret_words: the words in it.
 * Returns 0; -ENOTSUP, with want->reason; -ENOMEM.
 */
int draft_edit(Draft *d, const LoaderEdit *want, const char *drop_in, char **ret_drop_in,
               OwnedWords *ret_words) _must_check_;
