/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/finding.h"
#include "model/plan.h"

/**
 * plan_selinux() - the switches of the policy that [agent] selinux-booleans asks for, and those that it asked for once
 * @findings: appended to where one cannot be taken back. Pure. 0 or -ENOMEM.
 */
int plan_selinux(const Judgement *j, FindingList *findings, Plan *p) _must_check_;
