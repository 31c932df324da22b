/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/loader.h"

/**
 * other_loaders_read() - boot loaders that ptprep does not edit, and what writes the entries of one that it does
 * @ret, @ret_n: in the order of the table, each once; NULL and 0 where none is known. Released with
 * other_loaders_free().
 * Returns 0 or -ENOMEM.
 */
int other_loaders_read(int rfd, OtherLoader **ret, size_t *ret_n) _must_check_;

/**
 * started_by_grub() - did GRUB 2 start the running system?
 * Tells by the command line: GRUB 2 puts BOOT_IMAGE= before it (grub_create_loader_cmdline() in
 * grub-core/lib/cmdline.c), and no initrd=, which syslinux and the EFI stub's loaders do. Unknown: not readable.
 */
Tristate started_by_grub(int rfd);
