/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cannot be told, reached or written in the settings of GRUB, and what is done then. */
#include "grub2-host.h"

/* A contradiction that sits where no text can be cut: refused, and nothing planned. */
static void contradictions_out_of_reach_are_refused(void **state)
{
        static const char *const rows[] = {
                "Y=off\nGRUB_CMDLINE_LINUX=\"iommu=$Y\"\n",
                "GRUB_CMDLINE_LINUX=\"io\"mmu=off\n",
                "Y='a iommu=off'\nGRUB_CMDLINE_LINUX=\"$Y\"\n",
                "GRUB_CMDLINE_LINUX='iommu=\"off,pt\"'\n",
                NORMAL "=\"a\\\"\"\n", /* for the kernel an open quote swallows what is behind it */
        };
        Tree *t = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                host(t, true, *row);
                (void) edit(t, wanted, "iommu=off", -ENOTSUP);
                file_is(t, DEFAULTS, *row);
        }
}

/* 256 single bytes in a word, and what people try: each refused or taken as itself by dash. */
static void hostile_words_never_become_shell(void **state)
{
        static const char *const hostile[] = {
                "a;b",
                "a b",
                "$(touch hit)",
                "`touch hit`",
                "${X}",
                "$X",
                "a\"b",
                "a'b",
                "a\\",
                "a\nb",
                "a\tb",
                "a&b",
                "a|b",
                "a>b",
                "a<b",
                "(a)",
                "{a}",
                "*",
                "?",
                "[a]",
                "~",
                "!a",
                "#a",
                "a#b",
                "a%b",
                "",
                " ",
                "\"",
                "'",
                "\\",
                "a\rb",
                "\xc3\xa4",
                "a^b",
                "-n;",
                "\x7f",
                "a=b;c",
                "x\"; touch hit; \"",
                "x'; touch hit; '",
                "menuentry 'x' {",
                "}",
                "$tuned_params",
                "%s",
                "a\x1b[31m",
        };
        _cleanup_(loader_done) Loader l = {};
        Tree *t = *state;
        unsigned refused = 0;

        host(t, true, NORMAL "=\"quiet\"\n");
        assert_int_equal(loader_grub2.read(t->rfd, &l), 0);
        for (unsigned i = 1; i < 256 + ELEMENTSOF(hostile); i++) {
                char one[4] = { 'a', (char) i, 'b' };
                char *word = i < 256 ? one : (char *) hostile[i - 256];
                const Record record = {};
                const Kargs add = { .words = { .items = &word, .n = 1 } }, none = {};
                _cleanup_(plan_done) Plan p = {};
                int r = loader_edit(
                        &l, &(LoaderEdit){ .check = "iommu.argument", .add = &add, .remove = &none, .record = &record },
                        &p);

                assert_int_equal(r >= 0, karg_is_plain(word));
                if (r < 0) {
                        assert_int_equal(r, -EINVAL);
                        assert_int_equal(p.n, 0);
                        refused++;
                        continue;
                }
                assert_string_equal(p.steps[0].path, OWN);
                tree_file(t, OWN, p.steps[0].file.new_text);
                {
                        _cleanup_free_ char *value = dash_value(t, "set -e", NORMAL);

                        assert_true(startswith(value, "quiet "));
                        assert_string_equal(value + strlen("quiet "), word);
                }
        }
        assert_true(refused >= 200);
        assert_false(exists(t, "/hit"));
}

/* Entries that no setting reaches: those of other systems, and those that somebody wrote into /etc/grub.d. */
static void foreign_entries(void **state)
{
        static const char text[] = "set default=%s\n### BEGIN /etc/grub.d/10_linux ###\n"
                                   "menuentry 'Linux' {\n\tlinux /vmlinuz ro ptprep.claim=1 intel_iommu=on\n}\n"
                                   "### END /etc/grub.d/10_linux ###\n### BEGIN /etc/grub.d/30_os-prober ###\n"
                                   "menuentry 'Other' --id osprober-gnulinux-1 {\n\tlinux /vmlinuz ro\n}\n"
                                   "### END /etc/grub.d/30_os-prober ###\n### BEGIN /etc/grub.d/40_custom ###\n"
                                   "menuentry 'Mine' {\n\tlinux /vmlinuz ro\n}\n"
                                   "### END /etc/grub.d/40_custom ###\n";
        static const struct {
                const char *chosen;
                int result;
        } rows[] = { { "0", 0 }, { "1", 0 }, { "2", -ENOTSUP }, { "Mine", -ENOTSUP } };
        Tree *t = *state;

        host(t, true, NORMAL "=\"ptprep.claim=1 intel_iommu=on\"\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *cfg = NULL;
                _cleanup_(loader_done) Loader l = {};

                assert_true(asprintf(&cfg, text, row->chosen) > 0);
                tree_file(t, CFG, cfg);
                assert_int_equal(edit(t, wanted, "iommu=off", row->result), 0);
                assert_int_equal(loader_grub2.read(t->rfd, &l), 0);
                assert_int_equal(l.n_entries, 3);
                assert_false(l.entries[0].foreign);
                assert_true(l.entries[1].foreign && l.entries[1].rescue);
                assert_true(l.entries[2].foreign && l.entries[2].rescue);
        }
}

