/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "acpi-build.h"
#include "model/acpidump.h"
#include "model/dmar.h"
#include "model/ivrs.h"

/* Parses a copy of exactly the right size, so that AddressSanitizer sees each byte read behind it. */
static int dmar_of(const TableBuilder *t, Dmar *ret, AcpiError *ret_error)
{
        _cleanup_free_ uint8_t *copy = malloc(MAX(t->n, 1U));

        assert_non_null(copy);
        memcpy(copy, t->bytes, t->n);
        return dmar_parse(copy, t->n, ret, ret_error);
}

static int ivrs_of(const TableBuilder *t, Ivrs *ret, AcpiError *ret_error)
{
        _cleanup_free_ uint8_t *copy = malloc(MAX(t->n, 1U));

        assert_non_null(copy);
        memcpy(copy, t->bytes, t->n);
        return ivrs_parse(copy, t->n, ret, ret_error);
}

static void expect_error(const AcpiError *e, size_t offset, const char *message)
{
        if (e->offset != offset || !strstr(e->message, message))
                fail_msg("0x%x \"%s\", not 0x%zx \"%s\"", e->offset, e->message, offset, message);
}

static void sound_dmar(TableBuilder *t)
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

static void all_structures(void **state)
{
        _cleanup_(dmar_done) Dmar d = {};
        const DmarStructure *s;
        TableBuilder t;
        AcpiError e;

        (void) state;
        sound_dmar(&t);
        assert_int_equal(dmar_of(&t, &d, &e), 0);
        assert_string_equal(e.message, "");
        assert_string_equal(d.header.signature, "DMAR");
        assert_int_equal(d.header.length, t.n);
        assert_int_equal(d.header.revision, 1);
        assert_true(d.header.checksum_ok);
        assert_memory_equal(d.header.oem_id, "MAKER ", 6);
        assert_memory_equal(d.header.oem_table_id, "BOARD\0\0", 8);
        assert_memory_equal(d.header.creator_id, "TOOL", 4);
        assert_int_equal(d.header.oem_revision, 7);
        assert_int_equal(d.header.creator_revision, 9);
        assert_int_equal(d.host_address_width, 46);
        assert_int_equal(d.flags, 5);
        assert_int_equal(d.n_structures, 9);

        s = &d.structures[0];
        assert_int_equal(s->type, DMAR_DRHD);
        assert_int_equal(s->offset, 48);
        assert_int_equal(s->length, 16 + 8 + 12);
        assert_int_equal(s->base, 0xfed90000);
        assert_int_equal(s->n_scopes, 2);
        assert_int_equal(s->scopes[0].n_path, 1);
        assert_int_equal(s->scopes[1].type, DMAR_SCOPE_BRIDGE);
        assert_int_equal(s->scopes[1].bus, 0x80);
        assert_int_equal(s->scopes[1].offset, 48 + 16 + 8);
        assert_int_equal(s->scopes[1].n_path, 3);
        assert_int_equal(s->scopes[1].path[0].device, 0x1c);
        assert_int_equal(s->scopes[1].path[0].function, 4);
        assert_int_equal(s->scopes[1].path[2].device, 1);
        assert_int_equal(s->scopes[1].path[2].function, 2);
        s = &d.structures[1];
        assert_int_equal(s->flags, DMAR_DRHD_INCLUDE_PCI_ALL);
        assert_int_equal(s->segment, 3);
        assert_int_equal(s->size, 4);
        assert_int_equal(s->scopes[0].enumeration_id, 8);
        assert_false(dmar_scope_is_pci(&s->scopes[0]));
        s = &d.structures[2];
        assert_int_equal(s->type, DMAR_RMRR);
        assert_int_equal(s->segment, 3);
        assert_int_equal(s->base, 0xe8000);
        assert_int_equal(s->end, 0xe8fff);
        assert_int_equal(s->scopes[0].bus, 1);
        s = &d.structures[3];
        assert_int_equal(s->flags, DMAR_ATSR_ALL_PORTS);
        assert_int_equal(s->segment, 5);
        s = &d.structures[4];
        assert_int_equal(s->base, 0xfed90000);
        assert_int_equal(s->proximity_domain, 1);
        s = &d.structures[5];
        assert_int_equal(s->device_number, 2);
        assert_string_equal(s->name, "\\_SB.I2C0?");
        s = &d.structures[6];
        assert_int_equal(s->flags, DMAR_SATC_ATC_REQUIRED);
        assert_int_equal(s->segment, 6);
        s = &d.structures[7];
        assert_int_equal(s->type, 0x1234);
        assert_int_equal(s->length, 7);
        assert_null(dmar_type_to_string((DmarType) s->type));
        s = &d.structures[8];
        assert_int_equal(s->segment, 7);
        assert_int_equal(s->scopes[0].flags, 0x1c);

        assert_ptr_equal(dmar_next(&d, DMAR_DRHD, NULL), &d.structures[0]);
        assert_ptr_equal(dmar_next(&d, DMAR_DRHD, &d.structures[0]), &d.structures[1]);
        assert_null(dmar_next(&d, DMAR_DRHD, &d.structures[1]));
        assert_null(dmar_next(&(const Dmar){}, DMAR_DRHD, NULL));
}

