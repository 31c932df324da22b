/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"
#include "core/firmware-note.h"
#include "core/firmware.h"

/*
 * A place to add to. The first lack of memory is remembered and makes all that follows do nothing, so that the code
 * below reads like the form it makes.
 */
typedef struct Place {
        struct json_object *o;
        int *error;
} Place;

static void add(Place p, const char *key, struct json_object *v)
{
        if (*p.error < 0)
                json_object_put(v);
        else
                *p.error = json_add(p.o, key, v);
}

static void add_number(Place p, const char *key, uint64_t v)
{
        add(p, key, json_object_new_uint64(v));
}

static void add_bool(Place p, const char *key, bool v)
{
        add(p, key, json_object_new_boolean(v));
}

static void add_text(Place p, const char *key, const char *s)
{
        add(p, key, json_new_text(s));
}

static void append(Place array, struct json_object *v)
{
        if (*array.error < 0)
                json_object_put(v);
        else
                *array.error = json_append(array.o, v);
}

static Place add_array(Place p, const char *key)
{
        struct json_object *a = json_object_new_array();

        add(p, key, a);
        return (Place){ a, p.error };
}

static Place append_object(Place array)
{
        struct json_object *o = json_object_new_object();

        append(array, o);
        return (Place){ o, array.error };
}

typedef struct FlagName {
        uint32_t bit;
        const char *name;
} FlagName;

static void add_flags(Place p, uint32_t flags, const FlagName *names, size_t n)
{
        Place a = add_array(p, "flags");

        FOREACH_ARRAY(i, names, n)
                if (flags & i->bit)
                        append(a, json_new_text(i->name));
}

static void add_header(Place p, const AcpiHeader *h)
{
        add_text(p, "signature", h->signature);
        add_number(p, "revision", h->revision);
        add_number(p, "length", h->length);
        add_bool(p, "checksum_ok", h->checksum_ok);
}

static void add_trailer(Place p, const AcpiHeader *h, const AcpiError *error, const FirmwareNoteList *notes)
{
        char text[9];
        Place a;

        add_text(p, "oem_id", acpi_text(h->oem_id, sizeof(h->oem_id), text, sizeof(text)));
        add_text(p, "oem_table_id", acpi_text(h->oem_table_id, sizeof(h->oem_table_id), text, sizeof(text)));
        add_number(p, "oem_revision", h->oem_revision);
        a = add_array(p, "errors");
        if (error->message[0]) {
                Place e = append_object(a);

                add_number(e, "offset", error->offset);
                add_text(e, "message", error->message);
        }
        a = add_array(p, "notes");
        FOREACH_ARRAY(n, notes->items, notes->n) {
                Place o = append_object(a);

                add_number(o, "offset", n->offset);
                add_bool(o, "wrong", n->wrong);
                add_text(o, "message", n->text);
        }
}

static void add_scopes(Place p, const DmarStructure *s)
{
        Place a = add_array(p, "scopes");

        FOREACH_ARRAY(scope, s->scopes, s->n_scopes) {
                Place o = append_object(a), path;

                add_number(o, "type", scope->type);
                add_number(o, "enumeration_id", scope->enumeration_id);
                add_number(o, "bus", scope->bus);
                path = add_array(o, "path");
                FOREACH_ARRAY(h, scope->path, scope->n_path) {
                        struct json_object *hop = json_object_new_array();

                        append(path, hop);
                        append((Place){ hop, p.error }, json_object_new_int(h->device));
                        append((Place){ hop, p.error }, json_object_new_int(h->function));
                }
                if (s->type == DMAR_SIDP)
                        add_number(o, "flags", scope->flags);
        }
}

