/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/stream.h"

#include <archive.h>

#include "base/gzip.h"
#include "base/io.h"
#include "base/lazy.h"

LAZY_NOTE("archive", "what is inside a compressed initramfs image", "required", "libarchive.so.13");

LAZY_FUNCTION(archive_read_new);
LAZY_FUNCTION(archive_read_free);
LAZY_FUNCTION(archive_read_support_filter_bzip2);
LAZY_FUNCTION(archive_read_support_filter_lzma);
LAZY_FUNCTION(archive_read_support_filter_xz);
LAZY_FUNCTION(archive_read_support_filter_lz4);
LAZY_FUNCTION(archive_read_support_filter_zstd);
LAZY_FUNCTION(archive_read_support_format_raw);
LAZY_FUNCTION(archive_read_open);
LAZY_FUNCTION(archive_read_next_header);
LAZY_FUNCTION(archive_read_data_block);
LAZY_FUNCTION(archive_filter_bytes);
LAZY_FUNCTION(archive_filter_count);

static const LazySymbol archive_symbols[] = {
        LAZY_SYMBOL(archive_read_new),
        LAZY_SYMBOL(archive_read_free),
        LAZY_SYMBOL(archive_read_support_filter_bzip2),
        LAZY_SYMBOL(archive_read_support_filter_lzma),
        LAZY_SYMBOL(archive_read_support_filter_xz),
        LAZY_SYMBOL(archive_read_support_filter_lz4),
        LAZY_SYMBOL(archive_read_support_filter_zstd),
        LAZY_SYMBOL(archive_read_support_format_raw),
        LAZY_SYMBOL(archive_read_open),
        LAZY_SYMBOL(archive_read_next_header),
        LAZY_SYMBOL(archive_read_data_block),
        LAZY_SYMBOL(archive_filter_bytes),
        LAZY_SYMBOL(archive_filter_count),
};

#define BLOCK_BYTES  (128U * 1024)
#define WINDOW_BYTES 4096U /* for the headers of small files and links, which stand close together */

/* Of one compressed part. */
struct Unpacker {
        /* As stream_get(), into s->next and s->n; 0: its end, and s->at is the byte behind it. */
        int (*fill)(Stream *s);
        bool ended;
        uint64_t begin; /* of the file */
        bool inflates;
        z_stream z;
        struct archive *archive;
        unsigned char in[BLOCK_BYTES];
};

int stream_init(Stream *s, int fd, uint64_t offset, uint64_t end)
{
        *s = (Stream){ .fd = fd, .begin = offset, .at = offset, .end = end, .block = malloc(BLOCK_BYTES) };
        return s->block ? 0 : -ENOMEM;
}

void stream_done(Stream *s)
{
        (void) stream_leave(s);
        free(s->block);
        *s = (Stream){ .fd = -EBADF };
}

bool stream_leave(Stream *s)
{
        Unpacker *u = TAKE_PTR(s->unpacker);

        if (!u)
                return false;
        if (u->archive)
                (void) sym_archive_read_free(u->archive);
        else if (u->inflates)
                (void) sym_inflateEnd(&u->z);
        free(u);
        s->n = 0;
        s->position = s->at - s->begin;
        return true;
}

/* The next bytes of the file, at most to the end of the image. Returns their number, 0 at the end. */
static ssize_t read_file(Stream *s, void *data, size_t size)
{
        size_t n = (size_t) MIN(s->end - s->at, (uint64_t) size);
        int r = read_at(s->fd, s->at, data, n);

        if (r < 0)
                return r;
        s->at += n;
        return (ssize_t) n;
}

static int fill(Stream *s, size_t hint)
{
        ssize_t n;
        int r;

        if (s->n > 0)
                return 1;
        if (s->unpacker) {
                r = s->unpacker->ended ? 0 : s->unpacker->fill(s);
                s->unpacked += s->n;
                return r > 0 && s->unpacked > STREAM_UNPACKED_MAX ? -EFBIG : r;
        }
        n = read_file(s, s->block, MIN(MAX(hint, WINDOW_BYTES), BLOCK_BYTES));
        s->next = s->block;
        s->n = n > 0 ? (size_t) n : 0;
        return n > 0 ? 1 : (int) n;
}

static void take(Stream *s, size_t n)
{
        s->next += n;
        s->n -= n;
        s->position += n;
}

ssize_t stream_get(Stream *s, size_t max, const unsigned char **ret)
{
        int r = fill(s, max);
        size_t n = MIN(s->n, max);

        if (r <= 0)
                return r;
        *ret = s->next;
        take(s, n);
        return (ssize_t) n;
}

