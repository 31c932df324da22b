/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/ivrs-map.h"

#define PAGE_BYTES          UINT64_C(4096)
#define SEGMENT_MAX         0xffffU

/* The southbridge's I/O APIC, without which Linux does no interrupt remapping on AMD (drivers/iommu/amd/init.c,
 * IOAPIC_SB_DEVID). */
#define IOAPIC_SB_DEVICE_ID 0x00a0U

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

/* What a later block says of a device counts (set_dev_entry_from_acpi()). */
bool ivrs_map_unit(const Facts *f, const Ivrs *ivrs, size_t i, FirmwareUnit *ret)
{
        FirmwareUnit unit = {};
        bool found = false;

        PciAddr addr = f->functions[firmware_requester(f, i)].addr;
        uint8_t type = ivrs_linux_ivhd_type(ivrs);

        FOREACH_ARRAY(b, ivrs->blocks, ivrs->n_blocks) {
                if (!ivrs_block_is_ivhd(b) || b->type != type || b->segment != addr.domain)
                        continue;
                FOREACH_ARRAY(e, b->entries, b->n_entries)
                        if (entry_covers(e, device_id(addr))) {
                                unit = (FirmwareUnit){ "IVHD", b->offset, b->base, e->type == IVHD_ALL };
                                found = true;
                        }
        }
        if (found)
                *ret = unit;
        return found;
}

static bool ivmd_applies(const IvrsBlock *b, const PciFunction *f)
{
        if (!ivrs_block_is_ivmd(b) || !(b->flags & (IVMD_UNITY | IVMD_EXCLUSION)) || b->segment != f->addr.domain)
                return false;
        /* for all: up to the highest device id of any entry, and what is above is not covered anyway */
        return b->type == IVRS_IVMD_ALL ||
               (device_id(f->addr) >= b->device_id && device_id(f->addr) <= b->last_device_id);
}

bool ivrs_map_region(const Facts *f, const Ivrs *ivrs, size_t i, size_t *iterator, FirmwareRegion *ret)
{
        const PciFunction *p = f->functions + i;

        if (p->addr.domain > SEGMENT_MAX)
                return false;
        for (; *iterator < ivrs->n_blocks; (*iterator)++) {
                const IvrsBlock *b = ivrs->blocks + *iterator;
                uint64_t start = (b->start + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
                uint64_t size = (b->size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);

                if (!ivmd_applies(b, p))
                        continue;
                *ret = (FirmwareRegion){ .kind = "IVMD",
                                         .offset = b->offset,
                                         .start = start,
                                         .end = start + size - (size > 0),
                                         .function = PCI_PARENT_NONE };
                (*iterator)++;
                return true;
        }
        return false;
}

bool ivrs_map_denies_remapping(const Ivrs *ivrs)
{
        uint8_t type = ivrs_linux_ivhd_type(ivrs);

        FOREACH_ARRAY(b, ivrs->blocks, ivrs->n_blocks) {
                if (!ivrs_block_is_ivhd(b) || b->type != type)
                        continue;
                FOREACH_ARRAY(e, b->entries, b->n_entries)
                        if (e->type == IVHD_SPECIAL && e->variety == IVHD_SPECIAL_IOAPIC &&
                            e->source_id == IOAPIC_SB_DEVICE_ID)
                                return false;
        }
        return true;
}
