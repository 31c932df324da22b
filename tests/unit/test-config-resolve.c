/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions sections mean that do not say both address and id. */
#include "model/claim-limits.h"
#include "model/identity.h"
#include "sections.h"

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

/* A set is claimed whole or not at all: which of its functions would stay nobody has said. */
static void a_set_beyond_the_list(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        function(t, "pci0000:00/0000:00:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", NULL, NULL);
        for (unsigned i = 1; i < CLAIM_DEVICES_MAX; i++) { /* all of them in one directory, which is quickly made */
                char path[64];

                (void) snprintf(path, sizeof(path), NAME_SYS_PCI_DEVICES "/0000:%02x:%02x.%u", i / 256, i / 8 % 32,
                                i % 8);
                tree_link(t, path, "../../../devices/pci0000:00/0000:00:00.0");
        }
        load(t, "[device all]\nmatch = id 8086:10d3\n", &c);
        assert_int_equal(c.n_devices, CLAIM_DEVICES_MAX);
        assert_int_equal(c.n_lost, 0);
        load(t, "[device all]\nmatch = id 8086:10d3\n[device own]\naddress = 09:00.0\nid = 8086:1533\n", &c);
        assert_int_equal(c.n_devices, 1);
        assert_int_equal(c.n_lost, 1);
        assert_string_equal(c.lost->name, "all");
        assert_int_equal(c.lost->lost, LOST_MANY);
        assert_int_equal(c.lost->n_meant, CLAIM_DEVICES_MAX);
        assert_int_equal(c.lost->n_room, CLAIM_DEVICES_MAX - 1);
        /* what is in no list takes no room, and of two sets the first one does */
        load(t,
             "[device all]\nmatch = id 8086:10d3\n[device gone]\nid = 8086:1533\noptional = yes\n"
             "[device own]\naddress = 09:00.0\nid = 8086:1533\nvfs = 2\n",
             &c);
        assert_int_equal(c.n_devices, CLAIM_DEVICES_MAX);
        load(t,
             "[device first]\nmatch = slot 00:03.*\n[device all]\nmatch = id 8086:*\n[device own]\naddress = "
             "09:00.0\nid = 8086:1533\n",
             &c);
        assert_int_equal(c.n_devices, 9);
        assert_int_equal(c.n_lost, 1);
        assert_int_equal(c.lost->n_meant, CLAIM_DEVICES_MAX - 8);
        assert_int_equal(c.lost->n_room, CLAIM_DEVICES_MAX - 9);
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
                TREE_TEST(sets),
                TREE_TEST(a_set_beyond_the_list),
                TREE_TEST(one_section_for_one_device),
                TREE_TEST(nothing_to_see),
                cmocka_unit_test(what_a_line_tells),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
