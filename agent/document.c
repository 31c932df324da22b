/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "document.h"

#include "output.h"
#include "probe/probe.h"

int document_begin(int rfd, bool live, const char *kind, int version, struct json_object **ret)
{
        _cleanup_(facts_done) Facts f;
        int r;

        facts_init(&f);
        r = probe_origin(&(const Probe){ .rfd = rfd, .live = live }, &f);
        return r < 0 ? r : origin_document(&f.origin, kind, version, f.origin.reboot_required, ret);
}

int document_print(struct json_object *o)
{
        return print_result("writing", json_write(o, stdout));
}
