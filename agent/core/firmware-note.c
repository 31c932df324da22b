/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/firmware-note.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/array.h"

#define PAGE_BYTES UINT64_C(4096)

/* Linux refuses a table that has a width of less (drivers/iommu/intel/dmar.c, parse_dmar_table()). */
#define WIDTH_MIN  12U
#define WIDTH_MAX  64U

void firmware_note_list_done(FirmwareNoteList *l)
{
        FOREACH_ARRAY(n, l->items, l->n)
                free(n->text);
        free(l->items);
        *l = (FirmwareNoteList){};
}

static _printf_(4, 5) int note(FirmwareNoteList *l, uint32_t offset, bool wrong, const char *format, ...)
{
        FirmwareNote *n = array_grow(&l->items, l->n);
        char *text;
        va_list ap;
        int r;

        if (!n)
                return -ENOMEM;
        va_start(ap, format);
        r = vasprintf(&text, format, ap);
        va_end(ap);
        if (r < 0)
                return -ENOMEM;
        *n = (FirmwareNote){ .offset = offset, .wrong = wrong, .text = text };
        l->n++;
        return 0;
}

const FirmwareNote *firmware_note_first_wrong(const FirmwareNoteList *l, size_t *ret_n)
{
        const FirmwareNote *first = NULL;

        *ret_n = 0;
        FOREACH_ARRAY(n, l->items, l->n)
                if (n->wrong) {
                        first = first ?: n;
                        (*ret_n)++;
                }
        return first;
}

static bool same_path(const DmarScope *a, const DmarScope *b)
{
        return a->bus == b->bus && a->n_path == b->n_path && a->n_path > 0 &&
               memcmp(a->path, b->path, a->n_path * sizeof(*a->path)) == 0;
}

static bool shares_scope(const DmarStructure *a, const DmarStructure *b)
{
        FOREACH_ARRAY(x, a->scopes, a->n_scopes)
                FOREACH_ARRAY(y, b->scopes, b->n_scopes)
                        if (dmar_scope_is_pci(x) && dmar_scope_is_pci(y) && same_path(x, y))
                                return true;
        return false;
}

static bool is_drhd(const DmarStructure *s)
{
        return s->type == DMAR_DRHD && !s->damaged;
}

static bool include_all(const DmarStructure *s)
{
        return s->flags & DMAR_DRHD_INCLUDE_PCI_ALL;
}

/* VT-d 8.3. What comes of a base of 0 is in dmar_validate_one_drhd() of Linux drivers/iommu/intel/dmar.c. */
static int note_drhd(const Dmar *d, const DmarStructure *s, FirmwareNoteList *l)
{
        uint64_t bytes = PAGE_BYTES << s->size;
        int r = 0;

        if (s->base == 0)
                r = note(l, s->offset, true,
                         "the registers of a hardware unit are said to be at address 0: Linux then leaves the IOMMU "
                         "off");
        else if (s->base % bytes != 0)
                r = note(l, s->offset, true,
                         "the registers of a hardware unit at 0x%" PRIx64 " are not aligned to their %" PRIu64 " bytes",
                         s->base, bytes);
        if (r >= 0 && !include_all(s) && s->n_scopes == 0)
                r = note(l, s->offset, false, "a hardware unit is for no device");
        FOREACH_ARRAY(o, d->structures, (size_t) (s - d->structures)) {
                if (r < 0)
                        break;
                if (!is_drhd(o))
                        continue;
                if (o->base == s->base && o->segment == s->segment && s->base != 0)
                        r = note(l, s->offset, true,
                                 "a hardware unit has the registers of the one at offset 0x%x; Linux ignores it",
                                 o->offset);
                else if (o->segment == s->segment && include_all(o) && include_all(s))
                        r = note(l, s->offset, true,
                                 "a second hardware unit of segment %04x is for all other functions, as the one at "
                                 "offset 0x%x is",
                                 s->segment, o->offset);
                else if (o->segment == s->segment && include_all(o))
                        r = note(l, s->offset, false,
                                 "a hardware unit stands behind the one for all other functions of segment %04x, which "
                                 "has to be the last; Linux puts up with it",
                                 s->segment);
                if (r >= 0 && o->segment == s->segment && shares_scope(o, s))
                        r = note(l, s->offset, true,
                                 "a hardware unit is for a device that the one at offset 0x%x is for as well",
                                 o->offset);
        }
        return r;
}

