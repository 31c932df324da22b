/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judged.h"

/* What all findings come to: the headline, the next step, the exit status. */

static void switched_off(void **state)
{
        Machine *m = *state;

        machine_set_cmdline(m, "intel_iommu=on ptprep.claim=1 ptprep=off");
        machine_judge(m);
        expect(m, "claim.disabled", RESULT_FAIL, "ptprep=off");
        expect_exit(m, EXIT_NOT_READY, 0);
        machine_set_cmdline(m, "ptprep=off ptprep=on");
        machine_judge(m);
        expect(m, "claim.disabled", RESULT_OK, "not on the command line");
        m->config.enabled = false;
        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        expect(m, "config.valid", RESULT_OK, "switched off");
        expect(m, "device.claimlist", RESULT_FAIL, "not in /etc/ptprep/claims yet");
        expect_exit(m, EXIT_NOT_READY, 0);
}

/* What to do next follows from the kinds of cures, whatever the sentences are. */
static void expect_next(Machine *m, ReportVerb verb, const char *verdict, const char *next)
{
        const Report r = machine_report(m, verb);

        assert_string_equal(report_verdict(&r)->name, verdict);
        if (next)
                assert_string_equal(report_next(&r), next);
        else
                assert_null(report_next(&r));
}

static void what_to_do_next(void **state)
{
        static const struct {
                Result result;
                CureKind kind;
                const char *verdict, *next;
        } rows[] = {
                { RESULT_WARN, CURE_PERSON, "ready", "start the guest: every configured device is on its stub driver" },
                { RESULT_FAIL, CURE_APPLY, "not-ready", "run \"ptprep --apply\" as root, then reboot" },
                { RESULT_FAIL, CURE_REBOOT, "reboot-due", "reboot" },
                { RESULT_FAIL, CURE_CONFIGURATION, "not-ready", "the cure" },
                { RESULT_FAIL, CURE_ELSEWHERE, "unknown", "the cure" },
                { RESULT_UNKNOWN, CURE_ROOT, "unknown", "the cure" },
                { RESULT_UNKNOWN, CURE_REBOOT, "unknown", "the cure" },
                { RESULT_UNKNOWN, CURE_NONE, "unknown", NULL }, /* which no reboot changes */
                { RESULT_BLOCKED, CURE_FIRMWARE, "blocked",
                  "do what the lines marked \"blocked\" say, then run \"ptprep --check\" again" },
        };
        Machine *m = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                machine_judge(m);
                assert_int_equal(finding_add(&m->findings, "config.valid", row->result, NULL, row->kind,
                                             row->kind == CURE_NONE ? NULL : "the cure", "x"),
                                 0);
                expect_next(m, REPORT_CHECK, row->verdict, row->next);
        }
        machine_judge(m);
        assert_int_equal(finding_add(&m->findings, "boot.argument", RESULT_UNKNOWN, NULL, CURE_ARGUMENT, "add it", "x"),
                         0);
        assert_int_equal(finding_add(&m->findings, "device.driver", RESULT_FAIL, NULL, CURE_REBOOT, NULL, "x"), 0);
        set_text(&m->facts.claims, NULL); /* so that the next boot is not prepared */
        expect_next(m, REPORT_APPLY, "unknown", "do what stands below the lines that need something, then reboot");
}

/* A finding is news until a report has told it, and again when it changes. */
static void each_finding_is_news_once(void **state)
{
        _cleanup_(finding_list_done) FindingList first = {}, second = {}, third = {};
        _cleanup_free_ char *text = NULL;
        Machine *m = *state;
        Report r = machine_report(m, REPORT_APPLY);
        size_t size;
        Printer p = { .out = open_memstream(&text, &size) };

        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        assert_int_equal(report_news(NULL, &m->findings, &first), 0);
        assert_int_equal(first.n, report_count_needy(&r));
        assert_true(first.n > 0);
        assert_int_equal(report_text(&p, &r), 0);
        assert_int_equal(fclose(p.out), 0);
        assert_int_equal(report_news(text, &m->findings, &second), 0);
        assert_int_equal(second.n, 0);
        set_text(&m->facts.claims, "0000:00:04.0 8086:10d3 pci-stub - nic0\n");
        machine_judge(m);
        assert_int_equal(report_news(text, &m->findings, &third), 0);
        assert_true(third.n > 0);
        FOREACH_ARRAY(f, third.items, third.n)
                if (streq(f->check, "device.claimlist"))
                        return;
        fail_msg("what has changed is no news");
}

/* The journal has one line for all of it, and it has to say why. */
static void a_headline_says_why(void **state)
{
        static const char failed[] = "update-initramfs failed (exit status 1); it said: no space\nleft on device\n";
        Machine *m = *state;
        _cleanup_free_ char *fine = NULL, *put_back = NULL;
        Report r;

        machine_judge(m);
        r = machine_report(m, REPORT_APPLY);
        assert_int_equal(report_headline(&r, &fine), 0);
        assert_string_equal(fine, "READY; next: start the guest: every configured device is on its stub driver");
        r.failure = failed;
        assert_int_equal(report_headline(&r, &put_back), 0);
        assert_string_equal(put_back,
                            "FAILED: a change failed and everything was put back: update-initramfs failed (exit "
                            "status 1); it said: no space left on device; next: cure what failed, then run \"ptprep "
                            "--apply\" again; the host boots as before");
}

/* What an apply would do must not be promised where it does nothing. */
static void no_promise_is_empty(void **state)
{
        Machine *m = *state;

        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        assert_int_equal(find(m, "device.claimlist")->cure_kind, CURE_APPLY);
        m->config.enabled = false;
        machine_judge(m);
        assert_int_equal(find(m, "device.claimlist")->cure_kind, CURE_CONFIGURATION);
        m->config.enabled = true;
        m->facts.container = TRISTATE_YES;
        machine_judge(m);
        assert_int_equal(find(m, "device.claimlist")->cure_kind, CURE_ELSEWHERE);
        assert_int_equal(m->plan.n, 0);
        m->facts.container = TRISTATE_NO;
        m->facts.kernels->has_stub[STUB_VFIO_PCI] = TRISTATE_NO;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "no vfio-pci driver");
        assert_int_equal(find(m, "device.claimlist")->cure_kind, CURE_PERSON);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(switched_off),        T(what_to_do_next), T(no_promise_is_empty), T(each_finding_is_news_once),
                T(a_headline_says_why),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
