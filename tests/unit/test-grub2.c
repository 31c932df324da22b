/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dash.h"
#include "loader-edit.h"

#include "grub/loader/loaders.h"
#include "iommu/rows.h"

#define DEFAULTS   "/etc/default/grub"
#define DROP_INS   "/etc/default/grub.d/"
#define OWN        DROP_INS "zz-ptprep.cfg"
#define NORMAL     "GRUB_CMDLINE_LINUX_DEFAULT"
#define XEN_NORMAL "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT"
#define CFG        "/boot/grub/grub.cfg"

static const char sources_drop_ins[] = "set -e\nfor x in ${sysconfdir}/default/grub.d/*.cfg ; do\n  . \"${x}\"\ndone\n";
static const char wanted[] = "ptprep.claim=1 intel_iommu=on";

/* What 10_linux writes, with dash's own opinion of the variables in it. */
static void regenerate(const Tree *t)
{
        _cleanup_free_ char *all = dash_value(t, "", "GRUB_CMDLINE_LINUX"), *normal = dash_value(t, "", NORMAL),
                            *text = NULL;

        assert_true(asprintf(&text,
                             "menuentry 'Linux' --class os $menuentry_id_option 'linux-1' {\n\tlinux\t/vmlinuz-1 "
                             "root=/dev/vda1 ro %s %s\n"
                             "\tinitrd\t/initrd.img-1\n}\nsubmenu 'Advanced options' {\n\tmenuentry 'Linux 1 (recovery "
                             "mode)' {\n"
                             "\t\tlinux\t/vmlinuz-1 root=/dev/vda1 ro single %s\n\t}\n}\n",
                             all ?: "", normal ?: "", all ?: "") > 0);
        tree_file(t, CFG, text);
}

/* Edit, generate, edit again: the second finds nothing to do. */
static void edit_and_settle(const Tree *t, const char *add, const char *remove)
{
        (void) edit(t, add, remove, 0);
        regenerate(t);
        assert_int_equal(edit(t, add, remove, 0), 0);
}

static void host(const Tree *t, bool drop_ins, const char *defaults)
{
        tree_file(t, "/usr/sbin/grub-mkconfig", drop_ins ? sources_drop_ins : "set -e\n");
        tree_file(t, DEFAULTS, defaults);
        regenerate(t);
}

static void dash_says(const Tree *t, const char *name, const char *expected)
{
        _cleanup_free_ char *value = dash_value(t, "set -e", name);

        assert_non_null(value);
        assert_string_equal(value, expected);
}

static void file_is(const Tree *t, const char *path, const char *expected)
{
        _cleanup_free_ char *text = NULL;

        assert_int_equal(root_read_text(t->rfd, path, &text), 0);
        assert_string_equal(text, expected);
}

static bool exists(const Tree *t, const char *path)
{
        struct stat st;

        return root_stat(t->rfd, path, &st) == 0;
}

#define EARLY "GRUB_EARLY_INITRD_LINUX_CUSTOM"

/* The claim image comes behind what others have in front of their images, and goes without a trace. */
static void early_image(const Tree *t, bool drop_ins, const char *defaults, const char *expected)
{
        tree_file(t, DEFAULTS, defaults);
        host(t, drop_ins, defaults);
        edit_in_claim_image = true;
        (void) edit(t, wanted, "", 0);
        dash_says(t, EARLY, expected);
        /* the menu has not got it: to make that anew is all that is left */
        regenerate(t);
        assert_int_equal(edit(t, wanted, "", 0), 1);
        dash_says(t, EARLY, expected);
        edit_in_claim_image = false;
        (void) edit(t, "", "", 0);
        file_is(t, DEFAULTS, defaults);
        assert_false(exists(t, OWN));
}

static void early_image_in_front(void **state)
{
        Tree *t = *state;

        early_image(t, true, NORMAL "=\"quiet\"\n", "ptprep-claim.img");
        early_image(t, true, EARLY "=\"acpi.img tables.img\"\n", "acpi.img tables.img ptprep-claim.img");
        early_image(t, true, EARLY "=$(echo acpi.img)\n", "acpi.img ptprep-claim.img");
}

static void early_image_without_drop_ins(void **state)
{
        Tree *t = *state;

        early_image(t, false, NORMAL "=\"quiet\"\n", "ptprep-claim.img");
        early_image(t, false, EARLY "='acpi.img'\n", "acpi.img ptprep-claim.img");
}

