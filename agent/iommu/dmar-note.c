/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "base/array.h"
#include "iommu/dmar-form.h"

#define PAGE_BYTES UINT64_C(4096)

/* Linux refuses a table that has a width of less (drivers/iommu/intel/dmar.c, parse_dmar_table()). */
#define WIDTH_MIN  12U
#define WIDTH_MAX  64U

static bool is_drhd(const DmarStructure *s)
{
        return s->type == DMAR_DRHD && !s->damaged;
}

static bool include_all(const DmarStructure *s)
{
        return s->flags & DMAR_DRHD_INCLUDE_PCI_ALL;
}

/* What of an earlier unit a unit contradicts: each is told once, of the first such unit. */
enum {
        SAME_REGISTERS = 1 << 0,
        SECOND_FOR_ALL = 1 << 1,
        BEHIND_FOR_ALL = 1 << 2,
};

static int note_drhd_pair(const DmarStructure *o, const DmarStructure *s, unsigned *told, FirmwareNoteList *l)
{
        if (o->segment != s->segment)
                return 0;
        if (o->base == s->base && s->base != 0 && !(*told & SAME_REGISTERS)) {
                *told |= SAME_REGISTERS;
                return firmware_note_add(
                        l, s->offset, true,
                        "a hardware unit has the registers of the one at offset 0x%x; Linux ignores it", o->offset);
        }
        if (include_all(o) && include_all(s) && !(*told & SECOND_FOR_ALL)) {
                *told |= SECOND_FOR_ALL;
                return firmware_note_add(
                        l, s->offset, true,
                        "a second hardware unit of segment %04x is for all other functions, as the one at offset "
                        "0x%x is",
                        s->segment, o->offset);
        }
        if (include_all(o) && !include_all(s) && !(*told & BEHIND_FOR_ALL)) {
                *told |= BEHIND_FOR_ALL;
                return firmware_note_add(
                        l, s->offset, false,
                        "a hardware unit stands behind the one for all other functions of segment %04x, which has "
                        "to be the last; Linux puts up with it",
                        s->segment);
        }
        return 0;
}

/* VT-d 8.3. What comes of a base of 0 is in dmar_validate_one_drhd() of Linux drivers/iommu/intel/dmar.c. */
static int note_drhd(const Dmar *d, const DmarStructure *s, FirmwareNoteList *l)
{
        uint64_t bytes = PAGE_BYTES << s->size;
        unsigned told = 0;
        int r = 0;

        if (s->base == 0)
                r = firmware_note_add(
                        l, s->offset, true,
                        "the registers of a hardware unit are said to be at address 0: Linux then leaves the IOMMU "
                        "off");
        else if (s->base % bytes != 0)
                r = firmware_note_add(l, s->offset, true,
                                      "the registers of a hardware unit at 0x%" PRIx64
                                      " are not aligned to their %" PRIu64 " bytes",
                                      s->base, bytes);
        if (r >= 0 && !include_all(s) && s->n_scopes == 0)
                r = firmware_note_add(l, s->offset, false, "a hardware unit is for no device");
        FOREACH_ARRAY(o, d->structures, (size_t) (s - d->structures))
                if (r >= 0 && is_drhd(o))
                        r = note_drhd_pair(o, s, &told, l);
        return r;
}

/* A PCI function or bridge that a unit names. */
typedef struct Named {
        const DmarStructure *unit;
        const DmarScope *scope;
} Named;

static int compare_numbers(uint64_t a, uint64_t b)
{
        return a < b ? -1 : a > b;
}

static int compare_paths(const Named *a, const Named *b)
{
        int r = compare_numbers(a->unit->segment, b->unit->segment);

        if (r == 0)
                r = compare_numbers(a->scope->bus, b->scope->bus);
        if (r == 0)
                r = compare_numbers(a->scope->n_path, b->scope->n_path);
        return r == 0 && a->scope->n_path > 0
                       ? memcmp(a->scope->path, b->scope->path, a->scope->n_path * sizeof(*a->scope->path))
                       : r;
}

static int compare_named(const void *a, const void *b)
{
        const Named *x = a, *y = b;
        int r = compare_paths(x, y);

        return r != 0 ? r : compare_numbers(x->scope->offset, y->scope->offset);
}

/* A function is of one unit only (VT-d 8.3). I/O APICs and the like are left out: they have no path to compare. */
static int note_named_twice(const Dmar *d, FirmwareNoteList *l)
{
        _cleanup_free_ Named *named = NULL;
        size_t n = 0;

        FOREACH_ARRAY(s, d->structures, d->n_structures)
                FOREACH_ARRAY(scope, s->scopes, s->n_scopes) {
                        Named *slot;

                        if (!is_drhd(s) || !dmar_scope_is_pci(scope) || scope->n_path == 0)
                                continue;
                        slot = array_grow(&named, n);
                        if (!slot)
                                return -ENOMEM;
                        *slot = (Named){ s, scope };
                        n++;
                }
        if (n < 2)
                return 0;
        qsort(named, n, sizeof(*named), compare_named);
        for (size_t i = 1; i < n; i++)
                if (compare_paths(&named[i - 1], &named[i]) == 0 && named[i - 1].unit != named[i].unit) {
                        int r = firmware_note_add(
                                l, named[i].scope->offset, true,
                                "the hardware unit at offset 0x%x is for a device that the one at offset 0x%x is "
                                "for as well",
                                named[i].unit->offset, named[i - 1].unit->offset);

                        if (r < 0)
                                return r;
                }
        return 0;
}

