/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judged.h"
#include "tree.h"

#include "probe/modprobe-config.h"
#include "probe/probe.h"

/* What others have configured about the same drivers: read, and judged. */

static void stub_ids_are_read_as_the_kernel_does(void **state)
{
        static const PciId nic = { 0x8086, 0x10d3 }, card = { 0x103c, 0x1234 };
        static const struct {
                const char *ids;
                bool matches;
        } rows[] = {
                { "8086:10d3", true },
                { "8086:10D3", true },
                { "8086:10d4", false },
                { "1af4:1042,8086:10d3", true },
                { "1af4:1042,,8086,8086:10d3", true }, /* too few fields: passed over */
                { "8086:10d3:103c", true },
                { "8086:10d3:103c:1234", true },
                { "8086:10d3:103d:1234", false },
                { "8086:10d3:ffffffff:ffffffff:020000:ff0000", true },
                { "8086:10d3:ffffffff:ffffffff:030000:ff0000", false },
                { "ffffffff:ffffffff", true },
                { "\"8086:10d3\"", true },
                { "8086", false },
                { "", false },
                { "nonsense,x:y", false },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const char *p = row->ids;
                bool matches = false;
                StubId id;

                while (stub_id_next(&p, &id))
                        matches |= stub_id_matches(&id, nic, true, card, 0x020000);
                if (matches != row->matches)
                        fail_msg("%s", row->ids);
        }
        assert_int_equal(stub_driver_of_module("vfio-pci"), STUB_VFIO_PCI);
        assert_int_equal(stub_driver_of_module("vfio_pci"), STUB_VFIO_PCI);
        assert_int_equal(stub_driver_of_module("pci-stub"), STUB_PCI_STUB);
        assert_true(stub_driver_of_module("vfio_pci_core") < 0);
        assert_true(stub_driver_of_module("vfio") < 0);
}

static int add_line(void *userdata, const char *path, unsigned line, char *text)
{
        FILE *out = userdata;

        fprintf(out, "%s:%u:%s\n", path, line, text);
        return 0;
}

static void lines_of_modprobe(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        tree_file(t, "/lib/modprobe.d/b.conf", "hidden\n");
        tree_file(t, "/usr/lib/modprobe.d/b.conf", "hidden too\n");
        tree_file(t, "/etc/modprobe.d/b.conf", "# a comment\n\n  options x y=1\noptions \\\n  z a=2\nlast");
        tree_file(t, "/usr/lib/modprobe.d/a.conf", "first\n");
        tree_file(t, "/run/modprobe.d/c.conf", "third\\");
        tree_file(t, "/etc/modprobe.d/d.conf.old", "no\n");
        tree_directory(t, "/etc/modprobe.d/e.conf");
        assert_int_equal(modprobe_config_read(t->rfd, add_line, out), 0);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text, "/usr/lib/modprobe.d/a.conf:1:first\n"
                                  "/etc/modprobe.d/b.conf:3:options x y=1\n"
                                  "/etc/modprobe.d/b.conf:4:options     z a=2\n"
                                  "/etc/modprobe.d/b.conf:6:last\n"
                                  "/run/modprobe.d/c.conf:1:third\\\n");
}

static void add_setting(Machine *m, StubSettingKind kind, StubDriver driver, const char *value)
{
        StubSetting *s = array_grow(&m->facts.stub_settings, m->facts.n_stub_settings);

        assert_non_null(s);
        m->facts.n_stub_settings++;
        *s = (StubSetting){ kind, driver, copy("/etc/modprobe.d/old.conf:1"), copy(value) };
}

/* A machine whose NIC, a twin of the configured one, has this driver, and somebody's line for the stub. */
static void judge_line(StubSettingKind kind, StubDriver driver, const char *value, const char *twin, Result result,
                       const char *text)
{
        Machine *m;

        assert_int_equal(machine_setup((void **) &m), 0);
        set_text(&m->facts.functions[3].driver, twin);
        add_setting(m, kind, driver, value);
        machine_judge(m);
        if (text)
                expect(m, "claim.foreign", result, text);
        else
                assert_null(find(m, "claim.foreign"));
        /* nothing is written while the host could lose what it lives on */
        if (result == RESULT_BLOCKED)
                expect_exit(m, EXIT_BLOCKED, 0);
        assert_int_equal(machine_teardown((void **) &m), 0);
}

