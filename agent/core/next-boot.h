/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/finding.h"

/* What will boot, and what it has of what is wanted: asked by checks, planner and report alike. */

/* Of all images of a kernel, the worst. */
ImageState image_state(const Judgement *j, const KernelRelease *k);
ImageState image_content_state(const Judgement *j, const ImageContent *c);

/* The first image of a kernel that is not as it has to be, else the last; NULL: there is none at all. @ret_path: its
 * path, NULL where none is known; of the facts. */
const ImageContent *image_worst(const Judgement *j, const KernelRelease *k, const char **ret_path);

/* Is every image of every kernel that can claim as it has to be, or the claim image and what loads it? */
bool images_current(const Judgement *j);

/* Name of the wanted driver that this kernel does not have, so that it cannot claim whatever is in its image; NULL: it
 * has all. */
const char *kernel_missing_driver(const Judgement *j, const KernelRelease *k);

/*
 * Does it matter what this entry has? One that is left alone does not, unless it is what boots when nobody chooses
 * another one. Entries of other systems on the same disk are theirs.
 */
bool entry_counts(const BootEntry *e);

/* Is this word in an entry, as far as can be told? */
bool entry_has_word(const Judgement *j, const BootEntry *e, const char *word);

/* Is the vendor's argument in an entry as it has to be? @ret_word: the one that decides, of the entry; may be NULL. */
bool entry_iommu_fine(const Judgement *j, const BootEntry *e, const char **ret_word);

/* Will it be, once the word that makes sure of the IOMMU stands behind what is built into its kernel? 1; 0; -ENOMEM. */
int entry_fine_when_added(const Judgement *j, const BootEntry *e);

/* That, and all other arguments that are wanted. */
bool entry_has_arguments(const Judgement *j, const BootEntry *e);

/* The value of the last ptprep= of an entry, where that is "off"; NULL: it is not. */
const char *entry_switched_off(const BootEntry *e);

/*
 * The boot loader that is told to take another entry in the next boot alone, and that entry has not what is wanted: no
 * reboot makes it true then. NULL: none. @ret: that entry; NULL: it is none that boots Linux, as far as can be seen.
 */
const Loader *boot_once_lacks(const Judgement *j, const BootEntry **ret);

/* The first entry that counts and whose command line is longer than the kernel takes: what it has at its end is not
 * effective. NULL: none. */
const BootEntry *boot_entry_cut(const Judgement *j);

/*
 * The entry that boots by default, where the initramfs that it loads is not found here, or it loads none: nobody can
 * tell that the helper is in it, whatever is built. NULL: it is found, or none is needed, or the helper has run in this
 * boot, and so was in what was loaded.
 */
const BootEntry *boot_entry_unseen(const Judgement *j);

/* All but an image that entries load, and that this system itself has to copy there, or that is not seen: stray, see
 * Facts. */
bool next_boot_lacks_copy(const Judgement *j);

/* Is every part that needs a reboot in place, so that a reboot is all that is missing? */
bool next_boot_prepared(const Judgement *j);
/* Was this boot started with ptprep=off? Of several words the last one counts. */
bool boot_switched_off(const Facts *f);

/*
 * Was this boot started without the claim argument, although nobody has said that it should be (ptprep=off)? Where all
 * is in place at its beginning, what was started is no entry that ptprep has edited.
 */
bool boot_unclaimed(const Judgement *j);
/* Is all in place that ptprep can bring there, and what will boot cannot be told? */
bool next_boot_unknown(const Judgement *j);

/* What a person does where ptprep does not: which words go where. @ret: owned by the caller. 0 or -ENOMEM. */
int other_loader_cure(const Judgement *j, const OtherLoader *o, char **ret) _must_check_;

/* boot.mounted's finding on a file system that could not be read. 0 or -ENOMEM. */
int boot_mounted_refuse(const Facts *f, const BootMount *m, FindingList *ret) _must_check_;

/**
 * check_needs_boot() - for what such a file system may have on it
 * @id: of the check. Returns 1: one could not be read, and a finding points to boot.mounted; 0; -ENOMEM.
 */
int check_needs_boot(const char *id, const Judgement *j, FindingList *ret) _must_check_;
