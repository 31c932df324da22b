/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/finding.h"
#include "model/plan.h"

/* Why no plan is made. */
typedef enum PlanRefusal {
        PLAN_ALLOWED,
        PLAN_REFUSED_CONTAINER,    /* the machine is not this one's */
        PLAN_REFUSED_SWITCHED_OFF, /* [agent] enabled = no */
        PLAN_REFUSED_BLOCKED,      /* a person has to act first */
        PLAN_REFUSED_UNSEEN,       /* of a device it cannot be told whether it is there */
        PLAN_REFUSED_WAITING,      /* all devices wait for the host's network */
        _PLAN_REFUSAL_MAX,
} PlanRefusal;

/* @findings: of the checks; and of the planner, where it has made a plan that cannot be carried out. */
PlanRefusal plan_refusal(const Judgement *j, const FindingList *findings);

/**
 * plan_compute() - what has to change so that the machine is as asked
 * @findings: what the checks said; a plan that cannot be made is added to them.
 * @ret: empty when all is as asked, when changes are switched off, and when a person has to act first.
 *
 * Taking away does not wait for what stands in the way of adding: a refused plan still has a claim list without the
 * lines of devices that are not configured any more or that the host lives on by now, and the images with that list. No
 * line is added or changed, and no other file. Where not all images can get it, a finding says so, and nothing is
 * planned. Not so in a container, when changes are switched off, and when the state directory cannot be trusted.
 *
 * Order: files, images, then the boot loader. Until the last step is done the kernel argument is missing, and without
 * it the claim helper in the image does nothing: whatever interrupts the run, the host boots as before. Pure. Returns 0
 * or -ENOMEM.
 */
int plan_compute(const Judgement *j, FindingList *findings, Plan *ret) _must_check_;

/**
 * plan_recover() - what comes before every other plan
 * @ret: puts back what an earlier run could not; the machine has to be looked at again then. Empty: there is nothing of
 * that kind. Pure. Returns 0 or -ENOMEM.
 */
int plan_recover(const Facts *f, Plan *ret) _must_check_;

/**
 * plan_tell_pending() - a finding on a plan that has something to do where the checks found all well
 * Such as a drop-in that is read behind ptprep's: the menu is right until it is made the next time. What only brings
 * ptprep's own state up to date is not told. Returns 0 or -ENOMEM.
 */
int plan_tell_pending(const Plan *p, FindingList *findings) _must_check_;
