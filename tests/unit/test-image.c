/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image-build.h"

/* The same files as hard links, as `hardlink` and GNU cpio leave them: the last name has the content. */
static const Member linked[] = {
        { "etc/ptprep/claims", "", S_IFREG | 0644, 20, 2 },
        { "usr/lib/ptprep/ptprep-claim", "", S_IFREG | 0755, 21, 3 },
        { "usr/share/copy1", "", S_IFREG | 0755, 21, 3 },
        { "usr/share/copy2", HELPER, S_IFREG | 0755, 21, 3 },
        { "usr/share/list", CLAIMS, S_IFREG | 0644, 20, 2 },
};

static void test_compressions(void **state)
{
        static const char *const filters[] = { "gzip", "xz", "zstd", "legacy lz4", "bzip2", "lzma" };
        static const size_t paddings[] = { 0, 4, 512, 5000 };
        const Tree *t = *state;

        FOREACH_ARRAY(filter, filters, ELEMENTSOF(filters))
                FOREACH_ARRAY(padding, paddings, ELEMENTSOF(paddings)) {
                        Image i;

                        begin(&i);
                        put_archive(i.f, early, ELEMENTSOF(early), *padding);
                        put_archive(i.f, early, 1, *padding);
                        put_compressed(i.f, *filter, whole, ELEMENTSOF(whole));
                        finish(t, &i);
                        assert_complete(t);
                }
}

/* The image that stands in the middle of another file, as in a unified kernel image. */
static void test_part(void **state)
{
        const Tree *t = *state;
        uint64_t begin_at, end_at, identity;
        InitrdSeen seen;
        struct stat st;
        ImageQuery q;
        Image i;

        begin(&i);
        fputs("what stands before it...", i.f); /* sections are aligned */
        begin_at = (uint64_t) ftello(i.f);
        put_archive(i.f, early, ELEMENTSOF(early), 0);
        put_compressed(i.f, "zstd", whole, ELEMENTSOF(whole));
        end_at = (uint64_t) ftello(i.f);
        fputs("what stands behind it", i.f);
        finish(t, &i);
        query(&q);
        assert_int_equal(initrd_inspect_part(t->rfd, "/image", begin_at, end_at - begin_at, q.items, q.n, &seen), 0);
        assert_true(image_query_digest(&q) == expected_digest());
        assert_int_equal(root_stat(t->rfd, "/image", &st), 0);
        assert_true(seen.identity == initrd_identity(&st, false));
        assert_int_equal(initrd_inspect_part(t->rfd, "/image", begin_at, 1 << 30, q.items, q.n, NULL), -EBADMSG);
        assert_int_equal(initrd_inspect_part(t->rfd, "/image", UINT64_MAX, 1, q.items, q.n, NULL), -EBADMSG);
        assert_int_equal(initrd_inspect_part(t->rfd, "/image", 1 << 30, 0, q.items, q.n, NULL), -EBADMSG);
        assert_int_equal(initrd_identify(t->rfd, "/image", &identity), 0);
        assert_true(identity == initrd_identity(&st, false));
        /* a FAT file system gives a file another inode each time that it is mounted */
        identity = initrd_identity(&st, true);
        st.st_ino++;
        st.st_ctim.tv_sec++;
        assert_true(identity == initrd_identity(&st, true));
        st.st_mtim.tv_sec++;
        assert_false(identity == initrd_identity(&st, true));
}

static void test_plain(void **state)
{
        const Tree *t = *state;
        ImageQuery q;
        Image i;

        begin(&i);
        put_archive(i.f, early, ELEMENTSOF(early), 512);
        put_archive(i.f, whole, ELEMENTSOF(whole), 100);
        finish(t, &i);
        assert_complete(t);

        /* modules in an uncompressed archive of their own, the rest behind it, as newer tools lay it out */
        begin(&i);
        put_archive(i.f, whole + 3, 3, 0);
        put_compressed(i.f, "zstd", whole, 3);
        finish(t, &i);
        assert_int_equal(inspect(t, &q), 0);
        assert_int_equal(image_query_modules(&q), TRISTATE_YES);
        assert_true(image_query_digest(&q) == 0); /* the list without the helper is nothing */
        assert_true(q.items[0].found);
        assert_false(q.items[1].found);
}

static void test_hard_links(void **state)
{
        const Tree *t = *state;
        ImageQuery q;
        Image i;

        begin(&i);
        put_archive(i.f, linked, ELEMENTSOF(linked), 0);
        finish(t, &i);
        assert_int_equal(inspect(t, &q), 0);
        assert_true(image_query_digest(&q) == expected_digest());
        assert_int_equal(image_query_modules(&q), TRISTATE_NO);

        begin(&i);
        put_compressed(i.f, "gzip", linked, ELEMENTSOF(linked));
        finish(t, &i);
        assert_int_equal(inspect(t, &q), 0);
        assert_true(image_query_digest(&q) == expected_digest());
}

