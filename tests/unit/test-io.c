/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <sys/stat.h>
#include <zlib.h>

#include "base/file.h"
#include "base/gzip.h"
#include "base/io.h"
#include "tree.h"

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

static void packed_texts_are_whole(void **state)
{
        static const char wanted[] = "# a\n\0# b\n"; /* a NUL in it is of the text */
        _cleanup_free_ char *text = NULL, *none = NULL;
        unsigned char data[128];
        uLongf n = sizeof(data);
        PackedText p = { .data = data, .size = sizeof(wanted) - 1 };

        (void) state;
        assert_int_equal(compress(data, &n, (const Bytef *) wanted, sizeof(wanted) - 1), Z_OK);
        p.n = n;
        assert_int_equal(packed_text(&p, &text), 0);
        assert_memory_equal(text, wanted, sizeof(wanted));
        p.n = n - 1;
        assert_int_equal(packed_text(&p, &none), -EBADMSG);
        p.n = n;
        p.size++;
        assert_int_equal(packed_text(&p, &none), -EBADMSG);
        p.size -= 2;
        assert_int_equal(packed_text(&p, &none), -EBADMSG);
        assert_null(none);
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

typedef struct Seen {
        size_t n, stop_at;
} Seen;

static int see(void *userdata, const char *name)
{
        Seen *s = userdata;

        assert_true(strspn(name, "0123456789") == strlen(name));
        return ++s->n == s->stop_at ? -ECANCELED : 0;
}

/* More names than the kernel gives at once. */
static void directories_are_read_to_their_end(void **state)
{
        Tree *t = *state;
        _cleanup_close_ int file = -EBADF, fd = -EBADF, again = -EBADF;
        Seen seen = { .stop_at = 700 };

        for (unsigned i = 0; i < 1000; i++) {
                char path[32];

                (void) snprintf(path, sizeof(path), "/many/%u", i);
                tree_directory(t, path);
        }
        tree_file(t, "/file", "");
        fd = root_open(t->rfd, "/many", O_RDONLY | O_DIRECTORY);
        assert_int_equal(directory_each(fd, see, &seen), -ECANCELED);
        assert_int_equal(seen.n, 700);
        again = root_open(t->rfd, "/many", O_RDONLY | O_DIRECTORY);
        seen = (Seen){};
        assert_int_equal(directory_each(again, see, &seen), 0);
        assert_int_equal(seen.n, 1000);
        file = root_open(t->rfd, "/file", O_RDONLY);
        assert_int_equal(directory_each(file, see, &seen), -ENOTDIR);
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
                cmocka_unit_test_setup_teardown(gzip_is_read, tree_setup, tree_teardown),
                cmocka_unit_test(packed_texts_are_whole),
                cmocka_unit_test_setup_teardown(pipes_hold_nothing_up, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(reading_has_bounds, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(listings_are_sorted, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(directories_are_read_to_their_end, tree_setup, tree_teardown),
                cmocka_unit_test(lists_grow),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
