/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "origin.h"

#include <time.h>

#include "base/json.h"
#include "version.h"

void origin_done(Origin *o)
{
        free(o->host);
        free(o->boot_id);
        *o = ORIGIN_UNKNOWN;
}

const char *origin_time_format(int64_t seconds, char buf[ORIGIN_TIME_MAX])
{
        time_t t = (time_t) seconds;
        struct tm tm;

        if (!gmtime_r(&t, &tm) || strftime(buf, ORIGIN_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                buf[0] = 0;
        return buf;
}

int origin_document(const Origin *o, const char *kind, int version, Tristate reboot_required, struct json_object **ret)
{
        _cleanup_json_ struct json_object *d = json_new_object();
        char buf[ORIGIN_TIME_MAX];
        int r = d ? json_add_text(d, "kind", kind) : -ENOMEM;

        if (r >= 0)
                r = json_add(d, "version", json_new_int(version));
        if (r >= 0)
                r = json_add_text(d, "ptprep", PTPREP_VERSION);
        if (r >= 0)
                r = json_add_text(d, "host", o->host);
        if (r >= 0)
                r = json_add_text(d, "boot_id", o->boot_id);
        if (r >= 0)
                r = json_add_text(d, "time", o->time < 0 ? NULL : origin_time_format(o->time, buf));
        if (r >= 0)
                r = reboot_required == TRISTATE_UNKNOWN
                            ? json_add_text(d, "reboot_required", NULL)
                            : json_add(d, "reboot_required", json_new_bool(reboot_required == TRISTATE_YES));
        if (r >= 0)
                *ret = TAKE_PTR(d);
        return r;
}
