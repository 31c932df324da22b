/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "apply/apply.h"
#include "core/plan-text.h"
#include "tree.h"

#define VFS      "/sys/devices/pci0000:00/0000:00:04.0/sriov_numvfs"
#define OVERRIDE "/sys/devices/pci0000:00/0000:00:04.0/driver_override"
#define BIND     "/sys/bus/pci/drivers_probe"

static void expect(const Tree *t, const char *path, const char *text)
{
        _cleanup_free_ char *s = NULL;

        assert_int_equal(root_read_text(t->rfd, path, &s), 0);
        assert_string_equal(s, text);
}

static void attributes(const Tree *t, Plan *p)
{
        tree_file(t, VFS, "0\n");
        tree_file(t, OVERRIDE, "(null)\n");
        tree_file(t, BIND, "");
        assert_non_null(plan_add_attribute(p, "device.present", VFS, "4", "0"));
        assert_non_null(plan_add_attribute(p, "device.driver", OVERRIDE, "vfio-pci", "\n"));
        assert_non_null(plan_add_attribute(p, "device.driver", BIND, "0000:00:04.0", NULL));
}

static int apply(const Tree *t, const Plan *p, ApplyResult *ret)
{
        return apply_plan(&(const ApplyOptions){ .rfd = t->rfd }, p, ret);
}

static void values_are_written(void **state)
{
        Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        _cleanup_(apply_result_done) ApplyResult result = {};
        _cleanup_(string_list_done) StringList names = {};

        attributes(t, &p);
        assert_int_equal(apply(t, &p, &result), 0);
        assert_int_equal(result.n_done, 3);
        expect(t, VFS, "4");
        expect(t, OVERRIDE, "vfio-pci");
        expect(t, BIND, "0000:00:04.0");
        /* the kernel would make no file there */
        assert_int_equal(root_list(t->rfd, "/sys/bus/pci", NULL, &names), 0);
        assert_int_equal(names.n, 1);
}

/* What is left to be done is not: those before are written back, the last one first, and what set something off is not.
 */
static void values_are_written_back(void **state)
{
        Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        _cleanup_(apply_result_done) ApplyResult result = {};
        const RollBack *back = &result.roll_back;

        attributes(t, &p);
        assert_non_null(plan_add_attribute(&p, "device.driver", "/sys/none", "1", "0"));
        assert_int_equal(apply(t, &p, &result), -ENOENT);
        assert_non_null(strstr(result.failure, "did not take \"1\" in /sys/none: No such file"));
        assert_null(strchr(result.failure, ';')); /* no advice for what nobody knows */
        expect(t, VFS, "0");
        expect(t, OVERRIDE, "\n");
        expect(t, BIND, "0000:00:04.0");
        assert_int_equal(back->n, 4);
        assert_string_equal(back->items[0].path, "/sys/none");
        assert_int_equal(roll_back_outcome(back), ROLL_BACK_WHOLE);
        assert_int_equal(back->items[0].state, UNDO_NOTHING);
        assert_int_equal(back->items[1].state, UNDO_NOTHING);
        assert_int_equal(back->items[2].state, UNDO_DONE);
        assert_string_equal(back->items[3].path, VFS);
        assert_int_equal(back->items[3].state, UNDO_DONE);
}

/* What the kernel means by an error is told, where the attribute is known. */
static void the_error_of_a_known_attribute_is_explained(void **state)
{
        const Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        _cleanup_(apply_result_done) ApplyResult result = {};

        assert_non_null(plan_add_attribute(&p, "device.vfs", VFS, "4", "0"));
        assert_int_equal(apply(t, &p, &result), -ENOENT);
        assert_non_null(strstr(result.failure, "No such file or directory; its driver makes no virtual functions"));
}

static void a_value_that_did_not_change_stays(void **state)
{
        Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        _cleanup_(apply_result_done) ApplyResult result = {};

        tree_file(t, VFS, "0\n");
        assert_non_null(plan_add_attribute(&p, "device.present", VFS, "0", "0"));
        assert_non_null(plan_add_attribute(&p, "device.driver", "/sys", "1", NULL));
        assert_int_equal(apply(t, &p, &result), -EISDIR);
        assert_int_equal(roll_back_outcome(&result.roll_back), ROLL_BACK_WHOLE);
        assert_int_equal(result.roll_back.items[1].state, UNDO_NOTHING);
}

static void a_dry_run_tells_the_value(void **state)
{
        Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        Printer printer = {};

        attributes(t, &p);
        printer.out = open_memstream(&text, &size);
        assert_non_null(printer.out);
        assert_int_equal(plan_text(&printer, &p), 0);
        assert_int_equal(fclose(printer.out), 0);
        assert_string_equal(text,
                            "# set " VFS " to 4\n# set " OVERRIDE " to vfio-pci\n# set " BIND " to 0000:00:04.0\n");
}

/* A command can be given to a shell as it is printed. */
static void a_dry_run_quotes_words(void **state)
{
        static const char *const words[] = { "grubby", "--args=a=b", "it's", "", "two words", "$HOME", "a'''b" };
        static const Kargs none = {};
        _cleanup_(plan_done) Plan p = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        Printer printer = {};
        CommandStep *s = plan_add_command(&p, "boot.argument", "/x", LOADER_BLS, &none, &none);

        (void) state;
        assert_non_null(s);
        FOREACH_ARRAY(w, words, ELEMENTSOF(words))
                assert_int_equal(string_list_add(&s->argv, *w), 0);
        printer.out = open_memstream(&text, &size);
        assert_non_null(printer.out);
        assert_int_equal(plan_text(&printer, &p), 0);
        assert_int_equal(fclose(printer.out), 0);
        assert_string_equal(text, "# run grubby --args=a=b 'it'\\''s' '' 'two words' '$HOME' 'a'\\'''\\'''\\''b'\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(values_are_written),
                TREE_TEST(values_are_written_back),
                TREE_TEST(the_error_of_a_known_attribute_is_explained),
                TREE_TEST(a_value_that_did_not_change_stays),
                TREE_TEST(a_dry_run_tells_the_value),
                cmocka_unit_test(a_dry_run_quotes_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
