/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "core/firmware-note.h"
#include "core/firmware.h"

/* Where a line of a structure's details begins, below the name of its type. */
#define INDENT "                   "

/* A size that is a whole number of the largest unit that divides it, as firmware's regions are: "64 MiB". */
static void print_bytes(FILE *f, uint64_t n)
{
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(units) && n > 0 && n % 1024 == 0) {
                n /= 1024;
                i++;
        }
        fprintf(f, "%" PRIu64 " %s", n, n == 1 && i == 0 ? "byte" : units[i]);
}

static void print_device(FILE *f, uint16_t id)
{
        fprintf(f, "%02x:%02x.%u", ACPI_BDF_BUS(id), ACPI_BDF_DEVICE(id), ACPI_BDF_FUNCTION(id));
}

static void print_devices(FILE *f, uint16_t first, uint16_t last)
{
        print_device(f, first);
        if (first != last) {
                fputs(" to ", f);
                print_device(f, last);
        }
}

typedef struct FlagText {
        uint32_t bit;
        const char *name, *text;
} FlagText;

static void print_flags(FILE *f, uint32_t flags, const FlagText *texts, size_t n)
{
        FOREACH_ARRAY(t, texts, n)
                if (flags & t->bit)
                        fprintf(f, "  %-26s %s\n", t->name, t->text);
}

/* The flags of a structure, on one line. */
static void print_flag_names(FILE *f, const char *what, uint32_t flags, const FlagText *texts, size_t n)
{
        const char *separator = "";

        fprintf(f, INDENT "%s: ", what);
        FOREACH_ARRAY(t, texts, n)
                if (flags & t->bit) {
                        fprintf(f, "%s%s", separator, t->text ?: t->name);
                        separator = ", ";
                }
        fputs(*separator ? "\n" : "none\n", f);
}

static void print_header(FILE *f, const AcpiHeader *h)
{
        char oem[9], table[9];

        fprintf(f, "%s, revision %u, %u bytes, checksum %s, OEM \"%s\" \"%s\" revision 0x%x\n", h->signature,
                h->revision, h->length, h->checksum_ok ? "right" : "WRONG",
                acpi_text(h->oem_id, sizeof(h->oem_id), oem, sizeof(oem)),
                acpi_text(h->oem_table_id, sizeof(h->oem_table_id), table, sizeof(table)), h->oem_revision);
}

static void print_trailer(FILE *f, const AcpiHeader *h, const AcpiError *error, const FirmwareNoteList *notes)
{
        if (error->message[0])
                fprintf(f, "  error at 0x%03x: %s\n", error->offset, error->message);
        else if (!h->checksum_ok)
                fputs("  wrong: the checksum; the bytes are not those that the firmware summed up\n", f);
        FOREACH_ARRAY(n, notes->items, notes->n)
                fprintf(f, "  %s at 0x%03x: %s\n", n->wrong ? "wrong" : "note ", n->offset, n->text);
}

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
        static const FlagText properties[] = {
                { DMAR_SIDP_NO_NESTED, "no nested translation without PASID", NULL },
                { DMAR_SIDP_NO_PWSNP, "no snooped page walks without PASID", NULL },
                { DMAR_SIDP_NO_PGSNP, "no snooped pages without PASID", NULL },
                { DMAR_SIDP_ATC_HARDENED, "hardened translation cache", NULL },
                { DMAR_SIDP_ATC_REQUIRED, "translation cache required", NULL },
        };
        const char *name = dmar_scope_type_to_string((DmarScopeType) scope->type);

        if (dmar_scope_is_pci(scope)) {
                fprintf(f, INDENT "%s ", name);
                print_path(f, s, scope);
                if (scope->type == DMAR_SCOPE_BRIDGE)
                        fputs(" and all below it", f);
        } else {
                if (name)
                        fprintf(f, INDENT "%s %u, seen as ", name, scope->enumeration_id);
                else
                        fprintf(f, INDENT "scope of unknown type %u, number %u, ", scope->type, scope->enumeration_id);
                print_path(f, s, scope);
        }
        fputc('\n', f);
        if (s->type == DMAR_SIDP)
                print_flag_names(f, "  properties", scope->flags, properties, ELEMENTSOF(properties));
}

