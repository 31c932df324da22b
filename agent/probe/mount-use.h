/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/block-use.h"

/* From a file system or a file that the system uses down to the PCI functions that carry it, as block-use.h does. */

void block_use_init(BlockUse *u, int rfd, Facts *f);
void block_use_done(BlockUse *u);

/* Returns 1; 0: this file system is on no block device that it names, and nothing was noted; -ENOMEM. */
int mount_use(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above) _must_check_;

/* Returns 1; 0: it is of no server, or nothing tells through what that is reached, and nothing was noted; -ENOMEM. */
int mount_use_remote(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above) _must_check_;

/* Of a virtual machine's host. Returns 1; 0: it is of no such type, or on nothing that is here; -ENOMEM. */
int mount_use_virtio(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above) _must_check_;

/* The same of a file system that the system needs: it is in memory, made of others (overlay), or else unknown. 0 or
 * -ENOMEM. */
int mount_use_needed(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above) _must_check_;

/* A file (swap, loop): what its file system is on. 0 or -ENOMEM. */
int file_use(BlockUse *u, const char *path, const WalkLink *above) _must_check_;
