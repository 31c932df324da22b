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

/**
 * zfs_helpers() - the caches and spares of pools, whose labels name no pool
 *
 * Such a label has a version, a state, a GUID of its own and a path (OpenZFS module/zfs/vdev_label.c,
 * vdev_aux_label_generate()). @ret, @ret_refused and what is returned: as zfs_members().
 */
int zfs_helpers(int rfd, StringList *ret, bool *ret_refused) _must_check_;
