/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/names.h"
#include "probe/probe.h"
#include "tree.h"

/* What kernel, CPU and the functions themselves can do, and IOMMU groups: from the text, and from files. */

static Facts gather(const Tree *t, unsigned flags)
{
        _cleanup_(config_done) Config c = {};
        Facts f;

        config_init(&c);
        assert_int_equal(facts_gather(t->rfd, flags, &c, &f), 0);
        return f;
}

static void regions_of_a_group(void **state)
{
        ReservedRegion *r = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(reserved_regions_parse("0x00000000000e8000 0x00000000000e8fff direct\n"
                                                "0x00000000bdf80000 0x00000000bdffffff direct-relaxable\n"
                                                "0x00000000fee00000 0x00000000feefffff msi\n"
                                                "0xfffffffffffff000 0xffffffffffffffff reserved\n"
                                                "0x0000000000000000 0x0000000000000fff of-later-kernels",
                                                &r, &n),
                         0);
        assert_int_equal(n, 5);
        assert_true(r[0].start == 0xe8000 && r[0].end == 0xe8fff && r[0].type == REGION_DIRECT);
        assert_int_equal(r[1].type, REGION_DIRECT_RELAXABLE);
        assert_int_equal(r[2].type, REGION_MSI);
        assert_true(r[3].end == UINT64_MAX && r[3].type == REGION_RESERVED);
        assert_int_equal(r[4].type, REGION_RESERVED);
        assert_int_equal(reserved_regions_parse("", &r, &n), 0);
        assert_int_equal(n, 5);
        assert_int_equal(reserved_regions_parse("0x0 0x1", &r, &n), -EINVAL);
        assert_int_equal(reserved_regions_parse("0x0 0x1 msi more", &r, &n), -EINVAL);
        assert_int_equal(reserved_regions_parse("0x0 0x10000000000000000 msi", &r, &n), -EINVAL);
        assert_int_equal(n, 5);
        free(r);
}

static void releases(void **state)
{
        (void) state;
        assert_true(linux_release_parse("6.1.0-50-amd64") == LINUX(6, 1));
        assert_true(linux_release_parse("6.12") == LINUX(6, 12));
        assert_true(linux_release_parse("10.0-rc1") > LINUX(6, 12));
        assert_true(linux_release_parse("5.19.17") > LINUX(5, 9));
        assert_true(linux_release_parse("") == 0);
        assert_true(linux_release_parse("6") == 0);
        assert_true(linux_release_parse("6.x") == 0);
        assert_true(linux_release_parse("-6.1") == 0);
        assert_true(linux_release_parse("70000.1") == 0);
}

static void options(void **state)
{
        Tristate o[_KERNEL_OPTION_MAX];

        (void) state;
        kernel_config_parse("# Automatically generated\nCONFIG_IRQ_REMAP=y\nCONFIG_INTEL_IOMMU=y\n"
                            "# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set\nCONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y\n"
                            "CONFIG_INTEL_IOMMU_SVM=y\n#CONFIG_AMD_IOMMU=y",
                            o);
        assert_int_equal(o[KERNEL_INTEL_IOMMU], TRISTATE_YES);
        assert_int_equal(o[KERNEL_INTEL_IOMMU_DEFAULT_ON], TRISTATE_NO);
        assert_int_equal(o[KERNEL_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF], TRISTATE_YES);
        assert_int_equal(o[KERNEL_AMD_IOMMU], TRISTATE_NO);
        assert_int_equal(o[KERNEL_IRQ_REMAP], TRISTATE_YES);
}

