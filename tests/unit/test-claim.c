/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The claim helper as a program, on sysfs trees of plain files: test-claim HELPER.
 *
 * A plain file binds no driver. Where a test needs the kernel's part, it plays it by a lease (fcntl(2), F_SETLEASE):
 * the helper's open(2) of "unbind" or "drivers_probe" waits until the lease is given back, and meanwhile the driver
 * link changes.
 */
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ibft-build.h"
#include "model/claim-limits.h"

#define TWIN_A "0000:03:00.0"
#define TWIN_B "0000:04:00.0"
#define PATH_A "pci0000:00/1c.0/00.0"
#define PATH_B "pci0000:00/1c.4/00.0"
#define ID     "8086:10d3"

#define MEMORY "/dev/shm"

static const char *helper;
static char tree[64];
static char output[16384]; /* what the helper said in the last run */

static const char *in_tree(const char *path)
{
        static char full[8][512];
        static unsigned i;

        i = (i + 1) % ELEMENTSOF(full);
        (void) snprintf(full[i], sizeof(full[i]), "%s/%s", tree, path);
        return full[i];
}

/* The parent directories of a file in the tree. */
static void make_parents(const char *full)
{
        char path[512];

        (void) snprintf(path, sizeof(path), "%s", full);
        for (char *s = strchr(path + 1, '/'); s; s = strchr(s + 1, '/')) {
                *s = 0;
                assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
                *s = '/';
        }
}

static void put(const char *path, const char *text)
{
        const char *full = in_tree(path);
        _cleanup_fclose_ FILE *f = NULL;

        make_parents(full);
        f = fopen(full, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
}

static void put_bytes(const char *path, const void *bytes, size_t size)
{
        const char *full = in_tree(path);
        _cleanup_fclose_ FILE *f = NULL;

        make_parents(full);
        f = fopen(full, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, size, f), size);
}

static const char *get(const char *path)
{
        static char text[4096];
        _cleanup_fclose_ FILE *f = fopen(in_tree(path), "r");

        assert_non_null(f);
        text[fread(text, 1, sizeof(text) - 1, f)] = 0;
        return text;
}

static void put_link(const char *path, const char *target)
{
        const char *full = in_tree(path);

        make_parents(full);
        assert_return_code(symlink(target, full), errno);
}

/* One function: @where is its directory below /sys/devices, @driver may be NULL. */
static void put_device(const char *where, const char *id, const char *class, const char *driver)
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

static void put_cmdline(const char *words)
{
        put("proc/cmdline", words);
}

/* A machine with two equal cards, their driver, and both stubs loaded; B is to be claimed. */
static int setup(void **state)
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

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
        (void) s, (void) type, (void) ftw;
        return remove(path);
}

static int teardown(void **state)
{
        (void) state;
        return nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Starts the helper on the tree; its messages go to the pipe. */
static pid_t start(int *ret_pipe)
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
                (void) execl(helper, helper, option, (char *) NULL);
                _exit(127);
        }
        (void) close(p[1]);
        *ret_pipe = p[0];
        return pid;
}

static int finish(pid_t pid, int pipe_fd)
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

static int run(void)
{
        int pipe_fd;
        pid_t pid = start(&pipe_fd);

        return finish(pid, pipe_fd);
}

static void assert_contains(const char *text, const char *part)
{
        if (!strstr(text, part))
                fail_msg("expected \"%s\" in \"%s\"", part, text);
}

/* Nothing was written to this device. */
static void assert_untouched(const char *device)
{
        char path[300];

        (void) snprintf(path, sizeof(path), "sys/devices/%s/driver_override", device);
        assert_string_equal(get(path), "(null)\n");
}

static void assert_nothing_done(void)
{
        assert_untouched(DEVICE_A);
        assert_untouched(DEVICE_B);
        assert_string_equal(get("sys/bus/pci/drivers_probe"), "");
        assert_int_equal(access(in_tree("run/ptprep/claim"), F_OK), -1);
}

static void put_twins(const char *driver_b)
{
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_B, ID, NETWORK, driver_b);
}

static void test_claimed(void **state)
{
        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", "# a comment\n\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        assert_int_equal(run(), 0);
        assert_contains(output, TWIN_B " (nic0): claimed by vfio-pci\n");
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "vfio-pci\n");
        assert_untouched(DEVICE_A);
        assert_string_equal(get("run/ptprep/claim"), TWIN_B " claimed claimed by vfio-pci\n");
}

/* Gives a lease on path back as soon as somebody opens it, after the driver link of B was changed as the kernel would.
 */
static void answer(const char *path, const char *new_driver, const int *lease)
{
        const struct timespec patience = { .tv_sec = 10 };
        sigset_t io;
        char target[300];

        (void) sigemptyset(&io);
        (void) sigaddset(&io, SIGIO);
        if (sigtimedwait(&io, NULL, &patience) < 0)
                fail_msg("nobody opened %s", path);
        assert_true(unlink(in_tree("sys/devices/" DEVICE_B "/driver")) == 0 || errno == ENOENT);
        if (new_driver) {
                (void) snprintf(target, sizeof(target), "%s/sys/bus/pci/drivers/%s", tree, new_driver);
                put_link("sys/devices/" DEVICE_B "/driver", target);
        }
        assert_return_code(fcntl(*lease, F_SETLEASE, F_UNLCK), errno);
}

