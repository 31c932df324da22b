/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "initramfs/query.h"
#include "model/image.h"

/*
 * To look into an image costs up to a second, so a file that was verified once and is the same since (inode, size,
 * times) is believed by its stamp.
 */
static int probe_content(const Probe *p, const KernelRelease *k, const ImageStamp *stamp, const char *path,
                         uint64_t offset, uint64_t size, ImageContent *c)
{
        ImageQuery query;
        InitrdSeen seen;
        int r;

        r = initrd_identify(p->rfd, path, &c->identity);
        if (r < 0)
                return probe_soft(r);
        if (stamp && stamp->identity == c->identity) {
                c->stamped = c->known = true;
                c->digest = stamp->digest;
                c->modules = stamp->modules ? TRISTATE_YES : TRISTATE_NO;
                c->maker = stamp->maker;
                return 0;
        }
        image_query_init(&query, p->cfg, k);
        r = initrd_inspect_part(p->rfd, path, offset, size, query.items, query.n, &seen);
        if (r < 0)
                return probe_soft(r);
        c->known = true;
        c->identity = seen.identity;
        c->maker = seen.maker;
        c->digest = image_query_digest(&query);
        c->modules = image_query_modules(&query);
        return 0;
}

int probe_image(const Probe *p, Facts *f)
{
        static const KernelRelease nobody = { .has_stub = { TRISTATE_UNKNOWN, TRISTATE_UNKNOWN },
                                              .stub_builtin = { TRISTATE_UNKNOWN, TRISTATE_UNKNOWN },
                                              .has_type1 = TRISTATE_UNKNOWN,
                                              .type1_builtin = TRISTATE_UNKNOWN };
        _cleanup_(image_stamps_done) ImageStamps stamps = {};
        int r;

        if (p->cfg->n_devices == 0 && !facts_traces(f))
                return 0;
        r = image_stamps_parse(f->image_stamps, &stamps);
        for (size_t i = 0; i < f->n_kernels && r >= 0; i++) {
                KernelRelease *k = f->kernels + i;

                if (k->image.exists)
                        r = probe_content(p, k, image_stamps_find(&stamps, k->release), k->initrd, 0, 0, &k->image);
                for (size_t n = 0; n < k->n_loaded && r >= 0; n++) {
                        LoadedImage *l = k->loaded + n;

                        if (l->image.exists)
                                r = probe_content(p, k, image_stamps_find(&stamps, l->path), l->path, l->offset,
                                                  l->size, &l->image);
                }
        }
        for (size_t i = 0; i < f->n_strays && r >= 0; i++)
                r = probe_content(p, &nobody, NULL, f->strays[i].path, 0, 0, &f->strays[i].image);
        return r;
}
