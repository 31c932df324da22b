/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "grub/format/legacy.h"

static Kargs words(const char *s)
{
        Kargs k = {};

        assert_int_equal(kargs_parse(s, &k), 0);
        return k;
}

typedef struct Edited {
        char *text;
        OwnedWords added, removed;
} Edited;

static void edited_done(Edited *e)
{
        free(e->text);
        owned_words_done(&e->added);
        owned_words_done(&e->removed);
}

static void edit(const char *text, const char *add, const char *remove, Edited *ret)
{
        _cleanup_(kargs_done) Kargs a = words(add), r = words(remove);

        *ret = (Edited){};
        assert_int_equal(legacy_edit(text, 0, &a, &r, &ret->added, &ret->removed, &ret->text), 0);
}

/* What is added is as expected, is not added twice, and taken back it leaves the bytes of before. */
static void there_and_back(const char *before, const char *add, const char *after)
{
        _cleanup_(edited_done) Edited once = {}, twice = {};
        _cleanup_free_ char *back = NULL;

        edit(before, add, "iommu=off intel_iommu=off", &once);
        assert_string_equal(once.text, after);
        assert_int_equal(once.removed.n, 0);
        edit(after, add, "iommu=off intel_iommu=off", &twice);
        assert_string_equal(twice.text, after);
        assert_int_equal(twice.added.n, 0);
        assert_int_equal(legacy_take(after, &once.added, &back), 0);
        assert_string_equal(back, before);
}

static void the_classic_line_gets_the_argument(void **state)
{
        (void) state;
        there_and_back("default=0\ntimeout=5\nsplashimage=(hd0,0)/grub/splash.xpm.gz\nhiddenmenu\n"
                       "title Red Hat Enterprise Linux Server (2.6.18-190.el5)\n"
                       "\troot (hd0,0)\n"
                       "\tkernel /vmlinuz-2.6.18-190.el5 ro root=/dev/VolGroup00/LogVol00 rhgb quiet\n"
                       "\tinitrd /initrd-2.6.18-190.el5.img\n",
                       "intel_iommu=on",
                       "default=0\ntimeout=5\nsplashimage=(hd0,0)/grub/splash.xpm.gz\nhiddenmenu\n"
                       "title Red Hat Enterprise Linux Server (2.6.18-190.el5)\n"
                       "\troot (hd0,0)\n"
                       "\tkernel /vmlinuz-2.6.18-190.el5 ro root=/dev/VolGroup00/LogVol00 rhgb quiet intel_iommu=on\n"
                       "\tinitrd /initrd-2.6.18-190.el5.img\n");
}

static void every_shape_of_a_kernel_line_is_edited(void **state)
{
        static const struct {
                const char *before, *after;
        } rows[] = {
                /* trailing blanks, tabs, no final newline, no arguments at all, carriage returns */
                { "title a\nkernel\t\t/vmlinuz root=x ro \n",
                  "title a\nkernel\t\t/vmlinuz root=x ro intel_iommu=on \n" },
                { "title a\nkernel /vmlinuz root=x\t\n \n\n",
                  "title a\nkernel /vmlinuz root=x intel_iommu=on\t\n \n\n" },
                { "title a\n kernel /vmlinuz root=x", "title a\n kernel /vmlinuz root=x intel_iommu=on" },
                { "title a\nkernel /vmlinuz\n", "title a\nkernel /vmlinuz intel_iommu=on\n" },
                { "title a\r\nkernel /vmlinuz ro\r\n", "title a\r\nkernel /vmlinuz ro intel_iommu=on\r\n" },
                /* GRUB takes '=' for a blank */
                { "title=a\nkernel=/vmlinuz ro\n", "title=a\nkernel=/vmlinuz ro intel_iommu=on\n" },
                { "title a\nkernel (hd0,1)/vmlinuz ro\n", "title a\nkernel (hd0,1)/vmlinuz ro intel_iommu=on\n" },
                { "title a\nkernel --no-mem-option --type=linux /vmlinuz ro\n",
                  "title a\nkernel --no-mem-option --type=linux /vmlinuz ro intel_iommu=on\n" },
                { "title a\nkernel /vmlinuz ro \\\n  quiet\n",
                  "title a\nkernel /vmlinuz ro \\\n  quiet intel_iommu=on\n" },
                { "title a\nkernel \\\n/vmlinuz\\\n\n", "title a\nkernel \\\n/vmlinuz intel_iommu=on\\\n\n" },
                { "title a\nkernel /vmlinuz ro -- 3\n", "title a\nkernel /vmlinuz ro intel_iommu=on -- 3\n" },
                /* a name that says nothing: with an initrd, or a root, it is Linux */
                { "title a\nkernel /f10vz\ninitrd /f10rd.img\n",
                  "title a\nkernel /f10vz intel_iommu=on\ninitrd /f10rd.img\n" },
                { "title a\nkernel /image root=/dev/sda1\n", "title a\nkernel /image root=/dev/sda1 intel_iommu=on\n" },
                /* what somebody calls a module below Linux itself is no kernel */
                { "title a\nkernel /vmlinuz ro\nmodule /initramfs.img\n",
                  "title a\nkernel /vmlinuz ro intel_iommu=on\nmodule /initramfs.img\n" },
                /* two of one title: each has its own */
                { "title a\nkernel /vmlinuz 1st\ntitle a\nkernel /vmlinuz 2nd\n",
                  "title a\nkernel /vmlinuz 1st intel_iommu=on\ntitle a\nkernel /vmlinuz 2nd intel_iommu=on\n" },
                /* it is there already, in one of two */
                { "title a\nkernel /vmlinuz intel_iommu=on,sm_on\ntitle b\nkernel /vmlinuz\n",
                  "title a\nkernel /vmlinuz intel_iommu=on,sm_on\ntitle b\nkernel /vmlinuz intel_iommu=on\n" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows))
                there_and_back(row->before, "intel_iommu=on", row->after);
}

