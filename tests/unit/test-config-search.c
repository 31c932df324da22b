/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the device of a section has gone, and which numbers tell. */
#include "sections.h"

/* A card before them moves both on, each to another one's place. */
static void cards_that_move_on(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        machine(t);
        tree_file(t, NAME_CLAIMS,
                  CLAIMS "0000:02:00.0 8086:10d3 vfio-pci - a !serial=00-00-00-ff-ff-00-00-0a\n"
                         "0000:03:00.0 8086:10d3 vfio-pci - b !serial=00-00-00-ff-ff-00-00-0b\n");
        load(t,
             "[device a]\naddress = 02:00.0\nid = 8086:10d3\nfollow = yes\n"
             "[device b]\naddress = 03:00.0\nid = 8086:10d3\nfollow = yes\n",
             &c);
        assert_int_equal(c.n_devices, 2);
        assert_string_equal(PCI_ADDR_TEXT(c.devices[0].address), "0000:03:00.0");
        assert_string_equal(PCI_ADDR_TEXT(c.devices[1].address), "0000:04:00.0");
}

static void a_moved_device_is_followed(void **state)
{
        static const char section[] = "[device x]\naddress = 0000:06:00.0\nid = 8086:10d3\n",
                          follow[] = "follow = yes\n";
        const Tree *t = *state;
        static const struct {
                const char *recorded, *section, *at;
        } rows[] = {
                { "pci0000:00/1c.5/00.0 x !serial=00-00-00-ff-ff-00-00-0b", "", "0000:04:00.0" },
                { "pci0000:00/1c.5/00.0 x mac=52:54:00:00:00:0b", "", "0000:04:00.0" },
                { "pci0000:00/1c.4/00.0 x", "", "0000:04:00.0" }, /* its bus has another number */
                { "- x", "serial = 00-00-00-ff-ff-00-00-0a\n", "0000:03:00.0" },
                { "- x", "", "0000:06:00.0" }, /* there are two of its kind, and either may be the host's */
                { "pci0000:00/1c.4/00.0 x !serial=00-00-00-ff-ff-00-00-0c", "", "0000:06:00.0" },
        };

        machine(t);
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *claims = NULL, *text = NULL;
                _cleanup_(config_done) Config c = {};

                assert_true(string_printf(&claims, CLAIMS "0000:06:00.0 8086:10d3 vfio-pci %s\n", row->recorded) >= 0);
                tree_file(t, NAME_CLAIMS, claims);
                assert_true(string_printf(&text, "%s%s%s", section, follow, row->section) >= 0);
                load(t, text, &c);
                assert_int_equal(c.n_devices, 1);
                assert_string_equal(PCI_ADDR_TEXT(c.devices->address), row->at);
                assert_int_equal(c.devices->has_moved, !streq(row->at, "0000:06:00.0"));
                load(t, section, &c); /* who did not ask for it stays where he is */
                assert_string_equal(PCI_ADDR_TEXT(c.devices->address), "0000:06:00.0");
        }
}

/* The twin has taken the place of the one that was claimed. */
static void a_swapped_device_is_followed(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        machine(t);
        tree_file(t, NAME_CLAIMS, CLAIMS "0000:03:00.0 8086:10d3 vfio-pci - x !serial=00-00-00-ff-ff-00-00-0b\n");
        load(t, "[device x]\naddress = 03:00.0\nid = 8086:10d3\nfollow = yes\n", &c);
        assert_string_equal(PCI_ADDR_TEXT(c.devices->address), "0000:04:00.0");
        assert_true(c.devices->has_moved);
        assert_string_equal(PCI_ADDR_TEXT(c.devices->moved_from), "0000:03:00.0");
}

