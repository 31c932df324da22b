/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz-firmware.h"

#include "model/ivrs.h"

static void check_entries(const IvrsBlock *b, size_t size)
{
        uint32_t offset = b->offset + (b->type == IVRS_IVHD_10 ? 24 : 40);

        FOREACH_ARRAY(e, b->entries, b->n_entries) {
                require(e->offset == offset && e->length >= 4);
                offset += e->length;
                require(offset <= b->offset + b->length && offset <= size);
                require(e->first <= e->last);
                require(!e->uid == (e->uid_format != IVHD_UID_STRING || e->type != IVHD_ACPI_HID));
        }
}

/* Blocks lie one behind the other; each IVHD that is whole in front is one of its unit's. */
static void check_blocks(const Ivrs *i, size_t size)
{
        uint32_t offset = 48;

        FOREACH_ARRAY(b, i->blocks, i->n_blocks) {
                bool last = b == i->blocks + i->n_blocks - 1;

                require(b->offset == offset && offset < size);
                require(b->length >= 4 || (last && b->damaged));
                require(b->length <= size - offset || (last && b->damaged));
                check_entries(b, size);
                if (b->unit == SIZE_MAX)
                        require(!ivrs_block_is_ivhd(b) || b->damaged);
                else {
                        require(ivrs_block_is_ivhd(b) && b->unit < i->n_units);
                        require(i->units[b->unit].segment == b->segment && i->units[b->unit].device_id == b->device_id);
                }
                if (ivrs_block_is_ivmd(b))
                        require(b->first_device_id <= b->last_device_id || b->damaged);
                offset += b->length;
        }
}

static void check_units(const Ivrs *i)
{
        FOREACH_ARRAY(u, i->units, i->n_units) {
                require(u->best < i->n_blocks && i->blocks[u->best].unit == (size_t) (u - i->units));
                FOREACH_ARRAY(b, u->blocks, ELEMENTSOF(u->blocks))
                        require(*b == SIZE_MAX || (i->blocks[*b].unit == (size_t) (u - i->units) &&
                                                   i->blocks[*b].type <= i->blocks[u->best].type));
                FOREACH_ARRAY(o, i->units, (size_t) (u - i->units))
                        require(o->segment != u->segment || o->device_id != u->device_id);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(ivrs_done) Ivrs i = {};
        AcpiError error;
        int r = ivrs_parse(data, size, &i, &error);

        check_error(r, &error, size);
        if (r == -EINVAL)
                return 0;
        check_blocks(&i, size);
        check_units(&i);
        FOREACH_ARRAY(b, i.blocks, i.n_blocks)
                require(r < 0 || !b->damaged);
        check_forms(&(const AcpiTable){ .vendor = &iommu_amd,
                                        .sound = r < 0 ? TRISTATE_NO : TRISTATE_YES,
                                        .error = error,
                                        .content = &i },
                    data, size);
        return 0;
}
