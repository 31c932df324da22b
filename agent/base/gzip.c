/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/gzip.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/io.h"
#include "base/lazy.h"

#define BLOCK_BYTES (64U * 1024)

LAZY_FUNCTION(archive_read_new);
LAZY_FUNCTION(archive_read_free);
LAZY_FUNCTION(archive_read_support_filter_gzip);
LAZY_FUNCTION(archive_read_support_format_raw);
LAZY_FUNCTION(archive_read_open_fd);
LAZY_FUNCTION(archive_read_next_header);
LAZY_FUNCTION(archive_filter_code);
LAZY_FUNCTION(archive_read_data);

static const LazySymbol symbols[] = {
        LAZY_SYMBOL(archive_read_new),
        LAZY_SYMBOL(archive_read_free),
        LAZY_SYMBOL(archive_read_support_filter_gzip),
        LAZY_SYMBOL(archive_read_support_format_raw),
        LAZY_SYMBOL(archive_read_open_fd),
        LAZY_SYMBOL(archive_read_next_header),
        LAZY_SYMBOL(archive_filter_code),
        LAZY_SYMBOL(archive_read_data),
};

static void archive_freep(struct archive **a)
{
        if (*a)
                (void) sym_archive_read_free(*a);
}

/* The rest of what was opened, in blocks, since its length is not known before its end. */
static int read_all(struct archive *a, size_t max, char **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size = 0;

        for (;;) {
                char *larger = realloc(text, size + BLOCK_BYTES + 1);
                la_ssize_t n;

                if (!larger)
                        return -ENOMEM;
                text = larger;
                n = sym_archive_read_data(a, text + size, BLOCK_BYTES);
                if (n < 0)
                        return -EBADMSG;
                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
                if (n == 0)
                        break;
        }
        text[size] = 0;
        *ret = TAKE_PTR(text);
        return 0;
}

int root_read_gzip(int rfd, const char *path, size_t max, char **ret)
{
        _cleanup_(archive_freep) struct archive *a = NULL;
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY | O_NOCTTY);
        struct archive_entry *entry;
        int r;

        if (fd < 0)
                return fd;
        r = lazy_load("libarchive.so.13", symbols, ELEMENTSOF(symbols));
        if (r < 0)
                return r;
        a = sym_archive_read_new();
        if (!a)
                return -ENOMEM;
        if (sym_archive_read_support_filter_gzip(a) != ARCHIVE_OK || /* ARCHIVE_WARN: it would run a program for that */
            sym_archive_read_support_format_raw(a) != ARCHIVE_OK)
                return -ENOPKG;
        if (sym_archive_read_open_fd(a, fd, BLOCK_BYTES) != ARCHIVE_OK ||
            sym_archive_read_next_header(a, &entry) != ARCHIVE_OK ||
            sym_archive_filter_code(a, 0) !=
                    ARCHIVE_FILTER_GZIP) /* "raw" takes everything, also what is not compressed */
                return -EBADMSG;
        return read_all(a, max, ret);
}
