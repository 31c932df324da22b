/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of AMD's IOMMUs. */
#include "acpi-parse.h"
#include "model/ivrs.h"

static int ivrs_of(const TableBuilder *t, Ivrs *ret, AcpiError *ret_error)
{
        _cleanup_free_ uint8_t *copy = malloc(MAX(t->n, 1U));

        assert_non_null(copy);
        memcpy(copy, t->bytes, t->n);
        return ivrs_parse(copy, t->n, ret, ret_error);
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

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_blocks),       cmocka_unit_test(ivrs_cut_anywhere),
                cmocka_unit_test(ivrs_bad_lengths), cmocka_unit_test(ivrs_short_blocks),
                cmocka_unit_test(ivrs_ranges),      cmocka_unit_test(ivrs_type_that_linux_reads),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
