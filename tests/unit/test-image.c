/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <archive_entry.h>

#include "base/parse.h"
#include "initramfs/cpio.h"
#include "initramfs/query.h"
#include "model/image.h"
#include "model/names.h"
#include "tree.h"

#define CLAIMS "0000:00:04.0 8086:10d3 vfio-pci pci0000:00/04.0 nic0\n"
#define HELPER                                                                                                         \
        "\x7f"                                                                                                         \
        "ELF helper"

/* An entry of the archives below. */
typedef struct Member {
        const char *name, *content;
        mode_t mode;
        uint32_t inode, links;
} Member;

static const Member early[] = {
        { "kernel", "", S_IFDIR | 0755, 1, 2 },
        { "kernel/x86/microcode/GenuineIntel.bin", "microcode, of some odd length", S_IFREG | 0644, 2, 1 },
};

static const Member whole[] = {
        { ".", "", S_IFDIR | 0755, 1, 2 },
        { "etc/ptprep/claims", CLAIMS, S_IFREG | 0644, 11, 1 },
        { "etc/ptprep/claims.d", "", S_IFDIR | 0755, 12, 2 },
        { "usr/lib/modules/6.1.0-1/kernel/drivers/vfio/pci/vfio-pci.ko.xz", "module", S_IFREG | 0644, 13, 1 },
        { "usr/lib/modules/6.1.0-1/kernel/drivers/vfio/vfio_iommu_type1.ko", "module", S_IFREG | 0644, 14, 1 },
        { "usr/lib/modules/6.1.0-1/kernel/drivers/vfio/vfio.ko.txt", "none", S_IFREG | 0644, 15, 1 },
        { "usr/lib/ptprep/ptprep-claim", HELPER, S_IFREG | 0755, 16, 1 },
};

/* The same files as hard links, as `hardlink` and GNU cpio leave them: the last name has the content. */
static const Member linked[] = {
        { "etc/ptprep/claims", "", S_IFREG | 0644, 20, 2 },
        { "usr/lib/ptprep/ptprep-claim", "", S_IFREG | 0755, 21, 3 },
        { "usr/share/copy1", "", S_IFREG | 0755, 21, 3 },
        { "usr/share/copy2", HELPER, S_IFREG | 0755, 21, 3 },
        { "usr/share/list", CLAIMS, S_IFREG | 0644, 20, 2 },
};

static void put_newc(FILE *f, const Member *m)
{
        size_t name = strlen(m->name) + 1, size = strlen(m->content);

        (void) fprintf(f, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", m->inode, (unsigned) m->mode,
                       0, 0, m->links, 0, size, 0, 0, 0, 0, name, 0);
        (void) fwrite(m->name, 1, name, f);
        for (size_t i = 110 + name; i % 4 != 0; i++)
                (void) fputc(0, f);
        (void) fwrite(m->content, 1, size, f);
        for (size_t i = size; i % 4 != 0; i++)
                (void) fputc(0, f);
}

static void put_archive(FILE *f, const Member *members, size_t n, size_t padding)
{
        static const Member trailer = { "TRAILER!!!", "", 0, 0, 1 };

        FOREACH_ARRAY(m, members, n)
                put_newc(f, m);
        put_newc(f, &trailer);
        for (size_t i = 0; i < padding; i++)
                (void) fputc(0, f);
}

/* The kernel reads no other kind of lz4, and libarchive writes no such: blocks of their length and literal bytes. */
static void put_legacy_lz4(FILE *f, const char *data, size_t size)
{
        static const unsigned char magic[] = { 0x02, 0x21, 0x4c, 0x18 };
        _cleanup_free_ unsigned char *block = malloc(size + size / 255 + 16);
        size_t n = 0, left;
        uint32_t length;

        assert_true(block && size >= 15);
        block[n++] = 0xf0;
        for (left = size - 15; left >= 255; left -= 255)
                block[n++] = 255;
        block[n++] = (unsigned char) left;
        memcpy(block + n, data, size);
        length = (uint32_t) (n + size); /* little-endian, as the machines of these tests are */
        (void) fwrite(magic, 1, sizeof(magic), f);
        (void) fwrite(&length, 1, sizeof(length), f);
        (void) fwrite(block, 1, length, f);
}

