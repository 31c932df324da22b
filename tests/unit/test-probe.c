/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "base/parse.h"
#include "initramfs/query.h"
#include "iommu/rows.h"
#include "iommu/table.h"
#include "model/dmar.h"
#include "model/image.h"
#include "model/names.h"
#include "probe/probe.h"
#include "tree.h"

/* One configured device at that address. */
static Config config_of(const char *address, StubDriver driver)
{
        Config c = {};

        config_init(&c);
        c.devices = calloc(1, sizeof(*c.devices));
        assert_non_null(c.devices);
        c.n_devices = 1;
        c.devices[0].driver = driver;
        assert_int_equal(pci_addr_parse(address, &c.devices[0].address), 0);
        c.devices[0].has_address = true;
        return c;
}

static Facts gather(const Tree *t, const Config *c)
{
        Facts f;

        assert_int_equal(facts_gather(t->rfd, false, c, &f), 0);
        return f;
}

static const PciFunction *at(const Facts *f, const char *address)
{
        const PciFunction *function;
        PciAddr a;

        assert_int_equal(pci_addr_parse(address, &a), 0);
        function = facts_function(f, a);
        assert_non_null(function);
        return function;
}

static void attr(const Tree *t, const char *directory, const char *name, const char *text)
{
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        tree_file(t, path, text);
}

/* @where: below /sys/devices, the last component is the address. */
static void function(const Tree *t, const char *where, const char *vendor, const char *device, const char *class,
                     const char *driver, const char *group)
{
        const char *address = strrchr(where, '/') + 1;
        char directory[256], path[512], target[512];

        (void) snprintf(directory, sizeof(directory), "/sys/devices/%s", where);
        attr(t, directory, "vendor", vendor);
        attr(t, directory, "device", device);
        attr(t, directory, "class", class);
        (void) snprintf(path, sizeof(path), NAME_SYS_PCI_DEVICES "/%s", address);
        (void) snprintf(target, sizeof(target), "../../../devices/%s", where);
        tree_link(t, path, target);
        if (driver) {
                (void) snprintf(path, sizeof(path), "%s/driver", directory);
                (void) snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
                tree_link(t, path, target);
        }
        if (group) {
                (void) snprintf(path, sizeof(path), "%s/iommu_group", directory);
                (void) snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%s", group);
                tree_link(t, path, target);
        }
}

static void test_nothing(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:04:00.0", STUB_VFIO_PCI);
        _cleanup_(facts_done) Facts f = gather(t, &c);

        assert_int_equal(f.pci, TRISTATE_UNKNOWN);
        assert_int_equal(f.acpi, TRISTATE_UNKNOWN);
        assert_int_equal(iommu_table_present(&f), TRISTATE_UNKNOWN);
        assert_int_equal(f.iommu_active, TRISTATE_UNKNOWN);
        assert_int_equal(f.container, TRISTATE_UNKNOWN);
        assert_true(f.host.looked[HOST_USE_STORAGE] && f.host.n_unknown > 0);
        assert_null(f.cpu_vendor);
        assert_false(f.cmdline_known);
        assert_null(f.release);
        assert_null(f.lockdown);
        assert_null(f.claims);
        assert_int_equal(f.builders[BUILDER_DRACUT].installed, TRISTATE_NO);
        assert_false(f.helper_present);
        assert_int_equal(f.n_kernels, 0);
        assert_false(f.live);
}

