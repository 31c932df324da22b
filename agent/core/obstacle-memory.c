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

/* "for it (RMRR at offset 0x90 of the DMAR table)": which entry is behind it, and for whom it was made. */
static void print_origin(const VerdictContext *c, const PciFunction *f, const FirmwareRegion *r, size_t pinned,
                         char *buf, size_t size)
{
        const char *table = c->firmware.table->vendor->signature;
        const PciFunction *functions = c->facts->functions;
        char whose[64] = "it", via[96] = "";

        if (pinned != context_index(c, f))
                (void) snprintf(whose, sizeof(whose), "%s in the same group", PCI_ADDR_TEXT(functions[pinned].addr));
        if (r->function != PCI_PARENT_NONE && r->function != pinned)
                (void) snprintf(via, sizeof(via), ", which names the bridge %s",
                                PCI_ADDR_TEXT(functions[r->function].addr));
        else if (r->function != PCI_PARENT_NONE && r->by_number)
                (void) snprintf(via, sizeof(via), ", by a bus number and not by a path");
        (void) snprintf(buf, size, "%s (%s at offset 0x%x of the %s table%s)", whose, r->kind, r->offset, table, via);
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
        _cleanup_free_ char *ranges = NULL;
        char origin[256];
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
        if (g->pinned != PCI_PARENT_NONE)
                print_origin(c, f, &g->region, g->pinned, origin, sizeof(origin));
        else
                (void) snprintf(origin, sizeof(origin), g->members > 1 ? "a device of its group" : "it");
        return say_direct(c, id, ranges, origin, ret);
}

/* While it is off, the tables are all there is. */
static int judge_direct_later(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        _cleanup_free_ char *ranges = NULL;
        FirmwareRegion region, first = {};
        const char *separator = "";
        size_t iterator = 0, size;
        char origin[256];
        FILE *out = open_memstream(&ranges, &size);
        int r;

        if (!out)
                return -ENOMEM;
        while (firmware_region(&c->firmware, f, &iterator, &region)) {
                if (region.relaxable)
                        continue;
                fprintf(out, "%s0x%" PRIx64 "-0x%" PRIx64, separator, region.start, region.end);
                if (!first.kind)
                        first = region;
                separator = ", ";
        }
        r = fclose(out) != 0 ? -ENOMEM : 0;
        if (r < 0 || !first.kind)
                return r;
        print_origin(c, f, &first, context_index(c, f), origin, sizeof(origin));
        return say_direct(c, id, ranges, origin, ret);
}

static bool is_pinned(const VerdictContext *c, const PciFunction *f)
{
        FirmwareRegion region;
        size_t iterator = 0;

        while (firmware_region(&c->firmware, f, &iterator, &region))
                if (!region.relaxable)
                        return true;
        return false;
}

/* Another function of the same card that a table pins; PCI_PARENT_NONE: none. */
static size_t pinned_sibling(const VerdictContext *c, size_t i)
{
        size_t iterator = 0, k;

        while (facts_next_sibling(c->facts, i, &iterator, &k))
                if (k != i && is_pinned(c, c->facts->functions + k))
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
