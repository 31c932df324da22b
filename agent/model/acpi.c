/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "acpi.h"

#include <stdarg.h>

/* Where the fields of the header stand (ACPI 6.5, table 5.4). */
#define LENGTH_OFFSET           4U
#define REVISION_OFFSET         8U
#define OEM_ID_OFFSET           10U
#define OEM_TABLE_ID_OFFSET     16U
#define OEM_REVISION_OFFSET     24U
#define CREATOR_ID_OFFSET       28U
#define CREATOR_REVISION_OFFSET 32U

void acpi_error_set(AcpiError *e, size_t offset, const char *format, ...)
{
        va_list ap;

        if (e->message[0])
                return;
        e->offset = (uint32_t) offset;
        va_start(ap, format);
        (void) vsnprintf(e->message, sizeof(e->message), format, ap);
        va_end(ap);
}

AcpiReader acpi_reader(const void *data, size_t size)
{
        return (AcpiReader){ .data = data, .end = size };
}

AcpiReader acpi_reader_part(const AcpiReader *r, size_t offset, size_t size)
{
        size_t begin = r->begin + MIN(offset, acpi_reader_size(r));

        return (AcpiReader){ .data = r->data, .begin = begin, .end = begin + MIN(size, r->end - begin) };
}

static uint64_t read_number(AcpiReader *r, size_t offset, size_t size)
{
        uint64_t v = 0;

        if (offset > acpi_reader_size(r) || size > acpi_reader_size(r) - offset) {
                r->overrun = true;
                return 0;
        }
        for (size_t i = size; i-- > 0;)
                v = v << 8 | r->data[r->begin + offset + i];
        return v;
}

uint8_t acpi_u8(AcpiReader *r, size_t offset)
{
        return (uint8_t) read_number(r, offset, 1);
}

uint16_t acpi_u16(AcpiReader *r, size_t offset)
{
        return (uint16_t) read_number(r, offset, 2);
}

uint32_t acpi_u32(AcpiReader *r, size_t offset)
{
        return (uint32_t) read_number(r, offset, 4);
}

uint64_t acpi_u64(AcpiReader *r, size_t offset)
{
        return read_number(r, offset, 8);
}

void acpi_bytes(AcpiReader *r, size_t offset, void *ret, size_t size)
{
        if (offset > acpi_reader_size(r) || size > acpi_reader_size(r) - offset) {
                r->overrun = true;
                memset(ret, 0, size);
                return;
        }
        memcpy(ret, r->data + r->begin + offset, size);
}

static bool checksum_ok(const AcpiReader *r)
{
        uint8_t sum = 0;

        for (size_t i = r->begin; i < r->end; i++)
                sum = (uint8_t) (sum + r->data[i]);
        return sum == 0;
}

int acpi_header_parse(const void *data, size_t size, const char *signature, AcpiHeader *ret, AcpiReader *ret_table,
                      AcpiError *ret_error)
{
        AcpiReader r = acpi_reader(data, size);
        AcpiHeader h = {};

        *ret_error = (AcpiError){};
        acpi_bytes(&r, 0, h.signature, 4);
        if (r.overrun || memcmp(h.signature, signature, 4) != 0) {
                acpi_error_set(ret_error, 0, "this does not begin with the signature %s", signature);
                return -EINVAL;
        }
        h.length = acpi_u32(&r, LENGTH_OFFSET);
        h.revision = acpi_u8(&r, REVISION_OFFSET);
        acpi_bytes(&r, OEM_ID_OFFSET, h.oem_id, sizeof(h.oem_id));
        acpi_bytes(&r, OEM_TABLE_ID_OFFSET, h.oem_table_id, sizeof(h.oem_table_id));
        h.oem_revision = acpi_u32(&r, OEM_REVISION_OFFSET);
        acpi_bytes(&r, CREATOR_ID_OFFSET, h.creator_id, sizeof(h.creator_id));
        h.creator_revision = acpi_u32(&r, CREATOR_REVISION_OFFSET);
        if (r.overrun)
                acpi_error_set(ret_error, size, "the table ends inside its header of %u bytes", ACPI_HEADER_BYTES);
        else if (h.length < ACPI_HEADER_BYTES)
                acpi_error_set(ret_error, LENGTH_OFFSET,
                               "the table says that it has %u bytes, less than its header of %u", h.length,
                               ACPI_HEADER_BYTES);
        else if (h.length > size)
                acpi_error_set(ret_error, size, "the table says that it has %u bytes and ends after %zu", h.length,
                               size);
        else if (h.length > ACPI_TABLE_MAX_BYTES)
                acpi_error_set(ret_error, LENGTH_OFFSET, "the table says that it has %u bytes, more than any real one",
                               h.length);
        *ret_table = acpi_reader_part(&r, 0, MIN(h.length, ACPI_TABLE_MAX_BYTES));
        h.checksum_ok = !ret_error->message[0] && checksum_ok(ret_table);
        *ret = h;
        return ret_error->message[0] ? -EBADMSG : 0;
}

char acpi_printable(uint8_t c)
{
        return c >= 0x20 && c < 0x7f ? (char) c : '?';
}

const char *acpi_text(const uint8_t *bytes, size_t size, char *buf, size_t buf_size)
{
        size_t n = size;

        while (n > 0 && (bytes[n - 1] == 0 || bytes[n - 1] == ' '))
                n--;
        n = MIN(n, buf_size - 1);
        for (size_t i = 0; i < n; i++)
                buf[i] = acpi_printable(bytes[i]);
        buf[n] = 0;
        return buf;
}