static void drop_in_comes_and_goes(void **state)
{
        static const char defaults[] = "GRUB_DEFAULT=0\n" NORMAL "=\"quiet\"\nGRUB_CMDLINE_LINUX=\"intel_iommu=off\"\n";
        Tree *t = *state;

        host(t, true, defaults);
        edit_and_settle(t, wanted, "iommu=off");
        file_is(t, DEFAULTS, defaults);
        dash_says(t, NORMAL, "quiet ptprep.claim=1 intel_iommu=on");
        dash_says(t, "GRUB_CMDLINE_LINUX", "intel_iommu=off"); /* the last one counts */
        edit_and_settle(t, "", "");
        assert_false(exists(t, OWN));
        file_is(t, DEFAULTS, defaults);
        dash_says(t, NORMAL, "quiet");
}

static void drop_in_without_the_variable(void **state)
{
        Tree *t = *state;

        host(t, true, "GRUB_DEFAULT=0\n");
        edit_and_settle(t, wanted, "iommu=off");
        dash_says(t, NORMAL, wanted);
        file_is(t, DEFAULTS, "GRUB_DEFAULT=0\n");
}

static void drop_in_sorts_last(void **state)
{
        static const char *const others[] = { "50-cloudimg-settings.cfg", "zz-other.cfg", "zz-ptprepa.cfg", "zzz.cfg",
                                              "zzzz-last.cfg" };
        Tree *t = *state;

        host(t, true, NORMAL "=quiet\n");
        FOREACH_ARRAY(o, others, ELEMENTSOF(others)) {
                _cleanup_free_ char *path = NULL, *text = NULL, *expected = NULL;

                assert_true(asprintf(&path, DROP_INS "%s", *o) > 0);
                assert_true(asprintf(&text, NORMAL "=\"by %s\"\n", *o) > 0);
                assert_true(asprintf(&expected, "by %s %s", *o, wanted) > 0);
                tree_file(t, path, text);
                regenerate(t);
                edit_and_settle(t, wanted, "iommu=off");
                dash_says(t, NORMAL, expected);
        }
        edit_and_settle(t, "", "");
        dash_says(t, NORMAL, "by zzzz-last.cfg");
        {
                _cleanup_(string_list_done) StringList names = {};

                assert_int_equal(root_list(t->rfd, DROP_INS, ".cfg", &names), 0);
                assert_int_equal(names.n, ELEMENTSOF(others)); /* none of ours is left, whatever it was called */
        }
}

static void present_arguments_are_respected(void **state)
{
        static const struct {
                const char *defaults, *expected; /* of the normal variable */
        } rows[] = {
                { NORMAL "=\"intel_iommu=on\"\n", "intel_iommu=on ptprep.claim=1" },
                { NORMAL "=\"intel_iommu=on,sm_on quiet\"\n", "intel_iommu=on,sm_on quiet ptprep.claim=1" },
                { "GRUB_CMDLINE_LINUX=\"intel_iommu=on\"\n" NORMAL "=\"\"\n", "ptprep.claim=1" },
                { "GRUB_CMDLINE_LINUX=\"intel_iommu=on\"\n" NORMAL "=\"intel_iommu=off\"\n",
                  "intel_iommu=off ptprep.claim=1 intel_iommu=on" },
                { "GRUB_DISTRIBUTOR=`lsb_release`\n" NORMAL "=\"intel_iommu=on\"\n", "intel_iommu=on ptprep.claim=1" },
                { "GRUB_CMDLINE_LINUX=`true`\n" NORMAL "=\"intel_iommu=on\"\n", "intel_iommu=on ptprep.claim=1" },
        };
        Tree *t = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *value = NULL;

                tree_directory(t, DROP_INS);
                if (exists(t, OWN))
                        assert_int_equal(root_file_remove(t->rfd, OWN), 0);
                host(t, true, row->defaults);
                edit_and_settle(t, wanted, "iommu=off");
                value = dash_value(t, "", NORMAL);
                if (!streq_null(value, row->expected))
                        fail_msg("%s: \"%s\"", row->defaults, value);
        }
}

static void nothing_to_do_is_nothing_done(void **state)
{
        Tree *t = *state;

        host(t, true, NORMAL "=\"quiet ptprep.claim=1 intel_iommu=on\"\n");
        assert_int_equal(edit(t, wanted, "iommu=off", 0), 0);
        host(t, true, NORMAL "=\"quiet\"\n");
        assert_int_equal(edit(t, "", "", 0), 0);
        assert_int_equal(edit(t, "", "iommu=off", 0), 0);
}

/* Sources are right, but nobody has run mkconfig since. */
static void stale_generated_file_is_made_anew(void **state)
{
        Tree *t = *state;

        host(t, true, NORMAL "=\"quiet\"\n");
        assert_int_equal(edit(t, wanted, "iommu=off", 0), 2);
        assert_int_equal(edit(t, wanted, "iommu=off", 0), 1);
        regenerate(t);
        assert_int_equal(edit(t, wanted, "iommu=off", 0), 0);
}

