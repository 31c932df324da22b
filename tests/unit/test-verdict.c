/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/iommu-state.h"
#include "machine.h"
#include "tables.h"

/* Each obstacle: what it makes of the verdict, and who can cure it. */

#define NIC  "0000:00:04.0"
#define TWIN "0000:00:05.0"

static Verdict judge(const Machine *m, const char *addr)
{
        VerdictContext *c;
        Verdict v;
        const PciFunction *f;
        PciAddr a;

        assert_int_equal(pci_addr_parse(addr, &a), 0);
        f = facts_function(&m->facts, a);
        assert_non_null(f);
        assert_int_equal(verdict_context_new(&m->facts, NULL, &c), 0);
        assert_int_equal(verdict_compute(c, f, &v), 0);
        (void) verdict_context_free(c);
        return v;
}

/* The verdict, and what decides it: id, words of its sentence, and who can cure it. id NULL: nothing stands in the way.
 */
static void expect(const Machine *m, const char *addr, VerdictState state, const char *id, CureKind by,
                   const char *text)
{
        _cleanup_(verdict_done) Verdict v = judge(m, addr);
        const Reason *r = verdict_worst(&v);

        if (v.state != state)
                fail_msg("%s: %s, expected %s (%s)", addr, verdict_state_to_string(v.state),
                         verdict_state_to_string(state), r ? r->text : "no reason");
        if (!id) {
                assert_null(r);
                return;
        }
        assert_non_null(r);
        if (!streq(r->id, id) || !strstr(r->text, text) || r->cure_kind != by)
                fail_msg("%s: %s (%s) \"%s\", expected %s (%s) \"%s\"", addr, r->id, cure_kind_to_string(r->cure_kind),
                         r->text, id, cure_kind_to_string(by), text);
}

/* A reason that only has to be known. */
static void expect_note(const Machine *m, const char *addr, const char *id, const char *text)
{
        _cleanup_(verdict_done) Verdict v = judge(m, addr);
        const Reason *r = verdict_reason(&v, id);

        if (!r || r->weight > VERDICT_POSSIBLE || !strstr(r->text, text))
                fail_msg("%s: %s is \"%s\"", addr, id, r ? r->text : "not there");
}

static void expect_silence(const Machine *m, const char *addr, const char *id)
{
        _cleanup_(verdict_done) Verdict v = judge(m, addr);
        const Reason *r = verdict_reason(&v, id);

        if (r)
                fail_msg("%s: %s is \"%s\"", addr, id, r->text);
}

/* A warning ahead of time. */
static void expect_warning(const Machine *m, const char *addr, const char *id, const char *text)
{
        _cleanup_(verdict_done) Verdict v = judge(m, addr);
        const Reason *r = verdict_reason(&v, id);

        if (!r || r->result != RESULT_WARN || !strstr(r->text, text))
                fail_msg("%s: %s is \"%s\"", addr, id, r ? r->text : "not there");
}

static void set_regions(Machine *m, int32_t group, const char *text)
{
        IommuGroup *g = m->facts.groups + (facts_group(&m->facts, group) - m->facts.groups);

        g->n_regions = 0;
        free(g->regions);
        g->regions = NULL;
        assert_int_equal(reserved_regions_parse(text, &g->regions, &g->n_regions), 0);
}

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

static void switch_off(Machine *m, const char *cmdline)
{
        m->facts.iommu_active = TRISTATE_NO;
        string_list_done(&m->facts.iommu_units);
        machine_set_cmdline(m, cmdline);
        FOREACH_ARRAY(f, m->facts.functions, m->facts.n_functions)
                f->group = PCI_GROUP_NONE;
        iommu_groups_free(m->facts.groups, m->facts.n_known_groups);
        m->facts.groups = NULL;
        m->facts.n_known_groups = m->facts.n_groups = 0;
}

static void use_amd(Machine *m)
{
        AcpiTable *t = machine_amd(m);

        machine_intel(m)->present = TRISTATE_NO;
        t->present = t->sound = t->checksum_ok = TRISTATE_YES;
        m->facts.cpu_vendor = &iommu_amd;
        set_text(&m->facts.iommu_units.items[0], "ivhd0");
}

