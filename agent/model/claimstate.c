/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claimstate.h"

#include "macro.h"
#include "table.h"

static const char *const claim_state_table[_CLAIM_STATE_MAX] = {
        [CLAIM_CLAIMED] = "claimed", [CLAIM_WAITING] = "waiting", [CLAIM_FAILED] = "failed",
        [CLAIM_MOVED] = "moved",     [CLAIM_ABSENT] = "absent",
};

DEFINE_STRING_TABLE(claim_state, ClaimState)
