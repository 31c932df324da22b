/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "grub/format/bls.h"
#include "grub/format/rescue.h"

static Kargs words(const char *s)
{
        Kargs k = {};

        assert_int_equal(kargs_parse(s, &k), 0);
        return k;
}

static char *cmdline(const char *text, unsigned flags, const char *take, const char *remove, const char *add)
{
        _cleanup_(kargs_done) Kargs t = words(take), r = words(remove), a = words(add);
        const CmdlineEdit edit = { &t, &r, &a };
        char *s = NULL;

        assert_int_equal(cmdline_edit(text, flags, &edit, &s), 0);
        return s;
}

static char *entry(const char *text, const char *take, const char *remove, const char *add, const char *base)
{
        _cleanup_(kargs_done) Kargs t = words(take), r = words(remove), a = words(add);
        const CmdlineEdit edit = { &t, &r, &a };
        char *s = NULL;

        assert_int_equal(bls_edit(text, &edit, base, &s), 0);
        return s;
}

/* Adding leaves every other byte, and taking back leaves the bytes of before. */
static void words_are_added_and_taken_back(void **state)
{
        static const struct {
                unsigned flags;
                const char *before, *after;
        } rows[] = {
                { CMDLINE_BEHIND_KEY, " ro quiet", " ro quiet a=1 b" },
                { CMDLINE_BEHIND_KEY, " ro quiet  \t", " ro quiet a=1 b  \t" },
                { CMDLINE_BEHIND_KEY, "\tro", "\tro a=1 b" },
                { CMDLINE_BEHIND_KEY, "", " a=1 b" },
                { CMDLINE_BEHIND_KEY, "  ", " a=1 b  " },
                { CMDLINE_BEHIND_KEY, " ro -- 3", " ro a=1 b -- 3" },
                { CMDLINE_BEHIND_KEY, " -- 3", " a=1 b -- 3" },
                { CMDLINE_BEHIND_KEY, " $kernelopts $tuned_params", " $kernelopts $tuned_params a=1 b" },
                { CMDLINE_BEHIND_KEY, " x=\"a b\"", " x=\"a b\" a=1 b" },
                { CMDLINE_BEHIND_KEY, " ro\r", " ro a=1 b\r" },
                { 0, "", "a=1 b" },
                { 0, "\n", "a=1 b\n" },
                { 0, "root=/dev/vda ro\n", "root=/dev/vda ro a=1 b\n" },
                { 0, "root=/dev/vda\nro", "root=/dev/vda\nro a=1 b" },
                { CMDLINE_COMMENTS, "root=x ro\n# quiet\n", "root=x ro a=1 b\n# quiet\n" },
                { CMDLINE_COMMENTS, "# first\nroot=x\n  # last", "# first\nroot=x a=1 b\n  # last" },
                { CMDLINE_COMMENTS, "root=x#1 # ro\n", "root=x#1 # ro a=1 b\n" },
                { 0, "-- 3", "a=1 b -- 3" },
                { 0, "  ro", "  ro a=1 b" },
                { CMDLINE_BEHIND_KEY | CMDLINE_BACKSLASH, " ro \\\n quiet \\\n", " ro \\\n quiet a=1 b \\\n" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *after = cmdline(row->before, row->flags, "", "", "a=1 b"),
                                    *back = cmdline(after, row->flags, "a=1 b", "", ""),
                                    *other = cmdline(after, row->flags, "b a=1", "", "");

                assert_string_equal(after, row->after);
                assert_string_equal(back, row->before);
                assert_string_equal(other, row->before);
        }
}

/* Somebody else's word of the same text stays, and so does the same word behind "--". */
static void only_one_of_a_word_is_taken(void **state)
{
        _cleanup_free_ char *a = cmdline("quiet ro quiet", 0, "quiet", "", ""),
                            *b = cmdline("quiet x=\"quiet\" -- quiet", 0, "quiet", "", ""),
                            *c = cmdline("quiet", 0, "quiet", "", ""), *d = cmdline("nothing", 0, "quiet", "", "");

        (void) state;
        assert_string_equal(a, "quiet ro");
        assert_string_equal(b, "x=\"quiet\" -- quiet");
        assert_string_equal(c, "");
        assert_string_equal(d, "nothing");
}

static void contradictions_are_taken_out_of_lists(void **state)
{
        _cleanup_free_ char *a = cmdline("ro iommu=off  quiet iommu=pt,off", 0, "", "iommu=off", ""),
                            *b = cmdline("iommu=off -- iommu=off", 0, "", "iommu=off", "intel_iommu=on"),
                            *c = cmdline("\tiommu=soft,off\tquiet", CMDLINE_BEHIND_KEY, "", "iommu=off", "");

        (void) state;
        assert_string_equal(a, "ro  quiet iommu=pt");
        assert_string_equal(b, "intel_iommu=on -- iommu=off");
        assert_string_equal(c, "\tiommu=soft\tquiet");
}

/* A comment takes no words, loses none, and does not take the next line in. */
static void comments_are_no_words(void **state)
{
        _cleanup_free_ char *a = cmdline("# iommu=off\niommu=off quiet\n", CMDLINE_COMMENTS, "", "iommu=off", ""),
                            *b = cmdline("# quiet\nro quiet\n", CMDLINE_COMMENTS, "quiet", "", ""),
                            *c = cmdline("# only this\n", CMDLINE_COMMENTS, "", "", "quiet");

        (void) state;
        assert_string_equal(a, "# iommu=off\nquiet\n");
        assert_string_equal(b, "# quiet\nro\n");
        assert_string_equal(c, "quiet\n# only this\n");
}

static void what_is_wanted_is_told(void **state)
{
        _cleanup_(kargs_done) Kargs add = words("intel_iommu=on quiet"), remove = words("iommu=off");
        _cleanup_(owned_words_done) OwnedWords added = {}, removed = {};
        _cleanup_free_ char *s = NULL;

        (void) state;
        assert_int_equal(cmdline_want("ro iommu=pt,off quiet\n", 0, &add, &remove, "here", &added, &removed, &s), 0);
        assert_string_equal(s, "ro iommu=pt quiet intel_iommu=on\n");
        assert_int_equal(added.n, 1);
        assert_string_equal(added.items[0].word, "intel_iommu=on");
        assert_string_equal(added.items[0].place, "here");
        assert_int_equal(removed.n, 1);
        assert_string_equal(removed.items[0].word, "iommu=pt,off");
}

static void variables_are_replaced(void **state)
{
        _cleanup_free_ char *a = NULL, *b = NULL;

        (void) state;
        assert_int_equal(bls_replace_variable("linux /k $v\noptions $v x $v_2 $v\noptions $v\n", "v", "a b", &a), 0);
        assert_string_equal(a, "linux /k $v\noptions a b x $v_2 a b\noptions $v\n");
        assert_int_equal(bls_replace_variable("linux /k", "v", "a b", &b), 0);
        assert_string_equal(b, "linux /k");
}

static void an_open_quote_is_refused(void **state)
{
        _cleanup_(kargs_done) Kargs a = words("intel_iommu=on");
        const CmdlineEdit edit = { .add = &a };
        char *s = NULL;

        (void) state;
        assert_int_equal(cmdline_edit("ro x=\"never closed", 0, &edit, &s), -ENOTSUP);
        assert_int_equal(bls_edit("linux /k\noptions ro x=\"never closed\n", &edit, NULL, &s), -ENOTSUP);
        assert_null(s);
}

static void what_is_there_already_is_not_missing(void **state)
{
        _cleanup_(kargs_done) Kargs present = words("ro intel_iommu=on,sm_on quiet"),
                                    wanted = words("intel_iommu=on iommu=pt quiet"), missing = {};

        (void) state;
        assert_int_equal(kargs_missing(&present, &wanted, &missing), 0);
        assert_int_equal(missing.words.n, 1);
        assert_string_equal(missing.words.items[0], "iommu=pt");
}

/* Every byte of these belongs to somebody; what is added can be told and taken back. */
static void entries_keep_their_bytes(void **state)
{
        static const struct {
                const char *before, *after;
        } rows[] = {
                { "title A\nlinux /k\noptions ro $kernelopts $tuned_params noapic\ngrub_arg --unrestricted\n",
                  "title A\nlinux /k\noptions ro $kernelopts $tuned_params noapic intel_iommu=on\ngrub_arg "
                  "--unrestricted\n" },
                { "title\tA\nlinux\t/k\ninitrd\t/i\noptions\troot=/dev/sda1\trw\n",
                  "title\tA\nlinux\t/k\ninitrd\t/i\noptions\troot=/dev/sda1\trw intel_iommu=on\n" },
                /* neither an options line nor a final newline */
                { "title\tA\nlinux\t/k\ninitrd\t/i", "title\tA\nlinux\t/k\ninitrd\t/i\noptions intel_iommu=on" },
                { "linux /k\ninitrd /i\n", "linux /k\ninitrd /i\noptions intel_iommu=on\n" },
                { "linux /k\noptions ro", "linux /k\noptions ro intel_iommu=on" },
                /* text of comments and of a template is no option */
                { "# options quiet\nlinux /k\n#options\noptions root=<% UUID %> rw # not a comment\n",
                  "# options quiet\nlinux /k\n#options\noptions root=<% UUID %> rw # not a comment intel_iommu=on\n" },
                /* the first one counts for GRUB, all of them for systemd-boot */
                { "linux /k\noptions a\noptions b\n", "linux /k\noptions a intel_iommu=on\noptions b\n" },
                /* GRUB does not read on behind an empty line or a key alone */
                { "linux /k\n\noptions a\n", "linux /k\noptions intel_iommu=on\n\noptions a\n" },
                { "linux /k\noptions\n", "linux /k\noptions intel_iommu=on\noptions\n" },
                { "linux /k\r\noptions a\r\n", "linux /k\r\noptions a intel_iommu=on\r\n" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *after = entry(row->before, "", "iommu=off", "intel_iommu=on", NULL),
                                    *back = entry(after, "intel_iommu=on", "", "", NULL);

                assert_string_equal(after, row->after);
                assert_string_equal(back, row->before);
        }
}

/* Directly in front of the initramfs, written as its line is, and gone again to the byte. */
static void one_more_image_in_front(void **state)
{
        static const struct {
                const char *before, *after; /* NULL: as before */
        } rows[] = {
                { "linux /k\ninitrd /i\n", "linux /k\ninitrd /c.img\ninitrd /i\n" },
                { "initrd     /i", "initrd     /c.img\ninitrd     /i" },
                { " initrd\t/u\n initrd\t/i\noptions a\n", " initrd\t/u\n initrd\t/c.img\n initrd\t/i\noptions a\n" },
                { "initrd /i\r\noptions a\r\n", "initrd /c.img\r\ninitrd /i\r\noptions a\r\n" },
                { "# initrd /x\ninitrd /i $more\n", "# initrd /x\ninitrd /c.img\ninitrd /i $more\n" },
                { "linux /k\ninitrd\n", NULL },
                { "linux /k\n", NULL },
                { "", NULL },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *after = NULL, *again = NULL, *back = NULL;

                assert_int_equal(bls_edit_early(row->before, BLS_SYSTEMD, "c.img", "/c.img", &after), 0);
                assert_string_equal(after, row->after ?: row->before);
                assert_int_equal(bls_edit_early(after, BLS_SYSTEMD, "c.img", "/c.img", &again), 0);
                assert_string_equal(again, after);
                assert_int_equal(bls_edit_early(after, BLS_SYSTEMD, "c.img", NULL, &back), 0);
                assert_string_equal(back, row->before);
        }
}

/* Elsewhere, twice, or behind the initramfs it would not be found, or not be in front. */
static void the_image_is_where_it_has_to_be(void **state)
{
        static const char *const texts[] = { "initrd /boot/c.img\ninitrd /i\n", "initrd /i\ninitrd /c.img\n",
                                             "initrd /c.img\ninitrd /c.img\ninitrd /i\n" };

        (void) state;
        FOREACH_ARRAY(text, texts, ELEMENTSOF(texts)) {
                _cleanup_free_ char *after = NULL;

                assert_int_equal(bls_edit_early(*text, BLS_SYSTEMD, "c.img", "/c.img", &after), 0);
                assert_string_equal(after, "initrd /c.img\ninitrd /i\n");
        }
}

/* What stands behind a line that ends an entry for GRUB is not loaded, and no place for anything. */
static void the_image_is_where_grub_sees_it(void **state)
{
        static const struct {
                const char *before, *after;
        } rows[] = {
                { "initrd /i\n\ninitrd /j\n", "initrd /c.img\ninitrd /i\n\ninitrd /j\n" },
                { "initrd /u /i $more\n", "initrd /c.img\ninitrd /u /i $more\n" },
                { "linux /k\n\ninitrd /i\n", "linux /k\n\ninitrd /i\n" },
                { "initrd /i\ntitle\ninitrd /c.img\ninitrd /j\n", "initrd /c.img\ninitrd /i\ntitle\ninitrd /j\n" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *after = NULL, *again = NULL;

                assert_int_equal(bls_edit_early(row->before, BLS_GRUB, "c.img", "/c.img", &after), 0);
                assert_string_equal(after, row->after);
                assert_int_equal(bls_edit_early(after, BLS_GRUB, "c.img", "/c.img", &again), 0);
                assert_string_equal(again, after);
        }
}

/* The last one is the initramfs. GRUB alone takes several of one line, and variables in it. */
static void images_in_their_order(void **state)
{
        static const struct {
                const char *text;
                BlsReader reader;
                size_t early;
                const char *first, *initrd;
        } rows[] = {
                { "initrd /u\ninitrd /c\ninitrd /i\n", BLS_SYSTEMD, 2, "/u", "/i" },
                { "initrd /u /c\ninitrd /i $tuned_initrd\n", BLS_GRUB, 2, "/u", "/i" },
                { "initrd /u x\ninitrd /i y\n", BLS_SYSTEMD, 1, "/u x", "/i y" },
                { "initrd $all\n", BLS_GRUB, 0, NULL, "$all" },
                { "linux /k\n\ninitrd /i\n", BLS_GRUB, 0, NULL, NULL },
                { "linux /k\n\ninitrd /i\n", BLS_SYSTEMD, 0, NULL, "/i" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(bls_entry_done) BlsEntry e = {};
                _cleanup_(string_list_done) StringList early = {};
                _cleanup_free_ char *initrd = NULL;

                assert_int_equal(bls_parse(row->text, &e), 0);
                assert_int_equal(bls_initrds(&e, row->reader, &early, &initrd), 0);
                assert_true(streq_null(initrd, row->initrd));
                assert_int_equal(early.n, row->early);
                assert_true(early.n == 0 || streq(early.items[0], row->first));
        }
}

static void contradictions_go_from_every_options_line(void **state)
{
        _cleanup_free_ char *a = entry("linux /k\noptions iommu=off\noptions x intel_iommu=off y\noptions iommu=off",
                                       "", "iommu=off intel_iommu=off", "intel_iommu=on", NULL),
                            *b = entry("options iommu=off", "", "iommu=off", "", NULL);

        (void) state;
        assert_string_equal(a, "linux /k\noptions intel_iommu=on\noptions x y");
        assert_string_equal(b, "");
}

/* An entry without options would lose root= if only the new word stood there. */
static void the_default_of_a_missing_line_is_kept(void **state)
{
        static const char before[] = "linux /k\n";
        static char name[] = "default_kernelopts", value[] = "root=/dev/sda1 ro";
        const LoaderVariable variables[] = { { .name = name, .value = value, .state = VARIABLE_KNOWN } };
        _cleanup_(bls_entry_done) BlsEntry e = {};
        _cleanup_(kargs_done) Kargs old = {}, now = {};
        _cleanup_free_ char *after = entry(before, "", "", "intel_iommu=on", "$default_kernelopts"), *line = NULL;

        (void) state;
        assert_string_equal(after, "linux /k\noptions $default_kernelopts intel_iommu=on\n");
        assert_int_equal(bls_parse(before, &e), 0);
        assert_int_equal(bls_arguments(&e, BLS_GRUB, variables, 1, &old), 0);
        assert_int_equal(old.words.n, 2);
        bls_entry_done(&e);
        assert_int_equal(bls_parse(after, &e), 0);
        assert_int_equal(bls_arguments(&e, BLS_GRUB, variables, 1, &now), 0);
        line = kargs_print(&now);
        assert_string_equal(line, "root=/dev/sda1 ro intel_iommu=on");
}

static char *arguments(const char *text, BlsReader reader)
{
        static char kernelopts[] = "kernelopts", value[] = "root=/dev/sda1 ro", tuned[] = "tuned_params", empty[] = "";
        const LoaderVariable variables[] = { { .name = kernelopts, .value = value, .state = VARIABLE_KNOWN },
                                             { .name = tuned, .value = empty, .state = VARIABLE_KNOWN } };
        _cleanup_(bls_entry_done) BlsEntry e = {};
        _cleanup_(kargs_done) Kargs k = {};
        char *s;

        assert_int_equal(bls_parse(text, &e), 0);
        assert_int_equal(bls_arguments(&e, reader, variables, ELEMENTSOF(variables), &k), 0);
        s = kargs_print(&k);
        assert_non_null(s);
        return s;
}

static void each_reader_gets_its_own_arguments(void **state)
{
        static const struct {
                const char *text, *grub, *systemd;
        } rows[] = {
                { "options $kernelopts $tuned_params noapic\n", "root=/dev/sda1 ro noapic",
                  "$kernelopts $tuned_params noapic" },
                { "options a $kernelopts\n", "a root=/dev/sda1 ro", "a $kernelopts" },
                { "options a $nowhere b\n", "a b", "a $nowhere b" },
                { "options a$nowhere b\n", "ab", "a$nowhere b" }, /* GRUB eats the blank behind any variable */
                { "options $kernelopts_old b\n", "b", "$kernelopts_old b" },
                { "options a\noptions b\n", "a", "a b" },
                { "linux /k\n\noptions b\n", "", "b" },
                { "optionsx a\noptions\tb\n", "b", "b" },
                { "linux /k", "", "" },
                { "", "", "" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *grub = arguments(row->text, BLS_GRUB),
                                    *systemd = arguments(row->text, BLS_SYSTEMD);

                assert_string_equal(grub, row->grub);
                assert_string_equal(systemd, row->systemd);
        }
}

static void variables_are_found_by_their_whole_name(void **state)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};

        (void) state;
        assert_int_equal(bls_parse("options root=x $kernelopts_b $kernelopts\n", &e), 0);
        assert_true(bls_options_use(&e, BLS_GRUB, "kernelopts"));
        assert_true(bls_options_use(&e, BLS_GRUB, "kernelopts_b"));
        assert_false(bls_options_use(&e, BLS_GRUB, "kernel"));
        assert_false(bls_options_use(&e, BLS_SYSTEMD, "kernelopts"));
}

static void rescue_entries_are_known(void **state)
{
        static const struct {
                const char *name, *text;
                bool rescue;
        } rows[] = {
                { "abc-0-rescue.conf", "linux /k\n", true },
                { "abc.conf", "version 0-rescue-abc\nlinux /k\n", true },
                { "abc.conf", "title Red Hat (0-rescue-abc) 9.5\nlinux /k\n", true },
                { "abc.conf", "linux /vmlinuz-0-rescue-abc\n", true },
                { "abc.conf", "linux /k\noptions root=x single\n", true },
                { "abc.conf", "linux /k\noptions root=x systemd.unit=rescue.target\n", true },
                { "arch-fallback.conf", "linux /k\ninitrd /ucode.img\ninitrd /initramfs-linux-fallback.img\n", true },
                { "abc.conf", "title Arch Linux (linux) (fallback initramfs)\nlinux /k\n", true },
                { "abc.conf", "linux /k\ninitrd /initramfs-linux.img\n", false },
                { "abc.conf", "title Rescued from an old disk\nlinux /k\noptions root=/dev/vg/rescue\n", false },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(bls_entry_done) BlsEntry e = {};
                _cleanup_(boot_entry_done) BootEntry made = { .id = strdup(row->name) };

                assert_int_equal(bls_parse(row->text, &e), 0);
                assert_int_equal(bls_boot_entry(&e, BLS_SYSTEMD, row->name, row->name, NULL, 0, &made), 0);
                assert_int_equal(entry_rescue_kind(&made) != RESCUE_NONE, row->rescue);
        }
}

static void newer_kernels_are_greater(void **state)
{
        static const char *const ascending[] = { "id-0-rescue",   "id-4.18.0-32.el8", "id-4.18.0-240.22.1.el8_3",
                                                 "id-5.14.0~rc1", "id-5.14.0",        "id-5.14.0-503.11.1" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(ascending); i++)
                for (size_t j = 0; j < ELEMENTSOF(ascending); j++) {
                        int c = bls_compare(ascending[i], ascending[j]);

                        assert_int_equal(i < j ? -1 : i > j, c < 0 ? -1 : c > 0);
                }
}

/* Texts made of pieces that have a meaning, in any order. */
static void generated_entries_keep_their_bytes(void **state)
{
        static const char *const pieces[] = { "options",       " ",         "\t",     "\n",    "\n\n",
                                              "linux /k",      "#",         "root=x", "quiet", "ro",
                                              " $kernelopts ", "x=\"a b\"", "--",     "\r\n",  "\noptions ",
                                              "iommu=pt",      "title",     "<% %>" };
        _cleanup_(kargs_done) Kargs add = words("intel_iommu=on ptprep.claim=1");
        const CmdlineEdit adding = { .add = &add }, taking = { .take = &add };

        (void) state;
        srandom(11);
        for (unsigned round = 0; round < 20000; round++) {
                char text[512] = "";
                _cleanup_(bls_entry_done) BlsEntry before = {}, after = {};
                _cleanup_(kargs_done) Kargs old = {}, now = {};
                _cleanup_free_ char *edited = NULL, *back = NULL;

                for (long n = random() % 24; n > 0; n--)
                        strcat(text, pieces[(size_t) random() % ELEMENTSOF(pieces)]);
                assert_int_equal(bls_parse(text, &before), 0);
                assert_string_equal(before.text, text);
                assert_int_equal(bls_edit(text, &adding, NULL, &edited), 0);
                assert_int_equal(bls_edit(edited, &taking, NULL, &back), 0);
                assert_string_equal(back, text);

                /* exactly the words of before, with ours behind those for the kernel */
                assert_int_equal(bls_parse(edited, &after), 0);
                assert_int_equal(bls_arguments(&before, BLS_GRUB, NULL, 0, &old), 0);
                assert_int_equal(bls_arguments(&after, BLS_GRUB, NULL, 0, &now), 0);
                assert_int_equal(now.words.n, old.words.n + 2);
                for (size_t i = 0, j = 0; j < now.words.n; j++)
                        if (kargs_has(&add, now.words.items[j]))
                                assert_true(i == old.words.n || streq(old.words.items[i], "--"));
                        else
                                assert_string_equal(now.words.items[j], old.words.items[i++]);
                assert_true(kargs_has(&now, "ptprep.claim=1"));
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(words_are_added_and_taken_back),
                cmocka_unit_test(only_one_of_a_word_is_taken),
                cmocka_unit_test(contradictions_are_taken_out_of_lists),
                cmocka_unit_test(comments_are_no_words),
                cmocka_unit_test(what_is_wanted_is_told),
                cmocka_unit_test(variables_are_replaced),
                cmocka_unit_test(an_open_quote_is_refused),
                cmocka_unit_test(what_is_there_already_is_not_missing),
                cmocka_unit_test(entries_keep_their_bytes),
                cmocka_unit_test(one_more_image_in_front),
                cmocka_unit_test(the_image_is_where_it_has_to_be),
                cmocka_unit_test(the_image_is_where_grub_sees_it),
                cmocka_unit_test(images_in_their_order),
                cmocka_unit_test(contradictions_go_from_every_options_line),
                cmocka_unit_test(the_default_of_a_missing_line_is_kept),
                cmocka_unit_test(each_reader_gets_its_own_arguments),
                cmocka_unit_test(variables_are_found_by_their_whole_name),
                cmocka_unit_test(rescue_entries_are_known),
                cmocka_unit_test(newer_kernels_are_greater),
                cmocka_unit_test(generated_entries_keep_their_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
