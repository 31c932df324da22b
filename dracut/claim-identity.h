/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "claim-bind.h"

/* By what a card is known besides its id, and where it has gone. */

/*
 * Is the function at this address certainly on another card than the one that the list means? Only its serial number
 * tells: it is not that of the line, or the line has none and it is that of another line. @ret: that number where it is
 * another one. Unknown is not another one.
 */
bool claim_has_other_serial(const ClaimContext *x, const ClaimList *l, const Claim *c, const char *address,
                            char ret[static PCI_SERIAL_TEXT_MAX]);

/* Would only a driver show whether a card with the same id is the one? Then the place of a card does not say it. */
bool claim_is_told_by_driver(const Claim *c);

/* Is it certainly one with other ids of the card? @ret: those. Unknown is not another one. */
bool claim_has_other_subsystem(const ClaimContext *x, const Claim *c, const char *address, PciId *ret);

/**
 * claim_follow() - where a card has gone that is to be followed
 * Looks for the only function with its id that is the same one of a card with its serial number, or that is behind the
 * same bridges, the numbers of whose buses have changed; the latter not where another line has the serial number that
 * is there, or where claim_is_told_by_driver(). No other line may have it, but one whose own card is away as well.
 * Where there is one the claim gets its address, and the path is not asked for any more. Returns whether it did.
 */
bool claim_follow(const ClaimContext *x, const ClaimList *l, Claim *c);

/* The stable bridge path. Returns 0; negative errno. */
int claim_read_path(const ClaimContext *x, const char *address, char **ret);
