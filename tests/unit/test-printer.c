/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/escape.h"
#include "base/printer.h"

static void expect_escaped(const char *text, const char *wanted)
{
        _cleanup_free_ char *seen = NULL;

        assert_int_equal(escape_text(text, &seen), 0);
        assert_string_equal(seen, wanted);
}

static void what_a_terminal_would_act_on(void **state)
{
        _cleanup_free_ char *none = NULL;

        (void) state;
        expect_escaped("", "");
        expect_escaped("Debian GNU/Linux, \"x\" \\n $y", "Debian GNU/Linux, \"x\" \\n $y");
        expect_escaped("a\033[2Jb\033]0;title\007c", "a\\x1b[2Jb\\x1b]0;title\\x07c");
        expect_escaped("one\ntwo\tthree\r", "one\\x0atwo\\x09three\\x0d");
        expect_escaped("x\x7f", "x\\x7f");
        expect_escaped("M\xc3\xbcller \xe4\xb8\xad \xf0\x9f\x90\xa7", "M\xc3\xbcller \xe4\xb8\xad \xf0\x9f\x90\xa7");
        expect_escaped("C1 \xc2\x9b"
                       "31m",
                       "C1 \\x9b31m"); /* as UTF-8, and as the one byte that it was once */
        expect_escaped("C1 \x9b"
                       "31m",
                       "C1 \\x9b31m");
        expect_escaped("M\xfcller", "M\\xfcller");
        expect_escaped("gpj.\xe2\x80\xaetxt", "gpj.\\u202etxt");
        expect_escaped("a\xe2\x80\xa8"
                       "b\xe2\x81\xa6\xd8\x9c",
                       "a\\u2028b\\u2066\\u061c");
        assert_int_equal(escape_text(NULL, &none), 0);
        assert_null(none);
}

static void what_is_no_utf8(void **state)
{
        static const char *const wrong[] = {
                "\x80",
                "\xc3",
                "\xc3(",
                "\xe2\x82",
                "\xf0\x9f\x90",
                "\xc0\xaf", /* overlong */
                "\xe0\x80\xaf",
                "\xed\xa0\x80" /* surrogate */,
                "\xf4\x90\x80\x80",
                "\xff",
                "\xfe",
        };

        (void) state;
        FOREACH_ARRAY(w, wrong, ELEMENTSOF(wrong)) {
                _cleanup_free_ char *seen = NULL;
                const char *s;

                assert_false(utf8_is_valid(*w));
                assert_int_equal(utf8_repair(*w, &seen), 0);
                assert_true(utf8_is_valid(seen));
                s = startswith(seen, "\xef\xbf\xbd");
                assert_non_null(s);
        }
        assert_true(utf8_is_valid("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"));
}

static void json_keeps_its_meaning(void **state)
{
        _cleanup_free_ char *seen = NULL;

        (void) state;
        assert_int_equal(escape_json("{\n  \"a\": \"\x7f\xc2\x9b\xe2\x80\xae\xc3\xbc\"\n}\n", &seen), 0);
        assert_string_equal(seen, "{\n  \"a\": \"\\u007f\\u009b\\u202e\xc3\xbc\"\n}\n");
}

typedef struct Output {
        char *text;
        size_t size;
        Printer printer;
} Output;

static void output_open(Output *o, unsigned width, bool color)
{
        *o = (Output){ .printer = { .width = width, .color = color } };
        o->printer.out = open_memstream(&o->text, &o->size);
        assert_non_null(o->printer.out);
}

static void output_expect(Output *o, const char *wanted)
{
        assert_int_equal(printer_end(&o->printer), 0);
        assert_int_equal(fclose(o->printer.out), 0);
        assert_string_equal(o->text, wanted);
        free(o->text);
}

static void one_line_stays_one(void **state)
{
        Output o;

        (void) state;
        output_open(&o, 0, false);
        printer_add(&o.printer, "  %-7s  ", "fail");
        printer_color(&o.printer, COLOR_RED);
        printer_line(&o.printer, "%s: %s", "x\n  ok       device.iommu", "\033[1A");
        printer_line(&o.printer, "%s", "");
        printer_block(&o.printer, "dracut:\tno\033c space\nleft", "| ");
        output_expect(&o, "  fail     x\\x0a  ok       device.iommu: \\x1b[1A\n\ndracut:\tno\\x1bc space\n| left\n");
}

static void long_texts_are_whole(void **state)
{
        char text[3000], wanted[3002];
        Output o;

        (void) state;
        memset(text, 'a', sizeof(text));
        text[sizeof(text) - 1] = 0;
        (void) snprintf(wanted, sizeof(wanted), "%s\n", text);
        output_open(&o, 80, false);
        printer_line(&o.printer, "%s", text);
        output_expect(&o, wanted);
}

static void wrapped_at_words(void **state)
{
        Output o;

        (void) state;
        output_open(&o, 30, true);
        printer_add(&o.printer, "  ");
        printer_color(&o.printer, COLOR_RED);
        printer_add(&o.printer, "blocked");
        printer_color(&o.printer, NULL);
        printer_add(&o.printer, " ");
        printer_hang(&o.printer);
        printer_line(&o.printer, "%s", "it is in no IOMMU group at all \xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc");
        printer_hang(&o.printer);
        printer_line(&o.printer, "%s", "see /a/path/that/is/longer/than/a/line/has/room now");
        printer_line(&o.printer, "%s", "just as long as the line is it");
        output_expect(&o, "  \033[1;31mblocked\033[0m it is in no IOMMU\n"
                          "          group at all \xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\n"
                          "see\n/a/path/that/is/longer/than/a/line/has/room\nnow\n"
                          "just as long as the line is it\n");
}

static void a_full_disk_is_told(void **state)
{
        Printer p = { .out = fopen("/dev/full", "w") };

        (void) state;
        if (!p.out)
                skip();
        printer_line(&p, "x");
        assert_int_equal(printer_end(&p), -ENOSPC);
        (void) fclose(p.out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_a_terminal_would_act_on), cmocka_unit_test(what_is_no_utf8),
                cmocka_unit_test(json_keeps_its_meaning),       cmocka_unit_test(one_line_stays_one),
                cmocka_unit_test(long_texts_are_whole),         cmocka_unit_test(wrapped_at_words),
                cmocka_unit_test(a_full_disk_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
