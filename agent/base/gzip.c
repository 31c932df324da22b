/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/gzip.h"

#include "base/io.h"

#define BLOCK_BYTES (64U * 1024)
#define SONAME      "libz.so.1"

LAZY_NOTE("gzip", "the kernel's configuration, gzip images, the documents of checks", "required", SONAME);

LAZY_DEFINE(inflateInit2_);
LAZY_DEFINE(inflate);
LAZY_DEFINE(inflateEnd);
LAZY_FUNCTION(gzdopen);
LAZY_FUNCTION(gzread);
LAZY_FUNCTION(gzdirect);
LAZY_FUNCTION(gzclose_r);
LAZY_FUNCTION(uncompress);

static const LazySymbol zlib_symbols[] = {
        LAZY_SYMBOL(inflateInit2_), LAZY_SYMBOL(inflate),  LAZY_SYMBOL(inflateEnd), LAZY_SYMBOL(gzdopen),
        LAZY_SYMBOL(gzread),        LAZY_SYMBOL(gzdirect), LAZY_SYMBOL(gzclose_r),  LAZY_SYMBOL(uncompress),
};

int zlib_load(void)
{
        return lazy_load(SONAME, zlib_symbols, ELEMENTSOF(zlib_symbols));
}

static void gzclosep(gzFile *f)
{
        if (*f)
                (void) sym_gzclose_r(*f);
}

/* The rest of what was opened, in blocks, since its length is not known before its end. */
static int read_all(gzFile f, size_t max, char **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size = 0;

        for (;;) {
                char *larger = realloc(text, size + BLOCK_BYTES + 1);
                int n;

                if (!larger)
                        return -ENOMEM;
                text = larger;
                n = sym_gzread(f, text + size, BLOCK_BYTES);
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
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);
        _cleanup_(gzclosep) gzFile f = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        if (fd < 0)
                return fd;
        r = zlib_load();
        if (r < 0)
                return r;
        f = sym_gzdopen(fd, "r");
        if (!f)
                return -ENOMEM;
        (void) TAKE_FD(fd);
        r = read_all(f, max, &text);
        if (r < 0)
                return r;
        if (sym_gzdirect(f)) /* what is not compressed is handed out as it is */
                return -EBADMSG;
        r = sym_gzclose_r(TAKE_PTR(f));
        if (r != Z_OK) /* Z_BUF_ERROR: the file ends in the middle */
                return -EBADMSG;
        *ret = TAKE_PTR(text);
        return 0;
}

int packed_text(const PackedText *p, char **ret)
{
        _cleanup_free_ char *text = malloc(p->size + 1);
        uLongf size = p->size;
        int r = zlib_load();

        if (r < 0)
                return r;
        if (!text)
                return -ENOMEM;
        r = sym_uncompress((Bytef *) text, &size, p->data, p->n);
        if (r != Z_OK || size != p->size)
                return r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
        text[size] = 0;
        *ret = TAKE_PTR(text);
        return 0;
}
