/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Tables that are sound, and the parsers on a copy of them. */

#include "acpi-build.h"
#include "model/dmar.h"
#include "test.h"

/* Parses a copy of exactly the right size, so that AddressSanitizer sees each byte read behind it. */
static inline int dmar_of(const TableBuilder *t, Dmar *ret, AcpiError *ret_error)
{
        _cleanup_free_ uint8_t *copy = malloc(MAX(t->n, 1U));

        assert_non_null(copy);
        memcpy(copy, t->bytes, t->n);
        return dmar_parse(copy, t->n, ret, ret_error);
}

static inline void expect_error(const AcpiError *e, size_t offset, const char *message)
{
        if (e->offset != offset || !strstr(e->message, message))
                fail_msg("0x%x \"%s\", not 0x%zx \"%s\"", e->offset, e->message, offset, message);
}

static inline void sound_dmar(TableBuilder *t)
{
        size_t at, here;

        dmar_header(t, 46, DMAR_INTR_REMAP | DMAR_DMA_CTRL_PLATFORM_OPT_IN);
        at = drhd(t, 0, 0, 0xfed90000);
        (void) scope(t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
        here = scope(t, at, DMAR_SCOPE_BRIDGE, 0, 0x80, 0x1c, 4);
        hop(t, at, here, 0, 0);
        hop(t, at, here, 1, 2);
        at = drhd(t, DMAR_DRHD_INCLUDE_PCI_ALL, 3, 0xfed91000); /* at an offset of no whole 4 bytes */
        t->bytes[at + 5] = 0x14;                                /* 2^4 pages; the upper half is reserved */
        (void) scope(t, at, DMAR_SCOPE_IOAPIC, 8, 0xf0, 0x1f, 7);
        at = rmrr(t, 3, 0xe8000, 0xe8fff);
        (void) scope(t, at, DMAR_SCOPE_ENDPOINT, 0, 1, 0, 3);
        at = open_structure(t, DMAR_ATSR);
        put(t, DMAR_ATSR_ALL_PORTS, 2);
        put(t, 5, 2);
        close_structure(t, at);
        at = open_structure(t, DMAR_RHSA);
        put(t, 0, 4);
        put(t, 0xfed90000, 8);
        put(t, 1, 4);
        close_structure(t, at);
        at = open_structure(t, DMAR_ANDD);
        put(t, 0, 3);
        put(t, 2, 1);
        put_text(t, "\\_SB.I2C0\x01", 11);
        close_structure(t, at);
        at = open_structure(t, DMAR_SATC);
        put(t, DMAR_SATC_ATC_REQUIRED, 2);
        put(t, 6, 2);
        close_structure(t, at);
        at = open_structure(t, 0x1234);
        put(t, 0xaa, 3);
        close_structure(t, at);
        at = open_structure(t, DMAR_SIDP);
        put(t, 0, 2);
        put(t, 7, 2);
        close_structure(t, at);
        here = scope(t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 11, 0);
        t->bytes[here + 2] = 0x1c;
        finish(t);
}
