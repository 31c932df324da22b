/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/finding.h"

/* Which program has to build an initramfs image. One that another program made is not dracut's to build anew. */

typedef struct ImageOwner {
        BuilderKind kind;  /* who has to build it; BUILDER_OTHER; BUILDER_UNKNOWN */
        BuilderKind maker; /* who made it or, where that cannot be told, all others of this machine */
        bool by_others;    /* the latter */
        BuilderKind next;  /* the only one that makes those of new kernels; BUILDER_UNKNOWN: none or several */
        size_t n_active;   /* how many do */
        BuilderKind only;  /* the only one that is installed; BUILDER_UNKNOWN: none or several */
        size_t n_installed;
} ImageOwner;

/**
 * image_owner() - judged by who made it and whose hooks are there
 * @c: NULL: an image that is still to come.
 *
 * What lies inside counts first. A hook of somebody else makes it unclear, unless the maker is not installed any more:
 * then the host has changed over. Without either it is the only one that is installed, if there is no image yet that
 * could be somebody else's.
 */
ImageOwner image_owner(const Facts *f, const ImageContent *c);

/* Can ptprep have it build an image now? */
bool image_owner_usable(const Facts *f, ImageOwner o);

/**
 * image_owner_reason() - why not, one sentence
 * @path: of the image, or words for several. @ret_cure: a string of this file, or NULL.
 * Returns it, owned by the caller; NULL when memory is short.
 */
char *image_owner_reason(const Facts *f, ImageOwner o, const char *path, const char **ret_cure);

/**
 * image_misses_builder() - the first image of a kernel that has to be built and that ptprep can have nobody build
 * @ret: who would have to. @ret_path: of the image, of the facts. False: there is none.
 */
bool image_misses_builder(const Judgement *j, const KernelRelease *k, ImageOwner *ret, const char **ret_path);

/* Does this program build an image of the machine, so that it has to be told of ptprep's part? */
bool builder_needed(const Facts *f, BuilderKind k);
