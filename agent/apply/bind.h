/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/pciaddr.h"
#include "model/stub.h"

/* Functions change their driver while the host runs. Nothing of this lasts longer than the boot. */

typedef struct Rebind {
        PciAddr addr;
        PciId id;
        StubDriver driver;   /* for bind_claim() */
        const char *variant; /* likewise, module name: of vfio-pci, which does where it is not to be had; NULL: none */
        bool may_wait;       /* likewise: where that driver is not there, it is kept from all others until it is */
        /* what became of it; released with rebind_done() */
        char *before, *after; /* drivers; NULL: none */
        char *override;       /* what was found in driver_override; NULL: nothing */
        char *failure;        /* one sentence; NULL: it is as it was asked for */
        bool left;            /* it failed, and is not on its former driver again */
        bool unread;          /* nor could what was done be read back: after tells nothing */
} Rebind;

void rebind_done(Rebind *r);

/**
 * bind_claim() - take functions from their host drivers and give them to their stub drivers
 * @rfd: root directory of the running system. All of them or none: when one fails, the others go back to the drivers
 * that they were on. Whether that is safe is judged by the caller.
 * Returns 0; -EIO where one failed, whose failure is set; -ENOMEM.
 */
int bind_claim(int rfd, Rebind *items, size_t n) _must_check_;

/* Puts functions that bind_claim() or bind_release() has changed back on the drivers that they were on. 0; -EIO where
 * one is not, whose left is set; -ENOMEM. */
int bind_put_back(int rfd, Rebind *items, size_t n) _must_check_;

/**
 * bind_release() - give functions back to the host, whose driver is loaded where it is not
 * @rfd: as above. They must not be open: the kernel would wait for whoever has them, without an end.
 * A function that no driver takes is no failure; one that a driver for guests takes again is. All of them or none, and
 * returns, as bind_claim().
 */
int bind_release(int rfd, Rebind *items, size_t n) _must_check_;
