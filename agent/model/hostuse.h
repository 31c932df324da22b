/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "finding.h"
#include "macro.h"
#include "pciaddr.h"

/* What of the host is on a PCI function: what it would lose with it. Found by the probers, judged in core/host-use.c.
 */

/* Each kind has its row in core/host-use.c. */
typedef enum HostUseKind {
        HOST_USE_STORAGE, /* something mounted, swapped to, or named in fstab */
        _HOST_USE_KIND_MAX,
} HostUseKind;

/* One use of one function. A function can have several, also of one kind. */
typedef struct HostUse {
        HostUseKind kind;
        PciAddr addr;
        const char *what; /* in a sentence after "it carries": "/", "swap"; static */
        StringList chain; /* from what is used down to the function, which is left out: "/home", "sda1", "sda" */
} HostUse;

/* Something that the host uses, or may use, and of which nobody can tell by which functions. */
typedef struct HostUnknown {
        HostUseKind kind;
        bool remote;        /* on the other end of a network: only a way to one can be what carries it */
        char *what;         /* what could not be read or followed, and how far it was followed */
        CureKind cure_kind; /* as in Finding */
        const char *cure;   /* static; NULL: the sentence of that kind */
} HostUnknown;

typedef struct HostUses {
        HostUse *items; /* sorted by address; those of one function in the order in which they were found */
        size_t n;
        HostUnknown *unknown; /* in the order in which they were found */
        size_t n_unknown;
        bool looked[_HOST_USE_KIND_MAX]; /* no: nobody has looked for any of this kind */
} HostUses;

void host_uses_done(HostUses *u);

/**
 * host_use_add() - one more use
 * @what: static. @chain: taken over, and empty afterwards, also after an error.
 * The same thing reached by the same way is kept once, whatever its first name is. Returns 0 or -ENOMEM.
 */
int host_use_add(HostUses *u, HostUseKind kind, PciAddr addr, const char *what, StringList *chain) _must_check_;

/* One more unknown; the same sentence is kept once. @u: its text is taken over, also after an error. 0 or -ENOMEM. */
int host_unknown_add(HostUses *l, HostUnknown *u) _must_check_;

/* "/home on sda1 on sda on 0000:00:17.0", owned by the caller. NULL when memory is short. */
char *host_use_chain(const HostUse *u);

/* All uses of a function, as an array; NULL: none. */
const HostUse *host_uses_of(const HostUses *u, PciAddr addr, size_t *ret_n);
