/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/* Whether the host lives on a function. */
typedef struct HostUseAnswer {
        Tristate used;      /* unknown: it may be, and must not be taken from the host either */
        const HostUse *use; /* the first one; NULL: not used, or unknown */
} HostUseAnswer;

/**
 * host_use_of() - what of the host is on this function?
 * @p: one of the facts. The only place that decides this: checks, list, planner and claim list ask here. Pure.
 */
HostUseAnswer host_use_of(const Facts *f, const PciFunction *p, HostUseKind kind);