static void ids_that_fit_others(void **state)
{
        static const char twin[] =
                "ids=8086:10d3 has vfio-pci take 0000:00:05.0 (e1000e) too, which ptprep loads early: it "
                "is not configured";

        (void) state;
        judge_line(STUB_SETTING_IDS, STUB_VFIO_PCI, "8086:10d3", "e1000e", RESULT_WARN, twin);
        judge_line(STUB_SETTING_IDS, STUB_VFIO_PCI, "8086:10d3", "vfio-pci", RESULT_OK, NULL); /* as somebody wants */
        judge_line(STUB_SETTING_IDS, STUB_VFIO_PCI, "8086:10d3", NULL, RESULT_WARN, "0000:00:05.0 (no driver)");
        judge_line(STUB_SETTING_IDS, STUB_VFIO_PCI, "10de:1234", "e1000e", RESULT_OK, NULL);
        judge_line(STUB_SETTING_IDS, STUB_PCI_STUB, "8086:10d3", "e1000e", RESULT_OK, NULL); /* nobody loads that */
        judge_line(
                STUB_SETTING_IDS, STUB_VFIO_PCI, "8086:10d3,1af4:1042", "e1000e", RESULT_BLOCKED,
                "take 0000:00:03.0 (virtio-pci) and 1 other too, which ptprep loads early: it carries / (/ on vda on "
                "0000:00:03.0)");
        judge_line(STUB_SETTING_IDS, STUB_VFIO_PCI, "8086:3420", "e1000e", RESULT_OK, NULL); /* a bridge */
        judge_line(STUB_SETTING_INSTALL, STUB_VFIO_PCI, "/bin/false", "e1000e", RESULT_BLOCKED,
                   "modprobe runs \"/bin/false\" in place of loading vfio-pci");
        judge_line(STUB_SETTING_INSTALL, STUB_VFIO_PCI, "/bin/false", "e1000e", RESULT_BLOCKED, "nothing can be bound");
        judge_line(STUB_SETTING_INSTALL, STUB_VFIO_PCI, "/sbin/modprobe -i vfio-pci; echo false", "e1000e", RESULT_WARN,
                   "modprobe runs");
}

static void ids_of_boot_entries(void **state)
{
        static const char words[] = "root=/dev/vda2 ro quiet intel_iommu=on ptprep.claim=1 vfio_pci.ids=1af4:1042";
        Machine *m = *state;
        Kargs *k = &m->facts.loaders->entries[0].arguments;
        const Finding *f;

        kargs_done(k);
        assert_int_equal(kargs_parse(words, k), 0);
        machine_add_entry(m, "Debian, older", words, false);
        machine_judge(m);
        expect(m, "claim.foreign", RESULT_BLOCKED, "it carries /");
        f = find(m, "claim.foreign");
        assert_string_equal(f->subject, "/boot/grub/grub.cfg:10");
        assert_int_equal(f->cure_kind, CURE_ARGUMENT);
        FOREACH_ARRAY(other, m->findings.items, m->findings.n) /* the same words are told once */
                assert_true(other == f || !streq(other->check, "claim.foreign"));
        set_text(&m->facts.loaders->unused, "the machine boots with another one");
        machine_judge(m);
        assert_null(find(m, "claim.foreign"));
        set_text(&m->facts.loaders->unused, NULL);
        kargs_done(k);
        assert_int_equal(kargs_parse("root=/dev/vda2 intel_iommu=on ptprep.claim=1", k), 0);
        kargs_done(&m->facts.loaders->entries[2].arguments);
        m->facts.loaders->entries[2].rescue = true; /* nothing is claimed there */
        assert_int_equal(kargs_parse(words, &m->facts.loaders->entries[2].arguments), 0);
        machine_judge(m);
        assert_null(find(m, "claim.foreign"));
}