/*
 * What only a shell can tell is left to it: ours comes behind, once, and nothing is assigned that nobody assigns. What
 * the generated file then says is looked at when it is there.
 */
static void what_cannot_be_told_is_added_to(void **state)
{
        static const char quiet[] = NORMAL "=\"quiet console=ttyS0\"\n";
        static const struct {
                const char *defaults, *site; /* a drop-in; NULL: none */
                const char *value;
        } rows[] = {
                { quiet, "f() { true; }\n", NULL },
                { quiet, "case a in a) B=1 ;; esac\n", NULL },
                { quiet, "for i in 1 2; do B=$i; done\n", NULL },
                { quiet, ". /dev/null\n", NULL },
                { quiet, "cat <<E\nX=b\nE\n", NULL },
                { quiet, "# " XEN_NORMAL "=\"loud\"\neval B=1\n", NULL },
                { quiet, "if false; then " XEN_NORMAL "=loud; fi\n", NULL },
                { quiet, "eval MY_" XEN_NORMAL "=1 " XEN_NORMAL "_OLD=1\n", NULL },
                { NORMAL "=\"$(echo quiet)\"\n", NULL, "quiet" },
                { NORMAL "=\"`echo quiet`\"\n", NULL, "quiet" },
                { "if true; then " NORMAL "=quiet; fi\n", NULL, "quiet" },
                { quiet, "[ -e /x ] && " NORMAL "=\"$" NORMAL " nomodeset\"\n", NULL },
                { quiet, NORMAL "=\"$" NORMAL " crashkernel=$(echo 1M)\"\n", "quiet console=ttyS0 crashkernel=1M" },
        };
        Tree *t = *state;

        for (unsigned i = 0; i < 2 * ELEMENTSOF(rows); i++) {
                bool drop_ins = i % 2;
                const char *site = rows[i / 2].site, *value = rows[i / 2].value ?: "quiet console=ttyS0";
                _cleanup_free_ char *before = NULL, *xen = NULL, *normal = NULL, *expected = NULL;

                /* without a directory all of it stands in the one file */
                assert_true(asprintf(&before, "%s%s", rows[i / 2].defaults, site && !drop_ins ? site : "") > 0);
                tree_file(t, DROP_INS "50-site.cfg", site && drop_ins ? site : "");
                host(t, drop_ins, before);
                edit_and_settle(t, wanted, "iommu=off");
                xen = dash_value(t, "", XEN_NORMAL);
                normal = dash_value(t, "", NORMAL);
                assert_true(asprintf(&expected, "%s %s", value, wanted) > 0);
                if ((xen && *xen) || !streq_null(normal, expected))
                        fail_msg("%s%s: \"%s\", under Xen \"%s\"", before, site ?: "", normal, xen ?: "(unset)");
                edit_and_settle(t, "", "");
                file_is(t, DEFAULTS, before);
                assert_false(exists(t, OWN));
        }
}

/* What stands behind "--" is not for the kernel. */
static void words_for_init(void **state)
{
        static const struct {
                const char *defaults, *after; /* the file's */
        } rows[] = {
                { NORMAL "=\"quiet -- foo\"\n", NORMAL "=\"quiet ptprep.claim=1 intel_iommu=on -- foo\"\n" },
                { NORMAL "='-- foo'\n", NORMAL "='ptprep.claim=1 intel_iommu=on -- foo'\n" },
                { NORMAL "=\"a -- b\"\n" XEN_NORMAL "=\"c -- d\"\n",
                  NORMAL "=\"a ptprep.claim=1 intel_iommu=on -- b\"\n" XEN_NORMAL
                         "=\"c ptprep.claim=1 intel_iommu=on -- d\"\n" },
        };
        Tree *t = *state;

        for (unsigned i = 0; i < 2 * ELEMENTSOF(rows); i++) {
                host(t, i % 2, rows[i / 2].defaults);
                edit_and_settle(t, wanted, "iommu=off");
                file_is(t, DEFAULTS, rows[i / 2].after);
                assert_false(exists(t, OWN));
                edit_and_settle(t, "", "");
                file_is(t, DEFAULTS, rows[i / 2].defaults);
        }
}

