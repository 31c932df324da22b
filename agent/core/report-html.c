/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "base/text.h"
#include "core/html.h"
#include "core/packed-texts.h"
#include "version.h"

/*
 * The report as one page that needs nothing else: no script, no other file, no network. It is HTML and XML at once. The
 * time is that of the report, so that the same report gives the same page.
 */

/* The mark of the whole: what the colour on a terminal says. */
static HtmlMark mark_of(const Report *r)
{
        const ReportVerdict *v = report_verdict(r);

        if (streq(v->name, "unknown"))
                return HTML_UNKNOWN;
        if (streq(v->color, COLOR_BRIGHT_GREEN))
                return HTML_READY;
        return streq(v->color, COLOR_RED) ? HTML_BLOCKED : HTML_CONDITIONAL;
}

static void add_meta(Xml *x, const char *name, const char *content)
{
        xml_start_line(x, "meta");
        xml_attribute(x, "name", "%s", name);
        xml_attribute(x, "content", "%s", content);
        xml_end_void(x);
}

static void add_head(Xml *x, const Report *r, const char *style)
{
        const char *headline = report_verdict(r)->headline, *host = r->judgement->facts->origin.host;

        xml_start_line(x, "head");
        xml_start_line(x, "meta");
        xml_attribute(x, "charset", "utf-8");
        xml_end_void(x);
        add_meta(x, "viewport", "width=device-width, initial-scale=1");
        add_meta(x, "color-scheme", "light dark");
        add_meta(x, "generator", "ptprep " PTPREP_VERSION);
        xml_start_line(x, "title");
        xml_text(x, "%.*s: PCI passthrough on %s", (int) strcspn(headline, ":"), headline, host ?: "this host");
        xml_end(x);
        xml_start_line(x, "style");
        xml_own_text(x, style);
        xml_end(x);
        xml_end(x);
}

static void add_time(Xml *x, time_t when)
{
        struct tm tm;
        char text[64];

        if (!gmtime_r(&when, &tm))
                return;
        xml_start_line(x, "time");
        (void) strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
        xml_attribute(x, "datetime", "%s", text);
        (void) strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm);
        xml_text(x, "%s", text);
        xml_end(x);
}

static void add_asked(Xml *x, const Asked *a)
{
        char subject[WANTED_SUBJECT_MAX];
        const char *name;

        xml_start_line(x, "p");
        xml_attribute(x, "class", "why");
        xml_text(x, "of the host");
        for (size_t i = 0; (name = asked_name(a, i, subject)); i++)
                xml_text(x, "%s%s", i == 0 ? " and " : ", ", name);
        xml_text(x, "; nothing of the other devices");
        xml_end(x);
}

/* The verdict and the next step, to be read from across a room. */
static void add_band(Xml *x, const Report *r)
{
        const char *headline = report_verdict(r)->headline, *next = report_next(r);
        const Facts *f = r->judgement->facts;
        size_t n = strcspn(headline, ":");
        HtmlMark mark = mark_of(r);

        xml_start_line(x, "header");
        xml_attribute(x, "class", "band %s", html_mark_class(mark));
        xml_start_line(x, "p");
        xml_attribute(x, "class", "host");
        xml_text(x, "PCI passthrough on ");
        xml_element(x, "b", NULL, "%s", f->origin.host ?: "this host");
        xml_end(x);
        xml_start_line(x, "h1");
        html_mark(x, mark);
        xml_text(x, "%.*s", (int) n, headline);
        xml_end(x);
        if (headline[n])
                xml_element(x, "p", "why", "%s", headline + n + 1 + strspn(headline + n + 1, " "));
        if (r->asked)
                add_asked(x, r->asked);
        if (next) {
                xml_start_line(x, "p");
                xml_attribute(x, "class", "next");
                xml_element(x, "span", "word", "Next");
                xml_text(x, " ");
                html_sentence(x, next);
                xml_end(x);
        }
        if (report_reboot_required(r))
                xml_element(x, "p", "reboot",
                            "Reboot required: what is in place for the next boot is not yet true in this one.");
        xml_end(x);
}

/* As iommu.active says it, without what is wanted. */
static void add_iommu(Xml *x, const Wanted *w)
{
        const char *word = w->iommu_text.word ? w->iommu_word : NULL;

        xml_start_line(x, "div");
        xml_element(x, "dt", NULL, "IOMMU");
        xml_start(x, "dd");
        xml_text(x, "%s", w->iommu_text.text);
        if (word) {
                xml_text(x, " ");
                xml_element(x, "code", NULL, "%s", word);
        }
        xml_end(x);
        xml_end(x);
}

static void add_fact(Xml *x, const char *term, const char *value)
{
        if (!value || !*value)
                return;
        xml_start_line(x, "div");
        xml_element(x, "dt", NULL, "%s", term);
        xml_element(x, "dd", NULL, "%s", value);
        xml_end(x);
}

static const char *tristate_word(Tristate t)
{
        return t == TRISTATE_YES ? "on" : t == TRISTATE_NO ? "off" : "unknown";
}

static int add_facts(Xml *x, const Report *r)
{
        const Judgement *j = r->judgement;
        const Facts *f = j->facts;
        _cleanup_free_ char *arguments = kargs_print(&f->cmdline);

        if (!arguments)
                return -ENOMEM;
        html_section(x, "facts", "This host", "%s", "");
        xml_start_line(x, "dl");
        add_fact(x, "Name", f->origin.host ?: "unknown");
        add_fact(x, "Kernel", f->release ?: "unknown");
        add_iommu(x, j->wanted);
        add_fact(x, "Interrupt remapping", tristate_word(f->features.interrupt_remapping));
        add_fact(x, "Lockdown", f->lockdown ?: "unknown");
        add_fact(x, "Booted with", arguments);
        xml_end(x);
        xml_end(x);
        return 0;
}

static void add_footer(Xml *x, const Report *r)
{
        int64_t when = r->judgement->facts->origin.time;

        xml_start_line(x, "footer");
        xml_text(x, "ptprep " PTPREP_VERSION);
        if (when >= 0) {
                xml_text(x, ", ");
                add_time(x, (time_t) when);
        }
        xml_end(x);
}

static int add_page(Xml *x, const Report *r, const Picture *picture, const char *style)
{
        int e;

        xml_start_line(x, "html");
        xml_attribute(x, "xmlns", "http://www.w3.org/1999/xhtml");
        xml_attribute(x, "lang", "en");
        add_head(x, r, style);
        xml_start_line(x, "body");
        html_marks(x);
        add_band(x, r);
        xml_start_line(x, "main");
        html_changes(x, r);
        e = html_findings(x, r);
        if (e < 0)
                return e;
        html_picture(x, r->judgement, picture);
        html_boot(x, r->judgement);
        e = html_firmware(x, r->judgement);
        if (e >= 0)
                e = add_facts(x, r);
        if (e < 0)
                return e;
        xml_end(x);
        add_footer(x, r);
        xml_end(x);
        xml_end(x);
        return 0;
}

int report_html(Printer *p, const Report *r)
{
        _cleanup_(picture_done) Picture picture = {};
        Xml x;
        _cleanup_free_ char *style = NULL;
        int e = picture_compute(r->judgement, &picture), closed;

        if (e >= 0)
                e = packed_text(&packed_style, &style);
        if (e >= 0)
                e = xml_open(p->out, &x);
        if (e < 0)
                return e;
        e = add_page(&x, r, &picture, style);
        closed = xml_close(&x);
        if (e >= 0)
                e = closed;
        closed = printer_end(p);
        return e < 0 ? e : closed;
}
