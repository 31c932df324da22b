/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/stat.h>

#include "grub/loader/kernel-install.h"
#include "initramfs/builders.h"
#include "tree.h"

static void hook(const Tree *t, const char *path, mode_t mode)
{
        tree_file(t, path, "#!/bin/sh\n");
        assert_int_equal(fchmodat(t->rfd, path + 1, mode, 0), 0);
}

static void read_all(const Tree *t, ImageBuilder builders[static _BUILDER_MAX])
{
        _cleanup_free_ char *generator = NULL;

        FOREACH_ARRAY(b, builders, _BUILDER_MAX) {
                free(b->hook);
                free(b->snippet);
                *b = (ImageBuilder){ .installed = TRISTATE_UNKNOWN, .active = TRISTATE_UNKNOWN };
        }
        assert_int_equal(kernel_install_generator(t->rfd, &generator), 0);
        assert_int_equal(builders_read(t->rfd, generator, builders), 0);
}

/* Exactly these builders are active, by their hooks; none: NULL. */
#define assert_active(t, ...) assert_active_impl(t, (const char *const[]){ __VA_ARGS__, NULL })
static void assert_active_impl(const Tree *t, const char *const *hooks)
{
        ImageBuilder builders[_BUILDER_MAX] = {};
        size_t wanted = 0, n = 0;

        read_all(t, builders);
        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++) {
                assert_int_not_equal(builders[k].active, TRISTATE_UNKNOWN);
                n += builders[k].active == TRISTATE_YES;
        }
        for (; hooks[wanted]; wanted++) {
                bool found = false;

                FOREACH_ARRAY(b, builders, _BUILDER_MAX)
                        found |= streq_null(b->hook, hooks[wanted]);
                if (!found)
                        fail_msg("%s is not seen", hooks[wanted]);
        }
        assert_int_equal(n, wanted);
        FOREACH_ARRAY(b, builders, _BUILDER_MAX)
                free(b->hook);
}

static void test_installed(void **state)
{
        static const struct {
                BuilderKind kind;
                const char *program;
        } programs[] = {
                { BUILDER_DRACUT, "/usr/bin/dracut" },
                { BUILDER_INITRAMFS_TOOLS, "/usr/sbin/mkinitramfs" },
                { BUILDER_MKINITCPIO, "/usr/bin/mkinitcpio" },
                { BUILDER_BOOSTER, "/usr/bin/booster" },
                { BUILDER_MKOSI_INITRD, "/usr/bin/mkosi-initrd" },
                { BUILDER_UGRD, "/usr/bin/ugrd" },
        };
        const Tree *t = *state;

        assert_int_equal(ELEMENTSOF(programs), _BUILDER_MAX - _BUILDER_FIRST);
        FOREACH_ARRAY(program, programs, ELEMENTSOF(programs)) {
                ImageBuilder builders[_BUILDER_MAX] = {};

                read_all(t, builders);
                assert_int_equal(builders[program->kind].installed, TRISTATE_NO);
                tree_file(t, program->program, "");
                read_all(t, builders);
                assert_int_equal(builders[program->kind].installed, TRISTATE_YES);
                assert_int_equal(builders[program->kind].active, TRISTATE_NO); /* a program by itself makes nothing */
        }
}

static void test_hooks(void **state)
{
        const Tree *t = *state;

        assert_active(t, NULL);
        hook(t, "/etc/kernel/postinst.d/initramfs-tools", 0755);
        hook(t, "/etc/kernel/postinst.d/zz-update-grub", 0755);
        assert_active(t, "/etc/kernel/postinst.d/initramfs-tools");
        hook(t, "/etc/kernel/postinst.d/dracut", 0644); /* run-parts(8) passes over it */
        assert_active(t, "/etc/kernel/postinst.d/initramfs-tools");
        hook(t, "/etc/kernel/postinst.d/dracut", 0755);
        assert_active(t, "/etc/kernel/postinst.d/initramfs-tools", "/etc/kernel/postinst.d/dracut");
}

/* What only removes images, or makes others than those that boot, makes none. */
static void test_pacman(void **state)
{
        const Tree *t = *state;

        hook(t, "/usr/share/libalpm/hooks/60-mkinitcpio-remove.hook", 0644);
        hook(t, "/usr/lib/kernel/install.d/51-dracut-rescue.install", 0755);
        assert_active(t, NULL);
        hook(t, "/usr/share/libalpm/hooks/90-mkinitcpio-install.hook", 0644);
        assert_active(t, "/usr/share/libalpm/hooks/90-mkinitcpio-install.hook");
        tree_link(t, "/etc/pacman.d/hooks/90-mkinitcpio-install.hook", "/dev/null");
        tree_file(t, "/dev/null", "");
        assert_active(t, NULL);
        hook(t, "/usr/share/libalpm/hooks/90-booster-install.hook", 0644);
        assert_active(t, "/usr/share/libalpm/hooks/90-booster-install.hook");
}

