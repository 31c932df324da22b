/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <linux/fs.h>
#include <linux/xattr.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/attributes.h"
#include "base/io.h"
#include "base/label.h"
#include "base/text.h"

#define TEMP_SUFFIX    ".ptprep-new"
#define COPY_CHUNK     (256U * 1024)

/* Of a file that is not finished: whoever opens it then keeps it open. */
#define MODE_MEANWHILE 0600

/* Whatever the umask is. Where the parent has a default ACL that says who may do what, and the umask nothing. */
static int make_directory(int rfd, const char *path, int dfd, const char *name)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        if (mkdirat(dfd, name, 0755) < 0)
                return errno == EEXIST ? 0 : -errno;
        fd = openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (fgetxattr(fd, XATTR_NAME_POSIX_ACL_ACCESS, NULL, 0) < 0 && fchmod(fd, (st.st_mode & 07777) | 0755) < 0)
                return -errno;
        r = label_new(rfd, path, fd);
        return r < 0 ? r : fsync(fd) < 0 || fsync(dfd) < 0 ? -errno : 0;
}

int root_mkdir_p(int rfd, const char *path)
{
        _cleanup_free_ char *p = strdup(path);

        if (!p)
                return -ENOMEM;
        for (char *s = p;; s++) {
                _cleanup_close_ int fd = -EBADF, exists = -EBADF;
                _cleanup_free_ char *name = NULL;
                char saved;
                int r;

                if (*s != '/' && *s != 0)
                        continue;
                saved = *s;
                *s = 0;
                if (p[0] != 0 && !endswith(p, "/")) {
                        exists = root_open(rfd, p, O_PATH | O_DIRECTORY);
                        if (exists == -ENOENT) {
                                r = root_open_parent(rfd, p, true, &fd, &name);
                                if (r < 0)
                                        return r;
                                r = make_directory(rfd, p, fd, name);
                                if (r < 0)
                                        return r;
                        } else if (exists < 0)
                                return exists;
                }
                *s = saved;
                if (saved == 0)
                        return 0;
        }
}

int write_all(int fd, const void *data, size_t size)
{
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

int root_write_attr(int rfd, const char *path, const char *value)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_WRONLY | O_TRUNC | O_NOFOLLOW);
        size_t size = strlen(value);
        ssize_t n;

        if (fd < 0)
                return fd;
        do
                n = write(fd, value, size);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t) n == size ? 0 : -EIO;
}

