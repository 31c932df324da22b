/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/printer.h"
#include "model/plan.h"

/**
 * plan_text() - the steps of a plan for people: unified diffs and the commands that would run
 * What is no diff begins with '#', so that patch(1) passes over it. Diffs have the bytes of the files, unless they go
 * to a terminal. 0; -ENOMEM; negative errno of the stream.
 */
int plan_text(Printer *p, const Plan *plan) _must_check_;
