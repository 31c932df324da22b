/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/probe.h"

/* Whose facts these are. What has no name, as an image in the making, has none in what is printed either. */
int probe_origin(const Probe *p, Facts *f)
{
        /* the kernel's name where it runs; of an image the one that it will have */
        static const char *const names[] = { NAME_PROC_HOSTNAME, NAME_HOSTNAME };
        Origin *o = &f->origin;
        char text[256];
        int r;

        FOREACH_ARRAY(name, names, ELEMENTSOF(names))
                if (!o->host && root_read_attr(p->rfd, *name, text, sizeof(text)) >= 0 && text[0] != 0 &&
                    string_copy(text, &o->host) < 0)
                        return -ENOMEM;
        o->time = (int64_t) time(NULL);
        if (!p->live)
                return 0;
        o->reboot_required = probe_exists(p->rfd, NAME_RUN_DIR "/" NAME_REBOOT_REQUIRED);
        r = root_read_attr(p->rfd, NAME_PROC_BOOT_ID, text, sizeof(text));
        return r < 0 ? probe_soft(r) : string_replace(&o->boot_id, text);
}