/* Opens path with a write lease; skips the test where the file system of the temporary directory has none. */
static int take_lease(const char *path)
{
        int fd = open(in_tree(path), O_RDWR | O_CLOEXEC);

        assert_return_code(fd, errno);
        if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0) {
                (void) close(fd);
                print_message("no leases on this file system: %s\n", strerror(errno));
                skip();
        }
        return fd;
}

static void block_sigio(void)
{
        sigset_t io;

        (void) sigemptyset(&io);
        (void) sigaddset(&io, SIGIO);
        assert_return_code(sigprocmask(SIG_BLOCK, &io, NULL), errno);
}

static void test_claimed_by_probe(void **state)
{
        _cleanup_close_ int probe = -EBADF;
        int pipe_fd;
        pid_t pid;

        (void) state;
        put_twins(NULL);
        put("etc/ptprep/claims", TWIN_B " " ID " pci-stub - nic0\n");
        block_sigio();
        probe = take_lease("sys/bus/pci/drivers_probe");
        pid = start(&pipe_fd);
        answer("drivers_probe", "pci-stub", &probe);
        assert_int_equal(finish(pid, pipe_fd), 0);
        assert_contains(output, "claimed by pci-stub");
        assert_string_equal(get("sys/bus/pci/drivers_probe"), TWIN_B);
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "pci-stub\n");
        assert_untouched(DEVICE_A);
}

static void test_taken_from_builtin(void **state)
{
        _cleanup_close_ int unbind = -EBADF, probe = -EBADF;
        int pipe_fd;
        pid_t pid;

        (void) state;
        put_twins("e1000e");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        block_sigio();
        unbind = take_lease("sys/bus/pci/drivers/e1000e/unbind");
        probe = take_lease("sys/bus/pci/drivers_probe");
        pid = start(&pipe_fd);
        answer("unbind", NULL, &unbind);
        answer("drivers_probe", "vfio-pci", &probe);
        assert_int_equal(finish(pid, pipe_fd), 0);
        assert_string_equal(get("sys/bus/pci/drivers/e1000e/unbind"), TWIN_B);
        assert_contains(get("run/ptprep/claim"), TWIN_B " claimed claimed by vfio-pci, taken from e1000e");
}

/* The stub does not take it: the override goes, and the host driver is asked again. */
static void test_undone(void **state)
{
        (void) state;
        put_twins("e1000e");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        assert_int_equal(run(), 1);
        assert_contains(output, "vfio-pci did not take it");
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "\n");
        assert_string_equal(get("sys/bus/pci/drivers_probe"), TWIN_B);
        assert_contains(get("run/ptprep/claim"), TWIN_B " failed ");
}

static void remove_stub(void)
{
        assert_return_code(remove(in_tree("sys/bus/pci/drivers/vfio-pci/bind")), errno);
        assert_return_code(remove(in_tree("sys/bus/pci/drivers/vfio-pci")), errno);
}

/* No such driver in this kernel: the host driver is not even taken off. */
static void test_no_stub(void **state)
{
        (void) state;
        put_twins("e1000e");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        remove_stub();
        assert_int_equal(run(), 1);
        assert_contains(output, "driver vfio-pci cannot be loaded");
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "\n");
        assert_string_equal(get("sys/bus/pci/drivers/e1000e/unbind"), "");
}

/* The stub driver is not in this image, and the list says that it comes later: no other driver may have the device. */
static void test_waiting(void **state)
{
        (void) state;
        put_twins(NULL);
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 later=yes\n");
        remove_stub();
        assert_int_equal(run(), 0);
        assert_string_equal(output, "ptprep-claim: " TWIN_B
                                    " (nic0): kept from its host driver for vfio-pci, which comes later\n");
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "vfio-pci\n");
        assert_string_equal(get("sys/bus/pci/drivers_probe"), "");
        assert_contains(get("run/ptprep/claim"), TWIN_B " waiting ");
        assert_untouched(DEVICE_A);
}

/* A driver that is built in has it: it goes while nothing of the system uses the device, and not when that is up. */
static void test_waiting_from_builtin(void **state)
{
        (void) state;
        put_twins("e1000e");
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 later=yes\n");
        remove_stub();
        assert_int_equal(run(), 0);
        assert_string_equal(get("sys/bus/pci/drivers/e1000e/unbind"), TWIN_B);
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "vfio-pci\n");
        assert_string_equal(get("sys/bus/pci/drivers_probe"), "");
        assert_contains(get("run/ptprep/claim"), TWIN_B " waiting taken from e1000e");
}

/* It cannot be taken from there: the host keeps it, and that is told. */
static void test_not_kept(void **state)
{
        (void) state;
        put_twins("e1000e");
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 later=yes\n");
        remove_stub();
        assert_return_code(remove(in_tree("sys/bus/pci/drivers/e1000e/unbind")), errno);
        assert_int_equal(run(), 1);
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "\n");
        assert_contains(get("run/ptprep/claim"), TWIN_B " failed cannot be kept for vfio-pci");
        assert_contains(output, "1 of 1 not claimed");
}

