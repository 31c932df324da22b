/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <dirent.h>

#include "macro.h"

/* Reading what the kernel tells, relative to a directory that "/" is taken to be. Nothing more than libc. */

#define CLAIM_DEVICES "sys/bus/pci/devices"

/**
 * claim_read_file() - a file, or the beginning of one
 * At most @max bytes are read, and one more where there are more. @ret: ends in NUL, owned by the caller.
 * Returns the count, or negative errno.
 */
ssize_t claim_read_file(int root_fd, const char *path, size_t max, char **ret) _must_check_;

/* A hexadecimal attribute ("0x8086") of the PCI function at this address. 0; negative errno. */
int claim_read_hex(int root_fd, const char *address, const char *attribute, unsigned *ret) _must_check_;

/* The entries of a directory; NULL, with errno: it cannot be read. Release with closedirp(). */
DIR *claim_open_directory(int root_fd, const char *path);

static inline void closedirp(DIR **d)
{
        if (*d)
                (void) closedir(*d);
}
