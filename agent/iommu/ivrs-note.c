/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "iommu/ivrs-form.h"

#define PAGE_BYTES UINT64_C(4096)

static int note_ivhd(const Ivrs *i, const IvrsBlock *b, FirmwareNoteList *l)
{
        const IvrsBlock *best = &i->blocks[i->units[b->unit].best];
        int r = 0;

        if (b->base == 0)
                r = firmware_note_add(l, b->offset, true, "the registers of an IOMMU are said to be at address 0");
        else if (b->base % PAGE_BYTES != 0)
                r = firmware_note_add(l, b->offset, true,
                                      "the registers of an IOMMU at 0x%" PRIx64 " are not aligned to a page", b->base);
        if (r >= 0 && b->base != best->base)
                r = firmware_note_add(l, b->offset, true,
                                      "the blocks of one IOMMU contradict each other: registers at 0x%" PRIx64
                                      " here and at 0x%" PRIx64 " at offset 0x%x",
                                      b->base, best->base, best->offset);
        if (r >= 0 && b->n_entries == 0 && !b->damaged)
                r = firmware_note_add(l, b->offset, false, "an IOMMU is for no device");
        return r;
}

/* All IOMMUs have to have a block of the type that Linux reads: the others do not exist for it. */
static int note_unit(const Ivrs *i, const IvrsUnit *u, uint8_t type, FirmwareNoteList *l)
{
        FOREACH_ARRAY(b, u->blocks, ELEMENTSOF(u->blocks))
                if (*b != SIZE_MAX && i->blocks[*b].type == type)
                        return 0;
        return firmware_note_add(l, i->blocks[u->best].offset, true,
                                 "an IOMMU has no block of the type 0x%02x, which is the one that Linux reads here",
                                 type);
}

/* 48882 5.2.2.8 and init_unity_map_range() of Linux drivers/iommu/amd/init.c. */
static int note_ivmd(const Ivrs *i, const IvrsBlock *b, FirmwareNoteList *l)
{
        int r = 0;

        if (b->size == 0)
                r = firmware_note_add(l, b->offset, true, "a memory definition has no bytes");
        else if (b->size - 1 > UINT64_MAX - b->start)
                r = firmware_note_add(l, b->offset, true,
                                      "a memory definition from 0x%" PRIx64 " with 0x%" PRIx64
                                      " bytes goes beyond the last address",
                                      b->start, b->size);
        else if (b->start % PAGE_BYTES != 0 || b->size % PAGE_BYTES != 0)
                r = firmware_note_add(l, b->offset, false,
                                      "a memory definition from 0x%" PRIx64 " with 0x%" PRIx64
                                      " bytes is no whole number of pages; Linux rounds up",
                                      b->start, b->size);
        if (r >= 0 && !(b->flags & (IVMD_UNITY | IVMD_EXCLUSION)))
                r = firmware_note_add(
                        l, b->offset, false,
                        "a memory definition is neither a unity map nor an exclusion range; Linux ignores it");
        FOREACH_ARRAY(o, i->blocks, (size_t) (b - i->blocks)) {
                if (r < 0)
                        break;
                if (!ivrs_block_is_ivmd(o) || o->damaged || o->segment != b->segment || o->size == 0 || b->size == 0 ||
                    (o->start == b->start && o->size == b->size))
                        continue;
                if (o->first_device_id <= b->last_device_id && b->first_device_id <= o->last_device_id &&
                    (b->start - o->start < o->size || o->start - b->start < b->size))
                        return firmware_note_add(
                                l, b->offset, false,
                                "a memory definition overlaps the one at offset 0x%x, for the same devices", o->offset);
        }
        return r;
}

int ivrs_note(const Ivrs *i, FirmwareNoteList *ret)
{
        uint8_t type = ivrs_linux_ivhd_type(i);
        int r = 0;

        if (i->n_units == 0)
                r = firmware_note_add(ret, 48, true, "the table describes no IOMMU");
        FOREACH_ARRAY(u, i->units, i->n_units) {
                if (r >= 0)
                        r = note_unit(i, u, type, ret);
        }
        FOREACH_ARRAY(b, i->blocks, i->n_blocks) {
                if (r >= 0 && b->unit != SIZE_MAX)
                        r = note_ivhd(i, b, ret);
                if (r >= 0 && ivrs_block_is_ivmd(b) && !b->damaged)
                        r = note_ivmd(i, b, ret);
        }
        return r;
}