static void without_obstacles(void **state)
{
        Machine *m = *state;

        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        expect(m, TWIN, VERDICT_POSSIBLE, NULL, CURE_NONE, NULL);
        expect(m, "0000:00:01.0", VERDICT_NOT_APPLICABLE, NULL, CURE_NONE, NULL);
        set_text(&machine_function(m, NIC)->driver, "pci-stub");
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        set_text(&machine_function(m, NIC)->driver, "mlx5_vfio_pci");
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        set_text(&machine_function(m, NIC)->driver, NULL);
        expect(m, NIC, VERDICT_POSSIBLE, NULL, CURE_NONE, NULL);
        expect(m, "0000:00:03.0", VERDICT_BLOCKED, "device.boot-disk", CURE_CONFIGURATION,
               "it carries / (/ on vda on 0000:00:03.0)");
        host_uses_done(&m->facts.host);
        expect(m, "0000:00:03.0", VERDICT_UNKNOWN, "device.boot-disk", CURE_PERSON, "nobody has looked");
}

static void unknown_disks(void **state)
{
        static const struct {
                uint32_t class;
                VerdictState local, remote; /* for an unknown disk that is anywhere, on the other end of a network */
        } classes[] = {
                { 0x010802, VERDICT_UNKNOWN, VERDICT_POSSIBLE },  { 0x010700, VERDICT_UNKNOWN, VERDICT_POSSIBLE },
                { 0x050200, VERDICT_UNKNOWN, VERDICT_POSSIBLE },  { 0x0c0400, VERDICT_UNKNOWN, VERDICT_UNKNOWN },
                { 0x0c0330, VERDICT_UNKNOWN, VERDICT_UNKNOWN },   { 0x0c0600, VERDICT_UNKNOWN, VERDICT_UNKNOWN },
                { 0x080501, VERDICT_UNKNOWN, VERDICT_UNKNOWN },   { 0x088000, VERDICT_UNKNOWN, VERDICT_UNKNOWN },
                { 0x020000, VERDICT_UNKNOWN, VERDICT_UNKNOWN },   { 0x028000, VERDICT_UNKNOWN, VERDICT_UNKNOWN },
                { 0xff0000, VERDICT_UNKNOWN, VERDICT_UNKNOWN },   { 0x030000, VERDICT_POSSIBLE, VERDICT_POSSIBLE },
                { 0x038000, VERDICT_POSSIBLE, VERDICT_POSSIBLE }, { 0x040300, VERDICT_POSSIBLE, VERDICT_POSSIBLE },
                { 0x120000, VERDICT_POSSIBLE, VERDICT_POSSIBLE }, { 0x0c0500, VERDICT_POSSIBLE, VERDICT_POSSIBLE },
        };
        Machine *m = *state;
        HostUnknown remote = { .remote = true, .what = copy("a remote one"), .cure_kind = CURE_ROOT };
        HostUnknown any = { .what = copy("any"), .cure_kind = CURE_CONFIGURATION, .cure = "leave it" };

        assert_int_equal(host_unknown_add(&m->facts.host, &remote), 0);
        FOREACH_ARRAY(c, classes, ELEMENTSOF(classes)) {
                bool unknown = c->remote == VERDICT_UNKNOWN;

                machine_function(m, TWIN)->class = c->class;
                expect(m, TWIN, c->remote, unknown ? "device.boot-disk" : NULL, unknown ? CURE_ROOT : CURE_NONE,
                       unknown ? "cannot tell whether the host needs it: a remote one" : NULL);
        }
        assert_int_equal(host_unknown_add(&m->facts.host, &any), 0);
        FOREACH_ARRAY(c, classes, ELEMENTSOF(classes)) {
                machine_function(m, TWIN)->class = c->class;
                if (c->local == c->remote)
                        continue;
                expect(m, TWIN, c->local, "device.boot-disk", CURE_CONFIGURATION,
                       "cannot tell whether the host needs it: any");
        }
        expect(m, "0000:00:03.0", VERDICT_BLOCKED, "device.boot-disk", CURE_CONFIGURATION, "it carries /");
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

/* A host or ISA bridge and an AMD IOMMU are no candidates. To the kernel they are devices like others all the same. */
static void never_bound(Machine *m, PciFunction *bridge)
{
        static const uint32_t classes[] = { 0x060000, 0x060100, 0x060400, 0x060700, 0x060940, 0x080600 };

        FOREACH_ARRAY(class, classes, ELEMENTSOF(classes)) {
                bridge->class = *class;
                expect(m, "0000:00:01.0", VERDICT_NOT_APPLICABLE, NULL, CURE_NONE, NULL);
        }
        bridge->class = 0x068000; /* such as an NVSwitch */
        expect(m, "0000:00:01.0", VERDICT_POSSIBLE, NULL, CURE_NONE, NULL);
        bridge->class = 0x060100;
        set_text(&bridge->driver, "lpc_ich");
        expect(m, NIC, VERDICT_CONDITIONAL, "group.viable", CURE_CONFIGURATION,
               "the bridge 0000:00:01.0 in it is on the driver lpc_ich");
        {
                _cleanup_(verdict_done) Verdict v = judge(m, NIC);

                /* "configure that device too" would be refused */
                assert_non_null(strstr(verdict_reason(&v, "group.viable")->cure, "keep that driver off the bridge"));
        }
}

static void groups(void **state)
{
        Machine *m = *state;
        PciFunction *bridge = machine_function(m, "0000:00:01.0");

        machine_function(m, TWIN)->group = 3;
        expect(m, NIC, VERDICT_CONDITIONAL, "group.viable", CURE_CONFIGURATION,
               "0000:00:05.0 in it is on its host driver");
        expect(m, TWIN, VERDICT_POSSIBLE, NULL, CURE_NONE, NULL); /* itself on a host driver: it would be claimed */
        expect_note(m, TWIN, "group.shared", "shares IOMMU group 3 with 1 other device");
        machine_function(m, TWIN)->group = 4;
        machine_function(m, "0000:00:03.0")->group = 3;
        expect(m, NIC, VERDICT_BLOCKED, "group.viable", CURE_SLOT, "0000:00:03.0 in it carries /");
        machine_function(m, "0000:00:03.0")->group = 2;
        bridge->group = 3;
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        set_text(&bridge->driver, "shpchp");
        expect(m, NIC, VERDICT_CONDITIONAL, "group.viable", CURE_CONFIGURATION, "the bridge 0000:00:01.0 in it is on");
        m->facts.features.release = LINUX(5, 18);
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        m->facts.features.release = 0;
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        never_bound(m, bridge);
}

static void all_that_break_a_group_are_named(void **state)
{
        Machine *m = *state;
        char addr[32];

        machine_function(m, TWIN)->group = 3;
        machine_add_function(m, "0000:00:06.0", "10de:1aec", 0x0c0330, "xhci_hcd", 3);
        machine_add_function(m, "0000:00:06.1", "10de:1aed", 0x0c8000, "nvidia-gpu", 3);
        expect(m, NIC, VERDICT_CONDITIONAL, "group.viable", CURE_CONFIGURATION,
               "IOMMU group 3 is not viable: 0000:00:05.0 in it is on its host driver e1000e, 0000:00:06.0 is on its "
               "host "
               "driver xhci_hcd, 0000:00:06.1 is on its host driver nvidia-gpu");
        expect(m, "0000:00:06.0", VERDICT_CONDITIONAL, "group.viable", CURE_CONFIGURATION,
               "0000:00:05.0 in it is on its host driver e1000e, 0000:00:06.1"); /* not itself */
        machine_function(m, "0000:00:03.0")->group = 3;                          /* nobody can configure that too */
        expect(m, NIC, VERDICT_BLOCKED, "group.viable", CURE_SLOT, "0000:00:03.0 in it carries /, 0000:00:05.0 is on");
        for (unsigned i = 0; i < 8; i++) {
                (void) snprintf(addr, sizeof(addr), "0000:00:07.%u", i);
                machine_add_function(m, addr, "8086:10d3", 0x020000, "e1000e", 3);
        }
        expect(m, NIC, VERDICT_BLOCKED, "group.viable", CURE_SLOT,
               "0000:00:07.3 is on its host driver e1000e, and 4 more");
}

static void why_a_group_is_shared(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, NIC), *port = machine_function(m, "0000:00:01.0");

        machine_function(m, TWIN)->group = 3;
        nic->isolation.acs = TRISTATE_NO;
        expect_note(m, NIC, "group.shared", "the functions of one device can reach each other");
        nic->parent = 0;
        port->isolation = (PciIsolation){ .pcie = TRISTATE_YES, .type = 4, .acs = TRISTATE_NO };
        expect_note(m, NIC, "group.shared", "the port 0000:00:01.0 does not keep them apart (no ACS)");
        port->isolation.acs = TRISTATE_YES;
        port->isolation.capability = 0x1f;
        expect_note(m, NIC, "group.shared", "the port 0000:00:01.0"); /* there, and not switched on */
        port->isolation.control = 0x0d;
        expect_note(m, NIC, "group.shared", "the port 0000:00:01.0");
        port->isolation.capability = 0x0f; /* what it does not have, nobody asks for */
        expect_note(m, NIC, "group.shared", "the functions of one device");
        port->isolation = (PciIsolation){ TRISTATE_YES, 4, TRISTATE_YES, 0x1f, 0x1d };
        expect_note(m, NIC, "group.shared", "the functions of one device");
        port->isolation.type = 7;
        expect_note(m, NIC, "group.shared", "behind the conventional PCI bridge 0000:00:01.0");
        port->isolation = (PciIsolation){ .pcie = TRISTATE_NO, .acs = TRISTATE_NO };
        expect_note(m, NIC, "group.shared", "behind the conventional PCI bridge 0000:00:01.0");
}

