/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "core/host-use.h"
#include "core/html.h"
#include "core/level.h"
#include "model/stub.h"

/* What is said of a verdict beside its mark. */
static const char *word_of(const PictureRow *row)
{
        if (row->verdict.state != VERDICT_NOT_APPLICABLE)
                return verdict_state_to_string(row->verdict.state);
        return pci_is_bridge(row->function) ? "bridge" : "never";
}

/* Has the function a range that stays mapped for it whoever has it? */
static bool has_direct(const Facts *f, const PciFunction *p)
{
        const IommuGroup *g = facts_group(f, p->group);

        for (size_t i = 0; g && i < g->n_regions; i++)
                if (g->regions[i].type == REGION_DIRECT)
                        return true;
        return false;
}

/* Fewer functions than this are seen at once, and need no overview. */
#define STRIP_MIN 16U

/* One square a function, those of a group in one frame. The rows below say all that it says. */
static void add_strip(Xml *x, const Picture *p)
{
        xml_start_line(x, "div");
        xml_attribute(x, "class", "strip");
        xml_attribute(x, "aria-hidden", "true");
        for (size_t i = 0; i < p->n; i++) {
                const PictureRow *row = p->rows + i;
                bool goes_on = i + 1 < p->n && row[1].joins;

                if (!row->joins)
                        xml_start_line(x, "span");
                if (!row->joins && goes_on)
                        xml_attribute(x, "class", "group");
                xml_start(x, "i");
                xml_attribute(x, "title", "%s %s", PCI_ADDR_TEXT(row->function->addr), word_of(row));
                xml_attribute(x, "class", "%s%s", html_mark_class(html_mark_of_verdict(row->verdict.state)),
                              row->wanted ? " configured" : "");
                html_mark(x, html_mark_of_verdict(row->verdict.state));
                xml_end(x);
                if (!goes_on)
                        xml_end(x);
        }
        xml_end(x);
}

static void add_legend(Xml *x, const Picture *p)
{
        xml_start_line(x, "ul");
        xml_attribute(x, "class", "legend");
        for (size_t i = 0; i < _VERDICT_STATE_MAX; i++) {
                if (p->counts[i] == 0)
                        continue;
                xml_start_line(x, "li");
                html_mark(x, html_mark_of_verdict((VerdictState) i));
                xml_element(x, "b", NULL, "%zu", p->counts[i]);
                xml_text(x, " %s",
                         i == VERDICT_NOT_APPLICABLE ? "never passed through"
                                                     : verdict_state_to_string((VerdictState) i));
                xml_end(x);
        }
        xml_end(x);
}

/* The bracket: which groups the rows are in, and whether it goes on above and below. */
static void add_group(Xml *x, const PictureRow *row, size_t n, bool goes_on)
{
        int32_t least = row->function->group, most = least;

        FOREACH_ARRAY(i, row, n) {
                least = MIN(least, i->function->group);
                most = MAX(most, i->function->group);
        }
        xml_start(x, "span");
        xml_attribute(x, "class", "group%s%s%s", least == PCI_GROUP_NONE ? " none" : "", row->joins ? " above" : "",
                      goes_on ? " below" : "");
        if (least == PCI_GROUP_NONE)
                xml_element(x, "span", "hidden", "no group");
        else {
                xml_element(x, "span", "hidden", "group ");
                if (least != most)
                        xml_text(x, "%d\xe2\x80\x93%d", least, most);
                else if (!row->joins)
                        xml_text(x, "%d", least);
                else
                        xml_element(x, "span", "hidden", "%d", least);
        }
        xml_end(x);
}

static void add_driver(Xml *x, const PictureRow *row)
{
        const char *now = row->function->driver, *wanted = NULL;

        if (row->wanted)
                wanted = wanted_driver(row->wanted);
        xml_start(x, "span");
        xml_attribute(x, "class", "driver");
        if (now || row->verdict.state != VERDICT_NOT_APPLICABLE)
                xml_element(x, "span", now ? NULL : "none", "%s", now ?: "no driver");
        if (wanted && !streq_null(now, wanted) &&
            (wanted_variant(row->wanted) || !wanted_device_claimed(row->wanted))) {
                xml_text(x, " \xe2\x86\x92 ");
                xml_element(x, "b", NULL, "%s", wanted);
        }
        xml_end(x);
}

