/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "macro.h"

/* Pools of ZFS: its disks have no holders, and its file systems and volumes no slaves. */

#define NAME_ZFS_KSTAT "/proc/spl/kstat/zfs" /* a directory for each imported pool, among files for all of them */

/* Appends the names of the pools that are imported. Returns 0; negative errno. */
int zfs_imported(int rfd, StringList *ret) _must_check_;

/**
 * zfs_members() - the devices that a pool is made of, as their labels say
 * @pool: name. Of an imported one the GUID counts as well, since a disk may have been in another pool of that name.
 * @ret: places in sysfs, appended. @ret_refused: there were devices that only root may read.
 * Looks into every block device. Returns 0; negative errno.
 */
int zfs_members(int rfd, const char *pool, StringList *ret, bool *ret_refused) _must_check_;
