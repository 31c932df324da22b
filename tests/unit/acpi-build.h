/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* Makes firmware tables byte by byte, right or wrong, without the code that is tested. */
typedef struct TableBuilder {
        uint8_t bytes[8192];
        size_t n;
} TableBuilder;

static inline void put(TableBuilder *t, uint64_t v, size_t size)
{
        for (size_t i = 0; i < size; i++)
                t->bytes[t->n++] = (uint8_t) (v >> 8 * i);
}

static inline void put_text(TableBuilder *t, const char *s, size_t size)
{
        for (size_t i = 0; i < size; i++)
                t->bytes[t->n++] = (uint8_t) (*s ? *s++ : 0);
}

static inline void patch(TableBuilder *t, size_t offset, uint64_t v, size_t size)
{
        for (size_t i = 0; i < size; i++)
                t->bytes[offset + i] = (uint8_t) (v >> 8 * i);
}

static inline void header(TableBuilder *t, const char *signature, uint8_t revision)
{
        *t = (TableBuilder){};
        put_text(t, signature, 4);
        put(t, 0, 4); /* length, see finish() */
        put(t, revision, 1);
        put(t, 0, 1);
        put_text(t, "MAKER ", 6);
        put_text(t, "BOARD", 8);
        put(t, 7, 4);
        put_text(t, "TOOL", 4);
        put(t, 9, 4);
}

/* Length and checksum. */
static inline void finish(TableBuilder *t)
{
        uint8_t sum = 0;

        patch(t, 4, t->n, 4);
        t->bytes[9] = 0;
        for (size_t i = 0; i < t->n; i++)
                sum = (uint8_t) (sum + t->bytes[i]);
        t->bytes[9] = (uint8_t) -sum;
}

static inline void dmar_header(TableBuilder *t, uint8_t width, uint8_t flags)
{
        header(t, "DMAR", 1);
        put(t, width - 1U, 1);
        put(t, flags, 1);
        put(t, 0, 8);
        put(t, 0, 2);
}

/* Begins a structure and returns its offset; its length is set by close_structure(). */
static inline size_t open_structure(TableBuilder *t, uint16_t type)
{
        put(t, type, 2);
        put(t, 0, 2);
        return t->n - 4;
}

static inline void close_structure(TableBuilder *t, size_t at)
{
        patch(t, at + 2, t->n - at, 2);
}

static inline size_t drhd(TableBuilder *t, uint8_t flags, uint16_t segment, uint64_t base)
{
        size_t at = open_structure(t, 0);

        put(t, flags, 1);
        put(t, 0, 1);
        put(t, segment, 2);
        put(t, base, 8);
        close_structure(t, at);
        return at;
}

static inline size_t rmrr(TableBuilder *t, uint16_t segment, uint64_t base, uint64_t end)
{
        size_t at = open_structure(t, 1);

        put(t, 0, 2);
        put(t, segment, 2);
        put(t, base, 8);
        put(t, end, 8);
        close_structure(t, at);
        return at;
}

/* A scope of one hop at the end of the structure that begins at "at". Returns its offset. */
static inline size_t scope(TableBuilder *t, size_t at, uint8_t type, uint8_t number, uint8_t bus, uint8_t device,
                           uint8_t function)
{
        size_t here = t->n;

        put(t, type, 1);
        put(t, 8, 1);
        put(t, 0, 2);
        put(t, number, 1);
        put(t, bus, 1);
        put(t, device, 1);
        put(t, function, 1);
        close_structure(t, at);
        return here;
}

/* One more hop of the last scope, which begins at "here". */
static inline void hop(TableBuilder *t, size_t at, size_t here, uint8_t device, uint8_t function)
{
        put(t, device, 1);
        put(t, function, 1);
        t->bytes[here + 1] = (uint8_t) (t->n - here);
        close_structure(t, at);
}

static inline void ivrs_header(TableBuilder *t, uint32_t info)
{
        header(t, "IVRS", 2);
        put(t, info, 4);
        put(t, 0, 8);
}

static inline size_t ivhd(TableBuilder *t, uint8_t type, uint16_t segment, uint16_t device_id, uint64_t base)
{
        size_t at = t->n;

        put(t, type, 1);
        put(t, 0xb0, 1);
        put(t, 0, 2);
        put(t, device_id, 2);
        put(t, 0x40, 2);
        put(t, base, 8);
        put(t, segment, 2);
        put(t, 3, 2);
        put(t, 0x80048f6e, 4);
        if (type != 0x10) {
                put(t, 0x246577efa2254afa, 8);
                put(t, 5, 8);
        }
        close_structure(t, at);
        return at;
}

static inline size_t entry4(TableBuilder *t, size_t at, uint8_t type, uint16_t device_id, uint8_t setting)
{
        size_t here = t->n;

        put(t, type, 1);
        put(t, device_id, 2);
        put(t, setting, 1);
        close_structure(t, at);
        return here;
}

static inline size_t entry8(TableBuilder *t, size_t at, uint8_t type, uint16_t device_id, uint32_t more)
{
        size_t here = entry4(t, at, type, device_id, 0);

        put(t, more, 4);
        close_structure(t, at);
        return here;
}

static inline size_t ivmd(TableBuilder *t, uint8_t type, uint8_t flags, uint16_t first, uint16_t last, uint64_t start,
                          uint64_t size)
{
        size_t at = t->n;

        put(t, type, 1);
        put(t, flags, 1);
        put(t, 32, 2);
        put(t, first, 2);
        put(t, last, 2);
        put(t, 0, 8);
        put(t, start, 8);
        put(t, size, 8);
        return at;
}
