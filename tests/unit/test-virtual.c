/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual functions that the configuration asks for: how far they are, and what an apply does about it. */
#include "judged.h"

#include "core/virtual.h"

#define MAKER "0000:00:06.0"

/* A card of the host with two virtual functions asked for, as it comes up. */
static Machine *setup(void **state)
{
        Machine *m = *state;
        ConfigDevice *c = calloc(1, sizeof(*c));
        VirtualMaker *v = calloc(1, sizeof(*v));

        assert_non_null(c);
        assert_non_null(v);
        machine_add_function(m, MAKER, "8086:1572", 0x020000, "i40e", 5);
        *c = (ConfigDevice){ .name = copy("pf"), .file = copy("/etc/ptprep/ptprep.conf"), .line = 7, .vfs = 2 };
        assert_int_equal(pci_addr_parse(MAKER, &c->address), 0);
        assert_int_equal(pci_id_parse("8086:1572", &c->id), 0);
        *v = (VirtualMaker){ .addr = c->address, .known = TRISTATE_YES, .total = 64, .autoprobe = TRISTATE_YES };
        m->config.makers = c;
        m->config.n_makers = 1;
        m->facts.makers = v;
        m->facts.n_makers = 1;
        machine_settle(m);
        set_text(&m->facts.modules_load, "");
        machine_judge(m);
        set_text(&m->facts.modules_load, m->wanted.modules_load);
        return m;
}

/* @i: 0 or 1. */
static PciFunction *make(Machine *m, unsigned i, const char *driver)
{
        char addr[PCI_ADDR_TEXT_MAX];
        PciFunction *p;

        (void) snprintf(addr, sizeof(addr), "0000:00:06.%u", i + 1);
        p = machine_add_function(m, addr, "8086:154c", 0x020000, driver, (int32_t) (6 + i));
        p->physfn = (size_t) (machine_function(m, MAKER) - m->facts.functions);
        m->facts.makers->n++;
        return p;
}

static void none_yet(void **state)
{
        Machine *m = setup(state);
        const Step *s = m->plan.steps;

        machine_judge(m);
        s = m->plan.steps;
        expect(m, "device.vfs", RESULT_FAIL, "2 virtual functions are made at each boot, and are not there yet");
        assert_int_equal(find(m, "device.vfs")->cure_kind, CURE_APPLY_NOW);
        assert_null(strstr(report_next(&(Report){ .judgement = &m->judgement, .findings = &m->findings }), "then"));
        assert_int_equal(m->plan.n, 3);
        assert_string_equal(s[0].path, "/sys/bus/pci/devices/" MAKER "/sriov_drivers_autoprobe");
        assert_string_equal(s[0].attribute.value, "0");
        assert_string_equal(s[0].attribute.undo_value, "1");
        assert_string_equal(s[1].path, "/sys/bus/pci/devices/" MAKER "/sriov_numvfs");
        assert_string_equal(s[1].attribute.value, "2");
        assert_string_equal(s[1].attribute.undo_value, "0");
        assert_int_equal(s[2].kind, STEP_BIND);
        assert_int_equal(s[2].bind.n, 2);
        assert_int_equal(s[2].bind.driver, STUB_VFIO_PCI);
}

/* What becomes of them decides what is written, and whether anything is bound. */
static void drivers(void **state)
{
        static const struct {
                VfDriver driver;
                Tristate autoprobe;
                const char *written; /* NULL: nothing, it is right already */
                bool bound;
        } rows[] = {
                { VF_PCI_STUB, TRISTATE_YES, "0", true },      { VF_VFIO_PCI, TRISTATE_NO, NULL, true },
                { VF_VFIO_PCI, TRISTATE_UNKNOWN, NULL, true }, { VF_NONE, TRISTATE_YES, "0", false },
                { VF_HOST, TRISTATE_YES, NULL, false },        { VF_HOST, TRISTATE_NO, "1", false },
        };
        Machine *m = setup(state);

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                size_t n = 0;

                m->config.makers->vf_driver = row->driver;
                m->facts.makers->autoprobe = row->autoprobe;
                machine_judge(m);
                set_text(&m->facts.modules_load, m->wanted.modules_load);
                assert_true((m->wanted.modules_load != NULL) == row->bound);
                machine_judge(m);
                if (row->written)
                        assert_string_equal(m->plan.steps[n++].attribute.value, row->written);
                assert_string_equal(m->plan.steps[n++].attribute.value, "2");
                n += row->bound;
                assert_int_equal(m->plan.n, n);
                assert_int_equal(m->plan.steps[n - 1].kind, row->bound ? STEP_BIND : STEP_ATTRIBUTE);
        }
}

