/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * Where a new file is made, and the old one kept, when a boot loader reads what is in the directory of both: a name
 * more there can give the directory another shape. ext4 splits a block that is full, XFS moves what has been in the
 * inode (Linux fs/ext4/namei.c, fs/xfs/libxfs/xfs_dir2.c), and in the middle of that a loader that reads no journal
 * finds none of the names. To rename over a name that is there, or to exchange two, changes one number in the
 * directory, from wherever in the file system the new file comes.
 */

/**
 * staging_path() - where to make what is to take a file's place
 * @path: of a file that a boot loader may read. @ret: a name for suffixes to be put behind, owned by the caller: in a
 * directory on the same file system in which no loader looks for anything, and which is made and is on the disk; else
 * @path, beside the file. That is so where the file is not there, and gets a name more in its directory in any case; on
 * FAT, whose directories only grow at their end; and where there is no such directory.
 *
 * A directory is of use if names can be changed between both: of one mount and of one project
 * (rename(2), Linux fs/ext4/namei.c). The first of these: /var/lib/NAME_STAGING; on file systems with a journal also,
 * at the top of the mount, lost+found/NAME_STAGING, since lost+found has its blocks from mke2fs, and .NAME_STAGING. The
 * last one stays until a revert: to be made is all that it does to the directory that it is in.
 * Returns 0; -ENOMEM.
 */
int staging_path(int rfd, const char *path, char **ret) _must_check_;

/* Removes the directory that a file was made or kept in if it is one of these, but the last one, and empty.
 * @path: of that file. */
void staging_tidy(int rfd, const char *path);

/* After a revert: removes those that stay. */
void staging_forget(int rfd);
