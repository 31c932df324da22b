/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Each obstacle: what it makes of the verdict, and who can cure it. */

#include "machine.h"

#define NIC  "0000:00:04.0"
#define TWIN "0000:00:05.0"

static inline Verdict judge(const Machine *m, const char *addr)
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
static inline void expect(const Machine *m, const char *addr, VerdictState state, const char *id, CureKind by,
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
static inline void expect_note(const Machine *m, const char *addr, const char *id, const char *text)
{
        _cleanup_(verdict_done) Verdict v = judge(m, addr);
        const Reason *r = verdict_reason(&v, id);

        if (!r || r->weight > VERDICT_POSSIBLE || !strstr(r->text, text))
                fail_msg("%s: %s is \"%s\"", addr, id, r ? r->text : "not there");
}

/* A warning ahead of time. */
static inline void expect_warning(const Machine *m, const char *addr, const char *id, const char *text)
{
        _cleanup_(verdict_done) Verdict v = judge(m, addr);
        const Reason *r = verdict_reason(&v, id);

        if (!r || r->result != RESULT_WARN || !strstr(r->text, text))
                fail_msg("%s: %s is \"%s\"", addr, id, r ? r->text : "not there");
}

static inline void set_regions(Machine *m, int32_t group, const char *text)
{
        IommuGroup *g = m->facts.groups + (facts_group(&m->facts, group) - m->facts.groups);

        g->n_regions = 0;
        free(g->regions);
        g->regions = NULL;
        assert_int_equal(reserved_regions_parse(text, &g->regions, &g->n_regions), 0);
}

static inline void switch_off(Machine *m, const char *cmdline)
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

/* A host or ISA bridge and an AMD IOMMU are no candidates. To the kernel they are devices like others all the same. */
static inline void never_bound(Machine *m, PciFunction *bridge)
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

static inline void groups(void **state)
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
