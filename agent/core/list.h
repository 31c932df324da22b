/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/printer.h"
#include "core/verdict.h"
#include "core/wanted.h"

/* The PCI functions of this machine with their verdicts, for people and for programs. */

#define LIST_VERSION 3 /* of the JSON format: raised when a field changes its meaning or goes away */

/* Which functions are listed, and how. */
typedef struct ListView {
        const Facts *facts;
        const VerdictContext *context; /* of these facts, and of what is wanted */
        const Wanted *wanted;
        const bool *chosen; /* indexed as Facts.functions; NULL: all of them */
        bool tree;          /* below the bridges that lead to them, indented; else sorted by address */
        bool verbose;       /* all of it, also on a terminal */
} ListView;

static inline bool list_shows(const ListView *l, const PciFunction *f)
{
        return !l->chosen || l->chosen[f - l->facts->functions];
}

/* What has become of a device that the configuration names. */
typedef enum ClaimMark {
        CLAIM_MARK_ACTIVE,      /* on its stub driver */
        CLAIM_MARK_REBOOT,      /* in the claim list, and not yet on it */
        CLAIM_MARK_NOT_APPLIED, /* nothing so far */
        CLAIM_MARK_NETWORK,     /* that is decided when the host's network is up */
        CLAIM_MARK_REFUSED,     /* a check says why */
        _CLAIM_MARK_MAX,
} ClaimMark;

const char *claim_mark_to_string(ClaimMark s); /* "active", "reboot-due", ... */

/* @d: of wanted_device_of(); @v: the verdict on its function. */
ClaimMark list_claim_mark(const ListView *l, const WantedDevice *d, const Verdict *v);

/**
 * list_text() - one line a function, and one for each thing that stands in its way
 *
 * To a terminal, where neither a tree nor all of it is asked for, what is configured comes first, then what has
 * something in its way, then what has nothing; the functions of a card stay together, many that are alike are counted
 * and so are bridges, and a name ends where the line does. Returns 0; -ENOMEM; negative errno of the stream.
 */
int list_text(Printer *p, const ListView *l) _must_check_;

/* Only the addresses, one a line. Returns as above. */
int list_addresses(Printer *p, const ListView *l) _must_check_;

/**
 * list_json() - the same as one JSON object, with one function a line
 * Each function is written before the next one is judged: machines with thousands of them need no more memory.
 * Returns 0; -ENOMEM; negative errno of the stream.
 */
int list_json(Printer *p, const ListView *l) _must_check_;