static void print_structure(FILE *f, const DmarStructure *s)
{
        const char *name = dmar_type_to_string((DmarType) s->type);

        fprintf(f, "  0x%03x %-10s ", s->offset, name ?: "unknown");
        switch ((DmarType) s->type) {
        case DMAR_DRHD:
                fprintf(f, "hardware unit, segment %04x, registers at 0x%" PRIx64 " (", s->segment, s->base);
                print_bytes(f, UINT64_C(4096) << s->size);
                fputs(")\n", f);
                if (s->flags & DMAR_DRHD_INCLUDE_PCI_ALL)
                        fprintf(f, INDENT "all functions of segment %04x that no other unit is for (INCLUDE_PCI_ALL)\n",
                                s->segment);
                break;
        case DMAR_RMRR:
                fprintf(f, "reserved memory, segment %04x, 0x%" PRIx64 "-0x%" PRIx64, s->segment, s->base, s->end);
                if (s->end >= s->base && s->end - s->base != UINT64_MAX) {
                        fputs(" (", f);
                        print_bytes(f, s->end - s->base + 1);
                        fputc(')', f);
                }
                fputc('\n', f);
                break;
        case DMAR_ATSR:
                fprintf(f, "root ports with address translation services (ATS), segment %04x\n", s->segment);
                if (s->flags & DMAR_ATSR_ALL_PORTS)
                        fprintf(f, INDENT "all root ports of segment %04x (ALL_PORTS)\n", s->segment);
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
                fputs(INDENT "damaged: what is shown is what could be read\n", f);
        FOREACH_ARRAY(scope, s->scopes, s->n_scopes)
                print_scope(f, s, scope);
}

static int print_dmar(FILE *f, const Dmar *d, const AcpiError *error)
{
        static const FlagText flags[] = {
                { DMAR_INTR_REMAP, "INTR_REMAP", "the platform can remap interrupts" },
                { DMAR_X2APIC_OPT_OUT, "X2APIC_OPT_OUT", "the firmware asks not to use x2APIC mode" },
                { DMAR_DMA_CTRL_PLATFORM_OPT_IN, "DMA_CTRL_PLATFORM_OPT_IN",
                  "the firmware has confined DMA and asks the system to go on so" },
        };
        _cleanup_(firmware_note_list_done) FirmwareNoteList notes = {};
        int r = firmware_note_dmar(d, &notes);

        if (r < 0)
                return r;
        print_header(f, &d->header);
        fprintf(f, "  DMA addresses of %u bits\n", d->host_address_width);
        if (!(d->flags & DMAR_INTR_REMAP))
                fputs("  no INTR_REMAP              the platform cannot remap interrupts\n", f);
        print_flags(f, d->flags, flags, ELEMENTSOF(flags));
        FOREACH_ARRAY(s, d->structures, d->n_structures)
                print_structure(f, s);
        print_trailer(f, &d->header, error, &notes);
        return 0;
}

static void print_setting(FILE *f, uint8_t setting)
{
        static const struct {
                uint8_t bit;
                const char *name;
        } names[] = {
                { IVHD_INIT_PASS, "INIT" },   { IVHD_EINT_PASS, "ExtInt" }, { IVHD_NMI_PASS, "NMI" },
                { IVHD_LINT0_PASS, "LINT0" }, { IVHD_LINT1_PASS, "LINT1" },
        };
        const char *separator = "; passes ";

        FOREACH_ARRAY(n, names, ELEMENTSOF(names))
                if (setting & n->bit) {
                        fprintf(f, "%s%s", separator, n->name);
                        separator = ", ";
                }
        if (setting & IVHD_SYS_MGT)
                fprintf(f, "; system management messages %u", (setting & IVHD_SYS_MGT) >> 4);
}

static void print_special(FILE *f, const IvhdEntry *e)
{
        if (e->variety == IVHD_SPECIAL_IOAPIC)
                fprintf(f, "I/O APIC %u", e->handle);
        else if (e->variety == IVHD_SPECIAL_HPET)
                fprintf(f, "HPET %u", e->handle);
        else
                fprintf(f, "special device of unknown kind %u, number %u", e->variety, e->handle);
        fputs(", seen as ", f);
        print_device(f, e->source_id);
}

static void print_entry(FILE *f, const IvhdEntry *e)
{
        switch ((IvhdEntryType) e->type) {
        case IVHD_PAD4:
        case IVHD_PAD8:
        case IVHD_RANGE_END: /* said with its start */
                return;
        case IVHD_ALL:
                fputs(INDENT "all devices", f);
                break;
        case IVHD_SELECT:
        case IVHD_RANGE:
        case IVHD_ALIAS_SELECT:
        case IVHD_ALIAS_RANGE:
        case IVHD_EXT_SELECT:
        case IVHD_EXT_RANGE:
                fputs(INDENT, f);
                print_devices(f, e->first, e->last);
                break;
        case IVHD_SPECIAL:
                fputs(INDENT, f);
                print_special(f, e);
                break;
        case IVHD_ACPI_HID:
                fprintf(f, INDENT "ACPI device %s%s%s", e->hid, *e->cid ? ", compatible with " : "", e->cid);
                if (e->uid)
                        fprintf(f, " (%s)", e->uid);
                else if (e->uid_format == IVHD_UID_INTEGER)
                        fprintf(f, " number %" PRIu64, e->uid_integer);
                fputs(", seen as ", f);
                print_device(f, e->device_id);
                break;
        default:
                fprintf(f, INDENT "entry of unknown type 0x%02x, %u bytes\n", e->type, e->length);
                return;
        }
        if (e->type == IVHD_ALIAS_SELECT || e->type == IVHD_ALIAS_RANGE) {
                fputs(", seen as ", f);
                print_device(f, e->source_id);
        }
        if (e->extended)
                fprintf(f, "; extended settings 0x%x", e->extended);
        print_setting(f, e->setting);
        fputc('\n', f);
}

static void print_ivhd(FILE *f, const IvrsBlock *b)
{
        static const FlagText flags[] = {
                { IVHD_HT_TUN_EN, "HtTunEn", NULL },     { IVHD_PASS_PW, "PassPW", NULL },
                { IVHD_RES_PASS_PW, "ResPassPW", NULL }, { IVHD_ISOC, "Isoc", NULL },
                { IVHD_IOTLB_SUP, "IotlbSup", NULL },    { IVHD_COHERENT, "Coherent", NULL },
                { IVHD_PREF_SUP, "PrefSup", NULL },      { IVHD_PPR_SUP, "PPRSup", NULL },
        };

        fprintf(f, "IOMMU %04x:", b->segment);
        print_device(f, b->device_id);
        fprintf(f, ", registers at 0x%" PRIx64 "\n", b->base);
        print_flag_names(f, "flags", b->flags, flags, ELEMENTSOF(flags));
        if (b->type == IVRS_IVHD_10)
                fprintf(f, INDENT "features 0x%08x\n", b->features);
        else
                fprintf(f, INDENT "attributes 0x%08x, extended features 0x%" PRIx64 " 0x%" PRIx64 "\n", b->features,
                        b->efr, b->efr2);
        FOREACH_ARRAY(e, b->entries, b->n_entries)
                print_entry(f, e);
}

static void print_ivmd(FILE *f, const IvrsBlock *b)
{
        static const FlagText flags[] = {
                { IVMD_UNITY, "unity map", NULL },
                { IVMD_READ, "readable", NULL },
                { IVMD_WRITE, "writable", NULL },
                { IVMD_EXCLUSION, "exclusion range", NULL },
        };

        fprintf(f, "reserved memory, segment %04x, ", b->segment);
        if (b->size > 0 && b->size - 1 <= UINT64_MAX - b->start)
                fprintf(f, "0x%" PRIx64 "-0x%" PRIx64 " (", b->start, b->start + (b->size - 1));
        else
                fprintf(f, "from 0x%" PRIx64 " (", b->start);
        print_bytes(f, b->size);
        fputs(")\n", f);
        print_flag_names(f, "flags", b->flags, flags, ELEMENTSOF(flags));
        fputs(INDENT, f);
        if (b->type == IVRS_IVMD_ALL)
                fputs("all devices", f);
        else
                print_devices(f, b->first_device_id, b->last_device_id);
        fputc('\n', f);
}

static void print_block(FILE *f, const IvrsBlock *b)
{
        bool ivhd = ivrs_block_is_ivhd(b), ivmd = ivrs_block_is_ivmd(b);

        fprintf(f, "  0x%03x %s 0x%02x%s ", b->offset,
                ivhd   ? "IVHD"
                : ivmd ? "IVMD"
                       : "block",
                b->type, ivhd || ivmd ? " " : "");
        if (ivhd)
                print_ivhd(f, b);
        else if (ivmd)
                print_ivmd(f, b);
        else
                fprintf(f, "of unknown type, %u bytes\n", b->length);
        if (b->damaged)
                fputs(INDENT "damaged: what is shown is what could be read\n", f);
}

/* The blocks of 10h, 11h and 40h are no three IOMMUs. */
static void print_units(FILE *f, const Ivrs *i)
{
        uint8_t type = ivrs_linux_ivhd_type(i);

        fprintf(f, "  %zu IOMMU%s", i->n_units, i->n_units == 1 ? "" : "s");
        if (type == IVRS_IVHD_10 || type == IVRS_IVHD_11 || type == IVRS_IVHD_40)
                fprintf(f, "; Linux reads the blocks of type 0x%02x", type);
        fputc('\n', f);
        FOREACH_ARRAY(u, i->units, i->n_units) {
                const char *separator = "described by ";

                fprintf(f, "    %04x:", u->segment);
                print_device(f, u->device_id);
                fputs(", ", f);
                FOREACH_ARRAY(b, u->blocks, ELEMENTSOF(u->blocks))
                        if (*b != SIZE_MAX) {
                                fprintf(f, "%s0x%02x at 0x%03x", separator, i->blocks[*b].type, i->blocks[*b].offset);
                                separator = ", ";
                        }
                fputc('\n', f);
        }
}

static int print_ivrs(FILE *f, const Ivrs *i, const AcpiError *error)
{
        static const FlagText flags[] = {
                { IVINFO_EFR_SUP, "EFRSup", "the extended features in the blocks are valid" },
                { IVINFO_DMA_GUARD_OPT_IN, "DmaGuardOptIn", "the firmware asks the system to guard against DMA" },
                { IVINFO_HT_ATS_RESERVED, "HtAtsResv", "the address range of ATS requests is reserved" },
        };
        _cleanup_(firmware_note_list_done) FirmwareNoteList notes = {};
        int r = firmware_note_ivrs(i, &notes);

        if (r < 0)
                return r;
        print_header(f, &i->header);
        fprintf(f, "  physical addresses of %u bits, virtual ones of %u\n", i->physical_address_size,
                i->virtual_address_size);
        print_flags(f, i->info, flags, ELEMENTSOF(flags));
        print_units(f, i);
        FOREACH_ARRAY(b, i->blocks, i->n_blocks)
                print_block(f, b);
        print_trailer(f, &i->header, error, &notes);
        return 0;
}

int firmware_text(const FirmwareTable *tables, size_t n, char **ret)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        int r = 0;

        if (!f)
                return -ENOMEM;
        FOREACH_ARRAY(t, tables, n) {
                if (t != tables)
                        fputc('\n', f);
                r = t->dmar ? print_dmar(f, t->dmar, t->error) : print_ivrs(f, t->ivrs, t->error);
                if (r < 0)
                        break;
        }
        if (fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0) {
                free(text);
                return r;
        }
        *ret = text;
        return 0;
}
