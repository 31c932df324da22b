/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/escape.h"
#include "base/text.h"
#include "core/device-select.h"
#include "core/function-order.h"
#include "core/level.h"
#include "core/list.h"
#include "model/device-kind.h"
#include "model/stub.h"

/* A name has a line of its own where less than this is left of the function's. */
#define NAME_COLUMNS_MIN 40U

/* So many that are alike are named one by one. */
#define ALIKE_MAX        4U

/* The list in the making. */
typedef struct Sheet {
        Printer *printer;
        const ListView *view;
        bool brief;
        int address, class, driver, reset; /* columns */
} Sheet;

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

/* "?" of what cannot be told. */
#define ID_TEXT_MAX sizeof("8086:10d3")
static const char *id_text(const PciFunction *f, char buf[ID_TEXT_MAX])
{
        (void) snprintf(buf, ID_TEXT_MAX, "%04x:%04x", f->id.vendor, f->id.device);
        return f->unread ? "?" : buf;
}

/* The word for its class, which --class takes as well; a class that has none as its number. */
static const char *class_text(const PciFunction *f, char buf[sizeof("ffffff")])
{
        (void) snprintf(buf, sizeof("ffffff"), "%06x", f->class & 0xffffffU);
        return f->unread ? "?" : device_kind_of(f->class) ?: buf;
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

/* Where the name begins, when it stands in the line of its function. */
static unsigned columns_before_name(const Sheet *s)
{
        return (unsigned) (s->address + 2 + s->class + 2 + 5 + 2 + s->driver + 2 + 14 + 2);
}

/* Only as much of it as there is room for, on a terminal; a pipe takes all. */
static void print_cut(Printer *p, const char *text, unsigned room)
{
        const char *end = text, *cut = text;
        unsigned columns = 0;
        uint32_t c;

        while (*end) {
                end += utf8_character(end, &c) ?: 1;
                if (++columns + 3 <= room)
                        cut = end;
        }
        if (columns <= room)
                printer_line(p, "%s", text);
        else
                printer_line(p, "%.*s...", (int) (cut - text), text);
}

/* The name behind the other columns, or below them where the terminal is narrow. */
static int print_name(const Sheet *s, const PciFunction *f, const char *verdict)
{
        unsigned before = columns_before_name(s);
        _cleanup_free_ char *text = NULL;

        if (!s->brief) {
                printer_add(s->printer, "  ");
                printer_hang(s->printer);
                printer_line(s->printer, "%s", f->name ?: "");
                return 0;
        }
        if (string_printf(&text, "%s%s[%s]", f->name ?: "", f->name ? " " : "", id_text(f, (char[ID_TEXT_MAX]){ 0 })) <
            0)
                return -ENOMEM;
        if (before + NAME_COLUMNS_MIN > s->printer->width) {
                before = (unsigned) s->address + 2;
                printer_line(s->printer, "%s", "");
                printer_add(s->printer, "%*s", (int) before, "");
        } else
                printer_add(s->printer, "%*s", (int) (14 - strlen(verdict)) + 2, "");
        print_cut(s->printer, text, MAX(s->printer->width, before + NAME_COLUMNS_MIN) - before);
        return 0;
}

static void print_configured(const Sheet *s, const WantedDevice *d, const Verdict *v)
{
        static const struct {
                const char *text, *color;
        } states[_CLAIM_MARK_MAX] = {
                [CLAIM_MARK_ACTIVE] = { "on its stub driver", COLOR_GREEN },
                [CLAIM_MARK_REBOOT] = { "waits for a reboot", COLOR_YELLOW },
                [CLAIM_MARK_NOT_APPLIED] = { "waits for \"ptprep --apply\" and a reboot", COLOR_YELLOW },
                [CLAIM_MARK_NETWORK] = { "waits for the network of the host", COLOR_YELLOW },
                [CLAIM_MARK_REFUSED] = { "refused, \"ptprep --check\" says why", COLOR_RED },
        };
        const ClaimMark state = list_claim_mark(s->view, d, v);

        printer_add(s->printer, "%*s", s->address + 2, "");
        printer_hang(s->printer);
        printer_color(s->printer, states[state].color);
        printer_add(s->printer, "CONFIGURED");
        printer_color(s->printer, NULL);
        printer_line(s->printer, " as %s: %s", d->config->name, states[state].text);
}

static void print_maker(const Sheet *s, const WantedMaker *m)
{
        printer_add(s->printer, "%*s", s->address + 2, "");
        printer_hang(s->printer);
        printer_color(s->printer, m->state == MAKER_DONE ? COLOR_GREEN : COLOR_YELLOW);
        printer_add(s->printer, "CONFIGURED");
        printer_color(s->printer, NULL);
        printer_line(s->printer, " as %s: %u virtual function%s at each boot%s", m->config->name, m->config->vfs,
                     m->config->vfs == 1 ? "" : "s",
                     m->state == MAKER_DONE ? "" : ", not as they are to be: \"ptprep --check\" says why");
}

static void print_level(const Sheet *s, const PciFunction *f, const Verdict *v)
{
        LevelAnswer a = level_compute(s->view->facts, f, v);

        printer_add(s->printer, "%*s", s->address + 2, "");
        printer_hang(s->printer);
        printer_add(s->printer, "level %d of %d", a.level, _LEVEL_MAX - 1);
        if (a.level != LEVEL_NONE)
                printer_add(s->printer, ", %s", ready_level_to_string(a.level));
        if (a.stop)
                printer_add(s->printer, "; not %s: %s", ready_level_to_string(a.level + 1), a.stop);
        printer_line(s->printer, "%s", "");
}

/* @depth: bridges above, for the indentation. */
static int print_function(const Sheet *s, const PciFunction *f, int depth)
{
        static const char *const colors[_VERDICT_STATE_MAX] = {
                [VERDICT_READY] = COLOR_GREEN,           [VERDICT_CONDITIONAL] = COLOR_YELLOW,
                [VERDICT_UNKNOWN] = COLOR_BRIGHT_YELLOW, [VERDICT_BLOCKED] = COLOR_RED,
                [VERDICT_NOT_APPLICABLE] = COLOR_DIM,
        };
        const WantedDevice *d = wanted_device_of(s->view->wanted, f);
        const WantedMaker *m = wanted_maker_of(s->view->wanted, f);
        char group[16] = "-", class[sizeof("ffffff")], reset[128];
        _cleanup_(verdict_done) Verdict v = {};
        int r;

        if (!list_shows(s->view, f))
                return 0;
        r = verdict_compute(s->view->context, f, &v);
        if (r < 0)
                return r;
        if (f->group != PCI_GROUP_NONE)
                (void) snprintf(group, sizeof(group), "%d", f->group);
        printer_add(s->printer, "%*s%-*s  ", 2 * depth, "", s->address - 2 * depth, PCI_ADDR_TEXT(f->addr));
        if (!s->brief)
                printer_add(s->printer, "%-9s  ", id_text(f, (char[ID_TEXT_MAX]){ 0 }));
        printer_add(s->printer, "%-*s  %5s  %-*s  ", s->class, class_text(f, class), group, s->driver,
                    f->driver ?: "-");
        if (!s->brief)
                printer_add(s->printer, "%-*s  ", s->reset, reset_text(f, reset, sizeof(reset)));
        if (colors[v.state])
                printer_color(s->printer, colors[v.state]);
        printer_add(s->printer, s->brief ? "%s" : "%-14s", verdict_state_to_string(v.state));
        if (colors[v.state])
                printer_color(s->printer, NULL);
        r = print_name(s, f, verdict_state_to_string(v.state));
        if (d)
                print_configured(s, d, &v);
        if (m)
                print_maker(s, m);
        /* without being asked for only where no reason says as much */
        if (s->view->verbose ? v.state != VERDICT_NOT_APPLICABLE : d && v.state <= VERDICT_POSSIBLE)
                print_level(s, f, &v);
        print_reasons(s->printer, &v, s->address + 2);
        return r;
}

static void print_heading(const Sheet *s)
{
        printer_add(s->printer, "%-*s  ", s->address, "ADDRESS");
        if (!s->brief)
                printer_add(s->printer, "%-9s  ", "ID");
        printer_add(s->printer, "%-*s  %5s  %-*s  ", s->class, "CLASS", "GROUP", s->driver, "DRIVER");
        if (!s->brief)
                printer_add(s->printer, "%-*s  ", s->reset, "RESET");
        printer_line(s->printer, "%-14s  DEVICE", "VERDICT");
}

/* @order: of all functions; NULL: by address. */
static int print_in_order(const Sheet *s, const FunctionPlace *order)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < s->view->facts->n_functions; i++) {
                const FunctionPlace *place = order ? order + i : &(FunctionPlace){ i, 0 };

                r = print_function(s, s->view->facts->functions + place->index, (int) place->depth);
        }
        return r;
}

