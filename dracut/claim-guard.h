/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "claim-bind.h"

/*
 * A list is judged when it is written, and used at boots that come later: with another root, after the firmware was set
 * up to boot over a network, or after the card was taken out that the console was on. What of that can be seen before
 * any driver is loaded is looked at once more.
 *
 * - The root: a function that disks, or a way to those of another machine, can be on stays with the host where the
 * kernel is told another root than when the list was made (root=). Network functions only where the new root is remote.
 * - The network: a function that the firmware has booted with over iSCSI (iBFT) stays.
 * - The display: a function with the firmware's framebuffer, or where there is none the boot VGA function, stays where
 * no other display of the machine is left to the host and no serial or other console is active. Not where the agent has
 *   found that nobody looks at it (display=spared).
 *
 * What a person has allowed (allow=) is not looked at. Keyboards are not either: before their drivers nothing tells of
 * them, and where USB is built into the kernel, one that has not been found yet would be taken for one that is missing.
 */

/* What is read once for all devices. */
typedef struct ClaimSights {
        bool looked;
        PciAddr booted[16]; /* the functions of the firmware's iSCSI table */
        size_t n_booted;
} ClaimSights;

/**
 * claim_guard_refuses() - does the host live on this function, as far as can be seen?
 * @s: empty at first, and the same for all devices. @class: of the function, 24 bits. @ret: why, without a full stop;
 * written when it does.
 */
bool claim_guard_refuses(ClaimSights *s, const ClaimContext *x, const ClaimList *l, const Claim *c, unsigned class,
                         char *ret, size_t size);