static void config_files(void **state)
{
        /* CONFIG_INTEL_IOMMU=y and no default, compressed */
        static const unsigned char compressed[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                                    0x73, 0xf6, 0xf7, 0x73, 0xf3, 0x74, 0x8f, 0xf7, 0xf4, 0x0b,
                                                    0x71, 0xf5, 0x89, 0xf7, 0xf4, 0xf7, 0xf5, 0x0d, 0xb5, 0xad,
                                                    0xe4, 0x52, 0x56, 0x70, 0xc6, 0x10, 0x8e, 0x77, 0x71, 0x75,
                                                    0x73, 0x0c, 0xf5, 0x09, 0x89, 0xf7, 0xf7, 0x53, 0xc8, 0x2c,
                                                    0x56, 0xc8, 0xcb, 0x2f, 0x51, 0x28, 0x4e, 0x2d, 0xe1, 0x02,
                                                    0x00, 0x04, 0xea, 0xb6, 0xb8, 0x40, 0x00, 0x00, 0x00 };
        const Tree *t = *state;

        tree_file(t, NAME_PROC_OSRELEASE, "6.9.1-arch1\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.options[KERNEL_INTEL_IOMMU], TRISTATE_UNKNOWN);
        }
        tree_data(t, NAME_PROC_CONFIG, compressed, 30); /* cut short */
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.options[KERNEL_INTEL_IOMMU], TRISTATE_UNKNOWN);
        }
        tree_file(t, NAME_PROC_CONFIG, "CONFIG_INTEL_IOMMU=y\n"); /* not compressed at all */
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.options[KERNEL_INTEL_IOMMU], TRISTATE_UNKNOWN);
        }
        tree_data(t, NAME_PROC_CONFIG, compressed, sizeof(compressed));
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.options[KERNEL_INTEL_IOMMU], TRISTATE_YES);
                assert_int_equal(f.features.options[KERNEL_INTEL_IOMMU_DEFAULT_ON], TRISTATE_NO);
                assert_true(f.features.release == LINUX(6, 9));
        }
        tree_file(t, NAME_LIB_MODULES "/6.9.1-arch1/config", "CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.options[KERNEL_INTEL_IOMMU_DEFAULT_ON], TRISTATE_YES);
                assert_int_equal(f.features.options[KERNEL_INTEL_IOMMU], TRISTATE_NO);
        }
        tree_file(t, NAME_BOOT "/config-6.9.1-arch1", "CONFIG_AMD_IOMMU=y\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.options[KERNEL_AMD_IOMMU], TRISTATE_YES);
        }
        /* where an argument has the say only what VFIO is built with is asked for, and of functions that are looked at
         */
        tree_file(t, NAME_BOOT "/config-6.9.1-arch1", "CONFIG_IOMMUFD=m\n# CONFIG_VFIO_DEVICE_CDEV is not set\n");
        tree_file(t, NAME_PROC_CMDLINE, "quiet intel_iommu=on\n");
        tree_file(t, NAME_PROC_CPUINFO, "vendor_id\t: GenuineIntel\n");
        tree_file(t, NAME_SYS_IOMMU_CLASS "/dmar0/x", "");
        tree_file(t, NAME_SYS_IOMMU_GROUPS "/0/type", "DMA\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.iommu_active, TRISTATE_YES);
                assert_int_equal(f.features.options[KERNEL_IOMMUFD], TRISTATE_UNKNOWN);
        }
        {
                _cleanup_(facts_done) Facts f = gather(t, FACTS_FUNCTIONS);

                assert_int_equal(f.features.options[KERNEL_IOMMUFD], TRISTATE_YES);
                assert_int_equal(f.features.options[KERNEL_VFIO_DEVICE_CDEV], TRISTATE_NO);
        }
}

static void expect_remapping(const Tree *t, Tristate want)
{
        _cleanup_(facts_done) Facts f = gather(t, 0);

        assert_int_equal(f.features.interrupt_remapping, want);
}

static void interrupt_chips(void **state)
{
        const Tree *t = *state;

        expect_remapping(t, TRISTATE_UNKNOWN);
        tree_file(t, NAME_SYS_IRQ "/0/chip_name", "\n");
        tree_file(t, NAME_SYS_IRQ "/40/chip_name", "DMAR-MSI\n");
        expect_remapping(t, TRISTATE_UNKNOWN);
        tree_file(t, NAME_SYS_IRQ "/120/chip_name", "PCI-MSIX-0000:00:04.0\n");
        expect_remapping(t, TRISTATE_NO);
        tree_file(t, NAME_SYS_IRQ "/130/chip_name", "IR-PCI-MSI\n"); /* one that no unit covers does not count */
        expect_remapping(t, TRISTATE_YES);
        tree_file(t, NAME_SYS_IRQ "/1/chip_name", "IO-APIC\n"); /* all of these are behind it, or none */
        expect_remapping(t, TRISTATE_NO);
        tree_file(t, NAME_SYS_IRQ "/1/chip_name", "IR-IO-APIC\n");
        expect_remapping(t, TRISTATE_YES);
        tree_file(t, NAME_SYS_IRQ "/1/chip_name", "GICv3\n");
        tree_file(t, NAME_SYS_IRQ "/120/chip_name", "GICv3\n");
        tree_file(t, NAME_SYS_IRQ "/130/chip_name", "MIP-MSI\n");
        expect_remapping(t, TRISTATE_UNKNOWN);
        tree_file(t, NAME_PROC_CPUINFO, "CPU implementer\t: 0x41\n");
        expect_remapping(t, TRISTATE_NO);
        tree_file(t, NAME_SYS_IRQ "/130/chip_name", "ITS-PCI-MSI\n");
        expect_remapping(t, TRISTATE_YES);
}

