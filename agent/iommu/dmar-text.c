/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "iommu/dmar-form.h"
#include "iommu/text.h"

/* One hop: an address. More: the notation of the claim list, in which "/" leads behind a bridge. */
static void print_path(FILE *f, const DmarStructure *s, const DmarScope *scope)
{
        bool far = scope->n_path > 1;

        fprintf(f, "%s%04x:%02x", far ? "pci" : "", s->segment, scope->bus);
        FOREACH_ARRAY(h, scope->path, scope->n_path)
                fprintf(f, "%c%02x.%u", far ? '/' : ':', h->device, h->function);
}

static void print_scope(FILE *f, const DmarStructure *s, const DmarScope *scope)
{
        static const TextFlag properties[] = {
                { DMAR_SIDP_NO_NESTED, "no nested translation without PASID", NULL },
                { DMAR_SIDP_NO_PWSNP, "no snooped page walks without PASID", NULL },
                { DMAR_SIDP_NO_PGSNP, "no snooped pages without PASID", NULL },
                { DMAR_SIDP_ATC_HARDENED, "hardened translation cache", NULL },
                { DMAR_SIDP_ATC_REQUIRED, "translation cache required", NULL },
        };
        const char *name = dmar_scope_type_to_string((DmarScopeType) scope->type);

        if (dmar_scope_is_pci(scope)) {
                fprintf(f, TEXT_INDENT "%s ", name);
                print_path(f, s, scope);
                if (scope->type == DMAR_SCOPE_BRIDGE)
                        fputs(" and all below it", f);
        } else {
                if (name)
                        fprintf(f, TEXT_INDENT "%s %u, seen as ", name, scope->enumeration_id);
                else
                        fprintf(f, TEXT_INDENT "scope of unknown type %u, number %u, ", scope->type,
                                scope->enumeration_id);
                print_path(f, s, scope);
        }
        fputc('\n', f);
        if (s->type == DMAR_SIDP)
                text_flag_names(f, "  properties", scope->flags, properties, ELEMENTSOF(properties));
}

static void print_structure(FILE *f, const DmarStructure *s)
{
        const char *name = dmar_type_to_string((DmarType) s->type);

        fprintf(f, "  0x%03x %-10s ", s->offset, name ?: "unknown");
        switch ((DmarType) s->type) {
        case DMAR_DRHD:
                fprintf(f, "hardware unit, segment %04x, registers at 0x%" PRIx64 " (", s->segment, s->base);
                text_bytes(f, UINT64_C(4096) << s->size);
                fputs(")\n", f);
                if (s->flags & DMAR_DRHD_INCLUDE_PCI_ALL)
                        fprintf(f,
                                TEXT_INDENT
                                "all functions of segment %04x that no other unit is for (INCLUDE_PCI_ALL)\n",
                                s->segment);
                break;
        case DMAR_RMRR:
                fprintf(f, "reserved memory, segment %04x, 0x%" PRIx64 "-0x%" PRIx64, s->segment, s->base, s->end);
                if (s->end >= s->base && s->end - s->base != UINT64_MAX) {
                        fputs(" (", f);
                        text_bytes(f, s->end - s->base + 1);
                        fputc(')', f);
                }
                fputc('\n', f);
                break;
        case DMAR_ATSR:
                fprintf(f, "root ports with address translation services (ATS), segment %04x\n", s->segment);
                if (s->flags & DMAR_ATSR_ALL_PORTS)
                        fprintf(f, TEXT_INDENT "all root ports of segment %04x (ALL_PORTS)\n", s->segment);
                break;
        case DMAR_RHSA:
                fprintf(f, "the unit with registers at 0x%" PRIx64 " is in NUMA proximity domain %u\n", s->base,
                        s->proximity_domain);
                break;
        case DMAR_ANDD:
                fprintf(f, "namespace device %u is %s\n", s->device_number, s->name ?: "(not named)");
                break;
        case DMAR_SATC:
                fprintf(f, "integrated devices with a translation cache, segment %04x%s\n", s->segment,
                        s->flags & DMAR_SATC_ATC_REQUIRED ? ", which they need to work (ATC_REQUIRED)" : "");
                break;
        case DMAR_SIDP:
                fprintf(f, "properties of integrated devices, segment %04x\n", s->segment);
                break;
        case _DMAR_TYPE_MAX:
        default:
                fprintf(f, "type %u, %u bytes\n", s->type, s->length);
                break;
        }
        if (s->damaged)
                fputs(TEXT_INDENT "damaged: what is shown is what could be read\n", f);
        FOREACH_ARRAY(scope, s->scopes, s->n_scopes)
                print_scope(f, s, scope);
}

void dmar_text(FILE *f, const Dmar *d)
{
        static const TextFlag flags[] = {
                { DMAR_INTR_REMAP, "INTR_REMAP", "the platform can remap interrupts" },
                { DMAR_X2APIC_OPT_OUT, "X2APIC_OPT_OUT", "the firmware asks not to use x2APIC mode" },
                { DMAR_DMA_CTRL_PLATFORM_OPT_IN, "DMA_CTRL_PLATFORM_OPT_IN",
                  "the firmware has confined DMA and asks the system to go on so" },
        };

        fprintf(f, "  DMA addresses of %u bits\n", d->host_address_width);
        if (!(d->flags & DMAR_INTR_REMAP))
                fputs("  no INTR_REMAP              the platform cannot remap interrupts\n", f);
        text_flags(f, d->flags, flags, ELEMENTSOF(flags));
        FOREACH_ARRAY(s, d->structures, d->n_structures)
                print_structure(f, s);
}