/* The order for people. */
typedef enum Weight {
        WEIGHT_CONFIGURED,
        WEIGHT_CURABLE, /* something stands in its way that can be changed, or nobody can tell */
        WEIGHT_BLOCKED,
        WEIGHT_FINE,
        WEIGHT_NEVER, /* bridges */
} Weight;

typedef struct Weighed {
        const PciFunction *function;
        size_t card;
        Weight weight, card_weight; /* of the card: of the first of its functions */
} Weighed;

static Weight weigh(const Sheet *s, const PciFunction *f, const Verdict *v)
{
        static const Weight weights[_VERDICT_STATE_MAX] = {
                [VERDICT_READY] = WEIGHT_FINE,      [VERDICT_POSSIBLE] = WEIGHT_FINE,
                [VERDICT_UNKNOWN] = WEIGHT_CURABLE, [VERDICT_CONDITIONAL] = WEIGHT_CURABLE,
                [VERDICT_BLOCKED] = WEIGHT_BLOCKED, [VERDICT_NOT_APPLICABLE] = WEIGHT_NEVER,
        };

        if (wanted_device_of(s->view->wanted, f))
                return WEIGHT_CONFIGURED;
        /* what is wrong with the machine is said above all of them */
        FOREACH_ARRAY(r, v->reasons, v->n_reasons)
                if (r->weight > VERDICT_POSSIBLE && !verdict_is_of_machine(r->id))
                        return weights[v->state];
        return MAX(weights[v->state], WEIGHT_FINE);
}