/* The section without a number stands first, and the card behind its bridges shows that it is the other's. */
static void numbers_come_before_places(void **state)
{
        static const struct {
                const char *recorded; /* of b */
                const char *at[2];    /* of a and b */
        } rows[] = {
                { "0000:07:00.0 8086:10d3 vfio-pci - b !serial=00-00-00-ff-ff-00-00-0b",
                  { "0000:06:00.0", "0000:04:00.0" } },
                { "0000:07:00.0 8086:10d3 vfio-pci - b nvme=S1", { "0000:06:00.0", "0000:04:00.0" } },
                { "0000:07:00.0 8086:10d3 vfio-pci - b mac=52:54:00:00:00:0b", { "0000:06:00.0", "0000:04:00.0" } },
                /* of another function, and of another kind */
                { "0000:07:00.1 8086:10d3 vfio-pci - b !serial=00-00-00-ff-ff-00-00-0b",
                  { "0000:04:00.0", "0000:07:00.1" } },
                { "0000:07:00.0 8086:1533 vfio-pci - b !serial=00-00-00-ff-ff-00-00-0b",
                  { "0000:04:00.0", "0000:07:00.0" } },
        };
        static const char a[] = "[device a]\naddress = 06:00.0\nid = 8086:10d3\nfollow = yes\n";
        const Tree *t = *state;

        machine(t);
        attr(t, B, "class", "0x010802\n");
        attr(t, B, "nvme/nvme0/serial", "S1\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *claims = NULL, *text = NULL;
                _cleanup_(config_done) Config c = {};

                attr(t, B, "class", strstr(row->recorded, "mac=") ? "0x020000\n" : "0x010802\n");
                assert_true(string_printf(&claims,
                                          CLAIMS "0000:06:00.0 8086:10d3 vfio-pci pci0000:00/1c.4/00.0 a\n%s\n",
                                          row->recorded) >= 0);
                tree_file(t, NAME_CLAIMS, claims);
                assert_true(string_printf(&text, "%s[device b]\naddress = %.12s\nid = %.9s\nfollow = yes\n", a,
                                          row->recorded, row->recorded + strlen("0000:07:00.0 ")) >= 0);
                load(t, text, &c);
                assert_int_equal(c.n_devices, 2);
                for (size_t i = 0; i < 2; i++)
                        assert_string_equal(PCI_ADDR_TEXT(c.devices[i].address), row->at[i]);
        }
}

/* They have changed places, and of one nobody knows a number: the other one has what shows its own. */
static void a_number_has_the_device(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        machine(t);
        tree_file(t, NAME_CLAIMS,
                  CLAIMS "0000:04:00.0 8086:10d3 vfio-pci pci0000:00/1c.4/00.0 a\n"
                         "0000:03:00.0 8086:10d3 vfio-pci - b !serial=00-00-00-ff-ff-00-00-0b\n");
        load(t,
             "[device a]\naddress = 04:00.0\nid = 8086:10d3\nfollow = yes\n"
             "[device b]\naddress = 03:00.0\nid = 8086:10d3\nfollow = yes\n",
             &c);
        assert_int_equal(c.n_devices, 1);
        assert_string_equal(c.devices->name, "b");
        assert_string_equal(PCI_ADDR_TEXT(c.devices->address), "0000:04:00.0");
        assert_int_equal(c.n_lost, 1);
        assert_int_equal(c.lost->lost, LOST_TAKEN);
        assert_string_equal(c.lost->others, "b");
}