static void bad_checksum_is_a_flag(void **state)
{
        _cleanup_(dmar_done) Dmar d = {};
        TableBuilder t;
        AcpiError e;

        (void) state;
        sound_dmar(&t);
        t.bytes[9]++;
        assert_int_equal(dmar_of(&t, &d, &e), 0);
        assert_false(d.header.checksum_ok);
        assert_int_equal(d.n_structures, 9);
}

static void bytes_behind_the_table_are_ignored(void **state)
{
        _cleanup_(dmar_done) Dmar d = {};
        TableBuilder t;
        AcpiError e;

        (void) state;
        sound_dmar(&t);
        put(&t, 0xffffffff, 4);
        assert_int_equal(dmar_of(&t, &d, &e), 0);
        assert_true(d.header.checksum_ok);
        assert_int_equal(d.n_structures, 9);
}

/* Cut at each byte: never a crash, always an error at the very end, and what was whole before stays. */
static void cut_anywhere(void **state)
{
        TableBuilder whole;
        size_t before = 0;

        (void) state;
        sound_dmar(&whole);
        for (size_t n = 0; n < whole.n; n++) {
                _cleanup_(dmar_done) Dmar d = {};
                TableBuilder t = whole;
                AcpiError e;
                size_t sound = 0;

                t.n = n;
                if (n < 4) {
                        assert_int_equal(dmar_of(&t, &d, &e), -EINVAL);
                        expect_error(&e, 0, "does not begin with the signature DMAR");
                        continue;
                }
                assert_int_equal(dmar_of(&t, &d, &e), -EBADMSG);
                expect_error(&e, n, n < 36 ? "inside its header of 36" : "bytes and ends after");
                assert_false(d.header.checksum_ok);
                FOREACH_ARRAY(s, d.structures, d.n_structures)
                        sound += !s->damaged;
                assert_true(sound >= before);
                before = sound;
                if (n > 37)
                        assert_int_equal(d.host_address_width, 46);
        }
        assert_int_equal(before, 8);
}

static void not_a_table(void **state)
{
        Dmar d = { .flags = 0x55 };
        TableBuilder t;
        AcpiError e;

        (void) state;
        ivrs_header(&t, 0);
        finish(&t);
        assert_int_equal(dmar_of(&t, &d, &e), -EINVAL);
        assert_int_equal(d.flags, 0x55); /* untouched */
        header(&t, "DMAR", 1);
        patch(&t, 4, 35, 4);
        assert_int_equal(dmar_of(&t, &d, &e), -EBADMSG);
        expect_error(&e, 4, "has 35 bytes, less than its header of 36");
        dmar_done(&d);
        finish(&t); /* a header and nothing else */
        assert_int_equal(dmar_of(&t, &d, &e), -EBADMSG);
        expect_error(&e, 36, "inside its fixed part of 48");
        assert_int_equal(d.host_address_width, 0);
        dmar_done(&d);
}

/* A hostile file must not take all memory. */
static void more_than_any_table(void **state)
{
        size_t size = ACPI_TABLE_MAX_BYTES + 16;
        _cleanup_free_ uint8_t *bytes = calloc(size, 1);
        _cleanup_(dmar_done) Dmar d = {};
        TableBuilder t;
        AcpiError e;

        (void) state;
        assert_non_null(bytes);
        dmar_header(&t, 39, 0);
        (void) drhd(&t, 1, 0, 0xfed90000);
        patch(&t, 4, size, 4);
        memcpy(bytes, t.bytes, t.n);
        for (size_t at = 48; at + 16 <= size; at += 16)
                memcpy(bytes + at, t.bytes + 48, 16);
        assert_int_equal(dmar_parse(bytes, size, &d, &e), -EBADMSG);
        expect_error(&e, 4, "bytes, more than any real one");
        assert_int_equal(d.n_structures, (ACPI_TABLE_MAX_BYTES - 48) / 16);
}

