/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an image is whole, and what the old one has that it lacks. */
#include "image-build.h"

/* @filter: of the archive behind the one for the early boot; NULL: it is not compressed. */
static void put_image(const Tree *t, const char *filter, const Member *members, size_t n)
{
        Image i;

        begin(&i);
        put_archive(i.f, early, ELEMENTSOF(early), 0);
        if (filter)
                put_compressed(i.f, filter, members, n);
        else
                put_archive(i.f, members, n, 0);
        finish(t, &i);
}

static int survey(const Tree *t, const char *filter, const Member *members, size_t n, InitrdSurvey *ret)
{
        _cleanup_close_ int fd = -EBADF;

        put_image(t, filter, members, n);
        fd = root_open(t->rfd, "/image", O_RDONLY);
        assert_true(fd >= 0);
        return initrd_survey(fd, 0, 0, NULL, 0, ret);
}

/* The kernel starts /init: a program, or a link to what is there under its own name or where /usr is merged. */
static void test_init(void **state)
{
        static const struct {
                Member members[2];
                bool init;
        } cases[] = {
                { { { "init", "#!/bin/sh\n", S_IFREG | 0755, 1, 1 }, { "etc/x", "", S_IFREG | 0644, 2, 1 } }, true },
                { { { "init", "#!/bin/sh\n", S_IFREG | 0644, 1, 1 }, { "etc/x", "", S_IFREG | 0644, 2, 1 } }, false },
                { { { "init", "", S_IFREG | 0755, 1, 1 }, { "etc/x", "", S_IFREG | 0644, 2, 1 } }, false },
                { { { "init", "", S_IFREG | 0755, 1, 2 }, { "bin/busybox", "x", S_IFREG | 0755, 1, 2 } }, true },
                { { { "init", "usr/lib/systemd/systemd", S_IFLNK | 0777, 1, 1 },
                    { "usr/lib/systemd/systemd", "x", S_IFREG | 0755, 2, 1 } },
                  true },
                { { { "init", "/lib/systemd/systemd", S_IFLNK | 0777, 1, 1 },
                    { "usr/lib/systemd/systemd", "x", S_IFREG | 0755, 2, 1 } },
                  true },
                { { { "init", "usr/lib/systemd/systemd", S_IFLNK | 0777, 1, 1 },
                    { "usr/lib/systemd/systemd-udevd", "x", S_IFREG | 0755, 2, 1 } },
                  false },
                { { { "sbin/init", "x", S_IFREG | 0755, 1, 1 }, { "etc/init", "x", S_IFREG | 0755, 2, 1 } }, false },
        };
        const Tree *t = *state;

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases))
                FOREACH_ARRAY(filter, ((const char *const[]){ NULL, "gzip", "zstd" }), 3) {
                        _cleanup_(initrd_survey_done) InitrdSurvey s = {};

                        assert_int_equal(survey(t, *filter, c->members, 2, &s), 0);
                        assert_true(s.init == c->init);
                }
}

/* What an older image has is missing in a newer one under no other compression, and ptprep's own parts never are. */
static void test_missing(void **state)
{
        static const Member old_members[] = {
                { "etc/ptprep/claims", CLAIMS, S_IFREG | 0644, 1, 1 },
                { "usr/bin/cryptsetup", "0123456789", S_IFREG | 0755, 2, 1 },
                { "usr/lib/firmware/card.bin", "0123456789", S_IFREG | 0644, 3, 1 },
                { "usr/lib/modules/6.1/kernel/fs/ext4/ext4.ko.xz", "0123456789", S_IFREG | 0644, 4, 1 },
                { "usr/lib/modules/6.1/kernel/drivers/nvme/host/nvme-core.ko", "0123456789", S_IFREG | 0644, 5, 1 },
                { "usr/sbin/fsck", "../bin/fsck", S_IFLNK | 0777, 6, 1 },
                { "usr/share", "", S_IFDIR | 0755, 7, 2 },
        };
        static const Member new_members[] = {
                { "usr/lib/modules/6.1/kernel/drivers/nvme/host/nvme_core.ko.zst", "0", S_IFREG | 0644, 1, 1 },
                { "usr/lib/firmware/card.bin", "0", S_IFREG | 0644, 2, 1 },
        };
        const Tree *t = *state;
        _cleanup_(initrd_survey_done) InitrdSurvey older = {}, newer = {};
        _cleanup_(string_list_done) StringList missing = {}, none = {};

        assert_int_equal(survey(t, NULL, old_members, ELEMENTSOF(old_members), &older), 0);
        assert_int_equal(survey(t, "xz", new_members, ELEMENTSOF(new_members), &newer), 0);
        assert_int_equal(older.bytes, 10 + strlen("../bin/fsck") + strlen(early[1].content));
        assert_int_equal(newer.bytes, strlen(early[1].content));
        assert_int_equal(initrd_survey_missing(&older, &newer, &missing), 0);
        assert_int_equal(missing.n, 3);
        assert_string_equal(missing.items[0], "usr/bin/cryptsetup");
        assert_string_equal(missing.items[1], "usr/lib/modules/6.1/kernel/fs/ext4/ext4.ko.xz");
        assert_string_equal(missing.items[2], "usr/sbin/fsck");
        assert_int_equal(initrd_survey_missing(&older, &older, &none), 0);
        assert_int_equal(none.n, 0);
}

