/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <sys/stat.h>

#include "base/io.h"
#include "base/parse.h"

#define CHUNK (256U * 1024) /* bytes that are read at once */

static int compare(int a, int b, uint64_t size)
{
        _cleanup_free_ char *buf = malloc(2 * CHUNK);

        if (!buf)
                return -ENOMEM;
        for (uint64_t at = 0; at < size;) {
                size_t n = (size_t) MIN(size - at, (uint64_t) CHUNK);
                int r = read_at(a, at, buf, n);

                if (r >= 0)
                        r = read_at(b, at, buf + CHUNK, n);
                if (r < 0)
                        return r;
                if (memcmp(buf, buf + CHUNK, n) != 0)
                        return 0;
                at += n;
        }
        return 1;
}

int file_same_bytes(int a, int b)
{
        struct stat x, y;

        if (fstat(a, &x) < 0 || fstat(b, &y) < 0)
                return -errno;
        if (x.st_dev == y.st_dev && x.st_ino == y.st_ino)
                return 1;
        return x.st_size != y.st_size ? 0 : compare(a, b, (uint64_t) x.st_size);
}

int file_same(int a, int b)
{
        struct stat x, y;

        if (fstat(a, &x) < 0 || fstat(b, &y) < 0)
                return -errno;
        if (x.st_mode != y.st_mode || x.st_uid != y.st_uid || x.st_gid != y.st_gid)
                return 0;
        return file_same_bytes(a, b);
}

int file_digest(int fd, uint64_t *ret)
{
        _cleanup_free_ char *buf = malloc(CHUNK);
        uint64_t hash = FNV_START;
        off_t at = 0;

        if (!buf)
                return -ENOMEM;
        for (;;) {
                ssize_t n = pread(fd, buf, CHUNK, at);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0) {
                        *ret = hash;
                        return 0;
                }
                hash = fnv1a(hash, buf, (size_t) n);
                at += n;
        }
}
