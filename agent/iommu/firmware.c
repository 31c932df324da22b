/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/firmware.h"

#include "iommu/json.h"

/* What all tables have in common; between head and tail stands what the vendor's row has to tell. */

static void print_header(FILE *f, const AcpiHeader *h)
{
        char oem[sizeof(h->oem_id) + 1], table[sizeof(h->oem_table_id) + 1];

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

static int print_table(FILE *f, const AcpiTable *t)
{
        _cleanup_(firmware_note_list_done) FirmwareNoteList notes = {};
        const void *content = acpi_table_content(t);
        int r = t->vendor->note(content, &notes);

        if (r < 0)
                return r;
        print_header(f, content);
        t->vendor->text(f, content);
        print_trailer(f, content, &t->error, &notes);
        return 0;
}

int firmware_text(const AcpiTable *tables, size_t n, char **ret)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        bool first = true;
        int r = 0;

        if (!f)
                return -ENOMEM;
        FOREACH_ARRAY(t, tables, n) {
                if (!acpi_table_content(t))
                        continue;
                if (!first)
                        fputc('\n', f);
                first = false;
                r = print_table(f, t);
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

static void add_header(JsonPlace p, const AcpiHeader *h)
{
        json_place_text(p, "signature", h->signature);
        json_place_number(p, "revision", h->revision);
        json_place_number(p, "length", h->length);
        json_place_bool(p, "checksum_ok", h->checksum_ok);
}

static void add_trailer(JsonPlace p, const AcpiHeader *h, const AcpiError *error, const FirmwareNoteList *notes)
{
        char text[sizeof(h->oem_table_id) + 1];
        JsonPlace a;

        json_place_text(p, "oem_id", acpi_text(h->oem_id, sizeof(h->oem_id), text, sizeof(text)));
        json_place_text(p, "oem_table_id", acpi_text(h->oem_table_id, sizeof(h->oem_table_id), text, sizeof(text)));
        json_place_number(p, "oem_revision", h->oem_revision);
        a = json_place_array(p, "errors");
        if (error->message[0]) {
                JsonPlace e = json_place_append_object(a);

                json_place_number(e, "offset", error->offset);
                json_place_text(e, "message", error->message);
        }
        a = json_place_array(p, "notes");
        FOREACH_ARRAY(n, notes->items, notes->n) {
                JsonPlace o = json_place_append_object(a);

                json_place_number(o, "offset", n->offset);
                json_place_bool(o, "wrong", n->wrong);
                json_place_text(o, "message", n->text);
        }
}

static int add_table(JsonPlace p, const AcpiTable *t)
{
        _cleanup_(firmware_note_list_done) FirmwareNoteList notes = {};
        const void *content = acpi_table_content(t);
        int r = t->vendor->note(content, &notes);

        if (r < 0)
                return r;
        add_header(p, content);
        t->vendor->json(p, content);
        add_trailer(p, content, &t->error, &notes);
        return 0;
}

int firmware_json(const Origin *origin, const AcpiTable *tables, size_t n, char **ret)
{
        _cleanup_json_ struct json_object *o = NULL;
        int error = origin_document(origin, "firmware", FIRMWARE_VERSION, origin->reboot_required, &o);
        JsonPlace a = json_place_array((JsonPlace){ o, &error }, "tables");

        FOREACH_ARRAY(t, tables, n) {
                int r = acpi_table_content(t) ? add_table(json_place_append_object(a), t) : 0;

                if (r < 0)
                        return r;
        }
        return error < 0 ? error : json_print(o, ret);
}
