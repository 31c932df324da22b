/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/scope.h"

#include "base/array.h"
#include "model/pciclass.h"

#define PAGE_BYTES   UINT64_C(4096)
#define HAW_MIN_BITS 12U /* Linux wants PAGE_SHIFT - 1 at least, and the field is one less than the width */
#define SEGMENT_MAX  0xffffU

static int compare_entries(const void *a, const void *b)
{
        const ScopeEntry *x = a, *y = b;

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

size_t scope_resolve(const ScopeMap *m, uint16_t segment, const DmarScope *s, ScopeMatch *ret_match)
{
        const Facts *f = m->facts;
        size_t at;

        *ret_match = SCOPE_NONE;
        if (s->n_path == 0)
                return PCI_PARENT_NONE;
        at = find_function(f, segment, s->bus, s->path);
        if (at == PCI_PARENT_NONE)
                return PCI_PARENT_NONE;
        if (f->functions[at].parent != PCI_PARENT_NONE) { /* not on a root bus */
                *ret_match = s->n_path == 1 ? SCOPE_NUMBER : SCOPE_NONE;
                return s->n_path == 1 ? at : PCI_PARENT_NONE;
        }
        for (size_t i = 1; i < s->n_path; i++) {
                if (m->secondary[at] < 0)
                        return PCI_PARENT_NONE;
                at = find_function(f, segment, (uint8_t) m->secondary[at], s->path + i);
                if (at == PCI_PARENT_NONE)
                        return PCI_PARENT_NONE;
        }
        *ret_match = SCOPE_PATH;
        return at;
}

/* Linux wants a normal header under "endpoint"; under "bridge" a bridge, or at least the class of one. */
static bool type_contradicts(const DmarScope *s, const PciFunction *f)
{
        if (s->type == DMAR_SCOPE_ENDPOINT)
                return pci_is_bridge(f);
        return !pci_is_bridge(f) && pci_class_base(f->class) != CLASS_BRIDGE;
}

static int add_scopes(ScopeMap *m, size_t structure, ScopeEntry **list, size_t *n)
{
        const DmarStructure *d = m->dmar->structures + structure;

        FOREACH_ARRAY(s, d->scopes, d->n_scopes) {
                ScopeMatch match;
                ScopeEntry *e;
                size_t at;

                if (!dmar_scope_is_pci(s))
                        continue;
                at = scope_resolve(m, d->segment, s, &match);
                if (at == PCI_PARENT_NONE) {
                        m->n_unresolved++;
                        continue;
                }
                if (type_contradicts(s, m->facts->functions + at) && m->fault == SCOPE_FAULT_NONE) {
                        m->fault = SCOPE_FAULT_TYPE;
                        m->fault_offset = s->offset;
                        m->fault_function = at;
                }
                e = array_grow(list, *n);
                if (!e)
                        return -ENOMEM;
                *e = (ScopeEntry){ .function = at, .structure = structure, .match = match };
                (*n)++;
        }
        return 0;
}

static void set_fault(ScopeMap *m, ScopeFault fault, uint32_t offset)
{
        if (m->fault != SCOPE_FAULT_NONE)
                return;
        m->fault = fault;
        m->fault_offset = offset;
}

static int map_dmar(ScopeMap *m)
{
        bool any_unit = false;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < m->dmar->n_structures; i++) {
                const DmarStructure *d = m->dmar->structures + i;

                if (d->type == DMAR_DRHD) {
                        any_unit = true;
                        if (d->base == 0)
                                set_fault(m, SCOPE_FAULT_UNIT_AT_ZERO, d->offset);
                        r = add_scopes(m, i, &m->units, &m->n_units);
                } else if (d->type == DMAR_RMRR)
                        r = add_scopes(m, i, &m->regions, &m->n_regions);
        }
        if (r < 0)
                return r;
        if (!any_unit)
                set_fault(m, SCOPE_FAULT_NO_UNIT, 0);
        if (m->dmar->host_address_width < HAW_MIN_BITS)
                set_fault(m, SCOPE_FAULT_WIDTH, ACPI_HEADER_BYTES);
        if (m->n_units > 0)
                qsort(m->units, m->n_units, sizeof(*m->units), compare_entries);
        if (m->n_regions > 0)
                qsort(m->regions, m->n_regions, sizeof(*m->regions), compare_entries);
        return 0;
}

int scope_map_compute(const Facts *facts, const Dmar *dmar, const Ivrs *ivrs, ScopeMap *ret)
{
        _cleanup_(scope_map_done)
                ScopeMap m = { .facts = facts, .dmar = dmar, .ivrs = ivrs, .fault_function = PCI_PARENT_NONE };
        int r;

        r = find_secondary(facts, &m.secondary);
        if (r >= 0 && dmar)
                r = map_dmar(&m);
        if (r < 0)
                return r;
        if (ivrs)
                m.ivhd_type = ivrs_linux_ivhd_type(ivrs);
        *ret = m;
        m = (ScopeMap){};
        return 0;
}

void scope_map_done(ScopeMap *m)
{
        free(m->secondary);
        free(m->units);
        free(m->regions);
        *m = (ScopeMap){};
}

/* The first entry of a function; NULL: it has none. */
static const ScopeEntry *find_entry(const ScopeEntry *list, size_t n, size_t function)
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

/* The function whose requester id is on the bus: a device behind VMD sends with that of the VMD. */
static size_t requester(const Facts *f, size_t i)
{
        size_t up = i;

        while (f->functions[up].parent != PCI_PARENT_NONE)
                up = f->functions[up].parent;
        return f->functions[up].behind != PCI_PARENT_NONE ? f->functions[up].behind : i;
}

