/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"
#include "mount.h"

/* File systems that a boot loader reads and that are not mounted. All strings are owned. */

typedef struct BootMount {
        char *target;    /* /boot, /efi or /boot/efi */
        char *source;    /* as fstab has it, or the device; NULL: not known */
        char *device;    /* the block device that it leads to; NULL: none was found */
        char *type;      /* of the file system; NULL: not known */
        char *options;   /* of the file system, from fstab; NULL: none */
        char *elsewhere; /* mount point where somebody else has it; NULL: not mounted anywhere */
        bool listed;     /* in fstab; else found by its partition type */
        bool read_only;  /* fstab says so */
        char *failure;   /* why it cannot be read, one sentence; NULL: it is mounted, for this process alone */
} BootMount;

typedef struct BootMounts {
        BootMount *items; /* in the order in which they were mounted */
        size_t n;
} BootMounts;

void boot_mount_done(BootMount *m);
void boot_mounts_done(BootMounts *l);

/* Copies all. 0 or -ENOMEM. */
int boot_mounts_copy(const BootMounts *from, BootMounts *ret) _must_check_;

/* By mount point; NULL: not among them. */
const BootMount *boot_mount_at(const BootMounts *l, const char *target);

/* The first that could not be read; NULL: all could. */
const BootMount *boot_mounts_failed(const BootMounts *l);

/* For mount_attach(); valid as long as m is. */
MountSpec boot_mount_spec(const BootMount *m);

/* Whence it is read, in one sentence. NULL when memory is short. */
char *boot_mount_text(const BootMount *m);

/* What a person can do where it cannot be read. NULL when memory is short. */
char *boot_mount_cure(const BootMount *m);
