/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/query.h"

#include "model/image.h"
#include "model/names.h"

static void add_item(ImageQuery *q, const char *name, bool module)
{
        q->items[q->n++] = (InitrdItem){ .name = name, .module = module };
}

static void add_module(ImageQuery *q, const char *name, Tristate has, Tristate builtin)
{
        if (has == TRISTATE_UNKNOWN)
                q->modules_unknown = true;
        else if (has == TRISTATE_YES && builtin == TRISTATE_NO)
                add_item(q, name, true);
}

void image_query_init(ImageQuery *q, const Config *cfg, const KernelRelease *k)
{
        bool wanted[_STUB_MAX] = {};

        *q = (ImageQuery){};
        add_item(q, &NAME_CLAIMS[1], false);
        add_item(q, &NAME_CLAIM_HELPER[1], false);
        FOREACH_ARRAY(d, cfg->devices, cfg->n_devices)
                wanted[d->driver] = true;
        for (StubDriver d = 0; d < _STUB_MAX; d++)
                if (wanted[d])
                        add_module(q, stub_driver_module(d), k->has_stub[d], k->stub_builtin[d]);
        if (wanted[STUB_VFIO_PCI])
                add_module(q, TYPE1_MODULE, k->has_type1, k->type1_builtin);
}

uint64_t image_query_digest(const ImageQuery *q)
{
        const InitrdItem *claims = q->items, *helper = q->items + 1;

        return claims->found && helper->found ? image_digest_of_hashes(claims->hash, helper->hash) : 0;
}

Tristate image_query_modules(const ImageQuery *q)
{
        FOREACH_ARRAY(i, q->items, q->n)
                if (i->module && !i->found)
                        return TRISTATE_NO;
        return q->modules_unknown ? TRISTATE_UNKNOWN : TRISTATE_YES;
}
