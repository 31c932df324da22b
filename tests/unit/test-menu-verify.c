/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "grub/format/grub-cfg.h"
#include "grub/loader/menu-verify.h"

/* Files of the machine: kernels and images of two releases. */
static bool is_file(void *context, const char *path)
{
        static const char *const files[] = { "/boot/k1", "/boot/i1", "/boot/k2", "/boot/i2", "/boot/xen.gz" };

        (void) context;
        FOREACH_ARRAY(f, files, ELEMENTSOF(files))
                if (streq(path, *f))
                        return true;
        return false;
}

#define ENTRY(name, directory, n, root)                                                                                \
        "menuentry '" name "' {\nlinux " directory "/k" n " root=" root " ro\ninitrd " directory "/i" n "\n}\n"
#define NO_INITRD(name, n) "menuentry '" name "' {\nlinux /boot/k" n " root=/r ro\n}\n"
#define RECOVERY           "menuentry 'two (recovery mode)' {\nlinux /boot/k2 root=/r ro single\ninitrd /boot/i2\n}\n"
#define XEN(file)                                                                                                      \
        "menuentry 'xen' {\nmultiboot2 /boot/" file "\nmodule2 /boot/k2 placeholder root=/r ro\nmodule2 /boot/i2\n}\n"
#define OTHERS(entries) "### BEGIN /etc/grub.d/30_os-prober ###\n" entries "### END /etc/grub.d/30_os-prober ###\n"
#define OLD             ENTRY("two", "/boot", "2", "/r") ENTRY("one", "/boot", "1", "/r")

