/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices the helper takes a line of the list for, and which lines. */
#include "claim-host.h"
#include "model/claim-limits.h"

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

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
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
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test-claim-which HELPER\n");
                return 64;
        }
        helper = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
