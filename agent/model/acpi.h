/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * What all ACPI tables have in common, and how they are read: byte by byte, little-endian, within bounds. Tables are
 * packed and their parts start at any address, so no memory of a table is ever seen as a struct.
 * Source: ACPI specification 6.5, section 5.2.6 (System Description Table Header).
 */

/* Bytes of the header that every table begins with. */
#define ACPI_HEADER_BYTES    36U

/* Far more than any DMAR or IVRS has: real ones have some hundred bytes to some KiB. */
#define ACPI_TABLE_MAX_BYTES (256U * 1024)

typedef struct AcpiHeader {
        char signature[5]; /* four bytes and a NUL */
        uint32_t length;   /* bytes of the whole table, as it says itself */
        uint8_t revision;
        bool checksum_ok; /* all bytes sum up to 0; false also when the table is cut short */
        /* bytes as they stand, in practice text or not: padded with NULs or blanks, or binary */
        uint8_t oem_id[6];
        uint8_t oem_table_id[8];
        uint32_t oem_revision;
        uint8_t creator_id[4];
        uint32_t creator_revision;
} AcpiHeader;

/* Why a table could not be read to its end: the first place where it contradicts itself. */
typedef struct AcpiError {
        uint32_t offset;   /* bytes from the start of the table */
        char message[160]; /* one sentence without the offset and without a full stop; empty: no error */
} AcpiError;

/* Keeps the first error: what comes after it is often only its consequence. */
void acpi_error_set(AcpiError *e, size_t offset, const char *format, ...) _printf_(3, 4);

/*
 * A piece of a table. Reading outside of it gives 0 and sets "overrun", so a parser may read a whole fixed part and ask
 * once afterwards.
 */
typedef struct AcpiReader {
        const uint8_t *data; /* the whole table; not owned */
        size_t begin, end;   /* the piece: offsets into data, end excluded */
        bool overrun;
} AcpiReader;

/* All bytes of a buffer. */
AcpiReader acpi_reader(const void *data, size_t size);

/* The part [offset, offset + size) of a piece, offsets relative to it; cut at its end. */
AcpiReader acpi_reader_part(const AcpiReader *r, size_t offset, size_t size);

static inline size_t acpi_reader_size(const AcpiReader *r)
{
        return r->end - r->begin;
}

/* Numbers at an offset relative to the piece; 0 and overrun where they do not fit in. */
uint8_t acpi_u8(AcpiReader *r, size_t offset);
uint16_t acpi_u16(AcpiReader *r, size_t offset);
uint32_t acpi_u32(AcpiReader *r, size_t offset);
uint64_t acpi_u64(AcpiReader *r, size_t offset);

/* Copies size bytes; zeroes and overrun where they do not fit in. */
void acpi_bytes(AcpiReader *r, size_t offset, void *ret, size_t size);

/**
 * acpi_header_parse() - header of a table, and the table that it spans
 * @signature: four letters that have to be there.
 * @ret_table: the bytes that belong to the table, at most size and ACPI_TABLE_MAX_BYTES; bytes behind it are left out.
 *
 * A wrong checksum is no error, it is said in the header.
 * Returns 0; -EINVAL another table or none; -EBADMSG the header is cut short, or the length is less than a header,
 * more than there is or more than ACPI_TABLE_MAX_BYTES: then ret and ret_table are filled as far as the bytes go.
 * @ret_error: filled on both.
 */
int acpi_header_parse(const void *data, size_t size, const char *signature, AcpiHeader *ret, AcpiReader *ret_table,
                      AcpiError *ret_error) _must_check_;

/* The character, or "?" for what is no printable ASCII. */
char acpi_printable(uint8_t c);

/* Printable copy of bytes such as an OEM id: trailing blanks and NULs cut, others than printable ASCII as "?". */
const char *acpi_text(const uint8_t *bytes, size_t size, char *buf, size_t buf_size);

/* Segment:bus:device.function as both tables have it in 16 bits: bus << 8 | device << 3 | function. */
#define ACPI_BDF_BUS(bdf)      ((uint8_t) ((bdf) >> 8))
#define ACPI_BDF_DEVICE(bdf)   ((uint8_t) ((bdf) >> 3 & 0x1f))
#define ACPI_BDF_FUNCTION(bdf) ((uint8_t) ((bdf) &7))
