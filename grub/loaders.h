/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/loader.h"
#include "model/plan.h"

/*
 * Boot loaders. Each is one row of the table in loaders.c and one file: read() is called by the probers only and reads
 * through base/io.h; edit() is pure and called by the planner only.
 */

/* What the kernel command line of every entry that can boot, rescue entries excepted, is to be. */
typedef struct LoaderEdit {
        const Kargs *add;    /* words to have; empty: take back what ptprep added */
        const Kargs *remove; /* words that contradict them and may not stay, e.g. iommu=off */
} LoaderEdit;

/**
 * loaders_read() - find every boot loader and read all that it will do
 * @ret, @ret_n: in the order of the table, NULL and 0 where none is known; released with loaders_free().
 * Returns 0; -ENOMEM.
 */
int loaders_read(int rfd, Loader **ret, size_t *ret_n) _must_check_;

/**
 * loader_edit() - steps that bring the wanted words into what will boot
 * Adds no step where every entry is as wanted. Pure.
 * Returns 0; -ENOTSUP: cannot be done safely by editing files (a value that only a shell could tell); -EINVAL: a word
 * that is not safe in a file that a shell reads; -ENOMEM.
 */
int loader_edit(const Loader *l, const LoaderEdit *want, Plan *plan) _must_check_;

/**
 * loader_entry_fine() - does this entry have all of these words, so that they count?
 * intel_iommu=on counts when it is the last word of its kind and no iommu=off is beside it.
 */
bool loader_entry_fine(const BootEntry *e, const Kargs *add, const Kargs *remove);

typedef struct LoaderOps {
        LoaderKind kind;
        int (*read)(int rfd, Loader *ret); /* -ENOENT: not this one; ret is zeroed, untouched on failure */
        int (*edit)(const Loader *l, const LoaderEdit *want, Plan *plan);
} LoaderOps;

extern const LoaderOps loader_grub2;
