/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "model/image.h"

/*
 * To look into an image costs up to a second, so a file that was verified once and is the same since (inode, size,
 * times) is believed by its stamp.
 */
static int probe_one(const Probe *p, const ImageStamps *stamps, KernelRelease *k)
{
        const ImageStamp *stamp = image_stamps_find(stamps, k->release);
        ImageQuery query;
        struct stat st;
        int r;

        r = root_stat(p->rfd, k->initrd, &st);
        if (r < 0)
                return probe_soft(r);
        k->initrd_identity = initrd_identity(&st);
        if (stamp && stamp->identity == k->initrd_identity) {
                k->initrd_stamped = k->initrd_known = true;
                k->initrd_digest = stamp->digest;
                k->initrd_modules = stamp->modules ? TRISTATE_YES : TRISTATE_NO;
                return 0;
        }
        image_query_init(&query, p->cfg, k);
        r = initrd_inspect(p->rfd, k->initrd, query.items, query.n, &k->initrd_identity);
        if (r < 0)
                return probe_soft(r);
        k->initrd_known = true;
        k->initrd_digest = image_query_digest(&query);
        k->initrd_modules = image_query_modules(&query);
        return 0;
}

int probe_image(const Probe *p, Facts *f)
{
        _cleanup_(image_stamps_done) ImageStamps stamps = {};
        int r;

        if (p->cfg->n_devices == 0 && !facts_traces(f))
                return 0;
        r = image_stamps_parse(f->image_stamps, &stamps);
        if (r < 0)
                return r;
        FOREACH_ARRAY(k, f->kernels, f->n_kernels) {
                if (!k->initrd_exists)
                        continue;
                r = probe_one(p, &stamps, k);
                if (r < 0)
                        return r;
        }
        return 0;
}