static void test_kernel_install(void **state)
{
        const Tree *t = *state;

        hook(t, "/usr/lib/kernel/install.d/50-dracut.install", 0755);
        hook(t, "/usr/lib/kernel/install.d/50-mkosi.install", 0755);
        hook(t, "/usr/lib/kernel/install.d/52-ugrd.install", 0755);
        assert_active(t, "/usr/lib/kernel/install.d/50-dracut.install"); /* the others wait to be named */
        tree_file(t, "/usr/lib/kernel/install.conf", "layout=bls\ninitrd_generator=ugrd\n");
        assert_active(t, "/usr/lib/kernel/install.d/52-ugrd.install");
        tree_file(t, "/etc/kernel/install.conf.d/10.conf", "initrd_generator=mkosi-initrd\n");
        assert_active(t, "/usr/lib/kernel/install.d/50-mkosi.install");
        tree_file(t, "/etc/kernel/install.conf.d/20.conf", "initrd_generator=dracut # of the host\n");
        assert_active(t, "/usr/lib/kernel/install.d/50-dracut.install");
        tree_file(t, "/etc/kernel/install.conf.d/20.conf", "initrd_generator=none\n");
        assert_active(t, NULL);
        hook(t, "/etc/kernel/postinst.d/dracut", 0755); /* which is told nothing of that */
        assert_active(t, "/etc/kernel/postinst.d/dracut");
}

static void test_unreadable(void **state)
{
        const Tree *t = *state;
        ImageBuilder builders[_BUILDER_MAX] = {};

        tree_link(t, "/etc/kernel/postinst.d", "postinst.d"); /* a circle: who knows what is there */
        hook(t, "/usr/share/libalpm/hooks/90-mkinitcpio-install.hook", 0644);
        read_all(t, builders);
        assert_int_equal(builders[BUILDER_DRACUT].active, TRISTATE_UNKNOWN);
        assert_int_equal(builders[BUILDER_MKINITCPIO].active, TRISTATE_YES);
        free(builders[BUILDER_MKINITCPIO].hook);
}

static void test_marks(void **state)
{
        (void) state;
        assert_int_equal(builder_of_file("usr/lib/dracut/build-parameter.txt"), BUILDER_DRACUT);
        assert_int_equal(builder_of_file("usr/lib/dracut"), BUILDER_UNKNOWN);
        assert_int_equal(builder_of_file("conf/initramfs.conf"), BUILDER_INITRAMFS_TOOLS);
        assert_int_equal(builder_of_file("conf/initramfs.conf.d"), BUILDER_UNKNOWN);
        assert_int_equal(builder_of_file("conf"), BUILDER_UNKNOWN);
        assert_int_equal(builder_of_file("buildconfig"), BUILDER_MKINITCPIO);
        assert_int_equal(builder_of_file("etc/booster.init.yaml"), BUILDER_BOOSTER);
        assert_int_equal(builder_of_file("init"), BUILDER_UNKNOWN);
}

static void test_command(void **state)
{
        const char *argv[BUILDER_WORDS_MAX];

        (void) state;
        assert_int_equal(builder_command(BUILDER_DRACUT, "/boot/trial", "6.1.0-1", "/boot/image", argv), 4);
        assert_string_equal(argv[0], "dracut");
        assert_string_equal(argv[1], "--force");
        assert_string_equal(argv[2], "/boot/trial");
        assert_string_equal(argv[3], "6.1.0-1");
        assert_null(argv[4]);
        assert_true(builder_usable(BUILDER_DRACUT));
        assert_int_equal(builder_command(BUILDER_MKINITCPIO, "/boot/trial", "6.1.0-1", "/boot/image", argv), 4);
        assert_string_equal(argv[1], "/boot/trial");
        assert_string_equal(argv[2], "6.1.0-1");
        assert_string_equal(argv[3], "/boot/image");
        assert_null(argv[4]);
        assert_true(builder_usable(BUILDER_MKINITCPIO));
        assert_false(builder_usable(BUILDER_BOOSTER));
        assert_false(builder_usable(BUILDER_OTHER));
        assert_false(builder_usable(BUILDER_UNKNOWN));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_installed),      TREE_TEST(test_hooks),      TREE_TEST(test_pacman),
                TREE_TEST(test_kernel_install), TREE_TEST(test_unreadable), cmocka_unit_test(test_marks),
                cmocka_unit_test(test_command),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
