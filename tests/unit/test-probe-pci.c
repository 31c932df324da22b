/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read of PCI functions and of their groups. */
#include "gathered.h"

static void test_no_pci(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:04:00.0", STUB_VFIO_PCI);

        tree_directory(t, "/sys/bus/usb");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.pci, TRISTATE_NO);
                assert_int_equal(f.acpi, TRISTATE_NO);
                assert_int_equal(f.iommu_active, TRISTATE_NO);
        }
        tree_directory(t, NAME_SYS_BUS_PCI);
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.pci, TRISTATE_UNKNOWN); /* a bus without its directory of devices */
        }
        tree_directory(t, NAME_SYS_PCI_DEVICES);
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.pci, TRISTATE_YES);
                assert_int_equal(f.n_functions, 0);
        }
}

static void test_pci(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("10001:80:07.0", STUB_VFIO_PCI);
        _cleanup_(facts_done) Facts f;
        const PciFunction *nic, *port, *nvme;

        function(t, "pci0000:6f/0000:6f:00.5/pci10001:80/10001:80:07.0", "0x144d\n", "0xa808\n", "0x010802\n", "nvme",
                 NULL);
        attr(t, "/sys/devices/pci0000:6f/0000:6f:00.5/pci10001:80/10001:80:07.0", "driver_override", "vfio-pci\n");
        attr(t, "/sys/devices/pci0000:6f/0000:6f:00.5/pci10001:80/10001:80:07.0", "removable", "removable\n");
        function(t, "pci0000:6f/0000:6f:00.5", "0x8086\n", "0x201d\n", "0x010400\n", "vmd", "40");
        function(t, "pci0000:00/0000:00:1c.4/0000:04:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", NULL, "7");
        attr(t, "/sys/devices/pci0000:00/0000:00:1c.4/0000:04:00.0", "driver_override", "(null)\n");
        function(t, "pci0000:00/0000:00:1c.4", "0x8086\n", "0xa114\n", "0x060400\n", "pcieport", "5");
        f = gather(t, &c);
        assert_int_equal(f.pci, TRISTATE_YES);
        assert_int_equal(f.n_functions, 4);

        port = at(&f, "0000:00:1c.4");
        assert_true(port == f.functions);
        assert_true(pci_is_bridge(port));
        assert_true(port->parent == PCI_PARENT_NONE);
        assert_string_equal(port->path, "pci0000:00/1c.4");

        nic = at(&f, "0000:04:00.0");
        assert_int_equal(nic->id.vendor, 0x8086);
        assert_int_equal(nic->id.device, 0x10d3);
        assert_int_equal(nic->class, 0x020000);
        assert_null(nic->driver);
        assert_null(nic->driver_override);
        assert_false(nic->removable);
        assert_int_equal(nic->parent, 0);
        assert_string_equal(nic->path, "pci0000:00/1c.4/00.0");

        nvme = at(&f, "10001:80:07.0");
        assert_true(nvme == f.functions + 3);
        assert_string_equal(nvme->driver, "nvme");
        assert_string_equal(nvme->driver_override, "vfio-pci");
        assert_true(nvme->removable);
        assert_int_equal(nvme->group, PCI_GROUP_NONE);
        assert_true(nvme->parent == PCI_PARENT_NONE);
        assert_string_equal(nvme->path, "pci0000:6f/00.5/pci10001:80/07.0");
}

/* The kernel's own file of it all counts before attributes, which this function has other than it would. */
static void test_pci_uevent(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};
        _cleanup_(facts_done) Facts f;
        const PciFunction *gpu, *bridge;

        config_init(&c);
        function(t, "pci0000:00/0000:00:02.0", "0x1\n", "0x2\n", "0x000000\n", "other", "3");
        attr(t, "/sys/devices/pci0000:00/0000:00:02.0", "uevent",
             "DRIVER=i915\nPCI_CLASS=30000\nPCI_ID=8086:3E92\nPCI_SUBSYS_ID=1028:0869\nPCI_SLOT_NAME=0000:00:02.0\n"
             "MODALIAS=pci:v00008086d00003E92sv00001028sd00000869bc03sc00i00\n");
        function(t, "pci0000:00/0000:00:1c.0", "0x8086\n", "0xa338\n", "0x060400\n", NULL, NULL);
        attr(t, "/sys/devices/pci0000:00/0000:00:1c.0", "uevent", "PCI_CLASS=60400\nPCI_ID=8086:A338");
        function(t, "pci0000:00/0000:00:1f.0", "0x8086\n", "0xa308\n", "0x060100\n", NULL, NULL);
        attr(t, "/sys/devices/pci0000:00/0000:00:1f.0", "uevent", "");
        f = gather(t, &c);
        assert_int_equal(f.pci, TRISTATE_YES);
        assert_int_equal(f.n_functions, 3);
        gpu = at(&f, "0000:00:02.0");
        assert_int_equal(gpu->class, 0x030000);
        assert_int_equal(gpu->id.vendor, 0x8086);
        assert_int_equal(gpu->id.device, 0x3e92);
        assert_true(gpu->has_subsystem);
        assert_int_equal(gpu->subsystem.vendor, 0x1028);
        assert_int_equal(gpu->subsystem.device, 0x0869);
        assert_string_equal(gpu->driver, "i915");
        bridge = at(&f, "0000:00:1c.0");
        assert_int_equal(bridge->class, 0x060400);
        assert_false(bridge->has_subsystem);
        assert_null(bridge->driver);
        assert_int_equal(at(&f, "0000:00:1f.0")->id.device, 0xa308); /* an empty one says nothing */
}

