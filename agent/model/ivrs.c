/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ivrs.h"

#include <stdarg.h>

#include "array.h"

/* Bytes before the first block, of what all blocks begin with, and of the fixed parts (48882 5.2.1 and 5.2.2). */
#define TABLE_FIXED_BYTES     48U
#define BLOCK_HEADER_BYTES    4U
#define IVHD_10_BYTES         24U
#define IVHD_11_BYTES         40U
#define IVMD_BYTES            32U

#define INFO_OFFSET           36U

/* An entry of type F0h: its fixed part, at the end of which stands the length of the unique id behind it. */
#define HID_FIXED_BYTES       22U
#define HID_UID_LENGTH_OFFSET 21U

/* Types of up to this have a length that their two highest bits tell: 4, 8, 16 or 32 bytes (5.2.2.4). */
#define ENTRY_FIXED_MAX       0xefU

const char *ivhd_entry_type_to_string(IvhdEntryType t)
{
        static const struct {
                IvhdEntryType type;
                const char *name;
        } names[] = {
                { IVHD_PAD4, "padding" },
                { IVHD_ALL, "all" },
                { IVHD_SELECT, "select" },
                { IVHD_RANGE, "range" },
                { IVHD_RANGE_END, "range end" },
                { IVHD_PAD8, "padding" },
                { IVHD_ALIAS_SELECT, "alias" },
                { IVHD_ALIAS_RANGE, "alias range" },
                { IVHD_EXT_SELECT, "extended select" },
                { IVHD_EXT_RANGE, "extended range" },
                { IVHD_SPECIAL, "special" },
                { IVHD_ACPI_HID, "ACPI device" },
        };

        FOREACH_ARRAY(i, names, ELEMENTSOF(names))
                if (i->type == t)
                        return i->name;
        return NULL;
}

/* What the parsing of one block needs. */
typedef struct Parser {
        IvrsBlock *b;
        AcpiReader r; /* the block, cut at the end of the table */
        AcpiError *error;
        size_t range; /* index of the entry that starts a range and waits for its end; SIZE_MAX: none */
} Parser;

static _printf_(3, 4) void damage(Parser *p, size_t offset, const char *format, ...)
{
        char text[sizeof(p->error->message)];
        va_list ap;

        p->b->damaged = true;
        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        acpi_error_set(p->error, p->r.begin + offset, "%s", text);
}

/* Bytes of an entry; 0: cannot be told, or more than there is. */
static size_t entry_length(Parser *p, size_t offset)
{
        size_t left = acpi_reader_size(&p->r) - offset, length;
        uint8_t type = acpi_u8(&p->r, offset);

        if (type <= ENTRY_FIXED_MAX)
                length = 4U << (type >> 6);
        else if (type != IVHD_ACPI_HID) {
                damage(p, offset, "a device entry has the type 0x%02x, whose length nothing tells", type);
                return 0;
        } else if (left < HID_FIXED_BYTES)
                length = HID_FIXED_BYTES;
        else
                length = HID_FIXED_BYTES + acpi_u8(&p->r, offset + HID_UID_LENGTH_OFFSET);
        if (length > left) {
                damage(p, offset, "a device entry of type 0x%02x has %zu bytes, and its block ends after %zu", type,
                       length, left);
                return 0;
        }
        return length;
}

static void copy_id(AcpiReader *r, size_t offset, char ret[9])
{
        acpi_bytes(r, offset, ret, 8);
        ret[8] = 0;
        for (char *c = ret; *c; c++)
                *c = acpi_printable((uint8_t) *c);
}

/* 48882 5.2.2.7. The length of an integer is 8 in the specification, 2 in tables of the field. */
static int parse_hid(AcpiReader *r, IvhdEntry *e)
{
        copy_id(r, 4, e->hid);
        copy_id(r, 12, e->cid);
        e->uid_format = acpi_u8(r, 20);
        e->uid_length = acpi_u8(r, HID_UID_LENGTH_OFFSET);
        if (e->uid_format == IVHD_UID_INTEGER)
                for (size_t i = MIN(e->uid_length, sizeof(e->uid_integer)); i-- > 0;)
                        e->uid_integer = e->uid_integer << 8 | acpi_u8(r, HID_FIXED_BYTES + i);
        if (e->uid_format != IVHD_UID_STRING)
                return 0;
        e->uid = calloc((size_t) e->uid_length + 1, 1);
        if (!e->uid)
                return -ENOMEM;
        acpi_bytes(r, HID_FIXED_BYTES, e->uid, e->uid_length);
        for (char *c = e->uid; *c; c++)
                *c = acpi_printable((uint8_t) *c);
        return 0;
}

static bool is_range(uint8_t type)
{
        return type == IVHD_RANGE || type == IVHD_ALIAS_RANGE || type == IVHD_EXT_RANGE;
}

