/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/initrd.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "base/io.h"
#include "base/lazy.h"
#include "base/parse.h"

LAZY_NOTE("archive", "what is inside a compressed initramfs image", "required", "libarchive.so.13");

LAZY_FUNCTION(archive_read_new);
LAZY_FUNCTION(archive_read_free);
LAZY_FUNCTION(archive_read_support_filter_gzip);
LAZY_FUNCTION(archive_read_support_filter_bzip2);
LAZY_FUNCTION(archive_read_support_filter_lzma);
LAZY_FUNCTION(archive_read_support_filter_xz);
LAZY_FUNCTION(archive_read_support_filter_lz4);
LAZY_FUNCTION(archive_read_support_filter_zstd);
LAZY_FUNCTION(archive_read_support_format_cpio);
LAZY_FUNCTION(archive_read_open);
LAZY_FUNCTION(archive_read_next_header);
LAZY_FUNCTION(archive_read_data);
LAZY_FUNCTION(archive_entry_pathname);
LAZY_FUNCTION(archive_entry_mode);
LAZY_FUNCTION(archive_entry_size);
LAZY_FUNCTION(archive_entry_nlink);
LAZY_FUNCTION(archive_entry_ino64);

static const LazySymbol archive_symbols[] = {
        LAZY_SYMBOL(archive_read_new),
        LAZY_SYMBOL(archive_read_free),
        LAZY_SYMBOL(archive_read_support_filter_gzip),
        LAZY_SYMBOL(archive_read_support_filter_bzip2),
        LAZY_SYMBOL(archive_read_support_filter_lzma),
        LAZY_SYMBOL(archive_read_support_filter_xz),
        LAZY_SYMBOL(archive_read_support_filter_lz4),
        LAZY_SYMBOL(archive_read_support_filter_zstd),
        LAZY_SYMBOL(archive_read_support_format_cpio),
        LAZY_SYMBOL(archive_read_open),
        LAZY_SYMBOL(archive_read_next_header),
        LAZY_SYMBOL(archive_read_data),
        LAZY_SYMBOL(archive_entry_pathname),
        LAZY_SYMBOL(archive_entry_mode),
        LAZY_SYMBOL(archive_entry_size),
        LAZY_SYMBOL(archive_entry_nlink),
        LAZY_SYMBOL(archive_entry_ino64),
};

#define BLOCK_BYTES       (128U * 1024)

/* The header of the "newc" format: six bytes of magic, then 13 numbers of eight hexadecimal digits. */
#define NEWC_HEADER_BYTES 110U
#define NEWC_NUMBERS      13U
#define NEWC_NAME_MAX     4096U /* PATH_MAX, as the kernel's own reader has it */
enum { NEWC_INO, NEWC_MODE, NEWC_NLINK = 4, NEWC_SIZE = 6, NEWC_NAMESIZE = 11 };

typedef struct Entry {
        const char *name;
        mode_t mode;
        uint64_t inode, links, size;
} Entry;

typedef struct Scan {
        InitrdItem *items;
        size_t n;
        unsigned char *block; /* BLOCK_BYTES */
} Scan;

static void scan_done(Scan *s)
{
        free(s->block);
}

static bool all_found(const Scan *s)
{
        FOREACH_ARRAY(i, s->items, s->n)
                if (!i->found)
                        return false;
        return true;
}