/* Below a hypervisor the arguments of Linux are on its module line, not on the line of its initrd. */
static void module_lines_hold_the_arguments_below_xen(void **state)
{
        (void) state;
        there_and_back("title Fedora xen\n\troot (hd0,0)\n\tkernel /xen.gz-2.6.21 dom0_mem=512M\n"
                       "\tmodule /vmlinuz-2.6.21xen ro root=/dev/vg00/lv00\n\tmodule /initrd-2.6.21xen.img\n",
                       "intel_iommu=on",
                       "title Fedora xen\n\troot (hd0,0)\n\tkernel /xen.gz-2.6.21 dom0_mem=512M\n"
                       "\tmodule /vmlinuz-2.6.21xen ro root=/dev/vg00/lv00 intel_iommu=on\n"
                       "\tmodule /initrd-2.6.21xen.img\n");
        there_and_back("title tboot\nkernel /tboot.gz logging=serial\nmodule /xen.gz iommu=required\n"
                       "module /vmlinuz-3 root=/dev/sda1\nmodule /initrd-3.img\n",
                       "intel_iommu=on",
                       "title tboot\nkernel /tboot.gz logging=serial\nmodule /xen.gz iommu=required\n"
                       "module /vmlinuz-3 root=/dev/sda1 intel_iommu=on\nmodule /initrd-3.img\n");
}

static void other_systems_and_rescue_entries_stay(void **state)
{
        static const char *const menus[] = {
                ("title Live 64-bit\n   kernel /platform/i86pc/kernel/amd64/unix -B console=text\n"
                 "   module /platform/i86pc/amd64/boot_archive\n"),
                "title DOS\n\trootnoverify (hd0,1)\n\tchainloader +1\n",
                "title Memtest86+ (4.20)\n\tkernel /elf-memtest86+-4.20\n",
                "title Chainload into GRUB 2\nroot (hd0,0)\nkernel /boot/grub/core.img\n",
                "title gittest\n\tkernel /gittest\n",
                "title Linux (recovery mode)\nkernel /vmlinuz ro\ninitrd /i\n",
                "title Linux\nkernel /vmlinuz ro single\n",
                "title Linux\nkernel /vmlinuz ro S\n",
                "title Debian GNU/Linux, kernel 2.6.35 (single-user mode)\nkernel /vmlinuz ro\n",
                "title Fedora 20 Rescue 4b74 (3.10)\nkernel /vmlinuz-0-rescue-4b74 ro\ninitrd /i\n",
                "title Failsafe -- openSUSE 12.1\nkernel /boot/vmlinuz root=/dev/vda2\n",
                "# title a\n# kernel /vmlinuz\n",
                "# a comment that ends in a backslash takes the next line along \\\nkernel /vmlinuz\n",
                "setup --stage2=/boot/grub/stage2 --force-lba (hd0,1) (hd0,1)\nquit\n",
                "boot=/dev/sda\nforcelba=0\n",
                "",
        };

        (void) state;
        FOREACH_ARRAY(menu, menus, ELEMENTSOF(menus)) {
                _cleanup_free_ char *text = NULL, *expected = NULL;
                _cleanup_(edited_done) Edited e = {};

                assert_true(asprintf(&text, "title Daily\nkernel /vmlinuz rw\n%s", *menu) > 0);
                assert_true(asprintf(&expected, "title Daily\nkernel /vmlinuz rw intel_iommu=on\n%s", *menu) > 0);
                edit(text, "intel_iommu=on", "ro", &e);
                assert_string_equal(e.text, expected);
        }
}

