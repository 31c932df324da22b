/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/level.h"

#include "base/table.h"

static const char *const ready_level_table[_LEVEL_MAX] = {
        [LEVEL_NONE] = "none",         [LEVEL_TRANSLATED] = "translated",
        [LEVEL_ISOLATED] = "isolated", [LEVEL_RESETTABLE] = "resettable",
        [LEVEL_IOMMUFD] = "iommufd",
};

DEFINE_STRING_TO(ready_level, ReadyLevel)

/* What no reason of the verdict tells: the verdict can do without it, and the level cannot. */

static const char *translation_lacks(const Facts *f, const PciFunction *p)
{
        (void) f;
        return p->group == PCI_GROUP_NONE ? "it is in no IOMMU group" : NULL;
}

static const char *isolation_lacks(const Facts *f, const PciFunction *p)
{
        (void) p;
        return f->features.interrupt_remapping == TRISTATE_UNKNOWN ? "it cannot be told whether interrupts are remapped"
                                                                   : NULL;
}

static const char *reset_lacks(const Facts *f, const PciFunction *p)
{
        (void) f;
        return p->reset ? NULL : "this system does not show how it can be reset";
}

static const char *iommufd_lacks(const Facts *f, const PciFunction *p)
{
        static const struct {
                KernelOption option;
                const char *lacks;
        } needs[] = { { KERNEL_IOMMUFD, "this kernel is built without IOMMUFD" },
                      { KERNEL_VFIO_DEVICE_CDEV, "this kernel is built without VFIO_DEVICE_CDEV" } };

        (void) p;
        if (f->features.release != 0 && f->features.release < LINUX_VFIO_CDEV)
                return "a kernel has to be 6.6 or later for it";
        FOREACH_ARRAY(need, needs, ELEMENTSOF(needs))
                if (f->features.options[need->option] == TRISTATE_NO)
                        return need->lacks;
        FOREACH_ARRAY(need, needs, ELEMENTSOF(needs))
                if (f->features.options[need->option] == TRISTATE_UNKNOWN)
                        return "the configuration of this kernel cannot be read";
        return NULL;
}

/* In their order: a level is reached when nothing of its row is in the way. */
static const struct {
        ReadyLevel level;
        const char *checks[3]; /* a reason with one of these ids stops it */
        bool notes;            /* also one that is nothing but a note to the verdict */
        const char *(*lacks)(const Facts *f, const PciFunction *p);
} rows[] = {
        { LEVEL_TRANSLATED, { "iommu.active", "device.iommu", "device.reserved" }, false, translation_lacks },
        { LEVEL_ISOLATED, { "iommu.remapping", "group.viable" }, true, isolation_lacks },
        { LEVEL_RESETTABLE, { "device.reset" }, true, reset_lacks },
        { LEVEL_IOMMUFD, {}, false, iommufd_lacks },
};

LevelAnswer level_compute(const Facts *f, const PciFunction *p, const Verdict *v)
{
        LevelAnswer a = { .level = LEVEL_NONE };

        if (v->state == VERDICT_NOT_APPLICABLE)
                return a;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                FOREACH_ARRAY(check, row->checks, ELEMENTSOF(row->checks)) {
                        const Reason *reason = *check ? verdict_reason(v, *check) : NULL;

                        if (reason && (row->notes || reason->weight > VERDICT_POSSIBLE)) {
                                a.stop = reason->text;
                                return a;
                        }
                }
                a.stop = row->lacks(f, p);
                if (a.stop)
                        return a;
                a.level = row->level;
        }
        return a;
}
