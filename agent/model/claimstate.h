/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <errno.h>

/* How far a claim has come; what became of it stands in the file of results, ptprep-claim(8). */
typedef enum ClaimState {
        CLAIM_NEW,
        CLAIM_READY, /* it is the card that was meant: to be bound */
        CLAIM_CLAIMED,
        CLAIM_WAITING, /* no host driver can take it, and its stub driver is not there yet */
        CLAIM_FAILED,  /* still with the host */
        CLAIM_MOVED,   /* the card is elsewhere */
        CLAIM_ABSENT,
        _CLAIM_STATE_MAX,
        _CLAIM_STATE_INVALID = -EINVAL,
} ClaimState;

/* The words of the file of results, in which nothing is left that has not come to an end: of that there is no word. */
ClaimState claim_state_from_string(const char *s);
const char *claim_state_to_string(ClaimState s);
