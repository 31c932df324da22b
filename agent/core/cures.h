/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/finding.h"

/**
 * cures_correct() - let cures that cannot work here give way to what can
 * A check knows what is wrong and what would cure it, but not what else is in the way: an apply that is refused cures
 * nothing, one that was done need not be run again, and in a container nothing helps but another place to run.
 * @findings: of all checks, and of the planner. Pure. Returns 0 or -ENOMEM.
 */
int cures_correct(const Judgement *j, FindingList *findings) _must_check_;

/* Where some findings are left out, and with them the one that a cure points to, the cure says where it is told. 0 or
 * -ENOMEM. */
int cures_of_part(FindingList *part) _must_check_;
