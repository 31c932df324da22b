/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

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

static int reduce(const void *text, size_t size, PciId *ids, size_t n, char **ret)
{
        _cleanup_close_ int fd = memfd_create("list", MFD_CLOEXEC);
        _cleanup_fclose_ FILE *to = NULL;
        size_t reduced;

        assert_int_equal(pwrite(fd, text, size, 0), size);
        to = open_memstream(ret, &reduced);
        assert_non_null(to);
        return pci_names_reduce(fd, ids, n, to);
}

static void expect_reduced(const char *text, PciId *ids, size_t n, const char *wanted)
{
        _cleanup_free_ char *reduced = NULL;

        assert_int_equal(reduce(text, strlen(text), ids, n, &reduced), 0);
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

/* No line is lost, and none is taken for another, where one block ends and the next one begins. */
static void longer_than_a_block(void **state)
{
        PciId ids[] = { { 0xfffe, 0x0001 } };
        (void) state;
        for (size_t shift = 0; shift < 40; shift++) {
                char *text, *reduced;
                size_t size;
                FILE *f = open_memstream(&text, &size);

                assert_true(fprintf(f, "#%*s\n", (int) shift, "") > 0);
                for (unsigned vendor = 1; vendor < 0xffff; vendor += 7)
                        assert_true(fprintf(f, "%04x  v\n\t0001  x%u\n", vendor, vendor) > 0);
                assert_true(fprintf(f, "fffe  kept\n\t0001  kept\n\t0002  not\nffff  last") > 0);
                assert_int_equal(fclose(f), 0);
                assert_true(size > 200000);
                assert_int_equal(reduce(text, size, ids, ELEMENTSOF(ids), &reduced), 0);
                assert_string_equal(reduced, "fffe  kept\n\t0001  kept\n");
                free(text);
                free(reduced);
        }
}

/* What is packed, or one line without an end, is not a list in plain text. */
static void not_a_list(void **state)
{
        static const char packed[] = "\x1f\x8b\0\0";
        static char line[100000];
        _cleanup_free_ char *reduced = NULL, *of_line = NULL;

        (void) state;
        assert_int_equal(reduce(packed, sizeof(packed), NULL, 0, &reduced), -EBADMSG);
        memset(line, 'x', sizeof(line));
        assert_int_equal(reduce(line, sizeof(line), NULL, 0, &of_line), -EBADMSG);
}

/* Who reads the whole list instead must not be told that memory is short. */
static void nowhere_to_write(void **state)
{
        _cleanup_close_ int fd = memfd_create("list", MFD_CLOEXEC);
        _cleanup_fclose_ FILE *full = fopen("/dev/full", "we");

        (void) state;
        if (!full)
                skip();
        assert_int_equal(setvbuf(full, NULL, _IONBF, 0), 0);
        assert_int_equal(pwrite(fd, list, sizeof(list) - 1, 0), sizeof(list) - 1);
        assert_int_equal(pci_names_reduce(fd, NULL, 0, full), -ENOSPC);
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
                cmocka_unit_test(longer_than_a_block),
                cmocka_unit_test(not_a_list),
                cmocka_unit_test(nowhere_to_write),
                cmocka_unit_test(names_as_of_the_whole_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
