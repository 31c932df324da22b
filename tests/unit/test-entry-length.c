/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/entry-length.h"

#include "loader-edit.h"

/* What a kernel would cut off is counted with all that the boot loader puts before it, and is never written. */

#define ADD     "ptprep.claim=1 intel_iommu=on"
#define CFG     "/boot/grub/grub.cfg"
#define ENTRIES "/efi/loader/entries/"

/* One word of so many bytes. */
static const char *filler(size_t n)
{
        static char text[4096];

        assert_true(n > 0 && n < sizeof(text));
        memset(text, 'x', n);
        text[n] = '\0';
        return text;
}

static void counts_what_the_loader_puts_before(void **state)
{
        static const struct {
                LoaderKind kind;
                bool embedded;
                const char *line; /* as the kernel gets it */
                bool early;
        } rows[] = {
                { LOADER_GRUB2, false, "BOOT_IMAGE=/boot/vmlinuz-1 root=/dev/vda1 \"a=b c\"" },
                { LOADER_BLS, false, "BOOT_IMAGE=/boot/vmlinuz-1 root=/dev/vda1 \"a=b c\"" },
                { LOADER_SYSTEMD_BOOT, false, "initrd=/boot/initrd-1 root=/dev/vda1 \"a=b c\"" },
                { LOADER_SYSTEMD_BOOT, false, "initrd=/c.img initrd=/boot/initrd-1 root=/dev/vda1 \"a=b c\"", true },
                { LOADER_SYSTEMD_BOOT, true, "root=/dev/vda1 \"a=b c\"" },
                { LOADER_UKI, true, "root=/dev/vda1 \"a=b c\"" },
                { LOADER_GRUB_LEGACY, false, "kernel /boot/vmlinuz-1 root=/dev/vda1 \"a=b c\"" },
        };
        char kernel[] = "/boot/vmlinuz-1", initrd[] = "/boot/initrd-1";

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const Loader l = { .kind = row->kind };
                BootEntry e = { .kernel = kernel,
                                .initrd = initrd,
                                .embedded = row->embedded,
                                .arguments = words(" root=/dev/vda1  \"a=b c\"") };

                if (row->early)
                        assert_int_equal(string_list_add(&e.early, "/c.img"), 0);
                assert_int_equal(boot_entry_length(&l, &e), strlen(row->line));
                string_list_done(&e.early);
                kargs_done(&e.arguments);
        }
}

static void last_byte_that_fits(void **state)
{
        const size_t limit = command_line_limit(), before = strlen("BOOT_IMAGE=/vmlinuz ");
        const Loader l = { .kind = LOADER_GRUB2 };
        char kernel[] = "/vmlinuz", untold[] = "$kernelopts";

        (void) state;
        if (limit == 0)
                skip();
        assert_int_equal(limit, 2047);
        for (size_t more = 0; more <= 1; more++) {
                BootEntry e = { .kernel = kernel, .arguments = words(filler(limit - before + more)) };

                assert_int_equal(boot_entry_length(&l, &e), limit + more);
                assert_int_equal(boot_entry_too_long(&l, &e), more > 0);
                e.untold = untold;
                assert_false(boot_entry_too_long(&l, &e));
                kargs_done(&e.arguments);
        }
}

/* A menu of one entry, whose line has so many bytes. */
static void put_grub(const Tree *t, size_t length, const char *end)
{
        const char *other = filler(length - strlen("BOOT_IMAGE=/vmlinuz-1 ") - strlen(end));
        _cleanup_free_ char *menu = NULL, *defaults = NULL;

        assert_true(asprintf(&menu, "menuentry 'Linux' {\n\tlinux\t/vmlinuz-1 %s%s\n\tinitrd\t/initrd-1\n}\n", other,
                             end) > 0);
        assert_true(asprintf(&defaults, "GRUB_CMDLINE_LINUX_DEFAULT=\"%s%s\"\n", other, end) > 0);
        tree_file(t, "/usr/sbin/grub-mkconfig", "set -e\n");
        tree_file(t, "/etc/default/grub", defaults);
        tree_file(t, CFG, menu);
}