static BuilderKind maker_of(const Tree *t, const char *filter, const Member *members, size_t n)
{
        InitrdItem claims = { .name = "etc/ptprep/claims" };
        InitrdSeen seen;

        put_image(t, filter, members, n);
        assert_int_equal(initrd_inspect(t->rfd, "/image", &claims, 1, &seen), 0);
        assert_true(claims.found);
        return seen.maker;
}

/* Who made it is read on for, also when what is looked for was found before. */
static void test_maker(void **state)
{
        static const Member marks[] = {
                { "etc/ptprep/claims", CLAIMS, S_IFREG | 0644, 1, 1 },
                { "usr/lib/dracut", "", S_IFDIR | 0755, 2, 2 },
                { "./conf/initramfs.conf", "MODULES=most\n", S_IFREG | 0644, 3, 1 },
        };
        const Tree *t = *state;

        FOREACH_ARRAY(filter, ((const char *const[]){ NULL, "gzip", "zstd" }), 3) {
                assert_int_equal(maker_of(t, *filter, marks, 3), BUILDER_INITRAMFS_TOOLS);
                assert_int_equal(maker_of(t, *filter, marks, 2), BUILDER_OTHER);
        }
}

/* Reads an image to its end, whatever is found before. */
static int read_whole(const Tree *t, const Image *i)
{
        InitrdItem item = { .name = "no such file" };

        tree_data(t, "/image", i->data, i->size);
        return initrd_inspect(t->rfd, "/image", &item, 1, NULL);
}

/* What is not whole is no image, wherever it was cut and whatever of it was damaged. */
static void test_cut(void **state)
{
        static const char *const filters[] = { "gzip", "xz", "zstd", "legacy lz4", "bzip2" };
        const Tree *t = *state;
        Image i, cut;

        begin(&i);
        put_archive(i.f, whole, ELEMENTSOF(whole), 0);
        assert_int_equal(fclose(i.f), 0);
        cut = i;
        assert_int_equal(read_whole(t, &i), 0);
        cut.size = i.size - 4; /* the last byte of the trailer's name, and what fills it up */
        assert_int_equal(read_whole(t, &cut), -EBADMSG);
        cut.size = i.size - 124; /* all of the trailer */
        assert_int_equal(read_whole(t, &cut), -EBADMSG);
        free(i.data);

        FOREACH_ARRAY(filter, filters, ELEMENTSOF(filters)) {
                begin(&i);
                put_archive(i.f, early, ELEMENTSOF(early), 0);
                put_compressed(i.f, *filter, whole, ELEMENTSOF(whole));
                assert_int_equal(fclose(i.f), 0);
                cut = i;
                assert_int_equal(read_whole(t, &i), 0);
                FOREACH_ARRAY(less, ((const size_t[]){ 1, 4, 8, 20, 200 }), 5) {
                        cut.size = i.size - *less;
                        assert_int_equal(read_whole(t, &cut), -EBADMSG);
                }
                if (streq(*filter, "gzip")) { /* check sum and length of what is inside */
                        i.data[i.size - 8] ^= 1;
                        assert_int_equal(read_whole(t, &i), -EBADMSG);
                        i.data[i.size - 8] ^= 1;
                        i.data[i.size - 4] ^= 1;
                        assert_int_equal(read_whole(t, &i), -EBADMSG);
                }
                free(i.data);
        }
}

