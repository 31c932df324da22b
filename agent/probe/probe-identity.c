/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "model/identity.h"
#include "probe/pci-identity.h"

/* What tells wanted devices from others of their kind. */

static PciFunction *function_at(Facts *f, PciAddr a)
{
        const PciFunction *found = facts_function(f, a);

        return found ? f->functions + (found - f->functions) : NULL;
}

/* Is it another one than was there, or is it not there at all? Then it matters where it has gone. */
static bool is_amiss(const ConfigDevice *d, const PciFunction *p, const Identity *recorded)
{
        const char *serial = d->serial ?: recorded->serial;

        if (!p || !pci_id_equal(p->id, d->id))
                return true;
        /* a driver for guests hides them, and another one may show them */
        if ((d->mac && !p->mac) || ((recorded->nvme_serial || d->serial) && !p->nvme_serial))
                return true;
        return serial && p->serial && !streq(serial, p->serial) && !streq_null(serial, p->nvme_serial);
}

int probe_identity(const Probe *p, Facts *f)
{
        FOREACH_ARRAY(d, p->cfg->devices, p->cfg->n_devices) {
                PciFunction *function = function_at(f, d->address);
                _cleanup_(identity_done) Identity recorded = {};
                int r = function && !function->unread ? pci_identity_read(p->rfd, function) : 0;

                if (r >= 0)
                        r = probe_soft(identity_recorded(f->claims, d->name, &recorded));
                if (r < 0)
                        return r;
                if (!is_amiss(d, function, &recorded))
                        continue;
                FOREACH_ARRAY(other, f->functions, f->n_functions) {
                        r = pci_id_equal(other->id, d->id) ? pci_identity_read(p->rfd, other) : 0;
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}
