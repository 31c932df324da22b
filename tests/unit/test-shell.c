/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dash.h"

#include "grub/format/shell-assign.h"

#define DEFAULTS "/etc/default/grub"
#define DROP_INS "/etc/default/grub.d/"

/*
 * What the evaluator says about X after a text, with dash as the judge. A value that it cannot tell is never wrong, so
 * rows in which it may give up are marked; where it tells a value, or that there is none, dash has to agree.
 */
static const struct {
        const char *text;
        bool may_give_up;
} snippets[] = {
        { "", false },
        { "X=", false },
        { "X=a", false },
        { "X=a\n", false },
        { "X=a b=c\n", false },
        { "X=\"a b\"\n", false },
        { "X='a b'\n", false },
        { "X='a \\ \"$Y\" `z`'\n", false },
        { "X=\"it's\"\n", false },
        { "X=a\"b c\"'d e'f\n", false },
        { "X=\"a\\\"b\\$c\\`d\\\\e\\f\"\n", false },
        { "X=a\\ b\\\"c\\$d\n", false },
        { "X=\"a \\\nb \\\nc\"\n", false },
        { "X=a\\\nb\n", false },
        { "X=\"a\nb\"\n", false },
        { "X=\"a\"   \n", false },
        { "X=\"a\" # comment\n", false },
        { "X=a#b\n", false },
        { "X=a #b\n", false },
        { "#X=a\n", false },
        { "# a comment that ends in a backslash \\\nX=a\n", false },
        { "  X=a\n\t Y=b\n", false },
        { "X=a;X=b\n", false },
        { "X=a ; Y=b ; X=$Y\n", false },
        { "Y=b; X=$Y-c\n", false },
        { "Y=b; X=${Y}c\n", false },
        { "Y=b; X=\"${Y}\"\n", false },
        { "X=${Y}\n", false },
        { "X=\"$Y $Z\"\n", false },
        { "X=a; X=\"$X b\"; X=\"$X c\"\n", false },
        { "X=a Y=$X; X=$Y\n", true },
        { "X=\"${Y:-b c}\"\n", false },
        { "X=\"${Y-b}\"\n", false },
        { "Y=; X=\"${Y-b}\"\n", false },
        { "Y=; X=\"${Y:-b}\"\n", false },
        { "Y=1; X=\"${Y:+b}\"\n", false },
        { "Y=; X=\"${Y:+b}\"\n", false },
        { "Y=; X=\"${Y+b}\"\n", false },
        { "X=\"${X:+$X }new\"\n", false },
        { "X=old; X=\"${X:+$X }new\"\n", false },
        { "X=${Y:-\"a b\"}\n", true },
        { "X=\"${Y:-'a'}\"\n", true },
        { "X=${Y:-${Z:-q}}\n", true },
        { "Y=abcd; X=${Y#ab}\n", true },
        { "Y=abcd; X=${#Y}\n", true },
        { ": ${X:=a}\n", true },
        { "X=a$\n", false },
        { "X=\"a$ b\"\n", false },
        { "X=$'a'\n", false },
        { "X=$1\n", true },
        { "X=$$\n", true },
        { "X=$((1 + 2))\n", true },
        { "X=$(echo a)\n", true },
        { "X=`echo a`\n", true },
        { "X=\"a $(echo ')' b) c\"\n", true },
        { "Y=$(echo a); X=b\n", false },
        { "Y=`sed 's, .*$,,g'`; X=b\n", false },
        { "Y=\"$(sed 's, release .*$,,g' /etc/system-release)\"; X=\"b c\"\n", false },
        { "X=a env\n", false },
        { "X=a Y=b env; X=$X$Y\n", false },
        { "X=\"a\" b=c word d=e\n", false },
        { "X = 5\n", false },
        { "X =5\n", false },
        { "X= 5\n", false },
        { "X=a\nX+=b\n", false },
        { "X=a\nX+=\" b\"\n", false },
        { "export X=a\n", false },
        { "export X=\"a b\"\n", false },
        { "X=a\nexport X\n", false },
        { "X=a\nunset X\n", false },
        { "X=a\nunset Y\n", false },
        { "X=a; export Y=\"$X b\"; X=$Y\n", false },
        { "X=a && X=b\n", true },
        { "X=a || X=b\n", true },
        { "false && X=b\n", true },
        { "X=a; false || X=b\n", true },
        { "X=a & wait\n", true },
        { "X=a | cat\n", true },
        { "X=a; true | X=b\n", true },
        { "if true; then X=a; fi\n", true },
        { "X=a; if false; then X=b; fi\n", true },
        { "X=a; if false; then :; else X=c; fi\n", true },
        { "for X in a b; do :; done\n", true },
        { "X=a; for i in 1 2; do X=$X$i; done\n", true },
        { "case a in a) X=1 ;; b) X=2 ;; esac\n", true },
        { "case a in if) X=1 ;; a) X=2;; esac\nY=$X\nX=z\n", true },
        { "X=a; (X=b)\n", true },
        { "{ X=a; }\n", true },
        { "f() { X=a; }\nf\n", true },
        { "X=a; f() { X=b; }\n", true },
        { "f() { X=1; }; X=2; f\n", true },
        { "X=a; f() { unset X; }; f\n", true },
        { "while false; do X=a; done\nX=b\n", true },
        { "! X=a\n", true },
        { "X=a\nsource file\n", false },
        { "X=a\neval X=b\n", true },
        { "eval X=b\n", true },
        { "Y=1; eval X=b\n", true },
        { "X=a\nread X\n", true },
        { "read X < /dev/null\n", true },
        { "X=a :\n", true },
        { "X=a export Y=1\n", true },
        { "X=a unset Y\n", true },
        { "E=; X=a $E\n", true },
        { "X=a > out\n", true },
        { "X=~\n", true },
        { "X=a:~\n", true },
        { "X=\"~\"\n", false },
        { "X={a\n", false },
        { "X=a}\n", false },
        { "X=[a]*?\n", false },
        { "X=a=b=c\n", false },
        { "X=\"a=b \"c\n", false },
        { "X=\"unterminated\n", true },
        { "X=b\nY='unterminated\n", true },
        { "X=`unterminated\n", true },
        { "X=${unterminated\n", true },
        { "X=a\nfi\n", true },
        { "X=a)\n", true },
        { "X=a\n}\n", true },
        { "X=a\ncat <<EOF\nX=b\nEOF\n", true },
        { "X=a\r\n", false },
        { "X=\"a\"\r\nY=b\r\n", false },
        { "X=\"\xc3\xa4\"\n", false },
        { "'X'=a\n", false },
        { "X\\=a\n", false },
        { "\"X=a\"\n", false },
        { "1X=a\n", false },
        { "X1=a; X=$X1\n", false },
        { "X=a\nreturn\nX=b\n", true },
        { "readonly X=a\n", false },
        { "readonly X=a\nX=b\n", true },
        { "X=\"a\" Y=\"b\"\n", false },
        { "X=a;;\n", true },
        { "X=a\nreadonly\n", false },
        { "alias Y=X=b\n", true },
        { "X=a; command eval X=b\n", true },
        { "X=a; set -- X=b\n", false },
        { "X=a; trap X=b 0\n", true },
        { "if X=a; then :; fi\n", true },
        { "X=a\nX=b true && Y=1\n", false },
        { "Y=\"a b\"; X=$Y\n", false },
        { "Y=\"a b\"; export X=$Y\n", true },
        { "Y=\"a  *\"; X=$Y\n", false },
        { "X=\"a\tb\"\n", false },
        { "\n\n\nX=a", false },
        { "X='a\nb'\n", false },
        { "X=a\\\n\n", false },
        { "X=\\\na\n", false },
        { "X=\"\\\na\"\n", false },
        { "X\\\n=a\n", true },
        { "X=\"${Y:-\\}}\"\n", true },
        { "X=\"`echo \"a\"`\"\n", true },
        { "X=\"$(echo \"a\")\"\n", true },
        { "X=a; Y='unset X'; $Y\n", true },
        { "X=a; Y='unset X'; \"$Y\" b\n", true },
        { "X=a; Y=X=b; export $Y\n", true },
        { "X=a; export \"X=b\"\n", true },
        { "X=a; readonly X\\=b\n", true },
        { "X=a; Y=X; unset $Y\n", true },
        { "X=a; unset -f X\n", false },
        { "X=a; false && unset X\n", true },
        { "X=a; unset X | cat\n", true },
        { "X=a; : $((X=5))\n", true },
        { "X=a Y=$((X=5))\n", true },
        { "X= Y=${X:=b}\n", true },
        { "X=; Y=${Z:-${X:=b}}\n", true },
        { "X=; Y=${HOME:-${X:=b}}\n", true },
        { "$Y X=a\n", true },
        { "X=a; $Y X=b\n", true },
        { "alias p='X=b'\nX=a\np\n", true },
        { "f()\n{ X=b; }\nX=a\nf\n", true },
        { "X=a; local X=b\n", true },
        { "X=a\\", false },
        { "X=\"a\"\\", false },
        { "X=a\\\\", false },
        { "X=$PATH\n", true },
        { "X=\"${HOME:-a}\"\n", true },
        { "X=$GRUB_DEVICE_UUID\n", true },
        { "X=\"$GRUB_DISTRIBUTOR\"a\n", false },
        { "HOME=a; X=$HOME\n", false },
        { "HOME=/a; X=~\n", true },
        { "Y=b; X=$\\\nY\n", true },
        { "Y=b; Yc=d; X=$Y\\\nc\n", true },
        { "X=a; : $(\\\n(X=5))\n", true },
        { "X=; : ${X\\\n:=b}\n", true },
        { "X=a\ncat <\\\n<E\nX=b\nE\n", true },
        { "X=\"${Y:-it's}\"\n", false },
        { "X=\"${Y-Ann's host}\"\n", false },
        { "Y=\"${Z:-Ann's}\"\nX=b\nV=\"${Z:-Ann's}\"\n", false },
        { "Y=x; X=\"${Y:-'}'}\"\n", false },
        { "Y=x; X=\"${Y:+a'b}\"'c'\n", false },
        { "X=\"${Y:-{}\"\n", false },
        { "X=${Y:-'}'}; Y=b\n", true },
        { "X=${Y:-\"}\"}; Y=b\n", true },
        { "Y=a; X=b\"${Y#'}'}\"\n", true },
        { "X=\"${Y:-${Z:-it's}}\"\nY=b\n", true },
        { "X=\"${Y:-\"a b\"}\"; Y='c'\n", true },
        { "X=b; Y=\"${Z:-\"it's\"}\"; X='c'\n", true },
        { "if true; then\nfi\nX=a\n", true },
        { "if\nthen X=a; fi\nX=b\n", true },
};