/* Of a tree that does not run there is a name, and no boot. */
static void test_origin(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};
        _cleanup_(facts_done) Facts image = {}, kernel = {}, host = {};
        char buf[ORIGIN_TIME_MAX];

        config_init(&c);
        tree_file(t, "/etc/hostname", "image\n");
        tree_file(t, NAME_PROC_BOOT_ID, "0e3ab51c-5d1e-4b0a-9d0b-0a4d6b3b8f11\n");
        assert_int_equal(facts_gather(t->rfd, 0, &c, &image), 0);
        assert_string_equal(image.origin.host, "image");
        assert_null(image.origin.boot_id);
        assert_true(image.origin.time > 1700000000);
        assert_int_equal(image.origin.reboot_required, TRISTATE_UNKNOWN);
        tree_file(t, NAME_PROC_HOSTNAME, "host\n");
        assert_int_equal(facts_gather(t->rfd, FACTS_LIVE, &c, &kernel), 0);
        assert_string_equal(kernel.origin.host, "host");
        assert_string_equal(kernel.origin.boot_id, "0e3ab51c-5d1e-4b0a-9d0b-0a4d6b3b8f11");
        assert_int_equal(kernel.origin.reboot_required, TRISTATE_NO);
        tree_file(t, NAME_RUN_DIR "/" NAME_REBOOT_REQUIRED, "device.driver: ...\n");
        assert_int_equal(facts_gather(t->rfd, FACTS_LIVE, &c, &host), 0);
        assert_int_equal(host.origin.reboot_required, TRISTATE_YES);
        assert_string_equal(origin_time_format(1700000000, buf), "2023-11-14T22:13:20Z");
}

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
        assert_int_equal(nic->parent, 0);
        assert_string_equal(nic->path, "pci0000:00/1c.4/00.0");

        nvme = at(&f, "10001:80:07.0");
        assert_true(nvme == f.functions + 3);
        assert_string_equal(nvme->driver, "nvme");
        assert_string_equal(nvme->driver_override, "vfio-pci");
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

                assert_int_equal(f.pci, TRISTATE_UNKNOWN); /* it is there and cannot be read */
                assert_int_equal(f.n_functions, 0);
        }
}

static void table(const Tree *t, const char *signature, uint32_t length, size_t size, int checksum_error)
{
        unsigned char data[64] = {}, sum = 0;
        char path[64];

        memcpy(data, signature, 4);
        data[4] = (unsigned char) length;
        for (size_t i = 0; i < sizeof(data); i++)
                sum = (unsigned char) (sum + data[i]);
        data[9] = (unsigned char) (checksum_error - sum);
        (void) snprintf(path, sizeof(path), NAME_SYS_ACPI_TABLES "/%s", signature);
        tree_data(t, path, data, size);
}

static void test_tables(void **state)
{
        static const struct {
                uint32_t length;
                size_t size;
                int checksum_error;
                Tristate ok, sound;
                uint32_t error; /* offset */
        } cases[] = {
                { 48, 48, 0, TRISTATE_YES, TRISTATE_YES, 0 }, { 48, 48, 1, TRISTATE_NO, TRISTATE_YES, 0 },
                { 64, 48, 0, TRISTATE_NO, TRISTATE_NO, 48 }, /* longer than the file */
                { 35, 48, 0, TRISTATE_NO, TRISTATE_NO, 4 },  /* shorter than its header */
                { 20, 20, 0, TRISTATE_NO, TRISTATE_NO, 20 },  { 0, 0, 0, TRISTATE_NO, TRISTATE_NO, 0 },
        };
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        FOREACH_ARRAY(i, cases, ELEMENTSOF(cases)) {
                _cleanup_(facts_done) Facts f = {};
                const AcpiTable *dmar;
                const Dmar *content;

                table(t, "DMAR", i->length, i->size, i->checksum_error);
                f = gather(t, &c);
                assert_int_equal(f.acpi, TRISTATE_YES);
                dmar = iommu_table(&f);
                assert_non_null(dmar);
                assert_ptr_equal(dmar->vendor, &iommu_intel);
                assert_int_equal(dmar->readable, TRISTATE_YES);
                assert_int_equal(dmar->size, i->size);
                assert_int_equal(dmar->checksum_ok, i->ok);
                assert_int_equal(dmar->sound, i->sound);
                assert_int_equal(dmar->error.offset, i->error);
                content = iommu_table_content(&f);
                assert_non_null(content);
                if (i->size >= 36) {
                        assert_int_equal(dmar->length, i->length);
                        assert_int_equal(content->header.length, i->length);
                }
                FOREACH_ARRAY(other, f.tables, f.n_tables)
                        assert_int_equal(other->present, other == dmar ? TRISTATE_YES : TRISTATE_NO);
                assert_ptr_equal(iommu_vendor_described(&f), &iommu_intel);
        }
}

