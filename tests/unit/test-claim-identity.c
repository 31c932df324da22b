/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By what the helper knows a card, and where it goes after it. */
#include "claim-host.h"

#define SERIAL_A "00-00-00-00-00-00-00-0a"
#define SERIAL_B "00-00-00-00-00-00-00-0b"
#define MOVED    "0000:06:00.0"
#define DISPLAY  "0x030000\n"
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
        /* a line without a number has what is at its address, and not the card of another line */
        put_serial(DEVICE_A, 0x0c);
        put_list("version=2\n" TWIN_A " " ID " vfio-pci - a\n" TWIN_B " " ID " vfio-pci - b follow=yes\n");
        assert_int_equal(run(), 1);
        assert_contains(get("run/ptprep/claim"), TWIN_A " claimed ");
        assert_contains(get("run/ptprep/claim"), TWIN_B " failed ");
        put_serial(DEVICE_A, 0x0b);
        put_list("version=2\n" TWIN_A " " ID " vfio-pci - a\n" TWIN_B " " ID " vfio-pci " PATH_B " b !serial=" SERIAL_B
                 " follow=yes\n");
        assert_int_equal(run(), 1);
        assert_string_equal(get("run/ptprep/claim"),
                            TWIN_A " moved is another one of its kind, with serial number " SERIAL_B
                                   ", which another line means: not claimed; a card with that id is at " TWIN_B
                                   "\n" TWIN_A " claimed claimed by vfio-pci\n");
}

/* Three cards: the line without a number stands first, and the card behind its bridges is that of the line after it. */
static void test_numbers_come_first(void **state)
{
        static const char *const follow[] = { " follow=yes", "" };

        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_B, ID, NETWORK, "vfio-pci");
        put_serial(DEVICE_A, 0x0a);
        put_serial(DEVICE_B, 0x0b);
        FOREACH_ARRAY(word, follow, ELEMENTSOF(follow)) {
                char list[400];

                put("sys/devices/" DEVICE_B "/driver_override", "(null)\n");
                (void) snprintf(list, sizeof(list),
                                "version=2\n0000:06:00.0 " ID " vfio-pci " PATH_B " by-path follow=yes\n"
                                "0000:07:00.0 " ID " vfio-pci - by-number !serial=" SERIAL_B "%s\n",
                                *word);
                put_list(list);
                assert_int_equal(run(), 1);
                assert_contains(output, "0000:06:00.0 (by-path): no device at this address: not claimed");
                if (**word)
                        assert_contains(output, TWIN_B " (by-number): claimed by vfio-pci");
                else
                        assert_untouched(DEVICE_B);
                assert_untouched(DEVICE_A);
        }
        /* the number of another function of that card, of a card of another kind and of a third card say nothing */
        put_list("version=2\n0000:06:00.0 " ID " vfio-pci " PATH_B " by-path follow=yes\n"
                 "0000:07:00.1 " ID " vfio-pci - port !serial=" SERIAL_B "\n"
                 "0000:07:00.0 8086:1533 vfio-pci - kind !serial=" SERIAL_B "\n"
                 "0000:08:00.0 " ID " vfio-pci - third !serial=" SERIAL_A "\n");
        assert_int_equal(run(), 1);
        assert_contains(output, TWIN_B " (by-path): claimed by vfio-pci");
}

/* Makes whose cards all have one number: that of a line whose card is in its place says nothing of another one. */
static void test_one_number_for_all(void **state)
{
        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "vfio-pci");
        put_device(DEVICE_B, ID, NETWORK, "vfio-pci");
        put_serial(DEVICE_A, 0x0a);
        put_serial(DEVICE_B, 0x0a);
        put_list("version=2\n" TWIN_A " " ID " vfio-pci - a !serial=" SERIAL_A "\n" TWIN_B " " ID " vfio-pci - b\n");
        assert_int_equal(run(), 0);
        assert_contains(output, TWIN_B " (b): claimed by vfio-pci");
        /* the number is gone from there: then it says that this is the card of that line */
        put_serial(DEVICE_A, 0x0b);
        put("sys/devices/" DEVICE_B "/driver_override", "(null)\n");
        assert_int_equal(run(), 1);
        assert_contains(output, TWIN_B " (b): is another one of its kind, with serial number " SERIAL_A);
        assert_untouched(DEVICE_B);
}

/* Both displays have moved on by one, and the console is on the first: which one stays with the host is known when
 * both have been found, and then it is none. */
static void test_all_followed_before_any_is_judged(void **state)
{
        (void) state;
        put_device(DEVICE_B, ID, DISPLAY, "vfio-pci");
        put_device(DEVICE_M, ID, DISPLAY, "vfio-pci");
        put_serial(DEVICE_B, 0x0a);
        put_serial(DEVICE_M, 0x0b);
        put("sys/class/tty/console/active", "tty0\n");
        put("sys/devices/" DEVICE_B "/boot_vga", "1\n");
        put_list("version=2\n" TWIN_A " " ID " vfio-pci - a !serial=" SERIAL_A " follow=yes\n" TWIN_B " " ID
                 " vfio-pci - b !serial=" SERIAL_B " follow=yes\n");
        assert_int_equal(run(), 1);
        assert_contains(get("run/ptprep/claim"), TWIN_B " failed the console is on it, and no other display");
        assert_contains(get("run/ptprep/claim"), MOVED " claimed ");
        assert_untouched(DEVICE_B);
}

