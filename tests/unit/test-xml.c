/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/xml.h"
#include "test.h"

/* The writer of pages: what others wrote stays text, and every tag is closed as HTML and XML both want it. */

typedef struct Page {
        Xml xml;
        char *text;
        size_t size;
} Page;

static void begin(Page *p)
{
        FILE *out = open_memstream(&p->text, &p->size);

        assert_non_null(out);
        assert_int_equal(xml_open(out, &p->xml), 0);
}

static void expect(Page *p, const char *wanted)
{
        assert_int_equal(xml_close(&p->xml), 0);
        assert_int_equal(fclose(p->xml.out), 0);
        assert_string_equal(p->text, wanted);
        free(p->text);
}

static void elements_are_closed(void **state)
{
        Page p = {};

        (void) state;
        begin(&p);
        xml_start_line(&p.xml, "p");
        xml_attribute(&p.xml, "class", "%s-%d", "a", 1);
        xml_element(&p.xml, "b", NULL, "%s", "");
        xml_start(&p.xml, "br");
        xml_end_void(&p.xml);
        xml_end(&p.xml);
        expect(&p, "<!DOCTYPE html>\n<p class=\"a-1\"><b></b><br/></p>\n");
}

static void what_others_wrote_is_text(void **state)
{
        Page p = {};

        (void) state;
        begin(&p);
        xml_start(&p.xml, "p");
        xml_attribute(&p.xml, "title", "%s", "\"><script>&\n");
        xml_text(&p.xml, "%s", "</p><script>alert(1)</script> & ]]> <!--");
        xml_end(&p.xml);
        expect(&p, "<!DOCTYPE html><p title=\"&quot;&gt;&lt;script&gt;&amp;\\x0a\">"
                   "&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; ]]&gt; &lt;!--</p>\n");
}

static void only_characters_of_xml(void **state)
{
        Page p = {};

        (void) state;
        begin(&p);
        xml_element(&p.xml, "p", NULL, "%s",
                    "M\xfcller \xc3\xbc \x1b[2J \xe2\x80\xaex \xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd.");
        expect(&p,
               "<!DOCTYPE html><p>M\\xfcller \xc3\xbc \\x1b[2J \\u202ex \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd.</p>\n");
}

static void own_text_keeps_its_lines(void **state)
{
        Page p = {};

        (void) state;
        begin(&p);
        xml_start(&p.xml, "style");
        xml_own_text(&p.xml, "a{b:'c'}\n");
        xml_end(&p.xml);
        expect(&p, "<!DOCTYPE html><style>a{b:'c'}\n</style>\n");
}

static void a_full_device_is_told(void **state)
{
        FILE *out = fopen("/dev/full", "w");
        Xml x;

        (void) state;
        assert_non_null(out);
        assert_int_equal(setvbuf(out, NULL, _IONBF, 0), 0);
        assert_int_equal(xml_open(out, &x), 0);
        xml_element(&x, "p", NULL, "%s", "x");
        assert_int_equal(xml_close(&x), -ENOSPC);
        (void) fclose(out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(elements_are_closed),    cmocka_unit_test(what_others_wrote_is_text),
                cmocka_unit_test(only_characters_of_xml), cmocka_unit_test(own_text_keeps_its_lines),
                cmocka_unit_test(a_full_device_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
