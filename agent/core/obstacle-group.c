/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/isolation.h"
#include "core/obstacle.h"

/* Who shares a group with a device, and why. */

/* What can be done about a group depends on the worst that is in it. */
typedef enum BreakingKind {
        BREAKING_BRIDGE, /* on a driver that breaks it */
        BREAKING_DRIVER, /* a device on its host driver */
        BREAKING_HOST,   /* a device that the host needs */
} BreakingKind;

/* "0000:01:00.2 in it is on its host driver xhci_hcd". What capabilities let expect is put as what will be. */
static BreakingKind print_breaking(const VerdictContext *c, const PciFunction *p, const char *separator, FILE *out)
{
        bool stays = pci_class_never_bound(p->class); /* with the host, whatever is configured */
        HostUseAnswer host = host_use_any(c->facts, p, 0);

        fprintf(out, "%s%s%s%s", separator, stays ? "the bridge " : "", PCI_ADDR_TEXT(p->addr),
                *separator    ? ""
                : c->expected ? " will be in it, which"
                              : " in it");
        if (host.used == TRISTATE_YES && !stays)
                fprintf(out, "%s %s %s", c->expected && *separator ? ", which" : "", host_use_texts[host.kind].verb,
                        host.use->what);
        else
                fprintf(out, "%s is on %s %s", c->expected && *separator ? ", which" : "",
                        stays ? "the driver" : "its host driver", p->driver);
        return stays ? BREAKING_BRIDGE : host.used == TRISTATE_YES ? BREAKING_HOST : BREAKING_DRIVER;
}

/* What stands in the way of a group. */
typedef struct Obstruction {
        char *text;     /* NULL: nothing does */
        char *sections; /* what a configuration that has them all would have besides */
        size_t n;
        BreakingKind worst;
        bool one_card; /* all are other functions of the card that is asked about */
} Obstruction;

static void obstruction_done(Obstruction *o)
{
        free(o->text);
        free(o->sections);
}

/* Prints those that break the group of a function, with it left out. */
static void print_all_breaking(const VerdictContext *c, const PciFunction *f, const Breaking *b, FILE *text,
                               FILE *sections, Obstruction *o)
{
        size_t named = 0;

        o->n = b->n;
        o->one_card = b->n <= ELEMENTSOF(b->at);
        for (size_t k = 0; k < MIN(b->n, ELEMENTSOF(b->at)); k++) {
                const PciFunction *p = c->facts->functions + b->at[k];
                BreakingKind kind;

                if (p == f) {
                        o->n--;
                        continue;
                }
                if (named == BREAKING_NAMED)
                        continue;
                kind = print_breaking(c, p, named > 0 ? ", " : "", text);
                fprintf(sections, "%s[device NAME] address = %s id = %04x:%04x", named > 0 ? "; " : "",
                        PCI_ADDR_TEXT(p->addr), p->id.vendor, p->id.device);
                o->worst = MAX(o->worst, kind);
                o->one_card &= pci_addr_same_slot(p->addr, f->addr);
                named++;
        }
        if (o->n > named) {
                fprintf(text, ", and %zu more", o->n - named);
                fprintf(sections, "; and %zu more", o->n - named);
        }
}

static int find_obstruction(const VerdictContext *c, const PciFunction *f, const Breaking *b, Obstruction *ret)
{
        size_t text_size, sections_size;
        FILE *text = open_memstream(&ret->text, &text_size);
        FILE *sections = open_memstream(&ret->sections, &sections_size);
        int r = 0;

        if (text && sections)
                print_all_breaking(c, f, b, text, sections, ret);
        if (!text || fclose(text) != 0)
                r = -ENOMEM;
        if (!sections || fclose(sections) != 0)
                r = -ENOMEM;
        return r;
}

/*
 * What can be done where all that is in the way could be configured as well. @companions: all that may be claimed as
 * companions are.
 */
static int advise_sections(const Obstruction *o, bool companions, char **ret)
{
        static const struct {
                const char *what, *other;
        } texts[2][2] = {
                { { "that device", ", or move one of the two cards to another slot" },
                  { "all of these devices", ", or use another slot" } },
                { { "the other function of this card", "" }, { "the other functions of this card", "" } },
        };

        return string_printf(ret, "configure %s too%s%s: %s", texts[o->one_card][o->n > 1].what,
                             companions ? "" : ", or set group = companions", texts[o->one_card][o->n > 1].other,
                             o->sections);
}

