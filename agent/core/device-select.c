/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/device-select.h"

#include <ctype.h>

#include "base/text.h"
#include "model/device-kind.h"
#include "model/pcispelling.h"

/* As many as are looked at; with more nothing is near any more. */
#define NEAREST_MAX 5U

void device_selection_done(DeviceSelection *s)
{
        free(s->items);
        free(s->nearest);
        *s = (DeviceSelection){};
}

size_t device_card(const Facts *f, size_t i)
{
        size_t iterator = 0, first;

        return facts_next_sibling(f, i, &iterator, &first) ? first : i;
}

int device_describe(const PciFunction *p, char **ret)
{
        char class[sizeof("class ffffff")];
        const char *kind = p->class_name ?: device_kind_of(p->class);

        if (p->unread)
                return string_copy("a device of which nobody can tell what it is", ret);
        (void) snprintf(class, sizeof(class), "class %06x", p->class);
        return string_printf(ret, "%s: %s%s[%04x:%04x]", kind ?: class, p->name ?: "", p->name ? " " : "", p->id.vendor,
                             p->id.device);
}

static int add_index(size_t **array, size_t *n, size_t i)
{
        size_t *slot = array_grow(array, *n);

        if (!slot)
                return -ENOMEM;
        *slot = i;
        (*n)++;
        return 0;
}

/* What is looked for, in each of the ways that it can be. */
typedef struct Wish {
        const Config *config;
        const ConfigDevice *section;
        const char *section_name;
        const DeviceKind *kind;
        PciSpelling spelling;
        bool has_spelling;
        StringList words; /* lower case */
} Wish;

static void wish_done(Wish *w)
{
        string_list_done(&w->words);
}

static char *lower(const char *s)
{
        char *copy = strdup(s);

        for (char *p = copy; p && *p; p++)
                *p = (char) tolower((unsigned char) *p);
        return copy;
}

/* The words of a text in lower case, without what only separates them. */
static int split_words(const char *text, StringList *ret)
{
        static const char separators[] = " \t,;:()[]/";
        _cleanup_free_ char *copy = lower(text);
        char *rest = NULL;

        if (!copy)
                return -ENOMEM;
        for (char *word = strtok_r(copy, separators, &rest); word; word = strtok_r(NULL, separators, &rest)) {
                int r = string_list_add(ret, word);

                if (r < 0)
                        return r;
        }
        return 0;
}

static bool slot_matches(PciAddr a, PciAddr b)
{
        return a.domain == b.domain && a.bus == b.bus && a.slot == b.slot;
}

static bool spelling_matches(const PciSpelling *s, const PciFunction *p)
{
        switch (s->kind) {
        case PCI_SPELLING_FUNCTION:
                return pci_addr_equal(p->addr, s->addr) || (s->has_decimal && pci_addr_equal(p->addr, s->decimal));
        case PCI_SPELLING_SLOT:
                return slot_matches(p->addr, s->addr);
        case PCI_SPELLING_ID:
                return pci_id_equal(p->id, s->id);
        case PCI_SPELLING_VENDOR:
                return p->id.vendor == s->id.vendor;
        }
        return false;
}

/* Are all the words part of what the function is called? 1, 0, -ENOMEM. */
static int words_match(const StringList *words, const PciFunction *p)
{
        _cleanup_free_ char *text = NULL, *low = NULL;

        if (words->n == 0 || !p->name)
                return 0;
        if (string_printf(&text, "%s %s", p->name, p->class_name ?: "") < 0 || !(low = lower(text)))
                return -ENOMEM;
        FOREACH_ARRAY(word, words->items, words->n)
                if (!strstr(low, *word))
                        return 0;
        return 1;
}

/* All sections of devices, one after the other, and those last that mean none; NULL: there is no more. */
static const ConfigDevice *section_at(const Config *c, size_t i)
{
        if (i < c->n_devices)
                return c->devices + i;
        i -= c->n_devices;
        if (i < c->n_makers)
                return c->makers + i;
        return i - c->n_makers < c->n_lost ? c->lost + (i - c->n_makers) : NULL;
}

