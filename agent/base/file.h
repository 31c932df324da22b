/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "macro.h"

/*
 * The only place that changes files. Every path is looked up below a root directory fd (rfd), as in base/io.h; what is
 * done is on the disk when a function returns.
 */

/* Creates the directory and its missing parents, of mode 0755 whatever the umask is and with the labels of the policy.
 * 0, also when it exists; negative errno. */
int root_mkdir_p(int rfd, const char *path) _must_check_;

/* Writes all bytes, restarting on EINTR. 0 or negative errno. */
int write_all(int fd, const void *data, size_t size) _must_check_;

/* Writes a value to an attribute of sysfs, in one write(2) as its files want it. 0; -EIO: it took a part of it; what
 * the kernel says of it, as another negative errno. */
int root_write_attr(int rfd, const char *path, const char *value) _must_check_;

/**
 * root_file_replace() - whole file or none
 * @mode: permission bits of a new file, which gets the label of the policy; an existing file keeps all that
 * attributes_carry() knows.
 *
 * Temporary file ".NAME.ptprep-new" in the same directory, fsync, rename, fsync of the directory: a power cut at any
 * moment leaves the old or the new bytes. A leftover temporary file of an earlier cut is removed first. A symbolic link
 * at the path is replaced and not followed: whoever put it there does not choose what is overwritten. Returns 0;
 * negative errno, and then the old file is untouched.
 */
int root_file_replace(int rfd, const char *path, const void *data, size_t size, mode_t mode) _must_check_;

/**
 * root_file_create() - a new file of these bytes
 * What is at @path goes, a link itself and not what it leads to. Not on the disk before root_file_sync(). Returns 0;
 * negative errno, and then there may be a part of it.
 */
int root_file_create(int rfd, const char *path, const void *data, size_t size, mode_t mode) _must_check_;

/* Gives the file @to what the one at @path has beside its bytes, see attributes_carry(); where there is none at @path,
 * the label that the policy has for that path, see label_new(). 0 or negative errno. */
int root_file_carry(int rfd, const char *path, const char *to) _must_check_;

/* Removes a directory that is empty. 0; -ENOTEMPTY; other negative errno (-ENOENT when it was not there, also on what
 * is read-only). */
int root_rmdir(int rfd, const char *path) _must_check_;

/**
 * root_remove_tree() - remove a directory with all that is in it
 *
 * Links are removed and not followed, and what is mounted in it is not entered. For a directory that nobody else writes
 * to. Returns 0, also when there is none; -EXDEV: something is mounted there; -ELOOP: a hundred directories deep; other
 * negative errno.
 */
int root_remove_tree(int rfd, const char *path) _must_check_;

/* Removes a file and syncs its directory. Its blocks are free when that is done and not before: a name on the disk
 * leads to no other file's. 0; negative errno (-ENOENT when it was not there, also on what is read-only). */
int root_file_remove(int rfd, const char *path) _must_check_;

/* Removes what is only in the way, such as a temporary file; that it cannot be removed changes nothing. */
void root_file_discard(int rfd, const char *path);

/*
 * Renames within one directory, or between two of one mount, and syncs the one that @to is in. 0 or negative errno.
 *
 * FAT has no inodes: a name is where its file begins, and a name that is taken over says so only when its new file is
 * synced (Linux fs/fat/namei_vfat.c, fs/fat/inode.c). So the caller syncs the file at @to next, root_file_sync(), and
 * while that is not done holds the file that was there open, or the old name leads to blocks that are free. In this
 * order there never are two names on the disk that lead to the same blocks: whoever removes one would free them. That
 * holds within one directory.
 */
int root_file_rename(int rfd, const char *from, const char *to) _must_check_;

/* Exchanges the names of two files, as there. 0; -ENOTSUP: the file system cannot, and nothing is changed; other
 * negative errno, and then it may be done and not on the disk yet. */
int root_file_exchange(int rfd, const char *a, const char *b) _must_check_;

/**
 * root_file_put_back() - as root_file_rename(), but the file that was at @to is at @from afterwards
 * It keeps its blocks until it is removed there: a boot loader may still be led to them, see settle_file_system().
 * Where the file system cannot exchange two names the file at @to goes at once. 0 or negative errno.
 */
int root_file_put_back(int rfd, const char *from, const char *to) _must_check_;

/* Flushes one file's data to the disk. 0 or negative errno. */
int root_file_sync(int rfd, const char *path) _must_check_;

/**
 * root_file_backup() - keep the present bytes of a file under another name in the same directory
 *
 * A hard link where the file system has them, else (vfat, the ESP) a synced copy. An older backup is replaced.
 * Returns 0; -ENOENT: there is nothing to keep; other negative errno.
 */
int root_file_backup(int rfd, const char *path, const char *backup) _must_check_;

/**
 * root_file_copy() - copy a file's bytes and its mode to a new one, and sync it
 * @to: must not exist; removed again when it cannot be completed. Returns 0; negative errno.
 */
int root_file_copy(int rfd, const char *from, const char *to) _must_check_;

/* As root_file_copy(), with all that attributes_carry() knows: for a copy in the same directory. */
int root_file_duplicate(int rfd, const char *from, const char *to) _must_check_;

/* As root_file_duplicate(), of a file that is open and may have no name any more. */
int root_file_duplicate_fd(int rfd, int fd, const char *to) _must_check_;

/* Are these one file, or two of the same bytes? 1; 0; negative errno. */
int file_same_bytes(int a, int b) _must_check_;

/* And of the same mode and owner? As above. */
int file_same(int a, int b) _must_check_;

/* fnv1a() from FNV_START over the bytes of a file. 0 or negative errno. */
int file_digest(int fd, uint64_t *ret) _must_check_;