static void add_structure(Place p, const DmarStructure *s)
{
        const char *name = dmar_type_to_string((DmarType) s->type);

        if (name)
                add_text(p, "type", name);
        else
                add_number(p, "type", s->type);
        add_number(p, "length", s->length);
        if (s->damaged)
                add_bool(p, "damaged", true);
        switch ((DmarType) s->type) {
        case DMAR_DRHD:
                add_number(p, "segment", s->segment);
                add_number(p, "base", s->base);
                add_bool(p, "include_all", s->flags & DMAR_DRHD_INCLUDE_PCI_ALL);
                add_scopes(p, s);
                add_number(p, "size", s->size);
                break;
        case DMAR_RMRR:
                add_number(p, "segment", s->segment);
                add_number(p, "base", s->base);
                add_number(p, "end", s->end);
                add_scopes(p, s);
                break;
        case DMAR_ATSR:
                add_number(p, "segment", s->segment);
                add_bool(p, "all_ports", s->flags & DMAR_ATSR_ALL_PORTS);
                add_scopes(p, s);
                break;
        case DMAR_RHSA:
                add_number(p, "base", s->base);
                add_number(p, "proximity_domain", s->proximity_domain);
                break;
        case DMAR_ANDD:
                add_number(p, "device_number", s->device_number);
                add_text(p, "name", s->name ?: "");
                break;
        case DMAR_SATC:
                add_number(p, "segment", s->segment);
                add_bool(p, "atc_required", s->flags & DMAR_SATC_ATC_REQUIRED);
                add_scopes(p, s);
                break;
        case DMAR_SIDP:
                add_number(p, "segment", s->segment);
                add_scopes(p, s);
                break;
        case _DMAR_TYPE_MAX:
                break;
        }
}

static int add_dmar(Place p, const Dmar *d, const AcpiError *error)
{
        static const FlagName names[] = {
                { DMAR_INTR_REMAP, "INTR_REMAP" },
                { DMAR_X2APIC_OPT_OUT, "X2APIC_OPT_OUT" },
                { DMAR_DMA_CTRL_PLATFORM_OPT_IN, "DMA_CTRL_PLATFORM_OPT_IN" },
        };
        _cleanup_(firmware_note_list_done) FirmwareNoteList notes = {};
        int r = firmware_note_dmar(d, &notes);
        Place a;

        if (r < 0)
                return r;
        add_header(p, &d->header);
        add_number(p, "host_address_width", d->host_address_width);
        add_flags(p, d->flags, names, ELEMENTSOF(names));
        a = add_array(p, "structures");
        FOREACH_ARRAY(s, d->structures, d->n_structures)
                add_structure(append_object(a), s);
        add_trailer(p, &d->header, error, &notes);
        return 0;
}

static void add_entry(Place p, const IvhdEntry *e)
{
        const char *name = ivhd_entry_type_to_string((IvhdEntryType) e->type);

        add_number(p, "type", e->type);
        if (name)
                add_text(p, "name", name);
        add_number(p, "length", e->length);
        switch ((IvhdEntryType) e->type) {
        case IVHD_ALL:
        case IVHD_SELECT:
        case IVHD_RANGE:
        case IVHD_ALIAS_SELECT:
        case IVHD_ALIAS_RANGE:
        case IVHD_EXT_SELECT:
        case IVHD_EXT_RANGE:
        case IVHD_ACPI_HID:
                add_number(p, "first", e->first);
                add_number(p, "last", e->last);
                add_number(p, "setting", e->setting);
                break;
        case IVHD_RANGE_END:
                add_number(p, "last", e->device_id);
                break;
        case IVHD_SPECIAL:
                add_number(p, "setting", e->setting);
                add_number(p, "handle", e->handle);
                add_number(p, "variety", e->variety);
                break;
        case IVHD_PAD4:
        case IVHD_PAD8:
                break;
        }
        if (e->type == IVHD_ALIAS_SELECT || e->type == IVHD_ALIAS_RANGE || e->type == IVHD_SPECIAL)
                add_number(p, "source_id", e->source_id);
        if (e->type == IVHD_EXT_SELECT || e->type == IVHD_EXT_RANGE)
                add_number(p, "extended", e->extended);
        if (e->type != IVHD_ACPI_HID)
                return;
        add_text(p, "hid", e->hid);
        add_text(p, "cid", e->cid);
        add_number(p, "uid_format", e->uid_format);
        if (e->uid)
                add_text(p, "uid", e->uid);
        else if (e->uid_format == IVHD_UID_INTEGER)
                add_number(p, "uid", e->uid_integer);
}

