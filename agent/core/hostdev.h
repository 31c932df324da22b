/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/printer.h"
#include "core/wanted.h"
#include "model/facts.h"

/*
 * Functions as a guest is told of them. Those of one card stay together, in one slot of the guest, as their drivers
 * expect; each card is on a root port of its own (QEMU docs/pcie.txt).
 */

/* The guest's bus of the first card. Managers of guests number root ports from 1, and have at most as many as that
 * already when a card is added by hand. */
#define HOSTDEV_FIRST_BUS 16U

/* Cards: slots of the guest's root bus, whose first is the host bridge and whose last is the ISA bridge of a q35 (QEMU
 * hw/i386/pc_q35.c). */
#define HOSTDEV_MAX_CARDS 30U

typedef struct HostdevSet {
        const Facts *facts;
        const Wanted *wanted;
        const size_t *items; /* indexes of functions, sorted, each once */
        size_t n;
} HostdevSet;

/* On how many cards they are. */
size_t hostdev_count_cards(const HostdevSet *s);

/**
 * hostdev_libvirt() - <hostdev> elements, for the <devices> of a domain (libvirt docs/formatdomain.rst, "Host devices")
 * A function that the configuration claims has managed="no": it is on vfio-pci before libvirt looks, and stays there.
 * Returns 0; -ENOMEM; negative errno of the stream.
 */
int hostdev_libvirt(Printer *p, const HostdevSet *s) _must_check_;

/* The same as arguments of QEMU with a q35 machine, for a shell. Returns as above. */
int hostdev_qemu(Printer *p, const HostdevSet *s) _must_check_;
