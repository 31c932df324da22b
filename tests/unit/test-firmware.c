/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <json-c/json.h>

#include "acpi-build.h"
#include "iommu/firmware.h"
#include "model/dmar.h"
#include "model/ivrs.h"
#include "version.h"

/* What each document begins with, of no host. */
#define ORIGIN                                                                                                         \
        "{\"kind\":\"firmware\",\"version\":1,\"ptprep\":\"" PTPREP_VERSION                                            \
        "\",\"host\":null,\"boot_id\":null,\"time\":null,\"reboot_required\":null,"

/* A table in all its forms. */
typedef struct Decoded {
        AcpiTable table;
        FirmwareNoteList notes;
        char *json, *text;
} Decoded;

static Decoded decode(TableBuilder *t)
{
        Decoded d = {};
        int r = iommu_table_recognize(t->bytes, t->n, &d.table);

        assert_true(r == 0 || r == -EBADMSG);
        assert_int_equal(d.table.vendor->note(d.table.content, &d.notes), 0);
        assert_int_equal(firmware_json(&ORIGIN_UNKNOWN, &d.table, 1, &d.json), 0);
        assert_int_equal(firmware_text(&d.table, 1, &d.text), 0);
        return d;
}

static void decoded_done(Decoded *d)
{
        acpi_table_done(&d->table);
        firmware_note_list_done(&d->notes);
        free(d->json);
        free(d->text);
}

static void same_json(const char *found, const char *expected)
{
        struct json_object *a = json_tokener_parse(found), *b = json_tokener_parse(expected);

        assert_non_null(a);
        assert_non_null(b);
        if (!json_object_equal(a, b))
                fail_msg("%s", found);
        json_object_put(a);
        json_object_put(b);
}

static void expect_text(const Decoded *d, const char *line)
{
        if (!strstr(d->text, line))
                fail_msg("no \"%s\" in:\n%s", line, d->text);
}

/* Exactly these notes, in this order. */
typedef struct Expected {
        size_t offset;
        bool wrong;
        const char *text;
} Expected;

static void expect_notes(const Decoded *d, const Expected *expected, size_t n)
{
        size_t wrong = 0, counted;

        for (size_t i = 0; i < MIN(n, d->notes.n); i++) {
                const FirmwareNote *note = &d->notes.items[i];

                if (note->offset != expected[i].offset || note->wrong != expected[i].wrong ||
                    !strstr(note->text, expected[i].text))
                        fail_msg("note %zu: 0x%x %d \"%s\", not 0x%zx \"%s\"", i, note->offset, note->wrong, note->text,
                                 expected[i].offset, expected[i].text);
                expect_text(d, note->text);
                wrong += note->wrong;
        }
        if (d->notes.n != n)
                fail_msg("%zu notes, not %zu: %s", d->notes.n, n, d->text);
        assert_true((firmware_note_first_wrong(&d->notes, &counted) != NULL) == (wrong > 0));
        assert_int_equal(counted, wrong);
}
#define EXPECT_NOTES(d, ...)                                                                                           \
        expect_notes(&(d), (const Expected[]){ __VA_ARGS__ }, ELEMENTSOF(((const Expected[]){ __VA_ARGS__ })))

