/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/grub-platform.h"
#include "tree.h"

#define STUB                                                                                                           \
        "search --no-floppy --fs-uuid --set=dev 1234\nset prefix=($dev)/grub2\nexport $prefix\n"                       \
        "configfile $prefix/grub.cfg\n"
#define DEBIAN_STUB "search.fs_uuid 1234 root hd0,gpt2 \nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n"
#define WHOLE       "menuentry 'Linux' {\n\tlinux /vmlinuz ro\n}\n"

enum { NONE, BIOS, UEFI };

static void host(const Tree *t, int firmware, const char *id)
{
        tree_directory(t, "/boot");
        if (firmware != NONE)
                tree_directory(t, "/sys/firmware/acpi");
        if (firmware == UEFI)
                tree_directory(t, "/sys/firmware/efi");
        if (id) {
                _cleanup_free_ char *text = NULL;

                assert_true(asprintf(&text, "NAME=\"Some Linux\"\nVERSION_ID=1\nID=%s\n", id) > 0);
                tree_file(t, "/etc/os-release", text);
        }
}

/* @generated: what is found, one a line; NULL: no GRUB 2. */
static void expect(const Tree *t, const char *program, const char *generated)
{
        _cleanup_(grub_platform_done) GrubPlatform p = {};
        _cleanup_free_ char *found = NULL;
        int r = grub_platform_find(t->rfd, &p);

        if (!generated) {
                assert_int_equal(r, -ENOENT);
                return;
        }
        assert_int_equal(r, 0);
        if (p.generated.n == 1)
                found = strdup(p.generated.items[0]);
        else
                assert_true(asprintf(&found, "%s\n%s", p.generated.items[0], p.generated.items[1]) > 0);
        assert_string_equal(found, generated);
        assert_int_equal(p.mkconfig.n, program != NULL);
        if (program)
                assert_string_equal(p.mkconfig.items[0], program);
}

static void nothing_at_all(void **state)
{
        Tree *t = *state;

        host(t, BIOS, "debian");
        expect(t, NULL, NULL);
        tree_file(t, "/usr/sbin/grub-mkconfig", "#!/bin/sh\n");
        expect(t, "grub-mkconfig", "/boot/grub/grub.cfg"); /* not generated yet */
}

static void debian(void **state)
{
        Tree *t = *state;

        host(t, UEFI, "debian");
        tree_file(t, "/usr/sbin/grub-mkconfig", "for x in ${sysconfdir}/default/grub.d/*.cfg ; do\n");
        tree_file(t, "/boot/grub/grub.cfg", WHOLE);
        tree_file(t, "/boot/efi/EFI/debian/grub.cfg", DEBIAN_STUB);
        expect(t, "grub-mkconfig", "/boot/grub/grub.cfg");
        {
                _cleanup_(grub_platform_done) GrubPlatform p = {};

                assert_int_equal(grub_platform_find(t->rfd, &p), 0);
                assert_true(p.drop_ins);
                assert_int_equal(p.dialect, SHELL_POSIX);
        }
}

static void fedora_with_a_stub(void **state)
{
        Tree *t = *state;

        host(t, UEFI, "fedora");
        tree_file(t, "/usr/sbin/grub2-mkconfig", "#!/bin/sh\n");
        tree_link(t, "/bin/sh", "bash");
        tree_file(t, "/boot/grub2/grub.cfg", WHOLE);
        tree_file(t, "/boot/efi/EFI/fedora/grub.cfg", STUB);
        expect(t, "grub2-mkconfig", "/boot/grub2/grub.cfg");
        {
                _cleanup_(grub_platform_done) GrubPlatform p = {};

                assert_int_equal(grub_platform_find(t->rfd, &p), 0);
                assert_false(p.drop_ins);
                assert_int_equal(p.dialect, SHELL_BASH);
        }
}

/* Red Hat before that: which file boots is a matter of the firmware. */
static void centos_without_a_stub(void **state)
{
        Tree *t = *state;

        host(t, NONE, "\"centos\"");
        tree_file(t, "/usr/sbin/grub2-mkconfig", "#!/bin/sh\n");
        tree_file(t, "/boot/efi/EFI/centos/grub.cfg", WHOLE);
        expect(t, "grub2-mkconfig", "/boot/efi/EFI/centos/grub.cfg");
        tree_file(t, "/boot/grub2/grub.cfg", WHOLE);
        expect(t, "grub2-mkconfig", "/boot/efi/EFI/centos/grub.cfg\n/boot/grub2/grub.cfg"); /* cannot be told */
        tree_directory(t, "/sys/firmware/acpi");
        expect(t, "grub2-mkconfig", "/boot/grub2/grub.cfg");
        tree_directory(t, "/sys/firmware/efi");
        expect(t, "grub2-mkconfig", "/boot/efi/EFI/centos/grub.cfg");
}

