/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/* Whether the host lives on a function. */
typedef struct HostUseAnswer {
        Tristate used;              /* unknown: it may, and then it must not be taken from the host either */
        const HostUse *use;         /* the first one, where it is used; else NULL */
        const HostUnknown *unknown; /* where that is unknown, the first reason; NULL: nobody has looked */
        bool by_class;              /* not used because nothing of this kind can be on its class */
} HostUseAnswer;

/**
 * host_use_of() - what of the host is on this function?
 * @p: one of the facts. The only place that decides this: checks, list, planner and claim list ask here. Pure.
 */
HostUseAnswer host_use_of(const Facts *f, const PciFunction *p, HostUseKind kind);

/* The same of all kinds: the first that is used; else the first that is unknown; else not used. */
HostUseAnswer host_use_any(const Facts *f, const PciFunction *p);

/* What the check of a kind says of it. A new kind is a row in host-use.c, with a check and an obstacle of that id. */
typedef struct HostUseText {
        const char *check;
        const char *none;     /* of a function that is not used */
        const char *by_class; /* of one that cannot be */
        const char *unseen;   /* nobody has looked */
} HostUseText;

extern const HostUseText host_use_texts[_HOST_USE_KIND_MAX];

/* The kind that a check is about. */
HostUseKind host_use_kind(const char *check);