/* Is this the path of a module's file? NAME.ko, and then at most the suffix of a compression. */
static bool is_module(const char *path, const char *name)
{
        static const char *const suffixes[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz" };
        const char *base = strrchr(path, '/');

        if (!base || !strstr(path, "lib/modules/"))
                return false;
        base++;
        for (; *name != 0; name++, base++) {
                char a = *name == '-' ? '_' : *name, b = *base == '-' ? '_' : *base;

                if (a != b)
                        return false;
        }
        FOREACH_ARRAY(suffix, suffixes, ELEMENTSOF(suffixes))
                if (streq(base, *suffix))
                        return true;
        return false;
}

/*
 * Notes what the name of an entry already tells. Returns the item whose content is wanted, or NULL.
 *
 * Of several hard links to one file only one carries the content, with GNU cpio and the kernel's own tool the last.
 */
static InitrdItem *match_entry(const Scan *s, const Entry *e)
{
        const char *name = e->name;
        InitrdItem *wanted = NULL;

        while (startswith(name, "./") || name[0] == '/')
                name += name[0] == '/' ? 1 : 2;
        FOREACH_ARRAY(i, s->items, s->n) {
                if (i->module) {
                        if ((S_ISREG(e->mode) || S_ISLNK(e->mode)) && is_module(name, i->name))
                                i->found = true;
                        continue;
                }
                if (i->found || !S_ISREG(e->mode))
                        continue;
                if (streq(name, i->name)) {
                        if (e->size > 0 || e->links <= 1)
                                wanted = i;
                        else
                                i->inode = e->inode;
                } else if (e->size > 0 && e->links > 1 && i->inode != 0 && i->inode == e->inode)
                        wanted = i;
        }
        return wanted;
}

static int hash_range(const Scan *s, int fd, uint64_t offset, uint64_t size, uint64_t *ret)
{
        uint64_t hash = FNV_START;

        while (size > 0) {
                size_t n = (size_t) MIN(size, (uint64_t) BLOCK_BYTES);
                int r = read_at(fd, offset, s->block, n);

                if (r < 0)
                        return r;
                hash = fnv1a(hash, s->block, n);
                offset += n;
                size -= n;
        }
        *ret = hash;
        return 0;
}

static uint64_t align4(uint64_t n)
{
        return (n + 3) & ~UINT64_C(3);
}

static int parse_header(const char *header, uint32_t numbers[static NEWC_NUMBERS])
{
        if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0)
                return -EBADMSG;
        for (size_t i = 0; i < NEWC_NUMBERS; i++) {
                uint32_t number = 0;

                for (const char *c = header + 6 + 8 * i; c < header + 6 + 8 * (i + 1); c++) {
                        if (!isxdigit((unsigned char) *c))
                                return -EBADMSG;
                        number = number << 4 | (uint32_t) (*c <= '9' ? *c - '0' : (*c | 0x20) - 'a' + 10);
                }
                numbers[i] = number;
        }
        return 0;
}

/* A part of the file that is in memory: the headers of small files and links stand close together. */
typedef struct Window {
        int fd;
        uint64_t at, end; /* where it begins, and where the file ends */
        size_t n;
        char bytes[4096];
} Window;

/* Makes n bytes at an offset readable; they count until the next call. The caller keeps within the file's end. */
static int window_read(Window *w, uint64_t at, size_t n, const char **ret)
{
        if (at < w->at || at + n > w->at + w->n) {
                size_t size = (size_t) MIN(w->end - at, (uint64_t) sizeof(w->bytes));
                int r = read_at(w->fd, at, w->bytes, size);

                if (r < 0)
                        return r;
                w->at = at;
                w->n = size;
        }
        *ret = w->bytes + (at - w->at);
        return 0;
}