/* Each with the cause that it has. */
static void refusals_say_why(void **state)
{
        static const struct {
                const char *defaults, *reason; /* a part of it */
                bool in_place;
        } rows[] = {
                { NORMAL "=quiet\nGRUB_CMDLINE_LINUX=\"a -- b\"\n", "behind \"--\"", false },
                { NORMAL "=\"$(echo)\"\nGRUB_CMDLINE_LINUX=\"a -- b\"\n", "behind \"--\"", false },
                { "Y=--\n" NORMAL "=\"quiet $Y b\"\n", "behind \"--\"", false },
                { "X=\"iommu=off\"\n" NORMAL "=\"$X quiet\"\n", "iommu=off, in", false },
                { NORMAL "=\"${A:-iommu=off}\"\n", "iommu=off, in", false },
                { NORMAL "=\"io\\\nmmu=off\"\n", "iommu=off, in", false },
                { "GRUB_CMDLINE_LINUX=intel_iommu=on\nGRUB_CMDLINE_LINUX_XEN_REPLACE=a\n",
                  "GRUB_CMDLINE_LINUX_XEN_REPLACE is set", false },
                { NORMAL "=quiet\\", "cannot be changed", true },
                { NORMAL "=\"$(echo quiet)\"\nX=\\", "cannot be changed", true },
                { "X=\\", "cannot be changed", true },
        };
        Tree *t = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const Record record = {};
                _cleanup_(kargs_done) Kargs add = words(wanted), remove = words("iommu=off");
                _cleanup_(loader_done) Loader l = {};
                _cleanup_(plan_done) Plan p = {};
                _cleanup_free_ char *reason = NULL;
                const LoaderEdit want = {
                        .check = "iommu.argument", .add = &add, .remove = &remove, .record = &record, .reason = &reason
                };

                host(t, !row->in_place, row->defaults);
                assert_int_equal(loader_grub2.read(t->rfd, &l), 0);
                assert_int_equal(loader_edit(&l, &want, &p), -ENOTSUP);
                if (!strstr(reason, row->reason))
                        fail_msg("%s: %s", row->defaults, reason);
        }
}

static void hosts_without_grub(void **state)
{
        Loader *loaders = NULL;
        size_t n = 1;
        Tree *t = *state;

        assert_int_equal(loaders_read(t->rfd, &loaders, &n), 0);
        assert_null(loaders);
        assert_int_equal(n, 0);
}

/* grub-mkconfig asks "[ -e ]" before it reads a drop-in. */
static void dangling_drop_in_is_skipped(void **state)
{
        Tree *t = *state;

        host(t, true, NORMAL "=\"quiet\"\n");
        tree_link(t, DROP_INS "50-gone.cfg", "/nowhere.cfg");
        edit_and_settle(t, wanted, "iommu=off");
        dash_says(t, NORMAL, "quiet ptprep.claim=1 intel_iommu=on");
}

/* Each more than anybody writes; the second is long only together with the first. */
static void settings_that_are_too_long(void **state)
{
        static const char line[] = "VARIABLE=1\n";
        _cleanup_free_ char *text = calloc(1, (size_t) 128 * 1024 + sizeof(line));
        Tree *t = *state;

        assert_non_null(text);
        for (char *p = text; p < text + (size_t) 128 * 1024; p += strlen(line))
                strcpy(p, line);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_(loader_done) Loader l = {};

                if (i == 1)
                        text[(size_t) 100 * 1024] = '\0';
                tree_file(t, DROP_INS "50-long.cfg", i == 1 ? text : "");
                host(t, true, text);
                assert_int_equal(loader_grub2.read(t->rfd, &l), 0);
                assert_int_equal(l.readable, TRISTATE_NO);
                assert_int_equal(l.unreadable.n, 1);
                assert_string_equal(l.unreadable.items[0],
                                    i == 1 ? DROP_INS "50-long.cfg: with it, the settings are longer than 128 KiB"
                                           : DEFAULTS ": with it, the settings are longer than 128 KiB");
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TREE_TEST(contradictions_out_of_reach_are_refused),
                TREE_TEST(hostile_words_never_become_shell),
                TREE_TEST(foreign_entries),
                TREE_TEST(what_cannot_be_told_is_added_to),
                TREE_TEST(words_for_init),
                TREE_TEST(refusals_say_why),
                TREE_TEST(hosts_without_grub),
                TREE_TEST(dangling_drop_in_is_skipped),
                TREE_TEST(settings_that_are_too_long),
        };

        if (!dash_path()) {
                printf("SKIPPED: dash is not here\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
