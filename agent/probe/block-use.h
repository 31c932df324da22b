/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/block-device.h"
#include "probe/host-walk.h"
#include "probe/mount-table.h"

/*
 * From a block device that the system uses down to the PCI functions that carry it. What cannot be followed is noted as
 * unknown on the way and is no error: nobody may take it for "hangs on nothing".
 */
typedef struct BlockUse BlockUse;
struct BlockUse {
        HostWalk walk;
        struct libmnt_table *mounts; /* NULL: not readable */
        StringList devices;          /* places in sysfs from which something was followed */
        StringList pools;            /* of ZFS that were followed */
        StringList helpers;          /* places of caches and spares of ZFS, when they have been looked for */
        bool helpers_known;
        int (*file)(BlockUse *u, const char *path, const WalkLink *above); /* file_use() */
};

/* What to do about something that cannot be followed to its disks; that is on the other end of a network. */
extern const WalkCure block_not_followed, block_over_network;

/* @path: place in sysfs of a disk or a partition. 0 or -ENOMEM. */
int block_use_device(BlockUse *u, const char *path, const WalkLink *above) _must_check_;

/**
 * block_use_source() - a device file, or a list of them as bcachefs has it ("/dev/sda:/dev/sdb")
 * Returns 0; -ENOENT, -ENOTBLK: there is no such device, and nothing was noted; -ENOMEM.
 */
int block_use_source(BlockUse *u, const char *source, const WalkLink *above) _must_check_;

/* Every device that has a value. @ret_refused: as of block_find(). Returns 0; -ENOENT: none has; other negative errno.
 */
int block_use_matching(BlockUse *u, const BlockValue *value, const WalkLink *above, bool *ret_refused) _must_check_;

/* UUID= and the like: by the links that udev makes, else by looking into each device. -ENOENT: nothing has it. */
int block_use_tag(BlockUse *u, const BlockTag *tag, const char *value, const WalkLink *above) _must_check_;

/* What stands in fstab(5): a tag or a device file. 0; -EINVAL: it is neither; otherwise as the two. */
int block_use_spec(BlockUse *u, const char *spec, const WalkLink *above) _must_check_;

/* A pool of ZFS. 0 or -ENOMEM. */
int block_use_pool(BlockUse *u, const char *pool, const WalkLink *above) _must_check_;
