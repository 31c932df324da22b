/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/loader.h"

/*
 * Variables of the UEFI firmware, as efivarfs shows them: four bytes of attributes, then the value (Linux
 * Documentation/filesystems/efivarfs.rst).
 */

/* Is Secure Boot enforced? Unknown: no such variable (BIOS, an image that is not running), or not readable. */
Tristate efi_secure_boot(int rfd);

/**
 * efi_loader_string() - a text that the boot loader left for the operating system
 * @name: e.g. "LoaderInfo" (https://systemd.io/BOOT_LOADER_INTERFACE).
 * @ret: owned by the caller; characters beyond ASCII become '?'.
 * Returns 0; -ENOENT: no such variable; -EBADMSG; -ENOMEM; other negative errno.
 */
int efi_loader_string(int rfd, const char *name, char **ret) _must_check_;

/**
 * efi_boot_option() - the boot option that the firmware has started
 * @ret_number: of Boot####. @ret_path: the file in it, as the firmware has it (with "\\"); owned by the caller;
 * characters beyond ASCII become '?'.
 * Source: UEFI 2.10, 3.1.3 (EFI_LOAD_OPTION) and 10.3.1, 10.3.5.4 (device paths).
 * Returns 0; -ENOENT: no such variable, or no file in it; -EBADMSG; -ENOMEM; other negative errno.
 */
int efi_boot_option(int rfd, uint16_t *ret_number, char **ret_path) _must_check_;

/**
 * efi_booted_by() - did the boot loader that calls itself so start this system?
 * @info: what its LoaderInfo begins with, e.g. "systemd-boot ". Unknown where no loader left one, or it is not
 * readable.
 */
LoaderBooted efi_booted_by(int rfd, const char *info);