/* To the byte, where no drop-in directory is sourced. NULL: appended to the text as it stands. */
static void in_place_edits(void **state)
{
        static const struct {
                const char *before, *after, *value;
        } rows[] = {
                { NORMAL "=\"quiet\"\n", NORMAL "=\"quiet ptprep.claim=1 intel_iommu=on\"\n",
                  "quiet ptprep.claim=1 intel_iommu=on" },
                { NORMAL "='quiet splash'\n", NORMAL "='quiet splash ptprep.claim=1 intel_iommu=on'\n",
                  "quiet splash ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=\"\"\n", NORMAL "=\"ptprep.claim=1 intel_iommu=on\"\n", wanted },
                { NORMAL "=\n", NULL, wanted },
                { NORMAL "=quiet\n", NULL, "quiet ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=quiet", NULL, "quiet ptprep.claim=1 intel_iommu=on" },
                { "# first\n" NORMAL "=\"quiet\" # why\nGRUB_TIMEOUT=5\n",
                  "# first\n" NORMAL "=\"quiet ptprep.claim=1 intel_iommu=on\" # why\nGRUB_TIMEOUT=5\n",
                  "quiet ptprep.claim=1 intel_iommu=on" },
                { "#" NORMAL "=\"no\"\n" NORMAL "=\"a\"\n" NORMAL "=\"b\"\n#" NORMAL "=\"no\"\n",
                  "#" NORMAL "=\"no\"\n" NORMAL "=\"a\"\n" NORMAL "=\"b ptprep.claim=1 intel_iommu=on\"\n#" NORMAL
                  "=\"no\"\n",
                  "b ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=\"a \\\n  b\"\n", NORMAL "=\"a \\\n  b ptprep.claim=1 intel_iommu=on\"\n",
                  "a   b ptprep.claim=1 intel_iommu=on" },
                { "GRUB_TIMEOUT=5\n", NULL, wanted },
                { "GRUB_TIMEOUT=5", NULL, wanted },
                { "", NULL, wanted },
                { NORMAL "=\"a\"'b'\n", NULL, "ab ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=\"a b\"c\n", NULL, "a bc ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=a\\ b\n", NULL, "a b ptprep.claim=1 intel_iommu=on" },
                { NORMAL "='a'\"b\"\n", NULL, "ab ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=\"a\" # no newline at the end", NULL, "a ptprep.claim=1 intel_iommu=on" },
                { "Y=z\n" NORMAL "=$Y\n", NULL, "z ptprep.claim=1 intel_iommu=on" },
                { "if true; then\n" NORMAL "=a\nelse\n" NORMAL "=b\nfi\n", NULL, "a ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=a\nunset " NORMAL "\n", NULL, wanted },
                { NORMAL "=\"$(echo a)\"\n", NULL, "a ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=`echo a`\n", NULL, "a ptprep.claim=1 intel_iommu=on" },
        };
        Tree *t = *state;
        unsigned wrong = 0;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *value = NULL, *text = NULL;

                host(t, false, row->before);
                edit_and_settle(t, wanted, "iommu=off");
                value = dash_value(t, "set -e", NORMAL);
                assert_int_equal(root_read_text(t->rfd, DEFAULTS, &text), 0);
                if (streq_null(value, row->value) && (!row->after || streq(text, row->after)))
                        continue;
                print_error("\"%s\" became \"%s\", for dash \"%s\"\n", row->before, text, value ?: "(unset)");
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

/* The evaluator stops there, dash goes on: what was appended behind it is known from the record. */
static void an_edit_behind_a_case_is_made_once(void **state)
{
        static const char before[] = "if true; then\n" NORMAL "=a\nfi\ncase a in b) X=1 ;; esac\n";
        Tree *t = *state;

        host(t, false, before);
        edit_and_settle(t, wanted, "iommu=off");
        dash_says(t, NORMAL, "a ptprep.claim=1 intel_iommu=on");
        edit_and_settle(t, "", "");
        file_is(t, DEFAULTS, before);
}

static void contradictions_are_taken_out(void **state)
{
        static const struct {
                const char *defaults, *all, *normal;
        } rows[] = {
                { "GRUB_CMDLINE_LINUX=\"iommu=off\"\n", "", wanted },
                { "GRUB_CMDLINE_LINUX=\"a iommu=off b\" # iommu=off\n", "a b", wanted },
                { "GRUB_CMDLINE_LINUX='iommu=off b'\n" NORMAL "=\"x iommu=off\"\n", "b",
                  "x ptprep.claim=1 intel_iommu=on" },
                { "GRUB_CMDLINE_LINUX=iommu=off\n", "", wanted },
                { "GRUB_CMDLINE_LINUX=\"a iommu=off iommu=off\"\n", "a", wanted },
                { "GRUB_CMDLINE_LINUX=\"a iommu=offset\"\n", NULL, NULL }, /* the kernel compares by prefix */
                { "GRUB_CMDLINE_LINUX=\"a iommu=pt,off b\"\n", "a iommu=pt b", wanted },
                { "GRUB_CMDLINE_LINUX=\"a iommu=off,pt\"\n", "a iommu=pt", wanted },
                { "GRUB_CMDLINE_LINUX=\"a \\\niommu=off \\\nb\"\n", NULL, wanted },
                { "GRUB_CMDLINE_LINUX=\"a\\\n iommu=off\\\n b\"\n", NULL, wanted },
                { "GRUB_CMDLINE_LINUX=\"intel_iommu=off amd_iommu=off\"\n", "intel_iommu=off amd_iommu=off", wanted },
        };
        Tree *t = *state;
        unsigned wrong = 0;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *all = NULL, *normal = NULL;
                _cleanup_(kargs_done) Kargs k = {};

                host(t, true, row->defaults);
                (void) edit(t, wanted, "iommu=off", 0);
                regenerate(t);
                (void) edit(t, wanted, "iommu=off", 0);
                all = dash_value(t, "set -e", "GRUB_CMDLINE_LINUX");
                normal = dash_value(t, "set -e", NORMAL);
                k = words(all ?: "");
                if (iommu_argument(&k, &iommu_intel, NULL) != IOMMU_ARGUMENT_KILL &&
                    (!row->all || streq_null(all, row->all)) && (!row->normal || streq_null(normal, row->normal)))
                        continue;
                print_error("\"%s\" became \"%s\" and \"%s\"\n", row->defaults, all ?: "(unset)", normal ?: "(unset)");
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

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

/* In entries under Xen other variables can stand for the two. */
static void variables_of_xen(void **state)
{
        static const struct {
                const char *defaults;
                bool refused;
                const char *xen; /* GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT after the edit */
        } rows[] = {
                { NORMAL "=quiet\n", false, NULL },
                { NORMAL "=quiet\n" XEN_NORMAL "=\"\"\n", false, "" },
                { NORMAL "=quiet\n" XEN_NORMAL "=\"loud\"\n", false, "loud ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=quiet\n" XEN_NORMAL "='loud iommu=off'\n", false, "loud ptprep.claim=1 intel_iommu=on" },
                { NORMAL "=quiet\n" XEN_NORMAL "=\"intel_iommu=on\"\n", false, "intel_iommu=on ptprep.claim=1" },
                { "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"console=hvc0\"\n", false, NULL },
                { "GRUB_CMDLINE_LINUX=\"intel_iommu=on\"\nGRUB_CMDLINE_LINUX_XEN_REPLACE=\"console=hvc0\"\n", true,
                  NULL },
        };
        Tree *t = *state;

        for (unsigned i = 0; i < 2 * ELEMENTSOF(rows); i++) {
                bool drop_ins = i % 2;
                _cleanup_free_ char *value = NULL, *normal = NULL, *text = NULL;

                host(t, drop_ins, rows[i / 2].defaults);
                if (rows[i / 2].refused) {
                        (void) edit(t, wanted, "iommu=off", -ENOTSUP);
                        continue;
                }
                edit_and_settle(t, wanted, "iommu=off");
                value = dash_value(t, "", XEN_NORMAL);
                if (!streq_null(value, rows[i / 2].xen))
                        fail_msg("%s: \"%s\"", rows[i / 2].defaults, value);
                normal = dash_value(t, "", NORMAL);
                assert_non_null(strstr(normal, "ptprep.claim=1"));
                edit_and_settle(t, "", "");
                assert_int_equal(root_read_text(t->rfd, DEFAULTS, &text), 0);
                assert_string_equal(text, rows[i / 2].defaults);
                assert_false(exists(t, OWN));
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
                TREE_TEST(early_image_in_front),
                TREE_TEST(early_image_without_drop_ins),
                TREE_TEST(drop_in_comes_and_goes),
                TREE_TEST(drop_in_without_the_variable),
                TREE_TEST(drop_in_sorts_last),
                TREE_TEST(present_arguments_are_respected),
                TREE_TEST(nothing_to_do_is_nothing_done),
                TREE_TEST(stale_generated_file_is_made_anew),
                TREE_TEST(in_place_edits),
                TREE_TEST(an_edit_behind_a_case_is_made_once),
                TREE_TEST(contradictions_are_taken_out),
                TREE_TEST(contradictions_out_of_reach_are_refused),
                TREE_TEST(hostile_words_never_become_shell),
                TREE_TEST(foreign_entries),
                TREE_TEST(variables_of_xen),
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