/* A set has a section for each of its devices, and one that is lost has no address that would count. */
static bool section_matches(const Wish *w, const PciFunction *p)
{
        const size_t n = w->config->n_devices + w->config->n_makers;

        for (size_t i = 0; i < n; i++) {
                const ConfigDevice *d = section_at(w->config, i);

                if (pci_addr_equal(p->addr, d->address) && config_device_is_of(d, w->section_name))
                        return true;
        }
        return false;
}

static int matches(const Wish *w, const PciFunction *p)
{
        if (w->section)
                return section_matches(w, p);
        if (w->kind)
                return device_kind_has(w->kind, p->class);
        return w->has_spelling ? spelling_matches(&w->spelling, p) : words_match(&w->words, p);
}

static DeviceSpelling spelling_of(const Wish *w)
{
        if (w->section)
                return DEVICE_BY_SECTION;
        if (w->kind)
                return DEVICE_BY_KIND;
        if (!w->has_spelling)
                return DEVICE_BY_WORDS;
        switch (w->spelling.kind) {
        case PCI_SPELLING_FUNCTION:
                return DEVICE_BY_ADDRESS;
        case PCI_SPELLING_SLOT:
                return DEVICE_BY_SLOT;
        default:
                return DEVICE_BY_ID;
        }
}

/* How far is the function from an address or id that nobody has? The text is what a slip of the finger changes. */
static unsigned spelling_distance(const PciSpelling *s, const PciFunction *p)
{
        char a[16], b[16];

        if (s->kind == PCI_SPELLING_FUNCTION || s->kind == PCI_SPELLING_SLOT) {
                PciAddr addr = p->addr;

                if (slot_matches(s->addr, addr))
                        return 0;
                addr.function = s->addr.function;
                return text_distance(PCI_ADDR_TEXT(s->addr), PCI_ADDR_TEXT(addr));
        }
        (void) snprintf(a, sizeof(a), "%04x%04x", s->id.vendor, s->id.device);
        (void) snprintf(b, sizeof(b), "%04x%04x", p->id.vendor, s->kind == PCI_SPELLING_ID ? p->id.device : 0);
        return text_distance(a, b);
}

/* The same for words: the nearest words of its name, none further than a typo. */
static int words_distance(const StringList *words, const PciFunction *p, unsigned *ret)
{
        _cleanup_(string_list_done) StringList name = {};
        unsigned sum = 0;
        int r = p->name ? split_words(p->name, &name) : 0;

        if (r < 0)
                return r;
        FOREACH_ARRAY(word, words->items, words->n) {
                unsigned best = UINT8_MAX;

                FOREACH_ARRAY(other, name.items, name.n)
                        best = MIN(best, strstr(*other, *word) ? 0 : text_distance(*other, *word));
                sum += strlen(*word) < 4 && best > 0 ? UINT8_MAX : best;
        }
        *ret = words->n > 0 ? sum : UINT8_MAX;
        return 0;
}

static int find_nearest(const Facts *f, const Wish *w, DeviceSelection *s)
{
        for (unsigned wanted = 0; wanted <= 2 && s->n_nearest == 0; wanted++)
                for (size_t i = 0; i < f->n_functions && s->n_nearest < NEAREST_MAX; i++) {
                        const PciFunction *p = f->functions + i;
                        unsigned distance = UINT8_MAX;
                        int r = 0;

                        if (w->has_spelling)
                                distance = spelling_distance(&w->spelling, p);
                        else if (!w->section && !w->kind)
                                r = words_distance(&w->words, p, &distance);
                        if (r >= 0 && distance == wanted)
                                r = add_index(&s->nearest, &s->n_nearest, i);
                        if (r < 0)
                                return r;
                }
        return 0;
}

static const char *guess_word(const Config *c, const char *text)
{
        unsigned best = strlen(text) < 4 ? 2 : 3; /* one letter of a short word, two of a longer one */
        const char *found = NULL, *name;
        const ConfigDevice *d;

        for (size_t i = 0; (name = device_kind_name(i)); i++) {
                unsigned distance = text_distance(text, name);

                if (distance < best) {
                        best = distance;
                        found = name;
                }
        }
        for (size_t i = 0; (d = section_at(c, i)); i++)
                if (text_distance(text, d->name) < best) {
                        best = text_distance(text, d->name);
                        found = d->name;
                }
        return found;
}

