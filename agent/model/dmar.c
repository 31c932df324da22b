/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dmar.h"

#include <stdarg.h>

#include "array.h"
#include "table.h"

/* Bytes before the first structure, of the header of a structure, and of a scope without its path (VT-d 8.1 to 8.3). */
#define TABLE_FIXED_BYTES      48U
#define STRUCTURE_HEADER_BYTES 4U
#define SCOPE_FIXED_BYTES      6U
#define HOP_BYTES              2U

#define WIDTH_OFFSET           36U
#define FLAGS_OFFSET           37U

static const char *const dmar_type_table[_DMAR_TYPE_MAX] = {
        [DMAR_DRHD] = "DRHD", [DMAR_RMRR] = "RMRR", [DMAR_ATSR] = "ATSR", [DMAR_RHSA] = "RHSA",
        [DMAR_ANDD] = "ANDD", [DMAR_SATC] = "SATC", [DMAR_SIDP] = "SIDP",
};
DEFINE_STRING_TO(dmar_type, DmarType)

static const char *const dmar_scope_type_table[_DMAR_SCOPE_TYPE_MAX] = {
        [DMAR_SCOPE_ENDPOINT] = "endpoint", [DMAR_SCOPE_BRIDGE] = "bridge",       [DMAR_SCOPE_IOAPIC] = "I/O APIC",
        [DMAR_SCOPE_HPET] = "HPET",         [DMAR_SCOPE_NAMESPACE] = "namespace",
};
DEFINE_STRING_TO(dmar_scope_type, DmarScopeType)

/* What the parsing of one structure needs. */
typedef struct Parser {
        DmarStructure *s;
        AcpiReader r; /* the structure, cut at the end of the table */
        AcpiError *error;
} Parser;

static void parse_drhd(Parser *p)
{
        p->s->flags = acpi_u8(&p->r, 4);
        p->s->size = acpi_u8(&p->r, 5) & 0x0f;
        p->s->segment = acpi_u16(&p->r, 6);
        p->s->base = acpi_u64(&p->r, 8);
}

static void parse_rmrr(Parser *p)
{
        p->s->segment = acpi_u16(&p->r, 6);
        p->s->base = acpi_u64(&p->r, 8);
        p->s->end = acpi_u64(&p->r, 16);
}

static void parse_atsr(Parser *p) /* SATC has the same form */
{
        p->s->flags = acpi_u8(&p->r, 4);
        p->s->segment = acpi_u16(&p->r, 6);
}

static void parse_rhsa(Parser *p)
{
        p->s->base = acpi_u64(&p->r, 8);
        p->s->proximity_domain = acpi_u32(&p->r, 16);
}

static void parse_andd(Parser *p)
{
        p->s->device_number = acpi_u8(&p->r, 7);
}

static void parse_sidp(Parser *p)
{
        p->s->segment = acpi_u16(&p->r, 6);
}

/* A new type of structure is a row here. */
static const struct {
        uint16_t fixed; /* bytes before what has no fixed length */
        bool scopes;
        void (*parse)(Parser *p);
} layouts[_DMAR_TYPE_MAX] = {
        [DMAR_DRHD] = { 16, true, parse_drhd }, [DMAR_RMRR] = { 24, true, parse_rmrr },
        [DMAR_ATSR] = { 8, true, parse_atsr },  [DMAR_RHSA] = { 20, false, parse_rhsa },
        [DMAR_ANDD] = { 8, false, parse_andd }, [DMAR_SATC] = { 8, true, parse_atsr },
        [DMAR_SIDP] = { 8, true, parse_sidp },
};

static _printf_(3, 4) void damage(Parser *p, size_t offset, const char *format, ...)
{
        char text[sizeof(p->error->message)];
        va_list ap;

        p->s->damaged = true;
        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        acpi_error_set(p->error, p->r.begin + offset, "%s", text);
}

static int parse_path(Parser *p, AcpiReader *r, DmarScope *ret)
{
        size_t n = (acpi_reader_size(r) - SCOPE_FIXED_BYTES) / HOP_BYTES;

        if (n == 0)
                return 0;
        ret->path = calloc(n, sizeof(*ret->path));
        if (!ret->path)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                DmarHop *h = &ret->path[i];

                h->device = acpi_u8(r, SCOPE_FIXED_BYTES + i * HOP_BYTES);
                h->function = acpi_u8(r, SCOPE_FIXED_BYTES + i * HOP_BYTES + 1);
                if (dmar_scope_is_pci(ret) && (h->device > 31 || h->function > 7))
                        damage(p, r->begin - p->r.begin + SCOPE_FIXED_BYTES + i * HOP_BYTES,
                               "a device scope names device %02x function %u, which no PCI bus has", h->device,
                               h->function);
        }
        ret->n_path = n;
        return 0;
}

/*
 * A scope that ends outside of the structure is left out: half a path would name the bridge instead of the device. The
 * odd last byte of a path is ignored, as Linux does.
 */