static void test_iommu(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        tree_directory(t, NAME_SYS_IOMMU_CLASS);
        tree_directory(t, NAME_SYS_IOMMU_GROUPS);
        tree_file(t, NAME_PROC_CPUINFO, "processor\t: 0\nvendor_id\t: HygonGenuine\ncpu family\t: 24\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.iommu_active, TRISTATE_NO);
                assert_ptr_equal(f.cpu_vendor, &iommu_amd);
        }
        tree_directory(t, NAME_SYS_IOMMU_GROUPS "/0");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.iommu_active, TRISTATE_NO); /* a group without a unit, as VFIO without IOMMU makes */
        }
        tree_directory(t, NAME_SYS_IOMMU_GROUPS "/1");
        tree_link(t, NAME_SYS_IOMMU_CLASS "/dmar1", "../../devices/virtual/iommu/dmar1");
        tree_link(t, NAME_SYS_IOMMU_CLASS "/dmar0", "../../devices/virtual/iommu/dmar0");
        tree_file(t, NAME_PROC_CPUINFO, "processor\t: 0\nvendor_id\t: GenuineIntel\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.iommu_active, TRISTATE_YES);
                assert_int_equal(f.n_groups, 2);
                assert_int_equal(f.iommu_units.n, 2);
                assert_string_equal(f.iommu_units.items[0], "dmar0");
                assert_ptr_equal(f.cpu_vendor, &iommu_intel);
        }
}

static void test_running_kernel(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        tree_file(t, NAME_PROC_CMDLINE, "ro quiet intel_iommu=on\n");
        tree_file(t, NAME_PROC_OSRELEASE, "6.1.0-18-amd64\n");
        tree_file(t, NAME_SYS_LOCKDOWN, "none [integrity] confidentiality\n");
        tree_data(t, NAME_PROC_INIT_ENVIRON, "HOME=/\0TERM=linux\0", 18);
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_true(f.cmdline_known);
                assert_true(kargs_has(&f.cmdline, "intel_iommu=on"));
                assert_string_equal(f.release, "6.1.0-18-amd64");
                assert_string_equal(f.lockdown, "integrity");
                assert_int_equal(f.container, TRISTATE_NO);
        }
        tree_data(t, NAME_PROC_INIT_ENVIRON, "HOME=/\0container=lxc", 20);
        tree_file(t, NAME_SYS_LOCKDOWN, "none integrity\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.container, TRISTATE_YES);
                assert_null(f.lockdown);
        }
        tree_file(t, NAME_PROC_INIT_ENVIRON, "");
        tree_file(t, NAME_RUN_CONTAINER, "systemd-nspawn");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.container, TRISTATE_YES);
        }
}

static void test_installed_kernels(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        tree_directory(t, "/usr/lib/modules/6.1.0-18-amd64");
        tree_directory(t, "/usr/lib/modules/6.1.0-21-amd64");
        tree_directory(t, "/usr/lib/modules/5.10.0-dkms-only");
        tree_file(t, "/usr/lib/modules/6.12.5-200.fc41/vmlinuz", "kernel");
        tree_file(t, "/boot/vmlinuz-6.1.0-18-amd64", "kernel");
        tree_file(t, "/boot/vmlinuz-6.1.0-21-amd64", "kernel");
        tree_file(t, "/boot/initramfs-6.12.5-200.fc41.img", "image");
        tree_file(t, "/boot/initrd.img-6.1.0-18-amd64", "image");
        tree_file(t, NAME_PROC_OSRELEASE, "6.1.0-21-amd64\n");
        {
                /* /lib is no link here, so the other directory is looked at; below a merged /usr both are one */
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.n_kernels, 2);
        }
        tree_link(t, "/lib", "usr/lib");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.n_kernels, 3);
                assert_string_equal(f.kernels[0].release, "6.1.0-18-amd64");
                assert_string_equal(f.kernels[0].kernel, "/boot/vmlinuz-6.1.0-18-amd64");
                assert_string_equal(f.kernels[0].initrd, "/boot/initrd.img-6.1.0-18-amd64");
                assert_true(f.kernels[0].image.exists);
                assert_false(f.kernels[0].running);
                assert_true(f.kernels[1].running);
                assert_false(f.kernels[1].image.exists);
                assert_string_equal(f.kernels[1].initrd, "/boot/initrd.img-6.1.0-21-amd64"); /* as its siblings */
                assert_string_equal(f.kernels[2].kernel, "/lib/modules/6.12.5-200.fc41/vmlinuz");
                assert_string_equal(f.kernels[2].initrd, "/boot/initramfs-6.12.5-200.fc41.img");
                assert_int_equal(f.kernels[2].has_stub[STUB_VFIO_PCI], TRISTATE_UNKNOWN);
        }
}

