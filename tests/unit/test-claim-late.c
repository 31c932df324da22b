/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that come while the system runs, as udev asks the helper about them. */
#include "claim-host.h"

#define OVERRIDE_B "sys/devices/" DEVICE_B "/driver_override"
#define PROBE      "sys/bus/pci/drivers_probe"
#define LIST       TWIN_B " " ID " vfio-pci " PATH_B " nic0\n"

static int run_with(const char *argument)
{
        mode = argument;
        return run();
}

/* Free, and no driver but its own can take it from now on; that is all. */
static void test_kept(void **state)
{
        (void) state;
        put_twins(NULL);
        put("etc/ptprep/claims", LIST);
        assert_int_equal(run_with("--keep"), 0);
        assert_string_equal(get(OVERRIDE_B), "vfio-pci\n");
        assert_untouched(DEVICE_A);
        assert_string_equal(get(PROBE), "");
        assert_int_equal(access(in_tree("run/ptprep/claim"), F_OK), -1);
        assert_int_equal(access(in_tree("run/ptprep/kept"), F_OK), 0);
}

/* What the host has, what somebody has decided, and what is not the listed device. */
static void test_not_kept(void **state)
{
        static const char *const lists[] = {
                TWIN_A " " ID " vfio-pci - has-a-driver\n",
                TWIN_B " 10de:1b80 vfio-pci - another\n",
                TWIN_B " " ID " vfio-pci pci0000:00/1c.7/00.0 moved\n",
                "0000:09:00.0 " ID " vfio-pci - absent\n",
        };

        (void) state;
        put_twins(NULL);
        FOREACH_ARRAY(list, lists, ELEMENTSOF(lists)) {
                put("etc/ptprep/claims", *list);
                assert_int_equal(run_with("--keep"), 0);
                assert_nothing_done();
        }
        put("etc/ptprep/claims", LIST);
        put_cmdline("ptprep.claim=1 ptprep=off\n");
        assert_int_equal(run_with("--keep"), 0);
        assert_nothing_done();
        put_cmdline("ptprep.claim=1\n");
        put(OVERRIDE_B, "igb\n");
        assert_int_equal(run_with("--keep"), 0);
        assert_string_equal(get(OVERRIDE_B), "igb\n");
}

static void test_came(void **state)
{
        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", LIST);
        assert_int_equal(run_with("--device=" TWIN_B), 0);
        assert_contains(output, TWIN_B " (nic0): claimed by vfio-pci\n");
        assert_string_equal(get(OVERRIDE_B), "vfio-pci\n");
        assert_int_equal(access(in_tree("run/ptprep/claim"), F_OK), -1);
        assert_int_equal(run_with("--device=" TWIN_A), 0);
        assert_string_equal(output, "");
        assert_untouched(DEVICE_A);
}

/* udev may hear of it before drivers may have it: then the override is all there is to do. */
static void test_not_yet(void **state)
{
        (void) state;
        put_twins(NULL);
        put("etc/ptprep/claims", LIST);
        assert_int_equal(run_with("--device=" TWIN_B), 0);
        assert_contains(output, "kept for vfio-pci, which has not taken it yet");
        assert_string_equal(get(PROBE), TWIN_B);
        assert_string_equal(get(OVERRIDE_B), "vfio-pci\n");
}

/* A host driver that is loaded has it before udev hears of it. Nobody plays the kernel: it stays there. */
static void test_taken(void **state)
{
        (void) state;
        put_twins("e1000e");
        put("etc/ptprep/claims", TWIN_A " " ID " vfio-pci - other\n" LIST);
        assert_int_equal(run_with("--device=" TWIN_B), 1);
        assert_string_equal(get("sys/bus/pci/drivers/e1000e/unbind"), TWIN_B);
        assert_contains(output, "vfio-pci did not take it");
        assert_string_equal(get(OVERRIDE_B), "\n");
        assert_null(strstr(output, "other"));
        assert_untouched(DEVICE_A);
}

/* Nothing comes later than a running system: what the list leaves to it goes to vfio-pci. */
static void test_variant_that_does_not_come(void **state)
{
        (void) state;
        put_twins(NULL);
        put("etc/ptprep/claims",
            "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " nic0 later=yes variant=mlx5_vfio_pci\n");
        assert_int_equal(run_with("--device=" TWIN_B), 0);
        assert_contains(output, "mlx5_vfio_pci cannot have it (No such file or directory), so vfio-pci is to\n");
        assert_string_equal(get(PROBE), TWIN_B);
        assert_string_equal(get(OVERRIDE_B), "vfio-pci\n");
}

/* An event of one card takes no other one, which the host may use by now: where it has gone is told at the next boot.
 */
static void test_not_followed(void **state)
{
        (void) state;
        put_twins(NULL);
        put("etc/ptprep/claims", "version=2\n" TWIN_A " " ID " vfio-pci " PATH_B " nic0 follow=yes\n");
        assert_int_equal(run_with("--device=" TWIN_A), 1);
        assert_untouched(DEVICE_B);
        assert_int_equal(run_with("--keep"), 0);
        assert_untouched(DEVICE_B);
}

static void test_usage(void **state)
{
        (void) state;
        assert_int_equal(run_with("--device=4.0"), 64);
        assert_int_equal(run_with("--device="), 64);
        assert_int_equal(run_with("--keep=yes"), 64);
        assert_contains(output, "usage: ptprep-claim [--root=DIR] [--keep | --device=ADDRESS]");
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
                cmocka_unit_test_setup_teardown(test_not_kept, setup, teardown),
                cmocka_unit_test_setup_teardown(test_came, setup, teardown),
                cmocka_unit_test_setup_teardown(test_not_yet, setup, teardown),
                cmocka_unit_test_setup_teardown(test_taken, setup, teardown),
                cmocka_unit_test_setup_teardown(test_variant_that_does_not_come, setup, teardown),
                cmocka_unit_test_setup_teardown(test_not_followed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_usage, setup, teardown),
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test-claim-late HELPER\n");
                return 2;
        }
        helper = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
