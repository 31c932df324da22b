/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* The bytes of an initramfs image in order: as they stand in the file, or what comes out of a compressed part of it. */

/* More than this comes out of no image that boots: unpacked it is all in memory. */
#define STREAM_UNPACKED_MAX (UINT64_C(2) << 30)

typedef struct Unpacker Unpacker;

typedef struct Stream {
        int fd;                  /* regular file, not closed here */
        uint64_t begin, at, end; /* of the file, bytes: where the image begins, what will be read next, where it ends */
        const unsigned char *next;
        size_t n;          /* bytes at next */
        uint64_t position; /* bytes handed out since the image began, or since the compressed part did */
        uint64_t unpacked; /* bytes that all compressed parts have given so far */
        unsigned char *block;
        Unpacker *unpacker; /* NULL: as they stand in the file */
} Stream;

/* @offset, @end: the part of the file that is the image, bytes. 0 or -ENOMEM. */
int stream_init(Stream *s, int fd, uint64_t offset, uint64_t end) _must_check_;
void stream_done(Stream *s);

/**
 * stream_get() - the next bytes, as many as are at hand
 * @max: at most so many. @ret: valid until the next call.
 * Returns their number, at least 1; 0: what is being read ends here; -EBADMSG a compressed part is damaged or cut
 * short; -EFBIG more comes out of it than STREAM_UNPACKED_MAX; negative errno.
 */
ssize_t stream_get(Stream *s, size_t max, const unsigned char **ret) _must_check_;

/* Exactly this many bytes. 0; -EBADMSG also when the end comes before; as stream_get(). */
int stream_read(Stream *s, void *data, size_t size) _must_check_;
int stream_skip(Stream *s, uint64_t size) _must_check_;

/* Moves to the next byte that is not zero. 1: it is there; 0: the end came before; as stream_get(). */
int stream_skip_zeros(Stream *s) _must_check_;

/**
 * stream_unpack() - go into the compressed part that begins here
 * To be called where bytes are handed out as they stand in the file. From here on the stream is what comes out of it.
 * Returns 0; -EBADMSG a compression that the kernel does not read, or damaged; -EFBIG its header asks for more memory
 * than any image needs; -ENOPKG libarchive is not installed; -ENOMEM.
 */
int stream_unpack(Stream *s) _must_check_;

/* Behind the end of a compressed part: back to what stands behind it in the file. False: no part was being unpacked. */
bool stream_leave(Stream *s);