/* VT-d 8.4 and rmrr_sanity_check() of Linux drivers/iommu/intel/iommu.c, which warns and uses the region all the same.
 */
static int note_rmrr(const Dmar *d, const DmarStructure *s, FirmwareNoteList *l)
{
        int r = 0;

        if (s->end < s->base)
                r = firmware_note_add(l, s->offset, true,
                                      "the reserved region 0x%" PRIx64 "-0x%" PRIx64 " ends before it starts", s->base,
                                      s->end);
        else if (s->base % PAGE_BYTES != 0 || (s->end + 1) % PAGE_BYTES != 0)
                r = firmware_note_add(l, s->offset, true,
                                      "the reserved region 0x%" PRIx64 "-0x%" PRIx64 " is no whole number of pages",
                                      s->base, s->end);
        if (r >= 0 && s->n_scopes == 0)
                r = firmware_note_add(l, s->offset, false, "a reserved region is for no device");
        FOREACH_ARRAY(o, d->structures, (size_t) (s - d->structures)) {
                if (r < 0)
                        break;
                /* the same region again is how firmware adds devices */
                if (o->type != DMAR_RMRR || o->damaged || o->segment != s->segment ||
                    (o->base == s->base && o->end == s->end))
                        continue;
                if (s->base <= s->end && o->base <= o->end && s->base <= o->end && o->base <= s->end)
                        return firmware_note_add(l, s->offset, false,
                                                 "the reserved region 0x%" PRIx64 "-0x%" PRIx64
                                                 " overlaps the one at offset 0x%x",
                                                 s->base, s->end, o->offset);
        }
        return r;
}

static int note_rhsa(const Dmar *d, const DmarStructure *s, FirmwareNoteList *l)
{
        DMAR_FOREACH(o, d, DMAR_DRHD)
        if (o->base == s->base)
                return 0;
        return firmware_note_add(
                l, s->offset, true,
                "a NUMA node is told for a hardware unit at 0x%" PRIx64 " that the table does not have", s->base);
}

/* The scopes of type "namespace" and the ANDDs refer to each other by number (VT-d 8.3.1, 8.7). */
static int note_namespace(const Dmar *d, FirmwareNoteList *l)
{
        bool declared[UINT8_MAX + 1] = {}, used[UINT8_MAX + 1] = {};

        DMAR_FOREACH(s, d, DMAR_ANDD)
        declared[s->device_number] = true;
        FOREACH_ARRAY(s, d->structures, d->n_structures)
                FOREACH_ARRAY(scope, s->scopes, s->n_scopes) {
                        int r;

                        if (scope->type != DMAR_SCOPE_NAMESPACE)
                                continue;
                        used[scope->enumeration_id] = true;
                        if (declared[scope->enumeration_id])
                                continue;
                        r = firmware_note_add(
                                l, scope->offset, false,
                                "a scope is for the namespace device number %u, which the table does not declare",
                                scope->enumeration_id);
                        if (r < 0)
                                return r;
                }
        DMAR_FOREACH(s, d, DMAR_ANDD)
        if (!s->damaged && !used[s->device_number]) {
                int r = firmware_note_add(l, s->offset, false, "the device %s (number %u) is under no hardware unit",
                                          s->name, s->device_number);

                if (r < 0)
                        return r;
        }
        return 0;
}

int dmar_note(const Dmar *d, FirmwareNoteList *ret)
{
        int r = 0;

        if (d->host_address_width > 0 && (d->host_address_width < WIDTH_MIN || d->host_address_width > WIDTH_MAX))
                r = firmware_note_add(ret, 36, true, "a DMA address of %u bits cannot be", d->host_address_width);
        if (r >= 0 && d->flags & DMAR_X2APIC_OPT_OUT && !(d->flags & DMAR_INTR_REMAP))
                r = firmware_note_add(
                        ret, 37, false,
                        "X2APIC_OPT_OUT has no meaning without INTR_REMAP: the platform does not remap interrupts");
        if (r >= 0 && !dmar_next(d, DMAR_DRHD, NULL))
                r = firmware_note_add(ret, 48, true, "the table describes no hardware unit");
        FOREACH_ARRAY(s, d->structures, d->n_structures) {
                if (r >= 0 && is_drhd(s))
                        r = note_drhd(d, s, ret);
                else if (r >= 0 && s->type == DMAR_RMRR && !s->damaged)
                        r = note_rmrr(d, s, ret);
                else if (r >= 0 && s->type == DMAR_RHSA && !s->damaged)
                        r = note_rhsa(d, s, ret);
        }
        if (r >= 0)
                r = note_named_twice(d, ret);
        return r < 0 ? r : note_namespace(d, ret);
}
