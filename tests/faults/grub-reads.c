/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Preloaded into grub-fstest, which is then started once for many files: for each line of its input that takes the
 * place of its last argument, and it says how it ended. What it prints is in $GRUB_READS.out and .err, and in
 * $GRUB_READS is each part of a disk that GRUB has read, a line "OFFSET SIZE" each. The disk is $GRUB_IMAGE, the
 * partition in it $GRUB_BEGIN and $GRUB_SIZE.
 *
 * Only what GRUB looks at is told, not what it reads besides: when a disk refuses to fill a unit of its cache, it reads
 * the few bytes that it needs (grub-core/kern/disk.c, grub_disk_read_small_real()). Likewise the labels of ZFS, which
 * it looks for where other file systems have their inodes (fs/zfs/zfs.c, check_pool_label()), cannot be read.
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB        1024LL
#define CACHE_UNIT (32 * KIB)
#define ZFS_LABEL  (256 * KIB)
#define ZFS_DISK   (128 * 1024 * KIB) /* for GRUB a disk ends at a multiple of this: its ALIGN_DOWN counts sectors */

typedef int (*Main)(int, char **, char **);
typedef int (*StartMain)(Main, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

static ssize_t (*real_read)(int, void *, size_t);
static Main real_main;
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
        const char *image = getenv("GRUB_IMAGE");

        *(void **) &real_read = dlsym(RTLD_NEXT, "read");
        begin = number("GRUB_BEGIN");
        zfs_end = number("GRUB_SIZE") / ZFS_DISK * ZFS_DISK;
        if (!real_read || !image || stat(image, &disk) < 0)
                _exit(125);
}

static FILE *open_output(const char *suffix, FILE *over)
{
        char path[4096];

        (void) snprintf(path, sizeof(path), "%s%s", getenv("GRUB_READS"), suffix);
        return over ? freopen(path, "we", over) : fopen(path, "we");
}

/* A process of its own for each, since GRUB remembers what it has read. */
static int serve(int argc, char *argv[], char *envp[])
{
        char line[4096];

        while (fgets(line, sizeof(line), stdin)) {
                int status;
                pid_t pid = fork();

                line[strcspn(line, "\n")] = 0;
                if (pid == 0) {
                        told = open_output("", NULL);
                        if (!told || !open_output(".out", stdout) || !open_output(".err", stderr))
                                _exit(125);
                        argv[argc - 1] = line;
                        exit(real_main(argc, argv, envp));
                }
                if (pid < 0 || waitpid(pid, &status, 0) < 0)
                        return 125;
                printf("%d\n", status);
                (void) fflush(stdout);
        }
        return 0;
}

/* NOLINTNEXTLINE(bugprone-reserved-identifier): the C library's, called by each program's own start */
int __libc_start_main(Main program, int argc, char *argv[], void (*init)(void), void (*fini)(void), void (*end)(void),
                      void *stack);

int __libc_start_main(Main program, int argc, char *argv[], void (*init)(void), void (*fini)(void), void (*end)(void),
                      void *stack)
{
        StartMain start;

        *(void **) &start = dlsym(RTLD_NEXT, "__libc_start_main");
        real_main = program;
        return start(serve, argc, argv, init, fini, end, stack);
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

        if (!told || offset < 0 || fstat(fd, &st) < 0 || st.st_dev != disk.st_dev || st.st_ino != disk.st_ino)
                return real_read(fd, data, size);
        if ((size == CACHE_UNIT && offset % CACHE_UNIT == 0) || is_zfs_label(offset, (long long) size)) {
                errno = EIO;
                return -1;
        }
        fprintf(told, "%lld %zu\n", offset, size);
        return real_read(fd, data, size);
}