/* @ret: an fd; -EBADF: there is no such file. 0; -EISDIR; -EINVAL: it is something else; other negative errno. */
static int open_regular(int dfd, const char *name, int *ret)
{
        _cleanup_close_ int fd = openat(dfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat st;

        *ret = -EBADF;
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        *ret = TAKE_FD(fd);
        return 0;
}

int root_file_replace(int rfd, const char *path, const void *data, size_t size, mode_t mode)
{
        _cleanup_close_ int dfd = -EBADF, fd = -EBADF, old = -EBADF;
        _cleanup_free_ char *name = NULL, *temp = NULL;
        int r;

        r = root_open_parent(rfd, path, false, &dfd, &name);
        if (r < 0)
                return r;
        if (string_printf(&temp, ".%s" TEMP_SUFFIX, name) < 0)
                return -ENOMEM;
        r = open_regular(dfd, name, &old);
        if (r < 0 && r != -ELOOP) /* a link has nothing that could be carried over */
                return r;
        (void) unlinkat(dfd, temp, 0); /* left behind by a power cut */
        fd = openat(dfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE_MEANWHILE);
        if (fd < 0)
                return -errno;
        r = write_all(fd, data, size);
        if (r >= 0 && old >= 0)
                r = attributes_carry(old, fd, false);
        else if (r >= 0)
                r = fchmod(fd, mode) < 0 ? -errno : label_new(rfd, path, fd);
        if (r >= 0 && (fsync(fd) < 0 || renameat(dfd, temp, dfd, name) < 0))
                r = -errno;
        if (r < 0) {
                (void) unlinkat(dfd, temp, 0);
                return r;
        }
        return fsync(dfd) < 0 ? -errno : 0;
}

int root_file_create(int rfd, const char *path, const void *data, size_t size, mode_t mode)
{
        _cleanup_close_ int dfd = -EBADF, fd = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r = root_open_parent(rfd, path, false, &dfd, &name);

        if (r < 0)
                return r;
        if (unlinkat(dfd, name, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(dfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE_MEANWHILE);
        if (fd < 0)
                return -errno;
        r = write_all(fd, data, size);
        return r < 0 ? r : fchmod(fd, mode) < 0 ? -errno : 0;
}

int root_file_carry(int rfd, const char *path, const char *to)
{
        _cleanup_close_ int from_dfd = -EBADF, to_dfd = -EBADF, in = -EBADF, out = -EBADF;
        _cleanup_free_ char *from_name = NULL, *to_name = NULL;
        int r = root_open_parent(rfd, path, true, &from_dfd, &from_name);

        if (r >= 0)
                r = root_open_parent(rfd, to, false, &to_dfd, &to_name);
        if (r >= 0)
                r = open_regular(from_dfd, from_name, &in);
        if (r >= 0)
                r = open_regular(to_dfd, to_name, &out);
        if (r < 0)
                return r;
        return out < 0 ? -ENOENT : in < 0 ? label_new(rfd, path, out) : attributes_carry(in, out, false);
}

/* A file system that is read-only says so before it looks (Linux fs/namei.c, do_unlinkat() and do_rmdir()). */
static int remove_name(int dfd, const char *name, int flags)
{
        struct stat st;

        if (fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return unlinkat(dfd, name, flags) < 0 || fsync(dfd) < 0 ? -errno : 0;
}

int root_rmdir(int rfd, const char *path)
{
        _cleanup_close_ int dfd = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r = root_open_parent(rfd, path, false, &dfd, &name);

        if (r < 0)
                return r;
        return remove_name(dfd, name, AT_REMOVEDIR);
}

#define TREE_DEPTH_MAX 100U

/* What is on another file system than @device stays. */
static int empty_directory(int fd, dev_t device, unsigned depth)
{
        _cleanup_closedir_ DIR *d = fdopendir(fd);
        struct dirent *e;

        if (!d) {
                int saved = errno;

                close(fd);
                return -saved;
        }
        if (depth == 0)
                return -ELOOP;
        while ((errno = 0, e = readdir(d))) {
                struct stat st;
                int r, inner;

                if (streq(e->d_name, ".") || streq(e->d_name, ".."))
                        continue;
                if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return -errno;
                if (st.st_dev != device)
                        return -EXDEV;
                if (S_ISDIR(st.st_mode)) {
                        inner = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                        r = inner < 0 ? -errno : empty_directory(inner, device, depth - 1);
                        if (r < 0)
                                return r;
                }
                if (unlinkat(dirfd(d), e->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
                        return -errno;
        }
        return errno != 0 ? -errno : 0;
}

int root_remove_tree(int rfd, const char *path)
{
        int fd = root_open(rfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), r;
        struct stat st;

        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;
        r = fstat(fd, &st) < 0 ? negative_errno() : 0;
        if (r < 0)
                closep(&fd);
        else
                r = empty_directory(fd, st.st_dev, TREE_DEPTH_MAX);
        return r < 0 ? r : root_rmdir(rfd, path);
}

int root_file_remove(int rfd, const char *path)
{
        _cleanup_close_ int dfd = -EBADF, held = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r;

        r = root_open_parent(rfd, path, false, &dfd, &name);
        if (r < 0)
                return r;
        held = openat(dfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        return remove_name(dfd, name, 0);
}

void root_file_discard(int rfd, const char *path)
{
        if (root_file_remove(rfd, path) < 0)
                errno = 0;
}

typedef enum RenameHow {
        RENAME_OVER,           /* what is at the new name goes */
        RENAME_EXCHANGED,      /* it gets the old name */
        RENAME_EXCHANGED_ELSE, /* the same, and where that cannot be done it goes */
} RenameHow;

static int rename_and_sync(int rfd, const char *from, const char *to, RenameHow how)
{
        _cleanup_close_ int from_fd = -EBADF, to_fd = -EBADF;
        _cleanup_free_ char *from_name = NULL, *to_name = NULL;
        int r;

        r = root_open_parent(rfd, from, false, &from_fd, &from_name);
        if (r < 0)
                return r;
        r = root_open_parent(rfd, to, false, &to_fd, &to_name);
        if (r < 0)
                return r;
        r = how == RENAME_OVER ? -EINVAL : renameat2(from_fd, from_name, to_fd, to_name, RENAME_EXCHANGE);
        if (r < 0 && how == RENAME_EXCHANGED) /* see rename(2) */
                return errno == EINVAL || errno == ENOSYS ? -ENOTSUP : -errno;
        if (r < 0 && renameat(from_fd, from_name, to_fd, to_name) < 0)
                return -errno;
        return fsync(to_fd) < 0 ? -errno : 0;
}

int root_file_rename(int rfd, const char *from, const char *to)
{
        return rename_and_sync(rfd, from, to, RENAME_OVER);
}

int root_file_exchange(int rfd, const char *a, const char *b)
{
        return rename_and_sync(rfd, a, b, RENAME_EXCHANGED);
}

int root_file_put_back(int rfd, const char *from, const char *to)
{
        return rename_and_sync(rfd, from, to, RENAME_EXCHANGED_ELSE);
}

int root_file_sync(int rfd, const char *path)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);

        if (fd < 0)
                return fd;
        return fsync(fd) < 0 ? -errno : 0;
}

static int copy_bytes(int in, int out)
{
        _cleanup_free_ char *buf = NULL;

        if (ioctl(out, FICLONE, in) == 0) /* where the file system can share the blocks, it needs no room */
                return 0;
        buf = malloc(COPY_CHUNK);
        if (!buf)
                return -ENOMEM;
        for (;;) {
                ssize_t n = read(in, buf, COPY_CHUNK);
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                r = write_all(out, buf, (size_t) n);
                if (r < 0)
                        return r;
        }
}

/* @whole: with all that it has beside its bytes, not only its mode. */
static int copy_fd(int in, int to_dfd, const char *to, bool whole)
{
        _cleanup_close_ int out = -EBADF;
        struct stat st;
        int r;

        out = openat(to_dfd, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE_MEANWHILE);
        if (out < 0)
                return -errno;
        r = copy_bytes(in, out);
        if (r >= 0 && whole)
                r = attributes_carry(in, out, true);
        else if (r >= 0 && (fstat(in, &st) < 0 || fchmod(out, st.st_mode & 07777) < 0))
                r = -errno;
        if (r >= 0 && fsync(out) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(to_dfd, to, 0);
        return r;
}

static int copy_file(int from_dfd, const char *from, int to_dfd, const char *to, bool whole)
{
        _cleanup_close_ int in = -EBADF;
        int r = open_regular(from_dfd, from, &in);

        if (r < 0)
                return r;
        return in < 0 ? -ENOENT : copy_fd(in, to_dfd, to, whole);
}

int root_file_backup(int rfd, const char *path, const char *backup)
{
        _cleanup_close_ int dfd = -EBADF, backup_dfd = -EBADF;
        _cleanup_free_ char *name = NULL, *backup_name = NULL;
        int r;

        r = root_open_parent(rfd, path, true, &dfd, &name);
        if (r < 0)
                return r;
        r = root_open_parent(rfd, backup, false, &backup_dfd, &backup_name);
        if (r < 0)
                return r;
        (void) unlinkat(backup_dfd, backup_name, 0);
        if (linkat(dfd, name, backup_dfd, backup_name, 0) < 0) {
                if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK && errno != EXDEV)
                        return -errno;
                r = copy_file(dfd, name, backup_dfd, backup_name, true);
                if (r < 0)
                        return r;
        }
        return fsync(backup_dfd) < 0 ? -errno : 0;
}

static int copy_to(int rfd, const char *from, const char *to, bool whole)
{
        _cleanup_close_ int from_dfd = -EBADF, to_dfd = -EBADF;
        _cleanup_free_ char *from_name = NULL, *to_name = NULL;
        int r;

        r = root_open_parent(rfd, from, true, &from_dfd, &from_name);
        if (r >= 0)
                r = root_open_parent(rfd, to, false, &to_dfd, &to_name);
        return r < 0 ? r : copy_file(from_dfd, from_name, to_dfd, to_name, whole);
}

int root_file_copy(int rfd, const char *from, const char *to)
{
        return copy_to(rfd, from, to, false);
}

int root_file_duplicate(int rfd, const char *from, const char *to)
{
        return copy_to(rfd, from, to, true);
}

int root_file_duplicate_fd(int rfd, int fd, const char *to)
{
        _cleanup_close_ int dfd = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r = root_open_parent(rfd, to, false, &dfd, &name);

        if (r >= 0 && lseek(fd, 0, SEEK_SET) < 0)
                r = -errno;
        return r < 0 ? r : copy_fd(fd, dfd, name, true);
}