/* An index as depmod writes it: a trie, big endian (kmod libkmod/libkmod-index.h). Entries sorted by key. */
typedef struct IndexEntry {
        const char *key, *value;
} IndexEntry;

static void put_u32(FILE *f, uint32_t v)
{
        for (int shift = 24; shift >= 0; shift -= 8)
                (void) fputc((int) (v >> shift & 0xff), f);
}

static uint32_t put_node(FILE *f, const IndexEntry *entries, size_t n, size_t depth)
{
        uint32_t children[128] = {}, flags = 0, offset;
        size_t common = depth;
        int first = 128, last = -1;

        while (entries[0].key[common] != 0 && entries[0].key[common] == entries[n - 1].key[common])
                common++;
        for (size_t i = 0, end; i < n; i = end) {
                int ch = (unsigned char) entries[i].key[common];

                for (end = i + 1; end < n && (unsigned char) entries[end].key[common] == ch;)
                        end++;
                if (ch == 0)
                        continue;
                children[ch] = put_node(f, entries + i, end - i, common + 1);
                first = MIN(first, ch);
                last = MAX(last, ch);
        }
        offset = (uint32_t) ftell(f);
        if (common > depth) {
                flags |= 0x80000000;
                assert_true(fwrite(entries[0].key + depth, 1, common - depth, f) == common - depth);
                (void) fputc(0, f);
        }
        if (last >= 0) {
                flags |= 0x20000000;
                (void) fputc(first, f);
                (void) fputc(last, f);
                for (int ch = first; ch <= last; ch++)
                        put_u32(f, children[ch]);
        }
        if (entries[0].key[common] == 0) {
                flags |= 0x40000000;
                put_u32(f, 1);
                put_u32(f, 0);
                assert_true(fwrite(entries[0].value, 1, strlen(entries[0].value) + 1, f) > 0);
        }
        return offset | flags;
}

static void put_index(const Tree *t, const char *release, const char *name, const IndexEntry *entries, size_t n)
{
        char *data = NULL, path[256];
        uint32_t root = 0;
        size_t size;
        FILE *f = open_memstream(&data, &size);

        assert_non_null(f);
        put_u32(f, 0xb007f457);
        put_u32(f, 0x00020001);
        put_u32(f, 0);
        if (n > 0)
                root = put_node(f, entries, n, 0);
        assert_int_equal(fclose(f), 0);
        for (size_t i = 0; i < 4; i++)
                data[8 + i] = (char) (root >> (24 - 8 * i) & 0xff);
        (void) snprintf(path, sizeof(path), "/lib/modules/%s/%s", release, name);
        tree_data(t, path, data, size);
        free(data);
}