/* Starts and ends of ranges are entries of their own (5.2.2.4). Padding may stand anywhere. */
static void pair_range(Parser *p, size_t index)
{
        IvhdEntry *e = &p->b->entries[index], *start = p->range == SIZE_MAX ? NULL : &p->b->entries[p->range];
        size_t offset = e->offset - p->r.begin;

        if (e->type == IVHD_PAD4 || e->type == IVHD_PAD8)
                return;
        if (e->type != IVHD_RANGE_END) {
                if (start)
                        damage(p, offset, "a range of devices that starts at 0x%04x has no end", start->first);
                p->range = is_range(e->type) ? index : SIZE_MAX;
                return;
        }
        p->range = SIZE_MAX;
        if (!start)
                damage(p, offset, "a range of devices ends at 0x%04x and has no start", e->device_id);
        else if (e->device_id < start->first)
                damage(p, offset, "a range of devices starts at 0x%04x and ends before it, at 0x%04x", start->first,
                       e->device_id);
        else {
                start->last = e->device_id;
                start->has_end = true;
        }
}

static int parse_entry(Parser *p, size_t offset, size_t length)
{
        AcpiReader r = acpi_reader_part(&p->r, offset, length);
        IvhdEntry *e = array_grow(&p->b->entries, p->b->n_entries);
        int result = 0;

        if (!e)
                return -ENOMEM;
        p->b->n_entries++;
        e->offset = (uint32_t) r.begin;
        e->type = acpi_u8(&r, 0);
        e->length = (uint16_t) length;
        e->device_id = acpi_u16(&r, 1);
        e->setting = acpi_u8(&r, 3);
        switch ((IvhdEntryType) e->type) {
        case IVHD_ALL:
                e->last = UINT16_MAX;
                break;
        case IVHD_SELECT:
        case IVHD_RANGE:
                e->first = e->last = e->device_id;
                break;
        case IVHD_ALIAS_SELECT:
        case IVHD_ALIAS_RANGE:
                e->first = e->last = e->device_id;
                e->source_id = acpi_u16(&r, 5);
                break;
        case IVHD_EXT_SELECT:
        case IVHD_EXT_RANGE:
                e->first = e->last = e->device_id;
                e->extended = acpi_u32(&r, 4);
                break;
        case IVHD_SPECIAL:
                e->handle = acpi_u8(&r, 4);
                e->source_id = acpi_u16(&r, 5);
                e->variety = acpi_u8(&r, 7);
                break;
        case IVHD_ACPI_HID:
                e->first = e->last = e->device_id;
                result = parse_hid(&r, e);
                break;
        case IVHD_PAD4:
        case IVHD_PAD8:
        case IVHD_RANGE_END:
                break;
        }
        pair_range(p, p->b->n_entries - 1);
        return result;
}

static int parse_ivhd(Parser *p)
{
        size_t fixed = p->b->type == IVRS_IVHD_10 ? IVHD_10_BYTES : IVHD_11_BYTES, length;
        IvrsBlock *b = p->b;

        b->capability_offset = acpi_u16(&p->r, 6);
        b->base = acpi_u64(&p->r, 8);
        b->segment = acpi_u16(&p->r, 16);
        b->info = acpi_u16(&p->r, 18);
        b->features = acpi_u32(&p->r, 20);
        if (fixed == IVHD_11_BYTES) {
                b->efr = acpi_u64(&p->r, 24);
                b->efr2 = acpi_u64(&p->r, 32);
        }
        if (p->r.overrun) {
                damage(p, acpi_reader_size(&p->r),
                       "an IVHD of type 0x%02x ends after %zu bytes, inside its fixed "
                       "part of %zu",
                       b->type, acpi_reader_size(&p->r), fixed);
                return 0;
        }
        for (size_t offset = fixed; offset < acpi_reader_size(&p->r); offset += length) {
                int r;

                length = entry_length(p, offset);
                if (length == 0)
                        return 0;
                r = parse_entry(p, offset, length);
                if (r < 0)
                        return r;
        }
        if (p->range != SIZE_MAX)
                damage(p, acpi_reader_size(&p->r), "a range of devices that starts at 0x%04x has no end",
                       b->entries[p->range].first);
        return 0;
}

static void parse_ivmd(Parser *p)
{
        IvrsBlock *b = p->b;
        uint16_t last = acpi_u16(&p->r, 6);

        b->segment = acpi_u16(&p->r, 8);
        b->start = acpi_u64(&p->r, 16);
        b->size = acpi_u64(&p->r, 24);
        b->first_device_id = b->type == IVRS_IVMD_ALL ? 0 : b->device_id;
        b->last_device_id = b->type == IVRS_IVMD_RANGE ? last : b->type == IVRS_IVMD_SELECT ? b->device_id : UINT16_MAX;
        if (p->r.overrun)
                damage(p, acpi_reader_size(&p->r), "an IVMD ends after %zu bytes, inside its fixed part of %u",
                       acpi_reader_size(&p->r), IVMD_BYTES);
        else if (b->type == IVRS_IVMD_RANGE && last < b->device_id)
                damage(p, 6, "an IVMD is for the devices from 0x%04x to 0x%04x, which is before it", b->device_id,
                       last);
}

