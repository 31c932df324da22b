/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-resolve.h"

#include "base/io.h"
#include "base/text.h"
#include "model/claim-limits.h"
#include "model/identity.h"
#include "model/names.h"
#include "probe/config-match.h"
#include "probe/config-search.h"
#include "probe/pci-identity.h"
#include "probe/probe.h"

/* What is there, and what was at the last apply. */
typedef struct Machine {
        int rfd;
        Facts f; /* functions alone */
        char *claims;
} Machine;

static void machine_done(Machine *m)
{
        facts_done(&m->f);
        free(m->claims);
}

/* What becomes of a section. */
typedef struct Fate {
        bool plain; /* it says address and id, and stays there */
        bool away;  /* others have come of it */
        bool lost;
        bool told; /* a number says that the function is the one, and not its place alone */
} Fate;

static int machine_look(int rfd, Machine *m)
{
        const Config none = {};
        const Probe p = { .rfd = rfd, .cfg = &none };
        int r;

        m->rfd = rfd;
        facts_init(&m->f);
        if (rfd < 0)
                return 0;
        r = probe_soft(root_read_text(rfd, NAME_CLAIMS, &m->claims));
        return r < 0 ? r : probe_pci(&p, &m->f);
}

bool config_identifies(const ConfigDevice *d)
{
        return d->has_id || d->has_subsystem || d->serial || d->mac;
}

static bool is_plain(const ConfigDevice *d)
{
        return d->has_address && d->has_id && !d->follow && !d->has_match;
}

