/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/virtual.h"

#include "base/text.h"
#include "core/next-boot.h"
#include "model/names.h"

#define CHECK_VFS "device.vfs"

static const VirtualMaker *sriov_of(const Facts *f, PciAddr addr)
{
        FOREACH_ARRAY(m, f->makers, f->n_makers)
                if (pci_addr_equal(m->addr, addr))
                        return m;
        return NULL;
}

/* Who takes it from where it is takes something from somebody. Of what cannot be told that has to be believed. */
static bool is_used(const Facts *f, const PciFunction *p)
{
        if (!p->driver)
                return false;
        return driver_is_guests(p->driver) || host_use_any(f, p, 0).used != TRISTATE_NO;
}

/* What the host has in the group of a virtual function; NULL: nothing. */
static const PciFunction *shared_with(const Facts *f, const PciFunction *p)
{
        FOREACH_ARRAY(o, f->functions, p->group == PCI_GROUP_NONE ? 0 : f->n_functions)
                if (o != p && o->group == p->group && !pci_is_bridge(o) && o->driver && !driver_is_guests(o->driver) &&
                    !driver_is_harmless(o->driver))
                        return o;
        return NULL;
}

/* The first one that has another address than it shall have; SIZE_MAX: none, as far as the kernel says. */
static size_t find_odd_mac(const WantedMaker *m)
{
        const StringList *now = &m->sriov->macs, *wanted = &m->config->vf_macs;

        for (size_t i = 0; i < MIN(now->n, wanted->n); i++)
                if (*now->items[i] && !streq(now->items[i], wanted->items[i]))
                        return i;
        return SIZE_MAX;
}

/* The first one that shall have an address and whose own nobody tells; SIZE_MAX: none. */
static size_t find_unknown_mac(const WantedMaker *m)
{
        const StringList *now = &m->sriov->macs;

        for (size_t i = 0; i < m->config->vf_macs.n; i++)
                if (i >= now->n || !*now->items[i])
                        return i;
        return SIZE_MAX;
}

/* Where as many are switched on as there shall be. */
static MakerState judge_made(const Facts *f, WantedMaker *m)
{
        const StubDriver stub = vf_driver_stub(m->config->vf_driver);
        const size_t index = (size_t) (m->function - f->functions);
        bool used = false;

        FOREACH_ARRAY(p, f->functions, f->n_functions) {
                if (p->physfn != index)
                        continue;
                m->n_seen++;
                if (stub < 0)
                        continue;
                if (stub_driver_holds(stub, p->driver)) {
                        m->companion = m->companion ?: shared_with(f, p);
                        continue;
                }
                m->n_odd++;
                if (!m->odd || (!used && is_used(f, p)))
                        m->odd = p;
                used = used || is_used(f, p);
        }
        if (m->n_seen < m->config->vfs)
                return MAKER_UNSEEN;
        if (used)
                return MAKER_IN_USE;
        m->odd_mac = find_odd_mac(m);
        m->unknown_mac = find_unknown_mac(m);
        if (m->odd_mac != SIZE_MAX && (m->n_odd == 0 || m->n_odd < m->n_seen)) /* else no guest can have one */
                return MAKER_OTHER_MACS;
        if (m->n_odd > 0)
                return MAKER_LOOSE;
        if (m->companion)
                return MAKER_SHARED;
        return m->unknown_mac != SIZE_MAX ? MAKER_MACS_UNKNOWN : MAKER_DONE;
}

/* What has to be done is done in this very boot, where it can be. */
static MakerState now_or_later(const Facts *f, const Wanted *w, const WantedMaker *m, MakerState state)
{
        const bool needs_iommu = vf_driver_stub(m->config->vf_driver) >= 0;

        return f->live && (!needs_iommu || iommu_state_is_on(w->iommu)) ? state : MAKER_LATER;
}

