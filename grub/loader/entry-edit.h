/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/bls.h"
#include "grub/loader/loaders.h"

/* Edits of files that hold a command line as text, and what of them is ptprep's. All of this is pure. */

/**
 * plan_entry() - bring the options of a type 1 entry to what is wanted, where systemd-boot is the reader
 * And the images that it loads: LoaderEdit.early lies in the root directory of the entry's partition.
 * @text: of the file as it was read. @subject: name of the file in the record; NULL: its path.
 * Returns 0; as loader_edit().
 */
int plan_entry(Plan *plan, const LoaderEdit *want, const char *path, const char *subject,
               const char *text) _must_check_;

/**
 * entry_edit_early() - the claim image in front of the others of an entry
 * @path: as the entry has to name it; NULL: its line goes, whoever wrote that, since the file is ptprep's. @words: get
 * what is added. @text: edited in place. 0 or -ENOMEM.
 */
int entry_edit_early(const char *path, BlsReader reader, PlanWords *words, char **text) _must_check_;

/**
 * plan_entry_edit() - as plan_edit(), for an entry that can boot
 * The record learns nothing of a line that only goes from an entry that it does not know, such as that of a later
 * kernel.
 */
int plan_entry_edit(Plan *plan, const LoaderEdit *want, const char *path, const char *old, const char *text,
                    const PlanWords *words) _must_check_;

/**
 * plan_inherited() - take words that are not wanted any more out of entries that were made with them
 * The entry of a kernel that was installed after ptprep had come got its words from /etc/kernel/cmdline, or from the
 * arguments of the boot in which it was made, and no record tells of it. One that has ptprep.claim=1 loses what the
 * record has of the place that they come from; one without it is somebody else's. Comes before other edits of the same
 * files. The record learns nothing of this: there is nothing to give back.
 * Returns 0; as loader_edit().
 */
int plan_inherited(const Loader *l, const LoaderEdit *want, Plan *plan) _must_check_;

/**
 * plan_cmdline() - the same for a file of arguments, e.g. /etc/kernel/cmdline
 * @text: NULL: the file is not there. @base: words of others that a new file begins with; only looked at then, and
 * without any no file is made. @first_line: only the first line counts for whoever reads the file.
 */
int plan_cmdline(Plan *plan, const LoaderEdit *want, const char *path, const char *text, const Kargs *base,
                 bool first_line) _must_check_;
