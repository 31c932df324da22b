/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/level.h"
#include "machine.h"

/* How far a function is ready, and what stops the next level. */

static void expect(Machine *m, const char *addr, ReadyLevel level, const char *stop)
{
        _cleanup_(verdict_context_freep) VerdictContext *c = NULL;
        _cleanup_(verdict_done) Verdict v = {};
        LevelAnswer a;

        assert_int_equal(verdict_context_new(&m->facts, NULL, &c), 0);
        assert_int_equal(verdict_compute(c, machine_function(m, addr), &v), 0);
        a = level_compute(&m->facts, machine_function(m, addr), &v);
        assert_string_equal(ready_level_to_string(a.level), ready_level_to_string(level));
        if (!stop)
                assert_null(a.stop);
        else {
                assert_non_null(a.stop);
                assert_string_equal(a.stop, stop);
        }
}

/* The machine of all tests, with a kernel that has all there is. */
static void complete(Machine *m)
{
        m->facts.features.release = LINUX(6, 12);
        m->facts.features.interrupt_remapping = TRISTATE_YES;
        m->facts.features.options[KERNEL_IOMMUFD] = TRISTATE_YES;
        m->facts.features.options[KERNEL_VFIO_DEVICE_CDEV] = TRISTATE_YES;
}

static void all_of_them(void **state)
{
        Machine *m = *state;

        complete(m);
        expect(m, "0000:00:04.0", LEVEL_IOMMUFD, NULL);
        expect(m, "0000:00:05.0", LEVEL_IOMMUFD, NULL); /* on its host driver: that is the verdict's matter */
        expect(m, "0000:00:01.0", LEVEL_NONE, NULL);    /* a bridge */
}

static void the_kernel_without_iommufd(void **state)
{
        Machine *m = *state;

        complete(m);
        m->facts.features.options[KERNEL_VFIO_DEVICE_CDEV] = TRISTATE_UNKNOWN;
        expect(m, "0000:00:04.0", LEVEL_RESETTABLE, "the configuration of this kernel cannot be read");
        m->facts.features.options[KERNEL_VFIO_DEVICE_CDEV] = TRISTATE_NO;
        expect(m, "0000:00:04.0", LEVEL_RESETTABLE, "this kernel is built without VFIO_DEVICE_CDEV");
        m->facts.features.options[KERNEL_IOMMUFD] = TRISTATE_NO;
        expect(m, "0000:00:04.0", LEVEL_RESETTABLE, "this kernel is built without IOMMUFD");
        m->facts.features.release = LINUX(6, 5);
        expect(m, "0000:00:04.0", LEVEL_RESETTABLE, "a kernel has to be 6.6 or later for it");
}

static void no_way_to_reset(void **state)
{
        Machine *m = *state;

        complete(m);
        set_text(&machine_function(m, "0000:00:04.0")->reset, "");
        expect(m, "0000:00:04.0", LEVEL_ISOLATED,
               "the kernel knows no way to reset it: a guest may find it as the last one left it");
        set_text(&machine_function(m, "0000:00:04.0")->reset, NULL);
        expect(m, "0000:00:04.0", LEVEL_ISOLATED, "this system does not show how it can be reset");
}

static void interrupts(void **state)
{
        Machine *m = *state;

        complete(m);
        m->facts.features.interrupt_remapping = TRISTATE_UNKNOWN;
        expect(m, "0000:00:04.0", LEVEL_TRANSLATED, "it cannot be told whether interrupts are remapped");
        m->facts.features.interrupt_remapping = TRISTATE_NO;
        expect(m, "0000:00:04.0", LEVEL_TRANSLATED,
               "no interrupt remapping: a guest could send any interrupt to the host, so VFIO refuses");
        /* that VFIO may do without does not make it so */
        m->facts.features.unsafe_interrupts = TRISTATE_YES;
        expect(m, "0000:00:04.0", LEVEL_TRANSLATED,
               "no interrupt remapping, and allow_unsafe_interrupts is set: a guest can send any interrupt to the "
               "host");
}

static void the_host_in_its_group(void **state)
{
        Machine *m = *state;

        complete(m);
        machine_function(m, "0000:00:05.0")->group = machine_function(m, "0000:00:04.0")->group;
        expect(m, "0000:00:04.0", LEVEL_TRANSLATED,
               "IOMMU group 3 is not viable: 0000:00:05.0 in it is on its host driver e1000e");
        set_text(&machine_function(m, "0000:00:05.0")->driver, "vfio-pci"); /* both go to the same guest */
        expect(m, "0000:00:04.0", LEVEL_IOMMUFD, NULL);
}

static void no_translation(void **state)
{
        Machine *m = *state;

        complete(m);
        machine_function(m, "0000:00:04.0")->group = PCI_GROUP_NONE;
        expect(m, "0000:00:04.0", LEVEL_NONE, "it is in no IOMMU group");
        m->facts.iommu_active = TRISTATE_NO;
        machine_set_cmdline(m, "root=/dev/vda2 ro intel_iommu=off");
        expect(m, "0000:00:05.0", LEVEL_NONE,
               "the IOMMU is off by argument: the kernel was started with intel_iommu=off");
}

/* Without an IOMMU there is no level, whatever else is there: VFIO's group looks like any other. */
static void noiommu_is_never_ready(void **state)
{
        _cleanup_(verdict_context_freep) VerdictContext *c = NULL;
        _cleanup_(verdict_done) Verdict v = {};
        Machine *m = *state;

        complete(m);
        FOREACH_ARRAY(g, m->facts.groups, m->facts.n_known_groups)
                g->unreal = g->number == 3;
        expect(m, "0000:00:04.0", LEVEL_NONE,
               "VFIO has it without an IOMMU (enable_unsafe_noiommu_mode): whoever has it reaches all of the host's "
               "memory");
        expect(m, "0000:00:05.0", LEVEL_IOMMUFD, NULL);
        assert_int_equal(verdict_context_new(&m->facts, NULL, &c), 0);
        assert_int_equal(verdict_compute(c, machine_function(m, "0000:00:04.0"), &v), 0);
        assert_int_equal(v.state, VERDICT_BLOCKED); /* although it is on vfio-pci */
        machine_judge(m);
        assert_int_equal(finding_worst(&m->findings), RESULT_BLOCKED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(all_of_them),
                T(the_kernel_without_iommufd),
                T(no_way_to_reset),
                T(interrupts),
                T(the_host_in_its_group),
                T(no_translation),
                T(noiommu_is_never_ready),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
