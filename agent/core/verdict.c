/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/array.h"
#include "base/table.h"
#include "core/iommu-state.h"
#include "core/scope.h"
#include "core/wanted.h"

#define CLASS_MASS_STORAGE     0x01U
#define CLASS_DISPLAY          0x03U
#define VENDOR_INTEL           0x8086U
#define TYPE1_SWITCH           "vfio_iommu_type1.allow_unsafe_interrupts"

/* ACS bits without which Linux puts functions into one group: source validation, request and completion redirect, and
 * upstream forwarding (drivers/iommu/iommu.c, REQ_ACS_FLAGS; PCI Express 6.0, 7.7.11.3). */
#define ACS_REQUIRED           0x001dU

/* Device/port types (PCI Express 6.0, 7.5.3.2). */
#define PCIE_TYPE_ROOT_PORT    4U
#define PCIE_TYPE_UPSTREAM     5U
#define PCIE_TYPE_DOWNSTREAM   6U
#define PCIE_TYPE_PCI_BRIDGE   7U

/* The southbridge's I/O APIC, without which Linux does no interrupt remapping on AMD (drivers/iommu/amd/init.c,
 * IOAPIC_SB_DEVID). */
#define AMD_IOAPIC_DEVICE_ID   0x00a0U

/* From here on a bound bridge counts as well unless its driver leaves DMA to others, and of the drivers of bridges only
 * pcieport does (struct pci_driver, driver_managed_dma; before that vfio_dev_viable() passed all bridges over). */
#define RELEASE_BRIDGES_COUNT  LINUX(5, 19)
/* From here on the core refuses what is mapped 1:1, whoever asks for that (drivers/iommu/iommu.c, require_direct). */
#define RELEASE_DIRECT_REFUSED LINUX(6, 6)

static const char *const verdict_state_table[_VERDICT_STATE_MAX] = {
        [VERDICT_READY] = "ready",     [VERDICT_POSSIBLE] = "possible", [VERDICT_CONDITIONAL] = "conditional",
        [VERDICT_UNKNOWN] = "unknown", [VERDICT_BLOCKED] = "blocked",   [VERDICT_NOT_APPLICABLE] = "not-applicable",
};

static const char *const cure_by_table[_CURE_BY_MAX] = {
        [CURE_NOBODY] = "nobody",
        [CURE_ARGUMENT] = "kernel-argument",
        [CURE_CONFIGURATION] = "configuration",
        [CURE_FIRMWARE] = "firmware",
        [CURE_SLOT] = "slot",
};

DEFINE_STRING_TO(verdict_state, VerdictState)
DEFINE_STRING_TO(cure_by, CureBy)

/* Up to two functions: one that is asked about can be left out and there is still one to name. */
typedef struct Pair {
        size_t at[2], n;
} Pair;

typedef struct Group {
        size_t members;        /* functions that are no bridges */
        Pair breaking;         /* on a driver that breaks it */
        bool direct;           /* has a region that the kernel will not let go */
        size_t pinned;         /* member for which a table names such a range; PCI_PARENT_NONE */
        FirmwareRegion region; /* that range */
} Group;

struct VerdictContext {
        const Facts *facts;
        const Wanted *wanted;
        IommuState state;
        const char *word;
        IommuVendor vendor;
        Tristate remapping;       /* as it is, or as it will be once the IOMMU is on */
        Group *groups;            /* indexed as Facts.groups */
        bool *claimed;            /* indexed as Facts.functions: by the configuration */
        const SystemDisk **disks; /* indexed as Facts.functions: what of the system is on it */
        ScopeMap scopes;
};

static void pair_add(Pair *p, size_t i)
{
        if (p->n < ELEMENTSOF(p->at))
                p->at[p->n++] = i;
}

/* One of them that is not i; PCI_PARENT_NONE: none. */
static size_t pair_other(const Pair *p, size_t i)
{
        for (size_t k = 0; k < p->n; k++)
                if (p->at[k] != i)
                        return p->at[k];
        return PCI_PARENT_NONE;
}

