/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-resolve.h"

#include "base/io.h"
#include "base/text.h"
#include "model/claim-limits.h"
#include "model/identity.h"
#include "model/names.h"
#include "probe/config-match.h"
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

/* One section, and what a look for its function needs. */
typedef struct Search {
        const Facts *f;
        const ConfigDevice *d;
        const Identity *recorded; /* NULL: nothing was */
} Search;

/* Is it the very function of the record, as far as can be seen? */
static bool is_recorded(const Search *s, const PciFunction *p)
{
        const Identity *i = s->recorded;

        return i && pci_addr_equal(i->addr, p->addr) && pci_id_equal(i->id, p->id) &&
               !(i->path && p->path && !streq(i->path, p->path)) &&
               !(i->serial && p->serial && !streq(i->serial, p->serial));
}

static bool shows_serial(const PciFunction *p, const char *serial)
{
        return streq_null(p->serial, serial) || streq_null(p->nvme_serial, serial);
}

/* A driver for guests shows neither the one nor the other: then what was recorded of the function counts, unless
 * another one shows it now. */
static bool has_serial(const Search *s, const PciFunction *p, const char *serial)
{
        if (shows_serial(p, serial))
                return true;
        if (!is_recorded(s, p) || (!(!p->serial && streq_null(s->recorded->serial, serial)) &&
                                   !(!p->nvme_serial && streq_null(s->recorded->nvme_serial, serial))))
                return false;
        FOREACH_ARRAY(other, s->f->functions, s->f->n_functions)
                if (shows_serial(other, serial))
                        return false;
        return true;
}

static bool has_mac(const Search *s, const PciFunction *p, const char *mac)
{
        if (p->mac)
                return streq(p->mac, mac);
        if (!is_recorded(s, p) || !streq_null(s->recorded->mac, mac))
                return false;
        FOREACH_ARRAY(other, s->f->functions, s->f->n_functions)
                if (streq_null(other->mac, mac))
                        return false;
        return true;
}

/* All that its section says of what it is. */
static bool is_meant(const Search *s, const PciFunction *p)
{
        const ConfigDevice *d = s->d;

        return !p->unread && !(d->has_id && !pci_id_equal(d->id, p->id)) &&
               !(d->has_subsystem && !(p->has_subsystem && pci_id_equal(d->subsystem, p->subsystem))) &&
               !(d->serial && !has_serial(s, p, d->serial)) && !(d->mac && !has_mac(s, p, d->mac));
}

/* And of where. */
static bool is_meant_there(const Search *s, const PciFunction *p)
{
        return is_meant(s, p) && !(s->d->has_address && !pci_addr_equal(s->d->address, p->addr)) &&
               !(s->d->path && !streq_null(s->d->path, p->path));
}

/*
 * The device that was there before, at another place: the same function of a card with the same serial number, an
 * interface with the same MAC address, or the same id behind the same bridges, whose buses have other numbers now. Its
 * id alone may be its twin's.
 */
static bool has_followed(const Search *s, const PciFunction *p)
{
        static const Identity nothing = {};
        const Identity *i = s->recorded ?: &nothing;
        const char *serial = s->d->serial ?: i->serial, *path = s->d->path ?: i->path;
        const PciAddr before = s->d->has_address ? s->d->address : i->addr;

        if (!is_meant(s, p) || p->addr.function != before.function || (s->recorded && !pci_id_equal(p->id, i->id)))
                return false;
        if ((serial && has_serial(s, p, serial)) || (i->nvme_serial && streq_null(i->nvme_serial, p->nvme_serial)))
                return true;
        if (s->d->mac || (i->mac && p->mac))
                return has_mac(s, p, s->d->mac ?: i->mac);
        return path && streq_null(path, p->path) && !(serial && p->serial);
}

/* The only function of which this is true; *ret_n: how many there are. */
static const PciFunction *find(const Machine *m, const Search *s, bool (*holds)(const Search *, const PciFunction *),
                               size_t *ret_n)
{
        const PciFunction *found = NULL;

        *ret_n = 0;
        FOREACH_ARRAY(p, m->f.functions, m->f.n_functions)
                if (holds(s, p)) {
                        (*ret_n)++;
                        found = p;
                }
        return *ret_n == 1 ? found : NULL;
}

/* Serial numbers and the like of whatever could be meant. */
static int read_identities(Machine *m, const Search *s)
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