static void add_verdict(Xml *x, const PictureRow *row)
{
        HtmlMark mark = html_mark_of_verdict(row->verdict.state);

        xml_start(x, "span");
        xml_attribute(x, "class", "verdict %s", html_mark_class(mark));
        html_mark(x, mark);
        xml_text(x, "%s", word_of(row));
        xml_end(x);
}

/* What lives on it, and what is tied to it. */
static void add_chips(Xml *x, const Facts *f, const PciFunction *p)
{
        size_t n = 0;
        const HostUse *uses = host_uses_of(&f->host, p->addr, &n);

        FOREACH_ARRAY(u, uses, n) {
                xml_text(x, " ");
                xml_element(x, "span", u->spared ? "chip spared" : "chip", "%s %s", host_use_texts[u->kind].verb,
                            u->what);
        }
        if (has_direct(f, p)) {
                xml_text(x, " ");
                xml_element(x, "span", "chip direct", "memory mapped 1:1");
        }
}

static void add_term(Xml *x, const char *term, const char *value)
{
        xml_start_line(x, "div");
        xml_element(x, "dt", NULL, "%s", term);
        xml_element(x, "dd", NULL, "%s", value);
        xml_end(x);
}

static void add_facts(Xml *x, const Facts *f, const PciFunction *p)
{
        const IommuGroup *g = facts_group(f, p->group);
        char text[64];

        xml_start_line(x, "dl");
        (void) snprintf(text, sizeof(text), "%04x:%04x", p->id.vendor, p->id.device);
        add_term(x, "id", p->unread ? "unknown" : text);
        (void) snprintf(text, sizeof(text), "%06x", p->class);
        add_term(x, "class", p->unread ? "unknown" : text);
        if (p->path)
                add_term(x, "path", p->path);
        add_term(x, "reset", !p->reset ? "unknown" : *p->reset ? p->reset : "none");
        for (size_t i = 0; g && i < g->n_regions; i++) {
                if (g->regions[i].type == REGION_MSI)
                        continue;
                (void) snprintf(text, sizeof(text), "%#" PRIx64 "\xe2\x80\x93%#" PRIx64, g->regions[i].start,
                                g->regions[i].end);
                add_term(x, region_type_to_string(g->regions[i].type), text);
        }
        xml_end(x);
}

/* The levels as steps: those that it has, and what stops the next one. */
static void add_level(Xml *x, const Facts *f, const PictureRow *row)
{
        LevelAnswer a = level_compute(f, row->function, &row->verdict);

        if (row->verdict.state == VERDICT_NOT_APPLICABLE)
                return;
        xml_start_line(x, "p");
        xml_attribute(x, "class", "level");
        xml_text(x, "Level %d of %d:", a.level, _LEVEL_MAX - 1);
        for (ReadyLevel l = LEVEL_NONE + 1; l < _LEVEL_MAX; l++) {
                xml_text(x, " ");
                xml_element(x, "span", l <= a.level ? "step reached" : "step", "%s%s", l <= a.level ? "" : "not ",
                            ready_level_to_string(l));
        }
        if (a.stop)
                xml_element(x, "span", "stop", "%s", a.stop);
        xml_end(x);
}

/* What stands in the way of the whole machine is told once, above. */
static void add_reasons(Xml *x, const Verdict *v)
{
        FOREACH_ARRAY(reason, v->reasons, v->n_reasons) {
                if (verdict_is_of_machine(reason->id))
                        continue;
                xml_start_line(x, "p");
                xml_attribute(x, "class", "reason");
                html_mark(x, reason->weight > VERDICT_POSSIBLE ? html_mark_of_verdict(reason->weight) : HTML_WARNING);
                html_sentence(x, reason->text);
                if (reason->cure && reason->weight > VERDICT_POSSIBLE) {
                        xml_start_line(x, "span");
                        xml_attribute(x, "class", "cure");
                        html_sentence(x, reason->cure);
                        xml_end(x);
                }
                xml_end(x);
        }
}