int stream_read(Stream *s, void *data, size_t size)
{
        for (unsigned char *to = data; size > 0;) {
                const unsigned char *from;
                ssize_t n = stream_get(s, size, &from);

                if (n <= 0)
                        return n < 0 ? (int) n : -EBADMSG;
                memcpy(to, from, (size_t) n);
                to += n;
                size -= (size_t) n;
        }
        return 0;
}

int stream_skip(Stream *s, uint64_t size)
{
        while (size > 0) {
                const unsigned char *unused;
                ssize_t n;

                if (s->n == 0 && !s->unpacker) { /* what stands in the file need not be read for that */
                        if (size > s->end - s->at)
                                return -EBADMSG;
                        s->at += size;
                        s->position += size;
                        return 0;
                }
                n = stream_get(s, (size_t) MIN(size, (uint64_t) BLOCK_BYTES), &unused);
                if (n <= 0)
                        return n < 0 ? (int) n : -EBADMSG;
                size -= (uint64_t) n;
        }
        return 0;
}

int stream_skip_zeros(Stream *s)
{
        int r;

        while ((r = fill(s, WINDOW_BYTES)) > 0) {
                size_t n = 0;

                while (n < s->n && s->next[n] == 0)
                        n++;
                take(s, n);
                if (s->n > 0)
                        return 1;
        }
        return r;
}

/* zlib by itself: libarchive's filter leaves the check sum and the length at the end of a gzip stream unread. */
static int fill_inflated(Stream *s)
{
        Unpacker *u = s->unpacker;

        u->z.next_out = s->block;
        u->z.avail_out = BLOCK_BYTES;
        while (u->z.avail_out == BLOCK_BYTES && !u->ended) {
                int r;

                if (u->z.avail_in == 0) {
                        ssize_t n = read_file(s, u->in, sizeof(u->in));

                        if (n <= 0)
                                return n < 0 ? (int) n : -EBADMSG;
                        u->z.next_in = u->in;
                        u->z.avail_in = (uInt) n;
                }
                r = sym_inflate(&u->z, Z_NO_FLUSH);
                if (r != Z_OK && r != Z_STREAM_END)
                        return r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
                u->ended = r == Z_STREAM_END;
        }
        if (u->ended)
                s->at -= u->z.avail_in;
        s->next = s->block;
        s->n = BLOCK_BYTES - u->z.avail_out;
        return s->n > 0;
}

static int begin_inflate(Stream *s)
{
        Unpacker *u = s->unpacker;
        int r = zlib_load();

        if (r < 0)
                return r;
        u->fill = fill_inflated;
        /* 16: no wrapping but gzip's */
        if (sym_inflateInit2_(&u->z, 16 + MAX_WBITS, ZLIB_VERSION, (int) sizeof(u->z)) != Z_OK)
                return -ENOMEM;
        u->inflates = true;
        return 0;
}

static int fill_archived(Stream *s)
{
        Unpacker *u = s->unpacker;
        const void *block;
        la_int64_t offset;

        for (;;) {
                int r = sym_archive_read_data_block(u->archive, &block, &s->n, &offset);

                if (r == ARCHIVE_EOF) {
                        u->ended = true;
                        s->at = u->begin + (uint64_t) sym_archive_filter_bytes(u->archive, -1);
                        s->n = 0;
                        return 0;
                }
                if (r != ARCHIVE_OK) {
                        s->n = 0;
                        return -EBADMSG;
                }
                s->next = block;
                if (s->n > 0)
                        return 1;
        }
}

static la_ssize_t read_source(struct archive *a, void *userdata, const void **ret)
{
        Stream *s = userdata;

        (void) a;
        *ret = s->unpacker->in;
        return read_file(s, s->unpacker->in, sizeof(s->unpacker->in));
}

/*
 * libarchive's filters alone, by its "raw" format: its reader of cpio archives believes every length that it is told,
 * and makes room for it.
 */
static int begin_archive(Stream *s)
{
        static const typeof(&sym_archive_read_support_filter_xz) filters[] = {
                &sym_archive_read_support_filter_bzip2, &sym_archive_read_support_filter_lzma,
                &sym_archive_read_support_filter_xz,    &sym_archive_read_support_filter_lz4,
                &sym_archive_read_support_filter_zstd,
        };
        Unpacker *u = s->unpacker;
        struct archive_entry *entry;
        int r = lazy_load("libarchive.so.13", archive_symbols, ELEMENTSOF(archive_symbols));

        if (r < 0)
                return r;
        u->fill = fill_archived;
        u->archive = sym_archive_read_new();
        if (!u->archive)
                return -ENOMEM;
        FOREACH_ARRAY(filter, filters, ELEMENTSOF(filters))
                if ((**filter)(u->archive) != ARCHIVE_OK) /* ARCHIVE_WARN: it would run a program for that */
                        return -ENOPKG;
        if (sym_archive_read_support_format_raw(u->archive) != ARCHIVE_OK)
                return -ENOPKG;
        if (sym_archive_read_open(u->archive, s, NULL, read_source, NULL) != ARCHIVE_OK ||
            sym_archive_read_next_header(u->archive, &entry) != ARCHIVE_OK)
                return -EBADMSG;
        return sym_archive_filter_count(u->archive) > 1 ? 0 : -EBADMSG; /* one: no filter took it */
}

