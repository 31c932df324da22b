/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The claim helper as a program, on sysfs trees of plain files. The first argument of a test is the helper.
 *
 * A plain file binds no driver. Where a test needs the kernel's part, it plays it by a lease (fcntl(2), F_SETLEASE):
 * the helper's open(2) of "unbind" or "drivers_probe" waits until the lease is given back, and meanwhile the driver
 * link changes.
 */

#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "test.h"

#define TWIN_A "0000:03:00.0"
#define TWIN_B "0000:04:00.0"
#define PATH_A "pci0000:00/1c.0/00.0"
#define PATH_B "pci0000:00/1c.4/00.0"
#define ID     "8086:10d3"

#define MEMORY "/dev/shm"

static const char *helper;
static char tree[64];
static const char *mode;   /* one more argument; NULL: none */
static char output[16384]; /* what the helper said in the last run */

static inline const char *in_tree(const char *path)
{
        static char full[8][512];
        static unsigned i;

        i = (i + 1) % ELEMENTSOF(full);
        (void) snprintf(full[i], sizeof(full[i]), "%s/%s", tree, path);
        return full[i];
}

/* The parent directories of a file in the tree. */
static inline void make_parents(const char *full)
{
        char path[512];

        (void) snprintf(path, sizeof(path), "%s", full);
        for (char *s = strchr(path + 1, '/'); s; s = strchr(s + 1, '/')) {
                *s = 0;
                assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
                *s = '/';
        }
}

static inline void put(const char *path, const char *text)
{
        const char *full = in_tree(path);
        _cleanup_fclose_ FILE *f = NULL;

        make_parents(full);
        f = fopen(full, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
}

static inline const char *get(const char *path)
{
        static char text[4096];
        _cleanup_fclose_ FILE *f = fopen(in_tree(path), "r");

        assert_non_null(f);
        text[fread(text, 1, sizeof(text) - 1, f)] = 0;
        return text;
}

static inline void put_link(const char *path, const char *target)
{
        const char *full = in_tree(path);

        make_parents(full);
        assert_return_code(symlink(target, full), errno);
}

/* One function: @where is its directory below /sys/devices, @driver may be NULL. */
static inline void put_device(const char *where, const char *id, const char *class, const char *driver)
{
        char path[300], text[300];
        const char *address = strrchr(where, '/') + 1;

        (void) snprintf(text, sizeof(text), "../../../devices/%s", where);
        (void) snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", address);
        put_link(path, text);
        (void) snprintf(path, sizeof(path), "sys/devices/%s/vendor", where);
        (void) snprintf(text, sizeof(text), "0x%.4s\n", id);
        put(path, text);
        (void) snprintf(path, sizeof(path), "sys/devices/%s/device", where);
        (void) snprintf(text, sizeof(text), "0x%s\n", id + 5);
        put(path, text);
        (void) snprintf(path, sizeof(path), "sys/devices/%s/class", where);
        put(path, class);
        (void) snprintf(path, sizeof(path), "sys/devices/%s/driver_override", where);
        put(path, "(null)\n");
        if (!driver)
                return;
        (void) snprintf(path, sizeof(path), "sys/devices/%s/driver", where);
        (void) snprintf(text, sizeof(text), "%s/sys/bus/pci/drivers/%s", tree, driver);
        put_link(path, text);
}

#define DEVICE_A "pci0000:00/0000:00:1c.0/" TWIN_A
#define DEVICE_B "pci0000:00/0000:00:1c.4/" TWIN_B
#define NETWORK  "0x020000\n"

static inline void put_cmdline(const char *words)
{
        put("proc/cmdline", words);
}

/* A machine with two equal cards, their driver, and both stubs loaded; B is to be claimed. */
static inline int setup(void **state)
{
        (void) state;
        /* in memory, as sysfs is: a disk's file system costs more than all that the helper does */
        (void) snprintf(tree, sizeof(tree), "%s/test-claim.XXXXXX", access(MEMORY, W_OK) == 0 ? MEMORY : "/tmp");
        if (!mkdtemp(tree))
                return -1;
        put("sys/bus/pci/drivers/vfio-pci/bind", "");
        put("sys/bus/pci/drivers/pci-stub/bind", "");
        put("sys/bus/pci/drivers/e1000e/unbind", "");
        put("sys/bus/pci/drivers_probe", "");
        put("run/.keep", "");
        put_cmdline("BOOT_IMAGE=/vmlinuz root=/dev/vda2 ptprep.claim=1 quiet\n");
        return 0;
}

static inline int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
        (void) s, (void) type, (void) ftw;
        return remove(path);
}

static inline int teardown(void **state)
{
        (void) state;
        return nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Starts the helper on the tree; its messages go to the pipe. */
static inline pid_t start(int *ret_pipe)
{
        char option[128];
        int p[2];
        pid_t pid;

        (void) snprintf(option, sizeof(option), "--root=%s", tree);
        assert_return_code(pipe(p), errno);
        pid = fork();
        assert_return_code(pid, errno);
        if (pid == 0) {
                (void) dup2(p[1], STDERR_FILENO);
                (void) close(p[0]);
                (void) close(p[1]);
                (void) execl(helper, helper, option, mode, (char *) NULL);
                _exit(127);
        }
        (void) close(p[1]);
        *ret_pipe = p[0];
        return pid;
}

static inline int finish(pid_t pid, int pipe_fd)
{
        size_t n = 0;
        ssize_t k;
        int status;

        while ((k = read(pipe_fd, output + n, sizeof(output) - 1 - n)) > 0)
                n += (size_t) k;
        output[n] = 0;
        (void) close(pipe_fd);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static inline int run(void)
{
        int pipe_fd;
        pid_t pid = start(&pipe_fd);

        return finish(pid, pipe_fd);
}

static inline void assert_contains(const char *text, const char *part)
{
        if (!strstr(text, part))
                fail_msg("expected \"%s\" in \"%s\"", part, text);
}

/* Nothing was written to this device. */
static inline void assert_untouched(const char *device)
{
        char path[300];

        (void) snprintf(path, sizeof(path), "sys/devices/%s/driver_override", device);
        assert_string_equal(get(path), "(null)\n");
}

static inline void assert_nothing_done(void)
{
        assert_untouched(DEVICE_A);
        assert_untouched(DEVICE_B);
        assert_string_equal(get("sys/bus/pci/drivers_probe"), "");
        assert_int_equal(access(in_tree("run/ptprep/claim"), F_OK), -1);
}

static inline void put_twins(const char *driver_b)
{
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_B, ID, NETWORK, driver_b);
}
