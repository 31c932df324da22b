/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bootmount.h"

#include "array.h"
#include "base/text.h"

void boot_mount_done(BootMount *m)
{
        free(m->target);
        free(m->source);
        free(m->device);
        free(m->type);
        free(m->options);
        free(m->elsewhere);
        free(m->failure);
        *m = (BootMount){};
}

void boot_mounts_done(BootMounts *l)
{
        FOREACH_ARRAY(m, l->items, l->n)
                boot_mount_done(m);
        free(l->items);
        *l = (BootMounts){};
}

int boot_mounts_copy(const BootMounts *from, BootMounts *ret)
{
        _cleanup_(boot_mounts_done) BootMounts copy = {};

        FOREACH_ARRAY(m, from->items, from->n) {
                BootMount *c = array_grow(&copy.items, copy.n);

                if (!c)
                        return -ENOMEM;
                copy.n++;
                *c = (BootMount){ .listed = m->listed, .read_only = m->read_only };
                if (string_copy(m->target, &c->target) < 0 || string_copy(m->source, &c->source) < 0 ||
                    string_copy(m->device, &c->device) < 0 || string_copy(m->type, &c->type) < 0 ||
                    string_copy(m->options, &c->options) < 0 || string_copy(m->elsewhere, &c->elsewhere) < 0 ||
                    string_copy(m->failure, &c->failure) < 0)
                        return -ENOMEM;
        }
        *ret = copy;
        copy = (BootMounts){};
        return 0;
}

const BootMount *boot_mount_at(const BootMounts *l, const char *target)
{
        FOREACH_ARRAY(m, l->items, l->n)
                if (streq(m->target, target))
                        return m;
        return NULL;
}

const BootMount *boot_mounts_failed(const BootMounts *l)
{
        FOREACH_ARRAY(m, l->items, l->n)
                if (m->failure)
                        return m;
        return NULL;
}

MountSpec boot_mount_spec(const BootMount *m)
{
        return (MountSpec){ .device = m->device,
                            .target = m->target,
                            .type = m->type,
                            .options = m->options,
                            .elsewhere = m->elsewhere };
}

char *boot_mount_text(const BootMount *m)
{
        char *text;
        int n;

        if (m->failure)
                n = string_printf(&text, "cannot tell what is on it: %s", m->failure);
        else if (m->elsewhere)
                n = string_printf(&text, "not mounted there; %s is mounted at %s, and was read from it", m->device,
                                  m->elsewhere);
        else
                n = string_printf(&text, "not mounted; %s (%s), found by %s, was mounted for ptprep alone and read",
                                  m->device, m->type, m->listed ? "its line in /etc/fstab" : "its partition type");
        return n < 0 ? NULL : text;
}

char *boot_mount_cure(const BootMount *m)
{
        char *text;

        return string_printf(&text, "mount %s and run ptprep again", m->target) < 0 ? NULL : text;
}
