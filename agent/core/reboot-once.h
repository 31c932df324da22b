/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "core/report.h"
#include "model/reboots.h"

/*
 * A host is restarted for a plan once and never again, [agent] reboot = once. The plan is what it is made from: what is
 * asked for and of which devices, what the firmware describes, the kernels and boot loaders that are installed. What
 * becomes of files is no part of it, nor is anything that differs from boot to boot: the same plan is the same after
 * whatever has undone it.
 */

/* Pure. @ret: of lower case hexadecimal digits. */
void reboot_plan_digest(const Judgement *j, char ret[static REBOOTS_DIGEST + 1]);

/**
 * reboot_missing() - what a plan was for and this boot has not
 * @ret: owned by the caller; NULL: this boot has all of it, as far as it can be seen. Returns 0 or -ENOMEM.
 */
int reboot_missing(const Judgement *j, char **ret) _must_check_;

/**
 * reboot_refusal() - why a run that has changed something does not restart the host
 * @r: of an apply. Returns a sentence; NULL: it does, once that is recorded.
 */
const char *reboot_refusal(const Report *r);