/* An uncompressed archive that begins at *offset; moved behind its trailer, or to the end of the file. */
static int scan_newc(Scan *s, int fd, uint64_t end, uint64_t *offset)
{
        Window window = { .fd = fd, .end = end };
        uint64_t at = *offset;

        while (end - at >= NEWC_HEADER_BYTES) {
                char name[NEWC_NAME_MAX + 1];
                uint32_t numbers[NEWC_NUMBERS];
                InitrdItem *wanted;
                const char *bytes;
                uint64_t data, length, size;
                Entry e;
                int r;

                r = window_read(&window, at, NEWC_HEADER_BYTES, &bytes);
                if (r >= 0)
                        r = parse_header(bytes, numbers);
                if (r < 0)
                        return r;
                length = numbers[NEWC_NAMESIZE];
                size = numbers[NEWC_SIZE];
                if (length == 0 || length > NEWC_NAME_MAX || length > end - at - NEWC_HEADER_BYTES)
                        return -EBADMSG;
                r = window_read(&window, at + NEWC_HEADER_BYTES, length, &bytes);
                if (r < 0)
                        return r;
                memcpy(name, bytes, length);
                name[length] = 0;
                data = at + align4(NEWC_HEADER_BYTES + length);
                if (data > end || size > end - data)
                        return -EBADMSG;
                at = MIN(data + align4(size), end);
                if (streq(name, "TRAILER!!!"))
                        break;
                e = (Entry){ .name = name,
                             .mode = numbers[NEWC_MODE],
                             .inode = numbers[NEWC_INO],
                             .links = numbers[NEWC_NLINK],
                             .size = size };
                wanted = match_entry(s, &e);
                if (wanted) {
                        r = hash_range(s, fd, data, size, &wanted->hash);
                        if (r < 0)
                                return r;
                        wanted->found = true;
                }
                if (all_found(s))
                        break;
        }
        *offset = at;
        return 0;
}

static void archive_freep(struct archive **a)
{
        if (*a)
                (void) sym_archive_read_free(*a);
}

static int hash_archived(const Scan *s, struct archive *a, uint64_t *ret)
{
        uint64_t hash = FNV_START;

        for (;;) {
                la_ssize_t n = sym_archive_read_data(a, s->block, BLOCK_BYTES);

                if (n < 0)
                        return -EBADMSG;
                if (n == 0)
                        break;
                hash = fnv1a(hash, s->block, (size_t) n);
        }
        *ret = hash;
        return 0;
}

/* Bytes that libarchive may see: a filter that is given more looks at it, and takes it for a damaged stream. */
typedef struct Source {
        int fd;
        uint64_t at, end;
        unsigned char block[BLOCK_BYTES];
} Source;

static la_ssize_t read_source(struct archive *a, void *userdata, const void **ret)
{
        Source *s = userdata;
        size_t n = (size_t) MIN(s->end - s->at, (uint64_t) sizeof(s->block));

        (void) a;
        if (read_at(s->fd, s->at, s->block, n) < 0)
                return -1;
        s->at += n;
        *ret = s->block;
        return (la_ssize_t) n;
}

/* A compressed archive from the offset to the end of the image. */
static int scan_compressed(Scan *s, int fd, uint64_t offset, uint64_t end)
{
        static const typeof(&sym_archive_read_support_filter_gzip) filters[] = {
                &sym_archive_read_support_filter_gzip, &sym_archive_read_support_filter_bzip2,
                &sym_archive_read_support_filter_lzma, &sym_archive_read_support_filter_xz,
                &sym_archive_read_support_filter_lz4,  &sym_archive_read_support_filter_zstd,
        };
        _cleanup_free_ Source *source = malloc(sizeof(*source));
        _cleanup_(archive_freep) struct archive *a = NULL;
        struct archive_entry *entry;
        int r;

        if (!source)
                return -ENOMEM;
        source->fd = fd;
        source->at = offset;
        source->end = end;
        r = lazy_load("libarchive.so.13", archive_symbols, ELEMENTSOF(archive_symbols));
        if (r < 0)
                return r;
        a = sym_archive_read_new();
        if (!a)
                return -ENOMEM;
        FOREACH_ARRAY(filter, filters, ELEMENTSOF(filters))
                if ((**filter)(a) != ARCHIVE_OK) /* ARCHIVE_WARN: it would run a program for that */
                        return -ENOPKG;
        if (sym_archive_read_support_format_cpio(a) != ARCHIVE_OK)
                return -ENOPKG;
        if (sym_archive_read_open(a, source, NULL, read_source, NULL) != ARCHIVE_OK)
                return -EBADMSG;
        while ((r = sym_archive_read_next_header(a, &entry)) != ARCHIVE_EOF) {
                InitrdItem *wanted;
                Entry e;

                if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
                        return -EBADMSG;
                e = (Entry){ .name = sym_archive_entry_pathname(entry),
                             .mode = sym_archive_entry_mode(entry),
                             .inode = (uint64_t) sym_archive_entry_ino64(entry),
                             .links = sym_archive_entry_nlink(entry),
                             .size = (uint64_t) sym_archive_entry_size(entry) };
                if (!e.name)
                        continue;
                wanted = match_entry(s, &e);
                if (wanted) {
                        r = hash_archived(s, a, &wanted->hash);
                        if (r < 0)
                                return r;
                        wanted->found = true;
                }
                if (all_found(s))
                        return 0;
        }
        return 0;
}

