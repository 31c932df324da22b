/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>

#include "model/pciaddr.h"

/**
 * pci_names_reduce() - the part of a list of names that speaks of these ids
 * @fd: read from where it stands to its end; as pci.ids has it. @ids: in any order, sorted here. @to: gets their
 * vendors and devices, and the classes, without subsystems; on error, a part of that. Source: the head of pci.ids
 * itself, and pciutils lib/names-parse.c. Returns 0; -EBADMSG: not a list in plain text; -ENOMEM; what read(2) or
 * write(2) says.
 */
int pci_names_reduce(int fd, PciId *ids, size_t n, FILE *to) _must_check_;
