/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <blkid.h>
#include <sys/types.h>

#include "macro.h"
#include "probe/host-walk.h"

/* Block devices below a root directory: how they are called, and what they are made of. */

/* With a line feed, or a NUL: include/uapi/linux/dm-ioctl.h, DM_NAME_LEN and DM_UUID_LEN. */
#define BLOCK_DM_NAME_MAX 129
#define BLOCK_DM_UUID_MAX 130

/**
 * block_by_number(), block_by_name(), block_by_file() - the place of a block device in sysfs
 * @name: the kernel's, "sda1". @file: a device file, or a link to one, also where there are no device files.
 * @ret: "/sys/devices/...", owned by the caller. Source: links in /sys/dev/block and /sys/class/block.
 * Returns 0; -ENOENT: not there; -ENOTBLK: the file is no block device; other negative errno.
 */
int block_by_number(int rfd, dev_t number, char **ret) _must_check_;
int block_by_name(int rfd, const char *name, char **ret) _must_check_;
int block_by_file(int rfd, const char *file, char **ret) _must_check_;

/* The kernel's name of a device, of its place in sysfs. */
const char *block_name(const char *path);

/* A way other than its device file to name a file system in fstab(5). */
typedef struct BlockTag {
        const char *name;      /* "UUID" */
        const char *directory; /* of udev's links */
        const char *blkid;     /* what libblkid calls it when it looks into a device */
} BlockTag;

/**
 * block_tag_parse() - is this source a tag, such as UUID=1234-ABCD or LABEL="my disk"?
 * @ret_value: without quotes, owned by the caller. Returns 1; 0: it is none, and nothing was written; -ENOMEM.
 */
int block_tag_parse(const char *source, const BlockTag **ret, char **ret_value) _must_check_;

/* The link that udev makes for it, "/dev/disk/by-label/my\x20disk". 0; -EINVAL: no link can have that name; -ENOMEM. */
int block_tag_link(const BlockTag *tag, const char *value, char **ret) _must_check_;

/* Told on a walk; a negative result ends it. */
typedef struct BlockVisitor {
        void *userdata;
        /* A whole disk that is made of no other block devices. @path: its place in sysfs. @link: its name. */
        int (*disk)(void *userdata, const char *path, const WalkLink *link);
        /* What a device is made of could not be read. @path: of what could not. */
        int (*failed)(void *userdata, const char *path, int error, const WalkLink *link);
        /* A device that @holder, a whole one, is made of, before what it is made of itself. Places in sysfs. NULL: not
         * asked for. */
        int (*slave)(void *userdata, const char *holder, const char *path);
} BlockVisitor;

/**
 * block_walk() - the whole disks that a device is made of, through holders (LVM, dm-crypt, md, bcache, multipath)
 * @path: place in sysfs of a disk or a partition. @above: the way to it.
 *
 * Source: the directory slaves, which the kernel makes for each of those (block/holders.c).
 * Returns 0; -ENOMEM; what the visitor returned.
 */
int block_walk(int rfd, const char *path, const WalkLink *above, const BlockVisitor *v) _must_check_;

/* What a device has on it, as libblkid names it: "TYPE" and "ext4"; NULL: none of that name. */
typedef struct BlockValue {
        const char *name, *value;
} BlockValue;

/**
 * block_find() - every block device that has all of these values
 * @ret: places in sysfs, appended. @ret_refused: there were devices that only root may read.
 *
 * Costly, so only for what no link and no mount tells. Returns 0; negative errno.
 */
int block_find(int rfd, const BlockValue *values, size_t n, StringList *ret, bool *ret_refused) _must_check_;

void blkid_probe_freep(blkid_probe *probe);
