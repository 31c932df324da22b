/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/hostdev.h"

#include "base/text.h"
#include "core/device-select.h"

/* A function's place in the guest. */
typedef struct GuestPlace {
        unsigned card;     /* from 0 */
        unsigned function; /* in the slot of its card */
        bool first;        /* of its card */
        bool shared;       /* there are more on its card */
} GuestPlace;

static size_t card_of(const HostdevSet *s, size_t i)
{
        return device_card(s->facts, s->items[i]);
}

/*
 * Of the function after @previous, which is at @i. A slot without a function 0 is an empty one (PCI Local Bus 3.0,
 * 3.2.2.3.4), so the first function of a card is that one; the others keep their numbers.
 */
static GuestPlace next_place(const HostdevSet *s, size_t i, const GuestPlace *previous)
{
        bool first = i == 0 || card_of(s, i) != card_of(s, i - 1);

        return (GuestPlace){
                .card = i == 0 ? 0 : previous->card + first,
                .function = first ? 0 : s->facts->functions[s->items[i]].addr.function,
                .first = first,
                .shared = !first || (i + 1 < s->n && card_of(s, i + 1) == card_of(s, i)),
        };
}

size_t hostdev_count_cards(const HostdevSet *s)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++)
                n += i == 0 || card_of(s, i) != card_of(s, i - 1);
        return n;
}

/* "--" ends a comment (XML 1.0, 2.5), and what a name has in it comes from elsewhere. */
static int comment_text(const PciFunction *p, char **ret)
{
        _cleanup_free_ char *text = NULL;
        int r = device_describe(p, &text);

        if (r < 0)
                return r;
        for (char *s = text; (s = strstr(s, "--")); s++)
                s[1] = ' ';
        *ret = TAKE_PTR(text);
        return 0;
}

static void add_address(Printer *p, const char *type, PciAddr a)
{
        printer_add(p, "<address%s domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'", type, a.domain, a.bus,
                    a.slot, a.function);
}

/* The variant of vfio-pci that it is on or is going to be on; NULL: none. */
static const char *variant_of(const PciFunction *f)
{
        if (driver_is_variant(f->driver))
                return f->driver;
        return function_variant(f) ? variant_driver(function_variant(f)) : NULL;
}

static int print_hostdev(Printer *p, const HostdevSet *s, const PciFunction *f, const GuestPlace *g)
{
        const char *variant = variant_of(f);
        _cleanup_free_ char *text = NULL;
        int r = comment_text(f, &text);

        if (r < 0)
                return r;
        printer_line(p, "<!-- %s -->", text);
        printer_line(p, "<hostdev mode='subsystem' type='pci' managed='%s'>",
                     wanted_meant(s->wanted, f) ? "no" : "yes");
        if (variant)
                printer_line(p, "  <driver name='vfio' model='%s'/>", variant);
        printer_line(p, "  <source>");
        printer_add(p, "    ");
        add_address(p, "", f->addr);
        printer_line(p, "/>");
        printer_line(p, "  </source>");
        if (g->shared) {
                printer_add(p, "  ");
                add_address(
                        p, " type='pci'",
                        (PciAddr){ .bus = (uint8_t) (HOSTDEV_FIRST_BUS + g->card), .function = (uint8_t) g->function });
                printer_line(p, "%s/>", g->first ? " multifunction='on'" : "");
        }
        printer_line(p, "</hostdev>");
        return 0;
}

int hostdev_libvirt(Printer *p, const HostdevSet *s)
{
        GuestPlace place = {};
        int r = 0, e;

        for (size_t i = 0; r >= 0 && i < s->n; i++) {
                place = next_place(s, i, &place);
                r = print_hostdev(p, s, s->facts->functions + s->items[i], &place);
        }
        e = printer_end(p);
        return r < 0 ? r : e;
}

int hostdev_qemu(Printer *p, const HostdevSet *s)
{
        GuestPlace place = {};

        for (size_t i = 0; i < s->n; i++) {
                const PciFunction *f = s->facts->functions + s->items[i];

                place = next_place(s, i, &place);
                if (place.first)
                        printer_line(p, "-device pcie-root-port,id=ptprep%u,bus=pcie.0,chassis=%u,slot=%u \\",
                                     place.card, HOSTDEV_FIRST_BUS + place.card, HOSTDEV_FIRST_BUS + place.card);
                printer_line(p, "-device vfio-pci,host=%s,bus=ptprep%u,addr=00.%u%s%s", PCI_ADDR_TEXT(f->addr),
                             place.card, place.function, place.first && place.shared ? ",multifunction=on" : "",
                             i + 1 < s->n ? " \\" : "");
        }
        return printer_end(p);
}
