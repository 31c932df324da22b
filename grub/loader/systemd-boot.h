/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/loader.h"

/*
 * What systemd-boot will do, and the firmware with unified kernel images: type 1 entries and images on the EFI system
 * partition and, where there is one, the extended boot loader partition. Sources: systemd src/boot/efi/boot.c and
 * stub.c; systemd-boot(7), systemd-stub(7), loader.conf(5); UAPI Boot Loader Specification.
 */

/* Is this an entry that an image makes by itself? One of type 1 may name an image as well. */
bool sd_is_image(const BootEntry *e);

/* Is this the directory that an entry loads from what comes beside its image: the root of the partition that a type 1
 * entry lies on, or where the stub of a unified image looks for addons on its? */
bool sd_entry_loads_from(const BootEntry *e, const char *directory);

/* Returns 0; -ENOENT: not installed; -ENOMEM. */
int systemd_boot_read(int rfd, Loader *ret) _must_check_;

/* Images that no boot loader stands before. As systemd_boot_read(). */
int uki_loader_read(int rfd, Loader *ret) _must_check_;

/**
 * boot_entry_id() - the id of an entry's file: its name without the boot counter
 * "NAME+LEFT.conf" or "NAME+LEFT-DONE.conf" (https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT).
 * @ret_exhausted: no tries are left, so it comes last in the menu.
 * Returns a text owned by the caller; NULL when memory is short.
 */
char *boot_entry_id(const char *name, bool *ret_exhausted);