static int parse_scopes(Parser *p, size_t offset)
{
        while (offset < acpi_reader_size(&p->r)) {
                size_t left = acpi_reader_size(&p->r) - offset;
                AcpiReader r = acpi_reader_part(&p->r, offset, left);
                uint8_t length = left > 1 ? acpi_u8(&r, 1) : 0;
                DmarScope *scope;
                int e;

                if (left < SCOPE_FIXED_BYTES) {
                        damage(p, offset, "%zu bytes are left behind the last device scope", left);
                        return 0;
                }
                if (length < SCOPE_FIXED_BYTES) {
                        damage(p, offset + 1, "a device scope has the length %u, less than the least of %u", length,
                               SCOPE_FIXED_BYTES);
                        return 0;
                }
                if (length > left) {
                        damage(p, offset + 1, "a device scope has the length %u, and its structure ends after %zu",
                               length, left);
                        return 0;
                }
                scope = array_grow(&p->s->scopes, p->s->n_scopes);
                if (!scope)
                        return -ENOMEM;
                p->s->n_scopes++;
                r = acpi_reader_part(&p->r, offset, length);
                scope->offset = (uint32_t) r.begin;
                scope->type = acpi_u8(&r, 0);
                scope->flags = acpi_u8(&r, 2);
                scope->enumeration_id = acpi_u8(&r, 4);
                scope->bus = acpi_u8(&r, 5);
                if (length < SCOPE_FIXED_BYTES + HOP_BYTES || (length - SCOPE_FIXED_BYTES) % HOP_BYTES != 0)
                        damage(p, offset + 1, "a device scope has the length %u, which is no whole path", length);
                e = parse_path(p, &r, scope);
                if (e < 0)
                        return e;
                offset += length;
        }
        return 0;
}

static int parse_name(Parser *p, size_t offset)
{
        size_t size = acpi_reader_size(&p->r) - MIN(offset, acpi_reader_size(&p->r)), n = 0;
        char *name = calloc(size + 1, 1);

        if (!name)
                return -ENOMEM;
        acpi_bytes(&p->r, offset, name, size);
        while (n < size && name[n]) {
                name[n] = acpi_printable((uint8_t) name[n]);
                n++;
        }
        if (n == size)
                damage(p, acpi_reader_size(&p->r), "the name of an ANDD does not end with a NUL");
        p->s->name = name;
        return 0;
}

static int parse_structure(Parser *p)
{
        DmarStructure *s = p->s;
        int r = 0;

        if (s->type >= _DMAR_TYPE_MAX)
                return 0;
        layouts[s->type].parse(p);
        if (p->r.overrun) {
                damage(p, acpi_reader_size(&p->r), "a %s ends after %zu bytes, inside its fixed part of %u",
                       dmar_type_table[s->type], acpi_reader_size(&p->r), layouts[s->type].fixed);
                return 0;
        }
        if (layouts[s->type].scopes)
                r = parse_scopes(p, layouts[s->type].fixed);
        else if (s->type == DMAR_ANDD)
                r = parse_name(p, layouts[s->type].fixed);
        return r;
}

static int parse_structures(AcpiReader *table, Dmar *d, AcpiError *error)
{
        size_t offset = TABLE_FIXED_BYTES, size = acpi_reader_size(table);
        int r;

        while (offset < size) {
                AcpiReader header = acpi_reader_part(table, offset, STRUCTURE_HEADER_BYTES);
                Parser p = { .error = error };
                uint16_t length;

                if (acpi_reader_size(&header) < STRUCTURE_HEADER_BYTES) {
                        acpi_error_set(error, offset, "%zu bytes are left behind the last structure", size - offset);
                        return 0;
                }
                length = acpi_u16(&header, 2);
                p.r = acpi_reader_part(table, offset, length);
                p.s = array_grow(&d->structures, d->n_structures);
                if (!p.s)
                        return -ENOMEM;
                d->n_structures++;
                p.s->offset = (uint32_t) offset;
                p.s->type = acpi_u16(&header, 0);
                p.s->length = length;
                if (length < STRUCTURE_HEADER_BYTES) {
                        p.r = header;
                        damage(&p, 2, "a structure of type %u has the length %u, less than its header of %u", p.s->type,
                               length, STRUCTURE_HEADER_BYTES);
                        return 0;
                }
                if (length > size - offset)
                        damage(&p, 2, "a structure of type %u has the length %u, and the table ends after %zu",
                               p.s->type, length, size - offset);
                r = parse_structure(&p);
                if (r < 0)
                        return r;
                offset += length;
        }
        return 0;
}

int dmar_parse(const void *data, size_t size, Dmar *ret, AcpiError *ret_error)
{
        _cleanup_(dmar_done) Dmar d = {};
        AcpiReader table;
        int r;

        r = acpi_header_parse(data, size, "DMAR", &d.header, &table, ret_error);
        if (r < 0 && r != -EBADMSG)
                return r;
        if (acpi_reader_size(&table) > FLAGS_OFFSET) {
                /* the byte holds the width less one (VT-d 8.1) */
                d.host_address_width = (uint16_t) (acpi_u8(&table, WIDTH_OFFSET) + 1);
                d.flags = acpi_u8(&table, FLAGS_OFFSET);
        }
        if (acpi_reader_size(&table) < TABLE_FIXED_BYTES)
                acpi_error_set(ret_error, acpi_reader_size(&table), "the table ends inside its fixed part of %u bytes",
                               TABLE_FIXED_BYTES);
        r = parse_structures(&table, &d, ret_error);
        if (r < 0)
                return r;
        *ret = d;
        d = (Dmar){};
        return ret_error->message[0] ? -EBADMSG : 0;
}

void dmar_done(Dmar *d)
{
        FOREACH_ARRAY(s, d->structures, d->n_structures) {
                FOREACH_ARRAY(scope, s->scopes, s->n_scopes)
                        free(scope->path);
                free(s->scopes);
                free(s->name);
        }
        free(d->structures);
        *d = (Dmar){};
}

const DmarStructure *dmar_next(const Dmar *d, DmarType type, const DmarStructure *s)
{
        const DmarStructure *end = d->structures ? d->structures + d->n_structures : NULL;

        for (s = s ? s + 1 : d->structures; s < end; s++)
                if (s->type == type)
                        return s;
        return NULL;
}