/* Addresses of the functions that are on one card with the one at an index. */
static void expect_card(const Facts *f, size_t i, const char *expected)
{
        char text[8 * PCI_ADDR_TEXT_MAX] = "";
        size_t iterator = 0, k, n = 0;

        while (facts_next_sibling(f, i, &iterator, &k) && n < sizeof(text))
                n += (size_t) snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? " " : "",
                                       PCI_ADDR_TEXT(f->functions[k].addr));
        assert_string_equal(text, expected);
}

/* Virtual functions may stand anywhere, also between the others. */
static void functions_of_one_card(void **state)
{
        PciFunction functions[] = {
                { .addr = { 0, 1, 2, 7 } }, { .addr = { 0, 1, 3, 0 } }, { .addr = { 0, 1, 3, 1 } },
                { .addr = { 0, 1, 3, 2 } }, { .addr = { 0, 2, 3, 0 } },
        };
        const Facts f = { .functions = functions, .n_functions = ELEMENTSOF(functions) };

        (void) state;
        FOREACH_ARRAY(p, functions, ELEMENTSOF(functions))
                p->physfn = PCI_PARENT_NONE;
        expect_card(&f, 2, "0000:01:03.0 0000:01:03.1 0000:01:03.2");
        functions[2].physfn = 1;
        expect_card(&f, 1, "0000:01:03.0 0000:01:03.2");
        expect_card(&f, 3, "0000:01:03.0 0000:01:03.2");
        expect_card(&f, 2, "");
        assert_true(facts_has_sibling(&f, 3));
        assert_false(facts_has_sibling(&f, 2));
        expect_card(&f, 0, "0000:01:02.7");
        assert_false(facts_has_sibling(&f, 0));
        assert_false(facts_has_sibling(&f, 4));
}

