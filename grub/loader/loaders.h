/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/ownership.h"
#include "iommu/argument.h"
#include "model/loader.h"
#include "model/plan.h"

/*
 * Boot loaders. Each is one row of the table in loaders.c and one file: read() is called by the probers only and reads
 * through base/io.h; edit() is pure and called by the planner only.
 */

/* What the kernel command line of every entry that can boot, rescue entries excepted, is to be. */
typedef struct LoaderEdit {
        const char *check;       /* id of the check that asks for the words; static, in every step that is about them */
        const char *image_check; /* of the one that asks for images */
        const Kargs *add;        /* words to have */
        const Kargs *remove;     /* words that contradict them and may not stay, e.g. iommu=off */
        const char *early;       /* name of a file beside the kernels, loaded in front of each image; NULL: none */
        const StringList *stale; /* kernel releases whose image the loader's own tool has to make again; NULL: none */
        bool interrupted;        /* an earlier run was cut short: what was to follow its edits may not have been run */
        const Record *record;    /* what ptprep did before: words in it are ptprep's, all others somebody else's */
        char **reason; /* why it cannot be done, one sentence, owned by the caller; set with loader_refuse() */
} LoaderEdit;

/* Neither words to have nor words to be without: ptprep takes back all that it did. */
static inline bool loader_wants_nothing(const LoaderEdit *want)
{
        return want->add->words.n == 0 && want->remove->words.n == 0;
}

/* Says why an edit is refused. Returns error, or -ENOMEM. */
int loader_refuse(const LoaderEdit *want, int error, const char *format, ...) _printf_(3, 4) _must_check_;

/*
 * What edit() has to do about ownership:
 * - Every file is planned with plan_edit(), so that the record knows which words are whose.
 * - Words of ours that are not wanted any more (loader_unwanted()) are taken out, with the format's own take_out().
 * - Where nothing is wanted (loader_wants_nothing()), the planner has put back all recorded files before it calls
 *   edit(): steps with their paths are in the plan already, loader_present() has the texts. edit() only appends what
 * has to run after that, such as mkconfig, and what a program of the loader's own has to take back.
 */

/**
 * loaders_read() - find every boot loader and read all that it will do
 * @ret, @ret_n: in the order of the table, NULL and 0 where none is known; released with loaders_free().
 * Returns 0; -ENOMEM.
 */
int loaders_read(int rfd, Loader **ret, size_t *ret_n) _must_check_;

/**
 * loaders_set_aside_others() - what this boot tells of who boots this machine
 * @found: with other boot loaders there, those that did not start the running system get Loader.unused.
 * @others, @n_others: made empty but for helpers where one of @found started it. Returns 0 or -ENOMEM.
 */
int loaders_set_aside_others(int rfd, Loader *found, size_t n, OtherLoader *others, size_t *n_others) _must_check_;

/* Reads one loader again. Returns 0; -ENOENT: it is not there; -ENOMEM. */
int loader_read_kind(int rfd, LoaderKind kind, Loader *ret) _must_check_;

/**
 * loader_edit() - steps that bring the wanted words into what will boot
 * Adds no step where every entry is as wanted. Pure.
 * Returns 0; -ENOTSUP: cannot be done safely by editing files (a value that only a shell could tell); -EINVAL: a word
 * that is not safe in a file that a shell reads; -E2BIG: the kernel would cut the end of an entry's command line off;
 * -ENOMEM. All but the last say why in want->reason.
 */
int loader_edit(const Loader *l, const LoaderEdit *want, Plan *plan) _must_check_;

/* Why it cannot be told to load one more image in front of those that it loads, one sentence; NULL: it can. */
const char *loader_early_obstacle(const Loader *l);

/**
 * loader_unwanted() - words that ptprep added to a file and that nobody asks for any more
 * @ret: appended to. Returns 0 or -ENOMEM.
 */
int loader_unwanted(const LoaderEdit *want, const char *subject, OwnedWords *ret) _must_check_;

/**
 * loader_present() - a file's text as the steps planned so far leave it
 * @text: as it was read. Returns it or the planned one; NULL: the file goes away.
 */
const char *loader_present(const Plan *p, const char *path, const char *text);

typedef struct LoaderOps {
        LoaderKind kind;
        int (*read)(int rfd, Loader *ret); /* -ENOENT: not this one; ret is zeroed, untouched on failure */
        int (*edit)(const Loader *l, const LoaderEdit *want, Plan *plan);
        /* As loader_early_obstacle(). Where there always is one, edit() need not know of LoaderEdit.early. */
        const char *(*early_obstacle)(const Loader *l);
} LoaderOps;

extern const LoaderOps loader_grub2;
extern const LoaderOps loader_bls;
extern const LoaderOps loader_grub_legacy;
extern const LoaderOps loader_systemd_boot;
extern const LoaderOps loader_uki;
extern const LoaderOps loader_ostree;
extern const LoaderOps loader_bootc;
extern const LoaderOps loader_proxmox;
