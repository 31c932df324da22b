/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>

#include "apply/step.h"
#include "base/text.h"
#include "base/vf-link.h"

/* A virtual function that has just come may still be resetting; drivers wait a second for it, or none. */
#define TRIES    50U
#define PAUSE_MS 200

/* What the kernel means by its errors (Linux net/core/rtnetlink.c, do_setvfinfo(), and ndo_set_vf_mac() of drivers). */
static const struct {
        int error;
        const char *hint;
} hints[] = {
        { EOPNOTSUPP, "its driver sets no addresses of virtual functions: take vf-macs out of its section" },
        { EINVAL, "its driver has no such virtual function, or does not take this address: journalctl -k -b" },
        { EPERM, "its driver lets nobody do that, or it takes root (CAP_NET_ADMIN)" },
        { EACCES, "its driver lets nobody do that: journalctl -k -b" },
        { EBUSY, "it does not come to rest: see what its driver says, journalctl -k -b" },
        { EAGAIN, "it does not come to rest: see what its driver says, journalctl -k -b" },
        { ENODEV, "the interface of its physical function has gone: see what renames or removes it" },
};

static const char *hint_of(int error)
{
        FOREACH_ARRAY(h, hints, ELEMENTSOF(hints))
                if (error == -h->error)
                        return h->hint;
        return "see the kernel log, journalctl -k -b";
}

static int find(StepContext *c, VfLink *ret)
{
        int r = vf_link_find(c->options->rfd, c->options->live, c->path, ret);

        if (r == -ENODEV)
                return step_failed(c, r,
                                   "%s has no network interface, and only through one its virtual functions get their "
                                   "addresses: see that its host driver makes it, or take vf-macs out of its section",
                                   c->path);
        return r < 0 ? step_failed(c, r, "the network interface of %s cannot be asked about its virtual functions: %s",
                                   c->path, strerror(-r))
                     : 0;
}

static int set_one(const VfLink *l, uint32_t vf, const char *mac)
{
        for (unsigned i = 1;; i++) {
                int r = vf_link_set(l, vf, mac);

                if ((r != -EBUSY && r != -EAGAIN) || i == TRIES)
                        return r;
                (void) poll(NULL, 0, PAUSE_MS);
        }
}

/* What was taken is not what is there with every driver. */
static int verify(StepContext *c)
{
        const StringList *macs = &c->step->vf_macs.macs;
        _cleanup_(vf_link_done) VfLink l = {};
        int r = find(c, &l);

        for (size_t i = 0; i < macs->n && r >= 0; i++) {
                const char *now = i < l.macs.n ? l.macs.items[i] : "";

                if (!*now)
                        return string_list_addf(&c->warnings,
                                                "the addresses of the virtual functions of %s were set, and the kernel "
                                                "does not tell that of number %zu",
                                                c->path, i);
                if (!streq(now, macs->items[i]))
                        return step_failed(c, -EPROTO,
                                           "virtual function %zu of %s was given the address %s, and the kernel tells "
                                           "%s: see what its driver says, journalctl -k -b",
                                           i, c->path, macs->items[i], now);
        }
        return r;
}

int step_vf_macs_do(StepContext *c)
{
        const StringList *macs = &c->step->vf_macs.macs;
        _cleanup_(vf_link_done) VfLink l = {};
        int r = find(c, &l);

        for (size_t i = 0; i < macs->n && r >= 0; i++) {
                r = set_one(&l, (uint32_t) i, macs->items[i]);
                if (r < 0)
                        return step_failed(c, r,
                                           "the kernel did not take the address %s for virtual function %zu of %s: %s; "
                                           "%s",
                                           macs->items[i], i, c->path, strerror(-r), hint_of(r));
        }
        return r < 0 ? r : verify(c);
}

/* Those that this run has made are gone when it is taken back, and nobody has one of the others. */
int step_vf_macs_undo(StepContext *c, Undo *u)
{
        (void) c, (void) u;
        return 0;
}