static void all_there(void **state)
{
        Machine *m = setup(state);

        make(m, 0, "vfio-pci");
        make(m, 1, "mlx5_vfio_pci"); /* a variant for one make */
        machine_judge(m);
        expect(m, "device.vfs", RESULT_OK, "2 virtual functions are made, as at each boot, on vfio-pci");
        machine_expect_exit(m, REPORT_CHECK, EXIT_READY, 0);
        /* a group with something that the host has is no group for a guest */
        machine_function(m, "0000:00:05.0")->group = 7;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL,
               "in one IOMMU group with 0000:00:05.0, which is on the host driver e1000e");
        assert_int_equal(m->plan.n, 0);
}

/* One that nobody uses is taken; one that somebody may use is not. */
static void on_another_driver(void **state)
{
        Machine *m = setup(state);
        PciFunction *second;
        _cleanup_(string_list_done) StringList chain = {};

        make(m, 0, "vfio-pci");
        second = make(m, 1, "iavf");
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "1 of 2 virtual functions are not on vfio-pci: 0000:00:06.2 is on iavf");
        assert_int_equal(m->plan.n, 1);
        assert_int_equal(m->plan.steps->kind, STEP_BIND);
        assert_int_equal(string_list_add(&chain, "eth1"), 0);
        assert_int_equal(host_use_add(&m->facts.host, HOST_USE_NETWORK, second->addr, "the default route", &chain), 0);
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "0000:00:06.2 is on iavf, which may be using it");
        assert_int_equal(find(m, "device.vfs")->cure_kind, CURE_PERSON);
        assert_int_equal(m->plan.n, 0);
        set_text(&machine_function(m, "0000:00:06.2")->driver, "pci-stub"); /* a guest's */
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "0000:00:06.2 is on pci-stub, which may be using it");
        assert_int_equal(m->plan.n, 0);
}

/* Nothing that is there is ever taken away for another number. */
static void other_numbers(void **state)
{
        Machine *m = setup(state);

        make(m, 0, "vfio-pci");
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "it has 1 virtual functions and shall have 2");
        assert_int_equal(find(m, "device.vfs")->cure_kind, CURE_PERSON);
        assert_int_equal(m->plan.n, 0);
        m->facts.makers->n = 2; /* and only one of them stands on the bus */
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "2 virtual functions are switched on, and 1 are there");
        assert_int_equal(m->plan.n, 0);
        m->facts.makers->total = 1;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_BLOCKED, "at most 1 virtual functions, not 2");
        m->facts.makers->total = 0;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_BLOCKED, "it can have no virtual functions");
}

static void not_now(void **state)
{
        Machine *m = setup(state);
        PciFunction *pf = machine_function(m, MAKER);

        set_text(&pf->driver, NULL);
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "no host driver that makes them");
        assert_int_equal(m->plan.n, 0);
        set_text(&pf->driver, "vfio-pci");
        machine_judge(m);
        expect(m, "device.vfs", RESULT_BLOCKED, "it is on vfio-pci, and only its host driver makes");
        set_text(&pf->driver, "i40e");
        m->facts.live = false;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "made at each boot, not in this system");
        assert_int_equal(find(m, "device.vfs")->cure_kind, CURE_REBOOT);
        assert_int_equal(m->plan.n, 0);
        m->facts.live = true;
        m->facts.iommu_active = TRISTATE_NO;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "as soon as the IOMMU is on");
        assert_int_equal(m->plan.n, 0);
        m->config.makers->vf_driver = VF_NONE; /* who says none does not need one */
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "are not there yet");
        machine_set_cmdline(m, "intel_iommu=on ptprep.claim=1 ptprep=off");
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL, "this boot was started with ptprep=off");
        assert_int_equal(find(m, "device.vfs")->cure_kind, CURE_REBOOT);
}