static int name_others(const Machine *m, const Search *s, const PciFunction *chosen, char **ret)
{
        FOREACH_ARRAY(p, m->f.functions, m->f.n_functions) {
                _cleanup_free_ char *before = NULL;

                if (p == chosen || !is_meant_there(s, p))
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

/* Address and id of one section, or why not. */
static int resolve(Machine *m, ConfigDevice *d, const Identity *recorded, bool *ret_lost)
{
        const Search s = { .f = &m->f, .d = d, .recorded = recorded };
        const bool placed = d->has_address || d->path;
        const PciFunction *p;
        size_t n;
        int r = read_identities(m, &s);

        if (r < 0)
                return r;
        p = find(m, &s, is_meant_there, &n);
        if (n > 1 && recorded) /* the one that was chosen when it was the only one */
                FOREACH_ARRAY(i, m->f.functions, m->f.n_functions)
                        if (is_recorded(&s, i) && is_meant_there(&s, i))
                                p = i;
        if (n > 1)
                r = name_others(m, &s, p, &d->others);
        if (r < 0)
                return r;
        /* another one may be in its place, and of its kind */
        if (d->follow && !(p && (!placed || has_followed(&s, p)))) {
                size_t n_followed;

                p = find(m, &s, has_followed, &n_followed) ?: p;
        }
        if (p) {
                take_moved(d, recorded ? recorded->addr : d->has_address ? d->address : p->addr, p);
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
        *ret_lost = true;
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

/* Could it be the function of a section whose device was not found? Its number may be one that cannot be seen now. */
static bool may_be_lost(const Config *c, const bool *lost, size_t n, const PciFunction *p)
{
        for (size_t i = 0; i < n; i++) {
                const ConfigDevice *d = c->devices + i;

                if (lost[i] && !d->has_match && (d->has_id || d->has_subsystem) &&
                    !(d->has_id && !pci_id_equal(d->id, p->id)) &&
                    !(d->has_subsystem && p->has_subsystem && !pci_id_equal(d->subsystem, p->subsystem)) &&
                    !(d->has_address && !pci_addr_equal(d->address, p->addr)) &&
                    !(d->serial && (p->serial || p->nvme_serial) && !shows_serial(p, d->serial)) &&
                    !(d->mac && p->mac && !streq(d->mac, p->mac)))
                        return true;
        }
        return false;
}

/* All functions of a set that no other section has. The platform is given away by whoever names it. */
static int expand(const Machine *m, Config *c, size_t set, const bool *lost, size_t n, size_t *ret_n)
{
        const size_t first = c->n_devices;
        bool known = false;

        FOREACH_ARRAY(p, m->f.functions, m->f.n_functions) {
                int r;

                if (p->unread || pci_class_is_platforms(p->class) || !device_match_has(&c->devices[set].match, p) ||
                    device_at(c, p->addr) || may_be_lost(c, lost, n, p))
                        continue;
                if (c->n_devices == CLAIM_DEVICES_MAX)
                        break;
                r = add_member(c, set, p, m->claims);
                if (r < 0)
                        return r;
        }
        *ret_n = c->n_devices - first;
        for (size_t i = first; i < c->n_devices; i++)
                known = known || !c->devices[i].added;
        for (size_t i = first; i < c->n_devices; i++) /* at the first apply all are */
                c->devices[i].added = c->devices[i].added && known;
        return 0;
}

static int resolve_set(const Machine *m, Config *c, size_t i, bool *lost, size_t n)
{
        size_t members = 0;
        int r = expand(m, c, i, lost, n, &members);

        c->devices[i].lost = m->f.pci == TRISTATE_UNKNOWN ? LOST_UNSEEN : LOST_NONE;
        lost[i] = members == 0;
        return r;
}

static int resolve_one(Machine *m, ConfigDevice *d, bool *ret_lost)
{
        _cleanup_(identity_done) Identity recorded = {};
        int r = identity_recorded(m->claims, d->name, &recorded);

        return r == -ENOMEM ? r : resolve(m, d, r < 0 ? NULL : &recorded, ret_lost);
}

/* Cards that have moved on by one: whose place is whose is known when all have been found. The first section has it. */
static int resolve_taken(Config *c, const bool *plain, bool *lost, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                ConfigDevice *d = c->devices + i;
                const ConfigDevice *same = NULL;

                for (size_t k = 0; k < n && !same; k++)
                        if (k != i && (k < i || plain[k]) && !lost[k] && !c->devices[k].has_match &&
                            pci_addr_equal(c->devices[k].address, d->address))
                                same = c->devices + k;
                if (lost[i] || d->has_match || plain[i] || !same)
                        continue;
                d->lost = LOST_TAKEN;
                lost[i] = true;
                free(d->others);
                d->others = NULL;
                if (string_copy(same->name, &d->others) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Sections that have become others, or of which nobody can tell, leave the devices. @away: a mark for each. */
static int sort_out(Config *c, const bool *away, const bool *lost, size_t n)
{
        size_t kept = 0;

        c->lost = calloc(n + 1, sizeof(*c->lost));
        if (!c->lost)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_devices; i++) {
                ConfigDevice *d = c->devices + i;

                if (i < n && lost[i])
                        c->lost[c->n_lost++] = *d;
                else if (i < n && away[i])
                        config_device_done(d);
                else
                        c->devices[kept++] = *d;
        }
        c->n_devices = kept;
        return 0;
}

int config_resolve(int rfd, Config *c)
{
        _cleanup_(machine_done) Machine m = {};
        _cleanup_free_ bool *away = NULL, *lost = NULL, *plain = NULL;
        const size_t n = c->n_devices;
        size_t n_plain = 0;
        int r;

        FOREACH_ARRAY(d, c->devices, n) {
                d->follow = d->follow || (!d->has_address && !d->path && !d->has_match);
                n_plain += is_plain(d);
        }
        if (n_plain == n)
                return 0;
        away = calloc(n + 1, sizeof(*away));
        lost = calloc(n + 1, sizeof(*lost));
        plain = calloc(n + 1, sizeof(*plain));
        if (!away || !lost || !plain)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                plain[i] = is_plain(c->devices + i);
        r = machine_look(rfd, &m);
        for (size_t i = 0; i < n && r >= 0; i++)
                if (!plain[i] && !c->devices[i].has_match)
                        r = resolve_one(&m, c->devices + i, lost + i);
        if (r >= 0)
                r = resolve_taken(c, plain, lost, n);
        /* what is named comes before what is in a set */
        for (size_t i = 0; i < n && r >= 0; i++)
                if (c->devices[i].has_match) {
                        away[i] = true; /* the array may move */
                        r = resolve_set(&m, c, i, lost, n);
                }
        return r < 0 ? r : sort_out(c, away, lost, n);
}
