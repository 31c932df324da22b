/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-virtual.h"

#include "probe/config-scan.h"

int config_check_vfs(const ConfigDevice *d, ConfigError *ret_error)
{
        const char *key = d->has_driver ? "driver" : d->allow ? "allow" : NULL;

        if (d->vfs == 0 && d->has_vf_driver)
                return config_fail(ret_error, -EBADMSG, d->file, d->line,
                                   "[device %s] has vf-driver and no vfs, expected a line such as vfs = 4", d->name);
        if (d->vfs == 0 && d->vf_macs.n > 0)
                return config_fail(ret_error, -EBADMSG, d->file, d->line,
                                   "[device %s] has vf-macs and no vfs, expected a line such as vfs = %zu", d->name,
                                   d->vf_macs.n);
        if (d->vf_macs.n > 0 && d->vf_macs.n != d->vfs)
                return config_fail(
                        ret_error, -EBADMSG, d->file, d->line,
                        "[device %s] has %zu address%s in vf-macs and vfs = %u, expected one for each virtual "
                        "function",
                        d->name, d->vf_macs.n, d->vf_macs.n == 1 ? "" : "es", d->vfs);
        if (d->vfs > 0 && key)
                return config_fail(ret_error, -EBADMSG, d->file, d->line,
                                   "[device %s] has vfs and %s: a device that makes virtual functions stays with its "
                                   "host driver itself, expected vf-driver for what it makes",
                                   d->name, key);
        return 0;
}

/* One network with two of the same address has none that works. */
static int check_others(const Config *c, const ConfigDevice *d, ConfigError *ret_error)
{
        FOREACH_ARRAY(other, c->makers, (size_t) (d - c->makers))
                FOREACH_ARRAY(mac, d->vf_macs.items, d->vf_macs.n)
                        if (string_list_contains(&other->vf_macs, *mac))
                                return config_fail(ret_error, -EBADMSG, d->file, d->line,
                                                   "[device %s] has %s in vf-macs, and so has [device %s] (%s:%u): "
                                                   "expected each address once",
                                                   d->name, *mac, other->name, other->file, other->line);
        return 0;
}

int config_split_makers(Config *c, ConfigError *ret_error)
{
        size_t n = 0;

        c->makers = calloc(c->n_devices + 1, sizeof(*c->makers));
        if (!c->makers)
                return -ENOMEM;
        FOREACH_ARRAY(d, c->devices, c->n_devices)
                if (d->vfs > 0)
                        c->makers[c->n_makers++] = *d;
                else
                        c->devices[n++] = *d;
        c->n_devices = n;
        FOREACH_ARRAY(m, c->makers, c->n_makers) {
                int r = check_others(c, m, ret_error);

                if (r < 0)
                        return r;
        }
        return 0;
}
