/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gathered.h"
#include "iommu/rows.h"
#include "iommu/table.h"
#include "model/dmar.h"

static void test_nothing(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:04:00.0", STUB_VFIO_PCI);
        _cleanup_(facts_done) Facts f = gather(t, &c);

        assert_int_equal(f.pci, TRISTATE_UNKNOWN);
        assert_int_equal(f.acpi, TRISTATE_UNKNOWN);
        assert_int_equal(iommu_table_present(&f), TRISTATE_UNKNOWN);
        assert_int_equal(f.iommu_active, TRISTATE_UNKNOWN);
        assert_int_equal(f.container, TRISTATE_UNKNOWN);
        assert_true(f.host.looked[HOST_USE_STORAGE] && f.host.n_unknown > 0);
        assert_null(f.cpu_vendor);
        assert_false(f.cmdline_known);
        assert_null(f.release);
        assert_null(f.lockdown);
        assert_null(f.claims);
        assert_int_equal(f.builders[BUILDER_DRACUT].installed, TRISTATE_NO);
        assert_false(f.helper_present);
        assert_int_equal(f.n_kernels, 0);
        assert_false(f.live);
}

/* Of a tree that does not run there is a name, and no boot. */
static void test_origin(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};
        _cleanup_(facts_done) Facts image = {}, kernel = {}, host = {};
        char buf[ORIGIN_TIME_MAX];

        config_init(&c);
        tree_file(t, "/etc/hostname", "image\n");
        tree_file(t, NAME_PROC_BOOT_ID, "0e3ab51c-5d1e-4b0a-9d0b-0a4d6b3b8f11\n");
        assert_int_equal(facts_gather(t->rfd, 0, &c, &image), 0);
        assert_string_equal(image.origin.host, "image");
        assert_null(image.origin.boot_id);
        assert_true(image.origin.time > 1700000000);
        assert_int_equal(image.origin.reboot_required, TRISTATE_UNKNOWN);
        tree_file(t, NAME_PROC_HOSTNAME, "host\n");
        assert_int_equal(facts_gather(t->rfd, FACTS_LIVE, &c, &kernel), 0);
        assert_string_equal(kernel.origin.host, "host");
        assert_string_equal(kernel.origin.boot_id, "0e3ab51c-5d1e-4b0a-9d0b-0a4d6b3b8f11");
        assert_int_equal(kernel.origin.reboot_required, TRISTATE_NO);
        tree_file(t, NAME_RUN_DIR "/" NAME_REBOOT_REQUIRED, "device.driver: ...\n");
        assert_int_equal(facts_gather(t->rfd, FACTS_LIVE, &c, &host), 0);
        assert_int_equal(host.origin.reboot_required, TRISTATE_YES);
        assert_string_equal(origin_time_format(1700000000, buf), "2023-11-14T22:13:20Z");
}

static void table(const Tree *t, const char *signature, uint32_t length, size_t size, int checksum_error)
{
        unsigned char data[64] = {}, sum = 0;
        char path[64];

        memcpy(data, signature, 4);
        data[4] = (unsigned char) length;
        for (size_t i = 0; i < sizeof(data); i++)
                sum = (unsigned char) (sum + data[i]);
        data[9] = (unsigned char) (checksum_error - sum);
        (void) snprintf(path, sizeof(path), NAME_SYS_ACPI_TABLES "/%s", signature);
        tree_data(t, path, data, size);
}

static void test_tables(void **state)
{
        static const struct {
                uint32_t length;
                size_t size;
                int checksum_error;
                Tristate ok, sound;
                uint32_t error; /* offset */
        } cases[] = {
                { 48, 48, 0, TRISTATE_YES, TRISTATE_YES, 0 }, { 48, 48, 1, TRISTATE_NO, TRISTATE_YES, 0 },
                { 64, 48, 0, TRISTATE_NO, TRISTATE_NO, 48 }, /* longer than the file */
                { 35, 48, 0, TRISTATE_NO, TRISTATE_NO, 4 },  /* shorter than its header */
                { 20, 20, 0, TRISTATE_NO, TRISTATE_NO, 20 },  { 0, 0, 0, TRISTATE_NO, TRISTATE_NO, 0 },
        };
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        FOREACH_ARRAY(i, cases, ELEMENTSOF(cases)) {
                _cleanup_(facts_done) Facts f = {};
                const AcpiTable *dmar;
                const Dmar *content;

                table(t, "DMAR", i->length, i->size, i->checksum_error);
                f = gather(t, &c);
                assert_int_equal(f.acpi, TRISTATE_YES);
                dmar = iommu_table(&f);
                assert_non_null(dmar);
                assert_ptr_equal(dmar->vendor, &iommu_intel);
                assert_int_equal(dmar->readable, TRISTATE_YES);
                assert_int_equal(dmar->size, i->size);
                assert_int_equal(dmar->checksum_ok, i->ok);
                assert_int_equal(dmar->sound, i->sound);
                assert_int_equal(dmar->error.offset, i->error);
                content = iommu_table_content(&f);
                assert_non_null(content);
                if (i->size >= 36) {
                        assert_int_equal(dmar->length, i->length);
                        assert_int_equal(content->header.length, i->length);
                }
                FOREACH_ARRAY(other, f.tables, f.n_tables)
                        assert_int_equal(other->present, other == dmar ? TRISTATE_YES : TRISTATE_NO);
                assert_ptr_equal(iommu_vendor_described(&f), &iommu_intel);
        }
}

static void test_iommu(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        tree_directory(t, NAME_SYS_IOMMU_CLASS);
        tree_directory(t, NAME_SYS_IOMMU_GROUPS);
        tree_file(t, NAME_PROC_CPUINFO, "processor\t: 0\nvendor_id\t: HygonGenuine\ncpu family\t: 24\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.iommu_active, TRISTATE_NO);
                assert_ptr_equal(f.cpu_vendor, &iommu_amd);
        }
        tree_directory(t, NAME_SYS_IOMMU_GROUPS "/0");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.iommu_active, TRISTATE_NO); /* a group without a unit, as VFIO without IOMMU makes */
        }
        tree_directory(t, NAME_SYS_IOMMU_GROUPS "/1");
        tree_link(t, NAME_SYS_IOMMU_CLASS "/dmar1", "../../devices/virtual/iommu/dmar1");
        tree_link(t, NAME_SYS_IOMMU_CLASS "/dmar0", "../../devices/virtual/iommu/dmar0");
        tree_file(t, NAME_PROC_CPUINFO, "processor\t: 0\nvendor_id\t: GenuineIntel\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.iommu_active, TRISTATE_YES);
                assert_int_equal(f.n_groups, 2);
                assert_int_equal(f.iommu_units.n, 2);
                assert_string_equal(f.iommu_units.items[0], "dmar0");
                assert_ptr_equal(f.cpu_vendor, &iommu_intel);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_nothing),
                TREE_TEST(test_origin),
                TREE_TEST(test_tables),
                TREE_TEST(test_iommu),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