/* A kernel with vfio as modules and pci-stub built in; e1000e is a module of the first and part of the second. */
static void put_kernel(const Tree *t, const char *release, bool nic_builtin)
{
        static const IndexEntry dep[] = {
                { "e1000e", "kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko.xz:" },
                { "vfio_iommu_type1", "kernel/drivers/vfio/vfio_iommu_type1.ko.xz:" },
                { "vfio_pci", "kernel/drivers/vfio/pci/vfio-pci.ko.xz:" },
        };
        static const IndexEntry builtin[] = {
                { "e1000e", "kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko" },
                { "pci_stub", "kernel/drivers/pci/pci-stub.ko" },
        };
        static const IndexEntry alias[] = {
                { "pci:v00008086d000010D3sv*sd*bc*sc*i*", "e1000e" },
        };
        char path[256];

        put_index(t, release, "modules.dep.bin", dep + nic_builtin, ELEMENTSOF(dep) - nic_builtin);
        put_index(t, release, "modules.builtin.bin", builtin + !nic_builtin, ELEMENTSOF(builtin) - !nic_builtin);
        put_index(t, release, "modules.alias.bin", alias, nic_builtin ? 0 : ELEMENTSOF(alias));
        put_index(t, release, "modules.builtin.alias.bin", alias, nic_builtin ? ELEMENTSOF(alias) : 0);
        put_index(t, release, "modules.symbols.bin", NULL, 0);
        (void) snprintf(path, sizeof(path), "/boot/vmlinuz-%s", release);
        tree_file(t, path, "kernel");
}

/* An empty helper, or one that is something else, would be built into images and do nothing there. */
static void test_helper(void **state)
{
        static const struct {
                const char *content;
                mode_t mode;
                bool runs;
        } helpers[] = {
                { "\x7f"
                  "ELF program",
                  0755, true },
                { "\x7f"
                  "ELF program",
                  0644, false },
                { "\x7f"
                  "ELF",
                  0755, false },
                { "", 0755, false },
                { "#!/bin/sh\n", 0755, false },
        };
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:04:00.0", STUB_VFIO_PCI);

        FOREACH_ARRAY(h, helpers, ELEMENTSOF(helpers)) {
                _cleanup_(facts_done) Facts f = {};

                tree_file(t, NAME_CLAIM_HELPER, h->content);
                assert_int_equal(fchmodat(t->rfd, &NAME_CLAIM_HELPER[1], h->mode, 0), 0);
                f = gather(t, &c);
                assert_true(f.helper_present);
                assert_true(f.helper_runs == h->runs);
        }
}

static void test_modules(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:04:00.0", STUB_VFIO_PCI);
        _cleanup_(facts_done) Facts f = {};
        ImageQuery q;

        function(t, "pci0000:00/0000:04:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", "e1000e", "7");
        attr(t, "/sys/devices/pci0000:00/0000:04:00.0", "modalias",
             "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00\n");
        function(t, "pci0000:00/0000:05:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", "e1000e", "8");
        attr(t, "/sys/devices/pci0000:00/0000:05:00.0", "modalias",
             "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00\n");
        put_kernel(t, "6.1.0-1", false);
        put_kernel(t, "6.1.0-2", true);
        tree_directory(t, "/lib/modules/6.1.0-3"); /* depmod never ran here */
        tree_file(t, "/boot/vmlinuz-6.1.0-3", "kernel");
        tree_file(t, "/usr/bin/dracut", "#!/bin/bash\n");
        tree_file(t, NAME_CLAIM_HELPER, "helper");
        tree_file(t, NAME_CLAIMS, "# list\n");
        f = gather(t, &c);
        assert_int_equal(f.n_kernels, 3);
        for (size_t i = 0; i < 2; i++) {
                const KernelRelease *k = f.kernels + i;

                assert_int_equal(k->has_stub[STUB_VFIO_PCI], TRISTATE_YES);
                assert_int_equal(k->stub_builtin[STUB_VFIO_PCI], TRISTATE_NO);
                assert_int_equal(k->has_stub[STUB_PCI_STUB], TRISTATE_YES);
                assert_int_equal(k->stub_builtin[STUB_PCI_STUB], TRISTATE_YES);
                assert_int_equal(k->has_type1, TRISTATE_YES);
                assert_int_equal(k->type1_builtin, TRISTATE_NO);
                assert_int_equal(k->builtin.n, i);
        }
        assert_string_equal(f.kernels[1].builtin.items[0], "e1000e");
        assert_int_equal(f.kernels[2].has_stub[STUB_VFIO_PCI], TRISTATE_UNKNOWN);
        assert_int_equal(at(&f, "0000:04:00.0")->modules.n, 1);
        assert_string_equal(at(&f, "0000:04:00.0")->modules.items[0], "e1000e");
        assert_int_equal(at(&f, "0000:05:00.0")->modules.n, 0); /* nobody asked for this one */
        assert_int_equal(f.builders[BUILDER_DRACUT].installed, TRISTATE_YES);
        assert_true(f.helper_present);
        assert_true(f.helper_hash == fnv1a(FNV_START, "helper", 6));
        assert_false(f.helper_runs); /* a text, and nobody may run it */
        assert_string_equal(f.claims, "# list\n");

        image_query_init(&q, &c, f.kernels);
        assert_int_equal(q.n, 4);
        assert_string_equal(q.items[2].name, "vfio_pci");
        assert_string_equal(q.items[3].name, "vfio_iommu_type1");
        c.devices[0].driver = STUB_PCI_STUB; /* built in: nothing to look for */
        image_query_init(&q, &c, f.kernels);
        assert_int_equal(q.n, 2);
        assert_int_equal(image_query_modules(&q), TRISTATE_YES);
        image_query_init(&q, &c, f.kernels + 2);
        assert_int_equal(image_query_modules(&q), TRISTATE_UNKNOWN);
}

