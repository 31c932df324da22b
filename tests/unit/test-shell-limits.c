/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the evaluator does not follow, and where it comes to an end. */
#include "dash.h"
#include "grub/format/shell-assign.h"

/* What has a value before the files are read cannot be told, whatever the judge finds in its own environment. */
static void what_others_have_set_cannot_be_told(void **state)
{
        static const char *const rows[] = {
                "X=$PATH\n",
                "X=\"${HOME:-a}\"\n",
                "X=\"a $GRUB_DEVICE_UUID\"\n",
                "X=$GRUB_FS\n",
                "X=${LC_ALL}\n",
                "X=$x\n",
                "X=\"${datadir}/a\"\n",
                "X=~\n",
                "X=a:~/b\n",
                "X=\"${GRUB_DEVICE+a}\"\n",
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const LoaderFile file = { (char *) "x", (char *) *row, strlen(*row) };
                _cleanup_(shell_state_done) ShellState s = {};
                const LoaderVariable *v;

                assert_int_equal(shell_eval(&file, 1, SHELL_POSIX, &s), 0);
                v = shell_variable(&s, "X");
                if (!v || v->state != VARIABLE_CANNOT_TELL)
                        fail_msg("%s: \"%s\"", *row, v && v->value ? v->value : "(unset)");
        }
}

