/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions sections mean that do not say both address and id. */
#include "base/text.h"
#include "gathered.h"
#include "model/identity.h"
#include "probe/config-load.h"

#define A      "/sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.0"
#define B      "/sys/devices/pci0000:00/0000:00:1c.4/0000:04:00.0"
#define CLAIMS "version=2\n"

/* Two network cards of one kind, and a graphics card of two functions. */
static void machine(const Tree *t)
{
        function(t, "pci0000:00/0000:00:1c.0", "0x8086\n", "0xa110\n", "0x060400\n", "pcieport", NULL);
        function(t, "pci0000:00/0000:00:1c.0/0000:03:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", "e1000e", NULL);
        function(t, "pci0000:00/0000:00:1c.4", "0x8086\n", "0xa114\n", "0x060400\n", "pcieport", NULL);
        function(t, "pci0000:00/0000:00:1c.4/0000:04:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", "e1000e", NULL);
        function(t, "pci0000:00/0000:00:02.0", "0x10de\n", "0x1b80\n", "0x030000\n", NULL, NULL);
        function(t, "pci0000:00/0000:00:02.1", "0x10de\n", "0x10f0\n", "0x040300\n", NULL, NULL);
        attr(t, A, "serial_number", "00-00-00-ff-ff-00-00-0a\n");
        attr(t, B, "serial_number", "00-00-00-ff-ff-00-00-0b\n");
        attr(t, A, "net/eth0/address", "52:54:00:00:00:0a\n");
        attr(t, B, "net/eth1/address", "52:54:00:00:00:0b\n");
        attr(t, A, "subsystem_vendor", "0x8086\n");
        attr(t, A, "subsystem_device", "0xa01f\n");
}

static void load(const Tree *t, const char *text, Config *c)
{
        ConfigError e = {};

        tree_file(t, NAME_CONFIG_FILE, text);
        config_done(c);
        if (config_load(t->rfd, c, &e) < 0)
                fail_msg("%s:%u: %s", e.file, e.line, e.message);
}

static void expect_at(const Tree *t, const char *section, const char *address, const char *id)
{
        _cleanup_(config_done) Config c = {};
        _cleanup_free_ char *text = NULL;
        char its[16];

        assert_true(string_printf(&text, "[device x]\n%s\n", section) >= 0);
        load(t, text, &c);
        if (c.n_devices != 1)
                fail_msg("%s: %zu devices, %zu lost", section, c.n_devices, c.n_lost);
        (void) snprintf(its, sizeof(its), "%04x:%04x", c.devices->id.vendor, c.devices->id.device);
        assert_string_equal(PCI_ADDR_TEXT(c.devices->address), address);
        assert_string_equal(its, id);
}

static void expect_lost(const Tree *t, const char *section, LostWhy why, const char *others)
{
        _cleanup_(config_done) Config c = {};
        _cleanup_free_ char *text = NULL;

        assert_true(string_printf(&text, "[device x]\n%s\n", section) >= 0);
        load(t, text, &c);
        assert_int_equal(c.n_devices, 0);
        assert_int_equal(c.n_lost, 1);
        assert_int_equal(c.lost->lost, why);
        if (others)
                assert_string_equal(c.lost->others, others);
        assert_true(config_has_devices(&c));
}

static void each_of_them_selects(void **state)
{
        const Tree *t = *state;

        machine(t);
        expect_at(t, "serial = 00-00-00-ff-ff-00-00-0b", "0000:04:00.0", "8086:10d3");
        expect_at(t, "mac = 52-54-00-00-00-0A", "0000:03:00.0", "8086:10d3");
        expect_at(t, "subsystem = 8086:a01f", "0000:03:00.0", "8086:10d3");
        expect_at(t, "id = 10de:1b80", "0000:00:02.0", "10de:1b80");
        expect_at(t, "id = 8086:10d3\npath = pci0000:00/1c.4/00.0", "0000:04:00.0", "8086:10d3");
        expect_at(t, "address = 04:00.0\nserial = 00-00-00-ff-ff-00-00-0b", "0000:04:00.0", "8086:10d3");
        expect_lost(t, "id = 8086:10d3", LOST_SEVERAL, "0000:03:00.0, 0000:04:00.0");
        expect_lost(t, "id = 8086:1533", LOST_NONE, NULL);
        expect_lost(t, "address = 03:00.0\nserial = 00-00-00-ff-ff-00-00-0b", LOST_NONE, NULL);
        expect_lost(t, "mac = 52:54:00:00:00:0c", LOST_NONE, NULL);
}