static void put_systemd_boot(const Tree *t, size_t length)
{
        const char *other = filler(length - strlen("initrd=/initrd-1 "));
        _cleanup_free_ char *entry = NULL;

        assert_true(asprintf(&entry, "title a\nversion 1\nlinux /vmlinuz-1\ninitrd /initrd-1\noptions %s\n", other) >
                    0);
        tree_file(t, "/efi/EFI/systemd/systemd-bootx64.efi", "#### LoaderInfo: systemd-boot 252.39-1 ####");
        tree_file(t, "/efi/loader/loader.conf", "timeout 3\n");
        tree_file(t, "/efi/vmlinuz-1", "kernel");
        tree_file(t, ENTRIES "a.conf", entry);
}

/* An edit that fits to the byte is planned; with one byte more there is no step at all. */
static void grub_is_not_edited_beyond(void **state)
{
        const size_t limit = command_line_limit(), room = strlen(" " ADD);
        const Tree *t = *state;

        if (limit == 0)
                skip();
        for (size_t more = 0; more <= 1; more++) {
                _cleanup_(plan_done) Plan p = {};

                put_grub(t, limit - room + more, "");
                assert_int_equal(edit_plan(t, ADD, "", &p), more > 0 ? -ENOTSUP : 0);
                assert_int_equal(p.n > 0, more == 0);
        }
}

static void systemd_boot_is_not_edited_beyond(void **state)
{
        const size_t limit = command_line_limit(), room = strlen(" " ADD), image = strlen("initrd=/ptprep-claim.img ");
        const Tree *t = *state;

        if (limit == 0)
                skip();
        for (unsigned i = 0; i < 4; i++) {
                _cleanup_(plan_done) Plan p = {};
                const size_t more = i % 2;

                edit_in_claim_image = i > 1;
                put_systemd_boot(t, limit - room - (edit_in_claim_image ? image : 0) + more);
                assert_int_equal(edit_plan(t, ADD, "", &p), more > 0 ? -ENOTSUP : 0);
                assert_int_equal(p.n > 0, more == 0);
        }
        edit_in_claim_image = false;
}

/* GRUB legacy leaves out what is behind the 1500th byte of a line, whatever the kernel takes. */
static void legacy_is_not_edited_beyond(void **state)
{
        static const char line[] = "kernel /vmlinuz-1 ";
        const Tree *t = *state;

        for (size_t more = 0; more <= 1; more++) {
                _cleanup_(plan_done) Plan p = {};
                _cleanup_free_ char *menu = NULL;

                assert_true(asprintf(&menu, "default 0\ntitle Linux\nroot (hd0,0)\n%s%s\ninitrd /initrd-1\n", line,
                                     filler(1500 - strlen(line) - strlen(" " ADD) + more)) > 0);
                tree_file(t, "/boot/grub/menu.lst", menu);
                assert_int_equal(edit_plan(t, ADD, "", &p), more > 0 ? -ENOTSUP : 0);
                assert_int_equal(p.n > 0, more == 0);
        }
}

/* What is taken out makes room, and a line that is too long already may become shorter. */
static void what_goes_makes_room(void **state)
{
        const size_t limit = command_line_limit();
        const Tree *t = *state;

        if (limit == 0)
                skip();
        put_grub(t, limit, " ptprep.claim=1 intel_iommu=off");
        assert_true(edit(t, ADD, "intel_iommu=off", 0) > 0);
        put_grub(t, limit + 100, " " ADD " iommu=off");
        assert_true(edit(t, ADD, "iommu=off", 0) > 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(counts_what_the_loader_puts_before),
                cmocka_unit_test(last_byte_that_fits),
                TREE_TEST(grub_is_not_edited_beyond),
                TREE_TEST(systemd_boot_is_not_edited_beyond),
                TREE_TEST(legacy_is_not_edited_beyond),
                TREE_TEST(what_goes_makes_room),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
