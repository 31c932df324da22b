/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <zlib.h>

#include "lazy.h"
#include "macro.h"

/* zlib, for whoever reads a stream in parts. Nothing of it may be called before zlib_load(). */
LAZY_SHARED(inflateInit2_);
LAZY_SHARED(inflate);
LAZY_SHARED(inflateEnd);

/* Returns 0; -ENOPKG: zlib is not installed. */
int zlib_load(void) _must_check_;

/**
 * root_read_gzip() - a whole text that a file has in compressed form (gzip), below a root
 * @max: bytes of the text; a longer one is -EFBIG. @ret: owned by the caller, with a NUL behind the last byte.
 * Returns 0; -EBADMSG: no gzip file, or a damaged one; -EFBIG; -ENOPKG: zlib is not installed; other negative errno.
 */
int root_read_gzip(int rfd, const char *path, size_t max, char **ret) _must_check_;

/* A text that lies in the program packed (RFC 1950). */
typedef struct PackedText {
        const unsigned char *data;
        size_t n;    /* bytes of it */
        size_t size; /* bytes of the text */
} PackedText;

/* @ret: the text, owned by the caller, with a NUL behind the last byte. 0; -ENOMEM; -EBADMSG: it is none; -ENOPKG. */
int packed_text(const PackedText *p, char **ret) _must_check_;
