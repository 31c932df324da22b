/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* GPT partition type of the EFI system partition (UEFI 2.10, table 5-7), which MBR has as 0xef. */
#define PARTITION_TYPE_ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"

typedef struct DiskPartition {
        char *device; /* "/dev/vda1" */
        char *type;   /* GUID, lower case */
} DiskPartition;

typedef struct DiskPartitions {
        DiskPartition *items;
        size_t n;
} DiskPartitions;

void disk_partitions_done(DiskPartitions *l);

/**
 * disk_partitions_of_root() - the partitions of the disks that carry "/"
 * @ret: appended to; released with disk_partitions_done(), also after an error. mount_table_load() must have succeeded.
 * Returns 0; -EACCES: only root may read a disk; other negative errno.
 */
int disk_partitions_of_root(int rfd, DiskPartitions *ret) _must_check_;
