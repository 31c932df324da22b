/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "initramfs/stream.h"

/*
 * The files in an initramfs image: any number of cpio archives of the "newc" kind in a row, each compressed or not,
 * zero bytes between them (Linux Documentation/driver-api/early-userspace/buffer-format.rst). Read as the kernel reads
 * them (init/initramfs.c), with its limits: what it would refuse is -EBADMSG here. By hand, because libarchive reads
 * one archive and not several, does not say where it ends, and makes room for whatever length a header names.
 */

#define CPIO_PATH_MAX 4096U /* PATH_MAX: of a name with its NUL, and of the target of a link */

typedef struct CpioEntry {
        const char *name; /* without leading "/" and "./"; of the reader, until the next call */
        mode_t mode;
        uint64_t inode, links; /* of several hard links to one file only one has the content, usually the last */
        uint64_t size;         /* bytes of the content */
} CpioEntry;

typedef struct CpioReader {
        Stream stream;
        bool inside;         /* between the first header of an archive and its trailer */
        uint64_t size, left; /* bytes of the last entry's content, and those that were not taken */
        char name[CPIO_PATH_MAX + 1];
} CpioReader;

/* As stream_init(). */
int cpio_init(CpioReader *c, int fd, uint64_t offset, uint64_t end) _must_check_;
void cpio_done(CpioReader *c);

/**
 * cpio_next() - the next file of the image; what was not taken of the last one's content is skipped
 * Returns 1; 0: the image ends, every archive and compressed part of it is whole; -EBADMSG: it is damaged, cut short or
 * of another kind; as stream_get() and stream_unpack().
 */
int cpio_next(CpioReader *c, CpioEntry *ret) _must_check_;

/* The content of the entry with a NUL behind it. 0; -EFBIG it does not fit; as stream_get(). */
int cpio_text(CpioReader *c, char *buf, size_t size) _must_check_;

/* fnv1a() from FNV_START over the content of the entry. 0; as stream_get(). */
int cpio_hash(CpioReader *c, uint64_t *ret) _must_check_;