/* The address that a bond gives to all its members is nobody's own, and virtio has its interface further down. */
static void interfaces(void **state)
{
        const Tree *t = *state;

        machine(t);
        attr(t, B, "net/eth1/address", "52:54:00:00:00:0a\n");
        attr(t, B, "net/eth1/bonding_slave/perm_hwaddr", "52:54:00:00:00:0b\n");
        expect_at(t, "mac = 52:54:00:00:00:0b", "0000:04:00.0", "8086:10d3");
        expect_at(t, "mac = 52:54:00:00:00:0a", "0000:03:00.0", "8086:10d3");
        function(t, "pci0000:00/0000:00:05.0", "0x1af4\n", "0x1041\n", "0x020000\n", "virtio-pci", NULL);
        attr(t, "/sys/devices/pci0000:00/0000:00:05.0", "virtio3/net/eth2/address", "52:54:00:00:00:0d\n");
        expect_at(t, "mac = 52:54:00:00:00:0d", "0000:00:05.0", "1af4:1041");
}

static void serial_numbers(void **state)
{
        static const uint8_t serial[] = { 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08 };
        const Tree *t = *state;
        uint8_t config[4096] = {};

        /* behind another capability, as most have it */
        memcpy(config + 0x100, (uint8_t[]){ 0x01, 0x00, 0x01, 0x14 }, 4);
        memcpy(config + 0x140, (uint8_t[]){ 0x03, 0x00, 0x01, 0x00 }, 4);
        memcpy(config + 0x144, serial, sizeof(serial));
        machine(t);
        function(t, "pci0000:00/0000:00:05.0", "0x144d\n", "0xa808\n", "0x010802\n", "nvme", NULL);
        attr(t, "/sys/devices/pci0000:00/0000:00:05.0", "nvme/nvme0/serial", "S4EV NF0M         \n");
        tree_data(t, "/sys/devices/pci0000:00/0000:00:05.0/config", config, sizeof(config));
        expect_at(t, "serial = 08-09-0a-0b-0c-0d-0e-0f", "0000:00:05.0", "144d:a808");
        expect_at(t, "serial = S4EV NF0M", "0000:00:05.0", "144d:a808");
        memset(config + 0x144, 0xff, sizeof(serial));
        tree_data(t, "/sys/devices/pci0000:00/0000:00:05.0/config", config, sizeof(config));
        expect_lost(t, "serial = ff-ff-ff-ff-ff-ff-ff-ff", LOST_NONE, NULL);
        /* a chain that runs in a circle, and one that is cut */
        memcpy(config + 0x140, (uint8_t[]){ 0x01, 0x00, 0x01, 0x10 }, 4);
        tree_data(t, "/sys/devices/pci0000:00/0000:00:05.0/config", config, sizeof(config));
        expect_at(t, "serial = S4EV NF0M", "0000:00:05.0", "144d:a808");
        tree_data(t, "/sys/devices/pci0000:00/0000:00:05.0/config", config, 256);
        expect_at(t, "serial = S4EV NF0M", "0000:00:05.0", "144d:a808");
}

