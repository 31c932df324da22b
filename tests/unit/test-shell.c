/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evaluator and dash on the same texts. */
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

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TREE_TEST(evaluator_agrees_with_dash),
                TREE_TEST(evaluator_is_right_about_generated_texts),
                TREE_TEST(evaluator_is_right_about_quotes_in_braces),
        };

        if (!dash_path()) {
                printf("SKIPPED: dash is not here\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
