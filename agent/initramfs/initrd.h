/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/stat.h>

#include "base/array.h"
#include "model/builder.h"

/* What is inside an initramfs image. */

/* One thing to look for. */
typedef struct InitrdItem {
        const char *name; /* file: path without a leading slash; module: its name, '-' and '_' are equal. Not owned */
        bool module;      /* a kernel module, compressed or not, in any directory below lib/modules */
        bool found;       /* result */
        mode_t mode;      /* result; modules: 0 */
        uint64_t hash;    /* result: fnv1a from FNV_START over the content; modules: 0 */
        uint64_t inode;   /* of a name whose content comes with a later hard link; internal */
} InitrdItem;

/**
 * initrd_scan() - look for files and modules in an image
 * @fd: regular file. @offset, @size: the part of it that is the image, bytes; 0, 0: all of it.
 * @items: names filled by the caller; results are set also on failure.
 * @ret_maker: the program that made it, BUILDER_OTHER where it bears no mark of any; may be NULL.
 *
 * Stops as soon as all are found.
 * Returns 0, also when nothing is found; -EBADMSG the image is damaged, of a kind that the kernel does not read, or the
 * file ends before that part does; -EFBIG it asks for more memory than any image needs; -EOPNOTSUPP lzo; -ENOPKG
 * libarchive is not installed; -EISDIR, -EINVAL no regular file; other negative errno.
 */
int initrd_scan(int fd, uint64_t offset, uint64_t size, InitrdItem *items, size_t n,
                BuilderKind *ret_maker) _must_check_;

/**
 * initrd_identity() - tells whether a file is still the one seen before
 * Never 0. Hash of inode, size, mtime and ctime; @fat: of size and mtime only, because a FAT file system makes up the
 * others each time that it is mounted (Linux fs/fat/inode.c, fat_build_inode()).
 */
uint64_t initrd_identity(const struct stat *st, bool fat);

/* The same of a path below a root. 0 or negative errno. */
int initrd_identify(int rfd, const char *path, uint64_t *ret) _must_check_;

/* All that tells a whole image from a broken one. */
typedef struct InitrdSurvey {
        bool init;        /* there is something that the kernel starts first */
        StringList files; /* names of files and links, sorted; all but ptprep's own */
        uint64_t bytes;   /* of these without kernel modules and firmware, of which another machine needs others */
        BuilderKind maker;
} InitrdSurvey;

void initrd_survey_done(InitrdSurvey *s);

/**
 * initrd_survey() - read an image to its end
 * @fd, @offset, @size, @items: as of initrd_scan(). @ret: released by the caller; untouched on failure.
 * Returns 0: every archive and every compressed part of it is whole; as initrd_scan().
 */
int initrd_survey(int fd, uint64_t offset, uint64_t size, InitrdItem *items, size_t n, InitrdSurvey *ret) _must_check_;

/**
 * initrd_survey_missing() - what an older image has and a newer one has not
 * Modules are the same under any compression. @ret: appended to, names as in the older one. 0 or -ENOMEM.
 */
int initrd_survey_missing(const InitrdSurvey *older, const InitrdSurvey *newer, StringList *ret) _must_check_;

/* The name of the module that a file in an image is, '-' as '_', in a buffer; false: it is none. */
bool initrd_module_name(const char *path, char *buf, size_t size);

/* What else is known of an image that was looked into. */
typedef struct InitrdSeen {
        uint64_t identity; /* of the very file that was read */
        BuilderKind maker;
} InitrdSeen;

/**
 * initrd_inspect_part() - initrd_scan() of a path below a root
 * @ret: may be NULL; untouched on failure. Returns as initrd_scan(); negative errno of openat2(2).
 */
int initrd_inspect_part(int rfd, const char *path, uint64_t offset, uint64_t size, InitrdItem *items, size_t n,
                        InitrdSeen *ret) _must_check_;

/* The same of a whole file. */
static inline int initrd_inspect(int rfd, const char *path, InitrdItem *items, size_t n, InitrdSeen *ret)
{
        return initrd_inspect_part(rfd, path, 0, 0, items, n, ret);
}