int obstacle_group(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        /* one in the way, and several */
        static const ReasonKind kinds[][2] = {
                [BREAKING_BRIDGE] = { { VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                        "keep that driver off the bridge (blacklist its module), or use another slot" },
                                      { VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                        "keep these drivers off the bridges (blacklist their modules), or use another "
                                        "slot" } },
                [BREAKING_DRIVER] = { { VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION, NULL },
                                      { VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION, NULL } },
                [BREAKING_HOST] = { { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_SLOT,
                                      "move one of the two cards to another slot" },
                                    { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_SLOT,
                                      "move this card, or those that the host needs, to another slot" } },
        };
        const GroupState *g = context_group(c, f);
        const ConfigDevice *config = context_config(c, f);
        _cleanup_(obstruction_done) Obstruction o = {};
        _cleanup_free_ char *sections = NULL;
        ReasonKind kind;
        int r;

        if (!g || (!c->expected && !iommu_state_is_on(c->state)))
                return 0;
        r = find_obstruction(c, f, &g->breaking, &o);
        if (r >= 0 && o.n == 0 && g->unread && g->unread != f)
                return verdict_add(ret, id,
                                   &(ReasonKind){ VERDICT_UNKNOWN, RESULT_UNKNOWN, CURE_PERSON,
                                                  "see why that file cannot be read" },
                                   "cannot tell what %s %s: %s", PCI_ADDR_TEXT(g->unread->addr),
                                   c->expected ? "is, which will be in it" : "in it is", g->unread->unread);
        if (r < 0 || o.n == 0)
                return r;
        kind = kinds[o.worst][o.n > 1];
        if (o.worst == BREAKING_DRIVER) {
                r = advise_sections(&o, config && config->group == GROUP_COMPANIONS, &sections);
                if (r < 0)
                        return r;
                kind.cure = sections;
        } else if (o.worst == BREAKING_HOST && o.one_card) {
                kind.cure_kind = CURE_CONFIGURATION;
                kind.cure = "leave the whole card to the host, or move what is on it to another device first";
        }
        /* no other device and no other slot gives it an identity of its own */
        if (verdict_reason(ret, "device.managed")) {
                kind.cure_kind = CURE_FIRMWARE;
                kind.cure = "do what device.managed says, which changes the groups as well";
        }
        if (config && config->group == GROUP_REPORT)
                kind.result = RESULT_WARN;
        if (!c->expected)
                return verdict_add(ret, id, &kind, "IOMMU group %d is not viable: %s", f->group, o.text);
        /* never as sure as a group that is there */
        kind.weight = VERDICT_CONDITIONAL;
        kind.result = RESULT_WARN;
        return verdict_add(ret, id, &kind, "once the IOMMU is on, its group will hardly be viable: %s", o.text);
}

/* Why a group is shared, as far as capabilities tell. */
static void explain_sharing(const VerdictContext *c, const PciFunction *f, char *buf, size_t size)
{
        const PciFunction *functions = c->facts->functions;

        buf[0] = 0;
        for (size_t up = f->parent; up != PCI_PARENT_NONE; up = functions[up].parent) {
                const PciIsolation *i = &functions[up].isolation;

                if (i->pcie == TRISTATE_UNKNOWN || isolation_separates(i, c->expected))
                        continue;
                if (!isolation_is_port(i))
                        (void) snprintf(buf, size,
                                        ", because all behind the conventional PCI bridge %s look alike to "
                                        "the IOMMU",
                                        PCI_ADDR_TEXT(functions[up].addr));
                else
                        (void) snprintf(buf, size, ", because the port %s does not keep them apart (no ACS)",
                                        PCI_ADDR_TEXT(functions[up].addr));
                return;
        }
        if (f->isolation.acs == TRISTATE_NO)
                (void) snprintf(buf, size, ", because the functions of one device can reach each other (no ACS)");
}

int obstacle_shared(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        static const ReasonKind kind = { VERDICT_POSSIBLE, RESULT_OK, CURE_SLOT,
                                         "give all of them to the same guest, or try another slot" };
        const GroupState *g = context_group(c, f);
        char why[160];

        if (!g || g->members < 2 || (!c->expected && !iommu_state_is_on(c->state)))
                return 0;
        explain_sharing(c, f, why, sizeof(why));
        if (c->expected)
                return verdict_add(ret, id, &kind,
                                   "once the IOMMU is on, it will share its group with %zu other device%s%s",
                                   g->members - 1, g->members == 2 ? "" : "s", why);
        return verdict_add(ret, id, &kind, "it shares IOMMU group %d with %zu other device%s%s", f->group,
                           g->members - 1, g->members == 2 ? "" : "s", why);
}
