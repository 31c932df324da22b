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

/*
 * Interfaces come, go and are renamed by udev while the virtual functions come up (switchdev has one for each of them),
 * and the one of the function itself may still be made. @tells: one is waited for that tells of virtual functions;
 * where none does so in the end, one that does not may still set their addresses.
 */
static int ask(const StepContext *c, bool tells, VfLink *ret)
{
        for (unsigned i = 1;; i++) {
                _cleanup_(vf_link_done) VfLink l = {};
                int r = vf_link_find(c->options->rfd, c->options->live, c->path, &l);
                bool good = r >= 0 && (l.tells || !tells);

                if (good || (r < 0 && r != -ENODEV) || i == TRIES || !c->options->live) {
                        *ret = l;
                        l = (VfLink){};
                        return r;
                }
                (void) poll(NULL, 0, PAUSE_MS);
        }
}

static int find(StepContext *c, bool tells, VfLink *ret)
{
        int r = ask(c, tells, ret);

        if (r == -ENODEV)
                return step_failed(c, r,
                                   "%s has no network interface, and only through one its virtual functions get their "
                                   "addresses: see that its host driver makes it, or take vf-macs out of its section",
                                   c->path);
        return r < 0 ? step_failed(c, r, "the network interface of %s cannot be asked about its virtual functions: %s",
                                   c->path, strerror(-r))
                     : 0;
}

/* "": nobody tells. */
static const char *told(const StringList *macs, size_t i)
{
        return i < macs->n ? macs->items[i] : "";
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

/* What was taken is not what is there with every driver. @tells: it has told before what there was. */
static int verify(StepContext *c, bool tells)
{
        const StringList *macs = &c->step->vf_macs.macs;
        _cleanup_(vf_link_done) VfLink l = {};
        int r = find(c, tells, &l);

        for (size_t i = 0; i < macs->n && r >= 0; i++) {
                const char *now = told(&l.macs, i);

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
        int r = find(c, true, &l);

        c->vf_macs = l.macs;
        l.macs = (StringList){};
        for (size_t i = 0; i < macs->n && r >= 0; i++) {
                r = set_one(&l, (uint32_t) i, macs->items[i]);
                if (r >= 0 || *told(&c->vf_macs, i)) /* whether it was set after all can be told then */
                        c->n_vf_macs = i + 1;
                if (r < 0)
                        return step_failed(c, r,
                                           "the kernel did not take the address %s for virtual function %zu of %s: %s; "
                                           "%s",
                                           macs->items[i], i, c->path, strerror(-r), hint_of(r));
        }
        return r < 0 ? r : verify(c, l.tells);
}

static int put_back_one(const StepContext *c, const VfLink *l, size_t i, Undo *u)
{
        const char *before = told(&c->vf_macs, i);

        if (*before && streq(told(&l->macs, i), before))
                return 0;
        u->state = UNDO_DONE;
        return *before ? set_one(l, (uint32_t) i, before) : string_list_addf(&u->left, "%s/virtfn%zu", c->path, i);
}

/* As verify(), of what was put back. */
static int verify_undo(const StepContext *c, Undo *u)
{
        _cleanup_(vf_link_done) VfLink l = {};
        int r = ask(c, true, &l);

        for (size_t i = 0; i < c->n_vf_macs && r >= 0; i++) {
                const char *before = told(&c->vf_macs, i), *now = told(&l.macs, i);

                if (!*before || streq(now, before))
                        continue;
                string_printf(&u->reason, "virtual function %zu had the address %s, and the kernel tells %s", i, before,
                              *now ? now : "none");
                return -EPROTO;
        }
        return r;
}

/* Those that this run has made are gone when it is taken back. The others get the addresses that they had; where nobody
 * told them they are left with the new ones, and named. */
int step_vf_macs_undo(StepContext *c, Undo *u)
{
        const bool told_any = c->vf_macs.n > 0;
        _cleanup_(vf_link_done) VfLink l = {};
        int r;

        if (c->step->vf_macs.made || c->n_vf_macs == 0)
                return 0;
        r = ask(c, told_any, &l);
        if (r < 0)
                string_printf(&u->reason, "its network interface cannot be asked: %s", strerror(-r));
        for (size_t i = 0; i < c->n_vf_macs && r >= 0; i++) {
                r = put_back_one(c, &l, i, u);
                if (r < 0)
                        string_printf(&u->reason, "virtual function %zu had the address %s, which was not taken: %s", i,
                                      told(&c->vf_macs, i), strerror(-r));
        }
        return r < 0 || !told_any || u->state == UNDO_NOTHING ? r : verify_undo(c, u);
}
