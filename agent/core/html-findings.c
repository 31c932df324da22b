/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/explain.h"
#include "core/html.h"

/* The worst first; those that are equally bad in the order in which they were found, which is the one to cure them in.
 */
static int compare_findings(const void *a, const void *b)
{
        const Finding *const *x = a, *const *y = b;

        if ((*x)->result != (*y)->result)
                return (*x)->result < (*y)->result ? 1 : -1;
        return *x < *y ? -1 : *x > *y;
}

/* Do both need the same of the same? Then it is told once, and of what. */
static bool same_matter(const Finding *a, const Finding *b)
{
        return a->result == b->result && streq(a->check, b->check) && streq_null(a->cure, b->cure);
}

/* The paragraph that begins at a line, as one line. NULL when memory is short. */
static char *take_paragraph(const char **p)
{
        const char *begin = *p;
        char *text;

        while (**p && **p != '\n')
                *p = text_next_line(*p);
        text = strndup(begin, (size_t) (*p - begin));
        for (char *s = text; s && *s; s++)
                if (*s == '\n')
                        *s = s[1] ? ' ' : '\0';
        return text;
}

/* Documents have headings and paragraphs, and nothing else (conf/checks). */
static int add_document(Xml *x, const CheckDocuments *documents, const Finding *f)
{
        const char *text = check_document(documents, f->check);

        if (!text)
                return 0; /* an id that no check has */
        xml_start_line(x, "details");
        xml_attribute(x, "class", "document");
        xml_start(x, "summary");
        xml_element(x, "b", "word", "%s", result_to_string(f->result));
        xml_text(x, " what ");
        xml_element(x, "code", NULL, "%s", f->check);
        xml_text(x, " means");
        xml_end(x);
        while (*text) {
                _cleanup_free_ char *paragraph = NULL;
                const char *heading;

                if (*text == '\n') {
                        text++;
                        continue;
                }
                paragraph = take_paragraph(&text);
                if (!paragraph)
                        return -ENOMEM;
                heading = startswith(paragraph, "## ");
                if (startswith(paragraph, "# "))
                        continue; /* its id */
                xml_start_line(x, heading ? "h3" : "p");
                html_sentence(x, heading ?: paragraph);
                xml_end(x);
        }
        xml_end(x);
        return 0;
}

static void add_sentence(Xml *x, const Finding *f)
{
        xml_start_line(x, "p");
        xml_attribute(x, "class", "what");
        if (f->subject) {
                xml_element(x, "b", NULL, "%s", f->subject);
                xml_text(x, " ");
        }
        html_sentence(x, f->detail);
        xml_end(x);
}

/* @f: so many that are the same matter. */
static int add_matter(Xml *x, const CheckDocuments *documents, const Finding *const *f, size_t n)
{
        HtmlMark mark = html_mark_of_result((*f)->result);
        int r;

        xml_start_line(x, "li");
        xml_attribute(x, "class", "matter %s", html_mark_class(mark));
        html_mark(x, mark);
        xml_start(x, "div");
        for (size_t i = 0; i < n; i++)
                add_sentence(x, f[i]);
        r = add_document(x, documents, *f);
        xml_end(x);
        if ((*f)->cure) {
                xml_start_line(x, "p");
                xml_attribute(x, "class", "cure");
                html_sentence(x, (*f)->cure);
                xml_end(x);
        }
        xml_end(x);
        return r;
}

static void add_fine(Xml *x, const Finding *const *f, size_t n)
{
        xml_start_line(x, "details");
        xml_attribute(x, "class", "fine");
        xml_start(x, "summary");
        html_mark(x, HTML_READY);
        xml_text(x, n == 1 ? "%zu check is fine" : "%zu checks are fine", n);
        xml_end(x);
        xml_start_line(x, "ul");
        for (size_t i = 0; i < n; i++) {
                HtmlMark mark = html_mark_of_result(f[i]->result);

                xml_start_line(x, "li");
                html_mark(x, mark);
                xml_element(x, "code", NULL, "%s", f[i]->check);
                add_sentence(x, f[i]);
                xml_end(x);
        }
        xml_end(x);
        xml_end(x);
}

int html_findings(Xml *x, const Report *r)
{
        size_t n = r->findings->n, n_bad = 0;
        _cleanup_free_ const Finding **sorted = calloc(n + 1, sizeof(*sorted));
        _cleanup_(check_documents_done) CheckDocuments documents = {};
        int e;

        if (!sorted)
                return -ENOMEM;
        if (n == 0)
                return 0;
        e = check_documents_load(&documents);
        if (e < 0)
                return e;
        for (size_t i = 0; i < n; i++) {
                sorted[i] = r->findings->items + i;
                n_bad += sorted[i]->result > RESULT_SKIPPED;
        }
        qsort(sorted, n, sizeof(*sorted), compare_findings);
        if (n_bad > 0) {
                html_section(x, "findings", "What to look at", "%zu of %zu checks", n_bad, n);
                xml_start_line(x, "ol");
                xml_attribute(x, "class", "matters");
                for (size_t i = 0, k; i < n_bad; i = k) {
                        for (k = i + 1; k < n_bad && same_matter(sorted[i], sorted[k]);)
                                k++;
                        e = add_matter(x, &documents, sorted + i, k - i);
                        if (e < 0)
                                return e;
                }
                xml_end(x);
        } else
                html_section(x, "findings", "Checks", "%s", "");
        if (n > n_bad)
                add_fine(x, sorted + n_bad, n - n_bad);
        xml_end(x);
        return 0;
}

static void add_steps(Xml *x, const char *title, const Plan *plan, size_t n)
{
        html_section(x, "changes", title, "%zu", n);
        xml_start_line(x, "ul");
        xml_attribute(x, "class", "steps");
        FOREACH_ARRAY(s, plan->steps, n) {
                xml_start_line(x, "li");
                xml_element(x, "span", "word", "%s", step_action(s));
                xml_text(x, " ");
                xml_element(x, "code", NULL, "%s", s->path);
                if (step_subject(s))
                        xml_text(x, " for %s", step_subject(s));
                xml_end(x);
        }
        xml_end(x);
        xml_end(x);
}

static void add_failure(Xml *x, const Report *r)
{
        html_section(x, "failure", "What failed", "%s", "");
        for (const char *line = r->failure; *line; line = text_next_line(line))
                xml_element(x, "p", "output", "%.*s", (int) strcspn(line, "\n"), line);
        for (size_t i = 0; r->roll_back && i < r->roll_back->n; i++) {
                const Undo *u = r->roll_back->items + i;

                if (u->state == UNDO_FAILED)
                        xml_element(x, "p", NULL, "Not put back: %s: %s%s%s", u->path, u->reason,
                                    u->old_at ? "; as it was it is in " : "", u->old_at ?: "");
                FOREACH_ARRAY(path, u->left.items, u->left.n)
                        xml_element(x, "p", NULL, "Left: %s", *path);
        }
        if (r->roll_back && r->roll_back->cut)
                xml_element(x, "p", NULL, "Not put back: memory was short, so it is not known what else");
        xml_end(x);
}

void html_changes(Xml *x, const Report *r)
{
        if (r->failure)
                add_failure(x, r);
        if (r->plan && r->steps_done > 0)
                add_steps(x, "What was changed", r->plan, r->steps_done);
        else if (r->plan && r->verb == REPORT_DRY_RUN && r->plan->n > 0)
                add_steps(x, "What would change", r->plan, r->plan->n);
}
