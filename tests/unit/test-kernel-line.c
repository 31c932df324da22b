/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/entry-length.h"
#include "model/kernelline.h"
#include "test.h"

/* The command line that a kernel is built with, as its configuration has it. */

static void what_is_built_in(void **state)
{
        static const struct {
                const char *config, *expected; /* NULL: nothing is */
                bool alone;
                unsigned line;
                bool behind, ends;
        } rows[] = {
                { "", NULL, false, 0 },
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"a b=1\"\n", "a b=1", false, 2 },
                { "# x86\nCONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"a\"\nCONFIG_CMDLINE_OVERRIDE=y", "a", true, 3 },
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"a\"\n# CONFIG_CMDLINE_OVERRIDE is not set\n", "a", false,
                  2 },
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"\"\n", NULL, false, 0 },
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"a -- b\"\n", "a -- b", false, 2, .ends = true },
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"a=\\\"x -- y\\\" b\"\n", "a=\"x -- y\" b", false, 2 },
                /* a device tree: behind, and in its place */
                { "CONFIG_CMDLINE=\"a -- b\"\nCONFIG_CMDLINE_EXTEND=y\n", "a -- b", false, 1, .behind = true },
                { "CONFIG_CMDLINE=\"\"\nCONFIG_CMDLINE_EXTEND=y\n", NULL, false, 0 },
                /* powerpc before 5.10, RISC-V, LoongArch: for a boot loader that says nothing */
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"a\"\nCONFIG_CMDLINE_FROM_BOOTLOADER=y\n", NULL, false, 0 },
                { "CONFIG_CMDLINE=\"a\"\nCONFIG_CMDLINE_FALLBACK=y\n", NULL, false, 0 },
                { "CONFIG_CMDLINE=\"a\"\nCONFIG_CMDLINE_BOOTLOADER=y\n", NULL, false, 0 },
                /* arm64: what is built in counts where the firmware says nothing */
                { "CONFIG_CMDLINE=\"a\"\nCONFIG_CMDLINE_FROM_BOOTLOADER=y\n", NULL, false, 0 },
                { "CONFIG_CMDLINE=\"a\"\nCONFIG_CMDLINE_FORCE=y\n", "a", true, 1 },
                { "# CONFIG_CMDLINE_BOOL is not set\nCONFIG_CMDLINE_PARTITION=y\n", NULL, false, 0 },
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"d=\\\"x y\\\" e\\\\f\"\n", "d=\"x y\" e\\f", false, 2 },
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"cut", "cut", false, 2 },
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"cut\\", "cut\\", false, 2 },
                { "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=bare\n", NULL, false, 0 },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(kernel_line_done) KernelLine l = {};
                _cleanup_free_ char *text = NULL;

                assert_int_equal(kernel_line_parse(row->config, "/boot/config-1", &l), 0);
                if (!row->expected) {
                        assert_null(l.file);
                        continue;
                }
                text = kargs_print(&l.words);
                assert_string_equal(text, row->expected);
                assert_int_equal(l.alone, row->alone);
                assert_int_equal(l.line, row->line);
                assert_int_equal(l.behind, row->behind);
                assert_int_equal(kernel_line_ends(&l), row->ends);
                assert_int_equal(kernel_line_is_deaf(&l), row->alone || row->ends);
                assert_string_equal(l.file, "/boot/config-1");
        }
}

static void make_entry(const char *config, BootEntry *e)
{
        _cleanup_(kernel_line_done) KernelLine l = {};
        _cleanup_(kargs_done) Kargs more = {};

        *e = (BootEntry){};
        assert_int_equal(kargs_parse("own", &e->arguments), 0);
        assert_int_equal(kargs_parse("added", &more), 0);
        assert_int_equal(boot_entry_append(e, &more, "/a.addon.efi"), 0);
        assert_int_equal(kernel_line_parse(config, "/boot/config-1", &l), 0);
        assert_int_equal(boot_entry_build_in(e, &l), 0);
}