bool driver_is_harmless(const char *driver)
{
        /* vfio-pci, and the variants for single makes such as mlx5_vfio_pci */
        return !driver || strstr(driver, "vfio") || streq(driver, "pci-stub");
}

static bool breaks_group(const VerdictContext *c, size_t i)
{
        const PciFunction *p = c->facts->functions + i;

        if (driver_is_harmless(p->driver) || c->claimed[i])
                return false;
        if (!pci_is_bridge(p))
                return true;
        return c->facts->features.release >= RELEASE_BRIDGES_COUNT && !streq(p->driver, "pcieport");
}

static bool direct_is_refused(const VerdictContext *c)
{
        return c->vendor == IOMMU_VENDOR_INTEL || c->facts->features.release >= RELEASE_DIRECT_REFUSED;
}

static void derive_groups(VerdictContext *c)
{
        const Facts *f = c->facts;

        for (size_t i = 0; i < f->n_known_groups; i++) {
                c->groups[i].pinned = PCI_PARENT_NONE;
                FOREACH_ARRAY(r, f->groups[i].regions, f->groups[i].n_regions)
                        c->groups[i].direct |= r->type == REGION_DIRECT;
        }
        for (size_t i = 0; i < f->n_functions; i++) {
                const PciFunction *p = f->functions + i;
                const IommuGroup *known = facts_group(f, p->group);
                Group *g = known ? c->groups + (known - f->groups) : NULL;
                FirmwareRegion region;
                size_t iterator = 0;

                if (!g)
                        continue;
                g->members += !pci_is_bridge(p);
                if (breaks_group(c, i))
                        pair_add(&g->breaking, i);
                while (g->direct && g->pinned == PCI_PARENT_NONE && scope_region(&c->scopes, p, &iterator, &region))
                        if (!region_is_relaxable(&region, p)) {
                                g->pinned = i;
                                g->region = region;
                        }
        }
}

/* What the firmware lets expect of interrupt remapping once the IOMMU is on. */
static Tristate predict_remapping(const ScopeMap *m)
{
        if (m->dmar)
                return m->dmar->flags & DMAR_INTR_REMAP ? TRISTATE_UNKNOWN : TRISTATE_NO;
        if (!m->ivrs)
                return TRISTATE_UNKNOWN;
        FOREACH_ARRAY(b, m->ivrs->blocks, m->ivrs->n_blocks) {
                if (!ivrs_block_is_ivhd(b) || b->type != m->ivhd_type)
                        continue;
                FOREACH_ARRAY(e, b->entries, b->n_entries)
                        if (e->type == IVHD_SPECIAL && e->variety == IVHD_SPECIAL_IOAPIC &&
                            e->source_id == AMD_IOAPIC_DEVICE_ID)
                                return TRISTATE_UNKNOWN;
        }
        return TRISTATE_NO;
}

static Tristate derive_remapping(const VerdictContext *c)
{
        Tristate now = c->facts->features.interrupt_remapping;

        if (now == TRISTATE_YES || iommu_state_is_on(c->state))
                return now;
        return predict_remapping(&c->scopes);
}

static void derive_functions(VerdictContext *c)
{
        const Facts *f = c->facts;

        for (size_t i = 0; c->wanted && i < c->wanted->n_devices; i++)
                if (c->wanted->devices[i].state == DEVICE_FOUND)
                        c->claimed[c->wanted->devices[i].function - f->functions] = true;
        FOREACH_ARRAY(d, f->disks, f->n_disks) {
                const PciFunction *p = facts_function(f, d->addr);

                if (p && !c->disks[p - f->functions])
                        c->disks[p - f->functions] = d;
        }
}

