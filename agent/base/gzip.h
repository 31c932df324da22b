/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/**
 * root_read_gzip() - a whole text that a file has in compressed form (gzip), below a root
 * @max: bytes of the text; a longer one is -EFBIG. @ret: owned by the caller, with a NUL behind the last byte.
 * Returns 0; -EBADMSG no gzip file, or a damaged one; -EFBIG; -ENOPKG zlib is not installed; other negative
 * errno.
 */
int root_read_gzip(int rfd, const char *path, size_t max, char **ret) _must_check_;