/* What only a driver shows cannot be seen here, and the twin may be behind those bridges now. */
static void test_told_by_a_driver(void **state)
{
        static const char *const words[] = { "nvme=S1", "mac=52:54:00:00:00:0b" };

        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_M, ID, NETWORK, "vfio-pci");
        put_serial(DEVICE_M, 0x0b);
        FOREACH_ARRAY(word, words, ELEMENTSOF(words)) {
                char list[300];

                (void) snprintf(list, sizeof(list),
                                "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " b %s follow=yes\n", *word);
                put_list(list);
                assert_int_equal(run(), 1);
                assert_string_equal(get("run/ptprep/claim"),
                                    TWIN_B " moved no device at this address: not claimed; " MOVED
                                           " is in its place; ptprep --check tells whether it is the one\n");
                assert_untouched(DEVICE_M);
                list[strlen(list) - strlen(" follow=yes\n")] = 0; /* nor does one see it who did not ask for that */
                put_list(list);
                assert_int_equal(run(), 1);
                assert_contains(output, "; " MOVED " is in its place; ptprep --check tells whether it is the one\n");
                /* a serial number is seen, and one at the same address needs neither */
                (void) snprintf(list, sizeof(list),
                                "version=2\n" TWIN_B " " ID " vfio-pci - b %s !serial=" SERIAL_B " follow=yes\n" TWIN_A
                                " " ID " vfio-pci " PATH_A " a %s follow=yes\n",
                                *word, *word);
                put_list(list);
                assert_int_equal(run(), 1); /* nothing here plays the kernel that binds a */
                assert_contains(get("run/ptprep/claim"), MOVED " claimed ");
                assert_contains(get("run/ptprep/claim"), TWIN_A " failed vfio-pci did not take it");
                put("sys/devices/" DEVICE_M "/driver_override", "(null)\n");
        }
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
        /* without the mark it means the same, for who knows the key */
        put("sys/devices/" DEVICE_B "/driver_override", "(null)\n");
        put_list("version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " b subsystem=8086:a01f\n");
        assert_int_equal(run(), 1);
        assert_contains(output, "of the card 8086:0001, not 8086:a01f: not claimed");
        assert_untouched(DEVICE_B);
        put("sys/devices/" DEVICE_B "/subsystem_device", "0xa01f\n");
        assert_int_equal(run(), 0);
}

/* A number that two makers have given, or a place where another card is now: it is not followed there. */
static void test_another_card_is_not_followed(void **state)
{
        static const char *const lines[] = { "- b !serial=" SERIAL_B " subsystem=8086:a01f",
                                             PATH_B " b subsystem=8086:a01f", PATH_B " b !subsystem=8086:a01f" };

        (void) state;
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_M, ID, NETWORK, "vfio-pci");
        put_serial(DEVICE_A, 0x0b);
        put_serial(DEVICE_M, 0x0b);
        put("sys/devices/" DEVICE_A "/subsystem_vendor", "0x1043\n");
        put("sys/devices/" DEVICE_A "/subsystem_device", "0xa01f\n");
        put("sys/devices/" DEVICE_M "/subsystem_vendor", "0x8086\n");
        FOREACH_ARRAY(line, lines, ELEMENTSOF(lines)) {
                char list[300];

                (void) snprintf(list, sizeof(list), "version=2\n" TWIN_B " " ID " vfio-pci %s follow=yes\n", *line);
                put_list(list);
                put("sys/devices/" DEVICE_M "/driver_override", "(null)\n");
                put("sys/devices/" DEVICE_M "/subsystem_device", "0x0001\n");
                assert_int_equal(run(), 1);
                assert_contains(output, TWIN_B " (b): no device at this address: not claimed; ");
                assert_null(strstr(output, "can be seen"));
                assert_untouched(DEVICE_M);
                put("sys/devices/" DEVICE_M "/subsystem_device", "0xa01f\n");
                assert_int_equal(run(), 0);
                assert_contains(get("run/ptprep/claim"), MOVED " claimed ");
        }
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
                cmocka_unit_test_setup_teardown(test_numbers_come_first, setup, teardown),
                cmocka_unit_test_setup_teardown(test_all_followed_before_any_is_judged, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_number_for_all, setup, teardown),
                cmocka_unit_test_setup_teardown(test_told_by_a_driver, setup, teardown),
                cmocka_unit_test_setup_teardown(test_another_card_is_not_followed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_another_card, setup, teardown),
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test-claim-identity HELPER\n");
                return 64;
        }
        helper = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
