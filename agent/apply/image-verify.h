/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/array.h"
#include "initramfs/initrd.h"

/* Is an image fit to be booted? */

/* What an image has to have inside now: the claim list and the helper as they are on the disk. @ret: image_digest(), 0:
 * nothing of ours. 0 or negative errno. */
int image_wanted_digest(int rfd, uint64_t *ret) _must_check_;

/**
 * image_inside_digest() - what an image has inside
 * @path: an image, or a unified kernel image. @modules: names that have to be in it. @ret_seen may be NULL.
 * Returns 0; -ENOENT when a module is not in it; as initrd_inspect().
 */
int image_inside_digest(int rfd, const char *path, const StringList *modules, uint64_t *ret,
                        InitrdSeen *ret_seen) _must_check_;

/* An image that was just made, before it is believed. */
typedef struct ImageTrial {
        const char *path;          /* an image, or a unified kernel image */
        uint64_t offset, size;     /* the part of the file that is the image, bytes; 0, 0: all of it, or of a unified
                                      kernel image that of its first profile */
        const char *old;           /* the one that boots until now; NULL, or not there: none */
        const StringList *modules; /* that have to be in it; NULL: none */
        bool bare;                 /* nothing of ptprep's may be in it */
        BuilderKind builder;       /* that made it just now, and what it printed; BUILDER_UNKNOWN, NULL: not known */
        const char *said;
} ImageTrial;

/**
 * image_verify() - is a new image whole, and does it have what it has to have?
 *
 * It is read to its end, so that what was cut short or damaged anywhere is seen, and has to have an init, the present
 * claim list, the helper byte for byte and executable, and the modules; without a claim list on the disk nothing of
 * ours. Compared with the old one it may not lack a module that is in use, nor half of all else; and where the builder
 * reported an error, nothing that the old one has and the system still has. An old one that cannot be read is none.
 *
 * @ret_reason: words for "an image that ...", owned by the caller; set with -EPROTO only.
 * Returns 0; -EPROTO it is not fit; other negative errno.
 */
int image_verify(int rfd, const ImageTrial *t, char **ret_reason) _must_check_;
