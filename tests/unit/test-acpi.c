/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all tables have in common, and how they come out of a dump. */
#include "acpi-parse.h"
#include "model/acpidump.h"

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
                cmocka_unit_test(readers), cmocka_unit_test(not_a_table),   cmocka_unit_test(more_than_any_table),
                cmocka_unit_test(dump),    cmocka_unit_test(dump_or_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