static void vendors_are_not_always_called_as_the_system(void **state)
{
        Tree *t = *state;

        host(t, UEFI, "rhel");
        tree_file(t, "/usr/sbin/grub2-mkconfig", "#!/bin/sh\n");
        tree_file(t, "/boot/efi/EFI/redhat/grub.cfg", WHOLE);
        tree_file(t, "/boot/efi/EFI/ubuntu/grub.cfg", DEBIAN_STUB); /* another system on the same disk */
        expect(t, "grub2-mkconfig", "/boot/efi/EFI/redhat/grub.cfg");
}

static void configurations_of_other_systems_are_left_alone(void **state)
{
        Tree *t = *state;

        host(t, UEFI, "debian");
        tree_file(t, "/usr/sbin/grub-mkconfig", "#!/bin/sh\n");
        tree_file(t, "/boot/grub/grub.cfg", WHOLE);
        tree_file(t, "/boot/efi/EFI/debian/grub.cfg", DEBIAN_STUB);
        tree_file(t, "/boot/efi/EFI/centos/grub.cfg", WHOLE);
        tree_file(t, "/boot/efi/EFI/Microsoft/Boot/BCD", "x");
        expect(t, "grub-mkconfig", "/boot/grub/grub.cfg");
}

/* The stub knows better than the names of the programs. */
static void a_stub_decides_between_two_directories(void **state)
{
        Tree *t = *state;

        host(t, UEFI, "arch");
        tree_file(t, "/usr/bin/grub-mkconfig", "#!/bin/sh\n");
        tree_file(t, "/boot/grub/grub.cfg", WHOLE);
        tree_file(t, "/boot/grub2/grub.cfg", WHOLE);
        expect(t, "grub-mkconfig", "/boot/grub/grub.cfg");
        tree_file(t, "/efi/EFI/arch/grub.cfg", STUB);
        expect(t, "grub-mkconfig", "/boot/grub2/grub.cfg");
}

/* Two menus: the one that is not taken is named, unless it is the same by another name. */
static void the_other_menu_is_named(void **state)
{
        Tree *t = *state;
        static const char *const others[] = { NULL, "/boot/grub2/grub.cfg", NULL };

        host(t, BIOS, "debian");
        tree_file(t, "/usr/sbin/grub-mkconfig", "#!/bin/sh\n");
        tree_file(t, "/boot/grub/grub.cfg", WHOLE);
        FOREACH_ARRAY(other, others, ELEMENTSOF(others)) {
                _cleanup_(grub_platform_done) GrubPlatform p = {};

                if (*other)
                        tree_file(t, *other, WHOLE);
                else if (other > others) {
                        assert_int_equal(root_file_remove(t->rfd, "/boot/grub2/grub.cfg"), 0);
                        tree_link(t, "/boot/grub2/grub.cfg", "../grub/grub.cfg");
                }
                assert_int_equal(grub_platform_find(t->rfd, &p), 0);
                assert_string_equal(p.generated.items[0], "/boot/grub/grub.cfg");
                assert_int_equal(p.others.n, *other != NULL);
                if (*other)
                        assert_string_equal(p.others.items[0], *other);
        }
}

static void both_programs_installed(void **state)
{
        Tree *t = *state;

        host(t, BIOS, "fedora");
        tree_file(t, "/usr/sbin/grub-mkconfig", "#!/bin/sh\n");
        tree_file(t, "/usr/sbin/grub2-mkconfig", "#!/bin/sh\n");
        tree_file(t, "/boot/grub2/grub.cfg", WHOLE);
        expect(t, "grub2-mkconfig", "/boot/grub2/grub.cfg");
}

static void stubs_are_told_apart(void **state)
{
        (void) state;
        assert_true(grub_cfg_is_stub(STUB));
        assert_true(grub_cfg_is_stub(DEBIAN_STUB));
        /* as SUSE's shim-install(8) writes it */
        assert_true(grub_cfg_is_stub("search --fs-uuid --set=root 1-2\n"
                                     "set prefix=(${root})/boot/grub2\nsource \"${prefix}/grub.cfg\"\n"));
        assert_false(grub_cfg_is_stub(WHOLE "source $prefix/custom.cfg\n"));
        assert_false(grub_cfg_is_stub(WHOLE));
        assert_false(grub_cfg_is_stub(""));
        assert_false(grub_cfg_is_stub("# configfile\n"));
        /* what os-prober and 41_custom write into a whole one */
        assert_false(grub_cfg_is_stub(WHOLE "configfile /other.cfg\n"));
        assert_false(grub_cfg_is_stub("configfile /other.cfg\nblscfg\n"));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TREE_TEST(nothing_at_all),
                TREE_TEST(debian),
                TREE_TEST(fedora_with_a_stub),
                TREE_TEST(centos_without_a_stub),
                TREE_TEST(vendors_are_not_always_called_as_the_system),
                TREE_TEST(configurations_of_other_systems_are_left_alone),
                TREE_TEST(a_stub_decides_between_two_directories),
                TREE_TEST(the_other_menu_is_named),
                TREE_TEST(both_programs_installed),
                cmocka_unit_test(stubs_are_told_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
