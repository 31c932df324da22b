/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/iommu-state.h"

#include "base/text.h"
#include "iommu/argument.h"
#include "iommu/table.h"
#include "iommu/words.h"

#define SEE_LOG(word) "see what the kernel says about it: journalctl -k -g " word

/* Names of vendors stand in them as tokens, see iommu_words(). */
static const struct StateRow {
        const char *text, *cure;
        Result result;
        VerdictState weight;
        CureKind cure_kind;
        bool word;
} rows[_IOMMU_STATE_MAX] = {
        [IOMMU_STATE_CONTAINER] = { .text = "cannot tell: this is a container",
                                    .result = RESULT_UNKNOWN,
                                    .weight = VERDICT_UNKNOWN,
                                    .cure_kind = CURE_ELSEWHERE },
        [IOMMU_STATE_UNKNOWN] = { .text = "cannot tell: the kernel's IOMMU state is not visible here",
                                  .result = RESULT_UNKNOWN,
                                  .weight = VERDICT_UNKNOWN },
        [IOMMU_STATE_UNSEEN] = { .text = "off, and whether the firmware describes one cannot be told: see "
                                         "firmware.table",
                                 .cure = "run ptprep as root, on a kernel with CONFIG_ACPI and with /sys mounted",
                                 .result = RESULT_UNKNOWN,
                                 .weight = VERDICT_UNKNOWN,
                                 .cure_kind = CURE_ROOT },
        [IOMMU_STATE_ON_ARGUMENT] = { .text = "on by argument", .word = true },
        [IOMMU_STATE_ON_OPT_IN] = { .text = "on because the firmware asks for it ({table} platform opt-in)" },
        [IOMMU_STATE_ON_KERNEL] = { .text = "on by kernel default" },
        [IOMMU_STATE_ON_UNSAID] = { .text = "on by kernel default or because the firmware asks for it" },
        [IOMMU_STATE_ON_ALWAYS] = { .text = "on by default, as always on {maker}" },
        [IOMMU_STATE_ON_FORCED] = { .text = "on by force of the firmware, although the command line says otherwise",
                                    .word = true },
        [IOMMU_STATE_OFF_ARGUMENT] = { .text = "off by argument: the kernel was started with",
                                       .word = true,
                                       .cure = "take it out of the command line; for configured devices \"ptprep "
                                               "--apply\" sees to that, then reboot",
                                       .result = RESULT_FAIL,
                                       .weight = VERDICT_CONDITIONAL,
                                       .cure_kind = CURE_APPLY_REBOOT },
        [IOMMU_STATE_OFF_KERNEL] = { .text = "off: this kernel needs {argument}, and was started without it",
                                     .result = RESULT_FAIL,
                                     .weight = VERDICT_CONDITIONAL,
                                     .cure_kind = CURE_APPLY_REBOOT },
        [IOMMU_STATE_OFF_FIRMWARE] = { .text = "off: the firmware describes no IOMMU: there is no {tables} "
                                               "table",
                                       .cure = "enable {setups} in the firmware setup; where "
                                               "there is no such option, this machine cannot pass devices through",
                                       .result = RESULT_BLOCKED,
                                       .weight = VERDICT_BLOCKED,
                                       .cure_kind = CURE_FIRMWARE },
        [IOMMU_STATE_OFF_CPU] = { .text = "off: the firmware describes no IOMMU, and the CPU shows no virtualization "
                                          "({flags}) either",
                                  .cure = "if the CPU has them, enable virtualization and {features} in the "
                                          "firmware setup; else this machine cannot pass devices through",
                                  .result = RESULT_BLOCKED,
                                  .weight = VERDICT_BLOCKED,
                                  .cure_kind = CURE_FIRMWARE },
        [IOMMU_STATE_OFF_GUEST] = { .text = "off: this is a virtual machine without a virtual IOMMU",
                                    .cure = "give the virtual machine one (QEMU: -device {devices}), or "
                                            "run ptprep on its host",
                                    .result = RESULT_BLOCKED,
                                    .weight = VERDICT_BLOCKED,
                                    .cure_kind = CURE_FIRMWARE },
        [IOMMU_STATE_OFF_FOREIGN] = { .text = "off: the kernel has found no IOMMU on this machine, which is no x86",
                                      .cure = "see that the firmware describes one (on ARM an SMMU, in the IORT table "
                                              "or the device tree), and that this kernel has its driver, such as "
                                              "CONFIG_ARM_SMMU_V3; a virtual machine has to be given one by its host",
                                      .result = RESULT_BLOCKED,
                                      .weight = VERDICT_BLOCKED,
                                      .cure_kind = CURE_FIRMWARE },
        [IOMMU_STATE_OFF_FOREIGN_GUEST] = { .text = "off: this is a virtual machine without a virtual IOMMU",
                                            .cure = "give the virtual machine one (QEMU on ARM: -machine "
                                                    "virt,iommu=smmuv3; elsewhere: -device virtio-iommu-pci), or run "
                                                    "ptprep on its host",
                                            .result = RESULT_BLOCKED,
                                            .weight = VERDICT_BLOCKED,
                                            .cure_kind = CURE_FIRMWARE },
        [IOMMU_STATE_OFF_XEN] = { .text = "off: Xen runs below this system and has the IOMMU to itself, so that VFIO "
                                          "has none",
                                  .cure = "give devices away with Xen's own means (xl pci-assignable-add, "
                                          "xen-pciback.hide=), or boot Linux without Xen",
                                  .result = RESULT_BLOCKED,
                                  .weight = VERDICT_BLOCKED,
                                  .cure_kind = CURE_PERSON },
        [IOMMU_STATE_OFF_TABLE] = { .text = "off: the firmware's table is so wrong that Linux gives up, see "
                                            "firmware.table",
                                    .cure = "ask the vendor for a firmware update",
                                    .result = RESULT_BLOCKED,
                                    .weight = VERDICT_BLOCKED,
                                    .cure_kind = CURE_FIRMWARE },
        [IOMMU_STATE_OFF_SUPPORT] = { .text = "off: this kernel is built without a driver for it",
                                      .cure = "boot a kernel with {options}",
                                      .result = RESULT_BLOCKED,
                                      .weight = VERDICT_CONDITIONAL,
                                      .cure_kind = CURE_CONFIGURATION },
        [IOMMU_STATE_OFF_UNEXPLAINED] = { .text = "off, although the firmware describes one and nothing asks for that",
                                          .cure = SEE_LOG("'{logs}'") "; a table that speaks of hardware that is "
                                                                      "not there is for the firmware's vendor",
                                          .result = RESULT_BLOCKED,
                                          .weight = VERDICT_BLOCKED,
                                          .cure_kind = CURE_FIRMWARE },
};

