/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Firmware tables made of plain structs, as a parser would have left them. */

#include "base/array.h"
#include "model/dmar.h"
#include "model/ivrs.h"
#include "test.h"

static inline DmarStructure *dmar_add(Dmar *d, uint16_t type, uint16_t segment, uint64_t base)
{
        DmarStructure *s = array_grow(&d->structures, d->n_structures);

        assert_non_null(s);
        d->n_structures++;
        s->type = type;
        s->segment = segment;
        s->base = base;
        s->offset = 48 + 16 * (uint32_t) (d->n_structures - 1);
        if (d->host_address_width == 0)
                d->host_address_width = 39;
        return s;
}

/* @path: "BUS DEV.FN DEV.FN ...", hexadecimal. */
static inline void dmar_add_scope(DmarStructure *s, uint8_t type, const char *path)
{
        DmarScope *scope = array_grow(&s->scopes, s->n_scopes);
        unsigned device, function;
        int n = 0;

        assert_non_null(scope);
        s->n_scopes++;
        scope->type = type;
        scope->bus = (uint8_t) strtoul(path, NULL, 16);
        for (path += strcspn(path, " "); sscanf(path, " %x.%x%n", &device, &function, &n) == 2; path += n) {
                DmarHop *hop = array_grow(&scope->path, scope->n_path);

                assert_non_null(hop);
                scope->n_path++;
                *hop = (DmarHop){ (uint8_t) device, (uint8_t) function };
        }
}

static inline IvrsBlock *ivrs_add(Ivrs *i, uint8_t type, uint16_t segment)
{
        IvrsBlock *b = array_grow(&i->blocks, i->n_blocks);

        assert_non_null(b);
        i->n_blocks++;
        b->type = type;
        b->segment = segment;
        b->offset = 48 + 16 * (uint32_t) (i->n_blocks - 1);
        return b;
}

static inline IvhdEntry *ivrs_add_entry(IvrsBlock *b, uint8_t type, uint16_t first, uint16_t last)
{
        IvhdEntry *e = array_grow(&b->entries, b->n_entries);

        assert_non_null(e);
        b->n_entries++;
        e->type = type;
        e->device_id = e->first = first;
        e->last = last;
        e->has_end = type == IVHD_RANGE || type == IVHD_ALIAS_RANGE || type == IVHD_EXT_RANGE;
        return e;
}

/* Memory for a device or a range of them. */
static inline IvrsBlock *ivrs_add_memory(Ivrs *i, uint8_t type, uint16_t first, uint16_t last, uint8_t flags,
                                         uint64_t start, uint64_t size)
{
        IvrsBlock *b = ivrs_add(i, type, 0);

        b->device_id = first;
        b->last_device_id = last;
        b->flags = flags;
        b->start = start;
        b->size = size;
        return b;
}

/* 0000:BB:DD.F as an IVRS has it. */
#define DEVICE_ID(bus, slot, function) ((uint16_t) ((bus) << 8 | (slot) << 3 | (function)))
