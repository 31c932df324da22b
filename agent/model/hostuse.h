/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "finding.h"
#include "macro.h"
#include "pciaddr.h"

/* What of the host is on a PCI function: what it would lose with it. Found by the probers, judged in core/host-use.c.
 */

/* Each kind has its row in core/host-use.c: a guard with a check of its own, and a word that lifts it for a device. */
typedef enum HostUseKind {
        HOST_USE_BOOT_DISK, /* what this host boots from: /, /usr, /var, /boot, the EFI system partition */
        HOST_USE_STORAGE,   /* any other disk in use: mounted, swapped to, named in fstab, held open */
        HOST_USE_NETWORK,   /* a way to a network that the host needs */
        HOST_USE_DISPLAY,   /* what shows its console, or the only display */
        HOST_USE_KEYBOARD,  /* the only one, or a security key that opens a volume at boot */
        HOST_USE_CONSOLE,   /* a serial or virtual one */
        _HOST_USE_KIND_MAX,
        _HOST_USE_KIND_INVALID = -EINVAL,
} HostUseKind;

/* A set of kinds has one bit for each. */
#define HOST_USE_BIT(kind) (1U << (kind))

/* The word of a kind: "boot-disk", "storage", "network", "display", "keyboard", "console". */
const char *host_use_kind_to_string(HostUseKind kind);
HostUseKind host_use_kind_from_string(const char *s);

/* One use of one function. A function can have several, also of one kind. */
typedef struct HostUse {
        HostUseKind kind;
        PciAddr addr;
        const char *what; /* in a sentence after the verb of its kind: "/", "swap", "the default route"; static */
        StringList chain; /* from what is used down to the function, which is left out: "/home", "sda1", "sda" */
        bool spared;      /* the host can do without: that it goes is told, and refused to nobody */
} HostUse;

/* Something that the host uses, or may use, and of which nobody can tell by which functions. */
typedef struct HostUnknown {
        HostUseKind kind;
        bool remote; /* on the other end of a network: only a way to one can be what carries it */
        bool waits;  /* it will be known once the host has booted: nothing is decided before */
        bool one;    /* only the function at .addr can be what carries it */
        PciAddr addr;
        char *what;         /* what could not be read or followed, and how far it was followed */
        CureKind cure_kind; /* as in Finding */
        const char *cure;   /* static; NULL: the sentence of that kind */
} HostUnknown;

typedef struct HostUses {
        HostUse *items; /* sorted by address; those of one function in the order in which they were found */
        size_t n;
        HostUnknown *unknown; /* in the order in which they were found */
        size_t n_unknown;
        bool looked[_HOST_USE_KIND_MAX]; /* by kind: its prober has run */
} HostUses;

void host_uses_done(HostUses *u);

/**
 * host_use_add() - one more use
 * @what: static. @chain: taken over, and empty afterwards, also after an error.
 * The same thing reached by the same way is kept once, whatever its first name is. Returns 0 or -ENOMEM.
 */
int host_use_add(HostUses *u, HostUseKind kind, PciAddr addr, const char *what, StringList *chain) _must_check_;

/* As host_use_add(): what the host has on it, and can do without. */
int host_use_add_spared(HostUses *u, HostUseKind kind, PciAddr addr, const char *what, StringList *chain) _must_check_;

/* One more unknown; the same sentence is kept once. @u: its text is taken over, also after an error. 0 or -ENOMEM. */
int host_unknown_add(HostUses *l, HostUnknown *u) _must_check_;

/* "/home on sda1 on sda on 0000:00:17.0", owned by the caller. NULL when memory is short. */
char *host_use_chain(const HostUse *u);

/* All uses of a function, as an array; NULL: none. */
const HostUse *host_uses_of(const HostUses *u, PciAddr addr, size_t *ret_n);
