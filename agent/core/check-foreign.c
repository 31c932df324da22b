/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/check.h"
#include "core/next-boot.h"

/*
 * What others have configured about the same drivers and devices: old guides have people write "options vfio-pci
 * ids=...". Such a line has no effect while a host driver is loaded first. With ptprep the stub driver is, and takes
 * every function that has one of the ids; if the host lives on one of them there is no host any more.
 */

/* What a driver takes besides, of which this is the worst. */
typedef struct Taken {
        const PciFunction *worst;
        HostUseAnswer host;
        size_t others;
} Taken;

static bool stub_is_wanted(const Judgement *j, StubDriver driver)
{
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices)
                if (d->config->driver == driver && d->state == DEVICE_FOUND)
                        return true;
        return false;
}

/* One that a guest's driver has is where somebody wants it, and a bridge is refused by the drivers themselves. */
static bool would_be_taken(const Judgement *j, const PciFunction *f, const char *ids)
{
        StubId id;

        if (pci_is_bridge(f) || driver_is_guests(f->driver) || config_device_at(j->config, f->addr))
                return false;
        while (stub_id_next(&ids, &id))
                if (stub_id_matches(&id, f->id, f->has_subsystem, f->subsystem, f->class))
                        return true;
        return false;
}

/* Gets each ids= that a boot entry has for a stub driver that is wanted. Returns 0 to go on. */
typedef int (*EntryIds)(void *userdata, StubDriver driver, const BootEntry *e, const char *ids);

static int each_ids_of_entries(const Judgement *j, EntryIds tell, void *userdata)
{
        for (StubDriver driver = 0; driver < _STUB_MAX; driver++) {
                char key[32];

                if (!stub_is_wanted(j, driver))
                        continue;
                (void) snprintf(key, sizeof(key), "%s.ids", stub_driver_to_string(driver));
                FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders)
                        FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries) {
                                size_t from = 0;

                                for (const char *ids;
                                     !e->rescue && (ids = kargs_next(boot_entry_words(e), key, &from));) {
                                        int r = tell(userdata, driver, e, ids);

                                        if (r != 0)
                                                return r;
                                }
                        }
        }
        return 0;
}

typedef struct Twin {
        const Judgement *j;
        const PciFunction *function;
} Twin;

static int entry_takes(void *userdata, StubDriver driver, const BootEntry *e, const char *ids)
{
        const Twin *t = userdata;

        (void) driver, (void) e;
        return would_be_taken(t->j, t->function, ids);
}

bool foreign_ids_take(const Judgement *j, const PciFunction *f)
{
        FOREACH_ARRAY(s, j->facts->stub_settings, j->facts->n_stub_settings)
                if (s->kind == STUB_SETTING_IDS && stub_is_wanted(j, s->driver) && would_be_taken(j, f, s->value))
                        return true;
        return each_ids_of_entries(j, entry_takes, &(Twin){ j, f }) > 0;
}

static unsigned weight(const HostUseAnswer *a)
{
        return a->used == TRISTATE_YES ? 2 : a->used == TRISTATE_UNKNOWN;
}

static Taken find_taken(const Judgement *j, const char *ids)
{
        Taken t = {};

        FOREACH_ARRAY(f, j->facts->functions, j->facts->n_functions) {
                HostUseAnswer host;

                if (!would_be_taken(j, f, ids))
                        continue;
                host = host_use_any(j->facts, f, 0);
                t.others += t.worst != NULL;
                if (!t.worst || weight(&host) > weight(&t.host)) {
                        t.worst = f;
                        t.host = host;
                }
        }
        return t;
}

static int judge_ids(const Check *self, const Judgement *j, StubDriver driver, const char *place, const char *ids,
                     CureKind kind, const char *cure, FindingList *ret)
{
        _cleanup_free_ char *chain = NULL;
        const Taken t = find_taken(j, ids);
        char others[48] = "", use[512] = "it is not configured";

        if (!t.worst)
                return 0;
        if (t.others > 0)
                (void) snprintf(others, sizeof(others), " and %zu other%s", t.others, t.others == 1 ? "" : "s");
        if (t.host.used == TRISTATE_YES) {
                chain = host_use_chain(t.host.use);
                if (!chain)
                        return -ENOMEM;
                (void) snprintf(use, sizeof(use), "it %s %s (%s)", host_use_texts[t.host.kind].verb, t.host.use->what,
                                chain);
        } else if (t.host.used == TRISTATE_UNKNOWN)
                (void) snprintf(use, sizeof(use), "cannot tell whether the host lives on it");
        return finding_add(ret, self->id, t.host.used == TRISTATE_NO || t.host.waits ? RESULT_WARN : RESULT_BLOCKED,
                           place, kind, cure, "ids=%.100s has %s take %s (%s)%s too, which ptprep loads early: %s", ids,
                           stub_driver_to_string(driver), PCI_ADDR_TEXT(t.worst->addr), t.worst->driver ?: "no driver",
                           others, use);
}

