/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/asked.h"

#include "base/array.h"

void asked_done(Asked *a)
{
        free(a->devices);
        free(a->lost);
        *a = (Asked){};
}

bool asked_has(const Asked *a, const WantedDevice *d)
{
        FOREACH_ARRAY(device, a->devices, a->n)
                if (*device == d)
                        return true;
        return false;
}

static int add(Asked *a, const WantedDevice *d)
{
        const WantedDevice **slot;

        if (asked_has(a, d))
                return 0;
        slot = array_grow(&a->devices, a->n);
        if (!slot)
                return -ENOMEM;
        *slot = d;
        a->n++;
        return 0;
}

static bool has_lost(const Asked *a, const ConfigDevice *c)
{
        FOREACH_ARRAY(section, a->lost, a->n_lost)
                if (*section == c)
                        return true;
        return false;
}

/* A section that means no device is found by its name alone. Returns how many, or -ENOMEM. */
static int add_lost(Asked *a, const DeviceSelection *s)
{
        const ConfigDevice **slot;

        if (!s->lost)
                return 0;
        if (has_lost(a, s->section))
                return 1;
        slot = array_grow(&a->lost, a->n_lost);
        if (!slot)
                return -ENOMEM;
        *slot = s->section;
        a->n_lost++;
        return 1;
}

/* By what is on the machine: every spelling. Returns how many, or -ENOMEM. */
static int add_present(Asked *a, const Judgement *j, const DeviceSelection *s)
{
        int n = 0;

        FOREACH_ARRAY(i, s->items, s->n) {
                const WantedDevice *d = wanted_device_of(j->wanted, j->facts->functions + *i);

                n += d || wanted_maker_of(j->wanted, j->facts->functions + *i);
                if (!d)
                        continue;
                if (add(a, d) < 0)
                        return -ENOMEM;
        }
        return n;
}

/* By what the configuration says: its functions have neither a class nor a name. Returns how many, or -ENOMEM. */
static int add_configured(Asked *a, const Judgement *j, const char *text)
{
        const Wanted *w = j->wanted;
        _cleanup_free_ PciFunction *functions = calloc(w->n_devices + w->n_makers + 1, sizeof(*functions));
        _cleanup_(device_selection_done) DeviceSelection s = {};
        int r;

        if (!functions)
                return -ENOMEM;
        for (size_t i = 0; i < w->n_devices; i++)
                functions[i] = (PciFunction){ .addr = w->devices[i].config->address, .id = w->devices[i].config->id };
        for (size_t i = 0; i < w->n_makers; i++)
                functions[w->n_devices + i] =
                        (PciFunction){ .addr = w->makers[i].config->address, .id = w->makers[i].config->id };
        r = device_select(&(Facts){ .functions = functions, .n_functions = w->n_devices + w->n_makers }, j->config,
                          text, &s);
        if (r < 0 || s.spelling == DEVICE_BY_KIND || s.spelling == DEVICE_BY_WORDS)
                return r;
        FOREACH_ARRAY(i, s.items, s.n)
                if (*i < w->n_devices && add(a, w->devices + *i) < 0)
                        return -ENOMEM;
        return (int) s.n;
}

int asked_add(Asked *a, const Judgement *j, const char *text, DeviceSelection *ret)
{
        _cleanup_(device_selection_done) DeviceSelection s = {};
        int present, configured, lost, r = device_select(j->facts, j->config, text, &s);

        if (r < 0)
                return r;
        lost = add_lost(a, &s);
        if (lost < 0)
                return lost;
        present = add_present(a, j, &s);
        configured = present < 0 ? present : add_configured(a, j, text);
        if (configured < 0)
                return configured;
        *ret = s;
        s = (DeviceSelection){};
        return MAX(lost, MAX(present, configured));
}

const WantedDevice *finding_device(const Wanted *w, const Finding *f)
{
        const char *address = f->subject ? strrchr(f->subject, '(') : NULL;
        char text[sizeof("ffffffff:ff:1f.7")], subject[WANTED_SUBJECT_MAX];
        size_t n = address ? strcspn(++address, ")") : 0;
        PciAddr addr;

        if (n == 0 || n >= sizeof(text))
                return NULL;
        *stpncpy(text, address, n) = 0;
        if (pci_addr_parse(text, &addr) < 0)
                return NULL;
        FOREACH_ARRAY(d, w->devices, w->n_devices)
                if (pci_addr_equal(d->config->address, addr) && streq(wanted_subject(d, subject), f->subject))
                        return d;
        return NULL;
}

const ConfigDevice *finding_section(const Judgement *j, const Finding *f)
{
        const WantedDevice *d = finding_device(j->wanted, f);

        if (d)
                return d->config;
        FOREACH_ARRAY(c, j->config->lost, j->config->n_lost)
                if (streq(f->check, "device.present") && streq_null(f->subject, c->name))
                        return c;
        return NULL;
}

const char *asked_name(const Asked *a, size_t i, char buf[static WANTED_SUBJECT_MAX])
{
        if (i < a->n)
                return wanted_subject(a->devices[i], buf);
        return i - a->n < a->n_lost ? a->lost[i - a->n]->name : NULL;
}

int asked_findings(const Asked *a, const Judgement *j, const FindingList *all, FindingList *ret)
{
        FOREACH_ARRAY(f, all->items, all->n) {
                const WantedDevice *d = finding_device(j->wanted, f);
                const ConfigDevice *section = finding_section(j, f);
                const FindingList one = { f, 1 };

                if ((!section || (d ? asked_has(a, d) : has_lost(a, section))) && finding_add_all(ret, &one, 0) < 0)
                        return -ENOMEM;
        }
        return 0;
}