static void expect_unsafe(const Tree *t, Tristate now, Tristate configured)
{
        _cleanup_(facts_done) Facts f = gather(t, 0);

        assert_int_equal(f.features.unsafe_interrupts, now);
        assert_int_equal(f.features.unsafe_configured, configured);
}

static void unsafe_interrupts(void **state)
{
        const Tree *t = *state;

        tree_file(t, NAME_SYS_IRQ "/1/chip_name", "IO-APIC\n");
        expect_unsafe(t, TRISTATE_UNKNOWN, TRISTATE_NO);
        tree_file(t, "/usr/lib/modprobe.d/Vfio.conf", "options vfio_iommu_type1 allow_unsafe_interrupts=0\n");
        tree_file(t, "/etc/modprobe.d/a.conf",
                  "# options vfio_iommu_type1 allow_unsafe_interrupts=1\noptions vfio ids=1\n"
                  "options vfio-iommu-type1\tdisable_hugepages=1 allow_unsafe_interrupts=1\n");
        expect_unsafe(t, TRISTATE_UNKNOWN, TRISTATE_YES);
        tree_file(t, "/etc/modprobe.d/b.conf", "options vfio_iommu_type1 allow_unsafe_interrupts=N");
        expect_unsafe(t, TRISTATE_UNKNOWN, TRISTATE_NO);
        tree_file(t, "/etc/modprobe.d/c.conf.bak", "options vfio_iommu_type1 allow_unsafe_interrupts=1");
        expect_unsafe(t, TRISTATE_UNKNOWN, TRISTATE_NO);
        tree_file(t, NAME_SYS_MODULE "/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
        tree_file(t, NAME_SYS_MODULE "/vfio_pci/parameters/disable_denylist", "N\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.unsafe_interrupts, TRISTATE_YES);
                assert_int_equal(f.features.denylist, TRISTATE_YES);
        }
}

static void kinds_of_machines(void **state)
{
        static const struct {
                const char *cpuinfo;
                CpuKind kind;
        } machines[] = {
                { "processor\t: 0\nvendor_id\t: AuthenticAMD\n", CPU_X86 },
                { "processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\n", CPU_ARM },
                { "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc\n", CPU_OTHER },
                { "processor\t: 0\ncpu\t\t: POWER9, altivec supported\n", CPU_OTHER },
                { "system type\t: generic\nISA\t\t\t: loongarch32 loongarch64\n", CPU_OTHER },
                { "vendor_id       : IBM/S390\n# processors    : 2\n", CPU_OTHER },
                { "processor\t: 0\n", CPU_UNKNOWN },
        };
        const Tree *t = *state;

        FOREACH_ARRAY(m, machines, ELEMENTSOF(machines)) {
                tree_file(t, NAME_PROC_CPUINFO, m->cpuinfo);
                {
                        _cleanup_(facts_done) Facts f = gather(t, 0);

                        assert_int_equal(f.features.cpu, m->kind);
                }
        }
}

static void cpu(void **state)
{
        const Tree *t = *state;

        tree_file(t, NAME_PROC_CPUINFO,
                  "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmxx tsc\nbugs\t: x\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.cpu_virtualization, TRISTATE_NO);
                assert_int_equal(f.features.hypervisor, TRISTATE_NO);
        }
        tree_file(t, NAME_PROC_CPUINFO, "vendor_id\t: AuthenticAMD\nflags\t\t: fpu hypervisor svm\nbugs\t: x\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.cpu_virtualization, TRISTATE_YES);
                assert_int_equal(f.features.hypervisor, TRISTATE_YES);
        }
        tree_file(t, NAME_PROC_CPUINFO, "CPU implementer\t: 0x41\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.cpu_virtualization, TRISTATE_UNKNOWN);
                assert_int_equal(f.features.cpu, CPU_ARM);
                assert_int_equal(f.features.hypervisor, TRISTATE_UNKNOWN);
                assert_false(f.features.xen_control);
        }
        tree_file(t, "/sys/class/dmi/id/sys_vendor", "QEMU\n");
        tree_file(t, NAME_PROC_XEN, "control_d\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.hypervisor, TRISTATE_YES);
                assert_true(f.features.xen_control);
        }
}

static void secure_boot(void **state)
{
        const Tree *t = *state;

        tree_data(t, NAME_SYS_SECURE_BOOT, "\6\0\0\0\1", 5);
        tree_file(t, NAME_SYS_LOCKDOWN, "[none] integrity confidentiality\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.secure_boot, TRISTATE_UNKNOWN); /* without consequences: not asked */
        }
        tree_file(t, NAME_SYS_LOCKDOWN, "none [integrity] confidentiality\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.secure_boot, TRISTATE_YES);
        }
        tree_data(t, NAME_SYS_SECURE_BOOT, "\6\0\0\0\0", 5);
        {
                _cleanup_(facts_done) Facts f = gather(t, 0);

                assert_int_equal(f.features.secure_boot, TRISTATE_NO);
        }
}

/* @where: below /sys/devices, the last component is the address. @config: may be NULL. */
static void function(const Tree *t, const char *where, const char *class, int group, const unsigned char *config,
                     size_t size)
{
        const char *names[] = { "vendor", "device", "class" }, *values[] = { "0x8086", "0x1521", class };
        char path[512], target[512];

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                (void) snprintf(path, sizeof(path), "/sys/devices/%s/%s", where, names[i]);
                tree_file(t, path, values[i]);
        }
        (void) snprintf(path, sizeof(path), "/sys/devices/%s/config", where);
        if (config)
                tree_data(t, path, config, size);
        (void) snprintf(path, sizeof(path), NAME_SYS_PCI_DEVICES "%s", strrchr(where, '/'));
        (void) snprintf(target, sizeof(target), "../../../devices/%s", where);
        tree_link(t, path, target);
        (void) snprintf(path, sizeof(path), "/sys/devices/%s/iommu_group", where);
        (void) snprintf(target, sizeof(target), "../../kernel/iommu_groups/%d", group);
        tree_link(t, path, target);
}

