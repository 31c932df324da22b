/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/io.h"
#include "model/names.h"

/* So often the file may go while it is being locked. */
#define ATTEMPTS_MAX 100U

#define RUN          "/run"

/* An fd that holds the lock; -ENOENT: the file, or what it lies in, was removed by the one who held it, and a lock on
 * what has no name keeps nobody out. */
static int lock_file(int rfd, int flags)
{
        const char *name = strrchr(NAME_LOCK, '/') + 1;
        _cleanup_close_ int dfd = root_open(rfd, NAME_RUN_DIR, O_RDONLY | O_DIRECTORY), fd = -EBADF;
        struct stat held, there;

        if (dfd < 0)
                return dfd;
        fd = openat(dfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &held) < 0 ||
            fstatat(dfd, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return held.st_dev == there.st_dev && held.st_ino == there.st_ino ? TAKE_FD(fd) : -ENOENT;
}

int apply_lock(int rfd, bool live, ApplyLock *ret)
{
        _cleanup_(apply_unlock) ApplyLock lock = APPLY_LOCK_NONE;
        struct stat st;
        int r = -ENOENT;

        if (!live) {
                lock.bare = root_lstat(rfd, RUN, &st) == -ENOENT;
                lock.rfd = fcntl(rfd, F_DUPFD_CLOEXEC, 3);
                if (lock.rfd < 0)
                        return -errno;
        }
        for (unsigned i = 0; i < ATTEMPTS_MAX && r == -ENOENT; i++) {
                r = root_mkdir_p(rfd, NAME_RUN_DIR);
                if (r >= 0)
                        r = lock_file(rfd, O_CREAT);
        }
        if (r < 0)
                return r;
        lock.fd = r;
        *ret = lock;
        lock = APPLY_LOCK_NONE;
        return 0;
}

void apply_unlock(ApplyLock *lock)
{
        _cleanup_close_ int rfd = TAKE_FD(lock->rfd), again = -EBADF;

        closep(&lock->fd);
        if (rfd < 0)
                return;
        again = lock_file(rfd, 0); /* not while somebody has it, such as a program that goes on */
        if (again >= 0)
                root_file_discard(rfd, NAME_LOCK);
        if (root_rmdir(rfd, NAME_RUN_DIR) >= 0 && lock->bare)
                (void) !root_rmdir(rfd, RUN);
}
