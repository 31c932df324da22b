/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "grub/loaders.h"

/* Which loader it is and how its files are read is the business of grub/. */
int probe_loader(const Probe *p, Facts *f)
{
        return loader_read(p->rfd, &f->loader);
}
