/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By what the helper knows a card, and where it goes after it. */
#include "claim-host.h"

#define SERIAL_A "00-00-00-00-00-00-00-0a"
#define SERIAL_B "00-00-00-00-00-00-00-0b"
#define MOVED    "0000:06:00.0"
#define DEVICE_M "pci0000:00/0000:00:1c.4/" MOVED

/* Its configuration space, with nothing but a serial number that ends so. */
static void put_serial(const char *where, unsigned last)
{
        unsigned char config[4096] = { 0 };
        char path[300];
        FILE *f;

        (void) snprintf(path, sizeof(path), "sys/devices/%s/config", where);
        config[0x100] = 0x03;
        config[0x102] = 0x01;
        config[0x104] = (unsigned char) last;
        f = fopen(in_tree(path), "w");
        assert_non_null(f);
        assert_int_equal(fwrite(config, 1, sizeof(config), f), sizeof(config));
        assert_int_equal(fclose(f), 0);
}

static void put_list(const char *line)
{
        put("etc/ptprep/claims", line);
}

static void test_another_card_of_its_kind(void **state)
{
        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_B, ID, NETWORK, "vfio-pci");
        put_serial(DEVICE_A, 0x0a);
        put_serial(DEVICE_B, 0x0b);
        put_list("version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " b !serial=" SERIAL_B "\n");
        assert_int_equal(run(), 0);
        assert_contains(get("run/ptprep/claim"), TWIN_B " claimed ");
        /* its number cannot be read: the rest says that it is the one */
        put_list("version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " b !serial=" SERIAL_A "\n");
        put("sys/devices/" DEVICE_B "/config", "short");
        assert_int_equal(run(), 0);

        put_serial(DEVICE_B, 0x0b);
        assert_int_equal(run(), 1);
        assert_contains(output, "is another one of its kind, with serial number " SERIAL_B ", not " SERIAL_A
                                ": not claimed; a card with that id is at " TWIN_A);
        assert_contains(get("run/ptprep/claim"), TWIN_B " moved ");
}

static void test_followed_by_serial(void **state)
{
        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_M, ID, NETWORK, "vfio-pci");
        put_serial(DEVICE_A, 0x0a);
        put_serial(DEVICE_M, 0x0b);
        put_list("version=2\n" TWIN_B " " ID " vfio-pci pci0000:00/1c.7/00.0 b !serial=" SERIAL_B "\n");
        assert_int_equal(run(), 1);
        put_list("version=2\n" TWIN_B " " ID " vfio-pci pci0000:00/1c.7/00.0 b !serial=" SERIAL_B " follow=yes\n");
        assert_int_equal(run(), 0);
        assert_contains(output, TWIN_B " (b): has moved to " MOVED ", and is followed\n");
        assert_contains(get("run/ptprep/claim"), MOVED " claimed ");
        assert_string_equal(get("sys/devices/" DEVICE_M "/driver_override"), "vfio-pci\n");
        assert_untouched(DEVICE_A);
}

