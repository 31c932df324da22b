/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "base/array.h"
#include "core/html.h"
#include "iommu/map.h"
#include "iommu/vendor.h"

#define BUS_FOLD_MIN 6

/* Which unit of the firmware's table translates for which function. */

typedef struct UnitRow {
        FirmwareUnit unit; /* without a kind: there is none */
        size_t *functions; /* indexes */
        size_t n;
} UnitRow;

typedef struct UnitRows {
        UnitRow *items;
        size_t n;
} UnitRows;

static void unit_rows_done(UnitRows *l)
{
        FOREACH_ARRAY(row, l->items, l->n)
                free(row->functions);
        free(l->items);
}

static UnitRow *row_of(UnitRows *l, const FirmwareUnit *unit)
{
        UnitRow *row;

        FOREACH_ARRAY(i, l->items, l->n)
                if (streq_null(i->unit.kind, unit->kind) && i->unit.offset == unit->offset)
                        return i;
        row = array_grow(&l->items, l->n);
        if (!row)
                return NULL;
        *row = (UnitRow){ .unit = *unit };
        l->n++;
        return row;
}

static int compare_rows(const void *a, const void *b)
{
        const UnitRow *x = a, *y = b;

        if (!x->unit.kind != !y->unit.kind) /* what no unit has is at the end */
                return x->unit.kind ? -1 : 1;
        return (x->unit.offset > y->unit.offset) - (x->unit.offset < y->unit.offset);
}

/* In the order of the table. 0 or -ENOMEM. */
static int find_rows(const FirmwareMap *map, UnitRows *l)
{
        const Facts *f = map->facts;

        for (size_t i = 0; i < f->n_functions; i++) {
                FirmwareUnit unit = {};
                size_t *slot;
                UnitRow *row;

                if (pci_class_is_platforms(f->functions[i].class))
                        continue;
                if (!firmware_unit(map, f->functions + i, &unit))
                        unit = (FirmwareUnit){};
                row = row_of(l, &unit);
                slot = row ? array_grow(&row->functions, row->n) : NULL;
                if (!slot)
                        return -ENOMEM;
                *slot = i;
                row->n++;
        }
        if (l->n > 0)
                qsort(l->items, l->n, sizeof(*l->items), compare_rows);
        return 0;
}

/* How many of these, from the first on, are on its bus. */
static size_t same_bus(const Facts *f, const size_t *functions, size_t n)
{
        PciAddr first = f->functions[*functions].addr;
        size_t k = 1;

        while (k < n && f->functions[functions[k]].addr.domain == first.domain &&
               f->functions[functions[k]].addr.bus == first.bus)
                k++;
        return k;
}

static void add_functions(Xml *x, const Facts *f, const size_t *functions, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                xml_text(x, " ");
                xml_element(x, "code", NULL, "%s", PCI_ADDR_TEXT(f->functions[functions[i]].addr));
        }
}

/* Bus by bus: a full one is folded, since its addresses are alike. */
static void add_buses(Xml *x, const Facts *f, const UnitRow *row)
{
        for (size_t i = 0, n; i < row->n; i += n) {
                PciAddr first = f->functions[row->functions[i]].addr;

                n = same_bus(f, row->functions + i, row->n - i);
                if (n <= BUS_FOLD_MIN) {
                        add_functions(x, f, row->functions + i, n);
                        continue;
                }
                xml_start(x, "details");
                xml_start(x, "summary");
                xml_text(x, "%zu functions on bus %04" PRIx32 ":%02x", n, first.domain, first.bus);
                xml_end(x);
                add_functions(x, f, row->functions + i, n);
                xml_end(x);
        }
}

static void add_row(Xml *x, const Facts *f, const UnitRow *row)
{
        const FirmwareUnit *u = &row->unit;

        xml_start_line(x, "tr");
        xml_start(x, "td");
        xml_attribute(x, "class", "unit");
        html_mark(x, u->kind ? HTML_READY : HTML_BLOCKED);
        xml_element(x, "b", NULL, "%s", u->kind ?: "no unit");
        if (u->kind)
                xml_element(x, "span", "source", "at offset 0x%" PRIx32 "%s", u->offset,
                            u->by_rest ? ", for all that no other unit names" : "");
        xml_end(x);
        xml_start(x, "td");
        xml_attribute(x, "data-label", "Registers");
        if (u->kind)
                xml_element(x, "code", NULL, "0x%" PRIx64, u->base);
        else
                xml_element(x, "span", "none", "none");
        xml_end(x);
        xml_start(x, "td");
        xml_attribute(x, "class", "arguments");
        add_buses(x, f, row);
        xml_end(x);
        xml_end(x);
}

int html_firmware(Xml *x, const Judgement *j)
{
        static const char *const heads[] = { "Unit", "Registers", "Translates for" };
        _cleanup_(firmware_map_done) FirmwareMap map = {};
        _cleanup_(unit_rows_done) UnitRows rows = {};
        int r = firmware_map_compute(j->facts, &map);

        if (r >= 0 && map.table)
                r = find_rows(&map, &rows);
        if (r < 0 || rows.n == 0)
                return r;
        html_section(x, "firmware", "IOMMU units of the firmware", "table %s", map.table->vendor->signature);
        xml_start_line(x, "table");
        xml_attribute(x, "class", "entries");
        xml_start_line(x, "thead");
        xml_start(x, "tr");
        FOREACH_ARRAY(head, heads, ELEMENTSOF(heads))
                xml_element(x, "th", NULL, "%s", *head);
        xml_end(x);
        xml_end(x);
        xml_start_line(x, "tbody");
        FOREACH_ARRAY(row, rows.items, rows.n)
                add_row(x, j->facts, row);
        xml_end(x);
        xml_end(x);
        xml_end(x);
        return 0;
}