static MakerState judge_maker(const Facts *f, const Wanted *w, WantedMaker *m)
{
        const ConfigDevice *c = m->config;
        const PciFunction *p = m->function;
        MakerState made;

        if (f->pci == TRISTATE_UNKNOWN)
                return MAKER_UNKNOWN;
        if (!p)
                return MAKER_ABSENT;
        if (!pci_id_equal(p->id, c->id))
                return MAKER_WRONG_ID;
        if (c->path && p->path && !streq(c->path, p->path))
                return MAKER_WRONG_PATH;
        if (driver_is_guests(p->driver))
                return MAKER_CLAIMED;
        if (!m->sriov || m->sriov->known == TRISTATE_UNKNOWN)
                return MAKER_UNKNOWN;
        if (m->sriov->known == TRISTATE_NO || m->sriov->total == 0)
                return MAKER_INCAPABLE;
        if (c->vfs > m->sriov->total)
                return MAKER_TOO_MANY;
        if (m->sriov->n == c->vfs) {
                made = judge_made(f, m);
                return made == MAKER_LOOSE ? now_or_later(f, w, m, made) : made;
        }
        if (m->sriov->n > 0)
                return MAKER_OTHER_NUMBER;
        if (boot_switched_off(f))
                return MAKER_OFF;
        return p->driver ? now_or_later(f, w, m, MAKER_DUE) : MAKER_NO_DRIVER;
}

int wanted_makers(const Config *c, const Facts *f, Wanted *w)
{
        w->makers = calloc(c->n_makers + 1, sizeof(*w->makers));
        if (!w->makers)
                return -ENOMEM;
        FOREACH_ARRAY(i, c->makers, c->n_makers) {
                WantedMaker *m = w->makers + w->n_makers++;

                *m = (WantedMaker){ .config = i,
                                    .function = facts_function(f, i->address),
                                    .sriov = sriov_of(f, i->address),
                                    .odd_mac = SIZE_MAX,
                                    .unknown_mac = SIZE_MAX };
                m->state = judge_maker(f, w, m);
        }
        return 0;
}

const WantedMaker *wanted_maker_of(const Wanted *w, const PciFunction *f)
{
        FOREACH_ARRAY(m, w->makers, w->n_makers)
                if (m->function == f)
                        return m;
        return NULL;
}

static int plan_attribute(Plan *p, PciAddr addr, const char *attribute, const char *value, const char *undo_value)
{
        _cleanup_free_ char *path = NULL;

        if (string_printf(&path, NAME_SYS_PCI_DEVICES "/%s/%s", PCI_ADDR_TEXT(addr), attribute) < 0)
                return -ENOMEM;
        return plan_add_attribute(p, CHECK_VFS, path, value, undo_value) ? 0 : -ENOMEM;
}

/*
 * First it is said that no host driver takes them: the kernel asks for that when a virtual function comes, and one that
 * has an override is taken by that driver all the same (Linux drivers/pci/pci-driver.c, pci_device_can_probe()).
 */
static int plan_making(const WantedMaker *m, Plan *p)
{
        const bool host = m->config->vf_driver == VF_HOST;
        char number[16];
        int r = 0;

        if (m->sriov->autoprobe == (host ? TRISTATE_NO : TRISTATE_YES))
                r = plan_attribute(p, m->config->address, "sriov_drivers_autoprobe", host ? "1" : "0",
                                   host ? "0" : "1");
        (void) snprintf(number, sizeof(number), "%u", m->config->vfs);
        return r < 0 ? r : plan_attribute(p, m->config->address, "sriov_numvfs", number, "0");
}

/*
 * Before a guest can have one. Of addresses that nobody tells some may be wrong, and setting those that are right
 * changes nothing, but to one that a guest has: its driver resets it (Linux i40e_ndo_set_vf_mac() and others).
 */
static bool sets_macs(const WantedMaker *m)
{
        if (m->config->vf_macs.n == 0)
                return false;
        return m->state == MAKER_DUE || m->odd_mac != SIZE_MAX || (m->unknown_mac != SIZE_MAX && m->n_odd == m->n_seen);
}

static int plan_macs(const WantedMaker *m, Plan *p)
{
        VfMacsStep *s = plan_add_vf_macs(p, CHECK_VFS, m->config->address, &m->config->vf_macs);

        if (!s)
                return -ENOMEM;
        s->made = m->state == MAKER_DUE;
        return 0;
}

int plan_makers(const Wanted *w, Plan *p)
{
        FOREACH_ARRAY(m, w->makers, w->n_makers) {
                const StubDriver stub = vf_driver_stub(m->config->vf_driver);
                int r = 0;

                if (m->state != MAKER_DUE && m->state != MAKER_LOOSE)
                        continue;
                if (m->state == MAKER_DUE)
                        r = plan_making(m, p);
                if (r >= 0 && sets_macs(m))
                        r = plan_macs(m, p);
                if (r >= 0 && stub >= 0 && !plan_add_bind(p, CHECK_VFS, m->config->address, stub, m->config->vfs))
                        r = -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}
