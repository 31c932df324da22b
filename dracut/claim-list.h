/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdarg.h>

#include "claim-limits.h"
#include "claimstate.h"
#include "pciaddr.h"
#include "pciserial.h"
#include "stub.h"

/*
 * The claim list: which PCI functions go to which stub driver. The agent writes it (render_claims()), the helper reads
 * it. Nothing here prints or opens anything, and nothing needs more than libc.
 *
 *     # lines that begin with "#" and empty ones say nothing
 *     version=2
 *     ADDRESS VENDOR:DEVICE DRIVER PATH NAME [KEY=VALUE | !KEY=VALUE]...
 *
 * The helper lies in images that were built long ago, and the list may come from another release than the helper. What
 * a reader does not know it never guesses at:
 *
 * - The version stands before the first device. Without it the list is of version 1: five fields and no more.
 * - A higher version than CLAIM_LIST_VERSION refuses the *whole list*. It rises only when the five fields, or this
 * rule, change their meaning, and then no line can be trusted.
 * - A key that the reader does not know refuses *its line* if it is marked with "!": without it the line means
 * something else. Without the mark it is passed over. A known key with a value that is not understood refuses its line.
 * So a new key needs no new version, and is marked wherever a reader that passes it over would claim what it should
 * not.
 * - Anything else that is wrong refuses its line; the other lines count.
 *
 * Helpers of version 1 take "version=2" for a bad line and say so, claim the devices without a tail, whose fields mean
 * the same, and refuse each line with a tail.
 */

/* Where the list reader and the binding tell what happens. @text: one line, without its newline. */
typedef struct ClaimReporter {
        void (*say)(void *userdata, bool failure, const char *text);
        void *userdata;
} ClaimReporter;

void claim_say(const ClaimReporter *r, bool failure, const char *format, ...) _printf_(3, 4);

/* What of the host the helper can see in an initramfs; the words of [device] allow. */
typedef enum ClaimGuard {
        CLAIM_GUARD_BOOT_DISK,
        CLAIM_GUARD_NETWORK,
        CLAIM_GUARD_DISPLAY,
        _CLAIM_GUARD_MAX,
        _CLAIM_GUARD_INVALID = -EINVAL,
} ClaimGuard;

#define CLAIM_GUARD_BIT(guard) (1U << (guard))

ClaimGuard claim_guard_from_string(const char *s);
const char *claim_guard_to_string(ClaimGuard guard);

/* One line of the list; the texts point into ClaimList.text. */
typedef struct Claim {
        const char *address; /* as the kernel names the function */
        const char *path;    /* stable bridge path, "-": unknown */
        const char *name;
        PciId id;
        StubDriver driver;
        bool optional; /* optional=yes: it may be missing */
        bool follow;   /* follow=yes: it is claimed at another address too, if it is certainly the same one */
        bool later;    /* later=yes: its stub driver may be loaded by the system only */
        bool has_subsystem;
        PciId subsystem;     /* subsystem=VENDOR:DEVICE: of the card */
        const char *variant; /* variant=MODULE: of vfio-pci, which does where it is not to be had; NULL: none */
        const char *serial;  /* serial=NUMBER: of the card, as pci_serial_find() has it; NULL: not known */
        bool unseen;         /* nvme=NUMBER or mac=ADDRESS: it is told from others by what no driver shows yet */
        /* what the agent has judged, see claim-guard.h */
        const char *root;    /* root=WORDS: of root_words_print(); NULL: not said */
        unsigned allowed;    /* allow=WORD[,WORD]...: a bit for each ClaimGuard that a person has lifted */
        bool display_spared; /* display=spared: the host can do without what it shows on it */
        unsigned line;       /* 1 and up */
        /* what became of it */
        ClaimState state;
        bool away;                        /* it is not where the list has it; asked where any is to be followed */
        const char *before;               /* the address of the list where it was followed to another one; else NULL */
        char followed[PCI_ADDR_TEXT_MAX]; /* which that is */
        char variant_driver[VARIANT_NAME_MAX]; /* as far as it is known; "": none */
        bool overridden;                       /* its driver_override was written */
        bool excused;                          /* missing, and optional: no failure */
        char reason[224];                      /* one line, empty while the state is CLAIM_NEW or CLAIM_READY */
} Claim;

typedef struct ClaimList {
        char *text;
        Claim *claims; /* in the order of the list, each address once */
        size_t n_claims;
        unsigned n_refused; /* lines that are wrong */
} ClaimList;

/**
 * claim_list_parse() - read a claim list
 * @file: its path, for messages.
 * @text, @size: the list; its first CLAIM_LIST_MAX + 1 bytes where it is longer; need not end in NUL.
 * @ret: owned by the caller, claim_list_done().
 * Returns 0, also where lines were refused; -EPROTONOSUPPORT where the whole list is, which has been reported; -ENOMEM.
 */
int claim_list_parse(const char *file, const char *text, size_t size, const ClaimReporter *r,
                     ClaimList *ret) _must_check_;
void claim_list_done(ClaimList *l);

/* The device at this address; NULL: not listed. */
const Claim *claim_list_at(const ClaimList *l, const char *address);

/* Is s an address exactly as the kernel spells it? */
bool claim_address_valid(const char *s);
