/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/ivrs-form.h"

static void add_entry(JsonPlace p, const IvhdEntry *e)
{
        const char *name = ivhd_entry_type_to_string((IvhdEntryType) e->type);

        json_place_number(p, "type", e->type);
        if (name)
                json_place_text(p, "name", name);
        json_place_number(p, "length", e->length);
        switch ((IvhdEntryType) e->type) {
        case IVHD_ALL:
        case IVHD_SELECT:
        case IVHD_RANGE:
        case IVHD_ALIAS_SELECT:
        case IVHD_ALIAS_RANGE:
        case IVHD_EXT_SELECT:
        case IVHD_EXT_RANGE:
        case IVHD_ACPI_HID:
                json_place_number(p, "first", e->first);
                json_place_number(p, "last", e->last);
                json_place_number(p, "setting", e->setting);
                break;
        case IVHD_RANGE_END:
                json_place_number(p, "last", e->device_id);
                break;
        case IVHD_SPECIAL:
                json_place_number(p, "setting", e->setting);
                json_place_number(p, "handle", e->handle);
                json_place_number(p, "variety", e->variety);
                break;
        case IVHD_PAD4:
        case IVHD_PAD8:
                break;
        }
        if (e->type == IVHD_ALIAS_SELECT || e->type == IVHD_ALIAS_RANGE || e->type == IVHD_SPECIAL)
                json_place_number(p, "source_id", e->source_id);
        if (e->type == IVHD_EXT_SELECT || e->type == IVHD_EXT_RANGE)
                json_place_number(p, "extended", e->extended);
        if (e->type != IVHD_ACPI_HID)
                return;
        json_place_text(p, "hid", e->hid);
        json_place_text(p, "cid", e->cid);
        json_place_number(p, "uid_format", e->uid_format);
        if (e->uid)
                json_place_text(p, "uid", e->uid);
        else if (e->uid_format == IVHD_UID_INTEGER)
                json_place_number(p, "uid", e->uid_integer);
}

static void add_ivhd(JsonPlace p, const IvrsBlock *b)
{
        static const JsonFlag names[] = {
                { IVHD_HT_TUN_EN, "HtTunEn" }, { IVHD_PASS_PW, "PassPW" },     { IVHD_RES_PASS_PW, "ResPassPW" },
                { IVHD_ISOC, "Isoc" },         { IVHD_IOTLB_SUP, "IotlbSup" }, { IVHD_COHERENT, "Coherent" },
                { IVHD_PREF_SUP, "PrefSup" },  { IVHD_PPR_SUP, "PPRSup" },
        };
        JsonPlace a;

        json_place_number(p, "segment", b->segment);
        json_place_number(p, "device_id", b->device_id);
        json_place_number(p, "base", b->base);
        json_place_flags(p, ivrs_block_flags(b), names, ELEMENTSOF(names));
        json_place_number(p, "capability_offset", b->capability_offset);
        json_place_number(p, "info", b->info);
        if (b->type == IVRS_IVHD_10)
                json_place_number(p, "feature_reporting", b->features);
        else {
                json_place_number(p, "attributes", b->features);
                json_place_number(p, "efr", b->efr);
                json_place_number(p, "efr2", b->efr2);
        }
        if (b->unit != SIZE_MAX)
                json_place_number(p, "unit", b->unit);
        a = json_place_array(p, "entries");
        FOREACH_ARRAY(e, b->entries, b->n_entries)
                add_entry(json_place_append_object(a), e);
}

static void add_ivmd(JsonPlace p, const IvrsBlock *b)
{
        static const JsonFlag names[] = {
                { IVMD_UNITY, "Unity" },
                { IVMD_READ, "IR" },
                { IVMD_WRITE, "IW" },
                { IVMD_EXCLUSION, "ExclusionRange" },
        };

        json_place_number(p, "segment", b->segment);
        json_place_number(p, "first", b->first_device_id);
        json_place_number(p, "last", b->last_device_id);
        json_place_flags(p, b->flags, names, ELEMENTSOF(names));
        json_place_number(p, "start", b->start);
        json_place_number(p, "size", b->size);
}

static void add_block(JsonPlace p, const IvrsBlock *b)
{
        char name[] = "IVHD 0x00";

        (void) snprintf(name, sizeof(name), "%s 0x%02x", ivrs_block_is_ivhd(b) ? "IVHD" : "IVMD", b->type);
        if (ivrs_block_is_ivhd(b) || ivrs_block_is_ivmd(b))
                json_place_text(p, "type", name);
        else
                json_place_number(p, "type", b->type);
        json_place_number(p, "length", b->length);
        if (b->damaged)
                json_place_bool(p, "damaged", true);
        if (ivrs_block_is_ivhd(b))
                add_ivhd(p, b);
        else if (ivrs_block_is_ivmd(b))
                add_ivmd(p, b);
}

void ivrs_json(JsonPlace p, const Ivrs *i)
{
        static const JsonFlag names[] = {
                { IVINFO_EFR_SUP, "EFRSup" },
                { IVINFO_DMA_GUARD_OPT_IN, "DmaGuardOptIn" },
                { IVINFO_HT_ATS_RESERVED, "HtAtsResv" },
        };
        JsonPlace a;

        json_place_number(p, "host_address_width", i->physical_address_size);
        json_place_number(p, "virtual_address_width", i->virtual_address_size);
        json_place_flags(p, i->info, names, ELEMENTSOF(names));
        json_place_number(p, "ivinfo", i->info);
        a = json_place_array(p, "structures");
        FOREACH_ARRAY(b, i->blocks, i->n_blocks)
                add_block(json_place_append_object(a), b);
}
