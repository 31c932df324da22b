/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/loader/loaders.h"

/* How long the command lines are that kernels get. A kernel drops what is behind its limit, and says so to nobody. */

/* Bytes of a command line that a kernel of the architecture that ptprep was compiled for takes, without the NUL behind
 * them; 0: not known, then no line is too long. */
size_t command_line_limit(void);

/* Bytes of boot_entry_length() of which nothing is cut off, and by whom more is; as above. */
size_t boot_entry_limit(const Loader *l);
const char *boot_entry_limiter(const Loader *l);

/**
 * boot_entry_length() - bytes of the command line as the kernel gets it at least
 * With what the boot loader puts before it, as far as its files tell: GRUB's "BOOT_IMAGE=KERNEL ", of which the device
 * before KERNEL is not known where entries are of the boot loader specification, and systemd-boot's "initrd=PATH " of
 * the first image. With GRUB legacy it is the line of the menu. Single blanks between words.
 */
size_t boot_entry_length(const Loader *l, const BootEntry *e);

/* Is what stands at its end cut off? No where a part of it is not told. */
bool boot_entry_too_long(const Loader *l, const BootEntry *e);

/**
 * loader_edit_fits() - does each entry that an edit makes longer stay within the limit?
 * Returns 0; -E2BIG: one does not, and want->reason has which; -ENOMEM.
 */
int loader_edit_fits(const Loader *l, const LoaderEdit *want) _must_check_;
