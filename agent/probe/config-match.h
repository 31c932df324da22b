/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/config.h"
#include "model/facts.h"

/**
 * device_match_parse() - "id 10de:*", "class gpu", "class 0302", "slot 01:00.*", and several of them side by side
 * Returns 0; -EINVAL: it is none of these, or one is said twice. ret untouched on failure.
 */
int device_match_parse(const char *text, DeviceMatch *ret) _must_check_;

/* Is it one of them? */
bool device_match_has(const DeviceMatch *m, const PciFunction *p);