static void add_ivhd(Place p, const IvrsBlock *b)
{
        static const FlagName names[] = {
                { IVHD_HT_TUN_EN, "HtTunEn" }, { IVHD_PASS_PW, "PassPW" },     { IVHD_RES_PASS_PW, "ResPassPW" },
                { IVHD_ISOC, "Isoc" },         { IVHD_IOTLB_SUP, "IotlbSup" }, { IVHD_COHERENT, "Coherent" },
                { IVHD_PREF_SUP, "PrefSup" },  { IVHD_PPR_SUP, "PPRSup" },
        };
        Place a;

        add_number(p, "segment", b->segment);
        add_number(p, "device_id", b->device_id);
        add_number(p, "base", b->base);
        add_flags(p, b->flags, names, ELEMENTSOF(names));
        add_number(p, "capability_offset", b->capability_offset);
        add_number(p, "info", b->info);
        if (b->type == IVRS_IVHD_10)
                add_number(p, "feature_reporting", b->features);
        else {
                add_number(p, "attributes", b->features);
                add_number(p, "efr", b->efr);
                add_number(p, "efr2", b->efr2);
        }
        if (b->unit != SIZE_MAX)
                add_number(p, "unit", b->unit);
        a = add_array(p, "entries");
        FOREACH_ARRAY(e, b->entries, b->n_entries)
                add_entry(append_object(a), e);
}

static void add_ivmd(Place p, const IvrsBlock *b)
{
        static const FlagName names[] = {
                { IVMD_UNITY, "Unity" },
                { IVMD_READ, "IR" },
                { IVMD_WRITE, "IW" },
                { IVMD_EXCLUSION, "ExclusionRange" },
        };

        add_number(p, "segment", b->segment);
        add_number(p, "first", b->first_device_id);
        add_number(p, "last", b->last_device_id);
        add_flags(p, b->flags, names, ELEMENTSOF(names));
        add_number(p, "start", b->start);
        add_number(p, "size", b->size);
}

static void add_block(Place p, const IvrsBlock *b)
{
        char name[] = "IVHD 0x00";

        (void) snprintf(name, sizeof(name), "%s 0x%02x", ivrs_block_is_ivhd(b) ? "IVHD" : "IVMD", b->type);
        if (ivrs_block_is_ivhd(b) || ivrs_block_is_ivmd(b))
                add_text(p, "type", name);
        else
                add_number(p, "type", b->type);
        add_number(p, "length", b->length);
        if (b->damaged)
                add_bool(p, "damaged", true);
        if (ivrs_block_is_ivhd(b))
                add_ivhd(p, b);
        else if (ivrs_block_is_ivmd(b))
                add_ivmd(p, b);
}

static int add_ivrs(Place p, const Ivrs *i, const AcpiError *error)
{
        static const FlagName names[] = {
                { IVINFO_EFR_SUP, "EFRSup" },
                { IVINFO_DMA_GUARD_OPT_IN, "DmaGuardOptIn" },
                { IVINFO_HT_ATS_RESERVED, "HtAtsResv" },
        };
        _cleanup_(firmware_note_list_done) FirmwareNoteList notes = {};
        int r = firmware_note_ivrs(i, &notes);
        Place a;

        if (r < 0)
                return r;
        add_header(p, &i->header);
        add_number(p, "host_address_width", i->physical_address_size);
        add_number(p, "virtual_address_width", i->virtual_address_size);
        add_flags(p, i->info, names, ELEMENTSOF(names));
        add_number(p, "ivinfo", i->info);
        a = add_array(p, "structures");
        FOREACH_ARRAY(b, i->blocks, i->n_blocks)
                add_block(append_object(a), b);
        add_trailer(p, &i->header, error, &notes);
        return 0;
}

int firmware_json(const FirmwareTable *tables, size_t n, char **ret)
{
        _cleanup_json_ struct json_object *o = json_object_new_object();
        int error = o ? 0 : -ENOMEM;
        Place a = add_array((Place){ o, &error }, "tables");

        FOREACH_ARRAY(t, tables, n) {
                Place p = append_object(a);
                int r = t->dmar ? add_dmar(p, t->dmar, t->error) : add_ivrs(p, t->ivrs, t->error);

                if (r < 0)
                        return r;
        }
        return error < 0 ? error : json_print(o, ret);
}
