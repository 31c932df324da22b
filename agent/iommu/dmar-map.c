/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/dmar-map.h"

#include "base/array.h"
#include "model/pciclass.h"

#define HAW_MIN_BITS 12U /* Linux wants PAGE_SHIFT - 1 at least, and the field is one less than the width */

static int compare_entries(const void *a, const void *b)
{
        const DmarScopeEntry *x = a, *y = b;

        if (x->function != y->function)
                return x->function < y->function ? -1 : 1;
        return (x->structure > y->structure) - (x->structure < y->structure);
}

/* The bus behind each bridge, from what is on it. Virtual functions can be on a bus number of their own. */
static int find_secondary(const Facts *f, int16_t **ret)
{
        int16_t *secondary = calloc(MAX(f->n_functions, (size_t) 1), sizeof(*secondary));

        if (!secondary)
                return -ENOMEM;
        for (size_t i = 0; i < f->n_functions; i++)
                secondary[i] = -1;
        FOREACH_ARRAY(p, f->functions, f->n_functions)
                if (p->parent != PCI_PARENT_NONE && p->physfn == PCI_PARENT_NONE &&
                    (secondary[p->parent] < 0 || p->addr.bus < secondary[p->parent]))
                        secondary[p->parent] = p->addr.bus;
        *ret = secondary;
        return 0;
}

static size_t find_function(const Facts *f, uint32_t domain, uint8_t bus, const DmarHop *hop)
{
        const PciFunction *p;

        if (hop->device > 0x1f || hop->function > 7)
                return PCI_PARENT_NONE;
        p = facts_function(f,
                           (PciAddr){ .domain = domain, .bus = bus, .slot = hop->device, .function = hop->function });
        /* Linux resolves before there are virtual functions */
        return p && p->physfn == PCI_PARENT_NONE ? (size_t) (p - f->functions) : PCI_PARENT_NONE;
}

size_t dmar_map_resolve(const DmarMap *m, uint16_t segment, const DmarScope *s, DmarMatch *ret_match)
{
        const Facts *f = m->facts;
        size_t at;

        *ret_match = DMAR_MATCH_NONE;
        if (s->n_path == 0)
                return PCI_PARENT_NONE;
        at = find_function(f, segment, s->bus, s->path);
        if (at == PCI_PARENT_NONE)
                return PCI_PARENT_NONE;
        if (f->functions[at].parent != PCI_PARENT_NONE) { /* not on a root bus */
                *ret_match = s->n_path == 1 ? DMAR_MATCH_NUMBER : DMAR_MATCH_NONE;
                return s->n_path == 1 ? at : PCI_PARENT_NONE;
        }
        for (size_t i = 1; i < s->n_path; i++) {
                if (m->secondary[at] < 0)
                        return PCI_PARENT_NONE;
                at = find_function(f, segment, (uint8_t) m->secondary[at], s->path + i);
                if (at == PCI_PARENT_NONE)
                        return PCI_PARENT_NONE;
        }
        *ret_match = DMAR_MATCH_PATH;
        return at;
}

/* Linux wants a normal header under "endpoint"; under "bridge" a bridge, or at least the class of one. */
static bool type_contradicts(const DmarScope *s, const PciFunction *f)
{
        if (s->type == DMAR_SCOPE_ENDPOINT)
                return pci_is_bridge(f);
        return !pci_is_bridge(f) && pci_class_base(f->class) != CLASS_BRIDGE;
}

static int add_scopes(DmarMap *m, size_t structure, DmarScopeEntry **list, size_t *n)
{
        const DmarStructure *d = m->dmar->structures + structure;

        FOREACH_ARRAY(s, d->scopes, d->n_scopes) {
                DmarMatch match;
                DmarScopeEntry *e;
                size_t at;

                if (!dmar_scope_is_pci(s))
                        continue;
                at = dmar_map_resolve(m, d->segment, s, &match);
                if (at == PCI_PARENT_NONE) {
                        m->n_unresolved++;
                        continue;
                }
                if (type_contradicts(s, m->facts->functions + at) && m->fault == DMAR_FAULT_NONE) {
                        m->fault = DMAR_FAULT_TYPE;
                        m->fault_offset = s->offset;
                        m->fault_function = at;
                }
                e = array_grow(list, *n);
                if (!e)
                        return -ENOMEM;
                *e = (DmarScopeEntry){ .function = at, .structure = structure, .match = match };
                (*n)++;
        }
        return 0;
}

static void set_fault(DmarMap *m, DmarFault fault, uint32_t offset)
{
        if (m->fault != DMAR_FAULT_NONE)
                return;
        m->fault = fault;
        m->fault_offset = offset;
}