/* Bytes that this process has read so far. */
static uint64_t bytes_read(void)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/self/io", "re");
        uint64_t n = 0;

        if (f && fscanf(f, "rchar: %" SCNu64, &n) != 1)
                n = 0;
        return n;
}

/* A look into an image costs more than a whole check: one that is stamped is not read, whatever is in it. */
static void test_stamped(void **state)
{
        enum { IMAGE_BYTES = 4 << 20 };
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:04:00.0", STUB_VFIO_PCI);
        _cleanup_(facts_done) Facts unknown = {}, stamped = {}, changed = {};
        _cleanup_free_ char *zeros = calloc(1, IMAGE_BYTES);
        char line[128];
        uint64_t before;

        assert_non_null(zeros);
        zeros[IMAGE_BYTES - 1] = 1; /* no image, which is seen at its end only */
        put_kernel(t, "6.1.0-1", false);
        tree_data(t, "/boot/initrd.img-6.1.0-1", zeros, IMAGE_BYTES);
        before = bytes_read();
        unknown = gather(t, &c);
        assert_false(unknown.kernels[0].image.known);
        assert_true(before == 0 || bytes_read() - before > IMAGE_BYTES);

        (void) snprintf(line, sizeof(line), "6.1.0-1 %" PRIx64 " 2a 1 dracut\n", unknown.kernels[0].image.identity);
        tree_file(t, NAME_IMAGE_STAMPS, line);
        before = bytes_read();
        stamped = gather(t, &c);
        assert_true(stamped.kernels[0].image.known && stamped.kernels[0].image.stamped);
        assert_true(stamped.kernels[0].image.digest == 42);
        assert_int_equal(stamped.kernels[0].image.maker, BUILDER_DRACUT);
        assert_true(bytes_read() - before < IMAGE_BYTES / 16);

        tree_data(t, "/boot/initrd.img-6.1.0-1", zeros, IMAGE_BYTES - 1); /* another file: its stamp is worth nothing */
        changed = gather(t, &c);
        assert_false(changed.kernels[0].image.stamped);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_nothing),    TREE_TEST(test_origin),         TREE_TEST(test_no_pci),
                TREE_TEST(test_pci),        TREE_TEST(test_pci_uevent),     TREE_TEST(test_pci_side_by_side),
                TREE_TEST(test_pci_groups), TREE_TEST(test_pci_damaged),    TREE_TEST(test_tables),
                TREE_TEST(test_iommu),      TREE_TEST(test_running_kernel), TREE_TEST(test_installed_kernels),
                TREE_TEST(test_helper),     TREE_TEST(test_modules),        TREE_TEST(test_stamped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