/* VT-d 8.4 and rmrr_sanity_check() of Linux drivers/iommu/intel/iommu.c, which warns and uses the region all the same.
 */
static int note_rmrr(const Dmar *d, const DmarStructure *s, FirmwareNoteList *l)
{
        int r = 0;

        if (s->end < s->base)
                r = note(l, s->offset, true, "the reserved region 0x%" PRIx64 "-0x%" PRIx64 " ends before it starts",
                         s->base, s->end);
        else if (s->base % PAGE_BYTES != 0 || (s->end + 1) % PAGE_BYTES != 0)
                r = note(l, s->offset, true,
                         "the reserved region 0x%" PRIx64 "-0x%" PRIx64 " is no whole number of pages", s->base,
                         s->end);
        if (r >= 0 && s->n_scopes == 0)
                r = note(l, s->offset, false, "a reserved region is for no device");
        FOREACH_ARRAY(o, d->structures, (size_t) (s - d->structures)) {
                if (r < 0)
                        break;
                /* the same region again is how firmware adds devices */
                if (o->type != DMAR_RMRR || o->damaged || o->segment != s->segment ||
                    (o->base == s->base && o->end == s->end))
                        continue;
                if (s->base <= s->end && o->base <= o->end && s->base <= o->end && o->base <= s->end)
                        r = note(l, s->offset, false,
                                 "the reserved region 0x%" PRIx64 "-0x%" PRIx64 " overlaps the one at offset 0x%x",
                                 s->base, s->end, o->offset);
        }
        return r;
}

static int note_rhsa(const Dmar *d, const DmarStructure *s, FirmwareNoteList *l)
{
        DMAR_FOREACH(o, d, DMAR_DRHD)
        if (o->base == s->base)
                return 0;
        return note(l, s->offset, true,
                    "a NUMA node is told for a hardware unit at 0x%" PRIx64 " that the table does not have", s->base);
}

/* The scopes of type "namespace" and the ANDDs refer to each other by number (VT-d 8.3.1, 8.7). */
static const DmarStructure *find_andd(const Dmar *d, uint8_t number)
{
        DMAR_FOREACH(s, d, DMAR_ANDD)
        if (s->device_number == number)
                return s;
        return NULL;
}

static bool andd_is_used(const Dmar *d, uint8_t number)
{
        DMAR_FOREACH(s, d, DMAR_DRHD)
        FOREACH_ARRAY(scope, s->scopes, s->n_scopes)
                if (scope->type == DMAR_SCOPE_NAMESPACE && scope->enumeration_id == number)
                        return true;
        return false;
}

static int note_namespace(const Dmar *d, const DmarStructure *s, FirmwareNoteList *l)
{
        if (s->type == DMAR_ANDD && !s->damaged && !andd_is_used(d, s->device_number))
                return note(l, s->offset, false, "the device %s (number %u) is under no hardware unit", s->name,
                            s->device_number);
        FOREACH_ARRAY(scope, s->scopes, s->n_scopes)
                if (scope->type == DMAR_SCOPE_NAMESPACE && !find_andd(d, scope->enumeration_id)) {
                        int r = note(l, scope->offset, false,
                                     "a scope is for the namespace device number %u, which the table does not declare",
                                     scope->enumeration_id);

                        if (r < 0)
                                return r;
                }
        return 0;
}

int firmware_note_dmar(const Dmar *d, FirmwareNoteList *ret)
{
        int r = 0;

        if (d->host_address_width > 0 && (d->host_address_width < WIDTH_MIN || d->host_address_width > WIDTH_MAX))
                r = note(ret, 36, true, "a DMA address of %u bits cannot be", d->host_address_width);
        if (r >= 0 && d->flags & DMAR_X2APIC_OPT_OUT && !(d->flags & DMAR_INTR_REMAP))
                r = note(ret, 37, false,
                         "X2APIC_OPT_OUT has no meaning without INTR_REMAP: the platform does not remap interrupts");
        if (r >= 0 && !dmar_next(d, DMAR_DRHD, NULL))
                r = note(ret, 48, true, "the table describes no hardware unit");
        FOREACH_ARRAY(s, d->structures, d->n_structures) {
                if (r >= 0 && is_drhd(s))
                        r = note_drhd(d, s, ret);
                else if (r >= 0 && s->type == DMAR_RMRR && !s->damaged)
                        r = note_rmrr(d, s, ret);
                else if (r >= 0 && s->type == DMAR_RHSA && !s->damaged)
                        r = note_rhsa(d, s, ret);
                if (r >= 0)
                        r = note_namespace(d, s, ret);
                if (r < 0)
                        return r;
        }
        return r;
}

