/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict-expect.h"

static void expect_silence(const Machine *m, const char *addr, const char *id)
{
        _cleanup_(verdict_done) Verdict v = judge(m, addr);
        const Reason *r = verdict_reason(&v, id);

        if (r)
                fail_msg("%s: %s is \"%s\"", addr, id, r->text);
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

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(without_obstacles),     T(unknown_disks),     T(groups),
                T(functions_of_one_card), T(groups_foretold),   T(all_that_break_a_group_are_named),
                T(why_a_group_is_shared), T(the_device_itself), T(configured_devices),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
