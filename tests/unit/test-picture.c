/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/picture.h"
#include "machine.h"

/* The rows that the picture of a machine has. */

static void draw(Machine *m, Picture *ret)
{
        machine_judge(m);
        assert_int_equal(picture_compute(&m->judgement, ret), 0);
        assert_int_equal(ret->n, m->facts.n_functions);
}

static const PictureRow *row_of(const Picture *p, const char *addr)
{
        PciAddr a;

        assert_int_equal(pci_addr_parse(addr, &a), 0);
        FOREACH_ARRAY(row, p->rows, p->n)
                if (pci_addr_equal(row->function->addr, a))
                        return row;
        fail_msg("no row of %s", addr);
        return NULL;
}

/* Virtual functions as a network card has them, behind the machine's port. */
static void add_virtual(Machine *m, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                char addr[16];
                PciFunction *p;

                (void) snprintf(addr, sizeof(addr), "0000:20:%02x.0", i);
                p = machine_add_function(m, addr, "8086:154c", 0x020000, "iavf", (int32_t) (20 + i));
                p->parent = (size_t) (machine_function(m, "0000:00:01.0") - m->facts.functions);
                (void) machine_add_group(m, (int32_t) (20 + i));
        }
}

static void below_the_bridge(void **state)
{
        _cleanup_(picture_done) Picture p = {};
        Machine *m = *state;

        add_virtual(m, 2);
        draw(m, &p);
        assert_ptr_equal(p.rows[0].function, machine_function(m, "0000:00:01.0"));
        assert_ptr_equal(p.rows[1].function, machine_function(m, "0000:20:00.0"));
        assert_ptr_equal(p.rows[2].function, machine_function(m, "0000:20:01.0"));
        assert_int_equal(p.rows[0].depth, 0);
        assert_int_equal(p.rows[1].depth, 1);
        assert_int_equal(row_of(&p, "0000:00:03.0")->depth, 0);
        assert_int_equal(p.counts[VERDICT_NOT_APPLICABLE], 1);
}

static void groups_are_counted_and_joined(void **state)
{
        _cleanup_(picture_done) Picture p = {};
        Machine *m = *state;
        size_t before;

        draw(m, &p);
        before = p.n_groups;
        assert_false(row_of(&p, "0000:00:05.0")->joins);
        picture_done(&p);
        machine_function(m, "0000:00:05.0")->group = machine_function(m, "0000:00:04.0")->group;
        draw(m, &p);
        assert_int_equal(p.n_groups, before - 1);
        assert_true(row_of(&p, "0000:00:05.0")->joins);
        picture_done(&p);
        FOREACH_ARRAY(f, m->facts.functions, m->facts.n_functions)
                f->group = PCI_GROUP_NONE;
        draw(m, &p);
        assert_int_equal(p.n_groups, 0);
        assert_false(row_of(&p, "0000:00:05.0")->joins);
}

static void alike_are_folded(void **state)
{
        _cleanup_(picture_done) Picture p = {};
        Machine *m = *state;

        add_virtual(m, PICTURE_FOLD_MIN + 1);
        draw(m, &p);
        assert_int_equal(row_of(&p, "0000:20:00.0")->n_alike, PICTURE_FOLD_MIN + 1);
        assert_int_equal(row_of(&p, "0000:20:01.0")->n_alike, 0);
        assert_int_equal(row_of(&p, "0000:00:01.0")->n_alike, 1);
        assert_int_equal(row_of(&p, "0000:00:04.0")->n_alike, 1);
        picture_done(&p);
        /* with one among them that is not like the others, two on one side of it and two on the other are seen at once
         */
        set_text(&machine_function(m, "0000:20:02.0")->driver, "vfio-pci");
        draw(m, &p);
        FOREACH_ARRAY(row, p.rows, p.n)
                assert_int_equal(row->n_alike, 1);
}

static void few_are_not_folded(void **state)
{
        _cleanup_(picture_done) Picture p = {};
        Machine *m = *state;

        add_virtual(m, PICTURE_FOLD_MIN - 1);
        draw(m, &p);
        FOREACH_ARRAY(row, p.rows, p.n)
                assert_int_equal(row->n_alike, 1);
}

static void what_is_used_is_seen(void **state)
{
        _cleanup_(picture_done) Picture p = {};
        _cleanup_(string_list_done) StringList chain = {};
        Machine *m = *state;

        add_virtual(m, PICTURE_FOLD_MIN);
        assert_int_equal(host_use_add_spared(&m->facts.host, HOST_USE_NETWORK,
                                             machine_function(m, "0000:20:00.0")->addr, "a network", &chain),
                         0);
        draw(m, &p);
        assert_int_equal(row_of(&p, "0000:20:00.0")->n_alike, 1);
        assert_int_equal(row_of(&p, "0000:20:01.0")->n_alike, 1);
}

static void configured_whatever_becomes_of_it(void **state)
{
        _cleanup_(picture_done) Picture p = {};
        Machine *m = *state;
        const PictureRow *row;

        draw(m, &p);
        row = row_of(&p, PCI_ADDR_TEXT(m->config.devices->address));
        assert_non_null(row->wanted);
        assert_ptr_equal(row->wanted->config, m->config.devices);
        assert_null(row_of(&p, "0000:00:01.0")->wanted);
        picture_done(&p);
        m->config.devices->address = machine_function(m, "0000:00:03.0")->addr; /* which has the system on it */
        m->config.devices->id = machine_function(m, "0000:00:03.0")->id;
        draw(m, &p);
        assert_int_equal(m->wanted.devices->state, DEVICE_IN_USE);
        assert_non_null(row_of(&p, "0000:00:03.0")->wanted);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(below_the_bridge),   T(groups_are_counted_and_joined), T(alike_are_folded),
                T(few_are_not_folded), T(what_is_used_is_seen),          T(configured_whatever_becomes_of_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
