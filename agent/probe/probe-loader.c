/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "grub/loaders.h"

/* Which loaders there are and how their files are read is the business of grub/. */
int probe_loader(const Probe *p, Facts *f)
{
        return loaders_read(p->rfd, &f->loaders, &f->n_loaders);
}