static const LoaderVariable *evaluate(const Tree *t, const char *name, ShellState *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        LoaderFile files[16] = {};
        size_t n = 0;

        if (root_read_text(t->rfd, DEFAULTS, &files[0].text) >= 0)
                files[n++].path = strdup(DEFAULTS);
        if (root_list(t->rfd, DROP_INS, ".cfg", &names) >= 0)
                FOREACH_ARRAY(i, names.items, names.n) {
                        assert_true(n < ELEMENTSOF(files));
                        assert_true(asprintf(&files[n].path, DROP_INS "%s", *i) > 0);
                        assert_int_equal(root_read_text(t->rfd, files[n].path, &files[n].text), 0);
                        n++;
                }
        for (size_t i = 0; i < n; i++)
                files[i].size = strlen(files[i].text);
        assert_int_equal(shell_eval(files, n, SHELL_POSIX, ret), 0);
        for (size_t i = 0; i < n; i++) {
                free(files[i].path);
                free(files[i].text);
        }
        return shell_variable(ret, name);
}

static void evaluator_agrees_with_dash(void **state)
{
        Tree *t = *state;
        unsigned wrong = 0;

        FOREACH_ARRAY(row, snippets, ELEMENTSOF(snippets)) {
                _cleanup_(shell_state_done) ShellState s = {};
                _cleanup_free_ char *judge = NULL;
                const LoaderVariable *v;

                tree_file(t, DEFAULTS, row->text);
                judge = dash_value(t, "", "X");
                v = evaluate(t, "X", &s);
                if (v && v->state == VARIABLE_CANNOT_TELL ? row->may_give_up : streq_null(v ? v->value : NULL, judge))
                        continue;
                print_error("row %zu \"%s\": dash says %s, the evaluator %s\n", (size_t) (row - snippets), row->text,
                            judge ?: "(unset)",
                            v && v->state == VARIABLE_CANNOT_TELL ? "(cannot tell)"
                            : v && v->value                       ? v->value
                                                                  : "(unset)");
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

/* Texts of these pieces, put together at random. Returns in how many of them a value was told, and dash agreed. */
static unsigned agree_on_generated(const Tree *t, const char *before, const char *const *pieces, size_t n_pieces,
                                   const char *behind)
{
        uint32_t seed = 7;
        unsigned told = 0;

        for (unsigned round = 0; round < 1500; round++) {
                _cleanup_(shell_state_done) ShellState s = {};
                _cleanup_free_ char *judge = NULL;
                char text[512];
                const LoaderVariable *v;

                strcpy(text, before);
                for (unsigned i = 0; i < 2 + round % 9; i++) {
                        seed = seed * 1664525 + 1013904223;
                        strcat(text, pieces[(seed >> 16) % n_pieces]);
                }
                strcat(text, behind);
                tree_file(t, DEFAULTS, text);
                v = evaluate(t, "X", &s);
                if (s.broken || (v && v->state == VARIABLE_CANNOT_TELL))
                        continue;
                judge = dash_value(t, "", "X");
                told += v && v->value;
                if (!streq_null(v ? v->value : NULL, judge))
                        fail_msg("\"%s\": dash says %s, the evaluator %s", text, judge ?: "(unset)",
                                 v && v->value ? v->value : "(unset)");
        }
        return told;
}

/* Known values are right whatever the pieces are and however they are put together. */
static void evaluator_is_right_about_generated_texts(void **state)
{
        static const char *const pieces[] = {
                "X=a\n",
                "Y=\"b c\"\n",
                "X=\"${X:+$X }d\"\n",
                "X=$Y\n",
                "X=\"$X $Y\"\n",
                "unset X\n",
                "X='e f' \\\n\n",
                "X=\"g \\\nh\" # i\n",
                "export X=j\n",
                "# X=k\n",
                "X=l",
                "X=\"${Y:-m}\"\n",
                "\n",
                ";",
                " ",
                "\\\n",
                "X=n true\n",
                "X+=o\n",
                "if true; then\n",
                "fi\n",
                "&& ",
                "| ",
                "true",
                "Z=`p`\n",
                "X=$(q)\n",
                "\"",
                "'",
                "{ ",
                "}\n",
                "X=r:",
                ">s ",
                "(",
                ")",
        };

        assert_true(agree_on_generated(*state, "", pieces, ELEMENTSOF(pieces), "") >= 100);
}

/* Quotes in braces in quotes, where shells have rules of their own. */
static void evaluator_is_right_about_quotes_in_braces(void **state)
{
        static const char *const pieces[] = { "'", "'",  "\"",    "{",     "}",    "a",     "b c",  "$Y",
                                              "}", "\\", "${Y:-", "${Z:-", "$(a)", "`b`",   "\n",   "#",
                                              " ", "%",  "${Y#",  "${Z:+", "\"$Y", "X=d\n", "}\"\n" };

        assert_true(agree_on_generated(*state, "Y=y X=\"${Z:-", pieces, ELEMENTSOF(pieces), "}\"\n") >= 20);
        assert_true(agree_on_generated(*state, "Y=y\nX=${Z:-", pieces, ELEMENTSOF(pieces), "}\n") >= 20);
        assert_true(agree_on_generated(*state, "X=x\nZ=z\nY=\"${Z:+", pieces, ELEMENTSOF(pieces), "'}\"\nV='") >= 10);
}

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
                TREE_TEST(evaluator_agrees_with_dash),
                TREE_TEST(evaluator_is_right_about_generated_texts),
                TREE_TEST(evaluator_is_right_about_quotes_in_braces),
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
