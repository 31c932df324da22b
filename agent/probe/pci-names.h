/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/pciaddr.h"

/**
 * pci_names_reduce() - the part of a list of names that speaks of these ids
 * @text: as pci.ids has it. @ids: in any order, sorted here. @ret: owned by the caller; their vendors and devices, and
 * the classes, without subsystems.
 * Source: the head of pci.ids itself, and pciutils lib/names-parse.c. Returns 0; -ENOMEM, ret untouched.
 */
int pci_names_reduce(const char *text, PciId *ids, size_t n, char **ret) _must_check_;
