/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/**
 * settle_for_loader() - bring what the kernel shows of a file system to where a boot loader finds it
 * @path: of any file; its directory has to exist.
 *
 * Boot loaders do not replay journals (GRUB 2.12 grub-core/fs/ext2.c and xfs.c only warn). What fsync(2) has put into
 * the journal of ext4 or XFS stays invisible to them until it is written to its own place, half a minute later or more,
 * and then in any order: a name may be on the disk before the inode that it leads to. So this is called twice for a
 * file that takes another one's place. Before it does so, under its trial name: from then on it is whole wherever a
 * name leads to it, and the names are all that changes. And after it, while the old file still has its blocks: a name
 * on the disk may lead to these until then.
 *
 * btrfs and FAT are settled by syncfs(2). ext4: EXT4_IOC_CHECKPOINT, Linux 5.14 and up. Others and before: the file
 * system is frozen and thawed at once (FIFREEZE, FITHAW), as xfs_freeze(8) recommends for boot loaders; never the one
 * of "/", which would hang the host if this process and its watchdog were killed in between. Where none of it can be
 * done, nothing is.
 */
void settle_for_loader(int rfd, const char *path);

/* Can what the kernel shows of this file system be in a journal of it that a boot loader does not read? */
bool settle_has_journal(int fd);

/* The same as settle_for_loader(), of the file system of what is open. */
void settle_file_system(int fd);
