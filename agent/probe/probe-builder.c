/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "initramfs/builders.h"

int probe_builders(const Probe *p, Facts *f)
{
        return builders_read(p->rfd, f->builders);
}