int iommu_state_describe(IommuState s, const IommuVendor *vendor, IommuStateText *ret)
{
        const struct StateRow *row = rows + s;
        IommuStateText t = {
                .result = row->result, .weight = row->weight, .cure_kind = row->cure_kind, .word = row->word
        };
        int r = iommu_words(row->text, vendor, &t.text);

        if (r >= 0 && row->cure)
                r = iommu_words(row->cure, vendor, &t.cure);
        if (r < 0) {
                iommu_state_text_done(&t);
                return r;
        }
        *ret = t;
        return 0;
}

int iommu_state_describe_here(IommuState s, const Facts *f, const char *word, IommuStateText *ret)
{
        const KernelLine *line = facts_running_line(f);
        _cleanup_free_ char *cure = NULL;
        int r = 0;

        if (s == IOMMU_STATE_OFF_ARGUMENT && word && line && kargs_has(&line->words, word))
                r = string_printf(
                        &cure,
                        "it is built into this kernel (%s:%u): see iommu.argument for the next boot, or build "
                        "the kernel again without it",
                        line->file, line->line);
        if (r >= 0)
                r = iommu_state_describe(s, iommu_vendor(f), ret);
        if (r < 0 || !cure)
                return MIN(r, 0);
        free(ret->cure);
        ret->cure = TAKE_PTR(cure);
        return 0;
}