/* Serial numbers and the like of whatever could be meant. */
static int read_identities(Machine *m, const SectionSearch *s)
{
        const ConfigDevice *d = s->d;

        if (!d->serial && !d->mac && !d->follow)
                return 0;
        FOREACH_ARRAY(p, m->f.functions, m->f.n_functions) {
                const bool possible =
                        !p->unread && !(d->has_id && !pci_id_equal(d->id, p->id)) && !pci_class_never_bound(p->class);
                int r = possible ? pci_identity_read(m->rfd, p) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

static int name_others(const Machine *m, const SectionSearch *s, const PciFunction *chosen, char **ret)
{
        FOREACH_ARRAY(p, m->f.functions, m->f.n_functions) {
                _cleanup_free_ char *before = NULL;

                if (p == chosen || !section_means_there(s, p))
                        continue;
                before = TAKE_PTR(*ret);
                if (before && strlen(before) > 96) /* enough of them */
                        return string_printf(ret, "%s%s", before, endswith(before, "...") ? "" : ", ...");
                if (string_printf(ret, "%s%s%s", before ?: "", before ? ", " : "", PCI_ADDR_TEXT(p->addr)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static void take(ConfigDevice *d, PciAddr addr, PciId id)
{
        d->address = addr;
        d->has_address = true;
        if (!d->has_id)
                d->id = id;
        d->has_id = true;
}

/* It is at another place than its section says, or the record. */
static void take_moved(ConfigDevice *d, PciAddr before, const PciFunction *p)
{
        d->has_moved = !pci_addr_equal(before, p->addr);
        d->moved_from = before;
        take(d, p->addr, p->id);
        if (d->path && !streq_null(d->path, p->path)) {
                free(d->path);
                d->path = NULL;
        }
}

/* Is a device of its id where it says? Then that is the one, as far as can be seen. */
static bool is_in_place(const Machine *m, const ConfigDevice *d)
{
        const PciFunction *p = d->has_address && d->has_id ? facts_function(&m->f, d->address) : NULL;

        return p && pci_id_equal(p->id, d->id);
}

/* Address and id of one section, or why not. */
static int resolve(Machine *m, const SectionSearch *s, ConfigDevice *d, Fate *fate)
{
        const Identity *recorded = s->recorded;
        const bool placed = d->has_address || d->path;
        const PciFunction *p;
        size_t n, n_unread;
        int r = read_identities(m, s);

        if (r < 0)
                return r;
        p = section_find(s, section_means_there, &n);
        if (n > 1 && recorded) /* the one that was chosen when it was the only one */
                FOREACH_ARRAY(i, m->f.functions, m->f.n_functions)
                        if (section_has_recorded(s, i) && section_means_there(s, i))
                                p = i;
        if (n > 1)
                r = name_others(m, s, p, &d->others);
        if (r < 0)
                return r;
        /* another one may be in its place, and of its kind */
        if (d->follow && !(p && (!placed || section_has_followed(s, p)))) {
                size_t n_followed;

                p = section_find(s, section_has_followed, &n_followed) ?: p;
        }
        if (p) {
                fate->told = section_is_told(s, p);
                take_moved(d, recorded ? recorded->addr : d->has_address ? d->address : p->addr, p);
                return 0;
        }
        (void) section_find(s, section_may_mean, &n_unread);
        if (n_unread > 0 && !is_in_place(m, d)) {
                d->lost = LOST_UNREAD;
                fate->lost = true;
                return 0;
        }
        if (n <= 1 && d->has_address && d->has_id)
                return 0;
        if (n <= 1 && recorded && !(d->has_address && !pci_addr_equal(d->address, recorded->addr)) &&
            !(d->has_id && !pci_id_equal(d->id, recorded->id))) {
                take(d, recorded->addr, recorded->id);
                return 0;
        }
        d->lost = m->f.pci == TRISTATE_UNKNOWN ? LOST_UNSEEN : n > 1 ? LOST_SEVERAL : LOST_NONE;
        fate->lost = true;
        return 0;
}

/* Which of the sections that mean one device has this function. */
static const ConfigDevice *device_at(const Config *c, PciAddr addr)
{
        FOREACH_ARRAY(d, c->devices, c->n_devices)
                if (d->has_address && !d->has_match && pci_addr_equal(d->address, addr))
                        return d;
        return NULL;
}

/* Appends a section for one function of a set. @set: its index, since the array may move. */
static int add_member(Config *c, size_t set, const PciFunction *p, const char *claims)
{
        ConfigDevice *d = array_grow(&c->devices, c->n_devices);
        const ConfigDevice *s = c->devices + set;
        Identity recorded = {};
        int r;

        if (!d)
                return -ENOMEM;
        c->n_devices++;
        *d = (ConfigDevice){ .line = s->line,
                             .address = p->addr,
                             .id = p->id,
                             .has_address = true,
                             .has_id = true,
                             .driver = s->driver,
                             .best = s->best,
                             .optional = s->optional,
                             .group = s->group,
                             .has_group = s->has_group,
                             .allow = s->allow,
                             .of_set = true };
        r = string_copy(s->file, &d->file);
        if (r < 0 || string_printf(&d->name, "%s.%s", s->name, PCI_ADDR_TEXT(p->addr)) < 0)
                return -ENOMEM;
        for (char *colon = d->name; *colon; colon++) /* the name of a device has none */
                if (*colon == ':')
                        *colon = '-';
        r = identity_recorded(claims, d->name, &recorded);
        d->added = r == -ENOENT;
        identity_done(&recorded);
        return r == -ENOMEM ? r : 0;
}

/* The section whose device was not found, and whose function it could be: its number may be one that cannot be seen
 * now. NULL: it is of none. */
static const ConfigDevice *may_be_lost(const Config *c, const Fate *fates, size_t n, const PciFunction *p)
{
        for (size_t i = 0; i < n; i++) {
                const ConfigDevice *d = c->devices + i;

                if (fates[i].lost && !d->has_match && (d->has_id || d->has_subsystem || d->lost == LOST_UNREAD) &&
                    !(d->has_id && !pci_id_equal(d->id, p->id)) &&
                    !(d->has_subsystem && p->has_subsystem && !pci_id_equal(d->subsystem, p->subsystem)) &&
                    !(d->has_address && !pci_addr_equal(d->address, p->addr)) &&
                    !(d->serial && (p->serial || p->nvme_serial) && !function_shows_serial(p, d->serial)) &&
                    !(d->mac && p->mac && !streq(d->mac, p->mac)))
                        return d;
        }
        return NULL;
}

/* Is it of this set, and of no other section that has its device? The platform is given away by whoever names it. */
static bool is_member(const Config *c, size_t set, const PciFunction *p)
{
        return !p->unread && !pci_class_is_platforms(p->class) && device_match_has(&c->devices[set].match, p) &&
               !device_at(c, p->addr);
}

/* How many lines the others leave in a claim list. */
static size_t room_for_set(const Config *c, const Fate *fates, size_t n)
{
        size_t taken = c->n_devices - n;

        for (size_t i = 0; i < n; i++)
                taken += !fates[i].lost && !c->devices[i].has_match && c->devices[i].vfs == 0;
        return CLAIM_DEVICES_MAX - MIN(taken, (size_t) CLAIM_DEVICES_MAX);
}

/* A section for each function of a set. @n: sections that were there before any of a set. */
static int resolve_set(const Machine *m, Config *c, size_t set, Fate *fates, size_t n)
{
        const size_t first = c->n_devices, room = room_for_set(c, fates, n);
        size_t members = 0;
        bool known = false, unread = false;

        FOREACH_ARRAY(p, m->f.functions, m->f.n_functions) {
                const ConfigDevice *other = is_member(c, set, p) ? may_be_lost(c, fates, n, p) : NULL;

                members += !other && is_member(c, set, p);
                unread = unread || (other && other->lost == LOST_UNREAD);
        }
        fates[set].away = true;
        fates[set].lost = members == 0 || members > room;
        c->devices[set].n_meant = members;
        c->devices[set].n_room = room;
        c->devices[set].lost = m->f.pci == TRISTATE_UNKNOWN ? LOST_UNSEEN
                               : members > room             ? LOST_MANY
                               : unread                     ? LOST_UNREAD
                                                            : LOST_NONE;
        FOREACH_ARRAY(p, m->f.functions, fates[set].lost ? 0 : m->f.n_functions) {
                const bool member = is_member(c, set, p) && !may_be_lost(c, fates, n, p);
                int r = member ? add_member(c, set, p, m->claims) : 0;

                if (r < 0)
                        return r;
        }
        for (size_t i = first; i < c->n_devices; i++)
                known = known || !c->devices[i].added;
        for (size_t i = first; i < c->n_devices; i++) /* at the first apply all are */
                c->devices[i].added = c->devices[i].added && known;
        return 0;
}

/* Of two sections that mean one function: who has it for certain? */
static bool is_surer(const Fate *fates, size_t k, size_t i)
{
        if (fates[k].plain || fates[k].told != fates[i].told)
                return fates[k].plain || fates[k].told;
        return k < i;
}

/* Cards that have moved on by one: whose place is whose is known when all have been found. */
static int resolve_taken(Config *c, Fate *fates, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                ConfigDevice *d = c->devices + i;
                const ConfigDevice *same = NULL;

                for (size_t k = 0; k < n && !same; k++)
                        if (k != i && is_surer(fates, k, i) && !fates[k].lost && !c->devices[k].has_match &&
                            pci_addr_equal(c->devices[k].address, d->address))
                                same = c->devices + k;
                if (fates[i].lost || d->has_match || fates[i].plain || !same)
                        continue;
                d->lost = LOST_TAKEN;
                fates[i].lost = true;
                free(d->others);
                d->others = NULL;
                if (string_copy(same->name, &d->others) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Sections that have become others, or of which nobody can tell, leave the devices. @fates: of the first n. */
static int sort_out(Config *c, const Fate *fates, size_t n)
{
        size_t kept = 0;

        c->lost = calloc(n + 1, sizeof(*c->lost));
        if (!c->lost)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_devices; i++) {
                ConfigDevice *d = c->devices + i;

                if (i < n && fates[i].lost)
                        c->lost[c->n_lost++] = *d;
                else if (i < n && fates[i].away)
                        config_device_done(d);
                else
                        c->devices[kept++] = *d;
        }
        c->n_devices = kept;
        return 0;
}

/* What the claim list has of each section; of no vendor where it has none. */
static int read_records(const Machine *m, const Config *c, Identity *records, size_t n)
{
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = probe_soft(identity_recorded(m->claims, c->devices[i].name, records + i));
        return r;
}

static int resolve_all(int rfd, Config *c, Fate *fates, Identity *records, size_t n)
{
        _cleanup_(machine_done) Machine m = {};
        int r = machine_look(rfd, &m);

        if (r >= 0)
                r = read_records(&m, c, records, n);
        for (size_t i = 0; i < n && r >= 0; i++) {
                const SectionSearch s = { .f = &m.f,
                                          .sections = c->devices,
                                          .records = records,
                                          .n = n,
                                          .d = c->devices + i,
                                          .recorded = records[i].id.vendor ? records + i : NULL };

                if (!fates[i].plain && !c->devices[i].has_match)
                        r = resolve(&m, &s, c->devices + i, fates + i);
        }
        if (r >= 0)
                r = resolve_taken(c, fates, n);
        /* what is named comes before what is in a set */
        for (size_t i = 0; i < n && r >= 0; i++)
                if (c->devices[i].has_match)
                        r = resolve_set(&m, c, i, fates, n);
        return r < 0 ? r : sort_out(c, fates, n);
}

int config_resolve(int rfd, Config *c)
{
        _cleanup_free_ Fate *fates = NULL;
        const size_t n = c->n_devices;
        size_t n_plain = 0;
        Identity *records;
        int r;

        FOREACH_ARRAY(d, c->devices, n) {
                d->follow = d->follow || (!d->has_address && !d->path && !d->has_match);
                n_plain += is_plain(d);
        }
        if (n_plain == n)
                return 0;
        fates = calloc(n + 1, sizeof(*fates));
        records = calloc(n + 1, sizeof(*records));
        for (size_t i = 0; fates && i < n; i++)
                fates[i].plain = is_plain(c->devices + i);
        r = fates && records ? resolve_all(rfd, c, fates, records, n) : -ENOMEM;
        FOREACH_ARRAY(i, records, records ? n : 0)
                identity_done(i);
        free(records);
        return r;
}
