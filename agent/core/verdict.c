/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict.h"

#include <stdarg.h>

#include "base/array.h"
#include "base/table.h"
#include "base/text.h"
#include "core/isolation.h"
#include "core/obstacle.h"
#include "model/stub.h"

/* From here on a bound bridge counts as well unless its driver leaves DMA to others, and of the drivers of bridges only
 * pcieport does (struct pci_driver, driver_managed_dma; before that vfio_dev_viable() passed all bridges over). */
#define RELEASE_BRIDGES_COUNT LINUX(5, 19)

static const char *const verdict_state_table[_VERDICT_STATE_MAX] = {
        [VERDICT_READY] = "ready",     [VERDICT_POSSIBLE] = "possible", [VERDICT_CONDITIONAL] = "conditional",
        [VERDICT_UNKNOWN] = "unknown", [VERDICT_BLOCKED] = "blocked",   [VERDICT_NOT_APPLICABLE] = "not-applicable",
};

DEFINE_STRING_TO(verdict_state, VerdictState)

static void breaking_add(Breaking *b, size_t i)
{
        if (b->n < ELEMENTSOF(b->at))
                b->at[b->n] = i;
        b->n++;
}

bool driver_is_harmless(const char *driver)
{
        return !driver || driver_is_guests(driver);
}

static bool breaks_group(const VerdictContext *c, size_t i)
{
        const PciFunction *p = c->facts->functions + i;

        if (p->unread || driver_is_harmless(p->driver) || c->claimed[i])
                return false;
        if (!pci_is_bridge(p))
                return true;
        return c->facts->features.release >= RELEASE_BRIDGES_COUNT && !streq(p->driver, "pcieport");
}

/* Finds out which group each function is in, or will be. */
static int derive_membership(VerdictContext *c)
{
        const Facts *f = c->facts;

        c->expected = !iommu_state_is_on(c->state) && f->n_groups == 0 && f->n_known_groups == 0;
        c->group_of = calloc(f->n_functions + 1, sizeof(*c->group_of));
        c->groups = calloc((c->expected ? f->n_functions : f->n_known_groups) + 1, sizeof(*c->groups));
        if (!c->group_of || !c->groups)
                return -ENOMEM;
        if (c->expected) {
                isolation_expect(f, c->group_of);
                return 0;
        }
        for (size_t i = 0; i < f->n_functions; i++) {
                const IommuGroup *known = facts_group(f, f->functions[i].group);

                c->group_of[i] = known ? (size_t) (known - f->groups) : PCI_PARENT_NONE;
        }
        for (size_t i = 0; i < f->n_known_groups; i++)
                FOREACH_ARRAY(r, f->groups[i].regions, f->groups[i].n_regions)
                        c->groups[i].direct |= r->type == REGION_DIRECT;
        return 0;
}

static int derive_groups(VerdictContext *c)
{
        const Facts *f = c->facts;
        int r;

        r = derive_membership(c);
        if (r < 0)
                return r;
        for (size_t i = 0; i < f->n_functions; i++)
                if (c->group_of[i] != PCI_PARENT_NONE)
                        c->groups[c->group_of[i]].pinned = PCI_PARENT_NONE;
        for (size_t i = 0; i < f->n_functions; i++) {
                const PciFunction *p = f->functions + i;
                GroupState *g;

                if (c->group_of[i] == PCI_PARENT_NONE)
                        continue;
                g = c->groups + c->group_of[i];
                g->members += !pci_class_never_bound(p->class);
                if (p->unread)
                        g->unread = p;
                if (breaks_group(c, i))
                        breaking_add(&g->breaking, i);
                if (g->direct && g->pinned == PCI_PARENT_NONE && context_is_pinned(c, i))
                        g->pinned = i;
        }
        return 0;
}

