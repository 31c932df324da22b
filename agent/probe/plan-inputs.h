/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/plan.h"

/**
 * plan_inputs() - what the programs of a plan work with, as far as it is not in the facts
 *
 * A digest of which files the programs and images of its steps are now (size and time of their last change), and of how
 * much room there is where its files and those on the way lie. Room is taken coarsely, to the power of two: a log that
 * grows is no reason to try a plan again. Steps on ptprep's own state are left out.
 */
uint64_t plan_inputs(int rfd, const Plan *p);