/* With the stub driver at hand nothing has to wait. */
static void test_not_later(void **state)
{
        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 later=yes\n");
        assert_int_equal(run(), 0);
        assert_string_equal(get("run/ptprep/claim"), TWIN_B " claimed claimed by vfio-pci\n");
}

/* One device fails, the next one is claimed all the same. */
static void test_others_go_on(void **state)
{
        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_B, ID, NETWORK, "vfio-pci");
        put("etc/ptprep/claims",
            "0000:09:00.0 10de:1b80 vfio-pci - gone\n" TWIN_A " " ID " vfio-pci - a\n" TWIN_B " " ID " vfio-pci - b\n");
        assert_int_equal(run(), 1);
        assert_contains(get("run/ptprep/claim"), "0000:09:00.0 absent ");
        assert_contains(get("run/ptprep/claim"), TWIN_A " failed ");
        assert_contains(get("run/ptprep/claim"), TWIN_B " claimed ");
        assert_contains(output, "2 of 3 not claimed");
}

static void test_wrong_id(void **state)
{
        (void) state;
        put_twins("e1000e");
        put("etc/ptprep/claims", TWIN_B " 10de:1b80 vfio-pci - gpu0\n");
        assert_int_equal(run(), 1);
        assert_contains(output, TWIN_B " (gpu0): is now 8086:10d3, not 10de:1b80: not claimed\n");
        assert_contains(get("run/ptprep/claim"), TWIN_B " absent ");
        assert_untouched(DEVICE_B);
        assert_string_equal(get("sys/bus/pci/drivers_probe"), "");
}

/* The card kept its slot, the bus numbers changed: said, and claimed nowhere. */
static void test_moved(void **state)
{
        (void) state;
        put_device("pci0000:00/0000:00:1c.0/" TWIN_A, "8086:1533", NETWORK, NULL);
        put_device("pci0000:00/0000:00:1c.2/" TWIN_B, "8086:1533", NETWORK, NULL);
        put_device("pci0000:00/0000:00:1c.3/0000:05:00.0", "10de:1b80", "0x030000\n", NULL);
        put_device("pci0000:00/0000:00:1c.4/0000:06:00.0", "10de:1b80", "0x030000\n", NULL);
        put("etc/ptprep/claims", TWIN_B " 10de:1b80 vfio-pci " PATH_B " gpu0\n");
        assert_int_equal(run(), 1);
        assert_contains(output, "is now 8086:1533, not 10de:1b80: not claimed; the card seems to be at 0000:06:00.0");
        assert_contains(get("run/ptprep/claim"), TWIN_B " moved ");
        assert_untouched("pci0000:00/0000:00:1c.4/0000:06:00.0");
        assert_untouched("pci0000:00/0000:00:1c.3/0000:05:00.0");
}

/* Nothing is left at the address. Without a path the other card could be a twin, and a listed one is certainly not it.
 */
static void test_absent(void **state)
{
        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "vfio-pci");
        put("etc/ptprep/claims", TWIN_A " " ID " vfio-pci - a\n" TWIN_B " " ID " vfio-pci - b\n");
        assert_int_equal(run(), 1);
        assert_contains(get("run/ptprep/claim"), TWIN_B " absent no device at this address: not claimed\n");

        put_device("pci0000:00/0000:00:1c.5/0000:07:00.0", ID, NETWORK, "e1000e");
        assert_int_equal(run(), 1);
        assert_contains(get("run/ptprep/claim"), TWIN_B " moved ");
        assert_contains(output, "a card with that id is at 0000:07:00.0");
        assert_untouched("pci0000:00/0000:00:1c.5/0000:07:00.0");
}

/* A virtual function that has the id of its card, as those of graphics have. The card must not be named in its place.
 */
static void test_virtual_function(void **state)
{
        (void) state;
        put_device("pci0000:00/0000:00:02.0", "8086:a7a0", "0x030000\n", "i915");
        put("sys/devices/pci0000:00/0000:00:02.0/sriov_totalvfs", "7\n");
        put("etc/ptprep/claims", "0000:00:02.1 8086:a7a0 vfio-pci - vgpu0\n");
        assert_int_equal(run(), 1);
        assert_contains(output, "not claimed; if it is a virtual function of 0000:00:02.0, that is made later\n");
        assert_contains(get("run/ptprep/claim"), "0000:00:02.1 absent ");
        assert_untouched("pci0000:00/0000:00:02.0");

        put_device("pci0000:00/0000:00:1c.5/0000:07:00.0", "8086:a7a0", "0x030000\n", NULL);
        assert_int_equal(run(), 1);
        assert_contains(output, "a card with that id is at 0000:07:00.0");
}

