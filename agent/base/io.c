/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io.h"

#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "base/text.h"

#define TEXT_MAX (4U * 1024 * 1024)

/*
 * Without openat2() (Linux before 5.6, some sandboxes): on "/" itself the kernel keeps every path inside anyway. Below
 * another root it would not, so there is no fallback for that.
 */
static int open_below_slash(int rfd, const char *path, int flags, mode_t mode)
{
        struct stat a, b;
        int fd;

        if (fstat(rfd, &a) < 0 || stat("/", &b) < 0)
                return -errno;
        if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
                return -ENOSYS;
        path += strspn(path, "/");
        fd = openat(rfd, *path ? path : ".", flags | O_CLOEXEC, mode);
        return fd < 0 ? -errno : fd;
}

static int open_how(int rfd, const char *path, int flags, mode_t mode)
{
        const struct open_how how = {
                .flags = (uint64_t) (unsigned) flags | O_CLOEXEC,
                .mode = flags & O_CREAT ? mode : 0,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };
        long fd;

        do {
                fd = syscall(SYS_openat2, rfd, path, &how, sizeof(how));
        } while (fd < 0 && (errno == EINTR || errno == EAGAIN)); /* EAGAIN: a rename raced with "..", see openat2(2) */
        if (fd < 0 && errno == ENOSYS)
                return open_below_slash(rfd, path, flags, mode);
        return fd < 0 ? -errno : (int) fd;
}

int standard_streams_open(void)
{
        int fd;

        do {
                fd = open("/dev/null", O_RDWR); /* the lowest that is free */
                if (fd < 0)
                        fd = open("/", O_RDONLY | O_DIRECTORY); /* without /dev, it is at least taken */
                if (fd < 0)
                        return -errno;
        } while (fd <= STDERR_FILENO);
        close(fd);
        return 0;
}

int root_open(int rfd, const char *path, int flags)
{
        /* a FIFO without a writer would hold the boot up for ever, and a terminal take it over */
        return open_how(rfd, path, flags & O_PATH ? flags : flags | O_NONBLOCK | O_NOCTTY, 0);
}

int directory_each(int fd, int (*each)(void *userdata, const char *name), void *userdata)
{
        _Alignas(struct dirent64) char entries[4096];
        ssize_t n;

        while ((n = getdents64(fd, entries, sizeof(entries))) > 0)
                for (ssize_t at = 0; at < n;) {
                        const struct dirent64 *e = (const struct dirent64 *) (entries + at);
                        int r = streq(e->d_name, ".") || streq(e->d_name, "..") ? 0 : each(userdata, e->d_name);

                        if (r < 0)
                                return r;
                        at += e->d_reclen;
                }
        return n < 0 ? -errno : 0;
}

/* The names that end in something, or all. */
typedef struct Listing {
        const char *suffix;
        StringList names;
} Listing;

static void listing_done(Listing *l)
{
        string_list_done(&l->names);
}

static int list_name(void *userdata, const char *name)
{
        Listing *l = userdata;

        return !l->suffix || endswith(name, l->suffix) ? string_list_add(&l->names, name) : 0;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int root_list(int rfd, const char *path, const char *suffix, StringList *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY | O_DIRECTORY);
        _cleanup_(listing_done) Listing l = { .suffix = suffix };
        int r = fd < 0 ? fd : directory_each(fd, list_name, &l);

        if (r < 0)
                return r;
        if (l.names.n > 0)
                qsort(l.names.items, l.names.n, sizeof(*l.names.items), compare_names);
        for (size_t i = 0; i < l.names.n; i++) {
                r = string_list_add(ret, l.names.items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* @pipes: as well. */
static int read_whole(int fd, size_t max, bool pipes, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *buf = NULL;
        size_t n = 0, capacity = 4096;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (S_ISFIFO(st.st_mode) && !pipes)
                return -EINVAL;
        /* The size of a procfs or sysfs file says nothing, so it is only a hint. */
        if (S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t) st.st_size <= max)
                capacity = (size_t) st.st_size + 2;
        for (;;) {
                ssize_t k;
                char *p;

                if (!buf || n + 1 >= capacity) {
                        if (buf)
                                capacity *= 2;
                        p = realloc(buf, capacity);
                        if (!p)
                                return -ENOMEM;
                        buf = p;
                }
                k = read(fd, buf + n, capacity - n - 1);
                if (k < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (k == 0)
                        break;
                n += (size_t) k;
                if (n > max)
                        return -EFBIG;
        }
        buf[n] = 0;
        *ret = TAKE_PTR(buf);
        if (ret_size)
                *ret_size = n;
        return 0;
}

int root_read_file(int rfd, const char *path, size_t max, char **ret, size_t *ret_size)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);

        return fd < 0 ? fd : read_whole(fd, max, false, ret, ret_size);
}

int file_open(const char *path)
{
        int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_size)
{
        _cleanup_close_ int fd = file_open(path);

        return fd < 0 ? fd : read_whole(fd, max, true, ret, ret_size);
}

int root_read_text(int rfd, const char *path, char **ret)
{
        return root_read_file(rfd, path, TEXT_MAX, ret, NULL);
}

int root_read_attr(int rfd, const char *path, char *buf, size_t size)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);
        ssize_t n;

        if (fd < 0)
                return fd;
        do {
                n = read(fd, buf, size);
        } while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if ((size_t) n >= size)
                return -EFBIG;
        while (n > 0 && strchr(" \t\r\n", buf[n - 1]))
                n--;
        buf[n] = 0;
        return 0;
}

