/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pciaddr.h"

/* The ways in which people and programs write down which PCI function they mean. */

typedef enum PciSpellingKind {
        PCI_SPELLING_FUNCTION, /* one function: addr */
        PCI_SPELLING_SLOT,     /* all functions of a slot: addr, whose function is 0 */
        PCI_SPELLING_ID,       /* vendor and device: id */
        PCI_SPELLING_VENDOR,   /* vendor only: id, whose device is 0 */
} PciSpellingKind;

typedef struct PciSpelling {
        PciSpellingKind kind;
        PciAddr addr;
        PciAddr decimal; /* of a name as libvirt has them that can be read so as well */
        bool has_decimal;
        PciId id;
} PciSpelling;

/**
 * pci_spelling_parse() - which function, slot or id is meant
 *
 * Taken are "0000:01:00.0", "01:00.0", "1:0.0"; without ".0" for the whole slot; "10de:1b80", "10de:"; each part with
 * or without "0x"; a path in sysfs, of which the last function counts; libvirt's names of node devices,
 * pci_0000_01_00_0 (hexadecimal; src/node_device/node_device_udev.c makes them from the name in sysfs), the same with
 * the decimal numbers of its <capability type='pci'>, and its old pci_8086_10d3. Returns 0; -EINVAL: it is none of
 * these; -ERANGE: it has the form of an address, and there is no such slot or function. ret is untouched on failure.
 */
int pci_spelling_parse(const char *text, PciSpelling *ret) _must_check_;
