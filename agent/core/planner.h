/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/check.h"
#include "model/plan.h"

/**
 * plan_compute() - what has to change so that the machine is as asked
 * @findings: what the checks said; a plan that cannot be made is added to them.
 * @ret: empty when all is as asked, when changes are switched off, and when a person has to act first.
 *
 * Order: files, images, then the boot loader. Until the last step is done the kernel argument is missing, and without
 * it the claim helper in the image does nothing: whatever interrupts the run, the host boots as before. Pure. Returns 0
 * or -ENOMEM.
 */
int plan_compute(const Judgement *j, FindingList *findings, Plan *ret) _must_check_;