static int begin_unreadable(Stream *s)
{
        (void) s;
        return -EOPNOTSUPP;
}

/* The longest numbers there have nine bytes, seven bits each, the lowest first (.xz file format 1.2). */
static bool xz_number(const unsigned char **at, const unsigned char *end, uint64_t *ret)
{
        uint64_t number = 0;

        for (unsigned shift = 0; *at < end && shift < 63; shift += 7) {
                unsigned char byte = *(*at)++;

                number |= (uint64_t) (byte & 0x7f) << shift;
                if ((byte & 0x80) == 0) {
                        *ret = number;
                        return true;
                }
        }
        return false;
}

#define XZ_HEADER_BYTES     12U
#define XZ_BLOCK_HEADER_MAX 1024U
#define XZ_LZMA2            0x21U

/*
 * The dictionary that the first block of an .xz file asks for, bytes; 0: cannot be told, it is no such file. libarchive
 * switches the limit of liblzma off, so whoever does not want to be asked for 4 GiB has to look by himself. The other
 * formats have limits: .lzma 64 MiB in libarchive, zstd 128 MiB in its own library. Source: .xz file format 1.2, 3.1.
 */
static uint64_t xz_dictionary(const unsigned char *data, size_t size)
{
        static const unsigned char magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };
        const unsigned char *at = data + XZ_HEADER_BYTES + 2, *end;
        uint64_t number, id, length;
        unsigned flags, filters;

        if (size < XZ_HEADER_BYTES + 2 || memcmp(data, magic, sizeof(magic)) != 0)
                return 0;
        end = data + MIN(size, XZ_HEADER_BYTES + 4 * ((size_t) data[XZ_HEADER_BYTES] + 1));
        flags = data[XZ_HEADER_BYTES + 1];
        filters = (flags & 3) + 1;
        if (((flags & 0x40) != 0 && !xz_number(&at, end, &number)) ||
            ((flags & 0x80) != 0 && !xz_number(&at, end, &number)))
                return 0;
        for (; filters > 0; filters--) {
                if (!xz_number(&at, end, &id) || !xz_number(&at, end, &length) || length > (size_t) (end - at))
                        return 0;
                if (id == XZ_LZMA2 && length == 1)
                        return (2 | (*at & UINT64_C(1))) << ((*at & 0x3f) / 2 + 11);
                at += length;
        }
        return 0;
}

/* The largest window of zstd that the kernel takes (lib/decompress_unzstd.c), and twice what "xz -9" asks for. */
#define DICTIONARY_MAX (UINT64_C(128) << 20)

/* How what the kernel can unpack begins (lib/decompress.c). */
static const struct {
        unsigned char magic[2];
        int (*begin)(Stream *s);
} compressions[] = {
        { { 0x1f, 0x8b }, begin_inflate },   /* gzip */
        { { 'B', 'Z' }, begin_archive },     /* bzip2 */
        { { 0x5d, 0x00 }, begin_archive },   /* lzma */
        { { 0xfd, '7' }, begin_archive },    /* xz */
        { { 0x89, 'L' }, begin_unreadable }, /* lzo */
        { { 0x02, 0x21 }, begin_archive },   /* lz4, of the "legacy" kind only */
        { { 0x28, 0xb5 }, begin_archive },   /* zstd */
};

int stream_unpack(Stream *s)
{
        unsigned char *head = s->block;
        Unpacker *u;
        size_t size;
        int r;

        s->at -= s->n; /* what was read ahead */
        s->n = 0;
        size = (size_t) MIN(s->end - s->at, (uint64_t) XZ_HEADER_BYTES + XZ_BLOCK_HEADER_MAX);
        r = read_at(s->fd, s->at, head, size);
        if (r < 0)
                return r;
        if (xz_dictionary(head, size) > DICTIONARY_MAX)
                return -EFBIG;
        u = calloc(1, sizeof(*u));
        if (!u)
                return -ENOMEM;
        u->begin = s->at;
        s->unpacker = u;
        s->position = 0;
        FOREACH_ARRAY(c, compressions, ELEMENTSOF(compressions))
                if (size > sizeof(c->magic) && memcmp(head, c->magic, sizeof(c->magic)) == 0)
                        return c->begin(s);
        return -EBADMSG;
}