static void another_card(void **state)
{
        Machine *m = setup(state);
        ConfigDevice *c = m->config.makers;

        c->id.device = 0x1573;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_BLOCKED, "the device there is 8086:1572, not 8086:1573");
        assert_string_equal(find_cure(m, "device.vfs"), "correct the section at /etc/ptprep/ptprep.conf:7");
        c->address.slot = 9;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_BLOCKED, "no device at this address");
        c->optional = true;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_SKIPPED, "configured as optional");
        m->facts.pci = TRISTATE_UNKNOWN;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_UNKNOWN, "no PCI bus is visible here");
        assert_int_equal(plan_refusal(&m->judgement, &m->findings), PLAN_REFUSED_UNSEEN);
}

/* The line of one that is configured by itself is the same before and after it was made: no image changes for that. */
static void one_by_itself(void **state)
{
        Machine *m = setup(state);
        _cleanup_free_ char *before = NULL;

        machine_add_device(m, "vf1", "0000:00:06.2", "8086:154c");
        machine_function(m, MAKER)->can_virtual = true;
        machine_judge(m);
        before = copy(m->wanted.claims);
        assert_non_null(strstr(before, "0000:00:06.2 8086:154c vfio-pci - vf1 optional=yes "));
        assert_true(is_told(m, "device.present", "made at each boot by " MAKER ", see device.vfs"));
        assert_int_equal(plan_refusal(&m->judgement, &m->findings), PLAN_ALLOWED);
        make(m, 0, "vfio-pci");
        make(m, 1, "vfio-pci");
        machine_judge(m);
        assert_string_equal(m->wanted.claims, before);
        assert_true(is_told(m, "device.present", "8086:154c is there"));
        m->config.n_makers = 0; /* somebody else has made it, and will the next time */
        machine_judge(m);
        assert_non_null(strstr(m->wanted.claims, "0000:00:06.2 8086:154c vfio-pci - vf1 "));
        m->config.n_makers = 1;
}

/* Without any device of their own they need the IOMMU, and no claim. */
static void nothing_else(void **state)
{
        Machine *m = setup(state);

        m->config.n_devices = 0;
        machine_judge(m);
        assert_null(m->wanted.claims);
        assert_int_equal(m->wanted.add.words.n, 1);
        assert_string_equal(m->wanted.add.words.items[0], "intel_iommu=on");
        assert_int_equal(plan_refusal(&m->judgement, &m->findings), PLAN_ALLOWED);
        m->config.n_devices = 1;
}

static void set_macs(StringList *l, const char *first, const char *second)
{
        string_list_done(l);
        assert_int_equal(string_list_add(l, first), 0);
        assert_int_equal(string_list_add(l, second), 0);
}

#define MAC_1 "52:54:00:aa:00:01"
#define MAC_2 "52:54:00:aa:00:02"

