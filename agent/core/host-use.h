/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/* Whether the host lives on a function. */
typedef struct HostUseAnswer {
        Tristate used;      /* unknown: it may, and then it must not be taken from the host either */
        HostUseKind kind;   /* of what was found, or could not be */
        const HostUse *use; /* the first one, where it is used; where it is not, the first spared one, or NULL */
        const HostUnknown *unknown; /* where that is unknown, the first reason; NULL: nobody has looked */
        bool waits;                 /* unknown only until the host has booted */
        bool by_class;              /* not used because nothing of this kind can be on its class */
} HostUseAnswer;

/**
 * host_use_of() - what of the host is on this function?
 * @p: one of the facts. The only place that decides this: checks, list, planner and claim list ask here. Pure.
 */
HostUseAnswer host_use_of(const Facts *f, const PciFunction *p, HostUseKind kind);

/**
 * host_use_any() - the same of all kinds: the first that is used; else the first that is unknown; else not used
 * @allowed: HOST_USE_BIT() of each kind that does not count.
 */
HostUseAnswer host_use_any(const Facts *f, const PciFunction *p, unsigned allowed);

typedef struct ClassMask {
        uint16_t class, mask; /* base class and subclass */
} ClassMask;

/* A guard, and what its check says. A new kind is a row in host-use.c, with a check and an obstacle of that id. */
typedef struct HostUseText {
        const char *check;
        const char *verb;        /* "it carries /" */
        const char *none;        /* of a function that is not used */
        const char *by_class;    /* of one that cannot be */
        const char *unseen;      /* nobody has looked */
        const ClassMask *cannot; /* functions of these classes cannot be what is unknown */
        size_t n_cannot;
        const ClassMask *only; /* only functions of these classes can be; NULL: all others */
        size_t n_only;
} HostUseText;

extern const HostUseText host_use_texts[_HOST_USE_KIND_MAX];

/* The kind that a check is about. */
HostUseKind host_use_kind(const char *check);
