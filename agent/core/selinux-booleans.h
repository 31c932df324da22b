/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/finding.h"
#include "model/plan.h"

/**
 * plan_selinux() - the switches of the policy that [agent] selinux-booleans asks for, and those that it asked for once
 * @findings: appended to where one cannot be taken back. To be called behind all steps that the rest is recorded by:
 * where a boolean cannot be set, all else is done, and only the record of what was taken back is left as it is. Pure. 0
 * or -ENOMEM.
 */
int plan_selinux(const Judgement *j, FindingList *findings, Plan *p) _must_check_;

/* A step that was left out. @why: a sentence. 0 or -ENOMEM. */
int selinux_tell_left(const BooleanStep *s, const char *why, FindingList *findings) _must_check_;
