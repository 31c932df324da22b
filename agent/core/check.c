/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"

#include "core/failed-plan.h"

#include "model/transaction.h"

/* In the order in which a person would look: machine, kernel, boot path, devices. */
const Check check_table[] = {
        { "config.valid", "configuration", check_config },
        { "record.valid", "record of what ptprep has changed", check_record },
        { "record.restored", "nothing that a change which failed has left", check_restored },
        { "record.failed", "no change that failed at boot", check_failed },
        { "reboot.once", "restart for this plan took effect", check_reboot_once },
        { "firmware.table", "IOMMU described by the firmware", check_firmware_table },
        { "iommu.active", "IOMMU active in the running kernel", check_iommu_active },
        { "iommu.remapping", "interrupts of guests kept apart", check_iommu_remapping },
        { "iommu.conflict", "IOMMU arguments that contradict or mean nothing", check_iommu_conflict },
        { "kernel.lockdown", "what lockdown and Secure Boot change", check_kernel_lockdown },
        { "host.selinux", "SELinux lets guests use PCI devices", check_host_selinux },
        { "boot.mounted", "file systems that boot can be read", check_boot_mounted },
        { "boot.length", "command lines within what the kernel takes", check_boot_length },
        { "boot.sealed", "disks that a TPM opens for the next boot", check_boot_sealed },
        { "boot.loader", "boot loaders that ptprep does not edit", check_boot_loader },
        { "iommu.argument", "IOMMU argument for the next boot", check_iommu_argument },
        { "boot.argument", "claim argument for the next boot", check_boot_argument },
        { "image.current", "initramfs image of each kernel", check_image_current },
        { "claim.disabled", "claiming not switched off in this boot", check_claim_disabled },
        { "claim.foreign", "what others have configured for the same drivers", check_claim_foreign },
        { "device.present", "device is where it was configured", check_device_present },
        { "device.unique", "other devices with the same id", check_device_unique },
        { "device.boot-disk", "device not what the host boots from", check_device_used },
        { "device.storage", "no disk in use on the device", check_device_used },
        { "device.network", "no network that the host needs on the device", check_device_used },
        { "device.display", "device not the host's display", check_device_used },
        { "device.keyboard", "the host's keyboard not on the device", check_device_used },
        { "device.console", "no console of the host on the device", check_device_used },
        { "device.claimlist", "device in the claim list", check_device_claimlist },
        { "device.driver", "device bound to the wanted driver", check_device_driver },
        { "device.iommu", "device covered by an IOMMU unit", check_device_iommu },
        { "device.reserved", "device free of memory that the firmware reserves", check_device_reserved },
        { "device.managed", "device with an identity of its own", check_obstacle },
        { "device.denylist", "device not refused by vfio-pci", check_obstacle },
        { "device.virtual", "no virtual functions switched on", check_obstacle },
        { "device.vfs", "virtual functions made, and on their driver", check_device_vfs },
        { "device.bootfb", "device free of the firmware's framebuffer", check_device_told },
        { "device.usb", "what goes with a USB controller", check_device_told },
        { "device.reset", "device can be reset between guests", check_device_reset },
        { "group.viable", "IOMMU group free of host drivers", check_group_viable },
        { "group.shared", "devices that have to go to the same guest", check_obstacle },
};
const size_t check_table_n = ELEMENTSOF(check_table);

int checks_run(const Judgement *j, FindingList *ret)
{
        FOREACH_ARRAY(c, check_table, check_table_n) {
                int r = c->judge(c, j, ret);

                if (r < 0)
                        return r;
        }
        return 0;
}

const Check *check_by_id(const char *id)
{
        FOREACH_ARRAY(c, check_table, check_table_n)
                if (streq(c->id, id))
                        return c;
        return NULL;
}

int check_config(const Check *self, const Judgement *j, FindingList *ret)
{
        size_t n = j->config->n_makers + j->config->n_lost, companions = 0;
        char with[64] = "";

        FOREACH_ARRAY(d, j->config->devices, j->config->n_devices) {
                n += !d->companion;
                companions += d->companion;
        }
        if (companions > 0)
                (void) snprintf(with, sizeof(with), ", and %zu companion%s", companions, companions == 1 ? "" : "s");
        if (!j->config->enabled)
                return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                                   "%zu device%s configured%s; changes are switched off by [agent] enabled = no", n,
                                   n == 1 ? "" : "s", with);
        if (n == 0)
                return finding_add(ret, self->id, RESULT_SKIPPED, NULL, CURE_CONFIGURATION,
                                   "to claim a device, run \"ptprep configure\", see ptprep.conf(5)",
                                   "no device is configured");
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "%zu device%s configured%s", n,
                           n == 1 ? "" : "s", with);
}

/* Silent where there is nothing to tell. */
int check_restored(const Check *self, const Judgement *j, FindingList *ret)
{
        _cleanup_(transaction_done) Transaction list = {};
        int r = transaction_parse(j->facts->transaction, &list);

        for (size_t i = 0; i < list.n_kept && r >= 0; i++)
                r = finding_add(ret, self->id, RESULT_FAIL, list.kept[i].path, CURE_APPLY,
                                "cure why it could not be put back, and run \"ptprep --apply\": it puts it back first",
                                "a change that failed could not put it back; as it was it is in %s",
                                list.kept[i].old_at);
        return r;
}

/* Silent where there is nothing to tell. A warning: whether the machine is ready is for the others to say. */
int check_failed(const Check *self, const Judgement *j, FindingList *ret)
{
        const char *paths, *failure;

        if (!failed_plan_describe(j->facts->failed_plan, &paths, &failure))
                return 0;
        return finding_add(
                ret, self->id, RESULT_WARN, NULL, CURE_PERSON, "cure why it failed, and run \"ptprep --apply\" by hand",
                "a boot was to change %.*s, which failed and was put back: %.*s; no boot tries the same again before "
                "the "
                "configuration, the boot loader's files, the kernels and images, the programs that make them or the "
                "free space have changed",
                (int) strcspn(paths, "\n"), paths, (int) strcspn(failure, "\n"), failure);
}

int check_record(const Check *self, const Judgement *j, FindingList *ret)
{
        size_t n = j->facts->record.n;

        if (j->facts->state_refusal)
                return finding_add(ret, self->id, RESULT_BLOCKED, NULL, CURE_PERSON,
                                   "look at what is in it, and set owner and mode right", "%s",
                                   j->facts->state_refusal);
        if (j->facts->record_known == TRISTATE_YES && n == 0)
                return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                                   "ptprep has changed nothing on this machine");
        if (j->facts->record_known == TRISTATE_YES)
                return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                                   "ptprep has changed %zu file%s; \"ptprep revert\" takes that back", n,
                                   n == 1 ? "" : "s");
        if (j->facts->record_known == TRISTATE_NO)
                return finding_add(
                        ret, self->id, RESULT_WARN, NAME_RECORD, CURE_PERSON,
                        "put it back from a backup, or remove it: ptprep then forgets what it has changed so "
                        "far",
                        "damaged, or of a later version: ptprep cannot tell what is its own, and changes "
                        "nothing");
        return finding_add(ret, self->id, RESULT_UNKNOWN, NAME_RECORD, CURE_NONE, NULL, "cannot tell: not readable");
}