static void what_a_new_menu_may_not_lose(void **state)
{
        static const struct {
                const char *old, *new, *problem; /* NULL: none */
        } rows[] = {
                { OLD, OLD, NULL },
                { "", OLD, NULL },
                { OLD, ENTRY("zwei", "/boot", "2", "/r") ENTRY("eins", "/boot", "1", "/r"), NULL },
                { OLD, ENTRY("one", "/boot", "1", "/r") ENTRY("two", "/boot", "2", "/r"),
                  "boots k1 by default, and k2 before" },
                { OLD, ENTRY("two", "/boot", "2", "/r"), "has lost the entry \"one\", and its kernel is there" },
                { OLD ENTRY("gone", "/boot", "3", "/r"), OLD, NULL }, /* a kernel that was removed */
                { OLD, ENTRY("two", "/boot", "2", "/other") ENTRY("one", "/boot", "1", "/r"),
                  "has root=/other in its default entry, and root=/r before" },
                { OLD, "menuentry 'two' {\nlinux /boot/k2 ro\n}\n" ENTRY("one", "/boot", "1", "/r"),
                  "has root= in its default entry, and root=/r before" },
                { OLD, ENTRY("two", "/no", "2", "/r") ENTRY("one", "/boot", "1", "/r"),
                  "names /no/k2 in the entry \"two\", and there is no such file" },
                { OLD, OLD ENTRY("three", "/boot", "3", "/r"),
                  "names /boot/k3 in the entry \"three\", and there is no such file" },
                { OLD, OLD "menuentry 'x' {\nlinux /boot/k1 ro root=/r\ninitrd /boot/none\n}\n",
                  "names /boot/none in the entry \"x\", and there is no such file" },
                /* paths of a partition of /boot's own, and of a subvolume that only the boot loader sees */
                { ENTRY("two", "", "2", "/r"), ENTRY("two", "", "2", "/r"), NULL },
                { ENTRY("two", "/@/boot", "2", "/r"), ENTRY("two", "/@/boot", "2", "/r"), NULL },
                { OLD, "set default=2\n" OLD "menuentry 'Other' {\nchainloader +1\n}\n",
                  "boots no Linux by default, and two before" },
                { OLD, OLD "menuentry 'v' {\nlinux $k root=/r\n}\n", NULL },
                /* the same kernel, booted in another way */
                { OLD RECOVERY, RECOVERY OLD,
                  "boots a recovery entry (\"two (recovery mode)\") by default, and \"two\" before" },
                { OLD RECOVERY, "set default=2\n" OLD RECOVERY,
                  "boots a recovery entry (\"two (recovery mode)\") by default, and \"two\" before" },
                { OLD XEN("xen.gz"), XEN("xen.gz") OLD, "boots a hypervisor (\"xen\") by default, and \"two\" before" },
                { XEN("xen.gz") OLD, OLD XEN("xen.gz"),
                  "boots an entry without the hypervisor (\"two\") by default, and \"xen\" before" },
                { OLD XEN("xen.gz"), OLD, "has lost the entry \"xen\", and its kernel is there" },
                { OLD XEN("xen-gone.gz"), OLD, NULL },
                { OLD OTHERS(ENTRY("other", "/boot", "2", "/r")), OTHERS(ENTRY("other", "/boot", "2", "/r")) OLD,
                  "boots an entry of another system (\"other\") by default, and \"two\" before" },
                { OLD OTHERS(ENTRY("other", "/boot", "2", "/x")), OLD, NULL }, /* told, see menu_lost() */
                /* without what finds the root */
                { OLD, NO_INITRD("two", "2") ENTRY("one", "/boot", "1", "/r"),
                  "has no initramfs in the entry \"two\", which had one" },
                { OLD, NO_INITRD("two", "2") OLD, NULL }, /* there is another entry of it with one */
                { NO_INITRD("two", "2"), NO_INITRD("two", "2"), NULL },
                { ENTRY("two", "/boot", "2", "/r") "menuentry 'x' {\nlinux /boot/k1 root=/r\ninitrd /boot/none\n}\n",
                  ENTRY("two", "/boot", "2", "/r") NO_INITRD("x", "1"), NULL }, /* which was not there */
                { OLD "menuentry 'x' {\nlinux /boot/k1 ro root=/r\ninitrd /boot/none\n}\n",
                  OLD "menuentry 'x' {\nlinux /boot/k1 ro root=/r\ninitrd /boot/none\n}\n", NULL },
        };
        const MenuFiles files = { is_file, NULL };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *problem = NULL;
                BootEntry *old = NULL, *new = NULL;
                size_t n_old = 0, n_new = 0;
                int r;

                assert_int_equal(grub_cfg_parse("cfg", row->old, NULL, &old, &n_old), 0);
                assert_int_equal(grub_cfg_parse("cfg", row->new, NULL, &new, &n_new), 0);
                r = menu_verify(old, n_old, new, n_new, &files, &problem);
                if (r != !row->problem || !streq_null(problem, row->problem))
                        fail_msg("row %zu: %s", (size_t) (row - rows), problem ?: "no problem");
                boot_entries_free(old, n_old);
                boot_entries_free(new, n_new);
        }
}

static void what_else_is_lost_is_named(void **state)
{
        static const char old[] = OLD OTHERS(
                ENTRY("other", "/boot", "2",
                      "/x") "menuentry 'Windows' {\nchainloader +1\n}\n") "submenu 'More' {\nmenuentry 'memtest' "
                                                                          "{\nlinux16 /boot/memtest\n}\n}\n";
        _cleanup_(string_list_done) StringList before = {}, after = {}, lost = {};
        BootEntry *entries = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(grub_cfg_parse("cfg", old, NULL, &entries, &n), 0);
        assert_int_equal(grub_cfg_titles(old, &before), 0);
        assert_int_equal(before.n, 6);
        assert_int_equal(grub_cfg_titles(OTHERS("menuentry 'other' {\n}\n"), &after), 0);
        assert_int_equal(menu_lost(entries, n, &before, &after, &lost), 0);
        assert_true(string_list_contains(&lost, "Windows"));
        assert_true(string_list_contains(&lost, "More"));
        assert_false(string_list_contains(&lost, "other"));
        assert_false(string_list_contains(&lost, "two")); /* menu_verify() sees to it */
        boot_entries_free(entries, n);
}

int main(void)
{
        static const struct CMUnitTest tests[] = { cmocka_unit_test(what_a_new_menu_may_not_lose),
                                                   cmocka_unit_test(what_else_is_lost_is_named) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