/* A driver for guests hides MAC address and serial number of a controller: what was recorded tells. */
static void what_was_recorded_counts(void **state)
{
        const Tree *t = *state;

        machine(t);
        assert_int_equal(unlinkat(t->rfd, "sys/devices/pci0000:00/0000:00:1c.4/0000:04:00.0/net/eth1/address", 0), 0);
        tree_file(t, NAME_CLAIMS,
                  CLAIMS "0000:04:00.0 8086:10d3 vfio-pci pci0000:00/1c.4/00.0 x !serial=00-00-00-ff-ff-00-00-0b "
                         "mac=52:54:00:00:00:0b\n");
        expect_at(t, "mac = 52:54:00:00:00:0b", "0000:04:00.0", "8086:10d3");
        expect_at(t, "id = 8086:10d3", "0000:04:00.0", "8086:10d3"); /* the twin came later */
        /* another card is there now: it has not the address of the one that was */
        attr(t, B, "serial_number", "00-00-00-ff-ff-00-00-0c\n");
        {
                _cleanup_(config_done) Config c = {};

                load(t, "[device x]\nmac = 52:54:00:00:00:0b\n", &c);
                assert_int_equal(c.n_devices, 1); /* where it was, to be told as what is not there */
                assert_false(c.devices->has_moved);
        }
}

/* What is shown now counts before it: another card is where it was, and its driver for guests hides that. */
static void what_is_shown_counts_first(void **state)
{
        const Tree *t = *state;

        machine(t);
        assert_int_equal(unlinkat(t->rfd, "sys/devices/pci0000:00/0000:00:1c.4/0000:04:00.0/net/eth1/address", 0), 0);
        assert_int_equal(unlinkat(t->rfd, "sys/devices/pci0000:00/0000:00:1c.4/0000:04:00.0/serial_number", 0), 0);
        tree_file(t, NAME_CLAIMS,
                  CLAIMS "0000:04:00.0 8086:10d3 vfio-pci pci0000:00/1c.4/00.0 x mac=52:54:00:00:00:0a\n");
        expect_at(t, "mac = 52:54:00:00:00:0a", "0000:03:00.0", "8086:10d3");

        function(t, "pci0000:00/0000:00:05.0", "0x144d\n", "0xa808\n", "0x010802\n", "vfio-pci", NULL);
        function(t, "pci0000:00/0000:00:06.0", "0x144d\n", "0xa808\n", "0x010802\n", "nvme", NULL);
        tree_file(t, NAME_CLAIMS, CLAIMS "0000:00:05.0 144d:a808 vfio-pci pci0000:00/05.0 x nvme=S1\n");
        expect_at(t, "serial = S1", "0000:00:05.0", "144d:a808");
        attr(t, "/sys/devices/pci0000:00/0000:00:06.0", "nvme/nvme0/serial", "S1\n");
        expect_at(t, "serial = S1", "0000:00:06.0", "144d:a808");
}

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

static void sets(void **state)
{
        static const struct {
                const char *match;
                const char *addresses[4];
        } rows[] = {
                { "id 8086:*", { "0000:03:00.0", "0000:04:00.0" } }, /* and no bridge */
                { "id 8086:10d3", { "0000:03:00.0", "0000:04:00.0" } },
                { "slot 00:02.*", { "0000:00:02.0", "0000:00:02.1" } },
                { "slot 0000:00:02", { "0000:00:02.0", "0000:00:02.1" } },
                { "class gpu", { "0000:00:02.0" } },
                { "class 0403", { "0000:00:02.1" } },
                { "class 02 id 8086:", { "0000:03:00.0", "0000:04:00.0" } },
                { "id 10de:* class 03", { "0000:00:02.0" } },
        };
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        machine(t);
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *text = NULL;
                size_t n = 0;

                assert_true(string_printf(&text, "[device all]\nmatch = %s\ngroup = report\n", row->match) >= 0);
                load(t, text, &c);
                for (; n < ELEMENTSOF(row->addresses) && row->addresses[n]; n++) {
                        if (n >= c.n_devices)
                                fail_msg("%s: %zu devices", row->match, c.n_devices);
                        assert_string_equal(PCI_ADDR_TEXT(c.devices[n].address), row->addresses[n]);
                        assert_int_equal(c.devices[n].group, GROUP_REPORT);
                        assert_false(c.devices[n].added);
                }
                assert_int_equal(c.n_devices, n);
        }
        load(t, "[device all]\nmatch = id 8086:10d3\n[device own]\naddress = 03:00.0\nid = 8086:10d3\n", &c);
        assert_int_equal(c.n_devices, 2);
        assert_string_equal(c.devices[0].name, "own");
        assert_string_equal(c.devices[1].name, "all.0000-04-00.0");
        tree_file(t, NAME_CLAIMS, CLAIMS "0000:03:00.0 8086:10d3 vfio-pci - all.0000-03-00.0\n");
        load(t, "[device all]\nmatch = id 8086:10d3\n", &c);
        assert_int_equal(c.n_devices, 2);
        assert_false(c.devices[0].added);
        assert_true(c.devices[1].added);
        /* which one it is cannot be told, so neither is for the set */
        load(t, "[device all]\nmatch = id 8086:10d3\n[device own]\nid = 8086:10d3\n", &c);
        assert_int_equal(c.n_devices, 0);
        assert_int_equal(c.n_lost, 2);
        load(t, "[device all]\nmatch = id 8086:10d3\n[device own]\nid = 8086:10d3\nserial = S9\n", &c);
        assert_int_equal(c.n_devices, 2);
        assert_int_equal(c.n_lost, 1);
        load(t, "[device all]\nmatch = class nvme\n", &c);
        assert_int_equal(c.n_devices, 0);
        assert_int_equal(c.n_lost, 1);
        assert_int_equal(c.lost->lost, LOST_NONE);
}