/* Of what is known of ports and cards while there are no groups. */
static void groups_foretold(void **state)
{
        static const PciIsolation closed = { TRISTATE_YES, 4, TRISTATE_YES, 0x1f, 0 },
                                  open = { TRISTATE_YES, 4, TRISTATE_NO, 0, 0 },
                                  conventional = { TRISTATE_NO, 0, TRISTATE_NO, 0, 0 };
        Machine *m = *state;
        PciFunction *port = machine_function(m, "0000:00:01.0");
        PciFunction *nic = machine_function(m, NIC), *twin = machine_function(m, TWIN);

        switch_off(m, "intel_iommu=off");
        set_text(&nic->driver, "e1000e");
        nic->parent = twin->parent = 0;
        expect_silence(m, NIC, "group.shared"); /* nothing is known of the port */
        port->isolation = closed;               /* what it is able to, Linux will switch on */
        expect_silence(m, NIC, "group.shared");
        expect_silence(m, NIC, "group.viable");
        port->isolation = open;
        expect_note(m, NIC, "group.shared",
                    "it will share its group with 1 other device, because the port 0000:00:01.0");
        expect_warning(m, NIC, "group.viable", "0000:00:05.0 will be in it, which is on its host driver e1000e");
        port->isolation = conventional;
        expect_note(m, NIC, "group.shared", "behind the conventional PCI bridge 0000:00:01.0");
        set_text(&twin->driver, NULL);
        expect_silence(m, NIC, "group.viable");

        /* Intel's chipset ports: Linux has a way of its own */
        set_text(&twin->driver, "e1000e");
        port->isolation = open;
        expect_warning(m, NIC, "group.viable", "0000:00:05.0");
        port->id.vendor = 0x8086;
        port->addr.slot = 0x1c;
        expect_silence(m, NIC, "group.viable");
        port->addr.slot = 1;

        /* functions of one card; of network cards nothing is told */
        nic->parent = twin->parent = PCI_PARENT_NONE;
        expect_silence(m, NIC, "group.shared");
        assert_int_equal(pci_addr_parse("0000:00:04.1", &twin->addr), 0);
        set_text(&twin->driver, "e1000e");
        nic->isolation = twin->isolation = (PciIsolation){ TRISTATE_YES, 0, TRISTATE_NO, 0, 0 };
        expect_silence(m, NIC, "group.shared");
        nic->class = 0x030000;
        twin->class = 0x040300;
        expect_note(m, NIC, "group.shared", "the functions of one device can reach each other");
        expect_warning(m, NIC, "group.viable", "0000:00:04.1 will be in it");
        twin->isolation = (PciIsolation){ TRISTATE_YES, 0, TRISTATE_YES, 0x0c, 0 };
        expect_silence(m, NIC, "group.shared");
        twin->isolation = nic->isolation;
        twin->physfn = 2; /* a virtual function is no function of the card */
        expect_silence(m, NIC, "group.shared");
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

static void the_device_itself(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, NIC), *twin = machine_function(m, TWIN);

        set_text(&nic->reset, "");
        expect(m, NIC, VERDICT_READY, NULL, CURE_NONE, NULL);
        expect_note(m, NIC, "device.reset", "no way to reset it");
        twin->has_virtual = true;
        expect(m, TWIN, VERDICT_CONDITIONAL, "device.virtual", CURE_CONFIGURATION, "virtual functions are switched on");
        twin->has_virtual = false;
        twin->id = (PciId){ 0x8086, 0x37c8 };
        expect(m, TWIN, VERDICT_CONDITIONAL, "device.denylist", CURE_CONFIGURATION, "QAT C62X");
        m->facts.features.denylist = TRISTATE_NO;
        expect(m, TWIN, VERDICT_POSSIBLE, NULL, CURE_NONE, NULL);
        m->facts.features.denylist = TRISTATE_UNKNOWN;
        m->facts.features.release = LINUX(5, 8);
        expect(m, TWIN, VERDICT_POSSIBLE, NULL, CURE_NONE, NULL);
        twin->behind = 2;
        expect(m, TWIN, VERDICT_BLOCKED, "device.managed", CURE_FIRMWARE,
               "behind the Volume Management Device 0000:00:04.0");
}