/* The loader's own words stay what they are, and of each word that counts it is known where it comes from. */
static void where_words_come_from(void **state)
{
        _cleanup_(boot_entry_done) BootEntry e;
        const StringList *words;

        (void) state;
        make_entry("CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"in front\"\n", &e);
        words = &boot_entry_words(&e)->words;
        assert_int_equal(e.arguments.words.n, 2);
        assert_int_equal(words->n, 4);
        assert_true(boot_entry_word_built_in(&e, words->items[0]));
        assert_true(boot_entry_word_built_in(&e, words->items[1] + 2));
        assert_false(boot_entry_word_built_in(&e, words->items[2]));
        assert_false(boot_entry_word_built_in(&e, e.arguments.words.items[0]));
        assert_null(boot_entry_origin(&e, words->items[0]));
        assert_null(boot_entry_origin(&e, words->items[2]));
        assert_string_equal(boot_entry_origin(&e, words->items[3]), "/a.addon.efi");
        assert_string_equal(boot_entry_origin(&e, e.arguments.words.items[1]), "/a.addon.efi");
}

static void alone_it_counts(void **state)
{
        _cleanup_(boot_entry_done) BootEntry e;

        (void) state;
        make_entry("CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"all\"\nCONFIG_CMDLINE_OVERRIDE=y\n", &e);
        assert_int_equal(boot_entry_words(&e)->words.n, 1);
        assert_string_equal(boot_entry_words(&e)->words.items[0], "all");
}

/* Behind what the loader says: there it counts more. */
static void it_may_stand_behind(void **state)
{
        _cleanup_(boot_entry_done) BootEntry e;
        const StringList *words;

        (void) state;
        make_entry("CONFIG_CMDLINE=\"last words\"\nCONFIG_CMDLINE_EXTEND=y\n", &e);
        words = &boot_entry_words(&e)->words;
        assert_int_equal(words->n, 4);
        assert_string_equal(words->items[0], "own");
        assert_string_equal(words->items[3], "words");
        assert_false(boot_entry_word_built_in(&e, words->items[0]));
        assert_false(boot_entry_word_built_in(&e, words->items[1]));
        assert_true(boot_entry_word_built_in(&e, words->items[2]));
        assert_true(boot_entry_word_built_in(&e, words->items[3] + 1));
        assert_false(boot_entry_word_built_in(&e, "elsewhere"));
        assert_null(boot_entry_origin(&e, words->items[0]));
        assert_string_equal(boot_entry_origin(&e, words->items[1]), "/a.addon.efi");
        assert_null(boot_entry_origin(&e, words->items[2]));
}

/* Nothing behind "--" is the kernel's, whoever says it. */
static void it_may_end_the_line(void **state)
{
        _cleanup_(boot_entry_done) BootEntry e;

        (void) state;
        make_entry("CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"a -- b\"\n", &e);
        assert_true(kargs_has(boot_entry_words(&e), "a"));
        assert_false(kargs_has(boot_entry_words(&e), "b"));
        assert_false(kargs_has(boot_entry_words(&e), "own"));
        assert_true(kargs_has(&e.arguments, "own"));
}

/* It takes of the room that there is: "in front BOOT_IMAGE=/k own added". */
static void it_takes_room(void **state)
{
        const Loader l = { .kind = LOADER_GRUB2 }, legacy = { .kind = LOADER_GRUB_LEGACY };
        _cleanup_(boot_entry_done) BootEntry e, alone;

        (void) state;
        make_entry("CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"in front\"\n", &e);
        make_entry("CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"all\"\nCONFIG_CMDLINE_OVERRIDE=y\n", &alone);
        e.kernel = strdup("/k");
        assert_int_equal(boot_entry_length(&l, &e), strlen("in front BOOT_IMAGE=/k own added"));
        assert_int_equal(boot_entry_length(&legacy, &e), strlen("kernel /k own added"));
        assert_int_equal(boot_entry_length(&l, &alone), strlen("all"));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_built_in),    cmocka_unit_test(where_words_come_from),
                cmocka_unit_test(alone_it_counts),     cmocka_unit_test(it_may_stand_behind),
                cmocka_unit_test(it_may_end_the_line), cmocka_unit_test(it_takes_room),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
