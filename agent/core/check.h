/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/finding.h"

/*
 * A check is one row of check_table: it judges facts against the configuration, reads nothing and writes nothing but
 * findings. A new check: a row there, a function in one of the check-*.c files, declared below, and its line in the
 * manual page.
 */
typedef struct Check Check;
struct Check {
        const char *id;
        const char *title;                                                     /* what it asks, in a few words */
        int (*judge)(const Check *self, const Judgement *j, FindingList *ret); /* 0 or -ENOMEM */
};

extern const Check check_table[];
extern const size_t check_table_n;

/* Runs all checks in the order of the table. 0 or -ENOMEM. */
int checks_run(const Judgement *j, FindingList *ret) _must_check_;

/* NULL: no such check. */
const Check *check_by_id(const char *id);

int check_config(const Check *self, const Judgement *j, FindingList *ret);
int check_restored(const Check *self, const Judgement *j, FindingList *ret);
int check_failed(const Check *self, const Judgement *j, FindingList *ret);
int check_reboot_once(const Check *self, const Judgement *j, FindingList *ret); /* speaks only where it had no effect */
int check_record(const Check *self, const Judgement *j, FindingList *ret);
int check_firmware_table(const Check *self, const Judgement *j, FindingList *ret);
int check_iommu_active(const Check *self, const Judgement *j, FindingList *ret);
int check_iommu_remapping(const Check *self, const Judgement *j, FindingList *ret);
int check_iommu_conflict(const Check *self, const Judgement *j, FindingList *ret);
int check_kernel_lockdown(const Check *self, const Judgement *j, FindingList *ret);
int check_host_selinux(const Check *self, const Judgement *j, FindingList *ret); /* speaks only where there is one */
int check_boot_mounted(const Check *self, const Judgement *j, FindingList *ret); /* speaks only where one is not */
int check_boot_length(const Check *self, const Judgement *j, FindingList *ret);  /* speaks only where one is too long */
int check_boot_sealed(const Check *self, const Judgement *j, FindingList *ret);  /* speaks only where one is there */
int check_boot_loader(const Check *self, const Judgement *j, FindingList *ret);  /* speaks only where one is there */
int check_iommu_argument(const Check *self, const Judgement *j, FindingList *ret);
int check_boot_argument(const Check *self, const Judgement *j, FindingList *ret);
int check_claim_disabled(const Check *self, const Judgement *j, FindingList *ret);
int check_image_current(const Check *self, const Judgement *j, FindingList *ret);
/* Does what others have configured give this function to a stub driver that ptprep loads? */
bool foreign_ids_take(const Judgement *j, const PciFunction *f);

int check_claim_foreign(const Check *self, const Judgement *j, FindingList *ret);
int check_device_present(const Check *self, const Judgement *j, FindingList *ret);
int check_device_unique(const Check *self, const Judgement *j, FindingList *ret);
int check_device_used(const Check *self, const Judgement *j, FindingList *ret);
int check_device_told(const Check *self, const Judgement *j, FindingList *ret);
int check_device_claimlist(const Check *self, const Judgement *j, FindingList *ret);
int check_device_driver(const Check *self, const Judgement *j, FindingList *ret);
int check_device_iommu(const Check *self, const Judgement *j, FindingList *ret);
int check_device_reserved(const Check *self, const Judgement *j, FindingList *ret);
int check_device_reset(const Check *self, const Judgement *j, FindingList *ret);
int check_obstacle(const Check *self, const Judgement *j, FindingList *ret); /* speaks only where it is in the way */
int check_device_vfs(const Check *self, const Judgement *j, FindingList *ret);
int check_group_viable(const Check *self, const Judgement *j, FindingList *ret);
