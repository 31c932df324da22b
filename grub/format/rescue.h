/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/loader.h"

/* How sure is it that an entry is one of last resort? */
typedef enum RescueKind {
        RESCUE_NONE,
        RESCUE_BY_NAME, /* its title or its image says so: that may be the system as it boots every day, too */
        RESCUE_SURE,    /* its arguments, its kernel, its id or what a program writes behind a title do */
} RescueKind;

/**
 * entry_rescue_kind() - is this entry one of last resort?
 *
 * Titles are translated, ids and arguments are not. Source: for arguments rescue_word(); GRUB util/grub.d/10_linux.in,
 * 20_linux_xen.in; mkinitcpio(8), NAME-fallback.img and NAME-fallback.efi, and Arch Linux's "(fallback initramfs)";
 * dracut 51-dracut-rescue.install; the titles of Debian's update-grub ("(single-user mode)") and YaST ("Failsafe");
 * sdbootutil's of snapshots that are read-only ("Snapper: ").
 */
RescueKind entry_rescue_kind(const BootEntry *e);

/**
 * entries_decide_rescue() - which entries of a menu stay as they are
 *
 * Recovery, rescue, single-user and failsafe entries do, so that a machine which no longer boots with an argument still
 * boots without it. Nothing but a name makes no such entry of the one that boots by default, nor of all that there are.
 * What is foreign stays as it is in any case. Sets rescue of each; the default has to be marked already.
 */
void entries_decide_rescue(BootEntry *entries, size_t n);
