/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/html.h"

#include "base/text.h"

/* Drawn in a box of 16 by 16. Each can be told from the others without its colour. */
static const struct {
        const char *class, *solid; /* filled with its colour */
        const char *line;          /* drawn with its colour */
        const char *sign;          /* in what is solid, drawn with the colour of the ground */
} marks[_HTML_MARK_MAX] = {
        [HTML_READY] = { "ready", "M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1z", NULL, "M4.7 8.2l2.3 2.3 4.3-4.7" },
        [HTML_POSSIBLE] = { "possible", NULL, "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2z", NULL },
        [HTML_UNKNOWN] = { "unknown", NULL, "M2 2h12v12H2zM6 6.2a2 2 0 1 1 2.8 1.9Q8 8.5 8 9.4M8 11.6v.01", NULL },
        [HTML_CONDITIONAL] = { "conditional", "M8 .8L15.7 14.7H.3z", NULL, "M8 5.8v3.8M8 12.2v.01" },
        [HTML_BLOCKED] = { "blocked", "M5 1h6l4 4v6l-4 4H5l-4-4V5z", NULL, "M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4" },
        [HTML_NOT_APPLICABLE] = { "not-applicable", "M6 6h4v4H6z", NULL, NULL },
        [HTML_WARNING] = { "warning", NULL, "M8 2L14.6 14H1.4zM8 6.6v3M8 11.7v.01", NULL },
};

const char *html_mark_class(HtmlMark m)
{
        return marks[m].class;
}

HtmlMark html_mark_of_result(Result r)
{
        static const HtmlMark of[_RESULT_MAX] = {
                [RESULT_OK] = HTML_READY,         [RESULT_SKIPPED] = HTML_NOT_APPLICABLE,
                [RESULT_WARN] = HTML_WARNING,     [RESULT_UNKNOWN] = HTML_UNKNOWN,
                [RESULT_FAIL] = HTML_CONDITIONAL, [RESULT_BLOCKED] = HTML_BLOCKED,
        };

        return of[r];
}

HtmlMark html_mark_of_verdict(VerdictState s)
{
        static const HtmlMark of[_VERDICT_STATE_MAX] = {
                [VERDICT_READY] = HTML_READY,     [VERDICT_POSSIBLE] = HTML_POSSIBLE,
                [VERDICT_UNKNOWN] = HTML_UNKNOWN, [VERDICT_CONDITIONAL] = HTML_CONDITIONAL,
                [VERDICT_BLOCKED] = HTML_BLOCKED, [VERDICT_NOT_APPLICABLE] = HTML_NOT_APPLICABLE,
        };

        return of[s];
}

static void draw(Xml *x, const char *class, const char *path)
{
        if (!path)
                return;
        xml_start(x, "path");
        xml_attribute(x, "class", "%s", class);
        xml_attribute(x, "d", "%s", path);
        xml_end(x);
}

void html_marks(Xml *x)
{
        xml_start_line(x, "svg");
        xml_attribute(x, "xmlns", "http://www.w3.org/2000/svg");
        xml_attribute(x, "class", "shapes");
        xml_attribute(x, "aria-hidden", "true");
        FOREACH_ARRAY(m, marks, ELEMENTSOF(marks)) {
                xml_start_line(x, "symbol");
                xml_attribute(x, "id", "mark-%s", m->class);
                xml_attribute(x, "viewBox", "0 0 16 16");
                draw(x, "solid", m->solid);
                draw(x, "line", m->line);
                draw(x, "sign", m->sign);
                xml_end(x);
        }
        xml_end(x);
}

void html_mark(Xml *x, HtmlMark m)
{
        xml_start(x, "svg");
        xml_attribute(x, "xmlns", "http://www.w3.org/2000/svg");
        xml_attribute(x, "class", "mark %s", marks[m].class);
        xml_attribute(x, "aria-hidden", "true");
        xml_start(x, "use");
        xml_attribute(x, "href", "#mark-%s", marks[m].class);
        xml_end(x);
        xml_end(x);
}

void html_section(Xml *x, const char *id, const char *title, const char *format, ...)
{
        _cleanup_free_ char *count = NULL;
        va_list ap;

        va_start(ap, format);
        string_vprintf(&count, format, ap);
        va_end(ap);
        xml_start_line(x, "section");
        xml_attribute(x, "id", "%s", id);
        xml_start_line(x, "h2");
        xml_text(x, "%s", title);
        if (count && *count) {
                xml_text(x, " ");
                xml_element(x, "small", NULL, "%s", count);
        }
        xml_end(x);
}

void html_sentence(Xml *x, const char *text)
{
        static const struct {
                const char *begin;
                size_t skip; /* of what begins it, bytes that are not shown */
                char end;
        } codes[] = { { "\"ptprep ", 1, '"' }, { "`", 1, '`' } };

        for (const char *from = text, *at = text; *from;) {
                const char *end = NULL;

                if (*at == 0) {
                        xml_text(x, "%s", from);
                        return;
                }
                FOREACH_ARRAY(code, codes, ELEMENTSOF(codes)) {
                        end = startswith(at, code->begin) ? strchr(at + 1, code->end) : NULL;
                        if (!end)
                                continue;
                        xml_text(x, "%.*s", (int) (at - from), from);
                        at += code->skip;
                        xml_element(x, "code", NULL, "%.*s", (int) (end - at), at);
                        from = at = end + 1;
                        break;
                }
                if (!end)
                        at++;
        }
}