static int wish_parse(const Config *c, const char *text, Wish *ret, int *ret_error)
{
        const ConfigDevice *d;
        int r;

        for (size_t i = 0; (d = section_at(c, i)); i++)
                if (config_device_is_of(d, text)) {
                        ret->config = c;
                        ret->section = d;
                        ret->section_name = text;
                        return 0;
                }
        ret->kind = device_kind_by_name(text);
        if (ret->kind)
                return 0;
        r = pci_spelling_parse(text, &ret->spelling);
        ret->has_spelling = r >= 0;
        *ret_error = r == -ERANGE ? r : 0;
        return r >= 0 ? 0 : split_words(text, &ret->words);
}

int device_select(const Facts *f, const Config *c, const char *text, DeviceSelection *ret)
{
        _cleanup_(device_selection_done) DeviceSelection s = {};
        _cleanup_(wish_done) Wish w = {};
        int r = wish_parse(c, text, &w, &s.error);

        if (r < 0)
                return r;
        s.spelling = spelling_of(&w);
        s.section = w.section;
        s.lost = w.section && c->n_lost > 0 && w.section >= c->lost && w.section < c->lost + c->n_lost;
        for (size_t i = 0; i < f->n_functions; i++) {
                r = matches(&w, f->functions + i);
                if (r > 0)
                        r = add_index(&s.items, &s.n, i);
                if (r < 0)
                        return r;
        }
        if (s.n == 0) {
                r = find_nearest(f, &w, &s);
                if (r < 0)
                        return r;
                if (s.spelling == DEVICE_BY_WORDS)
                        s.guess = guess_word(c, text);
        }
        *ret = s;
        s = (DeviceSelection){};
        return 0;
}

bool device_selection_is_one_card(const Facts *f, const DeviceSelection *s)
{
        for (size_t i = 1; i < s->n; i++)
                if (device_card(f, s->items[i]) != device_card(f, s->items[0]))
                        return false;
        return true;
}

static int add_candidates(const Facts *f, const size_t *items, size_t n, StringList *ret)
{
        FOREACH_ARRAY(i, items, n) {
                const PciFunction *p = f->functions + *i;
                _cleanup_free_ char *what = NULL;
                int r = device_describe(p, &what);

                if (r >= 0)
                        r = string_list_addf(ret, "  %s  %s", PCI_ADDR_TEXT(p->addr), what);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_absence(const DeviceSelection *s, const char *text, StringList *ret)
{
        if (s->error == -ERANGE)
                return string_list_addf(
                        ret, "\"%s\" is no address: a bus goes up to ff, a slot up to 1f, a function up to 7", text);
        if (s->lost)
                return string_list_addf(ret, "no device here is as [device %s] (%s:%u) says: see \"ptprep --check %s\"",
                                        text, s->section->file, s->section->line, text);
        if (s->section)
                return string_list_addf(ret, "no device is at %s, the address of [device %s] (%s:%u)",
                                        PCI_ADDR_TEXT(s->section->address), s->section->name, s->section->file,
                                        s->section->line);
        if (s->guess)
                return string_list_addf(ret, "no device here is \"%s\", did you mean \"%s\"?", text, s->guess);
        return string_list_addf(ret, "no device here is \"%s\"%s", text,
                                s->n_nearest > 0 ? "; the nearest:" : "; \"ptprep list\" shows what there is");
}

int device_selection_refusal(const Facts *f, const DeviceSelection *s, const char *text, StringList *ret)
{
        int r;

        if (s->n > 0) {
                r = string_list_addf(ret, "\"%s\" can be several devices; say which one by its address:", text);
                return r < 0 ? r : add_candidates(f, s->items, s->n, ret);
        }
        r = add_absence(s, text, ret);
        return r < 0 ? r : add_candidates(f, s->nearest, s->n_nearest, ret);
}