static void contradictions_go(void **state)
{
        _cleanup_(edited_done) Edited e = {};

        (void) state;
        edit("title a\nkernel /vmlinuz iommu=off ro intel_iommu=on intel_iommu=off\ntitle b (recovery mode)\n"
             "kernel /vmlinuz iommu=off single\n",
             "intel_iommu=on", "iommu=off intel_iommu=off", &e);
        assert_string_equal(e.text, "title a\nkernel /vmlinuz ro intel_iommu=on\ntitle b (recovery mode)\n"
                                    "kernel /vmlinuz iommu=off single\n");
        assert_int_equal(e.added.n, 0);
        assert_int_equal(e.removed.n, 2);
        assert_string_equal(e.removed.items[0].place, "a");
        assert_string_equal(e.removed.items[0].word, "iommu=off");
}

/* What is left of somebody else's word does not become ptprep's. */
static void the_rest_of_a_word_is_not_ours(void **state)
{
        _cleanup_(edited_done) Edited e = {};

        (void) state;
        edit("title a\nkernel /vmlinuz iommu=pt,off ro\n", "intel_iommu=on", "iommu=off", &e);
        assert_string_equal(e.text, "title a\nkernel /vmlinuz iommu=pt ro intel_iommu=on\n");
        assert_int_equal(e.added.n, 1);
        assert_string_equal(e.added.items[0].word, "intel_iommu=on");
        assert_int_equal(e.removed.n, 1);
        assert_string_equal(e.removed.items[0].word, "iommu=pt,off");
}

#define DEBIAN_HEAD                                                                                                    \
        "default\t\t0\n\n### BEGIN AUTOMAGIC KERNELS LIST\n## ## Start Default Options ##\n"                           \
        "## e.g. kopt=root=/dev/hda1 ro\n"
#define DEBIAN_TAIL                                                                                                    \
        "# altoptions=(single-user mode) single\n## ## End Default Options ##\n\n"                                     \
        "title\t\tDebian GNU/Linux, kernel 2.6.35\nroot\t\t(hd0)\n"                                                    \
        "kernel\t\t/vmlinuz-2.6.35 root=/dev/xvda ro quiet%s\ninitrd\t\t/initrd.img-2.6.35\n\n"                        \
        "title\t\tDebian GNU/Linux, kernel 2.6.35 (single-user mode)\nroot\t\t(hd0)\n"                                 \
        "kernel\t\t/vmlinuz-2.6.35 root=/dev/xvda ro single\ninitrd\t\t/initrd.img-2.6.35\n\n"                         \
        "### END DEBIAN AUTOMAGIC KERNELS LIST\n"