/* As who is not root sees it: the number may be that of a device here, which is not to say that it is not there. */
static void numbers_that_cannot_be_read(void **state)
{
        static const char recorded[] = "0000:06:00.0 8086:10d3 vfio-pci - x !serial=00-00-00-ff-ff-00-00-0b\n",
                          number[] = "serial = 00-00-00-ff-ff-00-00-0b", at_a[] = "0000:03:00.0";
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};
        uint8_t config[256] = {};

        machine(t);
        assert_int_equal(unlinkat(t->rfd, &(A "/serial_number")[1], 0), 0);
        assert_int_equal(unlinkat(t->rfd, &(B "/serial_number")[1], 0), 0);
        tree_data(t, A "/config", config, 64);
        expect_lost(t, number, LOST_UNREAD, NULL);
        expect_lost(t, "id = 8086:10d3\nserial = 00-00-00-ff-ff-00-00-0b", LOST_UNREAD, NULL);
        expect_lost(t, "address = 03:00.0\nserial = 00-00-00-ff-ff-00-00-0b", LOST_UNREAD, NULL);
        expect_lost(t, "address = 04:00.0\nserial = 00-00-00-ff-ff-00-00-0b", LOST_NONE, NULL);
        expect_lost(t, "id = 10de:1b80\nserial = 00-00-00-ff-ff-00-00-0b", LOST_NONE, NULL);
        expect_lost(t, "mac = 52:54:00:00:00:0b\nserial = 00-00-00-ff-ff-00-00-0b", LOST_NONE, NULL);
        expect_lost(t, "serial = S1", LOST_NONE, NULL); /* no controller has that one */
        /* what has moved is not where it was, and cannot be told where it is; what is there still is */
        tree_file(t, NAME_CLAIMS, CLAIMS);
        expect_at(t, "address = 03:00.0\nid = 8086:10d3\nfollow = yes\nserial = 00-00-00-ff-ff-00-00-0b", at_a,
                  "8086:10d3");
        expect_lost(t, "address = 06:00.0\nid = 8086:10d3\nfollow = yes\nserial = 00-00-00-ff-ff-00-00-0b", LOST_UNREAD,
                    NULL);
        expect_at(t, "address = 06:00.1\nid = 8086:10d3\nfollow = yes\nserial = 00-00-00-ff-ff-00-00-0b",
                  "0000:06:00.1", "8086:10d3"); /* there is no second function */
        tree_file(t, NAME_CLAIMS, recorded);
        expect_lost(t, number, LOST_UNREAD, NULL);
        expect_lost(t, "address = 06:00.0\nid = 8086:10d3\nfollow = yes", LOST_UNREAD, NULL);
        expect_at(t, "address = 06:00.0\nid = 8086:10d3", "0000:06:00.0", "8086:10d3");
        tree_file(t, NAME_CLAIMS, CLAIMS);
        /* and no set takes it meanwhile */
        load(t, "[device all]\nmatch = id 8086:10d3\n[device own]\nserial = 00-00-00-ff-ff-00-00-0b\n", &c);
        assert_int_equal(c.n_devices, 0);
        assert_int_equal(c.n_lost, 2);
        assert_string_equal(c.lost[0].name, "all");
        assert_int_equal(c.lost[0].lost, LOST_UNREAD);
        /* conventional PCI has no such number, for nobody */
        tree_data(t, A "/config", config, sizeof(config));
        expect_lost(t, number, LOST_NONE, NULL);
}

/* By the rights of the files, as both numbers have them. */
static void numbers_for_root(void **state)
{
        static const char nvme[] = "/sys/devices/pci0000:00/0000:00:05.0";
        const Tree *t = *state;

        machine(t);
        function(t, "pci0000:00/0000:00:05.0", "0x144d\n", "0xa808\n", "0x010802\n", "nvme", NULL);
        attr(t, nvme, "nvme/nvme0/serial", "S1\n");
        assert_int_equal(fchmodat(t->rfd, &(B "/serial_number")[1], 0, 0), 0);
        assert_int_equal(fchmodat(t->rfd, "sys/devices/pci0000:00/0000:00:05.0/nvme/nvme0/serial", 0, 0), 0);
        tree_file(t, NAME_CONFIG_FILE, "[device x]\nserial = 00-00-00-ff-ff-00-00-0b\n[device y]\nserial = S1\n");
        assert_int_equal(chmod(t->path, 0755), 0);
        {
                _cleanup_(config_done) Config c = {};
                ConfigError e = {};
                const bool root = geteuid() == 0;
                int r;

                if (root)
                        assert_int_equal(seteuid(65534), 0);
                r = config_load(t->rfd, &c, &e);
                if (root)
                        assert_int_equal(seteuid(0), 0);
                assert_int_equal(r, 0);
                assert_int_equal(c.n_devices, 0);
                assert_int_equal(c.n_lost, 2);
                assert_int_equal(c.lost[0].lost, LOST_UNREAD);
                assert_int_equal(c.lost[1].lost, LOST_UNREAD);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(cards_that_move_on),
                TREE_TEST(a_moved_device_is_followed),
                TREE_TEST(a_swapped_device_is_followed),
                TREE_TEST(numbers_come_before_places),
                TREE_TEST(a_number_has_the_device),
                TREE_TEST(numbers_that_cannot_be_read),
                TREE_TEST(numbers_for_root),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
