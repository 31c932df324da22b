/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Obstacles that are the IOMMU's: units, tables, memory that they pin. */
#include "tables.h"
#include "verdict-expect.h"

static Dmar *dmar(Machine *m)
{
        return machine_intel(m)->content;
}

static Ivrs *ivrs(Machine *m)
{
        return machine_amd(m)->content;
}

static void read_table(Machine *m)
{
        machine_intel(m)->sound = TRISTATE_YES;
        dmar(m)->flags = DMAR_INTR_REMAP;
        dmar_add(dmar(m), DMAR_DRHD, 0, 0xfed90000)->flags = DMAR_DRHD_INCLUDE_PCI_ALL;
}

static void pin(Machine *m, const char *path, uint64_t start, uint64_t end)
{
        DmarStructure *d = dmar_add(dmar(m), DMAR_RMRR, 0, start);

        d->end = end;
        dmar_add_scope(d, DMAR_SCOPE_ENDPOINT, path);
}

static void use_amd(Machine *m)
{
        AcpiTable *t = machine_amd(m);

        machine_intel(m)->present = TRISTATE_NO;
        t->present = t->sound = t->checksum_ok = TRISTATE_YES;
        m->facts.cpu_vendor = &iommu_amd;
        set_text(&m->facts.iommu_units.items[0], "ivhd0");
}

static void the_iommu_is_off(void **state)
{
        Machine *m = *state;

        switch_off(m, "intel_iommu=on iommu=off");
        expect(m, TWIN, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "started with iommu=off");
        m->facts.features.options[KERNEL_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF] = TRISTATE_NO;
        machine_set_cmdline(m, "quiet");
        expect(m, TWIN, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "needs intel_iommu=on");
        machine_set_cmdline(m, "intel_iommu=on");
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "off, although the firmware describes one");
        m->facts.features.options[KERNEL_INTEL_IOMMU] = TRISTATE_NO;
        expect(m, TWIN, VERDICT_CONDITIONAL, "iommu.active", CURE_CONFIGURATION, "built without a driver");
        machine_intel(m)->present = TRISTATE_NO;
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "no DMAR and no IVRS");
        m->facts.features.cpu_virtualization = TRISTATE_NO;
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "the CPU shows no virtualization");
        m->facts.features.hypervisor = TRISTATE_YES;
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "virtual machine without a virtual IOMMU");
        m->facts.features.xen_control = true;
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_PERSON, "Xen runs below this system");
        m->facts.features.xen_control = false;
        m->facts.features.cpu = CPU_ARM;
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "virtual machine without a virtual IOMMU");
        m->facts.features.hypervisor = TRISTATE_UNKNOWN;
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "which is no x86");
        m->facts.iommu_active = TRISTATE_UNKNOWN;
        expect(m, TWIN, VERDICT_UNKNOWN, "iommu.active", CURE_NONE, "not visible");
        m->facts.container = TRISTATE_YES;
        expect(m, TWIN, VERDICT_UNKNOWN, "iommu.active", CURE_ELSEWHERE, "not visible");
}

static void the_table_is_refused(void **state)
{
        Machine *m = *state;

        read_table(m);
        switch_off(m, "intel_iommu=off");
        expect(m, TWIN, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "intel_iommu=off");
        dmar(m)->structures[0].base = 0;
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "Linux gives up");
        dmar(m)->structures[0].base = 0xfed90000;
        dmar_add_scope(dmar(m)->structures, DMAR_SCOPE_ENDPOINT, "0 01.0"); /* a bridge */
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "Linux gives up");
        machine_judge(m);
        assert_ptr_equal(m->wanted.mistaken, machine_function(m, "0000:00:01.0"));
        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                if (streq(f->check, "firmware.table"))
                        assert_non_null(strstr(f->detail, "takes 0000:00:01.0 for an endpoint, but it is a bridge"));
}

static void an_ivrs_with_a_bad_checksum(void **state)
{
        Machine *m = *state;

        use_amd(m);
        machine_amd(m)->checksum_ok = TRISTATE_NO;
        expect(m, TWIN, VERDICT_POSSIBLE, NULL, CURE_NONE, NULL); /* on: the state counts */
        switch_off(m, "quiet");
        expect(m, TWIN, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "Linux gives up");
}

