/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "model/kargs.h"

static Kargs parse(const char *s)
{
        Kargs k = {};

        assert_int_equal(kargs_parse(s, &k), 0);
        return k;
}

static void prints(const char *line, const char *expected)
{
        _cleanup_(kargs_done) Kargs k = parse(line), again = {};
        _cleanup_free_ char *text = kargs_print(&k), *twice = NULL;

        assert_string_equal(text, expected);
        again = parse(text);
        twice = kargs_print(&again);
        assert_string_equal(twice, text);
}

static void test_split_and_print(void **state)
{
        (void) state;
        prints("", "");
        prints(" \t\n", "");
        prints("quiet", "quiet");
        prints("  ro\troot=/dev/sda1 \n quiet\n", "ro root=/dev/sda1 quiet");
        prints("root=ZFS=rpool/ROOT/pve-1 boot=zfs", "root=ZFS=rpool/ROOT/pve-1 boot=zfs");
        prints("dyndbg=\"file a.c +p ; file b.c +p\" quiet", "dyndbg=\"file a.c +p ; file b.c +p\" quiet");
        prints("\"a=b c\" d", "\"a=b c\" d");
        prints("open=\"to the end  of it", "open=\"to the end  of it");
}

static void test_word_count(void **state)
{
        _cleanup_(kargs_done) Kargs k = parse("a \"b c\" d=\"e f\"g h");

        (void) state;
        assert_int_equal(k.words.n, 4);
        assert_string_equal(k.words.items[1], "\"b c\"");
        assert_string_equal(k.words.items[2], "d=\"e f\"g");
}

static void test_many_words(void **state)
{
        char line[4096 * 4 + 1] = "";
        _cleanup_(kargs_done) Kargs k = {};
        _cleanup_free_ char *text = NULL;

        (void) state;
        for (size_t i = 0; i < 4096; i++)
                memcpy(line + i * 4, i == 4095 ? "abc\0" : "abc ", 4);
        k = parse(line);
        assert_int_equal(k.words.n, 4096);
        text = kargs_print(&k);
        assert_string_equal(text, line);
}

static void test_has(void **state)
{
        _cleanup_(kargs_done) Kargs k =
                parse("intel_iommu=on,sm_on quiet ptprep.claim=1 rd-break \"iommu=pt\" -- single intel_iommu=on");

        (void) state;
        assert_true(kargs_has(&k, "quiet"));
        assert_true(kargs_has(&k, "ptprep.claim=1"));
        assert_true(kargs_has(&k, "rd_break"));
        assert_true(kargs_has(&k, "rd-break"));
        assert_true(kargs_has(&k, "intel-iommu=on,sm_on"));
        assert_false(kargs_has(&k, "intel_iommu=on,sm-on")); /* only the key is compared so */
        assert_false(kargs_has(&k, "intel_iommu=on"));       /* the one behind "--" is init's */
        assert_false(kargs_has(&k, "single"));
        assert_false(kargs_has(&k, "qui"));
        assert_false(kargs_has(&k, "quietly"));
        assert_false(kargs_has(&k, "ptprep.claim"));
        assert_false(kargs_has(&k, "ptprep.claim=11"));
}

static void test_next(void **state)
{
        _cleanup_(kargs_done) Kargs k =
                parse("console=tty0 consoles=x console=ttyS0,115200n8 console root=UUID=a=b -- console=no");
        size_t from = 0;

        (void) state;
        assert_string_equal(kargs_next(&k, "console", &from), "tty0");
        assert_int_equal(from, 1);
        assert_string_equal(kargs_next(&k, "console", &from), "ttyS0,115200n8");
        assert_string_equal(kargs_next(&k, "console", &from), "");
        assert_null(kargs_next(&k, "console", &from));
        assert_null(kargs_next(&k, "console", &from));
        from = 0;
        assert_string_equal(kargs_next(&k, "root", &from), "UUID=a=b");
        from = 0;
        assert_null(kargs_next(&k, "roo", &from));
}

static void test_without(void **state)
{
        static const struct {
                const char *word, *remove;
                int expected;
                const char *left;
        } rows[] = {
                { "iommu=off", "iommu=off", 1, NULL },
                { "iommu=pt", "iommu=off", 0, "untouched" },
                { "iommu", "iommu=off", 0, "untouched" },
                { "", "iommu=off", 0, "untouched" },
                { "intel_iommu=off", "iommu=off", 0, "untouched" },
                { "intel-iommu=sm_on,off", "intel_iommu=off", 1, "intel-iommu=sm_on" },
                { "iommu=pt,off,nobypass", "iommu=off", 1, "iommu=pt,nobypass" },
                { "iommu=offline,off", "iommu=off", 1, NULL }, /* the kernel compares by prefix */
                { "iommu=,off", "iommu=off", 1, NULL },
                { "\"iommu=off\"", "iommu=off", 1, NULL },
                { "\"iommu=pt,off\"", "iommu=off", 1, "iommu=pt" },
                { "iommu=\"off,pt\"", "iommu=off", 1, "iommu=pt" },
                { "iommu=pt,\"off\"", "iommu=off", 1, "iommu=pt" },
                { "iommu=\"off pt\"", "iommu=off", 1, NULL },
                /* a quote that opens in one member and closes in another: no half of the pair stays behind */
                { "iommu=offa=\",b c\"", "iommu=off", 1, "iommu=\"b c\"" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *left = strdup("untouched");
                char *old = left;
                int r = karg_without(row->word, row->remove, &left);

                if (r == 1)
                        free(old);
                if (r != row->expected || !streq_null(left, row->left))
                        fail_msg("\"%s\" without \"%s\": got %d and %s", row->word, row->remove, r, left ?: "nothing");
                assert_int_equal(karg_without(row->word, row->remove, NULL), row->expected);
        }
}

/* Whatever the words are: printing what was read and reading it again changes nothing. */
static void test_generated(void **state)
{
        static const char alphabet[] = "ab=-_,.\"  \t";
        uint32_t seed = 1;

        (void) state;
        for (unsigned round = 0; round < 20000; round++) {
                char line[33];
                size_t n = round % (sizeof(line) - 1);

                for (size_t i = 0; i < n; i++) {
                        seed = seed * 1664525 + 1013904223;
                        line[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
                }
                line[n] = '\0';
                {
                        _cleanup_(kargs_done) Kargs k = parse(line), again = {};
                        _cleanup_free_ char *text = kargs_print(&k);

                        again = parse(text);
                        assert_int_equal(again.words.n, k.words.n);
                        for (size_t i = 0; i < k.words.n; i++)
                                assert_string_equal(again.words.items[i], k.words.items[i]);
                }
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_split_and_print),
                cmocka_unit_test(test_word_count),
                cmocka_unit_test(test_many_words),
                cmocka_unit_test(test_has),
                cmocka_unit_test(test_next),
                cmocka_unit_test(test_without),
                cmocka_unit_test(test_generated),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
