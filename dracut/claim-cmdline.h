/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rootwords.h"

/* What the kernel command line says about claiming. Pure: it is read by the caller. */

typedef enum ClaimOrder {
        CLAIM_ORDER_NONE,   /* no ptprep.claim=1 */
        CLAIM_ORDER_ACT,    /* claim */
        CLAIM_ORDER_OFF,    /* ptprep.claim=1, and ptprep=off */
        CLAIM_ORDER_RESCUE, /* ptprep.claim=1, in a boot that a person chose to repair the machine: rescue_word() */
        CLAIM_ORDER_KDUMP,  /* ptprep.claim=1, in the kernel that saves the memory of one that crashed */
        _CLAIM_ORDER_MAX,
} ClaimOrder;

/*
 * elfcorehdr= is how kexec(8) and the kernel's own loader tell the crash kernel where the memory of the crashed one is
 * described (Linux Documentation/admin-guide/kdump/kdump.rst); its command line is made of /proc/cmdline.
 *
 * @line: NUL-terminated text of /proc/cmdline, taken apart in place. @ret_root: where it says the root is; points into
 * it.
 */
ClaimOrder claim_order(char *line, RootWords *ret_root);