/* They are set between the making and the binding, and on what no guest can have; else they are only told. */
static void addresses(void **state)
{
        Machine *m = setup(state);
        StringList *now = &m->facts.makers->macs;

        set_macs(&m->config.makers->vf_macs, MAC_1, MAC_2);
        machine_judge(m);
        assert_int_equal(m->plan.n, 4);
        assert_string_equal(m->plan.steps[1].attribute.value, "2");
        assert_int_equal(m->plan.steps[2].kind, STEP_VF_MACS);
        assert_true(m->plan.steps[2].vf_macs.made);
        assert_string_equal(m->plan.steps[2].path, "/sys/bus/pci/devices/" MAKER);
        assert_int_equal(m->plan.steps[2].vf_macs.macs.n, 2);
        assert_string_equal(m->plan.steps[2].vf_macs.macs.items[1], MAC_2);
        assert_int_equal(m->plan.steps[3].kind, STEP_BIND);

        make(m, 0, "vfio-pci");
        make(m, 1, "vfio-pci");
        set_macs(now, MAC_1, "52:54:00:aa:00:99");
        machine_judge(m);
        expect(m, "device.vfs", RESULT_FAIL,
               "virtual function 1 has the address 52:54:00:aa:00:99 and shall have " MAC_2);
        assert_int_equal(find(m, "device.vfs")->cure_kind, CURE_PERSON);
        assert_int_equal(m->plan.n, 0);
        set_text(&machine_function(m, "0000:00:06.1")->driver, "iavf"); /* a guest may have the other one */
        machine_judge(m);
        assert_int_equal(m->plan.n, 0);
        set_text(&machine_function(m, "0000:00:06.2")->driver, NULL);
        machine_judge(m);
        assert_int_equal(m->plan.n, 2);
        assert_int_equal(m->plan.steps[0].kind, STEP_VF_MACS);
        assert_false(m->plan.steps[0].vf_macs.made);
        assert_int_equal(m->plan.steps[1].kind, STEP_BIND);
}

/* An address that nobody tells is none that is right. */
static void unknown_addresses(void **state)
{
        Machine *m = setup(state);
        StringList *now = &m->facts.makers->macs;

        set_macs(&m->config.makers->vf_macs, MAC_1, MAC_2);
        make(m, 0, "vfio-pci");
        make(m, 1, "vfio-pci");
        set_macs(now, MAC_1, MAC_2);
        machine_judge(m);
        expect(m, "device.vfs", RESULT_OK, "2 virtual functions are made");
        set_macs(now, MAC_1, ""); /* of one */
        machine_judge(m);
        expect(m, "device.vfs", RESULT_UNKNOWN, "cannot tell whether virtual function 1 has the address " MAC_2);
        assert_non_null(strstr(find_cure(m, "device.vfs"), "ip link show"));
        assert_int_equal(m->plan.n, 0);
        assert_int_equal(plan_refusal(&m->judgement, &m->findings), PLAN_ALLOWED);
        string_list_done(now); /* of none */
        machine_judge(m);
        expect(m, "device.vfs", RESULT_UNKNOWN, "cannot tell whether virtual function 0 has the address " MAC_1);
        m->facts.makers->macs_error = -EPERM;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_UNKNOWN, "its network interface cannot be asked: Operation not permitted");
        m->facts.makers->macs_error = -ENODEV;
        machine_judge(m);
        expect(m, "device.vfs", RESULT_UNKNOWN, "it has no network interface, which would tell them");

        set_text(&machine_function(m, "0000:00:06.2")->driver, NULL); /* and a guest may have the other one */
        machine_judge(m);
        assert_int_equal(m->plan.n, 1);
        assert_int_equal(m->plan.steps[0].kind, STEP_BIND);
        set_text(&machine_function(m, "0000:00:06.1")->driver, NULL);
        machine_judge(m);
        assert_int_equal(m->plan.n, 2);
        assert_int_equal(m->plan.steps[0].kind, STEP_VF_MACS);
        assert_false(m->plan.steps[0].vf_macs.made);
        assert_int_equal(m->plan.steps[1].kind, STEP_BIND);
        string_list_done(&m->config.makers->vf_macs); /* nobody asks for any */
        machine_judge(m);
        assert_int_equal(m->plan.n, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(none_yet),      T(drivers),   T(all_there),         T(on_another_driver),
                T(other_numbers), T(not_now),   T(another_card),      T(nothing_else),
                T(one_by_itself), T(addresses), T(unknown_addresses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