static int note_unit(const Ivrs *i, const IvrsUnit *u, FirmwareNoteList *l)
{
        const IvrsBlock *best = &i->blocks[u->best];
        uint8_t type = ivrs_linux_ivhd_type(i);
        bool read = false;
        int r = 0;

        if (best->base == 0)
                r = note(l, best->offset, true, "the registers of an IOMMU are said to be at address 0");
        else if (best->base % PAGE_BYTES != 0)
                r = note(l, best->offset, true, "the registers of an IOMMU at 0x%" PRIx64 " are not aligned to a page",
                         best->base);
        FOREACH_ARRAY(b, i->blocks, i->n_blocks) {
                if (r < 0)
                        return r;
                if (!ivrs_block_is_ivhd(b) || b->unit != (size_t) (u - i->units))
                        continue;
                read = read || b->type == type;
                if (b->base != best->base)
                        r = note(l, b->offset, true,
                                 "the blocks of one IOMMU contradict each other: registers at 0x%" PRIx64
                                 " here and at 0x%" PRIx64 " at offset 0x%x",
                                 b->base, best->base, best->offset);
                if (r >= 0 && b->n_entries == 0 && !b->damaged)
                        r = note(l, b->offset, false, "an IOMMU is for no device");
        }
        if (r >= 0 && !read)
                r = note(l, best->offset, true,
                         "an IOMMU has no block of the type 0x%02x, which is the one that Linux reads here", type);
        return r;
}

/* 48882 5.2.2.8 and init_unity_map_range() of Linux drivers/iommu/amd/init.c. */
static int note_ivmd(const Ivrs *i, const IvrsBlock *b, FirmwareNoteList *l)
{
        int r = 0;

        if (b->size == 0)
                r = note(l, b->offset, true, "a memory definition has no bytes");
        else if (b->size - 1 > UINT64_MAX - b->start)
                r = note(l, b->offset, true,
                         "a memory definition from 0x%" PRIx64 " with 0x%" PRIx64 " bytes goes beyond the last address",
                         b->start, b->size);
        else if (b->start % PAGE_BYTES != 0 || b->size % PAGE_BYTES != 0)
                r = note(l, b->offset, false,
                         "a memory definition from 0x%" PRIx64 " with 0x%" PRIx64
                         " bytes is no whole number of pages; Linux rounds up",
                         b->start, b->size);
        if (r >= 0 && !(b->flags & (IVMD_UNITY | IVMD_EXCLUSION)))
                r = note(l, b->offset, false,
                         "a memory definition is neither a unity map nor an exclusion range; Linux ignores it");
        FOREACH_ARRAY(o, i->blocks, (size_t) (b - i->blocks)) {
                if (r < 0)
                        break;
                if (!ivrs_block_is_ivmd(o) || o->damaged || o->segment != b->segment || o->size == 0 || b->size == 0 ||
                    (o->start == b->start && o->size == b->size))
                        continue;
                if (o->first_device_id <= b->last_device_id && b->first_device_id <= o->last_device_id &&
                    b->start - o->start < o->size)
                        r = note(l, b->offset, false,
                                 "a memory definition starts inside the one at offset 0x%x, for the same devices",
                                 o->offset);
                else if (o->first_device_id <= b->last_device_id && b->first_device_id <= o->last_device_id &&
                         o->start - b->start < b->size)
                        r = note(l, b->offset, false,
                                 "a memory definition ends inside the one at offset 0x%x, for the same devices",
                                 o->offset);
        }
        return r;
}

int firmware_note_ivrs(const Ivrs *i, FirmwareNoteList *ret)
{
        int r = 0;

        if (i->n_units == 0)
                r = note(ret, 48, true, "the table describes no IOMMU");
        FOREACH_ARRAY(u, i->units, i->n_units) {
                if (r >= 0)
                        r = note_unit(i, u, ret);
        }
        FOREACH_ARRAY(b, i->blocks, i->n_blocks) {
                if (r >= 0 && ivrs_block_is_ivmd(b) && !b->damaged)
                        r = note_ivmd(i, b, ret);
        }
        return r;
}
