/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <fcntl.h>

#include "probe/pci-access.h"
#include "probe/pci-names.h"

static const char list[] = "#\n"
                           "#\tList of PCI ID's\n"
                           "\n"
                           "0001  SafeNet (wrong ID)\n"
                           "8086  Intel Corporation\n"
                           "\t10d3  82574L Gigabit Network Connection\n"
                           "\t\t103c 1785  NC112i 1-port Ethernet Server Adapter\n"
                           "# a remark between two devices\n"
                           "\t10d4  Matrox Concord GE (customized Intel 82574)\n"
                           "\n"
                           "\t1521  I350 Gigabit Network Connection\n"
                           "\t\t8086 10d3  a card with the id of another\n"
                           "8088  Beijing Wangxun Technology Co., Ltd.\n"
                           "\t10d3  not Intel's\n"
                           "ffff  Illegal Vendor ID\n"
                           "# classes\n"
                           "C 02  Network controller\n"
                           "\t00  Ethernet controller\n"
                           "\t80  Network controller\n"
                           "C 06  Bridge\n"
                           "\t04  PCI bridge\n"
                           "\t\t00  Normal decode";

static void expect_reduced(const char *text, PciId *ids, size_t n, const char *wanted)
{
        _cleanup_free_ char *reduced = NULL;

        assert_int_equal(pci_names_reduce(text, ids, n, &reduced), 0);
        assert_string_equal(reduced, wanted);
}

#define CLASSES                                                                                                        \
        "C 02  Network controller\n\t00  Ethernet controller\n\t80  Network controller\n"                              \
        "C 06  Bridge\n\t04  PCI bridge\n\t\t00  Normal decode"

static void only_what_is_asked_for(void **state)
{
        PciId ids[] = { { 0xffff, 0x0001 }, { 0x8086, 0x1521 }, { 0x8086, 0x10d3 }, { 0x8086, 0x1521 } };

        (void) state;
        expect_reduced(list, ids, ELEMENTSOF(ids),
                       "8086  Intel Corporation\n"
                       "\t10d3  82574L Gigabit Network Connection\n"
                       "\t1521  I350 Gigabit Network Connection\n"
                       "ffff  Illegal Vendor ID\n" CLASSES);
}

static void a_vendor_without_its_device(void **state)
{
        PciId ids[] = { { 0x8088, 0x0001 } };

        (void) state;
        expect_reduced(list, ids, ELEMENTSOF(ids), "8088  Beijing Wangxun Technology Co., Ltd.\n" CLASSES);
        expect_reduced(list, NULL, 0, CLASSES);
        expect_reduced("", ids, ELEMENTSOF(ids), "");
}

/* What cannot be told apart is left to the one who reads the list. */
static void lines_of_another_kind(void **state)
{
        PciId ids[] = { { 0x8086, 0x10d3 } };

        (void) state;
        expect_reduced("80860  five digits\n\t10d3  x\n8086\n\t10d3  y\nS 01  kind\n", ids, ELEMENTSOF(ids),
                       "80860  five digits\n\t10d3  x\n8086\n\t10d3  y\nS 01  kind\n");
}

/* Whatever list this system has, or none: the part of it gives the same names. */
static void names_as_of_the_whole_list(void **state)
{
        static const PciId ids[] = {
                { 0x8086, 0x10d3 }, { 0x8086, 0xffff }, { 0x10de, 0x1b80 }, { 0x1af4, 0x1000 }, { 0x0001, 0x0001 },
        };
        static const uint32_t classes[] = { 0x030000, 0x060400, 0x020000, 0xff0000, 0x7f0000 };
        _cleanup_close_ int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(pci_access_freep) struct pci_access *whole = NULL, *part = NULL;
        PciId sorted[ELEMENTSOF(ids)];

        (void) state;
        assert_int_equal(pci_access_new(fd, &whole), 0);
        assert_int_equal(pci_access_new(fd, &part), 0);
        memcpy(sorted, ids, sizeof(ids));
        assert_int_equal(pci_access_reduce_names(part, sorted, ELEMENTSOF(sorted)), 0);
        FOREACH_ARRAY(id, ids, ELEMENTSOF(ids)) {
                _cleanup_free_ char *a = NULL, *b = NULL;

                assert_int_equal(pci_access_name(whole, *id, &a), 0);
                assert_int_equal(pci_access_name(part, *id, &b), 0);
                assert_true(streq_null(a, b));
        }
        FOREACH_ARRAY(class, classes, ELEMENTSOF(classes)) {
                _cleanup_free_ char *a = NULL, *b = NULL;

                assert_int_equal(pci_access_class_name(whole, *class, &a), 0);
                assert_int_equal(pci_access_class_name(part, *class, &b), 0);
                assert_true(streq_null(a, b));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_what_is_asked_for),
                cmocka_unit_test(a_vendor_without_its_device),
                cmocka_unit_test(lines_of_another_kind),
                cmocka_unit_test(names_as_of_the_whole_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
