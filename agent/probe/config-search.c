/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-search.h"

#include "base/text.h"
#include "model/pciserial.h"

/* What was recorded of a section nothing was recorded of. */
static const Identity nothing;

bool section_has_recorded(const SectionSearch *s, const PciFunction *p)
{
        const Identity *i = s->recorded;

        return i && pci_addr_equal(i->addr, p->addr) && pci_id_equal(i->id, p->id) &&
               !(i->path && p->path && !streq(i->path, p->path)) &&
               !(i->serial && p->serial && !streq(i->serial, p->serial));
}

/* A driver for guests shows neither the one nor the other: then what was recorded of the function counts, unless
 * another one shows it now. */
static bool has_serial(const SectionSearch *s, const PciFunction *p, const char *serial)
{
        if (function_shows_serial(p, serial))
                return true;
        if (!section_has_recorded(s, p) || (!(!p->serial && streq_null(s->recorded->serial, serial)) &&
                                            !(!p->nvme_serial && streq_null(s->recorded->nvme_serial, serial))))
                return false;
        FOREACH_ARRAY(other, s->f->functions, s->f->n_functions)
                if (function_shows_serial(other, serial))
                        return false;
        return true;
}

static bool has_mac(const SectionSearch *s, const PciFunction *p, const char *mac)
{
        if (p->mac)
                return streq(p->mac, mac);
        if (!section_has_recorded(s, p) || !streq_null(s->recorded->mac, mac))
                return false;
        FOREACH_ARRAY(other, s->f->functions, s->f->n_functions)
                if (streq_null(other->mac, mac))
                        return false;
        return true;
}

/* All that its section says of what it is, but for the serial number. */
static bool is_meant_but_number(const SectionSearch *s, const PciFunction *p)
{
        const ConfigDevice *d = s->d;

        return !p->unread && !(d->has_id && !pci_id_equal(d->id, p->id)) &&
               !(d->has_subsystem && !(p->has_subsystem && pci_id_equal(d->subsystem, p->subsystem))) &&
               !(d->mac && !has_mac(s, p, d->mac));
}

static bool is_meant(const SectionSearch *s, const PciFunction *p)
{
        return is_meant_but_number(s, p) && !(s->d->serial && !has_serial(s, p, s->d->serial));
}

/* And of where. */
static bool is_in_place(const ConfigDevice *d, const PciFunction *p)
{
        return !(d->has_address && !pci_addr_equal(d->address, p->addr)) && !(d->path && !streq_null(d->path, p->path));
}

bool section_means_there(const SectionSearch *s, const PciFunction *p)
{
        return is_meant(s, p) && is_in_place(s->d, p);
}

/* Is it a function that was at the place of this section, by what is always known? */
static bool is_like(const ConfigDevice *d, const Identity *recorded, const PciFunction *p)
{
        const bool placed = d->has_address || recorded->id.vendor;
        const PciAddr before = d->has_address ? d->address : recorded->addr;

        return !(placed && p->addr.function != before.function) && !(d->has_id && !pci_id_equal(d->id, p->id)) &&
               !(recorded->id.vendor && !pci_id_equal(recorded->id, p->id));
}

/* Does a number that it shows say that it is the function of another section? Of two that mean it that one is surer,
 * whichever comes first. */
static bool is_of_another(const SectionSearch *s, const PciFunction *p)
{
        for (size_t i = 0; i < s->n; i++) {
                const ConfigDevice *d = s->sections + i;
                const Identity *recorded = s->records + i;
                const char *serial = d->serial ?: recorded->serial, *mac = d->mac ?: recorded->mac;

                if (d == s->d || d->has_match || !is_like(d, recorded, p))
                        continue;
                if ((serial && function_shows_serial(p, serial)) ||
                    (recorded->nvme_serial && streq_null(p->nvme_serial, recorded->nvme_serial)) ||
                    (mac && streq_null(p->mac, mac)))
                        return true;
        }
        return false;
}

bool section_is_told(const SectionSearch *s, const PciFunction *p)
{
        const Identity *i = s->recorded ?: &nothing;
        const char *serial = s->d->serial ?: i->serial, *mac = s->d->mac ?: i->mac;

        return (serial && has_serial(s, p, serial)) || (i->nvme_serial && streq_null(i->nvme_serial, p->nvme_serial)) ||
               (mac && has_mac(s, p, mac));
}

bool section_has_followed(const SectionSearch *s, const PciFunction *p)
{
        const Identity *i = s->recorded ?: &nothing;
        const char *serial = s->d->serial ?: i->serial, *path = s->d->path ?: i->path;
        const PciAddr before = s->d->has_address ? s->d->address : i->addr;

        if (!is_meant(s, p) || p->addr.function != before.function || (s->recorded && !pci_id_equal(p->id, i->id)))
                return false;
        if ((serial && has_serial(s, p, serial)) || (i->nvme_serial && streq_null(i->nvme_serial, p->nvme_serial)))
                return true;
        if (s->d->mac || (i->mac && p->mac))
                return has_mac(s, p, s->d->mac ?: i->mac);
        return path && streq_null(path, p->path) && !(serial && p->serial) && !is_of_another(s, p);
}

bool section_may_mean(const SectionSearch *s, const PciFunction *p)
{
        const Identity *i = s->recorded ?: &nothing;
        const char *serial = s->d->serial ?: s->d->follow ? i->serial : NULL;

        if (!serial || !is_meant_but_number(s, p) || !is_like(s->d, i, p) || (!s->d->follow && !is_in_place(s->d, p)))
                return false;
        return pci_serial_valid(serial) ? p->serial_unread && !p->serial : p->nvme_unread && !p->nvme_serial;
}

const PciFunction *section_find(const SectionSearch *s, SectionTest holds, size_t *ret_n)
{
        const PciFunction *found = NULL;

        *ret_n = 0;
        FOREACH_ARRAY(p, s->f->functions, s->f->n_functions)
                if (holds(s, p)) {
                        (*ret_n)++;
                        found = p;
                }
        return *ret_n == 1 ? found : NULL;
}
