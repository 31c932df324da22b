/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/rescue.h"
#include "test.h"

/* An entry that the claim helper takes for a rescue boot is one that keeps its arguments. */
static void test_arguments(void **state)
{
        static const char *const yes[] = {
                "root=/dev/vda2 ro single",
                "1",
                "ro recovery nomodeset",
                "systemd.unit=rescue.target",
                "init=/bin/bash",
                "rd.break",
                "-- single",
                "quiet break=premount",
        };
        static const char *const no[] = {
                "root=/dev/vda2 ro quiet", "5", "init=/sbin/init", "rd.emergency=reboot rd.shell=0", "",
        };

        (void) state;
        FOREACH_ARRAY(text, yes, ELEMENTSOF(yes)) {
                _cleanup_(kargs_done) Kargs k = {};

                assert_int_equal(kargs_parse(*text, &k), 0);
                if (!entry_is_rescue(NULL, "Debian", "/vmlinuz", &k))
                        fail_msg("\"%s\" is an entry to repair the machine", *text);
        }
        FOREACH_ARRAY(text, no, ELEMENTSOF(no)) {
                _cleanup_(kargs_done) Kargs k = {};

                assert_int_equal(kargs_parse(*text, &k), 0);
                if (entry_is_rescue(NULL, "Debian", "/vmlinuz", &k))
                        fail_msg("\"%s\" is an ordinary entry", *text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_arguments) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
