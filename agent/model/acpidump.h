/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "acpi.h"

/*
 * The text that acpidump(8) prints, and that people put into mails and reports:
 *
 *   DMAR @ 0x000000007B5D0000
 *       0000: 44 4D 41 52 A8 00 00 00 01 5C 49 4E 54 45 4C 20  DMAR.....\INTEL
 *
 * Taken as it comes: any number of blanks in front, CRLF, "=" at the end of a line inside a row (a soft break of
 * quoted-printable mail, RFC 2045 section 6.7), other text around it, other tables.
 */

typedef struct AcpidumpError {
        unsigned line;     /* 1 and up */
        char message[120]; /* one sentence without a full stop */
} AcpidumpError;

/* Is this such a text, and not the bytes of a table? */
bool acpidump_is_text(const char *data, size_t size);

/**
 * acpidump_next() - the next table of a text
 * @cursor: where the search goes on; at first the beginning of the text. @line: number of its line, at first 1.
 * @end: end of the text. @ret: bytes of the table, owned by the caller.
 *
 * A table is its rows from "0000:" on; the line in front of them is not needed.
 * Returns 1; 0 there is none any more; -EBADMSG a row is missing or is cut off: @ret_error says where; -EFBIG a table
 * of more than 16 MiB; -ENOMEM.
 */
int acpidump_next(const char **cursor, unsigned *line, const char *end, uint8_t **ret, size_t *ret_size,
                  AcpidumpError *ret_error) _must_check_;