static void function_of_uevent(const Tree *t, const char *where, const char *id)
{
        char directory[256], text[128];

        function(t, where, "0x1\n", "0x2\n", "0x000000\n", NULL, NULL);
        (void) snprintf(directory, sizeof(directory), "/sys/devices/%s", where);
        (void) snprintf(text, sizeof(text), "PCI_CLASS=20000\nPCI_ID=%s\n", id);
        attr(t, directory, "uevent", text);
}

/* That functions of one bus stand in one directory is tried, and is no more than a guess. */
static void test_pci_side_by_side(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};
        _cleanup_(facts_done) Facts f;

        config_init(&c);
        function_of_uevent(t, "pci0000:00/0000:00:01.0", "8086:0001");
        function_of_uevent(t, "pci0000:00/0000:00:02.0", "8086:0002");
        function_of_uevent(t, "pci0000:00/0000:00:01.0/0000:05:00.0", "8086:0500");
        function_of_uevent(t, "pci0000:00/0000:00:01.0/0000:05:00.1", "8086:0501");
        function_of_uevent(t, "pci0000:00/0000:00:02.0/0000:05:01.0", "8086:0510");
        function_of_uevent(t, "pci0000:00/0000:00:02.0/0000:05:01.1", "8086:0511");
        function_of_uevent(t, "pci0001:00/0001:00:02.0", "8086:1002");
        f = gather(t, &c);
        assert_int_equal(f.n_functions, 7);
        assert_int_equal(f.functions[at(&f, "0000:05:00.1")->parent].id.device, 0x0001);
        assert_int_equal(at(&f, "0000:05:00.1")->id.device, 0x0501);
        assert_string_equal(at(&f, "0000:05:00.1")->path, "pci0000:00/01.0/00.1");
        assert_int_equal(f.functions[at(&f, "0000:05:01.0")->parent].id.device, 0x0002);
        assert_int_equal(at(&f, "0000:05:01.0")->id.device, 0x0510);
        assert_string_equal(at(&f, "0000:05:01.1")->path, "pci0000:00/02.0/01.1");
        assert_int_equal(at(&f, "0001:00:02.0")->id.device, 0x1002);
        assert_true(at(&f, "0001:00:02.0")->parent == PCI_PARENT_NONE);
}

static void assert_groups(const Tree *t, const Config *c, unsigned flags, int32_t card, int32_t audio, int32_t nic)
{
        _cleanup_(facts_done) Facts f = {};

        assert_int_equal(facts_gather(t->rfd, flags, c, &f), 0);
        assert_int_equal(at(&f, "0000:01:00.0")->group, card);
        assert_int_equal(at(&f, "0000:01:00.1")->group, audio);
        assert_int_equal(at(&f, "0000:02:00.0")->group, nic);
}

/* Of functions that nobody has asked for, the group counts where a wanted one is in it. */
static void test_pci_groups(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:01:00.0", STUB_VFIO_PCI), none = {};

        config_init(&none);
        function(t, "pci0000:00/0000:01:00.0", "0x10de\n", "0x1b80\n", "0x030000\n", NULL, "7");
        function(t, "pci0000:00/0000:01:00.1", "0x10de\n", "0x10f0\n", "0x040300\n", NULL, "7");
        function(t, "pci0000:00/0000:02:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", NULL, "9");
        assert_groups(t, &none, FACTS_FUNCTIONS, 7, 7, 9);
        assert_groups(t, &none, 0, PCI_GROUP_NONE, PCI_GROUP_NONE, PCI_GROUP_NONE);
        assert_groups(t, &c, 0, 7, 7, 9); /* no list of the kernel's: each function was asked */
        tree_link(t, NAME_SYS_IOMMU_GROUPS "/7/devices/0000:01:00.1", "../../../../devices/pci0000:00/0000:01:00.1");
        assert_groups(t, &c, 0, 7, 7, 9); /* one without the wanted device itself is not believed */
        tree_link(t, NAME_SYS_IOMMU_GROUPS "/7/devices/0000:01:00.0", "../../../../devices/pci0000:00/0000:01:00.0");
        assert_groups(t, &c, 0, 7, 7, PCI_GROUP_NONE);
}

static void test_pci_damaged(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        function(t, "pci0000:00/0000:00:02.0", "0x1234\n", "0x1111\n", "0x030000\n", NULL, NULL);
        tree_link(t, NAME_SYS_PCI_DEVICES "/0000:00:03.0", "../../../devices/pci0000:00/0000:00:03.0");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.pci, TRISTATE_YES); /* the second went away while the bus was read */
                assert_int_equal(f.n_functions, 1);
        }
        tree_directory(t, "/sys/devices/pci0000:00/0000:00:03.0");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.pci, TRISTATE_YES); /* it is there and cannot be read, unlike the other */
                assert_int_equal(f.n_functions, 2);
                assert_null(f.functions[0].unread);
                assert_string_equal(f.functions[1].unread,
                                    "/sys/devices/pci0000:00/0000:00:03.0/class: No such file or directory");
                assert_int_equal(f.functions[1].id.vendor, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_no_pci),           TREE_TEST(test_pci),        TREE_TEST(test_pci_uevent),
                TREE_TEST(test_pci_side_by_side), TREE_TEST(test_pci_groups), TREE_TEST(test_pci_damaged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
