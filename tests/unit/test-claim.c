/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the helper does to a device that it may claim, and what is left where that fails. */
#include <fcntl.h>
#include <signal.h>

#include "claim-host.h"

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

/* A variant of vfio-pci: its driver has a name of its own, which shows when its module is loaded. */
static void test_variant(void **state)
{
        (void) state;
        put_twins("xe-vfio-pci");
        put("sys/module/xe_vfio_pci/drivers/pci:xe-vfio-pci", "");
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 variant=xe_vfio_pci\n");
        assert_int_equal(run(), 0);
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "xe-vfio-pci\n");
        assert_string_equal(get("run/ptprep/claim"), TWIN_B " claimed claimed by xe-vfio-pci\n");
        assert_untouched(DEVICE_A);
}

/* Of one that nobody knows: what it is called is written over what was expected. */
static void test_variant_of_another_name(void **state)
{
        _cleanup_close_ int probe = -EBADF;
        int pipe_fd;
        pid_t pid;

        (void) state;
        put_twins(NULL);
        put("sys/module/new_vfio_pci/drivers/pci:new-vfio", "");
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 variant=new_vfio_pci\n");
        block_sigio();
        probe = take_lease("sys/bus/pci/drivers_probe");
        pid = start(&pipe_fd);
        answer("drivers_probe", "new-vfio", &probe);
        assert_int_equal(finish(pid, pipe_fd), 0);
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "new-vfio\n");
        assert_contains(output, "claimed by new-vfio\n");
}

/* One that this image or kernel does not have: vfio-pci does, and the host gets nothing. */
static void test_variant_that_is_not_there(void **state)
{
        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 variant=mlx5_vfio_pci\n");
        assert_int_equal(run(), 0);
        assert_contains(output, TWIN_B " (nic0): mlx5_vfio_pci cannot have it (No such file or directory), so vfio-pci "
                                       "is to\n");
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "vfio-pci\n");
        assert_string_equal(get("run/ptprep/claim"), TWIN_B " claimed claimed by vfio-pci\n");
}

/* One that does not take the device, which a built-in driver had: then vfio-pci is asked. */
static void test_variant_that_refuses(void **state)
{
        (void) state;
        put_twins("e1000e");
        put("sys/module/mlx5_vfio_pci/drivers/pci:mlx5_vfio_pci", "");
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 variant=mlx5_vfio_pci\n");
        assert_int_equal(run(), 1); /* a file binds no driver, so that vfio-pci does not take it either */
        assert_contains(output, "mlx5_vfio_pci cannot have it (No such device), so vfio-pci is to\n");
        assert_contains(output, "vfio-pci did not take it");
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "\n");
}

/* A list may say that the system has it. */
static void test_variant_later(void **state)
{
        (void) state;
        put_twins(NULL);
        put("etc/ptprep/claims",
            "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 later=yes variant=xe_vfio_pci\n");
        assert_int_equal(run(), 0);
        assert_string_equal(get("sys/devices/" DEVICE_B "/driver_override"), "xe-vfio-pci\n");
        assert_contains(get("run/ptprep/claim"), TWIN_B " waiting kept from its host driver for xe-vfio-pci");
}

/* What is on a variant already is claimed where vfio-pci is asked for. */
static void test_on_a_variant(void **state)
{
        (void) state;
        put_twins("mlx5_vfio_pci");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        assert_int_equal(run(), 0);
        assert_string_equal(get("run/ptprep/claim"), TWIN_B " claimed claimed by mlx5_vfio_pci\n");
}

static void test_no_variant(void **state)
{
        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 variant=../x\n");
        assert_int_equal(run(), 1);
        assert_contains(output, "key \"variant\" has a value of no meaning, line skipped");
        assert_untouched(DEVICE_B);
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
                cmocka_unit_test_setup_teardown(test_variant, setup, teardown),
                cmocka_unit_test_setup_teardown(test_variant_of_another_name, setup, teardown),
                cmocka_unit_test_setup_teardown(test_variant_that_is_not_there, setup, teardown),
                cmocka_unit_test_setup_teardown(test_variant_that_refuses, setup, teardown),
                cmocka_unit_test_setup_teardown(test_variant_later, setup, teardown),
                cmocka_unit_test_setup_teardown(test_on_a_variant, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_variant, setup, teardown),
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test-claim HELPER\n");
                return 64;
        }
        helper = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
