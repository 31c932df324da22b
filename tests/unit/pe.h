/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "test.h"

/* A PE file of named sections, as a boot stub with more sections behind it: what firmware would need is left out. */

typedef struct PeSection {
        const char *name, *text;
        size_t size; /* bytes of text, 0: strlen() */
} PeSection;

#define PE_HEADER_AT     0x80U
#define PE_OPTIONAL      0xf0U
#define PE_ALIGN         0x200U
#define PE_SECTION_BYTES 40U

static inline void pe_put32(unsigned char *p, size_t value)
{
        for (unsigned i = 0; i < 4; i++)
                p[i] = (unsigned char) (value >> 8 * i);
}

static inline size_t pe_align(size_t n)
{
        return (n + PE_ALIGN - 1) / PE_ALIGN * PE_ALIGN;
}

/* Where the header of section i stands in such a file. */
static inline size_t pe_section_at(size_t i)
{
        return PE_HEADER_AT + 24 + PE_OPTIONAL + i * PE_SECTION_BYTES;
}

/* Returns the bytes, owned by the caller. */
static inline unsigned char *pe_build(const PeSection *sections, size_t n, size_t *ret_size)
{
        size_t at = pe_align(pe_section_at(n)), size = at;
        unsigned char *file;

        FOREACH_ARRAY(s, sections, n)
                size += pe_align(s->size ?: strlen(s->text));
        file = calloc(1, size);
        assert_non_null(file);
        memcpy(file, "MZ", 2);
        pe_put32(file + 60, PE_HEADER_AT);
        memcpy(file + PE_HEADER_AT, "PE\0\0\x64\x86", 6);
        file[PE_HEADER_AT + 6] = (unsigned char) n;
        file[PE_HEADER_AT + 20] = PE_OPTIONAL;
        for (size_t i = 0; i < n; i++) {
                unsigned char *header = file + pe_section_at(i);
                size_t length = sections[i].size ?: strlen(sections[i].text);

                memcpy(header, sections[i].name, strnlen(sections[i].name, 8));
                pe_put32(header + 8, length);
                pe_put32(header + 16, pe_align(length));
                pe_put32(header + 20, at);
                memcpy(file + at, sections[i].text, length);
                at += pe_align(length);
        }
        *ret_size = size;
        return file;
}

/* A certificate table, of which only its size is looked at (PE32+: the fifth data directory, at 112 + 4 * 8). */
static inline void pe_sign(unsigned char *file)
{
        unsigned char *optional = file + PE_HEADER_AT + 24;

        memcpy(optional, "\x0b\x02", 2);
        pe_put32(optional + 108, 16);
        pe_put32(optional + 112 + 4 * 8, 0x1000);
        pe_put32(optional + 112 + 4 * 8 + 4, 8);
}