/* A second unit behind the broken structure tells whether reading goes on. */
static void bad_lengths(void **state)
{
        static const struct {
                uint16_t length; /* of the first unit, which has 24 bytes */
                uint8_t scope;   /* of its scope, which has 8 */
                size_t offset;   /* of the error, from the start of the first unit */
                const char *message;
                size_t structures; /* that are read */
                size_t scopes;     /* of the first */
        } cases[] = {
                { 24, 8, 0, "", 2, 1 },
                { 0, 8, 2, "the length 0, less than its header of 4", 1, 0 }, /* for ever, if it were followed */
                { 3, 8, 2, "the length 3, less than its header of 4", 1, 0 },
                { 200, 8, 2, "the length 200, and the table ends after 40", 1, 1 },
                { 24, 0, 17, "a device scope has the length 0, less than the least of 6", 2, 0 },
                { 24, 5, 17, "a device scope has the length 5, less than the least of 6", 2, 0 },
                { 24, 9, 17, "the length 9, and its structure ends after 8", 2, 0 },
                { 24, 255, 17, "the length 255, and its structure ends after 8", 2, 0 },
                { 24, 7, 17, "the length 7, which is no whole path", 2, 1 },
                { 24, 6, 17, "the length 6, which is no whole path", 2, 1 },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(dmar_done) Dmar d = {};
                TableBuilder t;
                AcpiError e;
                size_t at;

                dmar_header(&t, 39, 0);
                at = drhd(&t, 0, 0, 0xfed90000);
                (void) scope(&t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
                (void) drhd(&t, 1, 0, 0xfed91000);
                patch(&t, at + 2, c->length, 2);
                patch(&t, at + 17, c->scope, 1);
                finish(&t);
                assert_int_equal(dmar_of(&t, &d, &e), *c->message ? -EBADMSG : 0);
                expect_error(&e, *c->message ? at + c->offset : 0, c->message);
                assert_int_equal(d.n_structures, c->structures);
                assert_int_equal(d.structures[0].damaged, *c->message != 0);
                assert_int_equal(d.structures[0].n_scopes, c->scopes);
                if (c->length >= 4)
                        assert_int_equal(d.structures[0].base, 0xfed90000);
                if (c->structures == 2) {
                        assert_false(d.structures[1].damaged);
                        assert_int_equal(d.structures[1].base, 0xfed91000);
                }
        }
}

/* Each type shorter than its fixed part, and with a byte too many behind its last scope. */
static void short_and_long_structures(void **state)
{
        static const uint16_t fixed[] = { 16, 24, 8, 20, 8, 8, 8 };

        (void) state;
        for (uint16_t type = 0; type < ELEMENTSOF(fixed); type++)
                for (uint16_t length = 4; length < fixed[type]; length++) {
                        _cleanup_(dmar_done) Dmar d = {};
                        TableBuilder t;
                        AcpiError e;
                        size_t at;

                        dmar_header(&t, 39, 0);
                        at = open_structure(&t, type);
                        for (uint16_t i = 4; i < length; i++)
                                put(&t, 0, 1);
                        close_structure(&t, at);
                        (void) drhd(&t, 1, 0, 0xfed91000);
                        finish(&t);
                        assert_int_equal(dmar_of(&t, &d, &e), -EBADMSG);
                        expect_error(&e, at + length, "inside its fixed part of");
                        assert_true(d.structures[0].damaged);
                        assert_int_equal(d.structures[1].base, 0xfed91000);
                }
        for (uint16_t left = 1; left < 6; left++) {
                _cleanup_(dmar_done) Dmar d = {};
                TableBuilder t;
                AcpiError e;
                size_t at;

                dmar_header(&t, 39, 0);
                at = rmrr(&t, 0, 0x1000, 0x1fff);
                (void) scope(&t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
                for (uint16_t i = 0; i < left; i++)
                        put(&t, 0xff, 1);
                close_structure(&t, at);
                finish(&t);
                assert_int_equal(dmar_of(&t, &d, &e), -EBADMSG);
                expect_error(&e, at + 32, "are left behind the last device scope");
                assert_int_equal(d.structures[0].n_scopes, 1);
        }
}

static void contents_that_cannot_be(void **state)
{
        _cleanup_(dmar_done) Dmar d = {}, andd = {};
        TableBuilder t;
        AcpiError e;
        size_t at;

        (void) state;
        dmar_header(&t, 39, 0);
        at = drhd(&t, 0, 0, 0xfed90000);
        (void) scope(&t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 32, 0);
        (void) scope(&t, at, DMAR_SCOPE_NAMESPACE, 1, 0xfa, 0x40, 9); /* a source id, no address */
        finish(&t);
        assert_int_equal(dmar_of(&t, &d, &e), -EBADMSG);
        expect_error(&e, at + 16 + 6, "device 20 function 0, which no PCI bus has");
        assert_int_equal(d.structures[0].n_scopes, 2);

        dmar_header(&t, 39, 0);
        at = open_structure(&t, DMAR_ANDD);
        put(&t, 0, 4);
        put_text(&t, "\\_SB", 4);
        close_structure(&t, at);
        finish(&t);
        assert_int_equal(dmar_of(&t, &andd, &e), -EBADMSG);
        expect_error(&e, at + 12, "does not end with a NUL");
        assert_string_equal(andd.structures[0].name, "\\_SB");

        dmar_done(&d);
        dmar_header(&t, 39, 0);
        (void) drhd(&t, 1, 0, 0xfed90000);
        put(&t, 0, 3);
        finish(&t);
        assert_int_equal(dmar_of(&t, &d, &e), -EBADMSG);
        expect_error(&e, 64, "3 bytes are left behind the last structure");
        assert_int_equal(d.n_structures, 1);
        assert_false(d.structures[0].damaged);
}

static void sound_ivrs(TableBuilder *t)
{
        size_t at;

        ivrs_header(t, 0x203043);
        for (size_t i = 0; i < 2; i++) {
                at = ivhd(t, i == 0 ? IVRS_IVHD_10 : IVRS_IVHD_11, 0, 0x0002, 0xfeb80000);
                (void) entry4(t, at, IVHD_RANGE, 0x0008, 0);
                (void) entry4(t, at, IVHD_RANGE_END, 0xfffe, 0);
                (void) entry8(t, at, IVHD_ALIAS_RANGE, 0xff00, 0x00a500);
                (void) entry4(t, at, IVHD_PAD4, 0, 0);
                (void) entry4(t, at, IVHD_RANGE_END, 0xffff, 0);
                (void) entry8(t, at, IVHD_SPECIAL, 0, 0x02001400);
        }
        (void) ivmd(t, IVRS_IVMD_SELECT, IVMD_UNITY | IVMD_READ, 0x0300, 0x1234, 0x7132f000, 0x26000);
        at = ivhd(t, IVRS_IVHD_40, 0, 0x0002, 0xfeb80000);
        (void) entry4(t, at, IVHD_ALL, 0, IVHD_LINT0_PASS);
        (void) entry4(t, at, IVHD_SELECT, 0x0100, 0);
        (void) entry8(t, at, IVHD_ALIAS_SELECT, 0x0101, 0x00a600);
        (void) entry8(t, at, IVHD_EXT_SELECT, 0x0102, 0x80000000);
        (void) entry8(t, at, IVHD_EXT_RANGE, 0x0200, 0x80000001);
        (void) entry4(t, at, IVHD_RANGE_END, 0x02ff, 0);
        (void) entry4(t, at, 0x3f, 0x1234, 0); /* a type that is not known, with a length that is */
        (void) entry4(t, at, IVHD_ACPI_HID, 0x00a5, 0x40);
        put_text(t, "AMDI0020", 8);
        put_text(t, "PNP0D40", 8);
        put(t, IVHD_UID_STRING, 1);
        put(t, 9, 1);
        put_text(t, "\\_SB.FUR0", 9);
        close_structure(t, at);
        (void) entry4(t, at, IVHD_ACPI_HID, 0x0099, 0);
        put_text(t, "AMDI\xff", 8);
        put(t, 0, 8);
        put(t, IVHD_UID_INTEGER, 1);
        put(t, 2, 1);
        put(t, 0x0102, 2);
        close_structure(t, at);
        (void) entry4(t, at, IVHD_ACPI_HID, 0x0098, 0);
        put_text(t, "AMDI0040", 8);
        put(t, 0, 8);
        put(t, IVHD_UID_NONE, 1);
        put(t, 0, 1);
        close_structure(t, at);
        (void) ivhd(t, IVRS_IVHD_40, 1, 0x0002, 0xfeb90000); /* the same address in another segment: another IOMMU */
        (void) ivmd(t, IVRS_IVMD_ALL, IVMD_UNITY | IVMD_READ | IVMD_WRITE, 0x1234, 0x0001, 0x1000, 1);
        at = ivmd(t, IVRS_IVMD_RANGE, IVMD_EXCLUSION, 0x0000, 0x0fff, 0x96175000, 0x1000);
        patch(t, at + 8, 1, 2); /* segment */
        /* a block that only some maker knows */
        put(t, 0x51, 1);
        put(t, 8, 1);
        put(t, 7, 2);
        put(t, 0, 3);
        finish(t);
}

static void all_blocks(void **state)
{
        _cleanup_(ivrs_done) Ivrs i = {};
        const IvrsBlock *b;
        const IvhdEntry *e;
        TableBuilder t;
        AcpiError error;

        (void) state;
        sound_ivrs(&t);
        assert_int_equal(ivrs_of(&t, &i, &error), 0);
        assert_string_equal(error.message, "");
        assert_true(i.header.checksum_ok);
        assert_int_equal(i.info, IVINFO_EFR_SUP | IVINFO_DMA_GUARD_OPT_IN | 0x203040);
        assert_int_equal(i.physical_address_size, 48);
        assert_int_equal(i.virtual_address_size, 64);
        assert_int_equal(i.n_blocks, 8);

        /* three descriptions of one IOMMU, and one of another */
        assert_int_equal(i.n_units, 2);
        assert_int_equal(i.units[0].device_id, 2);
        assert_int_equal(i.units[0].blocks[0], 0);
        assert_int_equal(i.units[0].blocks[1], 1);
        assert_int_equal(i.units[0].blocks[2], 3);
        assert_int_equal(i.units[0].best, 3);
        assert_int_equal(i.units[1].segment, 1);
        assert_int_equal(i.units[1].blocks[0], SIZE_MAX);
        assert_int_equal(i.units[1].best, 4);
        assert_int_equal(i.blocks[4].unit, 1);
        assert_int_equal(i.blocks[2].unit, SIZE_MAX);
        assert_int_equal(ivrs_linux_ivhd_type(&i), IVRS_IVHD_40);

        b = &i.blocks[0];
        assert_int_equal(b->offset, 48);
        assert_int_equal(b->flags, 0xb0);
        assert_int_equal(b->capability_offset, 0x40);
        assert_int_equal(b->base, 0xfeb80000);
        assert_int_equal(b->info, 3);
        assert_int_equal(b->features, 0x80048f6e);
        assert_int_equal(b->efr, 0);
        assert_int_equal(b->n_entries, 6);
        e = b->entries;
        assert_int_equal(e[0].first, 0x0008);
        assert_int_equal(e[0].last, 0xfffe);
        assert_true(e[0].has_end);
        assert_int_equal(e[2].source_id, 0x00a5);
        assert_int_equal(e[2].first, 0xff00);
        assert_int_equal(e[2].last, 0xffff); /* across the padding */
        assert_int_equal(e[5].handle, 0);
        assert_int_equal(e[5].variety, IVHD_SPECIAL_HPET);
        assert_int_equal(e[5].source_id, 0x0014);

        b = &i.blocks[1];
        assert_int_equal(b->efr, 0x246577efa2254afa);
        assert_int_equal(b->efr2, 5);
        assert_int_equal(b->n_entries, 6);

        b = &i.blocks[2];
        assert_int_equal(b->type, IVRS_IVMD_SELECT);
        assert_int_equal(b->flags, IVMD_UNITY | IVMD_READ);
        assert_int_equal(b->first_device_id, 0x0300);
        assert_int_equal(b->last_device_id, 0x0300); /* the other id is reserved */
        assert_int_equal(b->start, 0x7132f000);
        assert_int_equal(b->size, 0x26000);

        b = &i.blocks[3];
        assert_int_equal(b->n_entries, 10);
        e = b->entries;
        assert_int_equal(e[0].first, 0);
        assert_int_equal(e[0].last, 0xffff);
        assert_int_equal(e[0].setting, IVHD_LINT0_PASS);
        assert_int_equal(e[1].first, 0x0100);
        assert_int_equal(e[1].last, 0x0100);
        assert_int_equal(e[2].source_id, 0x00a6);
        assert_int_equal(e[3].extended, 0x80000000);
        assert_int_equal(e[4].extended, 0x80000001);
        assert_int_equal(e[4].last, 0x02ff);
        assert_int_equal(e[6].type, 0x3f);
        assert_null(ivhd_entry_type_to_string((IvhdEntryType) e[6].type));
        assert_string_equal(e[7].hid, "AMDI0020");
        assert_string_equal(e[7].cid, "PNP0D40");
        assert_string_equal(e[7].uid, "\\_SB.FUR0");
        assert_int_equal(e[7].length, 31);
        assert_int_equal(e[7].first, 0x00a5);
        assert_string_equal(e[8].hid, "AMDI?");
        assert_int_equal(e[8].uid_integer, 0x0102);
        assert_null(e[8].uid);
        assert_int_equal(e[9].length, 22);

        assert_int_equal(i.blocks[5].first_device_id, 0); /* 20h: all, whatever stands in the reserved ids */
        assert_int_equal(i.blocks[5].last_device_id, 0xffff);
        assert_int_equal(i.blocks[6].segment, 1);
        assert_int_equal(i.blocks[6].last_device_id, 0x0fff);
        assert_int_equal(i.blocks[7].type, 0x51);
        assert_int_equal(i.blocks[7].length, 7);
        assert_int_equal(i.blocks[7].n_entries, 0);
}

static void ivrs_cut_anywhere(void **state)
{
        TableBuilder whole;
        size_t before = 0;

        (void) state;
        sound_ivrs(&whole);
        for (size_t n = 4; n < whole.n; n++) {
                _cleanup_(ivrs_done) Ivrs i = {};
                TableBuilder t = whole;
                AcpiError e;
                size_t sound = 0;

                t.n = n;
                assert_int_equal(ivrs_of(&t, &i, &e), -EBADMSG);
                expect_error(&e, n, "ends");
                FOREACH_ARRAY(b, i.blocks, i.n_blocks) {
                        sound += !b->damaged;
                        assert_true(b->unit == SIZE_MAX || b->unit < i.n_units);
                }
                assert_true(sound >= before);
                before = sound;
        }
        assert_int_equal(before, 7);
}

/* A block of type 10h with one entry of 8 bytes at its offset 24, and an IVMD behind it. */
static void ivrs_bad_lengths(void **state)
{
        static const struct {
                uint16_t length; /* of the first block, which has 32 bytes */
                uint8_t type;    /* of its entry */
                size_t offset;   /* of the error, from the start of the first block */
                const char *message;
                size_t blocks, entries, units;
        } cases[] = {
                { 32, IVHD_SPECIAL, 0, "", 2, 1, 1 },
                { 0, IVHD_SPECIAL, 2, "a block of type 0x10 has the length 0, less than its header of 4", 1, 0, 0 },
                { 3, IVHD_SPECIAL, 2, "the length 3", 1, 0, 0 },
                { 500, IVHD_PAD8, 2, "the length 500, and the table ends after 64", 1, SIZE_MAX, 1 },
                { 32, 0x80, 24, "a device entry of type 0x80 has 16 bytes, and its block ends after 8", 2, 0, 1 },
                { 32, 0xc0, 24, "has 32 bytes", 2, 0, 1 },
                { 32, IVHD_ACPI_HID, 24, "has 22 bytes, and its block ends after 8", 2, 0, 1 },
                { 32, 0xf1, 24, "the type 0xf1, whose length nothing tells", 2, 0, 1 },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(ivrs_done) Ivrs i = {};
                TableBuilder t;
                AcpiError e;
                size_t at;

                ivrs_header(&t, 0);
                at = ivhd(&t, IVRS_IVHD_10, 0, 2, 0xfeb80000);
                (void) entry8(&t, at, c->type, 0, 0);
                (void) ivmd(&t, IVRS_IVMD_ALL, IVMD_UNITY, 0, 0, 0x1000, 0x1000);
                patch(&t, at + 2, c->length, 2);
                finish(&t);
                assert_int_equal(ivrs_of(&t, &i, &e), *c->message ? -EBADMSG : 0);
                expect_error(&e, *c->message ? at + c->offset : 0, c->message);
                assert_int_equal(i.n_blocks, c->blocks);
                assert_int_equal(i.n_units, c->units);
                if (c->units == 0)
                        assert_int_equal(i.blocks[0].unit, SIZE_MAX);
                if (c->entries != SIZE_MAX) /* where it goes on into the IVMD, that is read as entries */
                        assert_int_equal(i.blocks[0].n_entries, c->entries);
                assert_int_equal(i.blocks[0].damaged, *c->message != 0);
                if (c->blocks == 2)
                        assert_int_equal(i.blocks[1].start, 0x1000);
        }
}

static void ivrs_short_blocks(void **state)
{
        static const struct {
                uint8_t type;
                uint16_t fixed;
        } types[] = { { 0x10, 24 }, { 0x11, 40 }, { 0x40, 40 }, { 0x20, 32 }, { 0x21, 32 }, { 0x22, 32 } };

        (void) state;
        FOREACH_ARRAY(y, types, ELEMENTSOF(types))
                for (uint16_t length = 4; length < y->fixed; length++) {
                        _cleanup_(ivrs_done) Ivrs i = {};
                        TableBuilder t;
                        AcpiError e;

                        ivrs_header(&t, 0);
                        put(&t, y->type, 2);
                        put(&t, length, 2);
                        for (uint16_t k = 4; k < length; k++)
                                put(&t, 1, 1);
                        (void) ivhd(&t, IVRS_IVHD_10, 0, 2, 0xfeb80000);
                        finish(&t);
                        assert_int_equal(ivrs_of(&t, &i, &e), -EBADMSG);
                        expect_error(&e, 48U + length, "inside its fixed part of");
                        assert_int_equal(i.n_blocks, 2);
                        /* a block that does not say which IOMMU it is of must not make one up */
                        assert_int_equal(i.n_units, 1);
                        assert_int_equal(i.blocks[0].unit, SIZE_MAX);
                }
}

static void ivrs_ranges(void **state)
{
        static const struct {
                uint8_t types[3];
                uint16_t ids[3];
                size_t wrong; /* index of the entry that the error is at; 3: the end of the block */
                const char *message;
        } cases[] = {
                { { IVHD_RANGE_END, IVHD_SELECT, IVHD_SELECT }, { 9, 1, 1 }, 0, "ends at 0x0009 and has no start" },
                { { IVHD_RANGE, IVHD_RANGE_END, IVHD_SELECT },
                  { 9, 8, 1 },
                  1,
                  "starts at 0x0009 and ends before it, at 0x0008" },
                { { IVHD_RANGE, IVHD_SELECT, IVHD_RANGE_END }, { 8, 1, 9 }, 1, "starts at 0x0008 has no end" },
                { { IVHD_RANGE, IVHD_RANGE, IVHD_RANGE_END }, { 8, 10, 12 }, 1, "starts at 0x0008 has no end" },
                { { IVHD_SELECT, IVHD_PAD4, IVHD_RANGE }, { 8, 10, 12 }, 3, "starts at 0x000c has no end" },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(ivrs_done) Ivrs i = {};
                TableBuilder t;
                AcpiError e;
                size_t at;

                ivrs_header(&t, 0);
                at = ivhd(&t, IVRS_IVHD_10, 0, 2, 0xfeb80000);
                for (size_t k = 0; k < 3; k++)
                        (void) entry4(&t, at, c->types[k], c->ids[k], 0);
                finish(&t);
                assert_int_equal(ivrs_of(&t, &i, &e), -EBADMSG);
                expect_error(&e, at + 24 + 4 * c->wrong, c->message);
                assert_true(i.blocks[0].damaged);
                assert_int_equal(i.blocks[0].n_entries, 3);
                FOREACH_ARRAY(x, i.blocks[0].entries, 3)
                        if (!x->has_end)
                                assert_int_equal(x->first, x->last);
        }
        for (size_t k = 0; k < 2; k++) { /* IVMD 22h: one device, and none */
                _cleanup_(ivrs_done) Ivrs i = {};
                TableBuilder t;
                AcpiError e;

                ivrs_header(&t, 0);
                (void) ivmd(&t, IVRS_IVMD_RANGE, IVMD_UNITY, 8, (uint16_t) (8 - k), 0x1000, 0x1000);
                finish(&t);
                assert_int_equal(ivrs_of(&t, &i, &e), k == 0 ? 0 : -EBADMSG);
                expect_error(&e, k == 0 ? 0 : 48 + 6, k == 0 ? "" : "from 0x0008 to 0x0007");
        }
}

/* The type that Linux takes is that of the last block of the first IOMMU, and it looks no further than 40h. */
static void ivrs_type_that_linux_reads(void **state)
{
        static const struct {
                uint8_t types[4];
                uint16_t ids[4];
                uint8_t expected;
        } cases[] = {
                { { 0x10, 0x11, 0x40, 0x40 }, { 2, 2, 2, 3 }, 0x40 },
                { { 0x10, 0x11, 0x10, 0x40 }, { 2, 2, 3, 3 }, 0x11 }, /* of the other one it is 40h */
                { { 0x11, 0x10, 0x10, 0x11 }, { 2, 2, 3, 3 }, 0x10 }, /* not the newest, the last */
                { { 0x10, 0x51, 0x11, 0x40 }, { 2, 2, 2, 2 }, 0x10 },
        };

        (void) state;
        assert_int_equal(ivrs_linux_ivhd_type(&(const Ivrs){}), 0);
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(ivrs_done) Ivrs i = {};
                TableBuilder t;
                AcpiError e;

                ivrs_header(&t, 0);
                for (size_t k = 0; k < 4; k++)
                        (void) ivhd(&t, c->types[k], 0, c->ids[k], 0xfeb80000);
                finish(&t);
                assert_int_equal(ivrs_of(&t, &i, &e), 0);
                assert_int_equal(ivrs_linux_ivhd_type(&i), c->expected);
        }
}

static void dump(void **state)
{
        static const struct {
                const char *text;
                int result;
                unsigned line;       /* of the error */
                const char *message; /* of the error; of a table: its bytes as text, one a line */
        } cases[] = {
                /* two tables of 18 and 2 bytes; the characters behind a short row look like bytes */
                { "DMAR @ 0x000000007B5D0000\n"
                  "    0000: 44 4D 41 52 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  DMAR 44 45 46 47\n"
                  "    0010: 11 12                                            AB CD EF\n"
                  "\n"
                  "FACP @ 0x0000000000000000\n"
                  "  0000: 46 41  FA\n",
                  1, 0, "444d41520506070809 0a0b0c0d0e0f101112|4641" },
                /* CRLF, and rows that end in "=": it is no soft break behind the last byte */
                { "   0000: 44 4D 41 52 05 06 07 08 09 0A 0B 0C 0D 0E 0F 3D  DMAR...........=\r\n"
                  "   0010: 3D  =\r\n",
                  1, 0, "444d41520506070809 0a0b0c0d0e0f3d3d" },
                /* soft breaks: before the blank, behind it, in the middle of a byte, and in the characters */
                { "   0000: 44 4D 41=\n 52 05 06 07 08 =\r\n09 0A 0B 0C 0=\nD 0E 0F 10  DM=\nAR............\n"
                  "   0010: 11\n",
                  1, 0, "444d41520506070809 0a0b0c0d0e0f1011" },
                { "> quoted\nno table\n00: 44\n", 0, 0, NULL },
                { "   0000: 44 4D 41 52 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10\n   0020: 11\n", -EBADMSG, 2,
                  "the row of offset 0010 was expected here, not that of 0020" },
                { "   0000: 44 4D 41\n\n   0010: 11\n", -EBADMSG, 3, "the row of offset 0003 was expected here" },
                { "   0010: 44 4D 41\n", -EBADMSG, 1, "the row of offset 0000 was expected here" },
                { "00000000: 444d 4152 0506 0708 090a 0b0c 0d0e 0f10  DMAR\n", 0, 0, NULL },
                { "", 0, 0, NULL },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                const char *cursor = c->text, *end = c->text + strlen(c->text);
                AcpidumpError e = {};
                char found[256] = "";
                unsigned line = 1;
                size_t n;
                int r;

                for (;;) {
                        _cleanup_free_ uint8_t *bytes = NULL;

                        r = acpidump_next(&cursor, &line, end, &bytes, &n, &e);
                        if (r <= 0)
                                break;
                        for (size_t i = 0; i < n; i++)
                                (void) snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%02x",
                                                i == 0 && *found ? "|"
                                                : i == 9         ? " "
                                                                 : "",
                                                bytes[i]);
                }
                if (c->result == 1) {
                        assert_int_equal(r, 0);
                        assert_string_equal(found, c->message);
                        continue;
                }
                assert_int_equal(r, c->result);
                assert_int_equal(e.line, c->line);
                if (c->message)
                        assert_non_null(strstr(e.message, c->message));
        }
}

