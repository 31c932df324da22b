/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <linux/xattr.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "tree.h"

#define LABEL_MAX 128

/* Rules as a policy has them; they are read by libselinux itself, which asks no kernel for that. */
static const char rules[] = "/etc(/.*)?\tsystem_u:object_r:etc_t:s0\n"
                            "/etc/modprobe\\.d(/.*)?\tsystem_u:object_r:modules_conf_t:s0\n"
                            "/etc/modprobe\\.d\t-d\tsystem_u:object_r:modules_dir_t:s0\n"
                            "/boot/.*\tsystem_u:object_r:boot_t:s0\n"
                            "/run/.*\t<<none>>\n";

#define FILES "/etc/selinux/strict/contexts/files"

/* A tree where SELinux is on, or is not. Its own files came before, so they have no label. */
static void build(const Tree *t, bool on)
{
        tree_file(t, "/etc/selinux/config", "# SELINUXTYPE=none\nSELINUX=enforcing\n  SELINUXTYPE=strict \n");
        tree_file(t, FILES "/file_contexts", rules);
        if (on)
                tree_file(t, "/sys/fs/selinux/enforce", "1");
}

static int open_path(const Tree *t, const char *path)
{
        int fd = root_open(t->rfd, path, O_RDONLY);

        assert_true(fd >= 0);
        return fd;
}

/* @label: NULL: it has none. */
static void expect_label(const Tree *t, const char *path, const char *label)
{
        _cleanup_close_ int fd = open_path(t, path);
        char now[LABEL_MAX] = "";
        ssize_t n = fgetxattr(fd, XATTR_NAME_SELINUX, now, sizeof(now) - 1);

        if (!label) {
                assert_int_equal(n, -1);
                return;
        }
        assert_string_equal(now, label);
        assert_int_equal(n, strlen(label) + 1); /* as the kernel keeps it */
}

static void set_label(const Tree *t, const char *path, const char *label)
{
        _cleanup_close_ int fd = open_path(t, path);

        assert_int_equal(fsetxattr(fd, XATTR_NAME_SELINUX, label, strlen(label) + 1, 0), 0);
}

/* security.* is root's, on a file system that has it. Where a policy is in force it would judge the names of the test.
 */
static void need_labels(const Tree *t)
{
        _cleanup_close_ int fd = -EBADF;

        if (access("/sys/fs/selinux/enforce", F_OK) >= 0)
                skip();
        tree_file(t, "/tmp/probe", "");
        fd = open_path(t, "/tmp/probe");
        if (fsetxattr(fd, XATTR_NAME_SELINUX, "x", 2, 0) < 0)
                skip();
}

static void new_files_get_the_label_of_their_path(void **state)
{
        Tree *t = *state;

        need_labels(t);
        build(t, true);
        assert_int_equal(root_mkdir_p(t->rfd, "/etc/modprobe.d"), 0);
        expect_label(t, "/etc/modprobe.d", "system_u:object_r:modules_dir_t:s0");
        assert_int_equal(root_file_replace(t->rfd, "/etc/modprobe.d/a.conf", "a\n", 2, 0644), 0);
        expect_label(t, "/etc/modprobe.d/a.conf", "system_u:object_r:modules_conf_t:s0");
        assert_int_equal(root_mkdir_p(t->rfd, "etc/ptprep/deep"), 0);
        expect_label(t, "/etc/ptprep", "system_u:object_r:etc_t:s0");
        expect_label(t, "/etc/ptprep/deep", "system_u:object_r:etc_t:s0");
        /* what was there is somebody's, and where the policy wants none there is none */
        assert_int_equal(root_mkdir_p(t->rfd, "/etc"), 0);
        expect_label(t, "/etc", NULL);
        assert_int_equal(root_mkdir_p(t->rfd, "/run/ptprep"), 0);
        expect_label(t, "/run/ptprep", NULL);
}

/* It is made under another name, and is labelled for the one that it is going to have. */
static void a_trial_file_gets_the_label_of_its_place(void **state)
{
        Tree *t = *state;

        need_labels(t);
        build(t, true);
        assert_int_equal(root_mkdir_p(t->rfd, "/boot"), 0);
        assert_int_equal(root_file_create(t->rfd, "/var-trial", "a\n", 2, 0644), 0);
        expect_label(t, "/var-trial", NULL);
        assert_int_equal(root_file_carry(t->rfd, "/boot/new.img", "/var-trial"), 0);
        expect_label(t, "/var-trial", "system_u:object_r:boot_t:s0");
}

/* An administrator may have given it another one. */
static void a_file_that_was_there_keeps_its_label(void **state)
{
        Tree *t = *state;

        need_labels(t);
        build(t, true);
        assert_int_equal(root_file_replace(t->rfd, "/etc/a", "a\n", 2, 0644), 0);
        set_label(t, "/etc/a", "system_u:object_r:own_t:s0");
        assert_int_equal(root_file_replace(t->rfd, "/etc/a", "b\n", 2, 0644), 0);
        expect_label(t, "/etc/a", "system_u:object_r:own_t:s0");
}

static void without_selinux_nothing_is_labelled(void **state)
{
        Tree *t = *state;

        need_labels(t);
        build(t, false);
        assert_int_equal(root_file_replace(t->rfd, "/etc/a", "a\n", 2, 0644), 0);
        expect_label(t, "/etc/a", NULL);
}

/* A policy that is missing or says nonsense keeps no file from being written. */
static void a_policy_that_cannot_be_read_is_none(void **state)
{
        static const struct {
                const char *config, *directory, *rules; /* where what it says would lead to, and what is there */
        } cases[] = {
                { "SELINUXTYPE=strict\n", FILES, NULL },
                { "SELINUXTYPE=strict\n", FILES, "/etc(/.*\tbroken\n" },
                { "SELINUXTYPE=../../tmp\n", "/tmp/contexts/files", rules },
                { "SELINUXTYPE=.\n", "/etc/selinux/contexts/files", rules },
                { "SELINUXTYPE=sub/strict\n", "/etc/selinux/sub/strict/contexts/files", rules },
                { "SELINUXTYPE=\n", "/etc/selinux/contexts/files", rules },
                { "SELINUXTYPE=absent\n", FILES, rules },
        };
        Tree *t = *state;

        need_labels(t);
        build(t, true);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                root_file_discard(t->rfd, "/etc/a");
                assert_int_equal(root_remove_tree(t->rfd, "/etc/selinux"), 0);
                tree_file(t, "/etc/selinux/config", cases[i].config);
                if (cases[i].rules) {
                        _cleanup_free_ char *path = path_join(cases[i].directory, "file_contexts");

                        assert_non_null(path);
                        tree_file(t, path, cases[i].rules);
                }
                assert_int_equal(root_file_replace(t->rfd, "/etc/a", "a\n", 2, 0644), 0);
                expect_label(t, "/etc/a", NULL);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(new_files_get_the_label_of_their_path, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(a_trial_file_gets_the_label_of_its_place, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(a_file_that_was_there_keeps_its_label, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(without_selinux_nothing_is_labelled, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(a_policy_that_cannot_be_read_is_none, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
