/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "base/parse.h"
#include "model/pciaddr.h"

static void addresses_are_parsed(void **state)
{
        static const struct {
                const char *text, *printed; /* NULL: refused */
        } cases[] = {
                { "0000:01:00.0", "0000:01:00.0" },
                { "01:00.0", "0000:01:00.0" },
                { "0000:FF:1F.7", "0000:ff:1f.7" },
                { "10001:80:07.0", "10001:80:07.0" }, /* VMD */
                { "ffffffff:ff:1f.7", "ffffffff:ff:1f.7" },
                { "", NULL },
                { "82.0.0", NULL },
                { "0000:01:00", NULL },
                { "000:01:00.0", NULL },
                { "100000000:01:00.0", NULL },
                { "0000:01:20.0", NULL },
                { "0000:01:00.8", NULL },
                { "0000:01:00.0 ", NULL },
                { " 0000:01:00.0", NULL },
                { "0000:1:00.0", NULL },
                { "0x00:01:00.0", NULL },
                { "0000:01:00.10", NULL },
                { "0000:01:-1.0", NULL },
                { "a:b:c:d", NULL },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                PciAddr a = { 1, 2, 3, 4 };
                int r = pci_addr_parse(c->text, &a);

                if (c->printed) {
                        assert_int_equal(r, 0);
                        assert_string_equal(PCI_ADDR_TEXT(a), c->printed);
                } else {
                        assert_true(r < 0);
                        assert_string_equal(PCI_ADDR_TEXT(a), "0001:02:03.4"); /* untouched */
                }
        }
}

static void addresses_have_an_order(void **state)
{
        static const char *const sorted[] = { "0000:00:00.0", "0000:00:00.1", "0000:00:01.0",
                                              "0000:01:00.0", "0001:00:00.0", "10000:00:00.0" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(sorted); i++)
                for (size_t k = 0; k < ELEMENTSOF(sorted); k++) {
                        PciAddr a, b;
                        int c;

                        assert_int_equal(pci_addr_parse(sorted[i], &a), 0);
                        assert_int_equal(pci_addr_parse(sorted[k], &b), 0);
                        c = pci_addr_compare(a, b);
                        assert_true(i < k ? c < 0 : i > k ? c > 0 : c == 0);
                }
}

static void ids_are_parsed(void **state)
{
        static const char *const bad[] = { "",           "8086",       "8086:",       "8086:10d",
                                           "8086:10d34", "8086:10d3:", "0x8086:10d3", "808g:10d3" };
        PciId id;

        (void) state;
        assert_int_equal(pci_id_parse("8086:10D3", &id), 0);
        assert_int_equal(id.vendor, 0x8086);
        assert_int_equal(id.device, 0x10d3);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(pci_id_parse(bad[i], &id), -EINVAL);
}

static void paths_come_from_sysfs(void **state)
{
        static const struct {
                const char *target, *path; /* NULL: none */
        } cases[] = {
                { "../../../devices/pci0000:00/0000:00:1c.4/0000:04:00.0", "pci0000:00/1c.4/00.0" },
                { "../../../devices/pci0000:00/0000:00:04.0", "pci0000:00/04.0" },
                { "../../../devices/pci0000:6f/0000:6f:00.5/pci10001:80/10001:80:07.0",
                  "pci0000:6f/00.5/pci10001:80/07.0" },
                { "../../../devices/platform/40000000.pcie/pci0000:00/0000:00:01.0", "pci0000:00/01.0" },
                { "../../../devices/platform/thing", NULL },
                { "../../../devices/pci0000:00", NULL },
                { "../../../devices/pci0000:00/usb1", NULL },
                { "", NULL },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_free_ char *path = NULL;
                int r = pci_path_from_sysfs(c->target, &path);

                if (c->path) {
                        assert_int_equal(r, 0);
                        assert_string_equal(path, c->path);
                        assert_true(pci_path_valid(path));
                } else
                        assert_int_equal(r, -EINVAL);
        }
        assert_false(pci_path_valid("pci0000:00/20.0"));
        assert_false(pci_path_valid("pci0000:00/1c.8"));
        assert_false(pci_path_valid("pci0000:00/1c.4/"));
        assert_false(pci_path_valid("pci0000:00/0000:00:1c.4"));
        assert_false(pci_path_valid("pci0000:6f/00.5/pci10001:80"));
}

static void numbers(void **state)
{
        static const struct {
                const char *text;
                unsigned base;
                int r;
                uint64_t value;
        } cases[] = {
                { "0", 10, 0, 0 },
                { "18446744073709551615", 10, 0, UINT64_MAX },
                { "18446744073709551616", 10, -ERANGE, 0 },
                { "99999999999999999999999", 10, -ERANGE, 0 },
                { "ffffFFFFffffFFFF", 16, 0, UINT64_MAX },
                { "10000000000000000", 16, -ERANGE, 0 },
                { "0x1F", 0, 0, 0x1f },
                { "010", 0, 0, 10 },
                { "0x1f", 16, -EINVAL, 0 },
                { "0x0x1", 0, -EINVAL, 0 },
                { "0x", 0, -EINVAL, 0 },
                { "", 10, -EINVAL, 0 },
                { " 1", 10, -EINVAL, 0 },
                { "+1", 10, -EINVAL, 0 },
                { "-1", 10, -EINVAL, 0 },
                { "1a", 10, -EINVAL, 0 },
                { "1g", 16, -EINVAL, 0 },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                uint64_t value = 77;

                assert_int_equal(parse_u64(c->text, c->base, &value), c->r);
                assert_int_equal(value, c->r < 0 ? 77 : c->value);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers),
                cmocka_unit_test(addresses_are_parsed),
                cmocka_unit_test(addresses_have_an_order),
                cmocka_unit_test(ids_are_parsed),
                cmocka_unit_test(paths_come_from_sysfs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
