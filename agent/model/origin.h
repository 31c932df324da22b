/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

struct json_object;

/* Which machine was looked at, and when. */
typedef struct Origin {
        char *host;    /* its name; NULL: not known */
        char *boot_id; /* of the running kernel, as random(4) has it; NULL: what was looked at does not run */
        int64_t time;  /* seconds since 1970, UTC; negative: not told */
        Tristate reboot_required; /* as the last apply or revert has left it; unknown: as boot_id */
} Origin;

#define ORIGIN_UNKNOWN ((Origin){ .time = -1, .reboot_required = TRISTATE_UNKNOWN })

void origin_done(Origin *o);

#define ORIGIN_TIME_MAX sizeof("2026-11-29T12:00:00Z")

/* The time as RFC 3339 has it, UTC. @seconds: since 1970, at most in the year 9999. Returns buf. */
const char *origin_time_format(int64_t seconds, char buf[ORIGIN_TIME_MAX]);

/**
 * origin_document() - the members that each JSON document of ptprep begins with
 * @kind: which document it is. @version: of that kind: raised when a member changes its meaning or goes away.
 * @reboot_required: would a reboot make something true that is in place for the next boot only?
 * @ret: released with json_put(). Returns 0 or -ENOMEM.
 */
int origin_document(const Origin *o, const char *kind, int version, Tristate reboot_required,
                    struct json_object **ret) _must_check_;
