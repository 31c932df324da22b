/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/configure.h"

#include "base/escape.h"
#include "base/text.h"
#include "core/device-select.h"
#include "core/verdict.h"
#include "model/device-kind.h"
#include "model/pciclass.h"

void configure_set_done(ConfigureSet *s)
{
        free(s->items);
        *s = (ConfigureSet){};
}

void configure_setting_done(ConfigureSetting *s)
{
        free(s->section);
        free(s->key);
        free(s->value);
        *s = (ConfigureSetting){};
}

static int set_add(ConfigureSet *s, const Facts *f, const Config *c, size_t i)
{
        size_t *slot;

        if (config_device_at(c, f->functions[i].addr))
                return 0;
        FOREACH_ARRAY(item, s->items, s->n)
                if (*item == i)
                        return 0;
        slot = array_grow(&s->items, s->n);
        if (!slot)
                return -ENOMEM;
        *slot = i;
        s->n++;
        return 0;
}

/* Does the function at @i go with the one at @with, which is in the set? */
static bool goes_with(const Facts *f, size_t i, size_t with, bool same_group)
{
        const PciFunction *p = f->functions + i, *other = f->functions + with;

        if (p->unread || pci_class_is_platforms(p->class))
                return false;
        return same_group ? p->group != PCI_GROUP_NONE && p->group == other->group
                          : device_card(f, i) == device_card(f, with);
}

static int add_all(ConfigureSet *s, const Facts *f, const Config *c, const size_t *asked, size_t n, bool same_group)
{
        FOREACH_ARRAY(with, asked, n)
                for (size_t i = 0; i < f->n_functions; i++) {
                        int r = goes_with(f, i, *with, same_group) ? set_add(s, f, c, i) : 0;

                        if (r < 0)
                                return r;
                }
        return 0;
}

int configure_collect(const Facts *f, const Config *c, const size_t *asked, size_t n, ConfigureSet *ret)
{
        _cleanup_(configure_set_done) ConfigureSet s = {};
        int r = 0;

        FOREACH_ARRAY(i, asked, n) {
                r = set_add(&s, f, c, *i);
                if (r < 0)
                        return r;
        }
        s.n_asked = s.n;
        r = add_all(&s, f, c, asked, n, false);
        s.n_card = s.n;
        if (r >= 0)
                r = add_all(&s, f, c, asked, n, true);
        /* and what shares a group with another function of the card */
        for (size_t i = s.n_asked; i < s.n_card && r >= 0; i++) {
                const size_t with = s.items[i];

                r = add_all(&s, f, c, &with, 1, true);
        }
        if (r < 0)
                return r;
        *ret = s;
        s = (ConfigureSet){};
        return 0;
}

int configure_setting_parse(const char *text, ConfigureSetting *ret)
{
        const char *equals = strchr(text, '='), *dot = equals;
        _cleanup_(configure_setting_done) ConfigureSetting s = {};
        char *name;

        if (!equals || equals[1] == 0 || strpbrk(text, "\n\r"))
                return -EINVAL;
        while (dot > text && *dot != '.')
                dot--;
        if (dot == text || dot + 1 == equals)
                return -EINVAL;
        s.section = strndup(text, (size_t) (dot - text));
        s.key = strndup(dot + 1, (size_t) (equals - dot - 1));
        s.value = strdup(equals + 1);
        if (!s.section || !s.key || !s.value)
                return -ENOMEM;
        name = strchr(s.section, '.');
        if (name) /* the first one: the name of a device may have more */
                *name = ' ';
        *ret = s;
        s = (ConfigureSetting){};
        return 0;
}

/* A section that begins with the name would get the keys of one that goes along. */
static bool is_taken(const Config *c, const StringList *taken, const char *name)
{
        FOREACH_ARRAY(d, c->devices, c->n_devices) {
                const char *rest = startswith(d->name, name);

                if (rest && (*rest == 0 || *rest == '-'))
                        return true;
        }
        return string_list_contains(taken, name);
}

static const char *kind_of(const PciFunction *p)
{
        return device_kind_of(p->class) ?: "device";
}

int configure_name(const Facts *f, const Config *c, size_t i, const StringList *taken, char **ret)
{
        for (unsigned n = 0;; n++) {
                _cleanup_free_ char *name = NULL;

                if (string_printf(&name, "%s%u", kind_of(f->functions + i), n) < 0)
                        return -ENOMEM;
                if (is_taken(c, taken, name))
                        continue;
                *ret = TAKE_PTR(name);
                return 0;
        }
}

/* The section of a function that goes along: "device gpu0-audio", with the address where that is not the only one. */
static int section_of(const Facts *f, const ConfigureSet *s, const char *name, size_t i, char **ret)
{
        const PciFunction *p = f->functions + s->items[i];
        size_t n = 0;

        if (i == 0)
                return string_printf(ret, "device %s", name);
        FOREACH_ARRAY(item, s->items + 1, s->n - 1)
                n += streq(kind_of(f->functions + *item), kind_of(p));
        if (n == 1)
                return string_printf(ret, "device %s-%s", name, kind_of(p));
        return string_printf(ret, "device %s-%s-%02x-%02x.%x", name, kind_of(p), p->addr.bus, p->addr.slot,
                             p->addr.function & 7U);
}

static void print_settings(FILE *out, const ConfigureSetting *settings, size_t n, const char *section)
{
        FOREACH_ARRAY(i, settings, n)
                if (streq(i->section, section))
                        fprintf(out, "%s = %s\n", i->key, i->value);
}

static int print_device(FILE *out, const Facts *f, const ConfigureSet *s, const char *section, size_t i)
{
        const PciFunction *p = f->functions + s->items[i];
        _cleanup_free_ char *what = NULL, *plain = NULL;
        int r = device_describe(p, &what);

        if (r >= 0)
                r = escape_text(what, &plain);
        if (r < 0)
                return r;
        fprintf(out, "\n# %s\n[%s]\naddress = %s\nid = %04x:%04x\n", plain, section, PCI_ADDR_TEXT(p->addr),
                p->id.vendor, p->id.device);
        return 0;
}

/* Sections that are of no device here, each once. @done: those that are printed. */
static int print_other_sections(FILE *out, const ConfigureSetting *settings, size_t n, StringList *done)
{
        FOREACH_ARRAY(setting, settings, n) {
                int r;

                if (string_list_contains(done, setting->section))
                        continue;
                fprintf(out, "\n[%s]\n", setting->section);
                print_settings(out, settings, n, setting->section);
                r = string_list_add(done, setting->section);
                if (r < 0)
                        return r;
        }
        return 0;
}

int configure_text(const Facts *f, const ConfigureSet *s, const char *name, const ConfigureSetting *settings,
                   size_t n_settings, char **ret)
{
        _cleanup_(string_list_done) StringList done = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        int r;

        if (!out)
                return -ENOMEM;
        r = s->n > 0 ? string_list_add(&done, "device") : 0;
        fputs("# Written by \"ptprep configure\"; it is yours from here on. See ptprep.conf(5).\n", out);
        for (size_t i = 0; i < s->n && r >= 0; i++) {
                _cleanup_free_ char *section = NULL;

                r = section_of(f, s, name, i, &section);
                if (r >= 0)
                        r = print_device(out, f, s, section, i);
                if (r < 0)
                        break;
                print_settings(out, settings, n_settings, "device");
                print_settings(out, settings, n_settings, section);
                r = string_list_add(&done, section);
        }
        if (r >= 0)
                r = print_other_sections(out, settings, n_settings, &done);
        if (fclose(out) != 0 || r < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}
