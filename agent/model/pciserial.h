/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* The serial number that a card has in its configuration space. For the agent and the helper alike: libc only. */

/* "00-1b-21-ff-ff-8a-5c-10" and a NUL */
#define PCI_SERIAL_TEXT_MAX 24

/* Reads 32 bits at this offset of the configuration space. 0; negative errno. */
typedef int (*PciConfigReader)(void *userdata, unsigned offset, uint32_t *ret);

/**
 * pci_serial_find() - the Device Serial Number Extended Capability (PCI Express Base Specification 6.0, 7.9.3)
 * @ret: as Linux and lspci print it, highest byte first; untouched on failure.
 * Returns 0; -ENOENT: it has none, or one that says nothing (all zeros or all ones); negative errno of the reader, such
 * as where only root may read that far.
 */
int pci_serial_find(PciConfigReader read, void *userdata, char ret[static PCI_SERIAL_TEXT_MAX]) _must_check_;

/* Is it such a number, as pci_serial_find() writes it? NULL is none. */
bool pci_serial_valid(const char *text);
