/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/probe.h"

/* Switches of the SELinux policy. */

static bool has_set_one(const Facts *f)
{
        for (SelinuxBoolean b = 0; b < _SELINUX_BOOLEAN_MAX; b++)
                if (record_file(&f->record, selinux_boolean_to_string(b)))
                        return true;
        return false;
}

static Tristate read_switch(int rfd, const char *path)
{
        char text[16];

        if (root_read_attr(rfd, path, text, sizeof(text)) < 0)
                return TRISTATE_UNKNOWN;
        return *text == '1' ? TRISTATE_YES : *text == '0' ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

int probe_selinux(const Probe *p, Facts *f)
{
        if ((!config_has_vfio(p->cfg) && !has_set_one(f)) ||
            probe_exists(p->rfd, NAME_SYS_SELINUX_BOOLEANS) != TRISTATE_YES)
                return 0;
        for (SelinuxBoolean b = 0; b < _SELINUX_BOOLEAN_MAX; b++) {
                _cleanup_free_ char *path = selinux_boolean_path(b);

                if (!path)
                        return -ENOMEM;
                f->selinux[b] = read_switch(p->rfd, path);
        }
        f->selinux_enforcing = read_switch(p->rfd, NAME_SYS_SELINUX "/enforce");
        return 0;
}
