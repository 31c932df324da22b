/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list.h"

#include "base/json.h"
#include "core/function-order.h"

/* "flr bus" as "flr,bus": one word a column. */
static const char *reset_text(const PciFunction *f, char *buf, size_t size)
{
        if (!f->reset)
                return "?";
        if (f->reset[0] == 0)
                return "none";
        (void) snprintf(buf, size, "%s", f->reset);
        for (char *s = buf; *s; s++)
                if (*s == ' ')
                        *s = ',';
        return buf;
}

static void print_reason(Printer *p, const Reason *r, int indent)
{
        printer_add(p, "%*s", indent, "");
        printer_hang(p);
        printer_line(p, "%s: %s", r->id, r->text);
        if (!r->cure)
                return;
        printer_add(p, "%*s-> ", indent, "");
        printer_hang(p);
        printer_line(p, "%s", r->cure);
}

/* What stands in the way of this very function; what only has to be known is in the columns, or in the JSON. */
static void print_reasons(Printer *p, const Verdict *v, int indent)
{
        FOREACH_ARRAY(r, v->reasons, v->n_reasons)
                if (r->weight > VERDICT_POSSIBLE && !verdict_is_of_machine(r->id))
                        print_reason(p, r, indent);
}

static int print_machine(Printer *p, const VerdictContext *c)
{
        _cleanup_(verdict_done) Verdict v = {};
        int r = verdict_machine(c, &v);

        if (r < 0)
                return r;
        FOREACH_ARRAY(i, v.reasons, v.n_reasons)
                print_reason(p, i, 0);
        return 0;
}

/* @depth: bridges above, for the indentation. @width: of the column of addresses. */
static int print_function(Printer *p, const VerdictContext *c, const PciFunction *f, int depth, int width)
{
        _cleanup_(verdict_done) Verdict v = {};
        char group[16] = "-", reset[128];
        int r;

        r = verdict_compute(c, f, &v);
        if (r < 0)
                return r;
        if (f->group != PCI_GROUP_NONE)
                (void) snprintf(group, sizeof(group), "%d", f->group);
        printer_line(p, "%*s%-*s  %04x:%04x  %06x  %5s  %-12s  %-12s  %-14s  %s", 2 * depth, "", width - 2 * depth,
                     PCI_ADDR_TEXT(f->addr), f->id.vendor, f->id.device, f->class, group, f->driver ?: "-",
                     reset_text(f, reset, sizeof(reset)), verdict_state_to_string(v.state), f->name ?: "");
        print_reasons(p, &v, width + 2);
        return 0;
}

static void print_heading(Printer *p, int width)
{
        printer_line(p, "%-*s  %-9s  %-6s  %5s  %-12s  %-12s  %-14s  %s", width, "ADDRESS", "ID", "CLASS", "GROUP",
                     "DRIVER", "RESET", "VERDICT", "DEVICE");
}

int list_text(Printer *p, const Facts *f, const VerdictContext *c, bool tree)
{
        _cleanup_free_ FunctionPlace *order = NULL;
        int r = print_machine(p, c), e, width = 0;

        if (r >= 0 && tree)
                r = function_order(f, &order);
        for (size_t i = 0; r >= 0 && i < f->n_functions; i++) {
                const FunctionPlace *place = order ? order + i : &(FunctionPlace){ i, 0 };
                int n = (int) strlen(PCI_ADDR_TEXT(f->functions[place->index].addr));

                width = MAX(width, n + 2 * (int) place->depth);
        }
        print_heading(p, width);
        for (size_t i = 0; r >= 0 && i < f->n_functions; i++) {
                const FunctionPlace *place = order ? order + i : &(FunctionPlace){ i, 0 };

                r = print_function(p, c, f->functions + place->index, (int) place->depth, width);
        }
        e = printer_end(p);
        return r < 0 ? r : e;
}

static int add_hex(struct json_object *o, const char *key, unsigned digits, uint32_t value)
{
        char text[16];

        (void) snprintf(text, sizeof(text), "%0*x", (int) digits, value);
        return json_add_text(o, key, text);
}