static void no_unit_covers_it(void **state)
{
        Machine *m = *state;

        read_table(m);
        dmar(m)->structures[0].flags = 0;
        dmar_add_scope(dmar(m)->structures, DMAR_SCOPE_ENDPOINT, "0 04.0");
        machine_function(m, TWIN)->group = PCI_GROUP_NONE;
        expect(m, TWIN, VERDICT_BLOCKED, "device.iommu", CURE_FIRMWARE, "the DMAR table neither names it");
        dmar_add_scope(dmar(m)->structures, DMAR_SCOPE_ENDPOINT, "0 05.0");
        expect(m, TWIN, VERDICT_BLOCKED, "device.iommu", CURE_FIRMWARE, "in no IOMMU group"); /* and in no slot */
        machine_function(m, TWIN)->parent = 0;
        expect(m, TWIN, VERDICT_BLOCKED, "device.iommu", CURE_SLOT, "in no IOMMU group");
        machine_function(m, TWIN)->parent = PCI_PARENT_NONE;
        machine_set_cmdline(m, "quiet");
        machine_function(m, TWIN)->class = 0x030000; /* Intel's integrated graphics */
        expect(m, TWIN, VERDICT_CONDITIONAL, "device.iommu", CURE_APPLY_REBOOT, "stays off without intel_iommu=on");
        machine_set_cmdline(m, "intel_iommu=on,igfx_off");
        expect(m, TWIN, VERDICT_CONDITIONAL, "device.iommu", CURE_APPLY_REBOOT, "started with intel_iommu=on,igfx_off");
        machine_set_cmdline(m, "intel_iommu=on");
        expect(m, TWIN, VERDICT_BLOCKED, "device.iommu", CURE_FIRMWARE, "nothing on the command line leaves the");
        dmar(m)->structures[0].n_scopes = 1;
        switch_off(m, "intel_iommu=off");
        expect(m, TWIN, VERDICT_BLOCKED, "device.iommu", CURE_FIRMWARE, "neither names it nor includes all");
        dmar(m)->structures[0].n_scopes = 2;
}

static void memory_on_intel(void **state)
{
        Machine *m = *state;

        set_regions(m, 4,
                    "0x00000000000e8000 0x00000000000e8fff direct\n0x00000000fee00000 0x00000000feefffff msi\n"
                    "0x00000000bdf80000 0x00000000bdffffff direct\n");
        expect(m, TWIN, VERDICT_BLOCKED, "device.reserved", CURE_FIRMWARE,
               "0xe8000-0xe8fff, 0xbdf80000-0xbdffffff to stay mapped for it: Linux gives no such device away");
        read_table(m);
        pin(m, "0 05.0", 0xe8000, 0xe8fff);
        expect(m, TWIN, VERDICT_BLOCKED, "device.reserved", CURE_FIRMWARE,
               "for it (RMRR at offset 0x40 of the DMAR table)");
        machine_function(m, NIC)->group = 4;
        expect(m, NIC, VERDICT_BLOCKED, "device.reserved", CURE_FIRMWARE,
               "for 0000:00:05.0 in the same group (RMRR at offset 0x40");
        set_regions(m, 4, "0x00000000000e8000 0x00000000000e8fff direct-relaxable\n");
        set_text(&machine_function(m, TWIN)->driver, "vfio-pci");
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        m->facts.groups[3].regions_known = false;
        expect(m, NIC, VERDICT_UNKNOWN, "device.reserved", CURE_NONE, "not readable");
}

static void memory_foretold(void **state)
{
        Machine *m = *state;

        read_table(m);
        pin(m, "0 05.0", 0xe8000, 0xe8fff);
        pin(m, "0 05.0", 0, 0); /* of some HP machines: taken as it stands */
        switch_off(m, "intel_iommu=off");
        expect(m, TWIN, VERDICT_BLOCKED, "device.reserved", CURE_FIRMWARE,
               "0xe8000-0xe8fff, 0x0-0x0 to stay mapped for it (RMRR at offset 0x40, 0x50 of the DMAR table)");
        machine_function(m, TWIN)->class = 0x0c0330;
        expect(m, TWIN, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "intel_iommu=off");
        machine_function(m, TWIN)->class = 0x030000;
        expect(m, TWIN, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "intel_iommu=off");
        machine_function(m, TWIN)->class = 0x020000;
        machine_function(m, TWIN)->addr = (PciAddr){ 0, 0, 4, 1 }; /* another function of the same card */
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "intel_iommu=off");
        pin(m, "0 04.1", 0xf4000, 0xf4fff);
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "intel_iommu=off");
        expect_warning(m, NIC, "device.reserved", "another function of the same card, 0000:00:04.1");
        machine_function(m, NIC)->physfn = 2; /* in no group with it, whatever its address */
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "intel_iommu=off");
}

