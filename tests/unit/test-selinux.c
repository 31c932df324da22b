/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Booleans of the SELinux policy: what is told of them, and which of them an apply or a revert sets. */
#include "base/text.h"
#include "judged.h"

#define CHECK "host.selinux"
#define NAME  "virt_use_sysfs"

static void set_recorded(Machine *m)
{
        RecordFile *f = record_file_at(&m->facts.record, NAME);

        assert_non_null(f);
        assert_int_equal(string_replace(&f->format, "setsebool"), 0);
        assert_int_equal(owned_words_add(&f->added, "", "on"), 0);
}

static const Step *find_step(const Machine *m)
{
        FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                if (s->kind == STEP_BOOLEAN)
                        return s;
        return NULL;
}

/* Does the record still tell of it when all steps are done? */
static bool stays_recorded(const Machine *m)
{
        const char *text = plan_recorded(&m->plan, m->plan.n, m->facts.record_text);

        return text && strstr(text, "file " NAME "\n");
}

static void a_policy_without_them_is_not_told_of(void **state)
{
        Machine *m = *state;

        m->config.selinux_booleans = true;
        machine_judge(m);
        assert_null(find(m, CHECK));
        assert_null(find_step(m));
}

static void only_vfio_needs_them(void **state)
{
        Machine *m = *state;

        m->config.selinux_booleans = true;
        m->facts.selinux[SELINUX_USE_SYSFS] = TRISTATE_NO;
        m->config.devices->driver = STUB_PCI_STUB;
        machine_judge(m);
        assert_null(find(m, CHECK));
        assert_null(find_step(m));
}

static void what_is_off_is_told_and_set_on_request(void **state)
{
        Machine *m = *state;

        m->facts.selinux[SELINUX_USE_SYSFS] = TRISTATE_NO;
        machine_judge(m);
        expect(m, CHECK, RESULT_WARN, "is off");
        assert_non_null(strstr(find_cure(m, CHECK), "setsebool -P " NAME " on"));
        assert_null(find_step(m));

        m->config.selinux_booleans = true;
        machine_judge(m);
        expect(m, CHECK, RESULT_WARN, "is off");
        assert_int_equal(find(m, CHECK)->cure_kind, CURE_APPLY);
        assert_non_null(find_step(m));
        assert_true(find_step(m)->boolean.on);
        assert_true(stays_recorded(m));
}

/* Somebody else has switched it on, so nobody but he switches it off. */
static void what_was_on_is_left_alone(void **state)
{
        Machine *m = *state;

        m->facts.selinux[SELINUX_USE_SYSFS] = TRISTATE_YES;
        m->config.selinux_booleans = true;
        machine_judge(m);
        expect(m, CHECK, RESULT_OK, "is on");
        assert_null(find_step(m));
        m->config.selinux_booleans = false;
        machine_judge(m);
        assert_null(find_step(m));
}

static void what_ptprep_has_set_is_taken_back(void **state)
{
        static const struct {
                Tristate now, enforcing;
                bool step, recorded;
        } cases[] = {
                { TRISTATE_YES, TRISTATE_YES, true, false },
                { TRISTATE_NO, TRISTATE_YES, false, false },
                { TRISTATE_UNKNOWN, TRISTATE_YES, false, false }, /* another policy, which has none */
                { TRISTATE_UNKNOWN, TRISTATE_NO, false, false },
                { TRISTATE_UNKNOWN, TRISTATE_UNKNOWN, false, true }, /* in a rescue system */
        };
        Machine *m = *state;

        set_recorded(m);
        assert_int_equal(record_print(&m->facts.record, &m->facts.record_text), 0);
        m->config.selinux_booleans = true;
        m->facts.selinux[SELINUX_USE_SYSFS] = TRISTATE_YES;
        machine_judge(m);
        assert_null(find_step(m));
        assert_true(stays_recorded(m));
        m->config.selinux_booleans = false;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                m->facts.selinux[SELINUX_USE_SYSFS] = cases[i].now;
                m->facts.selinux_enforcing = cases[i].enforcing;
                machine_judge(m);
                assert_int_equal(find_step(m) != NULL, cases[i].step);
                assert_true(!find_step(m) || !find_step(m)->boolean.on);
                assert_int_equal(stays_recorded(m), cases[i].recorded);
                assert_int_equal(is_told(m, "record.valid", "cannot take it back"), cases[i].recorded);
        }
        assert_non_null(strstr(find_cure(m, "record.valid"), "setsebool -P " NAME " off"));
}

static size_t step_at(const Machine *m, StepKind kind, bool last)
{
        size_t at = SIZE_MAX;

        for (size_t i = 0; i < m->plan.n; i++)
                if (m->plan.steps[i].kind == kind && (last || at == SIZE_MAX))
                        at = i;
        return at;
}

/* Nothing waits for it, and the record knows of it for as long as it is on. */
static void it_comes_last(void **state)
{
        Machine *m = *state;

        m->facts.selinux[SELINUX_USE_SYSFS] = TRISTATE_NO;
        m->config.selinux_booleans = true;
        machine_judge(m);
        assert_int_equal(step_at(m, STEP_BOOLEAN, true), m->plan.n - 1);
        assert_int_equal(step_at(m, STEP_RECORD, true), m->plan.n - 2);

        set_recorded(m);
        assert_int_equal(record_print(&m->facts.record, &m->facts.record_text), 0);
        m->facts.selinux[SELINUX_USE_SYSFS] = TRISTATE_YES;
        m->config.selinux_booleans = false;
        machine_judge(m);
        assert_int_equal(step_at(m, STEP_BOOLEAN, true), m->plan.n - 2);
        assert_int_equal(step_at(m, STEP_RECORD, true), m->plan.n - 1);
        assert_non_null(strstr(plan_recorded(&m->plan, m->plan.n - 1, m->facts.record_text), "file " NAME "\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_policy_without_them_is_not_told_of, machine_setup, machine_teardown),
                cmocka_unit_test_setup_teardown(only_vfio_needs_them, machine_setup, machine_teardown),
                cmocka_unit_test_setup_teardown(what_is_off_is_told_and_set_on_request, machine_setup,
                                                machine_teardown),
                cmocka_unit_test_setup_teardown(what_was_on_is_left_alone, machine_setup, machine_teardown),
                cmocka_unit_test_setup_teardown(what_ptprep_has_set_is_taken_back, machine_setup, machine_teardown),
                cmocka_unit_test_setup_teardown(it_comes_last, machine_setup, machine_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
