/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/wanted.h"
#include "model/plan.h"

/* Virtual functions (SR-IOV), which a physical one makes while the host runs, and which are gone with each boot. */

/* How far each configured maker has come. @w: all else is computed. 0 or -ENOMEM. */
int wanted_makers(const Config *c, const Facts *f, Wanted *w) _must_check_;

/* Adds the steps that make them and give them to their driver, in this boot. 0 or -ENOMEM. */
int plan_makers(const Wanted *w, Plan *p) _must_check_;
