/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"
#include "core/next-boot.h"

int check_boot_mounted(const Check *self, const Judgement *j, FindingList *ret)
{
        const BootMounts *l = &j->facts->boot_mounts;

        FOREACH_ARRAY(m, l->items, l->n) {
                _cleanup_free_ char *text = m->failure ? NULL : boot_mount_text(m);
                int r = m->failure ? boot_mounted_refuse(j->facts, m, ret)
                        : text     ? finding_add(ret, self->id, RESULT_OK, m->target, CURE_NONE, NULL, "%s", text)
                                   : -ENOMEM;

                if (r < 0)
                        return r;
        }
        return 0;
}

int check_claim_disabled(const Check *self, const Judgement *j, FindingList *ret)
{
        const char *value, *last = NULL;
        size_t from = 0;

        if (j->config->n_devices == 0 || !j->facts->cmdline_known)
                return 0;
        while ((value = kargs_next(&j->facts->cmdline, KARG_SWITCH, &from)))
                last = value;
        if (last && streq(last, "off"))
                return finding_add(ret, self->id, RESULT_FAIL, NULL, CURE_REBOOT, "reboot without it",
                                   "this boot was started with ptprep=off: nothing was claimed");
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "ptprep=off is not on the command line");
}
