/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/*
 * The classes of PCI functions that ptprep has a rule for (PCI Code and ID Assignment Specification 1.15, chapter 1).
 * A class code has 24 bits: base class, subclass, programming interface. Needs nothing but libc, for the helper's sake.
 */

/* Base classes, as pci_class_base() has them. */
#define CLASS_STORAGE        0x01U
#define CLASS_NETWORK        0x02U
#define CLASS_DISPLAY        0x03U
#define CLASS_BRIDGE         0x06U

/* Base class and subclass, as pci_class_sub() has them. */
#define CLASS_BRIDGE_PCI     0x0604U
#define CLASS_BRIDGE_CARDBUS 0x0607U
#define CLASS_BRIDGE_SEMI    0x0609U /* semi-transparent PCI-to-PCI bridge */
#define CLASS_SERIAL_USB     0x0c03U

static inline unsigned pci_class_base(uint32_t class)
{
        return class >> 16;
}

static inline unsigned pci_class_sub(uint32_t class)
{
        return class >> 8;
}