/* Moves *offset to the next byte that is not zero, at most to the end. */
static int skip_zeros(const Scan *s, int fd, uint64_t end, uint64_t *offset)
{
        while (*offset < end) {
                size_t n = (size_t) MIN(end - *offset, UINT64_C(4096)), i = 0;
                int r = read_at(fd, *offset, s->block, n);

                if (r < 0)
                        return r;
                while (i < n && s->block[i] == 0)
                        i++;
                *offset += i;
                if (i < n)
                        return 0;
        }
        return 0;
}

int initrd_scan(int fd, uint64_t offset, uint64_t size, InitrdItem *items, size_t n)
{
        _cleanup_(scan_done) Scan s = { .items = items, .n = n };
        uint64_t end;
        struct stat st;
        int r;

        FOREACH_ARRAY(i, items, n) {
                i->found = false;
                i->hash = i->inode = 0;
        }
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        end = (uint64_t) st.st_size;
        if (offset > end || size > end - offset)
                return -EBADMSG;
        if (size > 0)
                end = offset + size;
        if (end == offset)
                return -EBADMSG;
        s.block = malloc(BLOCK_BYTES);
        if (!s.block)
                return -ENOMEM;
        while (!all_found(&s)) {
                char magic[6];

                r = skip_zeros(&s, fd, end, &offset);
                if (r < 0)
                        return r;
                if (offset == end)
                        return 0;
                if (end - offset < sizeof(magic))
                        return -EBADMSG;
                r = read_at(fd, offset, magic, sizeof(magic));
                if (r < 0)
                        return r;
                if (memcmp(magic, "07070", 5) != 0)
                        return scan_compressed(&s, fd, offset, end);
                if (end - offset < NEWC_HEADER_BYTES)
                        return -EBADMSG;
                r = scan_newc(&s, fd, end, &offset);
                if (r < 0)
                        return r;
        }
        return 0;
}

uint64_t initrd_identity(const struct stat *st, bool fat)
{
        const uint64_t numbers[] = {
                (uint64_t) st->st_size,
                (uint64_t) st->st_mtim.tv_sec,
                (uint64_t) st->st_mtim.tv_nsec,
                fat ? 0 : st->st_ino,
                fat ? 0 : (uint64_t) st->st_ctim.tv_sec,
                fat ? 0 : (uint64_t) st->st_ctim.tv_nsec,
        };
        uint64_t hash = fnv1a(FNV_START, numbers, sizeof(numbers));

        return hash != 0 ? hash : 1;
}

static int identify(int fd, uint64_t *ret)
{
        struct statfs fs;
        struct stat st;

        if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
                return negative_errno();
        *ret = initrd_identity(&st, fs.f_type == MSDOS_SUPER_MAGIC);
        return 0;
}

int initrd_identify(int rfd, const char *path, uint64_t *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_PATH);

        return fd < 0 ? fd : identify(fd, ret);
}

int initrd_inspect_part(int rfd, const char *path, uint64_t offset, uint64_t size, InitrdItem *items, size_t n,
                        uint64_t *ret_identity)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);
        uint64_t identity = 0;
        int r;

        if (fd < 0)
                return fd;
        r = identify(fd, &identity);
        if (r >= 0)
                r = initrd_scan(fd, offset, size, items, n);
        if (r >= 0 && ret_identity)
                *ret_identity = identity;
        return r;
}
