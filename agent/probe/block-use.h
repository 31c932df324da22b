/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/host-walk.h"
#include "probe/mount-table.h"

/*
 * From a file system or a block device that the system uses down to the PCI functions that carry it. What cannot be
 * followed is noted as unknown on the way and is no error: nobody may take it for "hangs on nothing".
 */
typedef struct BlockUse {
        HostWalk walk;
        struct libmnt_table *mounts; /* NULL: not readable */
} BlockUse;

/* @path: place in sysfs of a disk or a partition. 0 or -ENOMEM. */
int block_use_device(BlockUse *u, const char *path, const WalkLink *above) _must_check_;

/**
 * block_use_source() - a device file, or a list of them as bcachefs has it ("/dev/sda:/dev/sdb")
 * Returns 0; -ENOENT, -ENOTBLK: there is no such device, and nothing was noted; -ENOMEM.
 */
int block_use_source(BlockUse *u, const char *source, const WalkLink *above) _must_check_;

/* A file (swap, loop): what its file system is on. 0 or -ENOMEM. */
int block_use_file(BlockUse *u, const char *path, const WalkLink *above) _must_check_;

/* Returns 1; 0: this file system is on no block device that it names, and nothing was noted; -ENOMEM. */
int block_use_mount(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above) _must_check_;

/* Of such a file system, if it matters: in memory, or unknown. 0 or -ENOMEM. */
int block_use_without(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above) _must_check_;

/**
 * block_use_matching() - every block device that has a value, as libblkid names it
 *
 * Costly, so only for what no link and no mount tells. @ret_refused: there were devices that only root may read.
 * Returns the number of devices found; negative errno.
 */
int block_use_matching(BlockUse *u, const char *name, const char *value, const WalkLink *above,
                       bool *ret_refused) _must_check_;
