/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "iommu/ivrs-form.h"
#include "iommu/text.h"

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
                fputs(TEXT_INDENT "all devices", f);
                break;
        case IVHD_SELECT:
        case IVHD_RANGE:
        case IVHD_ALIAS_SELECT:
        case IVHD_ALIAS_RANGE:
        case IVHD_EXT_SELECT:
        case IVHD_EXT_RANGE:
                fputs(TEXT_INDENT, f);
                print_devices(f, e->first, e->last);
                break;
        case IVHD_SPECIAL:
                fputs(TEXT_INDENT, f);
                print_special(f, e);
                break;
        case IVHD_ACPI_HID:
                fprintf(f, TEXT_INDENT "ACPI device %s%s%s", e->hid, *e->cid ? ", compatible with " : "", e->cid);
                if (e->uid)
                        fprintf(f, " (%s)", e->uid);
                else if (e->uid_format == IVHD_UID_INTEGER)
                        fprintf(f, " number %" PRIu64, e->uid_integer);
                fputs(", seen as ", f);
                print_device(f, e->device_id);
                break;
        default:
                fprintf(f, TEXT_INDENT "entry of unknown type 0x%02x, %u bytes\n", e->type, e->length);
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
        static const TextFlag flags[] = {
                { IVHD_HT_TUN_EN, "HtTunEn", NULL },     { IVHD_PASS_PW, "PassPW", NULL },
                { IVHD_RES_PASS_PW, "ResPassPW", NULL }, { IVHD_ISOC, "Isoc", NULL },
                { IVHD_IOTLB_SUP, "IotlbSup", NULL },    { IVHD_COHERENT, "Coherent", NULL },
                { IVHD_PREF_SUP, "PrefSup", NULL },      { IVHD_PPR_SUP, "PPRSup", NULL },
        };

        fprintf(f, "IOMMU %04x:", b->segment);
        print_device(f, b->device_id);
        fprintf(f, ", registers at 0x%" PRIx64 "\n", b->base);
        text_flag_names(f, "flags", ivrs_block_flags(b), flags, ELEMENTSOF(flags));
        if (b->type == IVRS_IVHD_10)
                fprintf(f, TEXT_INDENT "features 0x%08x\n", b->features);
        else
                fprintf(f, TEXT_INDENT "attributes 0x%08x, extended features 0x%" PRIx64 " 0x%" PRIx64 "\n",
                        b->features, b->efr, b->efr2);
        FOREACH_ARRAY(e, b->entries, b->n_entries)
                print_entry(f, e);
}

static void print_ivmd(FILE *f, const IvrsBlock *b)
{
        static const TextFlag flags[] = {
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
        text_bytes(f, b->size);
        fputs(")\n", f);
        text_flag_names(f, "flags", b->flags, flags, ELEMENTSOF(flags));
        fputs(TEXT_INDENT, f);
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
                fputs(TEXT_INDENT "damaged: what is shown is what could be read\n", f);
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

void ivrs_text(FILE *f, const Ivrs *i)
{
        static const TextFlag flags[] = {
                { IVINFO_EFR_SUP, "EFRSup", "the extended features in the blocks are valid" },
                { IVINFO_DMA_GUARD_OPT_IN, "DmaGuardOptIn", "the firmware asks the system to guard against DMA" },
                { IVINFO_HT_ATS_RESERVED, "HtAtsResv", "the address range of ATS requests is reserved" },
        };

        fprintf(f, "  physical addresses of %u bits, virtual ones of %u\n", i->physical_address_size,
                i->virtual_address_size);
        text_flags(f, i->info, flags, ELEMENTSOF(flags));
        print_units(f, i);
        FOREACH_ARRAY(b, i->blocks, i->n_blocks)
                print_block(f, b);
}