static const PciFunction *at(const Facts *f, const char *address)
{
        const PciFunction *p;
        PciAddr a;

        assert_int_equal(pci_addr_parse(address, &a), 0);
        p = facts_function(f, a);
        assert_non_null(p);
        return p;
}

static void details_of_functions(void **state)
{
        const Tree *t = *state;

        function(t, "pci0000:00/0000:00:04.0", "0x020000", 7, NULL, 0);
        function(t, "pci0000:00/0000:00:04.1", "0x020000", 9, NULL, 0);
        function(t, "pci0000:00/0000:00:0e.0", "0x010400", 3, NULL, 0);
        function(t, "pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0", "0x060400", 3, NULL, 0);
        tree_link(t, "/sys/devices/pci0000:00/0000:00:04.1/physfn", "../0000:00:04.0");
        {
                _cleanup_(facts_done) Facts f = gather(t, 0); /* nothing wanted: no details, but what stands where */

                assert_true(at(&f, "0000:00:04.0")->has_virtual);
                assert_false(at(&f, "0000:00:04.1")->has_virtual);
                assert_ptr_equal(f.functions + at(&f, "0000:00:04.1")->physfn, at(&f, "0000:00:04.0"));
        }
        {
                _cleanup_(facts_done) Facts f = gather(t, FACTS_FUNCTIONS);

                assert_null(at(&f, "0000:00:04.0")->reset); /* a saved tree that has it nowhere says nothing */
        }
        tree_file(t, "/sys/devices/pci0000:00/0000:00:04.0/reset_method", "flr bus\n");
        tree_file(t, "/sys/devices/pci0000:00/0000:00:0e.0/reset", "");
        tree_file(t, NAME_SYS_IOMMU_GROUPS "/3/type", "identity\n");
        tree_file(t, NAME_SYS_IOMMU_GROUPS "/7/reserved_regions", "0x00000000fee00000 0x00000000feefffff msi\n");
        tree_file(t, NAME_SYS_IOMMU_GROUPS "/7/name", "vfio-noiommu\n"); /* which no such group has a range to */
        tree_file(t, NAME_SYS_IOMMU_GROUPS "/9/name", "vfio-noiommu\n");
        tree_file(t, NAME_SYS_IOMMU_GROUPS "/9/reserved_regions", "");
        {
                _cleanup_(facts_done) Facts f = gather(t, FACTS_FUNCTIONS | FACTS_THIS_BOOT);

                assert_string_equal(at(&f, "0000:00:04.0")->reset, "flr bus");
                assert_string_equal(at(&f, "0000:00:04.1")->reset, "");
                assert_string_equal(at(&f, "0000:00:0e.0")->reset, "unnamed"); /* before Linux 5.15 */
                assert_non_null(at(&f, "0000:00:04.0")->name);
                assert_true(at(&f, "0000:00:04.0")->has_virtual);
                assert_ptr_equal(f.functions + at(&f, "0000:00:04.1")->physfn, at(&f, "0000:00:04.0"));
                assert_ptr_equal(f.functions + at(&f, "10000:e0:06.0")->behind, at(&f, "0000:00:0e.0"));
                assert_true(at(&f, "10000:e0:06.0")->parent == PCI_PARENT_NONE);
                assert_true(at(&f, "0000:00:0e.0")->behind == PCI_PARENT_NONE);
                assert_int_equal(f.n_known_groups, 3);
                assert_null(facts_group(&f, 3)->type); /* of the groups of wanted devices only */
                assert_false(facts_group(&f, 3)->regions_known);
                assert_true(facts_group(&f, 7)->regions_known);
                assert_int_equal(facts_group(&f, 7)->n_regions, 1);
                assert_null(facts_group(&f, 8));
                assert_false(facts_group(&f, 3)->unreal);
                assert_false(facts_group(&f, 7)->unreal);
                assert_true(facts_group(&f, 9)->unreal);
        }
        {
                _cleanup_(facts_done) Facts f = gather(t, 0); /* nobody asks for any of them */

                assert_null(at(&f, "0000:00:04.0")->reset);
                assert_null(at(&f, "0000:00:04.0")->name);
                assert_int_equal(f.n_known_groups, 0);
        }
}

