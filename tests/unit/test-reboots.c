/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "base/macro.h"
#include "model/reboots.h"

#define FIRST  "0123456789abcdef"
#define SECOND "fedcba9876543210"

static void found_by_its_whole_digest(void **state)
{
        const char *text = "# " FIRST " in a comment\n" FIRST " boot-1\n\n" SECOND " boot-2";

        (void) state;
        assert_string_equal(reboots_find(text, SECOND), "boot-2");
        assert_memory_equal(reboots_find(text, FIRST), "boot-1\n", 7);
        assert_null(reboots_find(text, "0123456789abcdee"));
        assert_null(reboots_find(FIRST, FIRST)); /* cut off */
        assert_null(reboots_find("", FIRST));
        assert_null(reboots_find(NULL, FIRST));
}

/* Three places have the same, or what was left of it. */
static void each_plan_once(void **state)
{
        _cleanup_free_ char *one = NULL, *two = NULL, *all = NULL, *again = NULL;

        (void) state;
        assert_int_equal(reboots_add(NULL, FIRST, "boot-1", &one), 0);
        assert_int_equal(asprintf(&two, "%s\n%s\n# a comment\nrubbish\n", one, one) > 0, 1);
        assert_int_equal(reboots_add(two, SECOND, "boot-2", &all), 0);
        assert_string_equal(strchr(all, '\n') + 1, FIRST " boot-1\n" SECOND " boot-2\n");
        assert_int_equal(all[0], '#');
        assert_int_equal(reboots_add(all, "0000000000000000", "boot-3", &again), 0);
        assert_string_equal(strchr(again, '\n') + 1, FIRST " boot-1\n" SECOND " boot-2\n0000000000000000 boot-3\n");
}

/* A plan that is another one in each boot comes to an end. */
static void no_more_than_that(void **state)
{
        _cleanup_free_ char *text = NULL;

        (void) state;
        for (unsigned i = 0; i <= REBOOTS_MAX; i++) {
                _cleanup_free_ char *before = TAKE_PTR(text);
                char digest[REBOOTS_DIGEST + 1];

                (void) snprintf(digest, sizeof(digest), "%016x", i);
                assert_int_equal(reboots_add(before, digest, "boot", &text), i < REBOOTS_MAX ? 0 : -E2BIG);
        }
        assert_null(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(found_by_its_whole_digest),
                cmocka_unit_test(each_plan_once),
                cmocka_unit_test(no_more_than_that),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
