/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/rescue.h"
#include "test.h"

static RescueKind kind_of(const BootEntry *e, const char *arguments)
{
        BootEntry with = *e;
        RescueKind kind;

        assert_int_equal(kargs_parse(arguments, &with.arguments), 0);
        kind = entry_rescue_kind(&with);
        kargs_done(&with.arguments);
        return kind;
}

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
        FOREACH_ARRAY(text, yes, ELEMENTSOF(yes))
                if (kind_of(&(BootEntry){ .title = (char *) "Debian", .kernel = (char *) "/vmlinuz" }, *text) !=
                    RESCUE_SURE)
                        fail_msg("\"%s\" is an entry to repair the machine", *text);
        FOREACH_ARRAY(text, no, ELEMENTSOF(no))
                if (kind_of(&(BootEntry){ .title = (char *) "Debian", .kernel = (char *) "/vmlinuz" }, *text) !=
                    RESCUE_NONE)
                        fail_msg("\"%s\" is an ordinary entry", *text);
}

/* What tells an entry of last resort besides its arguments, and how surely. */
static void test_names(void **state)
{
        static const struct {
                BootEntry entry;
                RescueKind kind;
        } rows[] = {
                { { .id = (char *) "gnulinux-6.1.0-1-recovery-1234" }, RESCUE_SURE },
                { { .id = (char *) "0123-0-rescue" }, RESCUE_SURE },
                { { .id = (char *) "recovery-disk" }, RESCUE_NONE },
                { { .kernel = (char *) "/vmlinuz-0-rescue-0123" }, RESCUE_SURE },
                { { .version = (char *) "0-rescue-0123" }, RESCUE_SURE },
                { { .kernel = (char *) "/EFI/Linux/arch-linux-fallback.efi" }, RESCUE_BY_NAME },
                { { .initrd = (char *) "/initramfs-linux-fallback.img" }, RESCUE_BY_NAME },
                { { .initrd = (char *) "/initramfs-linux.img" }, RESCUE_NONE },
                { { .title = (char *) "Debian GNU/Linux, with Linux 6.1 (recovery mode)" }, RESCUE_SURE },
                { { .title = (char *) "Debian GNU/Linux, kernel 2.6 (single-user mode)" }, RESCUE_SURE },
                { { .title = (char *) "Linux of the Recovery Team" }, RESCUE_BY_NAME },
                { { .title = (char *) "Arch Linux RESCUE" }, RESCUE_BY_NAME },
                { { .title = (char *) "Arch Linux Fallback" }, RESCUE_BY_NAME },
                { { .title = (char *) "Failsafe -- openSUSE" }, RESCUE_BY_NAME },
                { { .title = (char *) "Snapper: openSUSE 20250101" }, RESCUE_BY_NAME },
                { { .title = (char *) "Rescued Linux" }, RESCUE_NONE },
                { { .title = (char *) "Debian" }, RESCUE_NONE },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows))
                if (entry_rescue_kind(&row->entry) != row->kind)
                        fail_msg("row %zu", (size_t) (row - rows));
}

/* A name alone does not take the words from the entry that boots, nor from all that there are. */
static void test_the_entry_that_boots(void **state)
{
        char normal[] = "Linux", spare[] = "Linux (fallback initramfs)", repair[] = "gnulinux-6-recovery-1";
        static const struct {
                bool entries[3]; /* normal, spare, repair: is it there? */
                unsigned chosen;
                const char *left_alone; /* 'n', 's', 'r' */
        } rows[] = {
                { { true, true, true }, 0, "sr" },  { { true, true, true }, 1, "r" },
                { { true, true, true }, 2, "sr" },  { { false, true, true }, 1, "r" },
                { { false, true, true }, 2, "r" },  { { false, true, false }, 1, "" },
                { { false, false, true }, 2, "r" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const BootEntry all[] = { { .title = normal }, { .title = spare }, { .title = normal, .id = repair } };
                char left_alone[4] = "", *p = left_alone;
                BootEntry entries[3];
                size_t n = 0;

                for (unsigned i = 0; i < 3; i++)
                        if (row->entries[i]) {
                                entries[n] = all[i];
                                entries[n++].is_default = i == row->chosen;
                        }
                entries_decide_rescue(entries, n);
                FOREACH_ARRAY(e, entries, n)
                        if (e->rescue)
                                *p++ = e->id ? 'r' : e->title == spare ? 's' : 'n';
                *p = 0;
                if (!streq(left_alone, row->left_alone))
                        fail_msg("row %zu: %s is left alone", (size_t) (row - rows), left_alone);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_arguments), cmocka_unit_test(test_names),
                                            cmocka_unit_test(test_the_entry_that_boots) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
