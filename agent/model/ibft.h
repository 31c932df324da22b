/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pciaddr.h"

/* Bytes of the table that are looked at: some twenty structures and their names. */
#define IBFT_MAX         (64 * 1024)

/* The names under which firmware hands it over, below /sys/firmware/acpi/tables (Linux drivers/firmware/iscsi_ibft.c).
 */
#define IBFT_TABLE_NAMES "iBFT", "IBFT", "BIFT"

/**
 * ibft_next() - the PCI functions that the firmware has booted over iSCSI with, out of its table
 * @table, @size: the ACPI table, as long as it is; what lies behind its own length is not looked at.
 * @iterator: 0 at first.
 * Returns 1 and the next function; 0: there is none any more; -EBADMSG: this is no such table, or it is cut off, which
 * to the kernel is a machine without one. Needs nothing but libc, for the helper's sake.
 *
 * Source: iSCSI Boot Firmware Table (iBFT) 1.03, sections 3.3 to 3.6, and Linux drivers/firmware/iscsi_ibft.c: the
 * control structure stands behind the header of 48 bytes and has the offsets of all others; a function of the NIC
 * structure is bus, device and function in 16 bits, always of PCI domain 0.
 */
int ibft_next(const void *table, size_t size, size_t *iterator, PciAddr *ret) _must_check_;
