/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <sys/stat.h>
#include <zlib.h>

#include "base/file.h"
#include "base/gzip.h"
#include "base/io.h"
#include "tree.h"

static void expect_file(int rfd, const char *path, const char *text)
{
        _cleanup_free_ char *s = NULL;

        assert_int_equal(root_read_text(rfd, path, &s), 0);
        assert_string_equal(s, text);
}

static void files_are_replaced_whole(void **state)
{
        Tree *t = *state;
        struct stat st;

        assert_int_equal(root_mkdir_p(t->rfd, "/etc/ptprep/deep"), 0);
        assert_int_equal(root_mkdir_p(t->rfd, "/etc/ptprep/deep"), 0);
        assert_int_equal(root_file_replace(t->rfd, "/etc/ptprep/a", "one\n", 4, 0640), 0);
        expect_file(t->rfd, "/etc/ptprep/a", "one\n");
        assert_int_equal(root_stat(t->rfd, "/etc/ptprep/a", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        /* a leftover of a power cut is no obstacle */
        assert_int_equal(root_file_replace(t->rfd, "/etc/ptprep/.a.ptprep-new", "half", 4, 0600), 0);
        assert_int_equal(root_file_replace(t->rfd, "/etc/ptprep/a", "two\n", 4, 0600), 0);
        expect_file(t->rfd, "/etc/ptprep/a", "two\n");
        assert_int_equal(root_stat(t->rfd, "/etc/ptprep/a", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640); /* an existing file keeps its mode */
        assert_int_equal(root_stat(t->rfd, "/etc/ptprep/.a.ptprep-new", &st), -ENOENT);
}

static void links_stay_and_stay_inside(void **state)
{
        Tree *t = *state;
        _cleanup_free_ char *target = NULL;
        char path[128];

        assert_int_equal(root_mkdir_p(t->rfd, "etc/default"), 0);
        assert_int_equal(root_file_replace(t->rfd, "etc/default/real", "x", 1, 0644), 0);
        (void) snprintf(path, sizeof(path), "%s/etc/link", t->path);
        assert_int_equal(symlink("/etc/default/real", path), 0); /* absolute: resolved below the root */
        assert_int_equal(root_file_replace(t->rfd, "/etc/link", "y", 1, 0644), 0);
        expect_file(t->rfd, "/etc/default/real", "y");
        assert_int_equal(root_readlink(t->rfd, "/etc/link", &target), 0);
        assert_string_equal(target, "/etc/default/real");
        (void) snprintf(path, sizeof(path), "%s/etc/escape", t->path);
        assert_int_equal(symlink("../../../../../../etc/passwd", path), 0);
        assert_int_equal(root_open(t->rfd, "/etc/escape", O_RDONLY), -ENOENT);
        (void) snprintf(path, sizeof(path), "%s/etc/loop", t->path);
        assert_int_equal(symlink("loop", path), 0);
        assert_int_equal(root_file_replace(t->rfd, "/etc/loop", "z", 1, 0644), -ELOOP);
}

static void backups_come_back(void **state)
{
        Tree *t = *state;

        assert_int_equal(root_file_backup(t->rfd, "/image", "/image.old"), -ENOENT);
        assert_int_equal(root_file_replace(t->rfd, "/image", "old", 3, 0600), 0);
        assert_int_equal(root_file_backup(t->rfd, "/image", "/image.old"), 0);
        assert_int_equal(root_file_replace(t->rfd, "/image", "new", 3, 0600), 0);
        expect_file(t->rfd, "/image.old", "old");
        assert_int_equal(root_file_rename(t->rfd, "/image.old", "/image"), 0);
        expect_file(t->rfd, "/image", "old");
        assert_int_equal(root_file_remove(t->rfd, "/image"), 0);
        assert_int_equal(root_file_remove(t->rfd, "/image"), -ENOENT);
}

static bool has_file(int rfd, const char *path)
{
        struct stat st;

        return root_stat(rfd, path, &st) >= 0;
}

/* What is put back takes the place of a file that keeps its blocks, or of nothing. */
static void names_are_exchanged(void **state)
{
        Tree *t = *state;

        tree_file(t, "/a", "new\n");
        tree_file(t, "/a.old", "old\n");
        assert_int_equal(root_file_put_back(t->rfd, "/a.old", "/a"), 0);
        expect_file(t->rfd, "/a", "old\n");
        expect_file(t->rfd, "/a.old", "new\n");
        assert_int_equal(root_file_remove(t->rfd, "/a"), 0);
        assert_int_equal(root_file_put_back(t->rfd, "/a.old", "/a"), 0);
        expect_file(t->rfd, "/a", "new\n");
        assert_false(has_file(t->rfd, "/a.old"));
        assert_int_equal(root_file_put_back(t->rfd, "/a.old", "/a"), -ENOENT);
        expect_file(t->rfd, "/a", "new\n");
}

static void gzip_is_read(void **state)
{
        static const unsigned char damaged[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff };
        Tree *t = *state;
        _cleanup_free_ char *path = NULL, *text = NULL, *packed = NULL;
        size_t size;
        gzFile f;

        assert_true(asprintf(&path, "%s/config.gz", t->path) > 0);
        f = gzopen(path, "w");
        assert_non_null(f);
        for (unsigned i = 0; i < 20000; i++)
                assert_int_equal(gzputs(f, "CONFIG_VFIO=m\n"), 14);
        assert_int_equal(gzclose(f), Z_OK);
        assert_int_equal(root_read_gzip(t->rfd, "/config.gz", 280000, &text), 0);
        assert_int_equal(strlen(text), 280000);
        assert_string_equal(text + 280000 - 14, "CONFIG_VFIO=m\n");
        assert_int_equal(root_read_gzip(t->rfd, "/config.gz", 279999, &packed), -EFBIG);
        assert_int_equal(root_read_gzip(t->rfd, "/nothing", 100, &packed), -ENOENT);
        assert_int_equal(root_read_file(t->rfd, "/config.gz", 280000, &packed, &size), 0);
        tree_data(t, "/short", packed, size - 9);
        tree_data(t, "/damaged", damaged, sizeof(damaged));
        tree_file(t, "/plain", "CONFIG_VFIO=m\n");
        tree_file(t, "/empty", "");
        free(TAKE_PTR(text));
        assert_int_equal(root_read_gzip(t->rfd, "/short", 280000, &text), -EBADMSG);
        assert_int_equal(root_read_gzip(t->rfd, "/damaged", 280000, &text), -EBADMSG);
        assert_int_equal(root_read_gzip(t->rfd, "/plain", 280000, &text), -EBADMSG);
        assert_int_equal(root_read_gzip(t->rfd, "/empty", 280000, &text), -EBADMSG);
        assert_null(text);
}

/* A FIFO that nobody writes to: no text, and nothing to wait for. */
static void pipes_hold_nothing_up(void **state)
{
        Tree *t = *state;
        _cleanup_free_ char *path = NULL, *text = NULL;
        char attr[16];

        assert_true(asprintf(&path, "%s/fifo", t->path) > 0);
        assert_int_equal(mkfifo(path, 0644), 0);
        (void) alarm(20);
        assert_int_equal(root_read_text(t->rfd, "/fifo", &text), -EINVAL);
        assert_int_equal(root_read_gzip(t->rfd, "/fifo", 100, &text), -EBADMSG);
        assert_int_equal(root_read_attr(t->rfd, "/fifo", attr, sizeof(attr)), 0);
        assert_string_equal(attr, "");
        assert_int_equal(root_file_copy(t->rfd, "/fifo", "/copy"), -EINVAL);
        (void) alarm(0);
        assert_null(text);
}

static void reading_has_bounds(void **state)
{
        Tree *t = *state;
        _cleanup_free_ char *text = NULL;
        size_t size;
        char attr[8];

        assert_int_equal(root_file_replace(t->rfd, "/a", "0x8086\n", 7, 0644), 0);
        assert_int_equal(root_read_file(t->rfd, "/a", 6, &text, &size), -EFBIG);
        assert_null(text);
        assert_int_equal(root_read_file(t->rfd, "/a", 7, &text, &size), 0);
        assert_int_equal(size, 7);
        assert_int_equal(root_read_attr(t->rfd, "/a", attr, sizeof(attr)), 0);
        assert_string_equal(attr, "0x8086");
        assert_int_equal(root_read_attr(t->rfd, "/a", attr, 7), -EFBIG);
        assert_int_equal(root_read_attr(t->rfd, "/none", attr, 7), -ENOENT);
        assert_int_equal(root_read_attr(t->rfd, "/", attr, 7), -EISDIR);
}

static void listings_are_sorted(void **state)
{
        Tree *t = *state;
        _cleanup_(string_list_done) StringList l = {};

        assert_int_equal(root_mkdir_p(t->rfd, "/d"), 0);
        assert_int_equal(root_list(t->rfd, "/none", NULL, &l), -ENOENT);
        assert_int_equal(root_file_replace(t->rfd, "/d/b.conf", "", 0, 0644), 0);
        assert_int_equal(root_file_replace(t->rfd, "/d/a.conf", "", 0, 0644), 0);
        assert_int_equal(root_file_replace(t->rfd, "/d/a.txt", "", 0, 0644), 0);
        assert_int_equal(root_list(t->rfd, "/d", ".conf", &l), 0);
        assert_int_equal(l.n, 2);
        assert_string_equal(l.items[0], "a.conf");
        assert_string_equal(l.items[1], "b.conf");
}

static void lists_grow(void **state)
{
        _cleanup_(string_list_done) StringList l = {};

        (void) state;
        for (unsigned i = 0; i < 1000; i++)
                assert_int_equal(string_list_addf(&l, "%u", i), 0);
        assert_int_equal(l.n, 1000);
        assert_string_equal(l.items[999], "999");
        assert_true(string_list_contains(&l, "512"));
        assert_false(string_list_contains(&l, "1000"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(files_are_replaced_whole, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(links_stay_and_stay_inside, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(backups_come_back, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(names_are_exchanged, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(gzip_is_read, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(pipes_hold_nothing_up, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(reading_has_bounds, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(listings_are_sorted, tree_setup, tree_teardown),
                cmocka_unit_test(lists_grow),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
