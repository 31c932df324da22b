/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/xml.h"
#include "core/picture.h"
#include "core/report.h"

/* Parts of the report as a page. Each draws one section, or nothing where there is nothing to say. Only report-html.c
 * and the html-*.c files include this. */

/* A mark: its shape and its colour say the same. */
typedef enum HtmlMark {
        HTML_READY,
        HTML_POSSIBLE,
        HTML_UNKNOWN,
        HTML_CONDITIONAL,
        HTML_BLOCKED,
        HTML_NOT_APPLICABLE,
        HTML_WARNING,
        _HTML_MARK_MAX,
} HtmlMark;

/* The class of elements that have its colour: "ready". */
const char *html_mark_class(HtmlMark m);
HtmlMark html_mark_of_result(Result r);
HtmlMark html_mark_of_verdict(VerdictState s);

/* The shapes, once for the page, and one of them. Words beside it say the same to who does not see it. */
void html_marks(Xml *x);
void html_mark(Xml *x, HtmlMark m);

/* "<section id=ID><h2>TITLE <small>COUNT</small></h2>", to be ended; the count is what the format makes. */
void html_section(Xml *x, const char *id, const char *title, const char *format, ...) _printf_(4, 5);

/* A sentence for people in which commands ("ptprep ...") and what stands between backquotes are set as such. */
void html_sentence(Xml *x, const char *text);

int html_findings(Xml *x, const Report *r) _must_check_;
void html_changes(Xml *x, const Report *r);
void html_picture(Xml *x, const Judgement *j, const Picture *p);
void html_boot(Xml *x, const Judgement *j);
int html_firmware(Xml *x, const Judgement *j) _must_check_;
