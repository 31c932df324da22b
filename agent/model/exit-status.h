/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sysexits.h>

/* Exit statuses of ptprep, as the table "EXIT STATUS" of ptprep(8) has them; from 64 on those of sysexits.h. */
enum {
        EXIT_READY = 0,
        EXIT_NOT_READY = 1,
        EXIT_BLOCKED = 2,
        EXIT_ROLLED_BACK = 3,
        EXIT_UNKNOWN = 4, /* what has to be seen is not visible here */
        EXIT_DAMAGED = 5, /* a change failed, and not everything could be put back */
        EXIT_USAGE = EX_USAGE,
        EXIT_UNAVAILABLE = EX_UNAVAILABLE, /* a library that the format needs is not installed */
        EXIT_INTERNAL = EX_SOFTWARE,
        EXIT_IO = EX_IOERR,
        EXIT_BUSY = EX_TEMPFAIL,
        EXIT_PRIVILEGE = EX_NOPERM,
        EXIT_CONFIG = EX_CONFIG,
};
