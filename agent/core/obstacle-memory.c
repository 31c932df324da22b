/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/obstacle.h"

#include <inttypes.h>

/* Memory that the firmware wants to stay mapped for a device. */

/* Text that grows; a lack of memory is seen at the end. */
static int print_direct(const IommuGroup *g, char **ret)
{
        size_t size;
        FILE *out = open_memstream(ret, &size);
        const char *separator = "";

        if (!out)
                return -ENOMEM;
        FOREACH_ARRAY(r, g->regions, g->n_regions)
                if (r->type == REGION_DIRECT) {
                        fprintf(out, "%s0x%" PRIx64 "-0x%" PRIx64, separator, r->start, r->end);
                        separator = ", ";
                }
        if (fclose(out) != 0) {
                free(*ret);
                return -ENOMEM;
        }
        return 0;
}

bool context_is_pinned(const VerdictContext *c, size_t i)
{
        FirmwareRegion region;
        size_t iterator = 0;

        while (firmware_region(&c->firmware, c->facts->functions + i, &iterator, &region))
                if (!region.relaxable)
                        return true;
        return false;
}

/* How a range came to be the function's, where that is not by its very path; "" where it is. */
static void print_via(const VerdictContext *c, const FirmwareRegion *r, size_t pinned, FILE *out)
{
        if (r->function != PCI_PARENT_NONE && r->function != pinned)
                fprintf(out, ", which names the bridge %s", PCI_ADDR_TEXT(c->facts->functions[r->function].addr));
        else if (r->function != PCI_PARENT_NONE && r->by_number)
                fputs(", by a bus number and not by a path", out);
}

/* "it (RMRR at offsets 0x90, 0xb0 of the DMAR table)": which entries are behind it, and for whom they were made. Owned
 * by the caller; NULL when memory is short. */
static char *origin_of(const VerdictContext *c, const PciFunction *f, size_t pinned)
{
        const PciFunction *p = c->facts->functions + pinned;
        FirmwareRegion region, first = {};
        size_t iterator = 0, size;
        char *text = NULL;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        if (p == f)
                fputs("it", out);
        else
                fprintf(out, "%s in the same group", PCI_ADDR_TEXT(p->addr));
        while (firmware_region(&c->firmware, p, &iterator, &region)) {
                if (region.relaxable || (first.kind && region.offset == first.offset))
                        continue;
                if (first.kind)
                        fprintf(out, ", 0x%x", region.offset);
                else
                        fprintf(out, " (%s at offset 0x%x", region.kind, region.offset);
                if (!first.kind)
                        first = region;
        }
        fprintf(out, " of the %s table", c->firmware.table->vendor->signature);
        print_via(c, &first, pinned, out);
        fputc(')', out);
        if (fclose(out) == 0)
                return text;
        free(text);
        return NULL;
}

#define CURE_DIRECT                                                                                                    \
        "no setting of Linux helps: look for a firmware update or a firmware option that releases the range (HPE: "    \
        "conrep, RMRDS), or use another slot or device"

static const KernelRelease *later_kernel(const Facts *f)
{
        FOREACH_ARRAY(k, f->kernels, f->n_kernels)
                if (linux_release_parse(k->release) >= RELEASE_DIRECT_REFUSED)
                        return k;
        return NULL;
}