/* An optional device may be missing, but another one in its place is no less wrong. */
static void test_optional(void **state)
{
        (void) state;
        put_device(DEVICE_A, "8086:1533", NETWORK, "igb");
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci - b optional=yes\n");
        assert_int_equal(run(), 0);
        assert_string_equal(output, "ptprep-claim: " TWIN_B
                                    " (b): no device at this address, and it is optional: not claimed\n");
        assert_contains(get("run/ptprep/claim"), TWIN_B " absent ");

        put("etc/ptprep/claims", "version=2\n" TWIN_A " " ID " vfio-pci - a optional=yes\n");
        assert_int_equal(run(), 1);
        assert_contains(output, "is now 8086:1533, not 8086:10d3: not claimed");
        assert_contains(output, "1 of 1 not claimed");
        assert_untouched(DEVICE_A);
}

/* The list of a later release, of which no line can be trusted: the host boots as without it. */
static void test_later_list(void **state)
{
        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", "version=3\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        assert_int_equal(run(), 1);
        assert_contains(output,
                        "/etc/ptprep/claims:1: the list has version 3, this helper reads up to 2: nothing claimed\n");
        assert_nothing_done();
}

static void test_path_mismatch(void **state)
{
        (void) state;
        put_twins("e1000e");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci " PATH_A " nic0\n");
        assert_int_equal(run(), 1);
        assert_contains(output, "is now at " PATH_B ", not " PATH_A ": not claimed; the card seems to be at " TWIN_A);
        assert_contains(get("run/ptprep/claim"), TWIN_B " moved ");
        assert_untouched(DEVICE_A);
        assert_untouched(DEVICE_B);
}

/* Below VMD the domain has five digits, and the nested host bridge keeps its name in the path. */
static void test_vmd(void **state)
{
        (void) state;
        put_device("pci0000:6f/0000:6f:00.5/pci10001:80/10001:80:07.0", "8086:0953", "0x010802\n", "vfio-pci");
        put("etc/ptprep/claims", "10001:80:07.0 8086:0953 vfio-pci pci0000:6f/00.5/pci10001:80/07.0 nvme0\n");
        assert_int_equal(run(), 0);
        assert_contains(output, "10001:80:07.0 (nvme0): claimed by vfio-pci");
}

/* What is never taken from the host, in the words that the agent has for it; other bridges may be endpoints. */
static void test_never_bound(void **state)
{
        static const struct {
                const char *class, *what;
        } rows[] = {
                { "0x060000\n", "a host bridge (class 0600)" },
                { "0x060100\n", "an ISA bridge (class 0601)" },
                { "0x060400\n", "a PCI bridge (class 0604)" },
                { "0x060700\n", "a CardBus bridge (class 0607)" },
                { "0x060940\n", "a semi-transparent PCI bridge (class 0609)" },
                { "0x080600\n", "a function of the IOMMU (class 0806)" },
                { "0x068000\n", NULL },
                { "0x080500\n", NULL },
        };

        (void) state;
        put_device(DEVICE_B, ID, NETWORK, "vfio-pci");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci - port\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                put("sys/devices/" DEVICE_B "/class", row->class);
                put("sys/devices/" DEVICE_B "/driver_override", "(null)\n");
                assert_int_equal(run(), row->what ? 1 : 0);
                if (!row->what)
                        continue;
                assert_contains(get("run/ptprep/claim"), TWIN_B " failed is ");
                assert_contains(output, row->what);
                assert_contains(output, "which is never claimed");
                assert_untouched(DEVICE_B);
        }
}

static void test_malformed(void **state)
{
        static const char *const bad[] = {
                "0000:04:00.0",
                "0000:04:00.0 8086:10d3 vfio-pci - nic0 more",
                "04:00.0 8086:10d3 vfio-pci - nic0",
                "00000:04:00.0 8086:10d3 vfio-pci - nic0",
                "0000:04:20.0 8086:10d3 vfio-pci - nic0",
                "0000:04:00.8 8086:10d3 vfio-pci - nic0",
                "../../../etc 8086:10d3 vfio-pci - nic0",
                "0000:04:00.0 8086:10D3 vfio-pci - nic0",
                "0000:04:00.0 8086-10d3 vfio-pci - nic0",
                "0000:04:00.0 8086:10d3 e1000e - nic0",
                "0000:04:00.0 8086:10d3 vfio-pci 1c.4/00.0 nic0",
                "0000:04:00.0 8086:10d3 vfio-pci - Nic0",
                "0000:04:00.0 8086:10d3 vfio-pci - nic0\r",
                TWIN_A " " ID " vfio-pci - again",
        };

        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "vfio-pci");
        put_device(DEVICE_B, ID, NETWORK, "vfio-pci");
        FOREACH_ARRAY(line, bad, ELEMENTSOF(bad)) {
                char text[512];

                (void) snprintf(text, sizeof(text), TWIN_A " " ID " vfio-pci - a\n%s\n", *line);
                put("etc/ptprep/claims", text);
                assert_int_equal(run(), 1);
                assert_contains(output, "/etc/ptprep/claims:2: ");
                assert_contains(get("run/ptprep/claim"), TWIN_A " claimed ");
                assert_untouched(DEVICE_B);
        }
}

