/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "grub/loader/kernel-install.h"
#include "initramfs/builders.h"

int probe_builders(const Probe *p, Facts *f)
{
        _cleanup_free_ char *generator = NULL;
        int r = kernel_install_generator(p->rfd, &generator);

        return r < 0 ? r : builders_read(p->rfd, generator, f->builders);
}
