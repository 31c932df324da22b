/* SPDX-License-Identifier: GPL-2.0-or-later */
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
        return stays ? BREAKING_BRIDGE : host.use ? BREAKING_HOST : BREAKING_DRIVER;
}

/* All that break the group of function i, with it left out. @ret_text: NULL: there is none. @ret_n: how many. */
static int print_all_breaking(const VerdictContext *c, const Breaking *b, size_t i, char **ret_text, size_t *ret_n,
                              BreakingKind *ret_worst)
{
        BreakingKind worst = BREAKING_BRIDGE;
        size_t size, named = 0, others = b->n;
        char *text = NULL;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return -ENOMEM;
        for (size_t k = 0; k < MIN(b->n, ELEMENTSOF(b->at)); k++) {
                BreakingKind kind;

                if (b->at[k] == i) {
                        others--;
                        continue;
                }
                if (named == BREAKING_NAMED)
                        continue;
                kind = print_breaking(c, c->facts->functions + b->at[k], named > 0 ? ", " : "", out);
                worst = MAX(worst, kind);
                named++;
        }
        if (others > named)
                fprintf(out, ", and %zu more", others - named);
        if (fclose(out) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret_text = text;
        *ret_n = others;
        *ret_worst = worst;
        return 0;
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
                [BREAKING_DRIVER] = { { VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                        "configure that device too, or move one of the two cards to another slot" },
                                      { VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                        "configure all of these devices too, or use another slot" } },
                [BREAKING_HOST] = { { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_SLOT,
                                      "move one of the two cards to another slot" },
                                    { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_SLOT,
                                      "move this card, or those that the host needs, to another slot" } },
        };
        const GroupState *g = context_group(c, f);
        _cleanup_free_ char *text = NULL;
        const ReasonKind *kind;
        BreakingKind worst;
        size_t n;
        int r;

        if (!g || (!c->expected && !iommu_state_is_on(c->state)))
                return 0;
        r = print_all_breaking(c, &g->breaking, context_index(c, f), &text, &n, &worst);
        if (r < 0 || n == 0)
                return r;
        kind = &kinds[worst][n > 1];
        if (!c->expected)
                return verdict_add(ret, id, kind, "IOMMU group %d is not viable: %s", f->group, text);
        /* never as sure as a group that is there */
        return verdict_add(ret, id, &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_WARN, kind->cure_kind, kind->cure },
                           "once the IOMMU is on, its group will hardly be viable: %s", text);
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
