/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * The plans for which ptprep has restarted this host. The same text lies in several places, so that it outlives the
 * loss of one: a line of a comment, then a line for each plan, its digest and the boot that it ended.
 */
#define REBOOTS_PLACES 3

extern const char *const reboots_places[REBOOTS_PLACES];

/* So many plans in all: what comes to be another plan in each boot ends here. */
#define REBOOTS_MAX    16U

#define REBOOTS_DIGEST 16 /* characters */

/**
 * reboots_find() - the line of a plan
 * @text: of any number of such files one behind the other; may be NULL. @digest: of REBOOTS_DIGEST characters.
 * Returns its boot, which ends at a newline or at the end of the text; NULL: there is no such line.
 */
const char *reboots_find(const char *text, const char *digest);

/**
 * reboots_add() - one file out of all of them, and of one more plan
 * @text: as above. @boot: the boot that will end for it. @ret: owned by the caller.
 * Returns 0; -E2BIG: it would have more than REBOOTS_MAX plans; -ENOMEM.
 */
int reboots_add(const char *text, const char *digest, const char *boot, char **ret) _must_check_;
