/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/finding.h"

/**
 * notify_findings() - one journal entry for each finding of a list, and one for the verdict
 * @verdict: in one word. @headline: in one sentence, with what to do next.
 *
 * Fields: MESSAGE_ID, PTPREP_CHECK=, PTPREP_DEVICE=, PTPREP_RESULT=, PTPREP_CURE=. Does nothing where there is no
 * journal socket. Returns 0; negative errno of sd_journal_sendv().
 */
int notify_findings(const FindingList *l, const char *verdict, const char *headline) _must_check_;

/* STATUS= for the service manager; does nothing where there is none. */
void notify_status(const char *text);