static int say_direct(const VerdictContext *c, const char *id, const char *ranges, const char *origin, Verdict *ret)
{
        const KernelRelease *later = later_kernel(c->facts);

        if (context_refuses_direct(c))
                return verdict_add(
                        ret, id, &(ReasonKind){ VERDICT_BLOCKED, RESULT_BLOCKED, CURE_FIRMWARE, CURE_DIRECT },
                        "the firmware wants %s to stay mapped for %s: Linux gives no such device away", ranges, origin);
        if (c->facts->features.release == 0)
                return verdict_add(
                        ret, id, &(ReasonKind){ VERDICT_UNKNOWN, RESULT_UNKNOWN, CURE_FIRMWARE, CURE_DIRECT },
                        "the firmware wants %s to stay mapped for %s, and the kernel's release is unknown: from "
                        "6.6 on Linux gives no such device away",
                        ranges, origin);
        return verdict_add(
                ret, id,
                &(ReasonKind){ VERDICT_POSSIBLE, RESULT_WARN, CURE_FIRMWARE,
                               later ? "stay on a kernel before 6.6 for this device; a newer one is installed"
                                     : "stay on a kernel before 6.6 for this device" },
                "the firmware wants %s to stay mapped for %s: this kernel passes over that, from 6.6 on Linux "
                "gives no such device away",
                ranges, origin);
}

/* While the IOMMU is on, the kernel's own list is the truth, and the tables only explain it. */
static int judge_direct_now(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const IommuGroup *known = facts_group(c->facts, f->group);
        const GroupState *g = context_group(c, f);
        _cleanup_free_ char *ranges = NULL, *origin = NULL;
        int r;

        if (!g)
                return 0;
        if (!known->regions_known)
                return verdict_add(ret, id, &(ReasonKind){ VERDICT_UNKNOWN, RESULT_UNKNOWN, CURE_NONE, NULL },
                                   "cannot tell: the reserved regions of its group are not readable");
        if (!g->direct)
                return 0;
        r = print_direct(known, &ranges);
        if (r < 0)
                return r;
        origin = g->pinned != PCI_PARENT_NONE ? origin_of(c, f, g->pinned)
                                              : strdup(g->members > 1 ? "a device of its group" : "it");
        if (!origin)
                return -ENOMEM;
        return say_direct(c, id, ranges, origin, ret);
}

/* While it is off, the tables are all there is. */
static int judge_direct_later(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        _cleanup_free_ char *ranges = NULL, *origin = NULL;
        const char *separator = "";
        FirmwareRegion region;
        size_t iterator = 0, size;
        FILE *out;

        if (!context_is_pinned(c, context_index(c, f)))
                return 0;
        out = open_memstream(&ranges, &size);
        if (!out)
                return -ENOMEM;
        while (firmware_region(&c->firmware, f, &iterator, &region))
                if (!region.relaxable) {
                        fprintf(out, "%s0x%" PRIx64 "-0x%" PRIx64, separator, region.start, region.end);
                        separator = ", ";
                }
        if (fclose(out) != 0)
                return -ENOMEM;
        origin = origin_of(c, f, context_index(c, f));
        return origin ? say_direct(c, id, ranges, origin, ret) : -ENOMEM;
}

/* Another function of the same card that a table pins; PCI_PARENT_NONE: none. */
static size_t pinned_sibling(const VerdictContext *c, size_t i)
{
        size_t iterator = 0, k;

        while (facts_next_sibling(c->facts, i, &iterator, &k))
                if (k != i && context_is_pinned(c, k))
                        return k;
        return PCI_PARENT_NONE;
}

/* Groups are not there yet, and what the kernel makes of a card with several functions depends on its quirks. */
static int judge_sibling_later(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        size_t sibling = context_refuses_direct(c) ? pinned_sibling(c, context_index(c, f)) : PCI_PARENT_NONE;

        if (sibling == PCI_PARENT_NONE)
                return 0;
        return verdict_add(
                ret, id,
                &(ReasonKind){ VERDICT_UNKNOWN, RESULT_WARN, CURE_FIRMWARE,
                               "look again with the IOMMU on: in one group with that function it cannot be given "
                               "away" },
                "the firmware pins another function of the same card, %s",
                PCI_ADDR_TEXT(c->facts->functions[sibling].addr));
}

int obstacle_reserved(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        int r;

        if (iommu_state_is_on(c->state))
                return judge_direct_now(c, f, id, ret);
        r = judge_direct_later(c, f, id, ret);
        return r < 0 || verdict_reason(ret, id) ? r : judge_sibling_later(c, f, id, ret);
}
