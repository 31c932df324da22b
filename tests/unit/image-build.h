/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Initramfs images, put together of archives as the kernel takes them. */

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

static inline void put_newc(FILE *f, const Member *m)
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

static inline void put_archive(FILE *f, const Member *members, size_t n, size_t padding)
{
        static const Member trailer = { "TRAILER!!!", "", 0, 0, 1 };

        FOREACH_ARRAY(m, members, n)
                put_newc(f, m);
        put_newc(f, &trailer);
        for (size_t i = 0; i < padding; i++)
                (void) fputc(0, f);
}

/* The kernel reads no other kind of lz4, and libarchive writes no such: blocks of their length and literal bytes. */
static inline void put_legacy_lz4(FILE *f, const char *data, size_t size)
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
static inline void put_compressed(FILE *f, const char *filter, const Member *members, size_t n)
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

static inline void begin(Image *i)
{
        *i = (Image){};
        i->f = open_memstream(&i->data, &i->size);
        assert_non_null(i->f);
}

static inline void finish(const Tree *t, Image *i)
{
        assert_int_equal(fclose(i->f), 0);
        tree_data(t, "/image", i->data, i->size);
        free(i->data);
}

/* All that a kernel with vfio as modules needs. */
static inline void query(ImageQuery *q)
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

static inline uint64_t expected_digest(void)
{
        return image_digest(CLAIMS, fnv1a(FNV_START, HELPER, strlen(HELPER)));
}

static inline void assert_complete(const Tree *t)
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

static inline int inspect(const Tree *t, ImageQuery *q)
{
        query(q);
        return initrd_inspect(t->rfd, "/image", q->items, q->n, NULL);
}