int root_readlink(int rfd, const char *path, char **ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_PATH | O_NOFOLLOW);
        char buf[PATH_MAX];
        ssize_t n;
        char *s;

        if (fd < 0)
                return fd;
        n = readlinkat(fd, "", buf, sizeof(buf) - 1);
        if (n < 0)
                return negative_errno();
        buf[n] = 0;
        s = strdup(buf);
        if (!s)
                return -ENOMEM;
        *ret = s;
        return 0;
}

int root_stat(int rfd, const char *path, struct stat *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_PATH);

        if (fd < 0)
                return fd;
        return fstat(fd, ret) < 0 ? -errno : 0;
}

int root_lstat(int rfd, const char *path, struct stat *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_PATH | O_NOFOLLOW);

        if (fd < 0)
                return fd;
        return fstat(fd, ret) < 0 ? -errno : 0;
}

bool root_is_missing(int rfd, const char *path)
{
        struct stat st;
        int r = root_stat(rfd, path, &st);

        return r == -ENOENT || r == -ENOTDIR;
}

const char *root_first(int rfd, const char *const *paths, size_t n)
{
        struct stat st;

        FOREACH_ARRAY(path, paths, n)
                if (root_stat(rfd, *path, &st) >= 0)
                        return *path;
        return NULL;
}

/* Directory with its final slash, "./" for none, and last component of a path. -EISDIR where the last is no name. */
static int split_path(const char *path, char **ret_directory, char **ret_name)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        if (name[0] == 0 || streq(name, ".") || streq(name, ".."))
                return -EISDIR;
        *ret_name = strdup(name);
        *ret_directory = slash ? strndup(path, (size_t) (slash - path) + 1) : strdup("./");
        return *ret_name && *ret_directory ? 0 : -ENOMEM;
}

int root_follow(int rfd, const char *path, char **ret)
{
        _cleanup_free_ char *current = strdup(path);

        if (!current)
                return -ENOMEM;
        for (unsigned hops = 0; hops < 40; hops++) {
                _cleanup_free_ char *target = NULL, *directory = NULL, *name = NULL;
                char *next;
                int r = split_path(current, &directory, &name);

                if (r >= 0)
                        r = root_readlink(rfd, current, &target);
                if (r == -EINVAL || r == -ENOENT) { /* no link; a new file */
                        *ret = TAKE_PTR(current);
                        return 0;
                }
                if (r < 0)
                        return r;
                if (target[0] == '/')
                        next = strdup(target);
                else
                        string_printf(&next, "%s%s", directory, target);
                if (!next)
                        return -ENOMEM;
                free(current);
                current = next;
        }
        return -ELOOP;
}

/* Symbolic links at the last component are followed by hand, so that a link survives a replacement of what it points
 * to. */
int root_open_parent(int rfd, const char *path, bool follow, int *ret_fd, char **ret_name)
{
        _cleanup_free_ char *real = NULL, *directory = NULL, *name = NULL;
        int fd, r = follow ? root_follow(rfd, path, &real) : 0;

        if (r >= 0)
                r = split_path(real ?: path, &directory, &name);
        if (r < 0)
                return r;
        fd = root_open(rfd, directory, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return fd;
        *ret_fd = fd;
        *ret_name = TAKE_PTR(name);
        return 0;
}

int read_some_at(int fd, uint64_t offset, void *data, size_t size, size_t *ret)
{
        unsigned char *p = data;
        size_t done = 0;

        while (done < size) {
                ssize_t n = pread(fd, p + done, size - done, (off_t) (offset + done));

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (n == 0)
                        break;
                done += (size_t) n;
        }
        *ret = done;
        return 0;
}

int read_at(int fd, uint64_t offset, void *data, size_t size)
{
        size_t n = 0;
        int r = read_some_at(fd, offset, data, size, &n);

        return r < 0 || n == size ? r : -EBADMSG; /* shorter than its size said */
}
