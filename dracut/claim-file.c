/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-file.h"

#include <fcntl.h>
#include <limits.h>

ssize_t claim_read_file(int root_fd, const char *path, size_t max, char **ret)
{
        _cleanup_close_ int fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *text = NULL;
        size_t n = 0;

        if (fd < 0)
                return -errno;
        text = malloc(max + 2);
        if (!text)
                return -ENOMEM;
        while (n <= max) {
                ssize_t k = read(fd, text + n, max + 1 - n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (size_t) k;
        }
        text[n] = 0;
        *ret = TAKE_PTR(text);
        return (ssize_t) n;
}

int claim_read_hex(int root_fd, const char *address, const char *attribute, unsigned *ret)
{
        char path[PATH_MAX], text[32], *end;
        _cleanup_close_ int fd = -EBADF;
        unsigned long value;
        ssize_t n;

        (void) snprintf(path, sizeof(path), CLAIM_DEVICES "/%s/%s", address, attribute);
        fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        /* sysfs hands out an attribute whole in the first read (Linux Documentation/filesystems/sysfs.rst) */
        do
                n = read(fd, text, sizeof(text) - 1);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        text[n] = 0;
        errno = 0;
        value = strtoul(text, &end, 16);
        if (end == text || (*end && *end != '\n') || errno || value > UINT_MAX)
                return -EINVAL;
        *ret = (unsigned) value;
        return 0;
}

DIR *claim_open_directory(int root_fd, const char *path)
{
        int fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

        if (!d && fd >= 0)
                (void) close(fd);
        return d;
}