typedef struct Entries {
        const Check *self;
        const Judgement *j;
        FindingList *findings;
        StringList told[_STUB_MAX]; /* of entries that have the same words only the first is told */
} Entries;

static int judge_entry(void *userdata, StubDriver driver, const BootEntry *e, const char *ids)
{
        Entries *l = userdata;
        _cleanup_free_ char *place = NULL;
        char line[16];
        int r;

        if (string_list_contains(&l->told[driver], ids))
                return 0;
        r = string_list_add(&l->told[driver], ids);
        if (r < 0)
                return r;
        if (boot_entry_word_built_in(e, ids)) {
                r = string_printf(&place, "%s:%u", e->built_in.file, e->built_in.line);
                return r < 0 ? r
                             : judge_ids(l->self, l->j, driver, place, ids, CURE_PERSON,
                                         "build the kernel again without it: it is built in, as CONFIG_CMDLINE",
                                         l->findings);
        }
        r = string_printf(&place, "%s%s", e->file ?: e->id, boot_entry_line(e, line));
        return r < 0 ? r
                     : judge_ids(l->self, l->j, driver, place, ids, CURE_ARGUMENT,
                                 "take it out of the kernel arguments: ptprep claims by address", l->findings);
}

static int judge_entries(const Check *self, const Judgement *j, FindingList *ret)
{
        Entries l = { .self = self, .j = j, .findings = ret };
        int r = each_ids_of_entries(j, judge_entry, &l);

        FOREACH_ARRAY(told, l.told, ELEMENTSOF(l.told))
                string_list_done(told);
        return r;
}

/* "install MODULE COMMAND": true and false never load it; another command may. */
static int judge_install(const Check *self, const StubSetting *s, FindingList *ret)
{
        const size_t n = strcspn(s->value, " \t");
        bool never = false;

        FOREACH_ARRAY(end, ((const char *const[]){ "true", "false" }), 2) {
                const size_t length = strlen(*end);

                never |= n >= length && strncmp(s->value + n - length, *end, length) == 0;
        }
        return finding_add(ret, self->id, never ? RESULT_BLOCKED : RESULT_WARN, s->place, CURE_CONFIGURATION,
                           "take that line out, and have the images made again",
                           "modprobe runs \"%.60s\" in place of loading %s%s", s->value,
                           stub_driver_to_string(s->driver), never ? ", which nothing can be bound to then" : "");
}

/* Is the module a part of all kernels? Then nothing keeps it out. */
static bool is_built_in(const Judgement *j, StubDriver driver, bool type1)
{
        FOREACH_ARRAY(k, j->facts->kernels, j->facts->n_kernels)
                if ((type1 ? k->type1_builtin : k->stub_builtin[driver]) != TRISTATE_YES)
                        return false;
        return j->facts->n_kernels > 0;
}

static bool in_blacklist(const char *list, const char *module)
{
        const size_t n = strlen(module);

        for (; *list; list += strcspn(list, ",\""), list += strspn(list, ",\""))
                if (strcspn(list, ",\"") == n && memcmp(list, module, n) == 0)
                        return true;
        return false;
}

/*
 * The module that these words keep from being loaded, be it asked for by name, and without which a wanted device gets
 * no driver; NULL: none. Names are compared as they are, and of several lists the last one counts (Linux
 * kernel/module/main.c, blacklisted()).
 */