/* update-grub writes the kernel lines anew from these comments: the word has to be in the one for normal entries. */
static void comments_of_debian_are_configuration(void **state)
{
        static const struct {
                const char *before, *after;
        } rows[] = {
                { "# kopt=root=/dev/xvda ro\n# defoptions=quiet\n# xenkopt=console=tty0\n",
                  "# kopt=root=/dev/xvda ro\n# defoptions=quiet intel_iommu=on\n# xenkopt=console=tty0\n" },
                { "# defoptions=\n# kopt=root=/dev/xvda ro\n",
                  "# defoptions=intel_iommu=on\n# kopt=root=/dev/xvda ro\n" },
                { "# kopt=root=/dev/xvda ro intel_iommu=on\n# defoptions=\n",
                  "# kopt=root=/dev/xvda ro intel_iommu=on\n# defoptions=\n" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *before = NULL, *after = NULL;

                assert_true(asprintf(&before, DEBIAN_HEAD "%s" DEBIAN_TAIL, row->before, "") > 0);
                assert_true(asprintf(&after, DEBIAN_HEAD "%s" DEBIAN_TAIL, row->after, " intel_iommu=on") > 0);
                there_and_back(before, "intel_iommu=on", after);
        }
}

static void comments_of_debian_lose_contradictions(void **state)
{
        _cleanup_(edited_done) Edited e = {};

        (void) state;
        edit("### BEGIN AUTOMAGIC KERNELS LIST\n# kopt=root=x iommu=off ro\n# kopt_2_6_8=iommu=off\n# defoptions=x\n"
             "### END DEBIAN AUTOMAGIC KERNELS LIST\n# xenkopt=iommu=off\n",
             "intel_iommu=on", "iommu=off", &e);
        assert_string_equal(e.text, "### BEGIN AUTOMAGIC KERNELS LIST\n# kopt=root=x ro\n# kopt_2_6_8=\n"
                                    "# defoptions=x intel_iommu=on\n### END DEBIAN AUTOMAGIC KERNELS LIST\n"
                                    "# xenkopt=\n");
        assert_int_equal(e.removed.n, 3);
        assert_string_equal(e.added.items[0].place, "# defoptions");
}

static void comments_of_debian_are_made_where_they_lack(void **state)
{
        _cleanup_(edited_done) Edited e = {}, plain = {};

        (void) state;
        edit("### BEGIN AUTOMAGIC KERNELS LIST\n# kopt=root=x\n### END DEBIAN AUTOMAGIC KERNELS LIST\n",
             "intel_iommu=on", "", &e);
        assert_string_equal(e.text, "### BEGIN AUTOMAGIC KERNELS LIST\n# kopt=root=x\n# defoptions=intel_iommu=on\n"
                                    "### END DEBIAN AUTOMAGIC KERNELS LIST\n");
        /* without the list they are just comments */
        edit("# kopt=root=x\n# defoptions=quiet\n", "intel_iommu=on", "quiet=x", &plain);
        assert_string_equal(plain.text, "# kopt=root=x\n# defoptions=quiet\n");
}

static void the_menu_is_understood(void **state)
{
        _cleanup_(legacy_menu_done) LegacyMenu m = {};

        (void) state;
        assert_int_equal(
                legacy_parse("default 2\ntitle DOS\nchainloader +1\ntitle  a\tb \nkernel /vmlinuz x=\"1 2\" ro\n"
                             "initrd /initrd.img\ntitle a b\nkernel /xen.gz\nmodule /vmlinuz ro\n",
                             0, &m),
                0);
        assert_int_equal(m.n, 3);
        assert_int_equal(m.default_entry, 2);
        assert_false(m.default_saved);
        assert_true(m.has_commands);
        assert_null(m.entries[0].kernel);
        assert_string_equal(m.entries[1].title, "a b");
        assert_string_equal(m.entries[1].initrd, "/initrd.img");
        assert_int_equal(m.entries[1].line, 5);
        assert_int_equal(m.entries[1].arguments.words.n, 2);
        assert_string_equal(m.entries[2].place, "a b #2");
        assert_true(m.entries[2].module);
        legacy_menu_done(&m);
        assert_int_equal(legacy_parse("default saved\ntitle a\n", 7, &m), 0);
        assert_true(m.default_saved);
        assert_int_equal(m.default_entry, 7);
        assert_false(m.has_commands);
        legacy_menu_done(&m);
        assert_int_equal(legacy_parse("default=nonsense\n", 7, &m), 0);
        assert_int_equal(m.default_entry, 0);
}

static void an_open_quote_is_refused(void **state)
{
        _cleanup_(kargs_done) Kargs add = words("intel_iommu=on"), none = {};
        OwnedWords added = {}, removed = {};
        char *s = NULL;

        (void) state;
        assert_int_equal(legacy_edit("title a\nkernel /vmlinuz x=\"open\n", 0, &add, &none, &added, &removed, &s),
                         -ENOTSUP);
        assert_null(s);
        owned_words_done(&added);
        owned_words_done(&removed);
}

/* The text without the words that were added, in any of the places. */
static void generated_menus_keep_their_bytes(void **state)
{
        static const char *const pieces[] = { "title a\n",
                                              "\ntitle b",
                                              "kernel /vmlinuz",
                                              "\tkernel /xen.gz",
                                              "module /vmlinuz",
                                              "module /initrd.img",
                                              " root=/dev/sda1",
                                              " quiet",
                                              " ro",
                                              "\n",
                                              "\t",
                                              " ",
                                              "\\\n",
                                              "\r\n",
                                              "#",
                                              " x=\"a b\"",
                                              " -- 3",
                                              "\ninitrd /i\n",
                                              " single",
                                              "default=1\n",
                                              "=",
                                              "### BEGIN AUTOMAGIC KERNELS LIST\n",
                                              "# defoptions=",
                                              "\n# kopt=" };
        static const char ours[] = "ptprep.claim=1 intel_iommu=on";
        unsigned edited = 0;

        (void) state;
        srandom(13);
        for (unsigned round = 0; round < 20000; round++) {
                char text[1024] = "";
                _cleanup_(edited_done) Edited once = {}, twice = {};
                _cleanup_(legacy_menu_done) LegacyMenu before = {}, after = {};
                _cleanup_free_ char *back = NULL;
                bool lacks_defoptions;

                for (long n = random() % 40; n > 0; n--)
                        strcat(text, pieces[(size_t) random() % ELEMENTSOF(pieces)]);
                edit(text, ours, "", &once);
                edit(once.text, ours, "", &twice);
                assert_string_equal(once.text, twice.text);
                assert_int_equal(legacy_take(once.text, &once.added, &back), 0);
                assert_int_equal(legacy_parse(text, 0, &before), 0);
                assert_int_equal(legacy_parse(once.text, 0, &after), 0);
                lacks_defoptions = after.n_options > before.n_options;
                if (!lacks_defoptions)
                        assert_string_equal(back, text);
                edited += !streq(text, once.text);

                assert_int_equal(before.n, after.n);
                for (size_t i = 0; i < before.n; i++) {
                        const LegacyEntry *old = before.entries + i, *new = after.entries + i;

                        assert_true(streq_null(old->kernel, new->kernel));
                        assert_int_equal(old->rescue, new->rescue);
                        if (!old->kernel || old->rescue)
                                assert_int_equal(old->arguments.words.n, new->arguments.words.n);
                        else {
                                assert_true(kargs_has(&new->arguments, "ptprep.claim=1"));
                                assert_int_equal(old->arguments.words.n + 2, new->arguments.words.n);
                        }
                }
        }
        assert_true(edited > 1000);
}

/* As everywhere: a fallback image is left alone beside another one, and is what boots where nothing else does. */
static void fallback_images_and_rescue_titles(void **state)
{
        static const char menu[] = "timeout 5\ndefault %s\n"
                                   "title  Arch Linux\nroot (hd0,0)\nkernel /vmlinuz26 ro%s\ninitrd /kernel26.img\n"
                                   "title  Arch Linux Fallback\nkernel /vmlinuz26 ro%s\ninitrd /kernel26-fallback.img\n"
                                   "title  Arch Linux RESCUE\nkernel /vmlinuz-archrescue%s\ninitrd /initrd-arch\n";
        static const char added_words[] = " ptprep.claim=1 intel_iommu=on";
        static const struct {
                const char *chosen;
                bool first, fallback, rescue; /* gets the words */
        } rows[] = {
                { "0", true, false, false }, { "1", true, true, false },     { "2", true, false, true },
                { "9", true, false, false }, { "saved", true, false, true },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(kargs_done) Kargs add = words(added_words), none = {};
                _cleanup_(owned_words_done) OwnedWords added = {}, removed = {};
                _cleanup_free_ char *before = NULL, *after = NULL, *seen = NULL;

                assert_true(asprintf(&before, menu, row->chosen, "", "", "") > 0);
                assert_true(asprintf(&after, menu, row->chosen, row->first ? added_words : "",
                                     row->fallback ? added_words : "", row->rescue ? added_words : "") > 0);
                assert_int_equal(legacy_edit(before, 2, &add, &none, &added, &removed, &seen), 0);
                assert_string_equal(seen, after);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_classic_line_gets_the_argument),
                cmocka_unit_test(every_shape_of_a_kernel_line_is_edited),
                cmocka_unit_test(module_lines_hold_the_arguments_below_xen),
                cmocka_unit_test(other_systems_and_rescue_entries_stay),
                cmocka_unit_test(fallback_images_and_rescue_titles),
                cmocka_unit_test(contradictions_go),
                cmocka_unit_test(the_rest_of_a_word_is_not_ours),
                cmocka_unit_test(comments_of_debian_are_configuration),
                cmocka_unit_test(comments_of_debian_lose_contradictions),
                cmocka_unit_test(comments_of_debian_are_made_where_they_lack),
                cmocka_unit_test(the_menu_is_understood),
                cmocka_unit_test(an_open_quote_is_refused),
                cmocka_unit_test(generated_menus_keep_their_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