/* A list longer than the helper takes: whole lines only, never a cut one. */
static void test_long_list(void **state)
{
        _cleanup_fclose_ FILE *f = NULL;
        char expected[64];

        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "vfio-pci");
        put_device(DEVICE_B, ID, NETWORK, "vfio-pci");
        put("etc/ptprep/claims", TWIN_A " " ID " vfio-pci - a\n");
        f = fopen(in_tree("etc/ptprep/claims"), "a");
        assert_non_null(f);
        for (unsigned i = 0; i < CLAIM_LIST_MAX; i++)
                assert_true(fputc('#', f) != EOF);
        fputs("\n" TWIN_B " " ID " vfio-pci - b\n", f);
        assert_int_equal(fflush(f), 0);
        assert_int_equal(run(), 1);
        (void) snprintf(expected, sizeof(expected), "longer than %d bytes", CLAIM_LIST_MAX);
        assert_contains(output, expected);
        assert_string_equal(get("run/ptprep/claim"), TWIN_A " claimed claimed by vfio-pci\n");
        assert_untouched(DEVICE_B);
}

/* Which command lines let it act. */
static void test_cmdline(void **state)
{
        static const struct {
                const char *words;
                bool acts;
        } rows[] = {
                { "ptprep.claim=1", true },
                { "quiet ptprep.claim=1 splash", true },
                { "\"ptprep.claim=1\"", true },
                { "ptprep.claim=\"1\"", true },
                { "ptprep.claim=0 ptprep.claim=1", true },
                { "ptprep.claim=1 ptprep=off ptprep=on", true },
                { "ptprep.claim=1 systemd.unit=multi-user.target", true },
                { "ptprep.claim=1 dyndbg=\"file a.c +p; ptprep=off single\"", true },
                { "", false },
                { "quiet splash", false },
                { "ptprep.claim", false },
                { "ptprep.claim=0", false },
                { "ptprep.claim=10", false },
                { "ptprep.claim=1 ptprep.claim=0", false },
                { "xptprep.claim=1", false },
                { "dyndbg=\"file a.c +p; ptprep.claim=1\"", false },
                { "-- ptprep.claim=1", false },
                { "ptprep.claim=1 ptprep=off", false },
                { "ptprep=off ptprep.claim=1", false },
                { "ptprep.claim=1 ptprep=on ptprep=off", false },
                { "ptprep.claim=1 -- ptprep=off", false },
                { "ptprep.claim=1 \"ptprep=off\"", false },
                { "ptprep.claim=1 single", false },
                { "ptprep.claim=1 s", false },
                { "ptprep.claim=1 S", false },
                { "ptprep.claim=1 1", false },
                { "ptprep.claim=1 rescue", false },
                { "emergency ptprep.claim=1", false },
                { "ptprep.claim=1 systemd.unit=rescue.target", false },
                { "ptprep.claim=1 systemd.unit=emergency.target", false },
                { "ptprep.claim=1 rd.systemd.unit=emergency.target", false },
                { "ptprep.claim=1 rd.break", false },
                { "ptprep.claim=1 rd.break=pre-mount", false },
                { "ptprep.claim=1 rdbreak", false },
                { "ptprep.claim=1 rd.rescue", false },
                { "ptprep.claim=1 rd.emergency", false },
                { "ptprep.claim=1 -b", false },
                { "ptprep.claim=1 -- -s", false },
                { "ptprep.claim=1 recovery nomodeset", false },
                { "ptprep.claim=1 break", false },
                { "ptprep.claim=1 break=premount", false },
                { "ptprep.claim=1 systemd.unit=emergency", false },
                { "ptprep.claim=1 systemd.unit=\"rescue\"", false },
                { "ptprep.claim=1 systemd.unit=runlevel1.target", false },
                { "ptprep.claim=1 rd.systemd.unit=rescue", false },
                { "ptprep.claim=1 init=/bin/sh", false },
                { "init=/usr/bin/bash ptprep.claim=1", false },
                { "ptprep.claim=1 rdinit=/bin/sh", false },
                { "ptprep.claim=1 \"init=/bin/bash\"", false },
                { "ptprep.claim=1 init=/usr/sbin/sulogin", false },
                { "ptprep.claim=1 init=sh", false },
                /* the crash kernel's, made of the usual one */
                { "elfcorehdr=0x7b000000 ptprep.claim=1 irqpoll nr_cpus=1 reset_devices", false },
                /* ordinary boots */
                { "ptprep.claim=1 2", true },
                { "ptprep.claim=1 3", true },
                { "ptprep.claim=1 5", true },
                { "ptprep.claim=1 rd.shell=0 rd.emergency=reboot panic=30", true },
                { "ptprep.claim=1 init=/sbin/init", true },
                { "ptprep.claim=1 init=/usr/lib/systemd/systemd", true },
                { "ptprep.claim=1 init=/nix/store/abc-nixos-system/init", true },
                { "ptprep.claim=1 rdinit=/init", true },
                { "ptprep.claim=1 init=/opt/bash/init", true },
                { "ptprep.claim=1 systemd.unit=graphical.target", true },
                { "ptprep.claim=1 single=1 rescue=no", true },
                { "ptprep.claim=1 systemd.debug_shell", true },
                { "ptprep.claim=1 crashkernel=512M", true },
        };

        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                char text[256];

                (void) snprintf(text, sizeof(text), "%s\n", row->words);
                put_cmdline(text);
                put("sys/devices/" DEVICE_B "/driver_override", "(null)\n");
                (void) unlink(in_tree("run/ptprep/claim"));
                assert_int_equal(run(), 0);
                if (row->acts != (access(in_tree("run/ptprep/claim"), F_OK) == 0))
                        fail_msg("\"%s\" should %s", row->words, row->acts ? "claim" : "claim nothing");
                if (!row->acts)
                        assert_nothing_done();
        }
}

