/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "base/macro.h"

/*
 * Writes one cpio archive of the "newc" kind (Linux Documentation/driver-api/early-userspace/buffer-format.rst) to a
 * stream. All that is not said is 0: owner and group are root, the time is the epoch, so the same files make the same
 * bytes. By hand as the reader is, and because libarchive fills in device and inode numbers of its own.
 */
typedef struct CpioWriter {
        FILE *out;       /* of the caller, and so are its errors */
        uint64_t offset; /* bytes written; internal */
        uint32_t inode;  /* of the last entry; internal */
} CpioWriter;

/**
 * cpio_put() - append an entry
 * @name: without a leading slash. @mode: with its type: S_IFDIR, S_IFREG or S_IFLNK.
 * @content: of a file, or the target of a link; @size: bytes, 0 for a directory.
 * 0; -EFBIG: more than such an archive can have.
 */
int cpio_put(CpioWriter *w, const char *name, mode_t mode, const void *content, size_t size) _must_check_;

/* The trailer, and zeros up to a multiple of 512 bytes as cpio(1) has it: the next archive begins at a multiple of
 * four. */
void cpio_end(CpioWriter *w);