int verdict_context_new(const Facts *facts, const Wanted *wanted, VerdictContext **ret)
{
        _cleanup_(verdict_context_freep) VerdictContext *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->facts = facts;
        c->wanted = wanted;
        c->vendor = iommu_vendor(facts);
        c->groups = calloc(facts->n_known_groups + 1, sizeof(*c->groups));
        c->claimed = calloc(facts->n_functions + 1, sizeof(*c->claimed));
        c->disks = calloc(facts->n_functions + 1, sizeof(*c->disks));
        if (!c->groups || !c->claimed || !c->disks)
                return -ENOMEM;
        r = scope_map_compute(facts, NULL, NULL, &c->scopes);
        if (r < 0)
                return r;
        c->state = iommu_state(facts, &c->word);
        if (c->scopes.fault != SCOPE_FAULT_NONE &&
            (c->state == IOMMU_STATE_OFF_KERNEL || c->state == IOMMU_STATE_OFF_UNEXPLAINED))
                c->state = IOMMU_STATE_OFF_TABLE;
        c->remapping = derive_remapping(c);
        derive_functions(c);
        derive_groups(c);
        *ret = TAKE_PTR(c);
        return 0;
}

IommuState verdict_iommu_state(const VerdictContext *c, const char **ret_word)
{
        *ret_word = c->word;
        return c->state;
}

VerdictContext *verdict_context_free(VerdictContext *c)
{
        if (!c)
                return NULL;
        free(c->groups);
        free(c->claimed);
        free((void *) c->disks);
        scope_map_done(&c->scopes);
        free(c);
        return NULL;
}

void verdict_done(Verdict *v)
{
        FOREACH_ARRAY(r, v->reasons, v->n_reasons) {
                free(r->text);
                free(r->cure);
        }
        free(v->reasons);
        *v = (Verdict){};
}

/* What a row has to say, but for the sentence. */
typedef struct Saying {
        VerdictState weight;
        Result result;
        CureBy by;
        const char *cure;
} Saying;

static int add_reason(Verdict *v, const char *id, const Saying *s, const char *format, ...) _printf_(4, 5);

static int add_reason(Verdict *v, const char *id, const Saying *s, const char *format, ...)
{
        Reason *slot = array_grow(&v->reasons, v->n_reasons);
        Reason reason = { .id = id, .weight = s->weight, .result = s->result, .by = s->by };
        va_list ap;

        if (!slot)
                return -ENOMEM;
        va_start(ap, format);
        if (vasprintf(&reason.text, format, ap) < 0)
                reason.text = NULL;
        va_end(ap);
        reason.cure = s->cure ? strdup(s->cure) : NULL;
        if (!reason.text || (s->cure && !reason.cure)) {
                free(reason.text);
                free(reason.cure);
                return -ENOMEM;
        }
        *slot = reason;
        v->n_reasons++;
        return 0;
}

/* A row of the table: says why not, or nothing. */
typedef struct Obstacle {
        const char *id;
        bool machine; /* the same for every function: the row does not look at it, and is told NULL */
        int (*judge)(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret);
} Obstacle;

static size_t index_of(const VerdictContext *c, const PciFunction *f)
{
        return (size_t) (f - c->facts->functions);
}

static const Group *group_of(const VerdictContext *c, const PciFunction *f)
{
        const IommuGroup *known = facts_group(c->facts, f->group);

        return known ? c->groups + (known - c->facts->groups) : NULL;
}

static int judge_active(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const IommuStateText *t = iommu_state_text(c->state);

        (void) f;
        if (t->weight == VERDICT_READY)
                return 0;
        return add_reason(ret, id, &(Saying){ t->weight, t->result, t->by, t->cure }, "the IOMMU is %s%s%s",
                          startswith(t->text, "off") ? t->text : "not visible here", t->word && c->word ? " " : "",
                          t->word && c->word ? c->word : "");
}

/* The unit of the integrated graphics has switches of its own. */
static bool graphics_unit_is_off(const VerdictContext *c, const PciFunction *f)
{
        return c->vendor == IOMMU_VENDOR_INTEL && f->class >> 16 == CLASS_DISPLAY && f->id.vendor == VENDOR_INTEL &&
               f->parent == PCI_PARENT_NONE && c->state != IOMMU_STATE_ON_ARGUMENT;
}