static int map_structures(DmarMap *m)
{
        bool any_unit = false;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < m->dmar->n_structures; i++) {
                const DmarStructure *d = m->dmar->structures + i;

                if (d->type == DMAR_DRHD) {
                        any_unit = true;
                        if (d->base == 0)
                                set_fault(m, DMAR_FAULT_UNIT_AT_ZERO, d->offset);
                        r = add_scopes(m, i, &m->units, &m->n_units);
                } else if (d->type == DMAR_RMRR)
                        r = add_scopes(m, i, &m->regions, &m->n_regions);
        }
        if (r < 0)
                return r;
        if (!any_unit)
                set_fault(m, DMAR_FAULT_NO_UNIT, 0);
        if (m->dmar->host_address_width < HAW_MIN_BITS)
                set_fault(m, DMAR_FAULT_WIDTH, ACPI_HEADER_BYTES);
        if (m->n_units > 0)
                qsort(m->units, m->n_units, sizeof(*m->units), compare_entries);
        if (m->n_regions > 0)
                qsort(m->regions, m->n_regions, sizeof(*m->regions), compare_entries);
        return 0;
}

int dmar_map_compute(const Facts *facts, const Dmar *dmar, DmarMap *ret)
{
        _cleanup_(dmar_map_done) DmarMap m = { .facts = facts, .dmar = dmar, .fault_function = PCI_PARENT_NONE };
        int r;

        r = find_secondary(facts, &m.secondary);
        if (r >= 0)
                r = map_structures(&m);
        if (r < 0)
                return r;
        *ret = m;
        m = (DmarMap){};
        return 0;
}

void dmar_map_done(DmarMap *m)
{
        free(m->secondary);
        free(m->units);
        free(m->regions);
        *m = (DmarMap){};
}

/* The first entry of a function; NULL: it has none. */
static const DmarScopeEntry *find_entry(const DmarScopeEntry *list, size_t n, size_t function)
{
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (list[middle].function < function)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < n && list[low].function == function ? list + low : NULL;
}

static const DmarStructure *unit_of_rest(const Dmar *dmar, uint32_t domain)
{
        DMAR_FOREACH(d, dmar, DMAR_DRHD)
        if ((d->flags & DMAR_DRHD_INCLUDE_PCI_ALL) && d->segment == domain)
                return d;
        return NULL;
}

bool dmar_map_unit(const DmarMap *m, size_t i, FirmwareUnit *ret)
{
        const PciFunction *functions = m->facts->functions;
        const DmarScopeEntry *e = NULL;
        const DmarStructure *d;

        i = firmware_requester(m->facts, i);
        if (functions[i].physfn != PCI_PARENT_NONE) /* tables list physical functions only */
                i = functions[i].physfn;
        for (size_t up = i; up != PCI_PARENT_NONE && !e; up = functions[up].parent)
                e = find_entry(m->units, m->n_units, up);
        d = e ? m->dmar->structures + e->structure : unit_of_rest(m->dmar, functions[i].addr.domain);
        if (d)
                *ret = (FirmwareUnit){ .kind = "DRHD", .offset = d->offset, .base = d->base, .by_rest = !e };
        return d != NULL;
}

bool dmar_is_relaxable(const PciFunction *f)
{
        return pci_class_sub(f->class) == CLASS_SERIAL_USB || pci_class_base(f->class) == CLASS_DISPLAY;
}

/* A range of the DMAR; Linux takes it as it stands, also where it ends before it starts. */
static void region_of_rmrr(const DmarMap *m, const DmarScopeEntry *e, const PciFunction *f, FirmwareRegion *ret)
{
        const DmarStructure *d = m->dmar->structures + e->structure;

        *ret = (FirmwareRegion){ .kind = "RMRR",
                                 .offset = d->offset,
                                 .start = d->base,
                                 .end = d->end,
                                 .relaxable = dmar_is_relaxable(f),
                                 .function = e->function,
                                 .by_number = e->match == DMAR_MATCH_NUMBER };
}

bool dmar_map_region(const DmarMap *m, size_t i, size_t *iterator, FirmwareRegion *ret)
{
        const PciFunction *functions = m->facts->functions;
        size_t skip = *iterator;

        for (size_t up = i; up != PCI_PARENT_NONE; up = functions[up].parent) {
                const DmarScopeEntry *e = find_entry(m->regions, m->n_regions, up);

                for (; e && e < m->regions + m->n_regions && e->function == up; e++)
                        if (skip-- == 0) {
                                region_of_rmrr(m, e, functions + i, ret);
                                (*iterator)++;
                                return true;
                        }
        }
        return false;
}