void iommu_state_text_done(IommuStateText *t)
{
        free(t->text);
        free(t->cure);
        *t = (IommuStateText){};
}

/* Is it built to be on without an argument? */
static Tristate default_on(const Facts *f, const IommuVendor *vendor)
{
        Tristate on = TRISTATE_UNKNOWN;

        for (size_t i = 0; vendor && i < vendor->n_defaults; i++)
                on = MAX(on, f->features.options[vendor->defaults[i]]);
        return on;
}

static IommuState state_on(const Facts *f, IommuArgument argument)
{
        const IommuVendor *vendor = iommu_vendor(f);

        if (argument == IOMMU_ARGUMENT_ON)
                return IOMMU_STATE_ON_ARGUMENT;
        if (argument != IOMMU_ARGUMENT_NONE)
                return IOMMU_STATE_ON_FORCED;
        if (vendor && vendor->always_on)
                return IOMMU_STATE_ON_ALWAYS;
        if (default_on(f, vendor) == TRISTATE_YES)
                return IOMMU_STATE_ON_KERNEL;
        return default_on(f, vendor) == TRISTATE_NO ? IOMMU_STATE_ON_OPT_IN : IOMMU_STATE_ON_UNSAID;
}

static IommuState state_without_table(const Facts *f)
{
        if (features_foreign(&f->features))
                return f->features.hypervisor == TRISTATE_YES ? IOMMU_STATE_OFF_FOREIGN_GUEST : IOMMU_STATE_OFF_FOREIGN;
        if (f->features.hypervisor == TRISTATE_YES)
                return IOMMU_STATE_OFF_GUEST;
        return f->features.cpu_virtualization == TRISTATE_NO ? IOMMU_STATE_OFF_CPU : IOMMU_STATE_OFF_FIRMWARE;
}

static IommuState state_off(const Facts *f, IommuArgument argument)
{
        const IommuVendor *vendor = iommu_vendor_described(f);

        if (vendor && f->features.options[vendor->driver] == TRISTATE_NO)
                return IOMMU_STATE_OFF_SUPPORT;
        if (argument == IOMMU_ARGUMENT_OFF || argument == IOMMU_ARGUMENT_KILL)
                return IOMMU_STATE_OFF_ARGUMENT;
        if (!iommu_table(f))
                return IOMMU_STATE_UNSEEN;
        if (argument == IOMMU_ARGUMENT_ON || (vendor && vendor->always_on) || default_on(f, vendor) == TRISTATE_YES)
                return IOMMU_STATE_OFF_UNEXPLAINED;
        return IOMMU_STATE_OFF_KERNEL;
}

IommuState iommu_state(const Facts *f, const char **ret_word)
{
        const char *word = NULL;
        IommuArgument argument =
                f->cmdline_known ? iommu_argument(&f->cmdline, iommu_vendor(f), &word) : IOMMU_ARGUMENT_NONE;

        if (ret_word)
                *ret_word = word;
        if (f->container == TRISTATE_YES)
                return IOMMU_STATE_CONTAINER;
        if (f->iommu_active == TRISTATE_YES)
                return state_on(f, argument);
        if (f->iommu_active == TRISTATE_NO && f->features.xen_control)
                return IOMMU_STATE_OFF_XEN;
        if (f->iommu_active == TRISTATE_NO && (iommu_table_present(f) == TRISTATE_NO || features_foreign(&f->features)))
                return state_without_table(f);
        if (f->iommu_active == TRISTATE_UNKNOWN || !f->cmdline_known)
                return IOMMU_STATE_UNKNOWN;
        return state_off(f, argument);
}
