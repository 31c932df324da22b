/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/**
 * settle_file_system() - bring what the kernel shows of a file system to where a boot loader finds it
 * @fd: any file or folder of it that is open.
 *
 * Boot loaders do not replay journals (GRUB 2.12 grub-core/fs/ext2.c and xfs.c only warn). What fsync(2) has put into
 * the journal of ext4 or XFS stays invisible to them until it is written to its own place, half a minute later or more;
 * a power cut before shows them old names that lead to blocks which may be somebody else's by then. So: call it while
 * the old files still have their blocks.
 *
 * btrfs and FAT are settled by syncfs(2). ext4: EXT4_IOC_CHECKPOINT, Linux 5.14 and up. Others and before: the file
 * system is frozen and thawed at once (FIFREEZE, FITHAW), as xfs_freeze(8) recommends for boot loaders; never the one
 * of "/", which would hang the host if this process and its watchdog were killed in between. Where none of it can be
 * done, nothing is.
 */
void settle_file_system(int fd);