/* What is configured counts as claimed; what only a check says goes with it. */
static void configured_devices(void **state)
{
        Machine *m = *state;

        machine_function(m, TWIN)->group = 3;
        machine_judge(m);
        assert_int_equal(m->wanted.devices[0].verdict.state, VERDICT_CONDITIONAL);
        machine_add_device(m, "nic1", TWIN, "8086:10d3");
        machine_judge(m);
        assert_int_equal(m->wanted.devices[0].verdict.state, VERDICT_READY);
        assert_int_equal(m->wanted.devices[1].verdict.state, VERDICT_POSSIBLE);
        /* pinned: a person has to act, and no plan is made */
        set_regions(m, 3, "0x00000000000e8000 0x00000000000e8fff direct\n");
        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        assert_int_equal(m->wanted.devices[0].verdict.state, VERDICT_BLOCKED);
        machine_expect_exit(m, REPORT_CHECK, EXIT_BLOCKED, m->plan.n);
        assert_int_equal(m->plan.n, 0);
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
                T(without_obstacles),
                T(unknown_disks),
                T(the_iommu_is_off),
                T(the_table_is_refused),
                T(an_ivrs_with_a_bad_checksum),
                T(no_unit_covers_it),
                T(memory_on_intel),
                T(memory_foretold),
                T(the_certain_beats_the_unknown),
                T(the_certain_beats_the_unknown_on_amd),
                T(memory_on_amd),
                T(groups),
                T(functions_of_one_card),
                T(groups_foretold),
                T(all_that_break_a_group_are_named),
                T(why_a_group_is_shared),
                T(interrupts),
                T(interrupts_foretold),
                T(the_device_itself),
                T(configured_devices),
                T(unsafe_interrupts_on_request),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
