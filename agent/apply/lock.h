/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* Of apply_lock(). */
typedef struct ApplyLock {
        int fd;    /* open while it is held: programs that outlive ptprep hold it on */
        int rfd;   /* of an image, where nothing of it may stay; of the running system -EBADF */
        bool bare; /* the image had no /run */
} ApplyLock;

#define APPLY_LOCK_NONE ((ApplyLock){ .fd = -EBADF, .rfd = -EBADF })

/**
 * apply_lock() - one apply at a time
 * @live: this is the running system, whose /run goes with the boot: the file stays, and so does what others put beside
 * it. @ret: released with apply_unlock(). Returns 0; -EWOULDBLOCK: another apply is running; other negative errno.
 */
int apply_lock(int rfd, bool live, ApplyLock *ret) _must_check_;

/* Gives the lock free, and takes out of an image what was made for it. The last one who has it does that: not this one
 * if a program holds it on. Of APPLY_LOCK_NONE too. */
void apply_unlock(ApplyLock *lock);