static void one_section_for_one_device(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        machine(t);
        load(t, "[device a]\naddress = 03:00.0\nid = 8086:10d3\n[device b]\nmac = 52:54:00:00:00:0a\n", &c);
        assert_int_equal(c.n_devices, 1);
        assert_int_equal(c.n_lost, 1);
        assert_int_equal(c.lost->lost, LOST_TAKEN);
        assert_string_equal(c.lost->others, "a");
}

/* In an image there is no bus, and what is meant is told at its first boot. */
static void nothing_to_see(void **state)
{
        const Tree *t = *state;

        tree_directory(t, "/etc/ptprep");
        expect_lost(t, "mac = 52:54:00:00:00:0b", LOST_UNSEEN, NULL);
        expect_lost(t, "match = class gpu", LOST_UNSEEN, NULL);
        tree_file(t, NAME_CLAIMS, CLAIMS "0000:04:00.0 8086:10d3 vfio-pci - x mac=52:54:00:00:00:0b\n");
        expect_at(t, "mac = 52:54:00:00:00:0b", "0000:04:00.0", "8086:10d3");
}

/* What a reader has to heed is marked in the list, and means no more than without the mark. */
static void what_a_line_tells(void **state)
{
        static const char *const words[] = { "subsystem=8086:a01f", "!subsystem=8086:a01f" };

        (void) state;
        FOREACH_ARRAY(word, words, ELEMENTSOF(words)) {
                _cleanup_(identity_done) Identity i = {};
                _cleanup_free_ char *line = NULL, *name = NULL;

                assert_true(string_printf(&line, "0000:04:00.0 8086:10d3 vfio-pci - x %s mac=52:54:00:00:00:0b\n",
                                          *word) >= 0);
                assert_int_equal(identity_of_line(line, &name, &i), 0);
                assert_string_equal(name, "x");
                assert_true(i.has_subsystem && pci_id_equal(i.subsystem, (PciId){ 0x8086, 0xa01f }));
                assert_string_equal(i.mac, "52:54:00:00:00:0b");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(each_of_them_selects),
                TREE_TEST(interfaces),
                TREE_TEST(serial_numbers),
                TREE_TEST(what_was_recorded_counts),
                TREE_TEST(what_is_shown_counts_first),
                TREE_TEST(cards_that_move_on),
                TREE_TEST(a_moved_device_is_followed),
                TREE_TEST(a_swapped_device_is_followed),
                TREE_TEST(sets),
                TREE_TEST(one_section_for_one_device),
                TREE_TEST(nothing_to_see),
                cmocka_unit_test(what_a_line_tells),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