static size_t type_index(uint8_t type)
{
        return type == IVRS_IVHD_40 ? 2 : type == IVRS_IVHD_11 ? 1 : 0;
}

/* A second block of the same type for the same unit adds devices to it, but does not replace the first. */
static int add_to_unit(Ivrs *i, size_t index)
{
        IvrsBlock *b = &i->blocks[index];
        IvrsUnit *unit = NULL;
        size_t *slot;

        FOREACH_ARRAY(u, i->units, i->n_units)
                if (u->segment == b->segment && u->device_id == b->device_id)
                        unit = u;
        if (!unit) {
                unit = array_grow(&i->units, i->n_units);
                if (!unit)
                        return -ENOMEM;
                *unit = (IvrsUnit){ .segment = b->segment,
                                    .device_id = b->device_id,
                                    .blocks = { SIZE_MAX, SIZE_MAX, SIZE_MAX },
                                    .best = index };
                i->n_units++;
        }
        b->unit = (size_t) (unit - i->units);
        slot = &unit->blocks[type_index(b->type)];
        if (*slot == SIZE_MAX)
                *slot = index;
        if (type_index(b->type) > type_index(i->blocks[unit->best].type))
                unit->best = index;
        return 0;
}

static int parse_blocks(AcpiReader *table, Ivrs *i, AcpiError *error)
{
        size_t offset = TABLE_FIXED_BYTES, size = acpi_reader_size(table);
        int r;

        while (offset < size) {
                AcpiReader header = acpi_reader_part(table, offset, BLOCK_HEADER_BYTES);
                Parser p = { .error = error, .range = SIZE_MAX };
                uint16_t length;

                if (acpi_reader_size(&header) < BLOCK_HEADER_BYTES) {
                        acpi_error_set(error, offset, "%zu bytes are left behind the last block", size - offset);
                        return 0;
                }
                length = acpi_u16(&header, 2);
                p.r = acpi_reader_part(table, offset, length);
                p.b = array_grow(&i->blocks, i->n_blocks);
                if (!p.b)
                        return -ENOMEM;
                i->n_blocks++;
                p.b->offset = (uint32_t) offset;
                p.b->type = acpi_u8(&header, 0);
                p.b->flags = acpi_u8(&header, 1);
                p.b->length = length;
                p.b->unit = SIZE_MAX;
                if (length < BLOCK_HEADER_BYTES) {
                        p.r = header;
                        damage(&p, 2, "a block of type 0x%02x has the length %u, less than its header of %u", p.b->type,
                               length, BLOCK_HEADER_BYTES);
                        return 0;
                }
                if (length > size - offset)
                        damage(&p, 2, "a block of type 0x%02x has the length %u, and the table ends after %zu",
                               p.b->type, length, size - offset);
                r = 0;
                header = acpi_reader_part(table, offset, length);
                p.b->device_id = acpi_u16(&header, 4);
                if (ivrs_block_is_ivhd(p.b)) {
                        r = parse_ivhd(&p);
                        if (r >= 0 && !p.r.overrun)
                                r = add_to_unit(i, i->n_blocks - 1);
                } else if (ivrs_block_is_ivmd(p.b))
                        parse_ivmd(&p);
                if (r < 0)
                        return r;
                offset += length;
        }
        return 0;
}

int ivrs_parse(const void *data, size_t size, Ivrs *ret, AcpiError *ret_error)
{
        _cleanup_(ivrs_done) Ivrs i = {};
        AcpiReader table;
        int r;

        r = acpi_header_parse(data, size, "IVRS", &i.header, &table, ret_error);
        if (r < 0 && r != -EBADMSG)
                return r;
        i.info = acpi_u32(&table, INFO_OFFSET);
        i.physical_address_size = i.info >> 8 & 0x7f;
        i.virtual_address_size = i.info >> 15 & 0x7f;
        if (acpi_reader_size(&table) < TABLE_FIXED_BYTES)
                acpi_error_set(ret_error, acpi_reader_size(&table), "the table ends inside its fixed part of %u bytes",
                               TABLE_FIXED_BYTES);
        r = parse_blocks(&table, &i, ret_error);
        if (r < 0)
                return r;
        *ret = i;
        i = (Ivrs){};
        return ret_error->message[0] ? -EBADMSG : 0;
}

void ivrs_done(Ivrs *i)
{
        FOREACH_ARRAY(b, i->blocks, i->n_blocks) {
                FOREACH_ARRAY(e, b->entries, b->n_entries)
                        free(e->uid);
                free(b->entries);
        }
        free(i->blocks);
        free(i->units);
        *i = (Ivrs){};
}

uint8_t ivrs_linux_ivhd_type(const Ivrs *i)
{
        uint8_t type = i->n_blocks > 0 ? i->blocks[0].type : 0;

        FOREACH_ARRAY(b, i->blocks, i->n_blocks) {
                if (b->type > IVRS_IVHD_40)
                        break;
                if (b->device_id == i->blocks[0].device_id)
                        type = b->type;
        }
        return type;
}