static int compare_weighed(const void *a, const void *b)
{
        const Weighed *x = a, *y = b;

        if (x->card_weight != y->card_weight)
                return x->card_weight < y->card_weight ? -1 : 1;
        if (x->card != y->card)
                return x->card < y->card ? -1 : 1;
        return x->function < y->function ? -1 : x->function > y->function;
}

static int weigh_all(const Sheet *s, Weighed *items)
{
        const Facts *f = s->view->facts;

        for (size_t i = 0; i < f->n_functions; i++) {
                _cleanup_(verdict_done) Verdict v = {};
                Weighed *card = items + device_card(f, i);
                int r = verdict_compute(s->view->context, f->functions + i, &v);

                if (r < 0)
                        return r;
                items[i].function = f->functions + i;
                items[i].card = (size_t) (card - items);
                items[i].weight = items[i].card_weight = weigh(s, f->functions + i, &v);
                card->card_weight = MIN(card->card_weight, items[i].weight);
        }
        for (size_t i = 0; i < f->n_functions; i++)
                items[i].card_weight = items[items[i].card].card_weight;
        return 0;
}

/* Would one line say the same of both? */
static bool alike(const Weighed *a, const Weighed *b)
{
        return a->card_weight == WEIGHT_FINE && b->card_weight == WEIGHT_FINE && a->weight == b->weight &&
               pci_id_equal(a->function->id, b->function->id) && a->function->class == b->function->class &&
               streq_null(a->function->driver, b->function->driver);
}