static int judge_covered(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        bool on = iommu_state_is_on(c->state);
        Tristate covered = scope_covered(&c->scopes, f);

        if (on ? f->group != PCI_GROUP_NONE : covered != TRISTATE_NO)
                return 0;
        if (covered == TRISTATE_NO)
                return add_reason(ret, id,
                                  &(Saying){ VERDICT_BLOCKED, RESULT_BLOCKED, CURE_FIRMWARE,
                                             "try another slot, or ask the vendor for a firmware update" },
                                  "no IOMMU unit covers it: the %s table neither names it nor includes all",
                                  c->scopes.dmar ? "DMAR" : "IVRS");
        if (graphics_unit_is_off(c, f))
                return add_reason(ret, id,
                                  &(Saying){ VERDICT_CONDITIONAL, RESULT_FAIL, CURE_ARGUMENT,
                                             "run \"ptprep --apply\" with it configured, then reboot" },
                                  "the IOMMU unit of the integrated graphics stays off without intel_iommu=on");
        return add_reason(ret, id,
                          &(Saying){ VERDICT_BLOCKED, RESULT_BLOCKED, CURE_SLOT,
                                     "see journalctl -k -g iommu; another slot may be covered by an IOMMU unit" },
                          "it is in no IOMMU group");
}

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
        const char *table = streq(r->kind, "RMRR") ? "DMAR" : "IVRS";
        const PciFunction *functions = c->facts->functions;
        char whose[64] = "it", via[96] = "";

        if (pinned != index_of(c, f))
                (void) snprintf(whose, sizeof(whose), "%s in the same group", PCI_ADDR_TEXT(functions[pinned].addr));
        if (r->function != PCI_PARENT_NONE && r->function != pinned)
                (void) snprintf(via, sizeof(via), ", which names the bridge %s",
                                PCI_ADDR_TEXT(functions[r->function].addr));
        else if (r->function != PCI_PARENT_NONE && r->match == SCOPE_NUMBER)
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

        if (direct_is_refused(c))
                return add_reason(ret, id, &(Saying){ VERDICT_BLOCKED, RESULT_BLOCKED, CURE_FIRMWARE, CURE_DIRECT },
                                  "the firmware wants %s to stay mapped for %s: Linux gives no such device away",
                                  ranges, origin);
        if (c->facts->features.release == 0)
                return add_reason(
                        ret, id, &(Saying){ VERDICT_UNKNOWN, RESULT_UNKNOWN, CURE_FIRMWARE, CURE_DIRECT },
                        "the firmware wants %s to stay mapped for %s, and the kernel's release is unknown: from "
                        "6.6 on Linux gives no such device away",
                        ranges, origin);
        return add_reason(
                ret, id,
                &(Saying){ VERDICT_POSSIBLE, RESULT_WARN, CURE_FIRMWARE,
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
        const Group *g = group_of(c, f);
        _cleanup_free_ char *ranges = NULL;
        char origin[256];
        int r;

        if (!g)
                return 0;
        if (!known->regions_known)
                return add_reason(ret, id, &(Saying){ VERDICT_UNKNOWN, RESULT_UNKNOWN, CURE_NOBODY, NULL },
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
        while (scope_region(&c->scopes, f, &iterator, &region)) {
                if (region_is_relaxable(&region, f))
                        continue;
                fprintf(out, "%s0x%" PRIx64 "-0x%" PRIx64, separator, region.start, region.end);
                if (!first.kind)
                        first = region;
                separator = ", ";
        }
        r = fclose(out) != 0 ? -ENOMEM : 0;
        if (r < 0 || !first.kind)
                return r;
        print_origin(c, f, &first, index_of(c, f), origin, sizeof(origin));
        return say_direct(c, id, ranges, origin, ret);
}

static int judge_reserved(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        return iommu_state_is_on(c->state) ? judge_direct_now(c, f, id, ret) : judge_direct_later(c, f, id, ret);
}

static int judge_managed(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const PciFunction *functions = c->facts->functions;
        size_t up = index_of(c, f);

        while (functions[up].parent != PCI_PARENT_NONE)
                up = functions[up].parent;
        if (functions[up].behind == PCI_PARENT_NONE)
                return 0;
        return add_reason(
                ret, id,
                &(Saying){ VERDICT_BLOCKED, RESULT_BLOCKED, CURE_FIRMWARE,
                           "switch VMD (RST, VROC) off in the firmware setup: then the device is one of its own" },
                "it is behind the Volume Management Device %s and has no identity of its own on the bus",
                PCI_ADDR_TEXT(functions[functions[up].behind].addr));
}

static int judge_group(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const Group *g = group_of(c, f);
        const PciFunction *p;
        size_t other;

        if (!g || !iommu_state_is_on(c->state))
                return 0;
        other = pair_other(&g->breaking, index_of(c, f));
        if (other == PCI_PARENT_NONE)
                return 0;
        p = c->facts->functions + other;
        if (pci_is_bridge(p))
                return add_reason(ret, id,
                                  &(Saying){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                             "keep that driver off the bridge (blacklist its module), or use another "
                                             "slot" },
                                  "IOMMU group %d is not viable: the bridge %s in it is on the driver %s", f->group,
                                  PCI_ADDR_TEXT(p->addr), p->driver);
        if (c->disks[other])
                return add_reason(ret, id,
                                  &(Saying){ VERDICT_BLOCKED, RESULT_BLOCKED, CURE_SLOT,
                                             "move one of the two cards to another slot" },
                                  "IOMMU group %d is not viable: %s in it carries %s of the running system", f->group,
                                  PCI_ADDR_TEXT(p->addr), mount_role_to_string(c->disks[other]->role));
        return add_reason(ret, id,
                          &(Saying){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                     "configure that device too, or move one of the two cards to another slot" },
                          "IOMMU group %d is not viable: %s in it is on its host driver %s", f->group,
                          PCI_ADDR_TEXT(p->addr), p->driver);
}

static bool isolates(const PciIsolation *i)
{
        if (i->pcie == TRISTATE_NO || i->type == PCIE_TYPE_PCI_BRIDGE)
                return false;
        if (i->type != PCIE_TYPE_ROOT_PORT && i->type != PCIE_TYPE_DOWNSTREAM)
                return true; /* what comes out of an upstream port goes through the one above it */
        return i->acs == TRISTATE_YES && (i->control & ACS_REQUIRED) == ACS_REQUIRED;
}

/* Why a group is shared, as far as capabilities tell. */
static void explain_sharing(const VerdictContext *c, const PciFunction *f, char *buf, size_t size)
{
        const PciFunction *functions = c->facts->functions;

        buf[0] = 0;
        for (size_t up = f->parent; up != PCI_PARENT_NONE; up = functions[up].parent) {
                const PciIsolation *i = &functions[up].isolation;

                if (i->pcie == TRISTATE_UNKNOWN || isolates(i))
                        continue;
                if (i->pcie == TRISTATE_NO || i->type == PCIE_TYPE_PCI_BRIDGE)
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

static int judge_shared(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const Group *g = group_of(c, f);
        char why[160];

        if (!g || g->members < 2 || !iommu_state_is_on(c->state))
                return 0;
        explain_sharing(c, f, why, sizeof(why));
        return add_reason(ret, id,
                          &(Saying){ VERDICT_POSSIBLE, RESULT_OK, CURE_SLOT,
                                     "give all of them to the same guest, or try another slot" },
                          "it shares IOMMU group %d with %zu other device%s%s", f->group, g->members - 1,
                          g->members == 2 ? "" : "s", why);
}

/* Is it switched off on the command line? */
static bool remapping_is_off_by_argument(const Facts *f)
{
        const char *value;
        size_t from = 0;
        bool off = false;

        if (!f->cmdline_known)
                return false;
        if (kargs_has(&f->cmdline, "nointremap"))
                return true;
        while ((value = kargs_next(&f->cmdline, "intremap", &from)))
                off = startswith(value, "off") != NULL;
        return off;
}

static bool unsafe_is_allowed(const Facts *f)
{
        const char *value, *last = NULL;
        size_t from = 0;

        if (f->features.unsafe_interrupts != TRISTATE_UNKNOWN)
                return f->features.unsafe_interrupts == TRISTATE_YES;
        while (f->cmdline_known && (value = kargs_next(&f->cmdline, TYPE1_SWITCH, &from)))
                last = value;
        return last && (last[0] == 0 || strchr("1yY", last[0]));
}

static int judge_remapping(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        (void) f;
        if (c->remapping != TRISTATE_NO)
                return 0;
        if (unsafe_is_allowed(c->facts))
                return add_reason(ret, id,
                                  &(Saying){ VERDICT_POSSIBLE, RESULT_WARN, CURE_FIRMWARE,
                                             "give devices only to guests that you trust as much as the host" },
                                  "no interrupt remapping, and allow_unsafe_interrupts is set: a guest can send any "
                                  "interrupt to the host");
        if (remapping_is_off_by_argument(c->facts))
                return add_reason(ret, id,
                                  &(Saying){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_ARGUMENT,
                                             "take intremap=off out of the kernel command line" },
                                  "interrupt remapping is switched off by argument, and VFIO refuses without it");
        return add_reason(ret, id,
                          &(Saying){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                     "look for interrupt remapping or x2APIC in the firmware setup; if the guest is "
                                     "trusted like the host, set [iommu] allow_unsafe_interrupts = yes" },
                          "no interrupt remapping%s: a guest could send any interrupt to the host, so VFIO refuses",
                          c->scopes.dmar && !(c->scopes.dmar->flags & DMAR_INTR_REMAP) ? " (the DMAR table offers none)"
                                                                                       : "");
}

/* Devices with errata that a guest could use against the host (Linux drivers/vfio/pci/vfio_pci.c,
 * vfio_pci_dev_in_denylist()). */
static const struct {
        const char *name;
        unsigned since; /* release that put it there */
        PciId id;
} denylist[] = {
        { "QAT C3XXX", LINUX(5, 9), { 0x8086, 0x19e2 } },
        { "QAT C3XXX virtual function", LINUX(5, 9), { 0x8086, 0x19e3 } },
        { "QAT C62X", LINUX(5, 9), { 0x8086, 0x37c8 } },
        { "QAT C62X virtual function", LINUX(5, 9), { 0x8086, 0x37c9 } },
        { "QAT DH895XCC", LINUX(5, 9), { 0x8086, 0x0435 } },
        { "QAT DH895XCC virtual function", LINUX(5, 9), { 0x8086, 0x0443 } },
        { "DSA", LINUX(5, 15), { 0x8086, 0x0b25 } }, /* 6.9, and stable releases from May 2024 on */
        { "IAX", LINUX(5, 15), { 0x8086, 0x0cfe } },
};

static int judge_denylist(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        FOREACH_ARRAY(d, denylist, ELEMENTSOF(denylist)) {
                if (d->id.vendor != f->id.vendor || d->id.device != f->id.device)
                        continue;
                if (c->facts->features.denylist == TRISTATE_NO || c->facts->features.release < d->since)
                        return 0;
                return add_reason(ret, id,
                                  &(Saying){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                             "if the guest is trusted like the host: options vfio-pci "
                                             "disable_denylist=1 in modprobe.d" },
                                  "vfio-pci refuses this kind of device (%s): it has errata that a guest can use "
                                  "against the host",
                                  d->name);
        }
        return 0;
}

static int judge_virtual(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        (void) c;
        if (!f->has_virtual || (f->driver && strstr(f->driver, "vfio")))
                return 0;
        return add_reason(ret, id,
                          &(Saying){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                     "switch them off first (write 0 to its sriov_numvfs), or give the guest one of "
                                     "them" },
                          "vfio-pci takes no function whose virtual functions are switched on");
}

static int judge_system(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const SystemDisk *d = c->disks[index_of(c, f)];

        if (d)
                return add_reason(ret, id,
                                  &(Saying){ VERDICT_BLOCKED, RESULT_BLOCKED, CURE_CONFIGURATION,
                                             "move the system to a disk on another controller first" },
                                  "it carries %s (%s on %s) of the running system", mount_role_to_string(d->role),
                                  d->mount, d->block);
        if (c->facts->disks_known != TRISTATE_YES && f->class >> 16 == CLASS_MASS_STORAGE)
                return add_reason(ret, id, &(Saying){ VERDICT_UNKNOWN, RESULT_BLOCKED, CURE_NOBODY, NULL },
                                  "it is a storage controller, and the disks in use could not be found out");
        return 0;
}

static int judge_reset(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        (void) c;
        if (!f->reset || f->reset[0] != 0)
                return 0;
        return add_reason(ret, id,
                          &(Saying){ VERDICT_POSSIBLE, RESULT_WARN, CURE_NOBODY,
                                     "if the guest cannot be started twice, reboot the host in between" },
                          "the kernel knows no way to reset it: a guest may find it as the last one left it");
}

/* In the order in which a person would cure them. */
static const Obstacle obstacles[] = {
        { "device.system", false, judge_system },     { "iommu.active", true, judge_active },
        { "device.iommu", false, judge_covered },     { "device.reserved", false, judge_reserved },
        { "device.managed", false, judge_managed },   { "group.viable", false, judge_group },
        { "iommu.remapping", true, judge_remapping }, { "device.denylist", false, judge_denylist },
        { "device.virtual", false, judge_virtual },   { "group.shared", false, judge_shared },
        { "device.reset", false, judge_reset },
};

int verdict_machine(const VerdictContext *c, Verdict *ret)
{
        _cleanup_(verdict_done) Verdict v = {};

        FOREACH_ARRAY(o, obstacles, ELEMENTSOF(obstacles)) {
                int r = o->machine ? o->judge(c, NULL, o->id, &v) : 0;

                if (r < 0)
                        return r;
        }
        *ret = v;
        v = (Verdict){};
        return 0;
}

bool verdict_is_of_machine(const char *id)
{
        FOREACH_ARRAY(o, obstacles, ELEMENTSOF(obstacles))
                if (o->machine && streq(o->id, id))
                        return true;
        return false;
}

int verdict_compute(const VerdictContext *c, const PciFunction *f, Verdict *ret)
{
        _cleanup_(verdict_done) Verdict v = {};

        if (pci_is_bridge(f)) {
                *ret = (Verdict){ .state = VERDICT_NOT_APPLICABLE };
                return 0;
        }
        FOREACH_ARRAY(o, obstacles, ELEMENTSOF(obstacles)) {
                int r = o->judge(c, o->machine ? NULL : f, o->id, &v);

                if (r < 0)
                        return r;
        }
        v.state = f->driver && driver_is_harmless(f->driver) ? VERDICT_READY : VERDICT_POSSIBLE;
        FOREACH_ARRAY(r, v.reasons, v.n_reasons)
                if (r->weight > VERDICT_POSSIBLE)
                        v.state = MAX(v.state, r->weight);
        *ret = v;
        v = (Verdict){};
        return 0;
}

const Reason *verdict_reason(const Verdict *v, const char *id)
{
        FOREACH_ARRAY(r, v->reasons, v->n_reasons)
                if (streq(r->id, id))
                        return r;
        return NULL;
}

const Reason *verdict_worst(const Verdict *v)
{
        const Reason *worst = NULL;

        FOREACH_ARRAY(r, v->reasons, v->n_reasons)
                if (r->weight > VERDICT_POSSIBLE && (!worst || r->weight > worst->weight))
                        worst = r;
        return worst;
}