static void dump_or_bytes(void **state)
{
        static const char text[] = "what my machine says:\r\n\r\nDMAR @ 0x7B5D0000\r\n    0000: 44 4D\r\n";
        TableBuilder t;

        (void) state;
        assert_true(acpidump_is_text(text, sizeof(text) - 1));
        assert_false(acpidump_is_text(text, 50)); /* up to the first row */
        sound_dmar(&t);
        assert_false(acpidump_is_text((const char *) t.bytes, t.n));
        assert_false(acpidump_is_text("", 0));
}

static void readers(void **state)
{
        static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
        AcpiReader r = acpi_reader(bytes, sizeof(bytes)), part;
        char text[5];
        uint8_t copy[4];

        (void) state;
        assert_int_equal(acpi_u16(&r, 7), 0x0908);
        assert_int_equal(acpi_u32(&r, 1), 0x05040302);
        assert_int_equal(acpi_u64(&r, 1), 0x0908070605040302);
        assert_false(r.overrun);
        assert_int_equal(acpi_u64(&r, 2), 0);
        assert_true(r.overrun);
        part = acpi_reader_part(&r, 3, 4);
        assert_int_equal(acpi_reader_size(&part), 4);
        assert_false(part.overrun);
        assert_int_equal(acpi_u8(&part, 3), 7);
        assert_int_equal(acpi_u8(&part, 4), 0);
        assert_true(part.overrun);
        part = acpi_reader_part(&r, 8, SIZE_MAX);
        assert_int_equal(acpi_reader_size(&part), 1);
        part = acpi_reader_part(&part, SIZE_MAX, 1);
        assert_int_equal(acpi_reader_size(&part), 0);
        assert_int_equal(acpi_u16(&part, SIZE_MAX), 0);
        r.overrun = false;
        acpi_bytes(&r, 6, copy, 4);
        assert_true(r.overrun);
        assert_memory_equal(copy, "\0\0\0", 4);

        assert_string_equal(acpi_text((const uint8_t *) "AB  \0\0", 6, text, sizeof(text)), "AB");
        assert_string_equal(acpi_text((const uint8_t *) "      ", 6, text, sizeof(text)), "");
        assert_string_equal(acpi_text((const uint8_t *) "\xd2\x04\0C", 4, text, sizeof(text)), "???C");
        assert_string_equal(acpi_text((const uint8_t *) "ABCDEFG", 7, text, sizeof(text)), "ABCD");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(readers),
                cmocka_unit_test(all_structures),
                cmocka_unit_test(bad_checksum_is_a_flag),
                cmocka_unit_test(bytes_behind_the_table_are_ignored),
                cmocka_unit_test(cut_anywhere),
                cmocka_unit_test(not_a_table),
                cmocka_unit_test(more_than_any_table),
                cmocka_unit_test(bad_lengths),
                cmocka_unit_test(short_and_long_structures),
                cmocka_unit_test(contents_that_cannot_be),
                cmocka_unit_test(all_blocks),
                cmocka_unit_test(ivrs_cut_anywhere),
                cmocka_unit_test(ivrs_bad_lengths),
                cmocka_unit_test(ivrs_short_blocks),
                cmocka_unit_test(ivrs_ranges),
                cmocka_unit_test(ivrs_type_that_linux_reads),
                cmocka_unit_test(dump),
                cmocka_unit_test(dump_or_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
