/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/config.h"
#include "model/facts.h"

/* The two ways in which a claim list gets into the initramfs: inside each image, or in the claim image before them. */

/**
 * claim_way_choose() - is it the claim image on this machine?
 * @ret_obstacle: why the claim image cannot be used although it is asked for, or nothing else can be: one sentence,
 * owned by the caller; else NULL. Pure. Returns 0 or -ENOMEM.
 */
int claim_way_choose(const Config *c, const Facts *f, bool *ret_in_claim_image, char **ret_obstacle) _must_check_;

/* Why the claim image cannot be used on this machine, one sentence, owned by the caller; NULL: it can. 0 or -ENOMEM. */
int claim_way_obstacle(const Facts *f, char **ret) _must_check_;

/**
 * claim_way_image() - the claim image as it has to be
 * @modprobe: text of NAME_MODPROBE_SNIPPET; NULL: none. @arguments: that an addon brings as well. @ret: fnv1a of its
 * bytes, never 0. 0, -EFBIG or -ENOMEM.
 */
int claim_way_image(const Facts *f, const char *claims, const char *modprobe, const Kargs *arguments,
                    uint64_t *ret) _must_check_;

/* The claim image as it is, whatever loads it. */
ImageState claim_image_state(const Judgement *j);

/* An entry that has an initramfs and does not load the claim image beside it; NULL: none. */
const BootEntry *claim_image_unloaded(const Judgement *j);
