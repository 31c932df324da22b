/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each hop has something that it leads through, and is there once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(routes_done) Routes r = {};

        if (routes_read(&r, data, size, 1) > 1 || routes_resolve(&r) < 0)
                abort();
        FOREACH_ARRAY(h, r.hops, r.n_hops) {
                if (h->index == 0 && h->nexthop == 0)
                        abort();
                for (const RouteHop *k = r.hops; k < h; k++)
                        if (k->is_default == h->is_default && k->link_local == h->link_local && k->index == h->index &&
                            k->nexthop == h->nexthop)
                                abort();
        }
        return 0;
}