/* Config space of a port: an Express capability at 40h, and ACS at 100h where control is not negative. */
static void port(unsigned char config[4096], unsigned type, int control)
{
        memset(config, 0, 4096);
        config[0x06] = 0x10; /* there is a list */
        config[0x0e] = 0x01; /* a bridge */
        config[0x34] = 0x40;
        config[0x40] = 0x10;
        config[0x42] = (unsigned char) (type << 4 | 2);
        if (control < 0)
                return;
        config[0x100] = 0x0d;
        config[0x102] = 0x01;
        config[0x104] = 0x1f;
        config[0x106] = (unsigned char) control;
}

static void isolation(void **state)
{
        const Tree *t = *state;
        unsigned char config[4096];

        port(config, 4, 0x1d);
        function(t, "pci0000:00/0000:00:01.0", "0x060400", 1, config, sizeof(config));
        port(config, 4, -1);
        function(t, "pci0000:00/0000:00:02.0", "0x060400", 2, config, sizeof(config));
        function(t, "pci0000:00/0000:00:02.0/0000:02:00.0", "0x020000", 2, config, sizeof(config));
        function(t, "pci0000:00/0000:00:02.0/0000:02:00.1", "0x020000", 2, NULL, 0);
        function(t, "pci0000:00/0000:00:01.0/0000:01:00.0", "0x020000", 3, config, sizeof(config));
        {
                _cleanup_(facts_done) Facts f = gather(t, FACTS_FUNCTIONS);

                /* alone in its group: its port is not looked at */
                assert_int_equal(at(&f, "0000:00:01.0")->isolation.pcie, TRISTATE_UNKNOWN);
                assert_int_equal(at(&f, "0000:00:02.0")->isolation.pcie, TRISTATE_YES);
                assert_int_equal(at(&f, "0000:00:02.0")->isolation.type, 4);
                assert_int_equal(at(&f, "0000:00:02.0")->isolation.acs, TRISTATE_NO);
                assert_int_equal(at(&f, "0000:02:00.0")->isolation.acs, TRISTATE_NO);
                assert_int_equal(at(&f, "0000:02:00.1")->isolation.acs, TRISTATE_UNKNOWN);
        }
        function(t, "pci0000:00/0000:00:01.0/0000:01:00.1", "0x020000", 3, NULL, 0);
        {
                _cleanup_(facts_done) Facts f = gather(t, FACTS_FUNCTIONS);

                assert_int_equal(at(&f, "0000:00:01.0")->isolation.acs, TRISTATE_YES);
                assert_int_equal(at(&f, "0000:00:01.0")->isolation.capability, 0x1f);
                assert_int_equal(at(&f, "0000:00:01.0")->isolation.control, 0x1d);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(regions_of_a_group),
                cmocka_unit_test(releases),
                cmocka_unit_test(options),
                TREE_TEST(config_files),
                TREE_TEST(interrupt_chips),
                TREE_TEST(unsafe_interrupts),
                TREE_TEST(cpu),
                TREE_TEST(kinds_of_machines),
                TREE_TEST(secure_boot),
                TREE_TEST(details_of_functions),
                TREE_TEST(isolation),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