static void test_other_content(void **state)
{
        static const Member other[] = {
                { "etc/ptprep/claims", CLAIMS "# one byte more", S_IFREG | 0644, 1, 1 },
                { "usr/lib/ptprep/ptprep-claim", HELPER, S_IFREG | 0755, 2, 1 },
        };
        static const Member directory[] = {
                { "etc/ptprep/claims", "", S_IFDIR | 0755, 1, 2 },
                { "usr/lib/ptprep/ptprep-claim", "", S_IFREG | 0755, 2, 1 },
        };
        const Tree *t = *state;
        ImageQuery q;
        Image i;

        begin(&i);
        put_archive(i.f, other, ELEMENTSOF(other), 0);
        finish(t, &i);
        assert_int_equal(inspect(t, &q), 0);
        assert_true(image_query_digest(&q) != 0);
        assert_true(image_query_digest(&q) != expected_digest());

        begin(&i);
        put_archive(i.f, directory, ELEMENTSOF(directory), 0);
        finish(t, &i);
        assert_int_equal(inspect(t, &q), 0);
        assert_false(q.items[0].found);
        assert_true(q.items[1].found); /* empty is a content too */
        assert_true(q.items[1].hash == FNV_START);
}

/* Damage anywhere gives an answer or an error, never more than what is there; a sanitizer watches. */
static void test_damaged(void **state)
{
        const Tree *t = *state;
        size_t faults = 0;
        ImageQuery q;
        Image i;

        begin(&i);
        put_archive(i.f, early, ELEMENTSOF(early), 8);
        put_archive(i.f, whole, ELEMENTSOF(whole), 0);
        assert_int_equal(fclose(i.f), 0);
        for (size_t n = 0; n < i.size; n++) {
                tree_data(t, "/image", i.data, n);
                faults += inspect(t, &q) < 0;
        }
        assert_true(faults > i.size / 4);
        for (size_t n = 0; n < 500; n++) {
                char saved = i.data[n];

                i.data[n] = (char) (saved ^ 0x16);
                tree_data(t, "/image", i.data, i.size);
                (void) inspect(t, &q);
                i.data[n] = saved;
        }
        free(i.data);

        tree_file(t, "/image", "");
        assert_int_equal(inspect(t, &q), -EBADMSG);
        tree_file(t, "/image",
                  "this is no image at all, and long enough for a header of a cpio archive or of any compression, so "
                  "it has to be refused");
        assert_int_equal(inspect(t, &q), -EBADMSG);
        tree_directory(t, "/directory");
        query(&q);
        assert_int_equal(initrd_inspect(t->rfd, "/directory", q.items, q.n, NULL), -EISDIR);
        assert_int_equal(initrd_inspect(t->rfd, "/absent", q.items, q.n, NULL), -ENOENT);

        begin(&i); /* half of a compressed archive */
        put_compressed(i.f, "gzip", whole, ELEMENTSOF(whole));
        assert_int_equal(fclose(i.f), 0);
        tree_data(t, "/image", i.data, i.size / 2);
        free(i.data);
        assert_int_equal(inspect(t, &q), -EBADMSG);
}

static void test_stamps(void **state)
{
        static const char text[] = "6.1.0-1 0123456789abcdef 00000000000000ff 1 dracut\n"
                                   "6.1.0-2 1 2 0 other\n";
        _cleanup_(image_stamps_done) ImageStamps s = {}, none = {};
        _cleanup_free_ char *printed = NULL;
        const ImageStamp second = { (char *) "6.1.0-2", 3, 4, true, BUILDER_UNKNOWN },
                         third = { (char *) "6.1.0-3", 5, 6, false, BUILDER_MKINITCPIO },
                         blank = { (char *) "a b", 5, 6, false, BUILDER_DRACUT };
        const ImageStamp *stamp;

        (void) state;
        assert_int_equal(image_stamps_parse(NULL, &none), 0);
        assert_int_equal(none.n, 0);
        assert_int_equal(image_stamps_parse("x\n6.1 1 2 1\n6.1 1 2 3 dracut\n6.1 g 2 1 dracut\n6.1 1 2 1 0\n"
                                            "6.1 1 2 1 dracut 0\n6.1 -1 2 0 dracut\n6.1 1 2 1 nobody\n\n",
                                            &none),
                         0);
        assert_int_equal(none.n, 0);

        assert_int_equal(image_stamps_parse(text, &s), 0);
        assert_int_equal(s.n, 2);
        stamp = image_stamps_find(&s, "6.1.0-1");
        assert_non_null(stamp);
        assert_true(stamp->identity == UINT64_C(0x0123456789abcdef));
        assert_true(stamp->digest == 255);
        assert_true(stamp->modules);
        assert_int_equal(stamp->maker, BUILDER_DRACUT);
        assert_null(image_stamps_find(&s, "6.1.0-3"));
        assert_int_equal(image_stamps_set(&s, &second), 0);
        assert_int_equal(image_stamps_set(&s, &third), 0);
        assert_int_equal(image_stamps_set(&s, &blank), -EINVAL);
        printed = image_stamps_print(&s);
        assert_string_equal(printed, "6.1.0-1 0123456789abcdef 00000000000000ff 1 dracut\n"
                                     "6.1.0-2 0000000000000003 0000000000000004 1 unknown\n"
                                     "6.1.0-3 0000000000000005 0000000000000006 0 mkinitcpio\n");
}

static void test_digest(void **state)
{
        (void) state;
        assert_true(image_digest("a", 1) == image_digest_of_hashes(fnv1a(FNV_START, "a", 1), 1));
        assert_true(image_digest("a", 1) != image_digest("a", 2));
        assert_true(image_digest("a", 1) != image_digest("b", 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_compressions),  TREE_TEST(test_plain),         TREE_TEST(test_part),
                TREE_TEST(test_hard_links),    TREE_TEST(test_other_content), TREE_TEST(test_damaged),
                cmocka_unit_test(test_stamps), cmocka_unit_test(test_digest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