static void add_row(Xml *x, const Facts *f, const PictureRow *row, bool goes_on)
{
        const PciFunction *p = row->function;

        xml_start_line(x, "li");
        xml_attribute(x, "class", "function %s%s", html_mark_class(html_mark_of_verdict(row->verdict.state)),
                      row->wanted ? " configured" : "");
        xml_start(x, "details");
        if (row->wanted && row->verdict.state > VERDICT_POSSIBLE)
                xml_attribute(x, "open", "open");
        xml_start(x, "summary");
        add_group(x, row, 1, goes_on);
        xml_start(x, "span");
        xml_attribute(x, "class", "who");
        xml_attribute(x, "style", "--depth:%u", row->depth);
        xml_element(x, "code", NULL, "%s", PCI_ADDR_TEXT(p->addr));
        if (row->wanted) {
                xml_text(x, " ");
                xml_element(x, "b", "name", "%s", row->wanted->config->name);
        }
        xml_text(x, " ");
        xml_element(x, "span", "device", "%s", p->name ?: "unknown device");
        add_chips(x, f, p);
        xml_end(x);
        add_driver(x, row);
        add_verdict(x, row);
        xml_end(x);
        xml_start_line(x, "div");
        xml_attribute(x, "class", "more");
        add_reasons(x, &row->verdict);
        add_level(x, f, row);
        add_facts(x, f, p);
        xml_end(x);
        xml_end(x);
        xml_end(x);
}

/* Rows that are alike, as one that can be opened. */
static void add_fold(Xml *x, const Facts *f, const PictureRow *rows, size_t n)
{
        const PciFunction *first = rows->function;
        bool same = true;

        for (size_t i = 1; i < n; i++)
                same = same && streq_null(first->name, rows[i].function->name);
        xml_start_line(x, "li");
        xml_attribute(x, "class", "fold");
        xml_start(x, "details");
        xml_start(x, "summary");
        add_group(x, rows, n, false);
        xml_start(x, "span");
        xml_attribute(x, "class", "who");
        xml_attribute(x, "style", "--depth:%u", rows->depth);
        xml_element(x, "code", NULL, "%s", PCI_ADDR_TEXT(first->addr));
        xml_text(x, " ");
        xml_element(x, "b", "times", "and %zu like it", n - 1);
        xml_text(x, " ");
        xml_element(x, "span", "device", "%s", (same ? first->name : first->class_name) ?: "unknown devices");
        xml_end(x);
        add_driver(x, rows);
        add_verdict(x, rows);
        xml_end(x);
        xml_start_line(x, "ol");
        xml_attribute(x, "class", "functions");
        for (size_t i = 0; i < n; i++)
                add_row(x, f, rows + i, i + 1 < n && rows[i + 1].joins);
        xml_end(x);
        xml_end(x);
        xml_end(x);
}

void html_picture(Xml *x, const Judgement *j, const Picture *p)
{
        if (p->n == 0)
                return;
        if (p->n_groups > 0)
                html_section(x, "machine", "The machine", "%zu PCI function%s in %zu IOMMU group%s", p->n,
                             p->n == 1 ? "" : "s", p->n_groups, p->n_groups == 1 ? "" : "s");
        else
                html_section(x, "machine", "The machine", "%zu PCI function%s in no IOMMU group", p->n,
                             p->n == 1 ? "" : "s");
        if (p->n >= STRIP_MIN)
                add_strip(x, p);
        add_legend(x, p);
        xml_start_line(x, "div");
        xml_attribute(x, "class", "heads");
        xml_attribute(x, "aria-hidden", "true");
        xml_element(x, "span", NULL, "Group");
        xml_element(x, "span", NULL, "Function");
        xml_element(x, "span", NULL, "Driver");
        xml_element(x, "span", NULL, "For a guest");
        xml_end(x);
        xml_start_line(x, "ol");
        xml_attribute(x, "class", "functions");
        for (size_t i = 0; i < p->n; i += MAX(p->rows[i].n_alike, 1U))
                if (p->rows[i].n_alike > 1)
                        add_fold(x, j->facts, p->rows + i, p->rows[i].n_alike);
                else
                        add_row(x, j->facts, p->rows + i, i + 1 < p->n && p->rows[i + 1].joins);
        xml_end(x);
        xml_end(x);
}
