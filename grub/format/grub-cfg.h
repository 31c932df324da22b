/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/loader.h"

/**
 * grub_cfg_parse() - entries of a generated grub.cfg that boot Linux
 * @file: goes into the entries. @text: the whole file. @saved: saved_entry of the environment block; NULL: none.
 * @ret, @ret_n: in the order of the file, released with boot_entries_free().
 *
 * Knows menuentry and submenu blocks, quoting, linux, linux16, linuxefi and initrd commands, and Linux
 * loaded by Xen; everything else is skipped. The default is resolved by number, title and id, into submenus too. An
 * entry is a rescue entry when its title says "(recovery mode)", "(rescue mode)" or its arguments have a single-user
 * word. Source: GRUB manual, "Shell-like scripting"; util/grub.d/10_linux.in. Returns 0 or -ENOMEM.
 */
int grub_cfg_parse(const char *file, const char *text, const char *saved, BootEntry **ret, size_t *ret_n) _must_check_;