/*
 * Tables that random firmware made, and a card of which another function is pinned: whether it will be in one group
 * with that cannot be told, but it surely cannot be given away as the machine is now.
 */
static void the_certain_beats_the_unknown(void **state)
{
        Machine *m = *state;

        machine_function(m, TWIN)->addr = (PciAddr){ 0, 0, 4, 1 };
        read_table(m);
        pin(m, "0 04.1", 0x2a004000, 0x2a004dcb);
        switch_off(m, "quiet");
        machine_intel(m)->sound = TRISTATE_NO; /* cut in its last structure */
        for (KernelOption o = 0; o < _KERNEL_OPTION_MAX; o++)
                m->facts.features.options[o] = TRISTATE_UNKNOWN; /* no configuration of this kernel is there */
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "this kernel needs intel_iommu=on");
        expect_warning(m, NIC, "device.reserved", "another function of the same card");
        machine_intel(m)->sound = TRISTATE_YES;
        dmar(m)->structures[0].base = 0;
        expect(m, NIC, VERDICT_BLOCKED, "iommu.active", CURE_FIRMWARE, "so wrong that Linux gives up");
}

static void the_certain_beats_the_unknown_on_amd(void **state)
{
        Machine *m = *state;

        machine_function(m, TWIN)->addr = (PciAddr){ 0, 0, 4, 1 };
        use_amd(m);
        m->facts.features.release = LINUX(7, 2);
        ivrs_add_entry(ivrs_add(ivrs(m), IVRS_IVHD_10, 0), IVHD_ALL, 0, 0xffff);
        ivrs_add_memory(ivrs(m), IVRS_IVMD_SELECT, DEVICE_ID(0, 4, 1), DEVICE_ID(0, 4, 1), IVMD_EXCLUSION, 0x90007000,
                        0x1000);
        switch_off(m, "amd_iommu=off");
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "amd_iommu=off");
        expect_warning(m, NIC, "device.reserved", "another function of the same card");
}

static void memory_on_amd(void **state)
{
        Machine *m = *state;

        use_amd(m);
        set_regions(m, 4, "0x00000000bd000000 0x00000000bd000fff direct\n");
        expect(m, TWIN, VERDICT_POSSIBLE, NULL, CURE_NONE, NULL);
        expect_note(m, TWIN, "device.reserved", "this kernel passes over that, from 6.6 on Linux gives no such device");
        m->facts.features.release = LINUX(6, 6);
        expect(m, TWIN, VERDICT_BLOCKED, "device.reserved", CURE_FIRMWARE,
               "0xbd000000-0xbd000fff to stay mapped for it:");
        ivrs_add_memory(ivrs(m), IVRS_IVMD_SELECT, DEVICE_ID(0, 5, 0), DEVICE_ID(0, 5, 0), IVMD_UNITY, 0xbd000000,
                        0x1000);
        expect(m, TWIN, VERDICT_BLOCKED, "device.reserved", CURE_FIRMWARE, "IVMD at offset 0x30 of the IVRS table");
        m->facts.features.release = 0;
        expect(m, TWIN, VERDICT_UNKNOWN, "device.reserved", CURE_FIRMWARE, "release is unknown");
}

static void interrupts(void **state)
{
        Machine *m = *state;

        m->facts.features.interrupt_remapping = TRISTATE_NO;
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.remapping", CURE_CONFIGURATION, "no interrupt remapping: a guest");
        read_table(m);
        dmar(m)->flags = DMAR_X2APIC_OPT_OUT;
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.remapping", CURE_CONFIGURATION, "(the DMAR table offers none)");
        machine_set_cmdline(m, "intremap=off");
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.remapping", CURE_ARGUMENT, "switched off by argument");
        machine_set_cmdline(m, "vfio_iommu_type1.allow_unsafe_interrupts=1");
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        expect_note(m, NIC, "iommu.remapping", "allow_unsafe_interrupts is set");
        m->facts.features.unsafe_interrupts = TRISTATE_NO; /* the module is loaded, and says otherwise */
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.remapping", CURE_CONFIGURATION, "VFIO refuses");
        m->facts.features.unsafe_interrupts = TRISTATE_YES;
        machine_set_cmdline(m, "quiet");
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        m->facts.features.unsafe_interrupts = TRISTATE_UNKNOWN;
        m->facts.features.unsafe_configured = TRISTATE_YES;
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
}