/* A crash kernel that was told by other means than its command line where the memory of the crashed one is. */
static void test_crash_kernel(void **state)
{
        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        put("proc/vmcore", "\177ELF");
        assert_int_equal(run(), 0);
        assert_string_equal(output, "ptprep-claim: crash kernel: nothing claimed\n");
        assert_nothing_done();
        put_cmdline("root=/dev/vda2\n"); /* and without ptprep.claim=1 there is nothing to say */
        assert_int_equal(run(), 0);
        assert_string_equal(output, "");
}

/* Where the arguments or the list cannot be read, nothing is claimed. */
static void test_unreadable(void **state)
{
        (void) state;
        put_twins("e1000e");
        assert_int_equal(run(), 1);
        assert_contains(output, "/etc/ptprep/claims: cannot be read (No such file or directory): nothing claimed");
        assert_nothing_done();

        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci - nic0\n");
        assert_return_code(unlink(in_tree("proc/cmdline")), errno);
        (void) run();
        assert_contains(output, "/proc/cmdline: cannot be read");
        assert_nothing_done();
}

static void test_usage(void **state)
{
        int status;
        pid_t pid;

        (void) state;
        pid = fork();
        assert_return_code(pid, errno);
        if (pid == 0) {
                (void) freopen("/dev/null", "w", stderr);
                (void) execl(helper, helper, "--frobnicate", (char *) NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 64);
}

/* A sanitizer has memory and system calls of its own, and its search for leaks does not work in a traced process. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif

static void put_devices(unsigned n)
{
        FILE *f;

        for (unsigned i = 0; i < n; i++) {
                char where[128];

                (void) snprintf(where, sizeof(where), "pci0000:00/0000:00:%02x.%x/0000:%02x:00.0", 4 + i / 8, i % 8,
                                1 + i);
                put_device(where, ID, NETWORK, "vfio-pci");
        }
        put("etc/ptprep/claims", "");
        f = fopen(in_tree("etc/ptprep/claims"), "w");
        assert_non_null(f);
        for (unsigned i = 0; i < n; i++)
                fprintf(f, "0000:%02x:00.0 " ID " vfio-pci pci0000:00/%02x.%x/00.0 dev%u\n", 1 + i, 4 + i / 8, i % 8,
                        i);
        assert_int_equal(fclose(f), 0);
}

/* KiB of memory that only this process has, as Linux Documentation/filesystems/proc.rst defines it. */
static unsigned private_memory(pid_t pid)
{
        char path[64], line[256];
        unsigned sum = 0;

        (void) snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
        _cleanup_fclose_ FILE *f = fopen(path, "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                unsigned n;

                if (sscanf(line, "Private_Clean: %u", &n) == 1 || sscanf(line, "Private_Dirty: %u", &n) == 1)
                        sum += n;
        }
        return sum;
}

/* Starts the helper under ptrace(2), stopped; skips the test where nothing can be traced. */
static pid_t start_traced(long options)
{
        char option[128];
        int status;
        pid_t pid;

        if (SANITIZED)
                skip();
        (void) snprintf(option, sizeof(option), "--root=%s", tree);
        pid = fork();
        assert_return_code(pid, errno);
        if (pid == 0) {
                (void) freopen("/dev/null", "w", stderr);
                (void) ptrace(PTRACE_TRACEME, 0, NULL, NULL);
                (void) raise(SIGSTOP);
                (void) execl(helper, helper, option, (char *) NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0) {
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, &status, 0);
                print_message("SKIPPED: no process can be traced here\n");
                skip();
        }
        return pid;
}

/* How many system calls the helper makes for that many devices. */
static unsigned count_calls(unsigned devices)
{
        unsigned stops = 0;
        int status = 0;
        pid_t pid;

        put_devices(devices);
        pid = start_traced(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
        while (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
                stops += WSTOPSIG(status) == (SIGTRAP | 0x80); /* when it is entered, and when it is left */
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(teardown(NULL), 0);
        assert_int_equal(setup(NULL), 0);
        return stops / 2;
}

/* What the list has behind the name of B. */
static void put_tail(const char *tail)
{
        char text[300];

        (void) snprintf(text, sizeof(text), "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " dev0 %s\n", tail);
        put("etc/ptprep/claims", text);
}

/* A network card, and B, that has this class and is listed. */
static void put_guarded(const char *class, const char *tail)
{
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_B, ID, class, "vfio-pci");
        put_tail(tail);
}

/* The helper has claimed B, or has left it to the host with this reason. */
static void assert_guarded(const char *reason)
{
        if (!reason) {
                assert_int_equal(run(), 0);
                assert_contains(output, "(dev0): claimed by vfio-pci");
                return;
        }
        assert_int_equal(run(), 1);
        assert_contains(output, reason);
        assert_contains(output, ": left to the host\n");
        assert_untouched(DEVICE_B);
        assert_contains(get("run/ptprep/claim"), TWIN_B " failed ");
}

/* A list that was judged for another root than the one that is to be mounted takes nothing that it could be on. */
static void test_other_root(void **state)
{
        static const char moved[] = "the root is /dev/vda2 now, and was UUID=1 when it was listed";
        static const struct {
                const char *root, *class, *tail, *reason;
        } rows[] = {
                { "root=/dev/vda2", "0x010802\n", "root=/dev/vda2", NULL },
                { "root=/dev/vda2", "0x010802\n", "root=UUID=1", moved },
                { "root=/dev/vda2", "0x010802\n", "", NULL }, /* of a release that did not say */
                { "root=/dev/vda2", "0x010802\n", "root=UUID=1 allow=boot-disk", NULL },
                { "root=/dev/vda2", "0x010802\n", "root=UUID=1 allow=keyboard,boot-disk", NULL },
                { "root=/dev/vda2", "0x010802\n", "root=UUID=1 allow=keyboard,display", moved },
                { "root=/dev/vda2", "0x0c0330\n", "root=UUID=1", moved },
                { "root=/dev/vda2", "0x080501\n", "root=UUID=1", moved },
                { "root=/dev/vda2", "0x0c0400\n", "root=UUID=1", moved },
                { "root=/dev/vda2", "0x030000\n", "root=UUID=1", NULL }, /* no disk is on it */
                { "root=/dev/vda2", "0x020000\n", "root=UUID=1",
                  NULL }, /* and no way to another machine was asked for */
                { "root=/dev/nfs nfsroot=192.0.2.1:/r", "0x020000\n", "root=UUID=1",
                  "the root is /dev/nfs;nfsroot=192.0.2.1:/r now, and was UUID=1 when" },
                { "root=/dev/nfs nfsroot=192.0.2.1:/r", "0x020000\n", "root=/dev/nfs;nfsroot=192.0.2.1:/r", NULL },
                { "root=UUID=2 netroot=iscsi:192.0.2.1", "0x020000\n", "root=UUID=2", "now, and was UUID=2 when" },
                { "root=/dev/sda1 root=UUID=1", "0x010802\n", "root=UUID=1", NULL }, /* the last one counts */
                { "\"root=UUID=1\"", "0x010802\n", "root=UUID=1", NULL },
                { "quiet", "0x010802\n", "root=-", NULL }, /* the image knows, or the partition's type tells */
                { "quiet", "0x010802\n", "root=UUID=1", "the root is - now" },
                { "root=ZFS=rpool/ROOT/b", "0x010802\n", "root=ZFS=rpool", NULL },
                { "root=LABEL=%\x01;", "0x010802\n", "root=LABEL=%25%01%3B", NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char text[200];

                (void) teardown(NULL);
                assert_int_equal(setup(NULL), 0);
                put_guarded(rows[i].class, rows[i].tail);
                (void) snprintf(text, sizeof(text), "%s ptprep.claim=1 -- root=/dev/none\n", rows[i].root);
                put_cmdline(text);
                assert_guarded(rows[i].reason);
        }
}

static void test_firmware_network(void **state)
{
        static const char booted[] = "the firmware has booted over iSCSI with it (iBFT)";
        uint8_t table[IBFT_SIZE];

        (void) state;
        put_guarded(NETWORK, "");
        assert_guarded(NULL);
        put_link("sys/firmware/ibft/ethernet0/device", "../../../devices/" DEVICE_A);
        put_link("sys/firmware/ibft/target0/device", "../../../devices/" DEVICE_B);
        assert_guarded(NULL);
        put("sys/devices/" DEVICE_B "/driver_override", "(null)\n");
        put_link("sys/firmware/ibft/ethernet1/device", "../../../devices/" DEVICE_B);
        assert_guarded(booted);
        assert_return_code(unlink(in_tree("sys/firmware/ibft/ethernet1/device")), errno);
        build_ibft(table, 0x0400);
        put_bytes("sys/firmware/acpi/tables/iBFT", table, sizeof(table));
        assert_guarded(booted);
        build_ibft(table, 0x0401);
        put_bytes("sys/firmware/acpi/tables/iBFT", table, sizeof(table));
        assert_guarded(NULL);
        build_ibft(table, 0x0400);
        put_bytes("sys/firmware/acpi/tables/iBFT", table, sizeof(table));
        put_tail("allow=network");
        assert_guarded(NULL);
}

/* The display that the console is on stays where it is the last one. */
static void test_last_display(void **state)
{
        static const char last[] = "the console is on it, and no other display or console is there";
        static const char lines[] = "00000000-00000fff : Reserved\nc0000000-dfffffff : PCI Bus 0000:00\n"
                                    "  c0000000-c0ffffff : %s\n    c0000000-c07e8fff : BOOTFB\n";
        static const struct {
                const char *holder, *boot_vga, *consoles, *other, *tail, *reason;
        } rows[] = {
                { TWIN_B, "0\n", "tty0\n", NETWORK, "", last },
                { TWIN_A, "1\n", "tty0\n", NETWORK, "", NULL },       /* the framebuffer is surer */
                { TWIN_B, "0\n", "tty0\n", "0x030000\n", "", NULL },  /* another one stays */
                { TWIN_B, "0\n", "tty0\n", "0x030200\n", "", last },  /* that shows nothing */
                { TWIN_B, "0\n", "ttyS0 tty0\n", NETWORK, "", NULL }, /* a serial console */
                { TWIN_B, "0\n", "ttyS0\n", NETWORK, "", NULL },
                { TWIN_B, "0\n", "tty0\n", NETWORK, "display=spared", NULL },
                { TWIN_B, "0\n", "tty0\n", NETWORK, "allow=display", NULL },
                { TWIN_B, "0\n", "tty0\n", NETWORK, "allow=network", last },
                { NULL, "1\n", "tty0\n", NETWORK, "", last }, /* no framebuffer: what VGA says */
                { NULL, "0\n", "tty0\n", NETWORK, "", NULL },
                { "Reserved", "1\n", "tty0\n", NETWORK, "", last },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char text[300];

                (void) teardown(NULL);
                assert_int_equal(setup(NULL), 0);
                put_guarded("0x030000\n", rows[i].tail);
                put("sys/devices/" DEVICE_A "/class", rows[i].other);
                put("sys/devices/" DEVICE_B "/boot_vga", rows[i].boot_vga);
                put("sys/class/tty/console/active", rows[i].consoles);
                if (rows[i].holder) {
                        (void) snprintf(text, sizeof(text), lines, rows[i].holder);
                        put("proc/iomem", text);
                }
                assert_guarded(rows[i].reason);
        }
}

/*
 * What a device costs a boot, in a number that does not depend on the machine: three attributes read and one written,
 * each opened and closed, two links, one message. That is 15 with glibc; musl writes the message in pieces.
 */
static void test_calls_of_a_device(void **state)
{
        unsigned few, many;

        (void) state;
        few = count_calls(32);
        many = count_calls(64);
        print_message("%u system calls for 32 devices, %u for 64\n", few, many);
        assert_in_range(many - few, 1, 32 * 20);
}

/* The bound of the design is 1 MiB. Looked at where it ends, when nothing has been given back yet. */
static void test_memory(void **state)
{
        unsigned kib = 0;
        int status = 0;
        pid_t pid;

        (void) state;
        put_devices(64);
        pid = start_traced(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
        while (ptrace(PTRACE_CONT, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
                if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8)))
                        kib = private_memory(pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        print_message("64 devices: %u KiB of private memory\n", kib);
        assert_in_range(kib, 1, 1023);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_claimed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_claimed_by_probe, setup, teardown),
                cmocka_unit_test_setup_teardown(test_taken_from_builtin, setup, teardown),
                cmocka_unit_test_setup_teardown(test_undone, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_stub, setup, teardown),
                cmocka_unit_test_setup_teardown(test_waiting, setup, teardown),
                cmocka_unit_test_setup_teardown(test_waiting_from_builtin, setup, teardown),
                cmocka_unit_test_setup_teardown(test_not_kept, setup, teardown),
                cmocka_unit_test_setup_teardown(test_not_later, setup, teardown),
                cmocka_unit_test_setup_teardown(test_others_go_on, setup, teardown),
                cmocka_unit_test_setup_teardown(test_wrong_id, setup, teardown),
                cmocka_unit_test_setup_teardown(test_moved, setup, teardown),
                cmocka_unit_test_setup_teardown(test_absent, setup, teardown),
                cmocka_unit_test_setup_teardown(test_virtual_function, setup, teardown),
                cmocka_unit_test_setup_teardown(test_optional, setup, teardown),
                cmocka_unit_test_setup_teardown(test_later_list, setup, teardown),
                cmocka_unit_test_setup_teardown(test_path_mismatch, setup, teardown),
                cmocka_unit_test_setup_teardown(test_vmd, setup, teardown),
                cmocka_unit_test_setup_teardown(test_never_bound, setup, teardown),
                cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_long_list, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cmdline, setup, teardown),
                cmocka_unit_test_setup_teardown(test_crash_kernel, setup, teardown),
                cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
                cmocka_unit_test(test_usage),
                cmocka_unit_test_setup_teardown(test_other_root, setup, teardown),
                cmocka_unit_test_setup_teardown(test_firmware_network, setup, teardown),
                cmocka_unit_test_setup_teardown(test_last_display, setup, teardown),
                cmocka_unit_test_setup_teardown(test_calls_of_a_device, setup, teardown),
                cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test-claim HELPER\n");
                return 64;
        }
        helper = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
