/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "select.h"

#include "base/array.h"
#include "core/device-select.h"
#include "model/names.h"
#include "output.h"
#include "probe/companions.h"
#include "probe/config-load.h"
#include "probe/probe.h"

void selection_done(Selection *s)
{
        free(s->items);
        *s = (Selection){};
}

static bool has(const Selection *s, size_t i)
{
        FOREACH_ARRAY(item, s->items, s->n)
                if (*item == i)
                        return true;
        return false;
}

static int add(Selection *s, size_t i)
{
        size_t *slot, at = s->n;

        if (has(s, i))
                return 0;
        slot = array_grow(&s->items, s->n);
        if (!slot)
                return -ENOMEM;
        for (; at > 0 && s->items[at - 1] > i; at--)
                s->items[at] = s->items[at - 1];
        s->items[at] = i;
        s->n++;
        return 0;
}

int select_facts(Run *r, int rfd, unsigned flags)
{
        int e = companions_add(rfd, &r->config);

        if (e < 0)
                return complain(NAME_CONFIG_FILE, e);
        e = facts_gather(rfd, FACTS_FUNCTIONS | flags, &r->config, &r->facts);
        return e < 0 ? complain("reading the machine's state", e) : EXIT_READY;
}

int select_load(Run *r, int rfd, unsigned flags)
{
        _cleanup_(config_error_done) ConfigError error = {};
        int code, e = config_load(rfd, &r->config, &error);

        if (e < 0 && !error.message)
                return complain(NAME_CONFIG_FILE, e);
        if (e < 0) {
                _cleanup_free_ char *place = config_error_place(&error);

                tell("%s: %s; going on without the configuration", place ?: error.file, error.message);
        }
        code = select_facts(r, rfd, flags);
        if (code != EXIT_READY)
                return code;
        if (r->facts.pci == TRISTATE_UNKNOWN) {
                tell("no PCI bus is visible here");
                return EXIT_UNKNOWN;
        }
        e = wanted_compute(&r->config, &r->facts, &r->wanted);
        return e < 0 ? complain("judging the machine's state", e) : EXIT_READY;
}

static int select_argument(const Run *r, const char *text, Selection *ret)
{
        _cleanup_(device_selection_done) DeviceSelection s = {};
        int e = device_select(&r->facts, &r->config, text, &s);

        if (e < 0)
                return complain("selecting", e);
        if (s.n == 0 || !device_selection_is_one_card(&r->facts, &s))
                return tell_selection(&r->facts, &s, text);
        for (size_t i = 0; i < s.n; i++)
                if (add(ret, s.items[i]) < 0)
                        return complain("selecting", -ENOMEM);
        return EXIT_READY;
}

static int select_configured(const Run *r, Selection *ret)
{
        FOREACH_ARRAY(d, r->config.devices, r->config.n_devices) {
                const PciFunction *p = facts_function(&r->facts, d->address);

                if (!p)
                        tell("no device is at %s, the address of [device %s] (%s:%u)", PCI_ADDR_TEXT(d->address),
                             d->name, d->file, d->line);
                else if (add(ret, (size_t) (p - r->facts.functions)) < 0)
                        return complain("selecting", -ENOMEM);
        }
        if (ret->n > 0)
                return EXIT_READY;
        tell("no device is configured here; say which one is meant, \"ptprep list\" shows what there is");
        return EXIT_USAGE;
}

int select_cards(const Run *r, char *const *arguments, size_t n, Selection *ret)
{
        _cleanup_(selection_done) Selection s = {};
        int code = n == 0 ? select_configured(r, &s) : EXIT_READY;

        for (size_t i = 0; code == EXIT_READY && i < n; i++)
                code = select_argument(r, arguments[i], &s);
        if (code == EXIT_READY) {
                *ret = s;
                s = (Selection){};
        }
        return code;
}

int select_add_groups(const Facts *f, Selection *s)
{
        for (size_t i = 0; i < f->n_functions; i++) {
                const PciFunction *p = f->functions + i;
                bool wanted = false;

                if (p->group == PCI_GROUP_NONE || pci_class_is_platforms(p->class))
                        continue;
                FOREACH_ARRAY(item, s->items, s->n)
                        wanted = wanted || f->functions[*item].group == p->group;
                if (wanted && add(s, i) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int select_add(const Selection *s, Selection *ret)
{
        FOREACH_ARRAY(i, s->items, s->n)
                if (add(ret, *i) < 0)
                        return -ENOMEM;
        return 0;
}

static bool has_group(const Facts *f, const Selection *s, int32_t group)
{
        for (size_t i = 0; i < f->n_functions; i++) {
                const PciFunction *p = f->functions + i;

                if (p->group == group && !pci_class_is_platforms(p->class) && !has(s, i))
                        return false;
        }
        return true;
}

bool selection_is_hindered(const Facts *f, const Selection *s, const PciFunction *p, const Reason *reason)
{
        return reason->weight > VERDICT_POSSIBLE && !(streq(reason->id, "group.viable") && has_group(f, s, p->group));
}
