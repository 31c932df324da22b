/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/stat.h>

#include "base/macro.h"

/*
 * What a file was, without its bytes: enough to tell later whether it is that again. A copy that is kept to be put back
 * is no witness of what it was made of: whoever can write there can write into it as well.
 */
typedef struct Sight {
        bool taken;
        uint64_t digest; /* file_digest() */
        mode_t mode;
        uid_t uid;
        gid_t gid;
} Sight;

/* Of a file that is open. 0 or negative errno. */
int sight_take(int fd, Sight *ret) _must_check_;

/* The same where there can be one: a file that cannot be read on its disk any more is kept by its name, and may be
 * replaced, which is what cures it. 0 or -ENOMEM. */
int sight_try(int fd, Sight *ret) _must_check_;

/* Is a file that is open as it was then? 1; 0; negative errno. Where none was taken nobody knows, which is 1. */
int sight_holds(const Sight *s, int fd) _must_check_;
