/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/array.h"
#include "model/builder.h"

/*
 * What makes initramfs images: dracut and its like. Each is one row of the table in builders.c and one file
 * builder-*.c. builders_read() is called by the probers only and reads through base/io.h; all else is pure.
 */

typedef struct BuilderOps {
        BuilderKind kind;
        const char *const *programs; /* paths; with any of them it is installed. Ends with NULL */
        /*
         * A file in a directory of its configuration, by which it is told to put ptprep's part into images. NULL: none
         * is needed.
         */
        const char *snippet_path, *snippet;
        /*
         * The command line that builds one image, with BUILDER_IMAGE and BUILDER_RELEASE where these belong. NULL:
         * ptprep has no part of its own for these images, so it cannot use it yet.
         */
        const char *const *command;
} BuilderOps;

#define BUILDER_IMAGE     "%image"   /* path of the file to write */
#define BUILDER_RELEASE   "%release" /* of the kernel */
#define BUILDER_WORDS_MAX 8

extern const BuilderOps builder_dracut;

/* The row of a kind. */
const BuilderOps *builder_ops(BuilderKind k);

/**
 * builder_command() - its command line for one image
 * @ret: ends with NULL; the words are those of the table and the arguments, not owned. Returns their number.
 */
size_t builder_command(BuilderKind k, const char *image, const char *release,
                       const char *ret[static BUILDER_WORDS_MAX]);

/* Which of them are here, and what each was told. @ret: one for each kind, to be released by the caller. 0 or -ENOMEM.
 */
int builders_read(int rfd, ImageBuilder ret[static _BUILDER_MAX]) _must_check_;
