/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/* What a function is behind that may bring it only after the initramfs, in words: Thunderbolt comes up when the box is
 * authorised, and what can be plugged in may be plugged in later. NULL: nothing that is known. Pure. */
const char *function_comes_late(const Facts *f, const PciFunction *p);