/* Another bus number behind the same bridges. Without bridges, or with two of them, its id is not enough. */
static void test_followed_by_path(void **state)
{
        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_M, ID, NETWORK, "vfio-pci");
        put_list("version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " b follow=yes\n");
        assert_int_equal(run(), 0);
        assert_contains(get("run/ptprep/claim"), MOVED " claimed ");
        assert_untouched(DEVICE_A);
        put_list("version=2\n" TWIN_B " " ID " vfio-pci - b follow=yes\n");
        assert_int_equal(run(), 1);
        /* the number says that another card is behind those bridges now */
        put_serial(DEVICE_M, 0x0a);
        put_list("version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " b !serial=" SERIAL_B " follow=yes\n");
        assert_int_equal(run(), 1);
        assert_untouched(DEVICE_A);
}

/* Two cards have changed places: the number decides, and no line takes the device of another one. */
static void test_swapped_and_followed(void **state)
{
        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "vfio-pci");
        put_device(DEVICE_B, ID, NETWORK, "e1000e");
        put_serial(DEVICE_A, 0x0b);
        put_serial(DEVICE_B, 0x0a);
        put_list("version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " b !serial=" SERIAL_B " follow=yes\n");
        assert_int_equal(run(), 0);
        assert_contains(get("run/ptprep/claim"), TWIN_A " claimed ");
        assert_untouched(DEVICE_B);
        put_list("version=2\n" TWIN_A " " ID " vfio-pci - a\n" TWIN_B " " ID " vfio-pci " PATH_B " b !serial=" SERIAL_B
                 " follow=yes\n");
        assert_int_equal(run(), 1);
        assert_contains(get("run/ptprep/claim"), TWIN_B " absent is another one of its kind");
        assert_untouched(DEVICE_B);
}

/* Each has gone to the place of the next one: no place counts as taken whose own card is away. */
static void test_moved_on(void **state)
{
        (void) state;
        put_device(DEVICE_B, ID, NETWORK, "vfio-pci");
        put_device(DEVICE_M, ID, NETWORK, "vfio-pci");
        put_serial(DEVICE_B, 0x0a);
        put_serial(DEVICE_M, 0x0b);
        put_list("version=2\n" TWIN_A " " ID " vfio-pci - a !serial=" SERIAL_A " follow=yes\n" TWIN_B " " ID
                 " vfio-pci - b !serial=" SERIAL_B " follow=yes\n");
        assert_int_equal(run(), 0);
        assert_contains(get("run/ptprep/claim"), TWIN_B " claimed ");
        assert_contains(get("run/ptprep/claim"), MOVED " claimed ");
}

static void test_another_card(void **state)
{
        (void) state;
        put_device(DEVICE_B, ID, NETWORK, "vfio-pci");
        put("sys/devices/" DEVICE_B "/subsystem_vendor", "0x8086\n");
        put("sys/devices/" DEVICE_B "/subsystem_device", "0xa01f\n");
        put_list("version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " b !subsystem=8086:a01f\n");
        assert_int_equal(run(), 0);
        put("sys/devices/" DEVICE_B "/subsystem_device", "0x0001\n");
        assert_int_equal(run(), 1);
        assert_contains(output, "is another one of its kind, of the card 8086:0001, not 8086:a01f: not claimed");
        assert_contains(get("run/ptprep/claim"), TWIN_B " absent ");
}

/* The second port of a card has its number as well. */
static void test_function_of_a_card(void **state)
{
        (void) state;
        put_device("pci0000:00/0000:00:1c.4/0000:06:00.0", ID, NETWORK, "e1000e");
        put_device("pci0000:00/0000:00:1c.4/0000:06:00.1", ID, NETWORK, "vfio-pci");
        put_serial("pci0000:00/0000:00:1c.4/0000:06:00.0", 0x0b);
        put_serial("pci0000:00/0000:00:1c.4/0000:06:00.1", 0x0b);
        put_list("version=2\n0000:04:00.1 " ID " vfio-pci - b !serial=" SERIAL_B " follow=yes\n");
        assert_int_equal(run(), 0);
        assert_contains(get("run/ptprep/claim"), "0000:06:00.1 claimed ");
        assert_untouched("pci0000:00/0000:00:1c.4/0000:06:00.0");
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_another_card_of_its_kind, setup, teardown),
                cmocka_unit_test_setup_teardown(test_followed_by_serial, setup, teardown),
                cmocka_unit_test_setup_teardown(test_followed_by_path, setup, teardown),
                cmocka_unit_test_setup_teardown(test_swapped_and_followed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_function_of_a_card, setup, teardown),
                cmocka_unit_test_setup_teardown(test_moved_on, setup, teardown),
                cmocka_unit_test_setup_teardown(test_another_card, setup, teardown),
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test-claim-identity HELPER\n");
                return 64;
        }
        helper = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
