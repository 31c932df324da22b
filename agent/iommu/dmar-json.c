/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/dmar-form.h"

static void add_scopes(JsonPlace p, const DmarStructure *s)
{
        JsonPlace a = json_place_array(p, "scopes");

        FOREACH_ARRAY(scope, s->scopes, s->n_scopes) {
                JsonPlace o = json_place_append_object(a), path;

                json_place_number(o, "type", scope->type);
                json_place_number(o, "enumeration_id", scope->enumeration_id);
                json_place_number(o, "bus", scope->bus);
                path = json_place_array(o, "path");
                FOREACH_ARRAY(h, scope->path, scope->n_path) {
                        struct json_object *hop = json_new_array();

                        json_place_append(path, hop);
                        json_place_append((JsonPlace){ hop, p.error }, json_new_int(h->device));
                        json_place_append((JsonPlace){ hop, p.error }, json_new_int(h->function));
                }
                if (s->type == DMAR_SIDP)
                        json_place_number(o, "flags", scope->flags);
        }
}

static void add_structure(JsonPlace p, const DmarStructure *s)
{
        const char *name = dmar_type_to_string((DmarType) s->type);

        if (name)
                json_place_text(p, "type", name);
        else
                json_place_number(p, "type", s->type);
        json_place_number(p, "length", s->length);
        if (s->damaged)
                json_place_bool(p, "damaged", true);
        switch ((DmarType) s->type) {
        case DMAR_DRHD:
                json_place_number(p, "segment", s->segment);
                json_place_number(p, "base", s->base);
                json_place_bool(p, "include_all", s->flags & DMAR_DRHD_INCLUDE_PCI_ALL);
                add_scopes(p, s);
                json_place_number(p, "size", s->size);
                break;
        case DMAR_RMRR:
                json_place_number(p, "segment", s->segment);
                json_place_number(p, "base", s->base);
                json_place_number(p, "end", s->end);
                add_scopes(p, s);
                break;
        case DMAR_ATSR:
                json_place_number(p, "segment", s->segment);
                json_place_bool(p, "all_ports", s->flags & DMAR_ATSR_ALL_PORTS);
                add_scopes(p, s);
                break;
        case DMAR_RHSA:
                json_place_number(p, "base", s->base);
                json_place_number(p, "proximity_domain", s->proximity_domain);
                break;
        case DMAR_ANDD:
                json_place_number(p, "device_number", s->device_number);
                json_place_text(p, "name", s->name ?: "");
                break;
        case DMAR_SATC:
                json_place_number(p, "segment", s->segment);
                json_place_bool(p, "atc_required", s->flags & DMAR_SATC_ATC_REQUIRED);
                add_scopes(p, s);
                break;
        case DMAR_SIDP:
                json_place_number(p, "segment", s->segment);
                add_scopes(p, s);
                break;
        case _DMAR_TYPE_MAX:
                break;
        }
}

void dmar_json(JsonPlace p, const Dmar *d)
{
        static const JsonFlag names[] = {
                { DMAR_INTR_REMAP, "INTR_REMAP" },
                { DMAR_X2APIC_OPT_OUT, "X2APIC_OPT_OUT" },
                { DMAR_DMA_CTRL_PLATFORM_OPT_IN, "DMA_CTRL_PLATFORM_OPT_IN" },
        };
        JsonPlace a;

        json_place_number(p, "host_address_width", d->host_address_width);
        json_place_flags(p, d->flags, names, ELEMENTSOF(names));
        a = json_place_array(p, "structures");
        FOREACH_ARRAY(s, d->structures, d->n_structures)
                add_structure(json_place_append_object(a), s);
}