/* As it is, or what the firmware lets expect once the IOMMU is on. */
static Tristate derive_remapping(const VerdictContext *c)
{
        Tristate now = c->facts->features.interrupt_remapping;

        if (now == TRISTATE_YES || iommu_state_is_on(c->state))
                return now;
        return firmware_denies_remapping(&c->firmware) ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

static void derive_functions(VerdictContext *c)
{
        const Facts *f = c->facts;

        for (size_t i = 0; c->wanted && i < c->wanted->n_devices; i++)
                if (c->wanted->devices[i].state == DEVICE_FOUND || wanted_device_undecided(c->wanted->devices + i))
                        c->claimed[c->wanted->devices[i].function - f->functions] = true;
}

/*
 * A table that Linux puts away keeps the IOMMU off whatever the command line says. Of one that is damaged this is only
 * sure when nothing else explains it.
 */
static IommuState derive_state(const FirmwareMap *m, const char **ret_word)
{
        const AcpiTable *t = iommu_table(m->facts);
        IommuState state = iommu_state(m->facts, ret_word);
        bool damaged = t && t->sound == TRISTATE_NO;

        switch (state) {
        case IOMMU_STATE_OFF_ARGUMENT:
        case IOMMU_STATE_OFF_KERNEL:
                return m->refused ? IOMMU_STATE_OFF_TABLE : state;
        case IOMMU_STATE_OFF_UNEXPLAINED:
                return m->refused || damaged ? IOMMU_STATE_OFF_TABLE : state;
        default:
                return state;
        }
}

int verdict_context_new(const Facts *facts, const Wanted *wanted, VerdictContext **ret)
{
        _cleanup_(verdict_context_freep) VerdictContext *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->facts = facts;
        c->wanted = wanted;
        c->vendor = iommu_vendor(facts);
        c->claimed = calloc(facts->n_functions + 1, sizeof(*c->claimed));
        if (!c->claimed)
                return -ENOMEM;
        r = firmware_map_compute(facts, &c->firmware);
        if (r < 0)
                return r;
        c->state = derive_state(&c->firmware, &c->word);
        r = iommu_state_describe_here(c->state, facts, c->word, &c->text);
        if (r < 0)
                return r;
        c->remapping = derive_remapping(c);
        derive_functions(c);
        r = derive_groups(c);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

IommuState verdict_iommu_state(const VerdictContext *c, const char **ret_word)
{
        *ret_word = c->word;
        return c->state;
}

const PciFunction *verdict_mistaken_scope(const VerdictContext *c, uint32_t *ret_offset)
{
        if (c->firmware.mistaken == PCI_PARENT_NONE)
                return NULL;
        *ret_offset = c->firmware.mistaken_offset;
        return c->facts->functions + c->firmware.mistaken;
}

VerdictContext *verdict_context_free(VerdictContext *c)
{
        if (!c)
                return NULL;
        free(c->groups);
        free(c->group_of);
        free(c->claimed);
        firmware_map_done(&c->firmware);
        iommu_state_text_done(&c->text);
        free(c);
        return NULL;
}

void verdict_done(Verdict *v)
{
        FOREACH_ARRAY(r, v->reasons, v->n_reasons) {
                free(r->text);
                free(r->cure);
        }
        free(v->reasons);
        *v = (Verdict){};
}

int verdict_add(Verdict *v, const char *id, const ReasonKind *s, const char *format, ...)
{
        Reason *slot = array_grow(&v->reasons, v->n_reasons);
        const char *cure = s->cure ?: cure_kind_text(s->cure_kind);
        Reason reason = { .id = id, .weight = s->weight, .result = s->result, .cure_kind = s->cure_kind };
        va_list ap;

        if (!slot)
                return -ENOMEM;
        va_start(ap, format);
        string_vprintf(&reason.text, format, ap);
        va_end(ap);
        reason.cure = cure ? strdup(cure) : NULL;
        if (!reason.text || (cure && !reason.cure)) {
                free(reason.text);
                free(reason.cure);
                return -ENOMEM;
        }
        *slot = reason;
        v->n_reasons++;
        return 0;
}

/* A row of the table: says why not, or nothing. */
typedef struct Obstacle {
        const char *id;
        bool machine; /* the same for every function: the row does not look at it, and is told NULL */
        int (*judge)(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
} Obstacle;

/* In the order in which a person would cure them. */
static const Obstacle obstacles[] = {
        { "device.present", false, obstacle_unread },    { "device.boot-disk", false, obstacle_used },
        { "device.storage", false, obstacle_used },      { "device.network", false, obstacle_used },
        { "device.display", false, obstacle_used },      { "device.keyboard", false, obstacle_used },
        { "device.console", false, obstacle_used },      { "iommu.active", true, obstacle_active },
        { "device.iommu", false, obstacle_covered },     { "device.reserved", false, obstacle_reserved },
        { "device.managed", false, obstacle_managed },   { "group.viable", false, obstacle_group },
        { "iommu.remapping", true, obstacle_remapping }, { "device.denylist", false, obstacle_denylist },
        { "device.virtual", false, obstacle_virtual },   { "device.bootfb", false, obstacle_framebuffer },
        { "device.usb", false, obstacle_usb },           { "group.shared", false, obstacle_shared },
        { "device.reset", false, obstacle_reset },
};

int verdict_machine(const VerdictContext *c, Verdict *ret)
{
        _cleanup_(verdict_done) Verdict v = {};

        FOREACH_ARRAY(o, obstacles, ELEMENTSOF(obstacles)) {
                int r = o->machine ? o->judge(c, NULL, o->id, &v) : 0;

                if (r < 0)
                        return r;
        }
        *ret = v;
        v = (Verdict){};
        return 0;
}

bool verdict_is_of_machine(const char *id)
{
        FOREACH_ARRAY(o, obstacles, ELEMENTSOF(obstacles))
                if (o->machine && streq(o->id, id))
                        return true;
        return false;
}

int verdict_compute(const VerdictContext *c, const PciFunction *f, Verdict *ret)
{
        _cleanup_(verdict_done) Verdict v = {};

        if (pci_class_never_bound(f->class)) {
                *ret = (Verdict){ .state = VERDICT_NOT_APPLICABLE };
                return 0;
        }
        FOREACH_ARRAY(o, obstacles, ELEMENTSOF(obstacles)) {
                int r = o->judge(c, o->machine ? NULL : f, o->id, &v);

                if (r < 0)
                        return r;
        }
        v.state = f->driver && driver_is_harmless(f->driver) ? VERDICT_READY : VERDICT_POSSIBLE;
        FOREACH_ARRAY(r, v.reasons, v.n_reasons)
                if (r->weight > VERDICT_POSSIBLE)
                        v.state = MAX(v.state, r->weight);
        *ret = v;
        v = (Verdict){};
        return 0;
}

const Reason *verdict_reason(const Verdict *v, const char *id)
{
        FOREACH_ARRAY(r, v->reasons, v->n_reasons)
                if (streq(r->id, id))
                        return r;
        return NULL;
}

const Reason *verdict_worst(const Verdict *v)
{
        const Reason *worst = NULL;

        FOREACH_ARRAY(r, v->reasons, v->n_reasons)
                if (r->weight > VERDICT_POSSIBLE && (!worst || r->weight > worst->weight))
                        worst = r;
        return worst;
}
