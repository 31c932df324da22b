/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/*
 * How Linux puts functions into IOMMU groups (drivers/iommu/iommu.c, pci_device_group()), told from capabilities. Where
 * it may know better of a make (drivers/pci/quirks.c), nothing is told.
 */

/**
 * isolation_separates() - does a bridge keep all that is behind it apart?
 * @later: once Linux has switched on what the bridge is able to, as it does with the IOMMU; else as it is now.
 */
bool isolation_separates(const PciIsolation *i, bool later);

/* Is it a port of PCI Express towards what is behind it, and no bridge to or from conventional PCI? */
bool isolation_is_port(const PciIsolation *i);

/**
 * isolation_expect() - the groups there will be once an IOMMU is on
 * @ret: n_functions indices: two functions with the same one share a group; PCI_PARENT_NONE: what is known does not
 * tell.
 */
void isolation_expect(const Facts *f, size_t *ret);
