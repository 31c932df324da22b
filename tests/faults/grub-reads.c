/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Preloaded into grub-fstest: writes each part of a disk that GRUB reads to $GRUB_READS, a line "OFFSET SIZE" each. The
 * disk is $GRUB_IMAGE, the partition in it $GRUB_BEGIN and $GRUB_SIZE.
 *
 * Only what GRUB looks at is told, not what it reads besides: when a disk refuses to fill a unit of its cache, it reads
 * the few bytes that it needs (grub-core/kern/disk.c, grub_disk_read_small_real()). Likewise the labels of ZFS, which
 * it looks for where other file systems have their inodes (fs/zfs/zfs.c, check_pool_label()), cannot be read.
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIB        1024LL
#define CACHE_UNIT (32 * KIB)
#define ZFS_LABEL  (256 * KIB)
#define ZFS_DISK   (128 * 1024 * KIB) /* for GRUB a disk ends at a multiple of this: its ALIGN_DOWN counts sectors */

static ssize_t (*real_read)(int, void *, size_t);
static FILE *told;
static struct stat disk;
static long long begin, zfs_end;

static long long number(const char *name)
{
        const char *value = getenv(name);

        return value ? atoll(value) : 0;
}

static void __attribute__((constructor)) prepare(void)
{
        const char *name = getenv("GRUB_READS"), *image = getenv("GRUB_IMAGE");

        *(void **) &real_read = dlsym(RTLD_NEXT, "read");
        begin = number("GRUB_BEGIN");
        zfs_end = number("GRUB_SIZE") / ZFS_DISK * ZFS_DISK;
        if (!real_read || !name || !image || stat(image, &disk) < 0 || !(told = fopen(name, "we")))
                _exit(125);
}

/* Two labels at the beginning of the partition, two at its end; of each GRUB reads two parts, the first of them around
 * a unit of its cache. */
static int is_zfs_label(long long offset, long long size)
{
        long long at = offset - begin, in_label = at % ZFS_LABEL;

        if (at >= 2 * ZFS_LABEL && (at < zfs_end - 2 * ZFS_LABEL || at >= zfs_end))
                return 0;
        return (in_label == 16 * KIB && size == 16 * KIB) || (in_label == 32 * KIB && size == 96 * KIB) ||
               (in_label == 128 * KIB && size == 128 * KIB);
}

ssize_t read(int fd, void *data, size_t size)
{
        long long offset = lseek(fd, 0, SEEK_CUR);
        struct stat st;

        if (offset < 0 || fstat(fd, &st) < 0 || st.st_dev != disk.st_dev || st.st_ino != disk.st_ino)
                return real_read(fd, data, size);
        if ((size == CACHE_UNIT && offset % CACHE_UNIT == 0) || is_zfs_label(offset, (long long) size)) {
                errno = EIO;
                return -1;
        }
        fprintf(told, "%lld %zu\n", offset, size);
        return real_read(fd, data, size);
}