static void dmar_forms(void **state)
{
        _cleanup_(decoded_done) Decoded d = {};
        TableBuilder t;
        size_t at, here;

        (void) state;
        dmar_header(&t, 46, DMAR_INTR_REMAP | DMAR_X2APIC_OPT_OUT | DMAR_DMA_CTRL_PLATFORM_OPT_IN);
        at = drhd(&t, 0, 0, 0xfed90000);
        (void) scope(&t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
        at = drhd(&t, DMAR_DRHD_INCLUDE_PCI_ALL, 0, 0xfed91000);
        (void) scope(&t, at, DMAR_SCOPE_IOAPIC, 8, 0xf0, 0x1f, 7);
        (void) scope(&t, at, DMAR_SCOPE_NAMESPACE, 2, 0xfa, 0xf, 7);
        at = rmrr(&t, 1, UINT64_C(0xffffffffffff0000), UINT64_MAX);
        here = scope(&t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 0x1c, 4);
        hop(&t, at, here, 0, 2);
        at = open_structure(&t, DMAR_ATSR);
        put(&t, DMAR_ATSR_ALL_PORTS, 2);
        put(&t, 5, 2);
        close_structure(&t, at);
        at = open_structure(&t, DMAR_RHSA);
        put(&t, 0, 4);
        put(&t, 0xfed90000, 8);
        put(&t, 1, 4);
        close_structure(&t, at);
        at = open_structure(&t, DMAR_ANDD);
        put(&t, 0, 3);
        put(&t, 2, 1);
        put_text(&t, "\\_SB.I2C0", 10);
        close_structure(&t, at);
        at = open_structure(&t, DMAR_SATC);
        put(&t, DMAR_SATC_ATC_REQUIRED, 4);
        close_structure(&t, at);
        at = open_structure(&t, DMAR_SIDP);
        put(&t, 0, 4);
        here = scope(&t, at, DMAR_SCOPE_BRIDGE, 0, 0, 11, 0);
        t.bytes[here + 2] = DMAR_SIDP_ATC_REQUIRED;
        at = open_structure(&t, 99);
        put(&t, 0xaa, 4);
        close_structure(&t, at);
        finish(&t);
        d = decode(&t);
        same_json(d.json, ORIGIN
                  "\"tables\":[{\"signature\":\"DMAR\",\"revision\":1,\"length\":216,\"checksum_ok\":true,"
                  "\"host_address_width\":46,"
                  "\"flags\":[\"INTR_REMAP\",\"X2APIC_OPT_OUT\",\"DMA_CTRL_PLATFORM_OPT_IN\"],\"structures\":["
                  "{\"type\":\"DRHD\",\"length\":24,\"segment\":0,\"base\":4275634176,\"include_all\":false,\"size\":0,"
                  "\"scopes\":[{\"type\":1,\"enumeration_id\":0,\"bus\":0,\"path\":[[2,0]]}]},"
                  "{\"type\":\"DRHD\",\"length\":32,\"segment\":0,\"base\":4275638272,\"include_all\":true,\"size\":0,"
                  "\"scopes\":[{\"type\":3,\"enumeration_id\":8,\"bus\":240,\"path\":[[31,7]]},"
                  "{\"type\":5,\"enumeration_id\":2,\"bus\":250,\"path\":[[15,7]]}]},"
                  "{\"type\":\"RMRR\",\"length\":34,\"segment\":1,\"base\":18446744073709486080,"
                  "\"end\":18446744073709551615,"
                  "\"scopes\":[{\"type\":1,\"enumeration_id\":0,\"bus\":0,\"path\":[[28,4],[0,2]]}]},"
                  "{\"type\":\"ATSR\",\"length\":8,\"segment\":5,\"all_ports\":true,\"scopes\":[]},"
                  "{\"type\":\"RHSA\",\"length\":20,\"base\":4275634176,\"proximity_domain\":1},"
                  "{\"type\":\"ANDD\",\"length\":18,\"device_number\":2,\"name\":\"\\\\_SB.I2C0\"},"
                  "{\"type\":\"SATC\",\"length\":8,\"segment\":0,\"atc_required\":true,\"scopes\":[]},"
                  "{\"type\":\"SIDP\",\"length\":16,\"segment\":0,"
                  "\"scopes\":[{\"type\":2,\"enumeration_id\":0,\"bus\":0,\"path\":[[11,0]],\"flags\":16}]},"
                  "{\"type\":99,\"length\":8}],"
                  "\"oem_id\":\"MAKER\",\"oem_table_id\":\"BOARD\",\"oem_revision\":7,\"errors\":[],\"notes\":[]}]}");
        expect_text(&d, "DMAR, revision 1, 216 bytes, checksum right, OEM \"MAKER\" \"BOARD\" revision 0x7\n");
        expect_text(&d, "  0x030 DRHD       hardware unit, segment 0000, registers at 0xfed90000 (4 KiB)\n"
                        "                   endpoint 0000:00:02.0\n");
        expect_text(&d, "I/O APIC 8, seen as 0000:f0:1f.7\n");
        expect_text(&d, "0xffffffffffff0000-0xffffffffffffffff (64 KiB)\n"
                        "                   endpoint pci0001:00/1c.4/00.2\n");
        expect_text(&d, "all root ports of segment 0005 (ALL_PORTS)\n");
        expect_text(&d, "namespace device 2 is \\_SB.I2C0\n");
        expect_text(
                &d,
                "bridge 0000:00:0b.0 and all below it\n                     properties: translation cache required\n");
        expect_text(&d, "unknown    type 99, 8 bytes\n");
}

static void ivrs_forms(void **state)
{
        _cleanup_(decoded_done) Decoded d = {};
        TableBuilder t;
        size_t at;

        (void) state;
        ivrs_header(&t, 0x203041);
        at = ivhd(&t, IVRS_IVHD_10, 0, 2, 0xfeb80000);
        (void) entry4(&t, at, IVHD_RANGE, 8, 0);
        (void) entry4(&t, at, IVHD_RANGE_END, 0xfffe, 0);
        at = ivhd(&t, IVRS_IVHD_40, 0, 2, 0xfeb80000);
        (void) entry8(&t, at, IVHD_ALIAS_SELECT, 0x0100, 0x00a500);
        (void) entry8(&t, at, IVHD_SPECIAL, 0, 0x0100a020);
        (void) entry8(&t, at, IVHD_EXT_SELECT, 0x0101, 0x80000000);
        (void) entry4(&t, at, IVHD_ACPI_HID, 0xa5, IVHD_LINT0_PASS);
        put_text(&t, "AMDI0020", 8);
        put(&t, 0, 8);
        put(&t, IVHD_UID_INTEGER, 1);
        put(&t, 2, 1);
        put(&t, 258, 2);
        close_structure(&t, at);
        (void) ivmd(&t, IVRS_IVMD_ALL, IVMD_UNITY | IVMD_READ | IVMD_WRITE, 0, 0, 0x1000, 0x3000);
        put(&t, 0x51, 2);
        put(&t, 8, 2);
        put(&t, 0, 4);
        finish(&t);
        d = decode(&t);
        same_json(d.json, ORIGIN
                  "\"tables\":[{\"signature\":\"IVRS\",\"revision\":2,\"length\":208,\"checksum_ok\":true,"
                  "\"host_address_width\":48,\"virtual_address_width\":64,\"flags\":[\"EFRSup\"],\"ivinfo\":2109505,"
                  "\"structures\":["
                  "{\"type\":\"IVHD 0x10\",\"length\":32,\"segment\":0,\"device_id\":2,\"base\":4273471488,"
                  "\"flags\":[\"IotlbSup\",\"Coherent\",\"PPRSup\"],\"capability_offset\":64,\"info\":3,"
                  "\"feature_reporting\":2147782510,\"unit\":0,\"entries\":["
                  "{\"type\":3,\"name\":\"range\",\"length\":4,\"first\":8,\"last\":65534,\"setting\":0},"
                  "{\"type\":4,\"name\":\"range end\",\"length\":4,\"last\":65534}]},"
                  "{\"type\":\"IVHD 0x40\",\"length\":88,\"segment\":0,\"device_id\":2,\"base\":4273471488,"
                  "\"flags\":[\"IotlbSup\",\"Coherent\"],\"capability_offset\":64,\"info\":3,"
                  "\"attributes\":2147782510,\"efr\":2622634229114424058,\"efr2\":5,\"unit\":0,\"entries\":["
                  "{\"type\":66,\"name\":\"alias\",\"length\":8,\"first\":256,\"last\":256,\"setting\":0,\"source_id\":"
                  "165},"
                  "{\"type\":72,\"name\":\"special\",\"length\":8,\"setting\":0,\"handle\":32,\"variety\":1,\"source_"
                  "id\":160},"
                  "{\"type\":70,\"name\":\"extended select\",\"length\":8,\"first\":257,\"last\":257,\"setting\":0,"
                  "\"extended\":2147483648},"
                  "{\"type\":240,\"name\":\"ACPI device\",\"length\":24,\"first\":165,\"last\":165,\"setting\":64,"
                  "\"hid\":\"AMDI0020\",\"cid\":\"\",\"uid_format\":1,\"uid\":258}]},"
                  "{\"type\":\"IVMD 0x20\",\"length\":32,\"segment\":0,\"first\":0,\"last\":65535,"
                  "\"flags\":[\"Unity\",\"IR\",\"IW\"],\"start\":4096,\"size\":12288},"
                  "{\"type\":81,\"length\":8}],"
                  "\"oem_id\":\"MAKER\",\"oem_table_id\":\"BOARD\",\"oem_revision\":7,\"errors\":[],\"notes\":[]}]}");
        expect_text(&d, "  1 IOMMU; Linux reads the blocks of type 0x40\n"
                        "    0000:00:00.2, described by 0x10 at 0x030, 0x40 at 0x050\n");
        expect_text(&d, "                   00:01.0 to ff:1f.6\n");
        expect_text(&d, "                   01:00.0, seen as 00:14.5\n");
        expect_text(&d, "I/O APIC 32, seen as 00:14.0\n");
        expect_text(&d, "ACPI device AMDI0020 number 258, seen as 00:14.5; passes LINT0\n");
        expect_text(&d, "reserved memory, segment 0000, 0x1000-0x3fff (12 KiB)\n"
                        "                   flags: unity map, readable, writable\n"
                        "                   all devices\n");
        expect_text(&d, "block 0x51 of unknown type, 8 bytes\n");
}

/* What a broken table shows is what could be read of it, and where it breaks. */
static void damaged_forms(void **state)
{
        _cleanup_(decoded_done) Decoded d = {}, none = {};
        TableBuilder t;

        (void) state;
        dmar_header(&t, 39, 0);
        (void) drhd(&t, 1, 0, 0xfed90000);
        (void) drhd(&t, 1, 0, 0xfed91000);
        finish(&t);
        t.n -= 4;
        d = decode(&t);
        same_json(d.json, ORIGIN
                  "\"tables\":[{\"signature\":\"DMAR\",\"revision\":1,\"length\":80,\"checksum_ok\":false,"
                  "\"host_address_width\":39,\"flags\":[],\"structures\":["
                  "{\"type\":\"DRHD\",\"length\":16,\"segment\":0,\"base\":4275634176,\"include_all\":true,\"size\":0,"
                  "\"scopes\":[]},"
                  "{\"type\":\"DRHD\",\"length\":16,\"damaged\":true,\"segment\":0,\"base\":0,\"include_all\":true,"
                  "\"size\":0,\"scopes\":[]}],\"oem_id\":\"MAKER\",\"oem_table_id\":\"BOARD\",\"oem_revision\":7,"
                  "\"errors\":[{\"offset\":76,\"message\":\"the table says that it has 80 bytes and ends after 76\"}],"
                  "\"notes\":[]}]}");
        expect_text(&d, "checksum WRONG");
        expect_text(&d, "no INTR_REMAP");
        expect_text(&d, "damaged: what is shown is what could be read\n");
        expect_text(&d, "  error at 0x04c: the table says that it has 80 bytes and ends after 76\n");

        dmar_header(&t, 39, 1);
        (void) drhd(&t, 1, 0, 0xfed90000);
        finish(&t);
        t.bytes[9]++;
        none = decode(&t);
        expect_text(&none, "wrong: the checksum");
}

static void no_tables(void **state)
{
        _cleanup_free_ char *json = NULL, *text = NULL;

        (void) state;
        assert_int_equal(firmware_json(&ORIGIN_UNKNOWN, NULL, 0, &json), 0);
        same_json(json, ORIGIN "\"tables\":[]}");
        assert_int_equal(firmware_text(NULL, 0, &text), 0);
        assert_string_equal(text, "");
}

static void dmar_notes(void **state)
{
        _cleanup_(decoded_done) Decoded all = {}, empty = {}, units = {}, regions = {}, names = {};
        TableBuilder t;
        size_t at, b, c;

        (void) state;
        dmar_header(&t, 11, DMAR_X2APIC_OPT_OUT);
        finish(&t);
        empty = decode(&t);
        EXPECT_NOTES(empty, { 36, true, "a DMA address of 11 bits cannot be" },
                     { 37, false, "X2APIC_OPT_OUT has no meaning without INTR_REMAP" },
                     { 48, true, "describes no hardware unit" });

        /* the order of a sound table, in two segments: each has its own unit for all others, which is its last */
        dmar_header(&t, 39, 1);
        at = drhd(&t, 0, 0, 0xfed90000);
        (void) scope(&t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
        (void) drhd(&t, 1, 0, 0xfed91000);
        at = drhd(&t, 0, 1, 0xfed90000);
        (void) scope(&t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
        (void) drhd(&t, 1, 1, 0xfed91000);
        finish(&t);
        all = decode(&t);
        assert_int_equal(all.notes.n, 0);

        dmar_header(&t, 39, 1);
        at = drhd(&t, 1, 0, 0);
        b = drhd(&t, 0, 0, 0xfed91000); /* behind it, for no device */
        c = drhd(&t, 1, 0, 0xfed91000); /* the same registers again */
        (void) drhd(&t, 1, 0, 0xfed92800);
        finish(&t);
        units = decode(&t);
        EXPECT_NOTES(units, { at, true, "at address 0: Linux then leaves the IOMMU off" },
                     { b, false, "a hardware unit is for no device" },
                     { b, false, "behind the one for all other functions of segment 0000" },
                     { c, true,
                       "a second hardware unit of segment 0000 is for all other functions, as the one at offset 0x30" },
                     { c, true, "has the registers of the one at offset 0x40" },
                     { c + 16, true, "0xfed92800 are not aligned to their 4096 bytes" },
                     { c + 16, true, "as the one at offset 0x30" });

        dmar_header(&t, 39, 1);
        at = drhd(&t, 0, 0, 0xfed90000);
        (void) scope(&t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
        (void) scope(&t, at, DMAR_SCOPE_IOAPIC, 0, 0, 3, 0); /* two units may have the same source id */
        b = drhd(&t, 1, 0, 0xfed91000);
        (void) scope(&t, b, DMAR_SCOPE_IOAPIC, 0, 0, 3, 0);
        b = scope(&t, b, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
        at = rmrr(&t, 0, 0, 0); /* as in the table of an HP Compaq 6730b */
        (void) scope(&t, at, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
        c = rmrr(&t, 0, 0x2000, 0x1fff);
        (void) scope(&t, c, DMAR_SCOPE_ENDPOINT, 0, 0, 2, 0);
        (void) rmrr(&t, 0, 0x10000, 0x1ffff);
        (void) rmrr(&t, 0, 0x1f000, 0x20fff);
        (void) rmrr(&t, 1, 0x1f000, 0x20fff); /* of another segment */
        (void) rmrr(&t, 0, 0x10000, 0x1ffff); /* the same again */
        finish(&t);
        regions = decode(&t);
        EXPECT_NOTES(regions, { at, true, "the reserved region 0x0-0x0 is no whole number of pages" },
                     { c, true, "0x2000-0x1fff ends before it starts" }, { c + 32, false, "is for no device" },
                     { c + 56, false, "is for no device" },
                     { c + 56, false, "0x1f000-0x20fff overlaps the one at offset 0x" },
                     { c + 80, false, "is for no device" }, { c + 104, false, "is for no device" },
                     { c + 104, false, "0x10000-0x1ffff overlaps" },
                     { b, true, "at offset 0x50 is for a device that the one at offset 0x30 is for as well" });

        dmar_header(&t, 39, 1);
        at = drhd(&t, 1, 0, 0xfed91000);
        b = scope(&t, at, DMAR_SCOPE_NAMESPACE, 1, 0, 0x15, 0);
        c = open_structure(&t, DMAR_ANDD);
        put(&t, 0, 3);
        put(&t, 2, 1);
        put_text(&t, "\\_SB", 5);
        close_structure(&t, c);
        at = open_structure(&t, DMAR_RHSA);
        put(&t, 0, 4);
        put(&t, 0xfed90000, 8);
        put(&t, 1, 4);
        close_structure(&t, at);
        finish(&t);
        names = decode(&t);
        EXPECT_NOTES(names,
                     { at, true, "a NUMA node is told for a hardware unit at 0xfed90000 that the table does not have" },
                     { b, false, "the namespace device number 1, which the table does not declare" },
                     { c, false, "the device \\_SB (number 2) is under no hardware unit" });
}

static void ivrs_notes(void **state)
{
        _cleanup_(decoded_done) Decoded empty = {}, units = {}, regions = {};
        TableBuilder t;
        size_t at, b, c;

        (void) state;
        ivrs_header(&t, 0);
        finish(&t);
        empty = decode(&t);
        EXPECT_NOTES(empty, { 48, true, "describes no IOMMU" });

        ivrs_header(&t, 0);
        at = ivhd(&t, IVRS_IVHD_10, 0, 2, 0xfeb80000);
        (void) entry4(&t, at, IVHD_ALL, 0, 0);
        b = ivhd(&t, IVRS_IVHD_11, 0, 2, 0xfeb90000);
        c = ivhd(&t, IVRS_IVHD_10, 0, 3, 0);
        (void) entry4(&t, c, IVHD_ALL, 0, 0);
        finish(&t);
        units = decode(&t);
        EXPECT_NOTES(units, { c, true, "no block of the type 0x11, which is the one that Linux reads here" },
                     { at, true, "registers at 0xfeb80000 here and at 0xfeb90000 at offset 0x4c" },
                     { b, false, "an IOMMU is for no device" }, { c, true, "at address 0" });

        ivrs_header(&t, 0);
        at = ivhd(&t, IVRS_IVHD_10, 0, 2, 0xfeb80000);
        (void) entry4(&t, at, IVHD_ALL, 0, 0);
        at = ivmd(&t, IVRS_IVMD_RANGE, IVMD_UNITY, 0x0100, 0x01ff, 0x10000, 0x4000);
        (void) ivmd(&t, IVRS_IVMD_SELECT, IVMD_UNITY, 0x0200, 0, 0x11000, 0x1000);     /* of another device */
        (void) ivmd(&t, IVRS_IVMD_RANGE, IVMD_UNITY, 0x0100, 0x01ff, 0x10000, 0x4000); /* the same again */
        (void) ivmd(&t, IVRS_IVMD_SELECT, IVMD_UNITY, 0x0180, 0, 0x13000, 0x2000);
        (void) ivmd(&t, IVRS_IVMD_SELECT, IVMD_UNITY, 0x0180, 0, 0xf000, 0x2000);
        (void) ivmd(&t, IVRS_IVMD_SELECT, 0, 0x0300, 0, 0x1000, 0);
        (void) ivmd(&t, IVRS_IVMD_SELECT, IVMD_EXCLUSION, 0x0300, 0, 0x96175000, 1);
        (void) ivmd(&t, IVRS_IVMD_SELECT, IVMD_EXCLUSION, 0x0300, 0, UINT64_C(0xfffffffffffff000), 0x2000);
        finish(&t);
        regions = decode(&t);
        EXPECT_NOTES(regions, { at + 96, false, "overlaps the one at offset 0x4c, for the same devices" },
                     { at + 128, false, "overlaps the one at offset 0x4c" }, { at + 160, true, "has no bytes" },
                     { at + 160, false, "neither a unity map nor an exclusion range" },
                     { at + 192, false, "0x96175000 with 0x1 bytes is no whole number of pages" },
                     { at + 224, true, "goes beyond the last address" });
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(dmar_forms), cmocka_unit_test(ivrs_forms), cmocka_unit_test(damaged_forms),
                cmocka_unit_test(no_tables),  cmocka_unit_test(dmar_notes), cmocka_unit_test(ivrs_notes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
