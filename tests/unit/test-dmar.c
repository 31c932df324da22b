/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of Intel's IOMMUs. */
#include "acpi-parse.h"

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

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_structures),
                cmocka_unit_test(bad_checksum_is_a_flag),
                cmocka_unit_test(bytes_behind_the_table_are_ignored),
                cmocka_unit_test(cut_anywhere),
                cmocka_unit_test(bad_lengths),
                cmocka_unit_test(short_and_long_structures),
                cmocka_unit_test(contents_that_cannot_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
