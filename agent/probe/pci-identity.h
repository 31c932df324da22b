/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/probe.h"

/*
 * pci_identity_read() - what a function is told from others of its kind by
 * Fills serial, nvme_serial and mac as far as they can be read: the serial number is for root, the other two are there
 * while a host driver has the device. What is filled is left, and what is
 * there and refused is marked. Returns 0 or -ENOMEM.
 */
int pci_identity_read(int rfd, PciFunction *p) _must_check_;