/* What keeps the driver from being loaded, and what does not. */
static void modules_that_the_kernel_does_not_load(void **state)
{
        static const struct {
                const char *list;
                StubDriver driver;
                const char *module; /* NULL: nothing is said */
        } rows[] = {
                { "vfio_pci", STUB_VFIO_PCI, "has vfio_pci in it" },
                { "nouveau,vfio_iommu_type1", STUB_VFIO_PCI, "has vfio_iommu_type1 in it" },
                { "vfio,nouveau", STUB_VFIO_PCI, "has vfio in it" },
                { "vfio_pci_core", STUB_VFIO_PCI, "has vfio_pci_core in it" },
                { "a module_blacklist=vfio_pci", STUB_VFIO_PCI, "has vfio_pci in it" },
                { "pci_stub", STUB_PCI_STUB, "has pci_stub in it" },
                { "vfio_pci module_blacklist=a", STUB_VFIO_PCI, NULL }, /* the last one counts */
                { "vfio-pci", STUB_VFIO_PCI, NULL },                    /* no name of a module */
                { "vfio_pci", STUB_PCI_STUB, NULL },
                { "vfio_pci_x,nouveau", STUB_VFIO_PCI, NULL },
                { "", STUB_VFIO_PCI, NULL },
        };
        Machine *m = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                Kargs *k = &m->facts.loaders->entries[0].arguments;
                char line[256];

                m->config.devices[0].driver = row->driver;
                kargs_done(k);
                (void) snprintf(line, sizeof(line), "root=/dev/vda2 intel_iommu=on ptprep.claim=1 module_blacklist=%s",
                                row->list);
                assert_int_equal(kargs_parse(line, k), 0);
                machine_set_cmdline(m, row->module ? line : "intel_iommu=on");
                machine_judge(m);
                if (!row->module) {
                        assert_null(find(m, "claim.foreign"));
                        continue;
                }
                expect(m, "claim.foreign", RESULT_BLOCKED, row->module);
                assert_string_equal(find(m, "claim.foreign")->subject, "/boot/grub/grub.cfg:10");
                /* taken out of the entry, this boot still has it */
                kargs_done(k);
                assert_int_equal(kargs_parse("root=/dev/vda2 intel_iommu=on ptprep.claim=1", k), 0);
                machine_judge(m);
                expect(m, "claim.foreign", RESULT_FAIL, row->module);
                assert_int_equal(find(m, "claim.foreign")->cure_kind, CURE_REBOOT);
        }
        /* a part of the kernel is not loaded; an entry of last resort claims nothing */
        m->config.devices[0].driver = STUB_VFIO_PCI;
        machine_set_cmdline(m, "module_blacklist=vfio_pci");
        m->facts.kernels[0].stub_builtin[STUB_VFIO_PCI] = TRISTATE_YES;
        machine_judge(m);
        assert_null(find(m, "claim.foreign"));
        machine_set_cmdline(m, "intel_iommu=on");
        m->facts.kernels[0].stub_builtin[STUB_VFIO_PCI] = TRISTATE_NO;
        machine_add_entry(m, "rescue", "module_blacklist=vfio_pci", true);
        machine_judge(m);
        assert_null(find(m, "claim.foreign"));
        /* the variant that the device is to have */
        m->config.devices[0].best = true;
        set_text(&m->facts.functions[2].variant, "mlx5_vfio_pci");
        machine_set_cmdline(m, "module_blacklist=mlx5_vfio_pci");
        machine_judge(m);
        expect(m, "claim.foreign", RESULT_FAIL, "has mlx5_vfio_pci in it");
}

static void overrides_of_driverctl(void **state)
{
        Machine *m = *state;

        set_text(&m->facts.functions[2].driverctl, "e1000e");
        machine_judge(m);
        expect(m, "claim.foreign", RESULT_WARN,
               "/etc/driverctl.d/pci-0000:00:04.0: driverctl gives it to e1000e at each boot");
        assert_string_equal(find_cure(m, "claim.foreign"), "driverctl unset-override 0000:00:04.0");
        set_text(&m->facts.functions[2].driverctl, "vfio-pci");
        machine_judge(m);
        assert_null(find(m, "claim.foreign"));
        /* where a variant is wanted that undoes it */
        m->config.devices[0].best = true;
        set_text(&m->facts.functions[2].variant, "mlx5_vfio_pci");
        machine_judge(m);
        expect(m, "claim.foreign", RESULT_WARN, "driverctl gives it to vfio-pci at each boot");
        set_text(&m->facts.functions[2].driverctl, "mlx5_vfio_pci");
        machine_judge(m);
        assert_null(find(m, "claim.foreign"));
        m->config.devices[0].best = false;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(stub_ids_are_read_as_the_kernel_does),
                cmocka_unit_test_setup_teardown(lines_of_modprobe, tree_setup, tree_teardown),
                cmocka_unit_test(ids_that_fit_others),
                T(ids_of_boot_entries),
                T(modules_that_the_kernel_does_not_load),
                T(overrides_of_driverctl),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