static const char *find_blacklisted(const Judgement *j, const Kargs *k)
{
        static const char *const vfio[] = { "vfio_pci", "vfio_pci_core", "vfio", "vfio_virqfd" };
        const char *value, *list = NULL;
        size_t from = 0;

        while ((value = kargs_next(k, "module_blacklist", &from)))
                list = value;
        FOREACH_ARRAY(d, j->wanted->devices, list ? j->wanted->n_devices : 0) {
                const StubDriver driver = d->config->driver;
                const char *variant = wanted_variant(d);

                if (d->state != DEVICE_FOUND)
                        continue;
                if (variant && in_blacklist(list, variant))
                        return variant;
                if (driver == STUB_VFIO_PCI && in_blacklist(list, TYPE1_MODULE) && !is_built_in(j, driver, true))
                        return TYPE1_MODULE;
                if (is_built_in(j, driver, false))
                        continue;
                if (in_blacklist(list, stub_driver_module(driver)))
                        return stub_driver_module(driver);
                FOREACH_ARRAY(m, vfio, driver == STUB_VFIO_PCI ? ELEMENTSOF(vfio) : 0)
                        if (in_blacklist(list, *m))
                                return *m;
        }
        return NULL;
}

static int tell_blacklisted(const Check *self, Result result, const char *place, CureKind kind, const char *cure,
                            const char *module, FindingList *ret)
{
        return finding_add(ret, self->id, result, place, kind, cure,
                           "module_blacklist= has %s in it: the kernel does not load that, whoever asks, and a device "
                           "that needs it stays without its driver",
                           module);
}

/* Of entries that lack the same module only the first is told. */
static int judge_blacklists(const Check *self, const Judgement *j, FindingList *ret)
{
        static const char cure[] = "take it out of module_blacklist= in the kernel arguments";
        _cleanup_(string_list_done) StringList told = {};
        const char *module;

        FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries) {
                        _cleanup_free_ char *place = NULL;
                        char line[16];
                        int r;

                        module = entry_counts(e) ? find_blacklisted(j, boot_entry_words(e)) : NULL;
                        if (!module || string_list_contains(&told, module))
                                continue;
                        /* what does not boot says nothing of what does */
                        r = l->booted == BOOTED_NO ? 0 : string_list_add(&told, module);
                        if (r >= 0)
                                r = string_printf(&place, "%s%s", e->file ?: e->id, boot_entry_line(e, line));
                        if (r >= 0)
                                r = tell_blacklisted(self, l->booted == BOOTED_NO ? RESULT_WARN : RESULT_BLOCKED, place,
                                                     CURE_ARGUMENT, cure, module, ret);
                        if (r < 0)
                                return r;
                }
        module = j->facts->cmdline_known ? find_blacklisted(j, &j->facts->cmdline) : NULL;
        if (!module || string_list_contains(&told, module))
                return 0;
        if (facts_count_entries(j->facts) > 0 && !facts_unreadable_loader(j->facts))
                return tell_blacklisted(self, RESULT_FAIL, "this boot", CURE_REBOOT,
                                        "reboot: no entry that boots has it any more", module, ret);
        return tell_blacklisted(self, RESULT_BLOCKED, "this boot", CURE_ARGUMENT, cure, module, ret);
}

static int judge_driverctl(const Check *self, const Judgement *j, FindingList *ret)
{
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices) {
                const char *driver = d->function ? d->function->driverctl : NULL;
                const char *variant = wanted_variant(d);
                char subject[WANTED_SUBJECT_MAX], cure[64];
                int r;

                if (!driver ||
                    (stub_driver_holds(d->config->driver, driver) && (!variant || variant_is_driver(variant, driver))))
                        continue;
                (void) snprintf(cure, sizeof(cure), "driverctl unset-override %s", PCI_ADDR_TEXT(d->config->address));
                r = finding_add(ret, self->id, RESULT_WARN, wanted_subject(d, subject), CURE_CONFIGURATION, cure,
                                "/etc/driverctl.d/pci-%s: driverctl gives it to %s at each boot, after ptprep has "
                                "claimed it",
                                PCI_ADDR_TEXT(d->config->address), driver);
                if (r < 0)
                        return r;
        }
        return 0;
}

int check_claim_foreign(const Check *self, const Judgement *j, FindingList *ret)
{
        int r = judge_driverctl(self, j, ret);

        FOREACH_ARRAY(s, j->facts->stub_settings, j->facts->n_stub_settings) {
                if (r < 0 || !stub_is_wanted(j, s->driver))
                        continue;
                if (s->kind == STUB_SETTING_INSTALL)
                        r = judge_install(self, s, ret);
                else
                        r = judge_ids(self, j, s->driver, s->place, s->value, CURE_CONFIGURATION,
                                      "take ids= out there, and have the images made again: ptprep claims by address",
                                      ret);
        }
        if (r >= 0)
                r = judge_blacklists(self, j, ret);
        return r < 0 ? r : judge_entries(self, j, ret);
}
