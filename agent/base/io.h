/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "array.h"
#include "macro.h"

/*
 * The only place that opens and reads files; what changes them is in base/file.h. Every path is looked up below a root
 * directory fd (rfd), "/" of the machine that is judged: a live host, a chroot or a test tree. Symbolic links, absolute
 * ones too, stay inside it. Source: openat2(2), RESOLVE_IN_ROOT.
 */

/**
 * standard_streams_open() - see to it that descriptors 0, 1 and 2 are something
 * Installers and daemons start programs with some of them closed; what is opened next would take their place, and get
 * what is meant for a terminal. To be called first. Returns 0; negative errno.
 */
int standard_streams_open(void) _must_check_;

/**
 * root_open() - open a path below a root
 * @rfd: root directory (O_PATH is enough), not closed here. @path: relative or absolute. @flags: open(2); O_CLOEXEC is
 * implied, and so are O_NONBLOCK and O_NOCTTY where it is read from: nothing that lies there is waited for.
 * Returns a new fd; negative errno of openat2().
 */
int root_open(int rfd, const char *path, int flags) _must_check_;

/**
 * directory_each() - the names in a directory, "." and ".." left out, in the order that the kernel gives
 * @fd: of the directory, for reading; not closed here. @each: called for every name, which is valid until it returns;
 * less than 0 ends it. There are several of these lists to a device: readdir(3) has a buffer of eight pages for each on
 * the heap, and asks the kernel for what root_open() has just set. Returns 0; what @each ended it with; negative errno
 * of getdents64(2).
 */
int directory_each(int fd, int (*each)(void *userdata, const char *name), void *userdata) _must_check_;

static inline void closedirp(DIR **d)
{
        if (*d)
                (void) closedir(*d);
}
#define _cleanup_closedir_ _cleanup_(closedirp)

/**
 * root_list() - sorted names (strcmp order) in a directory, "." and ".." left out
 * @suffix: only names that end in it, NULL for all. @ret: appended to. Returns 0; negative errno.
 */
int root_list(int rfd, const char *path, const char *suffix, StringList *ret) _must_check_;

/**
 * root_read_file() - a whole file
 * @max: bytes; a longer file is -EFBIG. @ret: owned by the caller, a NUL is added behind the last byte.
 * @ret_size: bytes without that NUL, may be NULL.
 * Returns 0; -EFBIG; -EISDIR; other negative errno.
 */
int root_read_file(int rfd, const char *path, size_t max, char **ret, size_t *ret_size) _must_check_;

/* A file of this system, below no root, for reading: a descriptor or negative errno. */
int file_open(const char *path) _must_check_;

/**
 * file_read() - a whole file that a person named: relative to the present directory, below no root
 *
 * Pipes and devices too, such as /dev/stdin. @max, @ret, @ret_size and the result: as root_read_file().
 */
int file_read(const char *path, size_t max, char **ret, size_t *ret_size) _must_check_;

/* Text that people write: as root_read_file() with a bound of 4 MiB. */
int root_read_text(int rfd, const char *path, char **ret) _must_check_;

/**
 * root_read_attr() - one line of a sysfs or procfs attribute, trailing white space cut
 * @buf, @size: receives the text with a NUL; longer values are -EFBIG. Returns 0; negative errno.
 */
int root_read_attr(int rfd, const char *path, char *buf, size_t size) _must_check_;

/* The target of a symbolic link (not followed), as it stands; owned by the caller. 0 or negative errno. */
int root_readlink(int rfd, const char *path, char **ret) _must_check_;

/**
 * root_follow() - the path of the file itself, where the last component may be a symbolic link
 * @ret: owned by the caller; also for a file that does not exist (yet). Links in directories stay as they are.
 * Returns 0; -ELOOP; other negative errno.
 */
int root_follow(int rfd, const char *path, char **ret) _must_check_;

/* stat(2) below the root, links followed. 0 or negative errno. */
int root_stat(int rfd, const char *path, struct stat *ret) _must_check_;

/* As root_stat(), of a symbolic link at the end of the path itself. */
int root_lstat(int rfd, const char *path, struct stat *ret) _must_check_;

/* Is it certain that nothing is there? What may not be looked at may be. */
bool root_is_missing(int rfd, const char *path);

/* The first of these paths that is there, links followed: a program has its place from the distribution. NULL: none. */
const char *root_first(int rfd, const char *const *paths, size_t n);

/**
 * root_open_parent() - the directory that a path lies in
 * @follow: a symbolic link at the end of the path is followed. @ret_fd: for reading, closed by the caller.
 * @ret_name: the last component, owned by the caller.
 * Returns 0; -EISDIR: the last component is no name ("/", ".", ".."); other negative errno.
 */
int root_open_parent(int rfd, const char *path, bool follow, int *ret_fd, char **ret_name) _must_check_;

/* Reads this many bytes from an offset, or what there is of them: *ret of them. 0; negative errno. */
int read_some_at(int fd, uint64_t offset, void *data, size_t size, size_t *ret) _must_check_;

/* Reads exactly this many bytes from an offset; the file's position stays. 0; -EBADMSG: it ends before; negative errno.
 */
int read_at(int fd, uint64_t offset, void *data, size_t size) _must_check_;