/* Compresses by libarchive's "raw" format, so the bytes inside are ours. */
static void put_compressed(FILE *f, const char *filter, const Member *members, size_t n)
{
        _cleanup_free_ char *plain = NULL, *packed = malloc(1 << 20);
        size_t size, used = 0;
        struct archive_entry *entry = archive_entry_new();
        struct archive *a = archive_write_new();
        FILE *memory = open_memstream(&plain, &size);

        assert_true(packed && entry && a && memory);
        put_archive(memory, members, n, 0);
        assert_int_equal(fclose(memory), 0);
        if (streq(filter, "legacy lz4")) {
                put_legacy_lz4(f, plain, size);
                archive_entry_free(entry);
                assert_int_equal(archive_write_free(a), ARCHIVE_OK);
                return;
        }
        assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
        assert_int_equal(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
        if (streq(filter, "xz"))
                assert_int_equal(archive_write_set_options(a, "compression-level=0"), ARCHIVE_OK);
        assert_int_equal(archive_write_open_memory(a, packed, 1 << 20, &used), ARCHIVE_OK);
        archive_entry_set_filetype(entry, AE_IFREG);
        assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
        assert_true(archive_write_data(a, plain, size) == (la_ssize_t) size);
        assert_int_equal(archive_write_free(a), ARCHIVE_OK);
        archive_entry_free(entry);
        assert_true(fwrite(packed, 1, used, f) == used);
}

/* An image that is being put together. */
typedef struct Image {
        char *data;
        size_t size;
        FILE *f;
} Image;

static void begin(Image *i)
{
        *i = (Image){};
        i->f = open_memstream(&i->data, &i->size);
        assert_non_null(i->f);
}

static void finish(const Tree *t, Image *i)
{
        assert_int_equal(fclose(i->f), 0);
        tree_data(t, "/image", i->data, i->size);
        free(i->data);
}

/* All that a kernel with vfio as modules needs. */
static void query(ImageQuery *q)
{
        Config c = {};
        ConfigDevice d = { .driver = STUB_VFIO_PCI };
        const KernelRelease k = { .has_stub = { TRISTATE_YES, TRISTATE_YES }, .has_type1 = TRISTATE_YES };

        config_init(&c);
        c.devices = &d;
        c.n_devices = 1;
        image_query_init(q, &c, &k);
        assert_int_equal(q->n, 4);
}

static uint64_t expected_digest(void)
{
        return image_digest(CLAIMS, fnv1a(FNV_START, HELPER, strlen(HELPER)));
}

static void assert_complete(const Tree *t)
{
        InitrdSeen seen;
        struct stat st;
        ImageQuery q;

        query(&q);
        assert_int_equal(initrd_inspect(t->rfd, "/image", q.items, q.n, &seen), 0);
        assert_true(image_query_digest(&q) == expected_digest());
        assert_int_equal(image_query_modules(&q), TRISTATE_YES);
        assert_int_equal(root_stat(t->rfd, "/image", &st), 0);
        assert_true(seen.identity == initrd_identity(&st, false));
}

static int inspect(const Tree *t, ImageQuery *q)
{
        query(q);
        return initrd_inspect(t->rfd, "/image", q->items, q->n, NULL);
}

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

static int survey(const Tree *t, const char *filter, const Member *members, size_t n, InitrdSurvey *ret)
{
        _cleanup_close_ int fd = -EBADF;
        Image i;

        begin(&i);
        put_archive(i.f, early, ELEMENTSOF(early), 0);
        if (filter)
                put_compressed(i.f, filter, members, n);
        else
                put_archive(i.f, members, n, 0);
        finish(t, &i);
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
        Image i;

        begin(&i);
        put_archive(i.f, early, ELEMENTSOF(early), 0);
        if (filter)
                put_compressed(i.f, filter, members, n);
        else
                put_archive(i.f, members, n, 0);
        finish(t, &i);
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
                TREE_TEST(test_cut),           TREE_TEST(test_row),           TREE_TEST(test_maker),
                TREE_TEST(test_init),          TREE_TEST(test_missing),       TREE_TEST(test_lengths),
                cmocka_unit_test(test_stamps), cmocka_unit_test(test_digest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
