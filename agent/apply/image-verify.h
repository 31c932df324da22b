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

/**
 * image_verify() - are the present claim list and the helper in an image?
 * @offset, @size: the part of the file that is the image; 0, 0: all of it. Without a claim list nothing has to be in
 * it. Returns 0; -EPROTO: they are not; as initrd_inspect_part().
 */
int image_verify(int rfd, const char *path, uint64_t offset, uint64_t size) _must_check_;

/* The same of a trial file, and of modules. Without a claim list nothing of ours may be in it. */
int image_verify_trial(int rfd, const char *trial, const StringList *modules) _must_check_;
