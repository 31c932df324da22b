/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bootmount.h"

#include "array.h"

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

static bool copy_text(char **to, const char *from)
{
        *to = from ? strdup(from) : NULL;
        return !from || *to;
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
                if (!copy_text(&c->target, m->target) || !copy_text(&c->source, m->source) ||
                    !copy_text(&c->device, m->device) || !copy_text(&c->type, m->type) ||
                    !copy_text(&c->options, m->options) || !copy_text(&c->elsewhere, m->elsewhere) ||
                    !copy_text(&c->failure, m->failure))
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
                n = asprintf(&text, "cannot tell what is on it: %s", m->failure);
        else if (m->elsewhere)
                n = asprintf(&text, "not mounted there; %s is mounted at %s, and was read from it", m->device,
                             m->elsewhere);
        else
                n = asprintf(&text, "not mounted; %s (%s), found by %s, was mounted for ptprep alone and read",
                             m->device, m->type, m->listed ? "its line in /etc/fstab" : "its partition type");
        return n < 0 ? NULL : text;
}

char *boot_mount_cure(const BootMount *m)
{
        char *text;

        return asprintf(&text, "mount %s and run ptprep again", m->target) < 0 ? NULL : text;
}
