/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/settle.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "apply/step.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"

/* Linux Documentation/filesystems/ext4/, fs/ext4/ext4.h; older headers do not have it */
#ifndef EXT4_IOC_CHECKPOINT
#define EXT4_IOC_CHECKPOINT _IOW('f', 43, uint32_t)
#endif

/* Or could have one: ext2 answers to the number of ext4, and to freeze it does no harm. */
bool settle_has_journal(int fd)
{
        struct statfs st;

        return fstatfs(fd, &st) == 0 && (st.f_type == EXT4_SUPER_MAGIC || st.f_type == XFS_SUPER_MAGIC);
}

static bool holds_root(int fd)
{
        struct stat here, root;

        return fstat(fd, &here) < 0 || stat("/", &root) < 0 || here.st_dev == root.st_dev;
}

/* Thaws when the parent is gone before it said that it did so itself. Started with all signals blocked. */
static _Noreturn void watch(int fd, int from_parent)
{
        char done;
        ssize_t n;

        do
                n = read(from_parent, &done, sizeof(done));
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                (void) ioctl(fd, FITHAW, 0);
        _exit(0);
}

static pid_t start_watchdog(int fd, int *ret_pipe)
{
        int ends[2];
        sigset_t all, old;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -1;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, &old);
        pid = fork();
        if (pid == 0) {
                close(ends[1]);
                watch(fd, ends[0]);
        }
        sigprocmask(SIG_SETMASK, &old, NULL);
        close(ends[0]);
        if (pid < 0)
                close(ends[1]);
        else
                *ret_pipe = ends[1];
        return pid;
}

static void freeze_and_thaw(int fd)
{
        _cleanup_close_ int to_child = -EBADF;
        pid_t watchdog = start_watchdog(fd, &to_child);

        if (watchdog < 0)
                return;
        /* -EINVAL: an administrator's "fsfreeze -u" came first */
        if (ioctl(fd, FIFREEZE, 0) < 0 || ioctl(fd, FITHAW, 0) == 0 || errno == EINVAL)
                (void) !write_all(to_child, "", 1);
        close(TAKE_FD(to_child));
        while (waitpid(watchdog, NULL, 0) < 0 && errno == EINTR)
                ;
}

void settle_file_system(int fd)
{
        uint32_t flags = 0;

        if (syncfs(fd) == 0 && settle_has_journal(fd) && ioctl(fd, EXT4_IOC_CHECKPOINT, &flags) < 0 && !holds_root(fd))
                freeze_and_thaw(fd);
}

void settle_for_loader(int rfd, const char *path)
{
        _cleanup_free_ char *directory = path_directory(path);
        _cleanup_close_ int fd = directory ? root_open(rfd, directory, O_RDONLY | O_DIRECTORY) : -EBADF;

        if (fd >= 0)
                settle_file_system(fd);
}