/* Several archives in a row, each as it comes: the kernel unpacks them all. */
static void test_row(void **state)
{
        const Tree *t = *state;
        ImageQuery q;
        Image i;

        begin(&i);
        put_archive(i.f, early, ELEMENTSOF(early), 0);
        put_compressed(i.f, "gzip", whole, 2);
        while (ftello(i.f) % 4 != 0)
                (void) fputc(0, i.f);
        put_archive(i.f, whole + 2, 1, 512);
        put_compressed(i.f, "gzip", whole + 3, 2);
        put_compressed(i.f, "zstd", whole + 5, ELEMENTSOF(whole) - 5);
        finish(t, &i);
        assert_complete(t);

        /* the kernel looks for an archive at multiples of four bytes only */
        begin(&i);
        put_archive(i.f, early, ELEMENTSOF(early), 2);
        put_archive(i.f, whole, ELEMENTSOF(whole), 0);
        finish(t, &i);
        assert_int_equal(inspect(t, &q), -EBADMSG);
}

/* One member whose header is given in words, at the end of which there is nothing. */
static int read_header(const Tree *t, const char *filter, unsigned mode, unsigned size, unsigned name_size)
{
        char text[256] = "";
        Image i;
        int r;

        (void) snprintf(text, sizeof(text), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08xname", 1, mode,
                        0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0);
        begin(&i);
        if (filter)
                put_legacy_lz4(i.f, text, sizeof(text));
        else
                (void) fwrite(text, 1, sizeof(text), i.f);
        assert_int_equal(fclose(i.f), 0);
        r = read_whole(t, &i);
        free(i.data);
        return r;
}

/* What a header says of lengths makes no room for so much, and what is never needed is refused. */
static void test_lengths(void **state)
{
        static const unsigned char xz_of_4_gib[32] = {
                0xfd, '7', 'z', 'X', 'Z', 0, 0, 1, 0, 0, 0, 0, 2, 0, 0x21, 1, 40
        };
        static const unsigned char lzo[32] = { 0x89, 'L', 'Z', 'O' }, lz4_frame[32] = { 0x04, 0x22, 0x4d, 0x18 };
        const struct {
                const unsigned char *data;
                int error;
        } heads[] = { { xz_of_4_gib, -EFBIG }, { lzo, -EOPNOTSUPP }, { lz4_frame, -EBADMSG } };
        const Tree *t = *state;
        CpioReader c;
        CpioEntry e;
        Image i;

        FOREACH_ARRAY(filter, ((const char *const[]){ NULL, "lz4" }), 2) {
                assert_int_equal(read_header(t, *filter, S_IFREG, 0xfffffff0, 5), -EBADMSG);
                assert_int_equal(read_header(t, *filter, S_IFREG, 0, 0xffffffff), -EBADMSG);
                assert_int_equal(read_header(t, *filter, S_IFREG, 0, 4097), -EBADMSG);
                assert_int_equal(read_header(t, *filter, S_IFREG, 0, 0), -EBADMSG);
                assert_int_equal(read_header(t, *filter, S_IFLNK, 4097, 5), -EBADMSG);
        }
        FOREACH_ARRAY(head, heads, ELEMENTSOF(heads)) {
                i = (Image){ .data = (char *) head->data, .size = 32 };
                assert_int_equal(read_whole(t, &i), head->error);
        }

        /* no image unpacks to more than a machine has memory, nor is longer than that, holes or not */
        begin(&i);
        put_compressed(i.f, "gzip", whole, ELEMENTSOF(whole));
        finish(t, &i);
        {
                _cleanup_close_ int fd = root_open(t->rfd, "/image", O_RDWR);
                InitrdItem wanted = { .name = "no/such/file" };
                struct stat st;

                assert_true(fd >= 0 && fstat(fd, &st) == 0);
                assert_int_equal(cpio_init(&c, fd, 0, (uint64_t) st.st_size), 0);
                c.stream.unpacked = STREAM_UNPACKED_MAX - 100;
                assert_int_equal(cpio_next(&c, &e), -EFBIG);
                cpio_done(&c);

                assert_int_equal(initrd_scan(fd, 0, 0, &wanted, 1, NULL), 0);
                assert_int_equal(ftruncate(fd, (off_t) 1 << 42), 0);
                assert_int_equal(initrd_scan(fd, 0, 0, &wanted, 1, NULL), -EFBIG);
                assert_int_equal(initrd_scan(fd, 0, (uint64_t) st.st_size, &wanted, 1, NULL), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_cut),  TREE_TEST(test_row),     TREE_TEST(test_maker),
                TREE_TEST(test_init), TREE_TEST(test_missing), TREE_TEST(test_lengths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
