/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/obstacle.h"
#include "iommu/argument.h"

/* The IOMMU as a whole, its units, and the interrupts. */

int obstacle_active(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const IommuStateText *t = &c->text;

        (void) f;
        if (t->weight == VERDICT_READY)
                return 0;
        return verdict_add(ret, id, &(ReasonKind){ t->weight, t->result, t->cure_kind, t->cure }, "the IOMMU is %s%s%s",
                           startswith(t->text, "off") ? t->text : "not visible here", t->word && c->word ? " " : "",
                           t->word && c->word ? c->word : "");
}

/* The IOMMU is on, and a unit with switches of its own is not. */
static int add_apart(const VerdictContext *c, const char *id, Verdict *ret)
{
        static const ReasonKind apply = { VERDICT_CONDITIONAL, RESULT_FAIL, CURE_APPLY_REBOOT,
                                          "run \"ptprep --apply\" with it configured, then reboot" };
        static const ReasonKind configured = { VERDICT_CONDITIONAL, RESULT_FAIL, CURE_APPLY_REBOOT, NULL };
        static const ReasonKind firmware = { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_FIRMWARE,
                                             "see what the kernel says about it: journalctl -k -g iommu" };
        static const ReasonKind by_hand = { VERDICT_CONDITIONAL, RESULT_FAIL, CURE_ARGUMENT,
                                            "change that on the kernel command line, then reboot" };
        const char *word = c->facts->cmdline_known ? iommu_apart_off(&c->facts->cmdline, c->vendor) : NULL;
        const ReasonKind *kind = !c->wanted ? &apply : c->wanted->iommu_apart ? &configured : &by_hand;

        if (word)
                return verdict_add(ret, id, kind, "the IOMMU unit of %s is off: this boot was started with %s",
                                   c->vendor->apart_what, word);
        if (c->state != IOMMU_STATE_ON_ARGUMENT)
                return verdict_add(ret, id, kind, "the IOMMU unit of %s stays off without %s", c->vendor->apart_what,
                                   c->vendor->add);
        return verdict_add(ret, id, &firmware,
                           "it is in no IOMMU group, although nothing on the command line leaves %s out",
                           c->vendor->apart_what);
}

int obstacle_covered(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        static const ReasonKind uncovered = { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_FIRMWARE,
                                              "ask the vendor for a firmware update" };
        static const ReasonKind uncovered_here = { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_FIRMWARE,
                                                   "try another slot, or ask the vendor for a firmware update" };
        static const ReasonKind no_group = { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_FIRMWARE,
                                             "see what the kernel says about it: journalctl -k -g iommu" };
        static const ReasonKind no_group_here = {
                VERDICT_BLOCKED, RESULT_BLOCKED, CURE_SLOT,
                "see journalctl -k -g iommu; another slot may be covered by an IOMMU unit"
        };
        static const ReasonKind unreal = {
                VERDICT_BLOCKED, RESULT_BLOCKED, CURE_CONFIGURATION,
                "take enable_unsafe_noiommu_mode out of the options of vfio, then see why no "
                "IOMMU unit covers it: journalctl -k -g iommu"
        };
        const IommuGroup *group = facts_group(c->facts, f->group);
        bool on = iommu_state_is_on(c->state);
        /* on a root bus are functions of the CPU and the chipset, and slots are behind a port */
        bool integrated = f->parent == PCI_PARENT_NONE && f->behind == PCI_PARENT_NONE;
        Tristate covered = firmware_covers(&c->firmware, f);

        if (group && group->unreal)
                return verdict_add(
                        ret, id, &unreal,
                        "VFIO has it without an IOMMU (enable_unsafe_noiommu_mode): whoever has it reaches all "
                        "of the host's memory");
        if (on ? f->group != PCI_GROUP_NONE : covered != TRISTATE_NO)
                return 0;
        if (covered == TRISTATE_NO)
                return verdict_add(ret, id, integrated ? &uncovered : &uncovered_here,
                                   "no IOMMU unit covers it: the %s table neither names it nor includes all",
                                   c->firmware.table->vendor->signature);
        if (c->vendor && c->vendor->apart && c->vendor->apart(f))
                return add_apart(c, id, ret);
        return verdict_add(ret, id, integrated ? &no_group : &no_group_here, "it is in no IOMMU group");
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
        while (f->cmdline_known && (value = kargs_next(&f->cmdline, KARG_UNSAFE, &from)))
                last = value;
        return last ? last[0] == 0 || strchr("1yY", last[0]) : f->features.unsafe_configured == TRISTATE_YES;
}

int obstacle_remapping(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const AcpiTable *t = c->firmware.table;
        char table[64] = "";

        (void) f;
        if (firmware_denies_remapping(&c->firmware) && t->vendor->no_remapping)
                (void) snprintf(table, sizeof(table), " (the %s table %s)", t->vendor->signature,
                                t->vendor->no_remapping);
        if (c->remapping != TRISTATE_NO)
                return 0;
        if (unsafe_is_allowed(c->facts))
                return verdict_add(ret, id,
                                   &(ReasonKind){ VERDICT_POSSIBLE, RESULT_WARN, CURE_FIRMWARE,
                                                  "give devices only to guests that you trust as much as the host" },
                                   "no interrupt remapping%s, and allow_unsafe_interrupts is set: a guest can send any "
                                   "interrupt to the host",
                                   table);
        if (remapping_is_off_by_argument(c->facts))
                return verdict_add(ret, id,
                                   &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_ARGUMENT,
                                                  "take intremap=off out of the kernel command line" },
                                   "interrupt remapping is switched off by argument, and VFIO refuses without it");
        if (c->wanted && c->wanted->unsafe_interrupts)
                return verdict_add(
                        ret, id, &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_FAIL, CURE_APPLY_REBOOT, NULL },
                        "no interrupt remapping%s, and allow_unsafe_interrupts is configured and not in force "
                        "yet",
                        table);
        if (features_foreign(&c->facts->features))
                return verdict_add(ret, id,
                                   &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                                  "if the guest is trusted like the host, set [iommu] "
                                                  "allow_unsafe_interrupts = yes" },
                                   "the interrupt controller does not keep those of devices apart: a guest could send "
                                   "any interrupt to the host, so VFIO refuses");
        return verdict_add(
                ret, id,
                &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                               "look for interrupt remapping or x2APIC in the firmware setup; if the guest is "
                               "trusted like the host, set [iommu] allow_unsafe_interrupts = yes" },
                "no interrupt remapping%s: a guest could send any interrupt to the host, so VFIO refuses", table);
}
