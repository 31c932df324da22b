/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addons for unified kernel images, as firmware and systemd-stub look at them. */
#include "grub/format/uki-addon.h"

#include "grub/format/uki.h"
#include "test.h"
#include "tree.h"

#define IMAGE_BYTES 5000U

static uint32_t get(const char *p, size_t n)
{
        uint32_t value = 0;

        for (size_t i = n; i-- > 0;)
                value = value << 8 | (unsigned char) p[i];
        return value;
}

/* What EDK II demands of a file that it loads (BasePeCoff.c), and what systemd reads of it in memory (src/boot/pe.c).
 */
static void assert_loadable(const char *file, size_t size)
{
        const char *coff = file + get(file + 60, 4), *optional = coff + 24, *table;
        const uint32_t n = get(coff + 6, 2), headers = get(optional + 60, 4), image = get(optional + 56, 4);
        uint32_t address = 0x1000, at = headers, entry = get(optional + 16, 4);

        assert_memory_equal(file, "MZ", 2);
        assert_memory_equal(coff, "PE\0\0", 4);
        assert_int_equal(get(coff + 4, 2), 0x8664);
        assert_int_equal(get(coff + 22, 2) & 1, 0); /* not bound to one address */
        assert_int_equal(get(optional, 2), 0x20b);
        assert_int_equal(get(optional + 68, 2), 10);
        /* directories fill the rest of the optional header, and none of them says anything */
        assert_int_equal(get(coff + 20, 2), 112 + 8 * get(optional + 108, 4));
        for (uint32_t i = 0; i < get(optional + 108, 4); i++)
                assert_int_equal(get(optional + 112 + 8 * i + 4, 4), 0);
        table = optional + get(coff + 20, 2);
        assert_true(table + (size_t) n * 40 <= file + headers && headers < image);
        for (uint32_t i = 0; i < n; i++) {
                const char *s = table + (size_t) i * 40;
                const uint32_t in_memory = get(s + 8, 4), in_file = get(s + 16, 4);

                /* one behind the other, each at a page, no more in memory than the file has */
                assert_int_equal(get(s + 12, 4), address);
                assert_int_equal(get(s + 20, 4), at);
                assert_true(in_memory > 0 && in_memory <= in_file && in_file % 0x200 == 0);
                assert_int_equal(get(s + 36, 4),
                                 entry >= address && entry < address + in_memory ? 0x60000020 : 0x40000040);
                address += (in_memory + 0xfff) / 0x1000 * 0x1000;
                at += in_file;
        }
        assert_int_equal(address, image);
        assert_int_equal(at, size);
        assert_int_equal(get(optional + 8, 4), size - headers - get(optional + 4, 4));
}

static void it_is_read_back(void **state)
{
        const Tree *t = *state;
        static const char *const lines[] = { "", "ptprep.claim=1", "ptprep.claim=1 intel_iommu=on" };
        static const size_t sizes[] = { 1, 511, 512, 513, 4096, IMAGE_BYTES };
        static char image[IMAGE_BYTES];

        memset(image, 'x', sizeof(image));
        FOREACH_ARRAY(line, lines, ELEMENTSOF(lines))
                FOREACH_ARRAY(n, sizes, ELEMENTSOF(sizes)) {
                        _cleanup_free_ char *file = NULL, *again = NULL;
                        _cleanup_(uki_done) Uki u = {};
                        size_t size, size_again;

                        assert_int_equal(uki_addon_build(*line, image, *n, &file, &size), 0);
                        assert_loadable(file, size);
                        tree_data(t, "/a.addon.efi", file, size);
                        assert_int_equal(uki_read_path(t->rfd, "/a.addon.efi", &u), 0);
                        assert_true(u.x64 && !u.kernel && !u.has_signature);
                        assert_int_equal(u.n_profiles, 1);
                        assert_string_equal(u.profiles[0].cmdline ?: "", *line);
                        assert_int_equal(u.profiles[0].initrd.size, *n);
                        assert_memory_equal(file + u.profiles[0].initrd.offset, image, *n);
                        assert_int_equal(uki_addon_build(*line, image, *n, &again, &size_again), 0);
                        assert_int_equal(size_again, size);
                        assert_memory_equal(again, file, size);
                }
}

static void it_has_a_limit(void **state)
{
        char *file = NULL;
        size_t size;

        (void) state;
        assert_int_equal(uki_addon_build("", "x", SIZE_MAX, &file, &size), -EFBIG);
        assert_int_equal(uki_addon_build("", "x", 256U * 1024 * 1024 + 1, &file, &size), -EFBIG);
        assert_null(file);
}

int main(void)
{
        const struct CMUnitTest tests[] = { TREE_TEST(it_is_read_back), cmocka_unit_test(it_has_a_limit) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
