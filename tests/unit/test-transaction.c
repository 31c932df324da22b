/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <sys/stat.h>

#include "model/rollback.h"
#include "model/transaction.h"

static void expect(const char *text, const char *printed, size_t leftovers, size_t kept)
{
        _cleanup_(transaction_done) Transaction t = {};
        _cleanup_free_ char *again = NULL;

        assert_int_equal(transaction_parse(text, &t), 0);
        assert_int_equal(t.leftovers.n, leftovers);
        assert_int_equal(t.n_kept, kept);
        again = transaction_print(&t);
        assert_non_null(again);
        assert_string_equal(again, printed);
}

static void a_list_is_read_as_it_is_written(void **state)
{
        static const char text[] = "kept /boot/grub.cfg.ptprep-old\t/boot/grub.cfg\n/boot/.grub.cfg.ptprep-new\n";
        _cleanup_(transaction_done) Transaction t = {};

        (void) state;
        expect(NULL, "", 0, 0);
        expect("", "", 0, 0);
        expect(text, text, 1, 1);
        assert_int_equal(transaction_parse(text, &t), 0);
        assert_string_equal(t.kept[0].path, "/boot/grub.cfg");
        assert_string_equal(t.kept[0].old_at, "/boot/grub.cfg.ptprep-old");
        assert_string_equal(t.leftovers.items[0], "/boot/.grub.cfg.ptprep-new");
        /* of a later version, cut short */
        expect("kept /boot/grub.cfg.ptprep-old\nlater /x\n\n/a\n/b", "/a\n/b\n", 2, 0);
        expect("kept /a.ptprep-old\t/a\t12:34\nkept /b.ptprep-old\t/b\t-\n",
               "kept /a.ptprep-old\t/a\t12:34\nkept /b.ptprep-old\t/b\t-\n", 0, 2);
}

/* A name may have a tab in it. */
static void what_stood_there_is_told_from_a_name(void **state)
{
        _cleanup_(transaction_done) Transaction t = {};

        (void) state;
        assert_int_equal(transaction_parse("kept /a.ptprep-old\t/a\tb\nkept /a.ptprep-old\t/a\tb\t12:34\n", &t), 0);
        assert_int_equal(t.n_kept, 2);
        assert_string_equal(t.kept[0].path, "/a\tb");
        assert_null(t.kept[0].in_place);
        assert_string_equal(t.kept[1].path, "/a\tb");
        assert_string_equal(t.kept[1].in_place, "12:34");
}

static void what_others_wrote_differs(void **state)
{
        const struct stat st = { .st_size = 1024, .st_mtim.tv_sec = 1700000000 };
        struct stat other = st;
        char buf[IN_PLACE_MAX];

        (void) state;
        assert_false(in_place_differs(NULL, &st) || in_place_differs(NULL, NULL));
        assert_false(in_place_differs(in_place_print(&st, buf), &st));
        assert_true(in_place_differs(buf, NULL));
        other.st_mtim.tv_sec += 1; /* as FAT has it */
        assert_false(in_place_differs(buf, &other));
        other.st_mtim.tv_sec += 60;
        assert_true(in_place_differs(buf, &other));
        other = st;
        other.st_size++;
        assert_true(in_place_differs(buf, &other));
        assert_false(in_place_differs(in_place_print(NULL, buf), NULL));
        assert_true(in_place_differs(buf, &st));
}

static void add(RollBack *r, UndoState state, const char *left)
{
        Undo u = { .state = state };

        if (left)
                assert_int_equal(string_list_add(&u.left, left), 0);
        roll_back_add(r, &u);
}

static void the_worst_step_counts(void **state)
{
        _cleanup_(roll_back_done) RollBack r = {};

        (void) state;
        assert_int_equal(roll_back_outcome(&r), ROLL_BACK_WHOLE);
        add(&r, UNDO_NOTHING, NULL);
        add(&r, UNDO_DONE, NULL);
        assert_int_equal(roll_back_outcome(&r), ROLL_BACK_WHOLE);
        add(&r, UNDO_DONE, "/boot/new");
        add(&r, UNDO_DONE, NULL);
        assert_int_equal(roll_back_outcome(&r), ROLL_BACK_LEFT);
        r.cut = true; /* what is not told may be anything */
        assert_int_equal(roll_back_outcome(&r), ROLL_BACK_FAILED);
        r.cut = false;
        add(&r, UNDO_FAILED, NULL);
        add(&r, UNDO_DONE, NULL);
        assert_int_equal(roll_back_outcome(&r), ROLL_BACK_FAILED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_list_is_read_as_it_is_written),
                cmocka_unit_test(what_stood_there_is_told_from_a_name),
                cmocka_unit_test(what_others_wrote_differs),
                cmocka_unit_test(the_worst_step_counts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
