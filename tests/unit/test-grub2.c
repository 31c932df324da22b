/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub2-host.h"
#include "iommu/rows.h"

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
                TREE_TEST(variables_of_xen),
        };

        if (!dash_path()) {
                printf("SKIPPED: dash is not here\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
