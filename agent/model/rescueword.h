/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/**
 * rescue_word() - does this word of a kernel command line ask for a boot that is meant to repair the machine?
 * @word: without quotes. Words for init, which stand behind "--", count as well.
 *
 * In such a boot nothing is claimed, and an entry that has such a word is left as it is. One judge for the agent and
 * for the claim helper; needs nothing but libc.
 *
 * Sources: systemd(1), "Kernel Command Line" (emergency, rd.emergency, -b; rescue, rd.rescue, single, s, S, 1;
 * systemd.unit=, rd.systemd.unit=) and systemd.special(7) (rescue.target, its alias runlevel1.target,
 * emergency.target); init(8) of sysvinit (-s); dracut.cmdline(7) (rd.break, with or without a place; rdbreak before
 * 008); initramfs-tools(7) and mkinitcpio(8) (break, with or without a place); Ubuntu's friendly-recovery (recovery);
 * the kernel's Documentation/admin-guide/kernel-parameters.txt (init=, rdinit=) with a shell in the place of init.
 *
 * Not such words, though they look like it: runlevels 2 to 5, which are ordinary boots (systemd(1)), and
 * rd.emergency=ACTION, rd.shell and panic=, which say what to do if a boot fails (dracut.cmdline(7),
 * initramfs-tools(7)): unattended hosts have "rd.shell=0 rd.emergency=reboot" at every boot.
 */
bool rescue_word(const char *word);
