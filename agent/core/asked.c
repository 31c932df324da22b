/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/asked.h"

#include "base/array.h"

void asked_done(Asked *a)
{
        free(a->devices);
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
        int present, configured, r = device_select(j->facts, j->config, text, &s);

        if (r < 0)
                return r;
        present = add_present(a, j, &s);
        configured = present < 0 ? present : add_configured(a, j, text);
        if (configured < 0)
                return configured;
        *ret = s;
        s = (DeviceSelection){};
        return MAX(present, configured);
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

int asked_findings(const Asked *a, const Wanted *w, const FindingList *all, FindingList *ret)
{
        FOREACH_ARRAY(f, all->items, all->n) {
                const WantedDevice *d = finding_device(w, f);
                const FindingList one = { f, 1 };

                if ((!d || asked_has(a, d)) && finding_add_all(ret, &one, 0) < 0)
                        return -ENOMEM;
        }
        return 0;
}