/* How many of those behind it are like it; 0: it stands for itself, with one in front of it that stands for them all.
 */
static size_t count_alike(const Weighed *items, size_t n, size_t at, bool *ret_first)
{
        size_t count = 0;

        *ret_first = true;
        for (size_t i = 0; i < n; i++)
                if (i != at && alike(items + i, items + at)) {
                        *ret_first &= i > at;
                        count++;
                }
        return count;
}

static int print_weighed(const Sheet *s, const Weighed *items, size_t n)
{
        size_t n_never = 0;
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                size_t count;
                bool first;

                if (items[i].card_weight == WEIGHT_NEVER) {
                        n_never++;
                        continue;
                }
                count = count_alike(items, n, i, &first);
                if (count >= ALIKE_MAX && !first)
                        continue;
                r = print_function(s, items[i].function, 0);
                if (count >= ALIKE_MAX)
                        printer_line(s->printer, "%*sand %zu more like it: -v shows them", s->address + 2, "", count);
        }
        if (n_never > 0)
                printer_line(s->printer, "%zu bridge%s stay%s with the host: -v shows %s", n_never,
                             n_never == 1 ? "" : "s", n_never == 1 ? "s" : "", n_never == 1 ? "it" : "them");
        return r;
}

static int print_by_weight(const Sheet *s)
{
        size_t n = s->view->facts->n_functions;
        _cleanup_free_ Weighed *items = calloc(n + 1, sizeof(*items));
        int r = items ? weigh_all(s, items) : -ENOMEM;

        if (r < 0)
                return r;
        qsort(items, n, sizeof(*items), compare_weighed);
        return print_weighed(s, items, n);
}

static void measure(Sheet *s, const FunctionPlace *order)
{
        const Facts *f = s->view->facts;

        s->address = (int) strlen("0000:00:00.0");
        s->class = (int) strlen("CLASS");
        s->driver = (int) strlen("DRIVER");
        s->reset = (int) strlen("RESET");
        for (size_t i = 0; i < f->n_functions; i++) {
                const PciFunction *p = f->functions + (order ? order[i].index : i);
                char class[sizeof("ffffff")], reset[128];

                if (!list_shows(s->view, p))
                        continue;
                s->address = MAX(s->address, (int) (strlen(PCI_ADDR_TEXT(p->addr)) + (order ? 2 * order[i].depth : 0)));
                s->class = MAX(s->class, (int) strlen(class_text(p, class)));
                s->driver = MAX(s->driver, p->driver ? (int) strlen(p->driver) : 0);
                s->reset = MAX(s->reset, (int) strlen(reset_text(p, reset, sizeof(reset))));
        }
}

int list_text(Printer *p, const ListView *l)
{
        Sheet s = { .printer = p, .view = l, .brief = p->terminal && !l->verbose };
        _cleanup_free_ FunctionPlace *order = NULL;
        int r = print_machine(p, l->context), e;

        if (r >= 0 && l->tree)
                r = function_order(l->facts, &order);
        if (r >= 0) {
                measure(&s, order);
                print_heading(&s);
                r = s.brief && !l->tree && !l->chosen ? print_by_weight(&s) : print_in_order(&s, order);
        }
        e = printer_end(p);
        return r < 0 ? r : e;
}

int list_addresses(Printer *p, const ListView *l)
{
        FOREACH_ARRAY(f, l->facts->functions, l->facts->n_functions)
                if (list_shows(l, f))
                        printer_line(p, "%s", PCI_ADDR_TEXT(f->addr));
        return printer_end(p);
}
