/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/report.h"
#include "run.h"
#include "verb.h"

/**
 * reboot_once() - the end of an apply: restart the host where that is asked for and was not done for this plan before
 * Recorded before it is done; what cannot be recorded is not done. Says on standard error what becomes of it.
 */
void reboot_once(const Options *o, int rfd, int lock, const Report *report);
