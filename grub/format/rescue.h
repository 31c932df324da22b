/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/kargs.h"

/**
 * entry_is_rescue() - is this entry one of last resort?
 * @id: of a menu entry of GRUB. @id, @title, @kernel: may be NULL. @arguments: of the kernel.
 *
 * Recovery, rescue, single-user and failsafe entries stay as they are, so that a machine which no longer boots with an
 * argument still boots without it. Titles are translated, ids and arguments are not. Source: for arguments
 * rescue_word(); GRUB util/grub.d/10_linux.in, 20_linux_xen.in; Arch Linux's "(fallback initramfs)"; dracut
 * 51-dracut-rescue.install; the titles of Debian's update-grub ("(single-user mode)") and YaST ("Failsafe");
 * sdbootutil's of snapshots that are read-only
 * ("Snapper: ").
 */
bool entry_is_rescue(const char *id, const char *title, const char *kernel, const Kargs *arguments);

/* Is this the larger image beside the usual one, for hardware of any kind? mkinitcpio(8): NAME-fallback.img. */
bool initrd_is_fallback(const char *initrd);
