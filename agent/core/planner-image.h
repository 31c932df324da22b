/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/plan.h"

/* The part of a plan that is about initramfs images. */

/**
 * plan_images() - build, or copy, what lacks the present claim list
 * @stale: releases whose image the loader's own tool has to make; appended to. @ret_stamp: something is to be
 * remembered of images, see plan_stamps(). Pure. Returns 0 or -ENOMEM.
 */
int plan_images(const Judgement *j, FindingList *findings, Plan *p, StringList *stale, bool *ret_stamp) _must_check_;

/* Makes the claim image anew where it is not as it has to be: before any loader is told to load it. 0 or -ENOMEM. */
int plan_claim_image(const Judgement *j, Plan *p) _must_check_;

/**
 * plan_no_claim_image() - let it go away where none is wanted
 * To be called when the steps of the loaders are planned: an entry that names a file which is not there does not boot.
 */
int plan_no_claim_image(const Judgement *j, FindingList *findings, Plan *p) _must_check_;

/* Remembers which images were verified, so that nobody has to look into them again. Pure. Returns 0 or -ENOMEM. */
int plan_stamps(const Judgement *j, bool stamp, Plan *p) _must_check_;
