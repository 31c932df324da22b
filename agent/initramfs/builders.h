/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/builder.h"

/*
 * What makes initramfs images: dracut and its like. Each is one row of the table in builders.c and one file
 * builder-*.c. builders_read() is called by the probers only and reads through base/io.h; all else is pure.
 */

/* Lists of words end with NULL. */
typedef struct BuilderOps {
        BuilderKind kind;
        const char *const *programs; /* paths; with any of them it is installed */
        /* What it puts into each of its images, and nobody else does: paths, "*" at the end: all that begin so. */
        const char *const *marks;
        /* fnmatch(3) patterns of the names of its hooks in the directories that builders.c looks into. */
        const char *const *hooks;
        bool images_first;       /* where nobody asks, the claim list goes into its images and not in front of them */
        bool starts_claim_image; /* its init starts the helper of a claim image, see claim-image.h */
        bool named_only;         /* its hook for kernel-install does nothing unless initrd_generator= names it */
        /*
         * A file in a directory of its configuration, by which it is told to put ptprep's part into images. NULL: none
         * is needed.
         */
        const char *snippet_path, *snippet;
        /*
         * The command line that builds one image, with BUILDER_IMAGE and its like where they belong. NULL:
         * ptprep has no part of its own for these images, so it cannot use it yet.
         */
        const char *const *command;
        /* What it prints when a part failed, whatever its exit status is; NULL: not known. */
        const char *const *failures;
} BuilderOps;

#define BUILDER_IMAGE     "%image"   /* path of the file to write */
#define BUILDER_RELEASE   "%release" /* of the kernel */
#define BUILDER_TARGET    "%target"  /* path of the image that it is to replace */
#define BUILDER_WORDS_MAX 8

extern const BuilderOps builder_dracut;
extern const BuilderOps builder_initramfs_tools;
extern const BuilderOps builder_mkinitcpio;
extern const BuilderOps builder_booster;
extern const BuilderOps builder_mkosi_initrd;
extern const BuilderOps builder_ugrd;

/* The row of a kind from _BUILDER_FIRST on. */
const BuilderOps *builder_ops(BuilderKind k);

/* Can ptprep have images built by it? */
static inline bool builder_usable(BuilderKind k)
{
        return k >= _BUILDER_FIRST && builder_ops(k)->command;
}

/* Whose image a file lies in, by its path there without a leading slash; BUILDER_UNKNOWN: it may be in anybody's. */
BuilderKind builder_of_file(const char *name);

/**
 * builder_command() - its command line for one image
 * @ret: ends with NULL; the words are those of the table and the arguments, not owned. Returns their number.
 */
size_t builder_command(BuilderKind k, const char *image, const char *release, const char *target,
                       const char *ret[static BUILDER_WORDS_MAX]);

/**
 * builders_read() - which of them are here, which are used, and what each was told
 * @generator: initrd_generator= of kernel-install(8); NULL: not set.
 * @ret: indexed by BuilderKind; what it has is released by the caller. Returns 0 or -ENOMEM.
 */
int builders_read(int rfd, const char *generator, ImageBuilder ret[static _BUILDER_MAX]) _must_check_;