/* What bash alone knows, and what it does cannot be followed. Elsewhere these are commands that are not found. */
static void what_only_bash_knows(void **state)
{
        static const struct {
                const char *text, *posix; /* of X */
        } rows[] = {
                { "X=a\nsource file\n", "a" },
                { "X=$'a b'\n", "$a b" },
                { "X=$'a\\'b'\n", NULL },
                { "X=$\"a\"\n", "$a" },
                { "X=a; declare X=b\n", "a" },
                { "X=a; typeset X=b\n", "a" },
                { "X=a; printf -v X b\n", "a" },
                { "X=a; let X=5\n", "a" },
                { "X=a; time X=b\n", "a" },
                { "X=a; mapfile X\n", "a" },
                { "function f\n{ X=b; }\nX=a\nf\n", "a" },
                { "X=a; $'unset' X\n", "a" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const LoaderFile file = { (char *) "x", (char *) row->text, strlen(row->text) };

                for (ShellDialect d = SHELL_POSIX; d <= SHELL_BASH; d++) {
                        _cleanup_(shell_state_done) ShellState s = {};
                        const LoaderVariable *v;

                        assert_int_equal(shell_eval(&file, 1, d, &s), 0);
                        v = shell_variable(&s, "X");
                        if (d == SHELL_BASH || !row->posix ? !v || v->state != VARIABLE_CANNOT_TELL
                                                           : !streq_null(v ? v->value : NULL, row->posix))
                                fail_msg("%s, %d: \"%s\"", row->text, (int) d, v && v->value ? v->value : "(unset)");
                }
        }
}

/* Where /bin/sh is bash, "+=" is an assignment. */
static void appended_values(void **state)
{
        static const struct {
                const char *text, *posix, *bash;
        } rows[] = {
                { "X=a\nX+=\" b\"\n", "a", "a b" },
                { "X+=b\n", NULL, "b" },
                { "X=a Y=b\nX+=$Y\n", "a", "ab" },
                { "X=a\nX+=b c=d\n", "a", "ab" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const LoaderFile file = { (char *) "x", (char *) row->text, strlen(row->text) };

                for (ShellDialect d = SHELL_POSIX; d <= SHELL_BASH; d++) {
                        _cleanup_(shell_state_done) ShellState s = {};
                        const LoaderVariable *v;

                        assert_int_equal(shell_eval(&file, 1, d, &s), 0);
                        v = shell_variable(&s, "X");
                        if (!streq_null(v ? v->value : NULL, d == SHELL_BASH ? row->bash : row->posix))
                                fail_msg("%s: \"%s\"", row->text, v ? v->value : "(unset)");
                }
        }
}

static const LoaderVariable *evaluate_text(const char *text, ShellDialect dialect, const char *name, ShellState *ret)
{
        const LoaderFile file = { (char *) "x", (char *) text, strlen(text) };

        assert_int_equal(shell_eval(&file, 1, dialect, ret), 0);
        return shell_variable(ret, name);
}

/* Each line doubles what the one before it has: by the fortieth no memory would do. */
static void doubled_values_come_to_an_end(void **state)
{
        _cleanup_(shell_state_done) ShellState plain = {}, appended = {};
        char text[4096] = "A0=x\n", *p = text + strlen(text);
        const LoaderVariable *v;

        (void) state;
        for (unsigned i = 1; i <= 40; i++)
                p += sprintf(p, "A%u=\"$A%u$A%u\"\n", i, i - 1, i - 1);
        v = evaluate_text(text, SHELL_POSIX, "A10", &plain);
        assert_int_equal(v->state, VARIABLE_KNOWN);
        assert_int_equal(strlen(v->value), 1024);
        assert_int_equal(shell_variable(&plain, "A40")->state, VARIABLE_CANNOT_TELL);
        assert_true(plain.expanded <= SHELL_EXPANSIONS_MAX);

        p = stpcpy(text, "X=y\n");
        for (unsigned i = 0; i < 40; i++)
                p = stpcpy(p, "X+=$X\n");
        v = evaluate_text(text, SHELL_BASH, "X", &appended);
        assert_int_equal(v->state, VARIABLE_CANNOT_TELL);
        assert_true(appended.expanded <= SHELL_EXPANSIONS_MAX);
}

/* What would be looked for in what was assigned before is bounded, so that no time is spent on it. */
static void more_variables_than_anybody_has(void **state)
{
        _cleanup_free_ char *text = malloc((size_t) 32 * SHELL_VARIABLES_MAX);
        _cleanup_(shell_state_done) ShellState few = {}, many = {};
        char *p = text;

        (void) state;
        assert_non_null(text);
        for (unsigned i = 1; i <= SHELL_VARIABLES_MAX; i++)
                p += sprintf(p, "A%u=a\n", i);
        assert_int_equal(evaluate_text(text, SHELL_POSIX, "A1024", &few)->state, VARIABLE_KNOWN);
        strcpy(p, "X=a\nA1=b\n");
        assert_int_equal(evaluate_text(text, SHELL_POSIX, "X", &many)->state, VARIABLE_CANNOT_TELL);
        assert_int_equal(shell_variable(&many, "A1")->state, VARIABLE_CANNOT_TELL);
        assert_int_equal(many.n_variables, SHELL_VARIABLES_MAX);
}

/* What is assigned where only a shell can follow is listed, and not taken for unset. */
static void assignments_behind_what_cannot_be_followed(void **state)
{
        static const struct {
                const char *text;
                unsigned line; /* of X */
        } rows[] = {
                { "f() { echo; }\nX=1\n", 2 },
                { "case a in\n  a) Y=b ;;\nesac\nX=1\n", 4 },
                { "cat <<E\nword\nE\n  export X=1\n", 4 },
                { "X=1\nY=\"never closed\n", 1 },
                { "fi\nX=1", 2 },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(shell_state_done) ShellState s = {};
                const LoaderVariable *v = NULL;

                (void) evaluate_text(row->text, SHELL_POSIX, "X", &s);
                FOREACH_ARRAY(i, s.variables, s.n_variables)
                        if (streq(i->name, "X"))
                                v = i;
                if (!v || v->state != VARIABLE_CANNOT_TELL || v->line != row->line || !streq_null(v->file, "x"))
                        fail_msg("%s: %s", row->text, v ? "listed otherwise" : "not listed");
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(doubled_values_come_to_an_end),
                cmocka_unit_test(more_variables_than_anybody_has),
                cmocka_unit_test(assignments_behind_what_cannot_be_followed),
                cmocka_unit_test(appended_values),
                cmocka_unit_test(what_others_have_set_cannot_be_told),
                cmocka_unit_test(what_only_bash_knows),
        };

        if (!dash_path()) {
                printf("SKIPPED: dash is not here\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