/* The words of a text separated by blanks; null where it is not known. */
static int add_words(struct json_object *o, const char *key, const char *text)
{
        struct json_object *array;

        if (!text)
                return json_add_text(o, key, NULL);
        array = json_add_array(o, key);
        if (!array)
                return -ENOMEM;
        for (const char *s = text + strspn(text, " "); *s; s += strspn(s, " ")) {
                size_t n = strcspn(s, " ");
                _cleanup_free_ char *word = strndup(s, n);
                int r = word ? json_append_text(array, word) : -ENOMEM;

                if (r < 0)
                        return r;
                s += n;
        }
        return 0;
}

static int add_regions(struct json_object *o, const Facts *f, const PciFunction *p)
{
        const IommuGroup *g = facts_group(f, p->group);
        struct json_object *array;

        if (!g || !g->regions_known)
                return json_add_text(o, "reserved_regions", NULL);
        array = json_add_array(o, "reserved_regions");
        if (!array)
                return -ENOMEM;
        FOREACH_ARRAY(region, g->regions, g->n_regions) {
                struct json_object *i = json_object_new_object();
                int r = json_append(array, i);

                if (r >= 0)
                        r = json_add(i, "start", json_object_new_uint64(region->start));
                if (r >= 0)
                        r = json_add(i, "end", json_object_new_uint64(region->end));
                if (r >= 0)
                        r = json_add_text(i, "type", region_type_to_string(region->type));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_verdict(struct json_object *o, const Verdict *v)
{
        struct json_object *array;
        int r = json_add_text(o, "verdict", verdict_state_to_string(v->state));

        if (r < 0)
                return r;
        array = json_add_array(o, "reasons");
        if (!array)
                return -ENOMEM;
        FOREACH_ARRAY(reason, v->reasons, v->n_reasons) {
                struct json_object *i = json_object_new_object();

                r = json_append(array, i);
                if (r >= 0)
                        r = json_add_text(i, "id", reason->id);
                if (r >= 0) /* what this reason alone would make of the verdict */
                        r = json_add_text(i, "weight",
                                          reason->weight > VERDICT_POSSIBLE ? verdict_state_to_string(reason->weight)
                                                                            : "note");
                if (r >= 0)
                        r = json_add_text(i, "text", reason->text);
                if (r >= 0)
                        r = json_add_text(i, "cure", reason->cure);
                if (r >= 0)
                        r = json_add_text(i, "cure_kind", cure_kind_to_string(reason->cure_kind));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int function_json(const Facts *f, const VerdictContext *c, const PciFunction *p, struct json_object *o)
{
        _cleanup_(verdict_done) Verdict v = {};
        int r;

        r = verdict_compute(c, p, &v);
        if (r >= 0)
                r = json_add_text(o, "address", PCI_ADDR_TEXT(p->addr));
        if (r >= 0)
                r = add_hex(o, "vendor", 4, p->id.vendor);
        if (r >= 0)
                r = add_hex(o, "device", 4, p->id.device);
        if (r >= 0)
                r = add_hex(o, "class", 6, p->class);
        if (r >= 0)
                r = json_add_text(o, "name", p->name);
        if (r >= 0)
                r = json_add_text(o, "driver", p->driver);
        if (r >= 0)
                r = json_add_text(o, "path", p->path);
        if (r >= 0)
                r = p->group != PCI_GROUP_NONE ? json_add(o, "iommu_group", json_object_new_int(p->group))
                                               : json_add_text(o, "iommu_group", NULL);
        if (r >= 0)
                r = add_words(o, "reset_methods", p->reset);
        if (r >= 0)
                r = add_regions(o, f, p);
        return r < 0 ? r : add_verdict(o, &v);
}

int list_json(Printer *printer, const Facts *f, const VerdictContext *c)
{
        FILE *out = printer->out;
        const char *separator = "";

        fprintf(out, "{\"version\": %d, \"functions\": [", LIST_VERSION);
        FOREACH_ARRAY(p, f->functions, f->n_functions) {
                _cleanup_json_ struct json_object *o = json_object_new_object();
                _cleanup_free_ char *text = NULL;
                int r = o ? function_json(f, c, p, o) : -ENOMEM;

                if (r >= 0)
                        r = json_print_line(o, &text);
                if (r < 0)
                        return r;
                fprintf(out, "%s\n  %s", separator, text);
                separator = ",";
        }
        fputs("\n]}\n", out);
        return printer_end(printer);
}
