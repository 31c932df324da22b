/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The classes of PCI functions that ptprep has a rule for (PCI Code and ID Assignment Specification 1.15, chapter 1).
 * A class code has 24 bits: base class, subclass, programming interface. Needs nothing but libc, for the helper's sake.
 */

/* Base classes, as pci_class_base() has them. */
#define CLASS_STORAGE           0x01U
#define CLASS_NETWORK           0x02U
#define CLASS_DISPLAY           0x03U
#define CLASS_MULTIMEDIA        0x04U
#define CLASS_MEMORY            0x05U
#define CLASS_BRIDGE            0x06U
#define CLASS_COMMUNICATION     0x07U
#define CLASS_INPUT             0x09U
#define CLASS_PROCESSOR         0x0bU
#define CLASS_WIRELESS          0x0dU
#define CLASS_CRYPTO            0x10U
#define CLASS_SIGNAL            0x11U /* signal processing, which has most sensors too */
#define CLASS_ACCELERATOR       0x12U

/* Base class and subclass, as pci_class_sub() has them. */
#define CLASS_OLD_VGA           0x0001U /* from before there were classes */
#define CLASS_DISPLAY_VGA       0x0300U
#define CLASS_BRIDGE_HOST       0x0600U
#define CLASS_BRIDGE_ISA        0x0601U /* LPC and eSPI bridges too */
#define CLASS_BRIDGE_PCI        0x0604U
#define CLASS_BRIDGE_CARDBUS    0x0607U
#define CLASS_BRIDGE_SEMI       0x0609U /* semi-transparent PCI-to-PCI bridge */
#define CLASS_SYSTEM_IOMMU      0x0806U /* AMD I/O Virtualization Technology (IOMMU) Specification 48882, 3.2 */
#define CLASS_SYSTEM_SD         0x0805U
#define CLASS_SERIAL_FIREWIRE   0x0c00U
#define CLASS_SERIAL_USB        0x0c03U
#define CLASS_SERIAL_FC         0x0c04U
#define CLASS_SERIAL_SMBUS      0x0c05U
#define CLASS_SERIAL_INFINIBAND 0x0c06U
#define CLASS_SERIAL_BUS        0x0c80U /* other serial bus controllers */

static inline unsigned pci_class_base(uint32_t class)
{
        return class >> 16;
}

static inline unsigned pci_class_sub(uint32_t class)
{
        return class >> 8;
}

/* Can disks be on it, or behind it? Before any driver is there only the class tells. */
static inline bool pci_class_has_disks(uint32_t class)
{
        switch (pci_class_sub(class)) {
        case CLASS_SYSTEM_SD:
        case CLASS_SERIAL_FIREWIRE:
        case CLASS_SERIAL_USB:
        case CLASS_SERIAL_FC:
        case CLASS_SERIAL_INFINIBAND:
                return true;
        default:
                return pci_class_base(class) == CLASS_STORAGE;
        }
}

static inline bool pci_class_is_network(uint32_t class)
{
        return pci_class_base(class) == CLASS_NETWORK || pci_class_base(class) == CLASS_WIRELESS;
}

/* Linux takes the class from before there were classes for VGA too (include/linux/pci.h, pci_is_vga()). */
static inline bool pci_class_is_vga(uint32_t class)
{
        return pci_class_sub(class) == CLASS_DISPLAY_VGA || pci_class_sub(class) == CLASS_OLD_VGA;
}

static inline bool pci_class_is_display(uint32_t class)
{
        return pci_class_base(class) == CLASS_DISPLAY || pci_class_is_vga(class);
}

/*
 * What a function is, with its article, that is never given to a stub driver, whoever asks for it: other devices, or
 * the whole host, are reached through it, or it is what keeps devices apart. NULL: it may be claimed. For the agent and
 * the helper alike.
 *
 * This is not how the kernel judges a group (see pci_is_bridge() in facts.h): to it a host bridge is a device like any
 * other. Bridges of other classes stay out, for some are endpoints that people do give away (NVSwitch has 0680).
 */
static inline const char *pci_class_never_bound(uint32_t class)
{
        switch (pci_class_sub(class)) {
        case CLASS_BRIDGE_HOST:
                return "a host bridge";
        case CLASS_BRIDGE_ISA:
                return "an ISA bridge";
        case CLASS_BRIDGE_PCI:
                return "a PCI bridge";
        case CLASS_BRIDGE_CARDBUS:
                return "a CardBus bridge";
        case CLASS_BRIDGE_SEMI:
                return "a semi-transparent PCI bridge";
        case CLASS_SYSTEM_IOMMU:
                return "a function of the IOMMU";
        default:
                return NULL;
        }
}

/*
 * Bridges of all kinds, memory controllers and SMBus controllers are given away only by whoever names them: the
 * platform hangs on them (PCI Code and ID Assignment 1.15, chapter 1: base classes 05 and 06, subclass 0c05).
 */
static inline bool pci_class_is_platforms(uint32_t class)
{
        return pci_class_never_bound(class) || pci_class_base(class) == CLASS_BRIDGE ||
               pci_class_base(class) == CLASS_MEMORY || pci_class_sub(class) == CLASS_SERIAL_SMBUS;
}