static bool dmar_includes_all(const Dmar *dmar, uint32_t domain)
{
        DMAR_FOREACH(d, dmar, DMAR_DRHD)
        if ((d->flags & DMAR_DRHD_INCLUDE_PCI_ALL) && d->segment == domain)
                return true;
        return false;
}

static bool dmar_covers(const ScopeMap *m, size_t i)
{
        const PciFunction *functions = m->facts->functions;

        i = requester(m->facts, i);
        if (functions[i].physfn != PCI_PARENT_NONE) /* tables list physical functions only */
                i = functions[i].physfn;
        for (size_t up = i; up != PCI_PARENT_NONE; up = functions[up].parent)
                if (find_entry(m->units, m->n_units, up))
                        return true;
        return dmar_includes_all(m->dmar, functions[i].addr.domain);
}

static uint16_t device_id(PciAddr a)
{
        return (uint16_t) (a.bus << 8 | a.slot << 3 | a.function);
}

static bool entry_covers(const IvhdEntry *e, uint16_t id)
{
        switch (e->type) {
        case IVHD_ALL:
        case IVHD_SELECT:
        case IVHD_EXT_SELECT:
        case IVHD_ACPI_HID:
                return id >= e->first && id <= e->last;
        case IVHD_SPECIAL:
                return id == e->source_id;
        case IVHD_RANGE:
        case IVHD_EXT_RANGE: /* Linux acts on a range when it meets its end */
                return e->has_end && id >= e->first && id <= e->last;
        case IVHD_ALIAS_RANGE:
                return e->has_end && ((id >= e->first && id <= e->last) || id == e->source_id);
        case IVHD_ALIAS_SELECT:
                return id == e->device_id || id == e->source_id;
        default:
                return false;
        }
}

static bool ivrs_covers(const ScopeMap *m, size_t i)
{
        const PciFunction *f = m->facts->functions + requester(m->facts, i);

        FOREACH_ARRAY(b, m->ivrs->blocks, m->ivrs->n_blocks) {
                if (!ivrs_block_is_ivhd(b) || b->type != m->ivhd_type || b->segment != f->addr.domain)
                        continue;
                FOREACH_ARRAY(e, b->entries, b->n_entries)
                        if (entry_covers(e, device_id(f->addr)))
                                return true;
        }
        return false;
}

Tristate scope_covered(const ScopeMap *m, const PciFunction *f)
{
        size_t i = (size_t) (f - m->facts->functions);

        if (m->dmar)
                return dmar_covers(m, i) ? TRISTATE_YES : TRISTATE_NO;
        if (m->ivrs)
                return ivrs_covers(m, i) ? TRISTATE_YES : TRISTATE_NO;
        return TRISTATE_UNKNOWN;
}

/* A range of the DMAR; Linux takes it as it stands, also where it ends before it starts. */
static void region_of_rmrr(const ScopeMap *m, const ScopeEntry *e, FirmwareRegion *ret)
{
        const DmarStructure *d = m->dmar->structures + e->structure;

        *ret = (FirmwareRegion){ .kind = "RMRR",
                                 .offset = d->offset,
                                 .start = d->base,
                                 .end = d->end,
                                 .function = e->function,
                                 .match = e->match };
}

static bool region_dmar(const ScopeMap *m, size_t i, size_t *iterator, FirmwareRegion *ret)
{
        const PciFunction *functions = m->facts->functions;
        size_t skip = *iterator;

        for (size_t up = i; up != PCI_PARENT_NONE; up = functions[up].parent) {
                const ScopeEntry *e = find_entry(m->regions, m->n_regions, up);

                for (; e && e < m->regions + m->n_regions && e->function == up; e++)
                        if (skip-- == 0) {
                                region_of_rmrr(m, e, ret);
                                (*iterator)++;
                                return true;
                        }
        }
        return false;
}

static bool ivmd_applies(const IvrsBlock *b, const PciFunction *f)
{
        if (!ivrs_block_is_ivmd(b) || !(b->flags & (IVMD_UNITY | IVMD_EXCLUSION)) || b->segment != f->addr.domain)
                return false;
        /* for all: up to the highest device id of any entry, and what is above is not covered anyway */
        return b->type == IVRS_IVMD_ALL ||
               (device_id(f->addr) >= b->device_id && device_id(f->addr) <= b->last_device_id);
}

static bool region_ivrs(const ScopeMap *m, const PciFunction *f, size_t *iterator, FirmwareRegion *ret)
{
        for (; *iterator < m->ivrs->n_blocks; (*iterator)++) {
                const IvrsBlock *b = m->ivrs->blocks + *iterator;
                uint64_t start = (b->start + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
                uint64_t size = (b->size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);

                if (!ivmd_applies(b, f))
                        continue;
                *ret = (FirmwareRegion){ .kind = "IVMD",
                                         .offset = b->offset,
                                         .start = start,
                                         .end = start + size - (size > 0),
                                         .function = PCI_PARENT_NONE,
                                         .match = SCOPE_NUMBER };
                (*iterator)++;
                return true;
        }
        return false;
}

bool scope_region(const ScopeMap *m, const PciFunction *f, size_t *iterator, FirmwareRegion *ret)
{
        if (m->dmar)
                return region_dmar(m, (size_t) (f - m->facts->functions), iterator, ret);
        return m->ivrs && f->addr.domain <= SEGMENT_MAX && region_ivrs(m, f, iterator, ret);
}

bool region_is_relaxable(const FirmwareRegion *r, const PciFunction *f)
{
        /* Linux drivers/iommu/intel/iommu.c, device_rmrr_is_relaxable(): asked of the device itself, not of a bridge */
        return streq(r->kind, "RMRR") &&
               (pci_class_sub(f->class) == CLASS_SERIAL_USB || pci_class_base(f->class) == CLASS_DISPLAY);
}