static void interrupts_foretold(void **state)
{
        Machine *m = *state;
        IvhdEntry *e;

        m->facts.features.interrupt_remapping = TRISTATE_NO;
        read_table(m);
        switch_off(m, "intel_iommu=off");
        expect(m, NIC, VERDICT_CONDITIONAL, "iommu.active", CURE_APPLY_REBOOT, "intel_iommu=off");
        {
                _cleanup_(verdict_done) Verdict v = judge(m, NIC);

                assert_null(verdict_reason(&v, "iommu.remapping")); /* the table offers it */
        }
        dmar(m)->flags = 0;
        {
                _cleanup_(verdict_done) Verdict v = judge(m, NIC);

                assert_non_null(verdict_reason(&v, "iommu.remapping"));
        }
        machine_intel(m)->present = TRISTATE_NO;
        machine_intel(m)->sound = TRISTATE_UNKNOWN;
        machine_amd(m)->present = machine_amd(m)->sound = machine_amd(m)->checksum_ok = TRISTATE_YES;
        machine_set_cmdline(m, "amd_iommu=off");
        ivrs_add_entry(ivrs_add(ivrs(m), IVRS_IVHD_10, 0), IVHD_ALL, 0, 0xffff);
        {
                _cleanup_(verdict_done) Verdict v = judge(m, NIC);

                assert_non_null(verdict_reason(&v, "iommu.remapping")); /* no I/O APIC of the southbridge */
        }
        e = ivrs_add_entry(ivrs(m)->blocks, IVHD_SPECIAL, 0, 0);
        e->variety = IVHD_SPECIAL_IOAPIC;
        e->source_id = 0xa0;
        {
                _cleanup_(verdict_done) Verdict v = judge(m, NIC);

                assert_null(verdict_reason(&v, "iommu.remapping"));
        }
}

static bool plans(const Machine *m, StepKind kind, const char *path)
{
        FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                if (s->kind == kind && streq(s->path, path))
                        return true;
        return false;
}

static void unsafe_interrupts_on_request(void **state)
{
        Machine *m = *state;

        m->facts.features.interrupt_remapping = TRISTATE_NO;
        m->facts.features.unsafe_interrupts = TRISTATE_NO;
        machine_judge(m);
        machine_expect_exit(m, REPORT_CHECK, EXIT_BLOCKED, m->plan.n);
        assert_int_equal(m->plan.n, 0);
        assert_null(strstr(m->wanted.modprobe_snippet, "allow_unsafe"));
        m->config.unsafe_interrupts = true;
        machine_judge(m);
        machine_expect_exit(m, REPORT_CHECK, EXIT_NOT_READY, m->plan.n);
        assert_non_null(strstr(m->wanted.modprobe_snippet, "\noptions vfio_iommu_type1 allow_unsafe_interrupts=1\n"));
        /* the claim list tells that the images have to be made anew */
        assert_true(plans(m, STEP_WRITE_FILE, "/etc/ptprep/claims"));
        assert_true(plans(m, STEP_WRITE_FILE, "/etc/modprobe.d/ptprep.conf"));
        assert_true(plans(m, STEP_REBUILD_IMAGE, "/boot/initrd.img-6.1.0-1-amd64"));
        assert_false(kargs_has(&m->wanted.add, "vfio_iommu_type1.allow_unsafe_interrupts=1"));
        machine_settle(m);
        m->facts.features.unsafe_interrupts = TRISTATE_YES;
        machine_judge(m);
        assert_int_equal(finding_worst(&m->findings), RESULT_WARN);
        assert_int_equal(m->plan.n, 0);
        m->facts.kernels[0].type1_builtin = TRISTATE_YES; /* no module: modprobe.d says nothing to it */
        machine_judge(m);
        assert_true(kargs_has(&m->wanted.add, "vfio_iommu_type1.allow_unsafe_interrupts=1"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(the_iommu_is_off),
                T(the_table_is_refused),
                T(an_ivrs_with_a_bad_checksum),
                T(no_unit_covers_it),
                T(memory_on_intel),
                T(memory_foretold),
                T(the_certain_beats_the_unknown),
                T(the_certain_beats_the_unknown_on_amd),
                T(memory_on_amd),
                T(interrupts),
                T(interrupts_foretold),
                T(unsafe_interrupts_on_request),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
