/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>

#include "probe/probe.h"

/* One PCI function, out of its directory in sysfs. */

/* The bus's links to all functions, below /sys. */
#define PCI_BUS_DEVICES "bus/pci/devices"

/* Where a function stands in sysfs. By the path that the bus's link leads to each look at it saves the way there. */
typedef struct PciPlace {
        int sys_fd;            /* /sys below the root */
        int bus_fd;            /* PCI_BUS_DEVICES in it */
        PciAddr addr;          /* whose place this is */
        char target[PATH_MAX]; /* of the bus's link; "": there is a directory in its place, as in a copied tree */
        size_t dir_size;       /* of what stands in front of a name in the path, with its slash */
        char path[PATH_MAX + NAME_MAX]; /* below /sys: the directory, and what was asked for in it last */
} PciPlace;

/* What a function's links lead to, which becomes an index when all functions are known. */
typedef struct PciLinks {
        PciAddr parent, behind, physfn;
        bool has_parent, has_behind, has_physfn;
} PciLinks;

/**
 * pci_function_read() - what the prober asked for has to be known of a function
 * @f: with its address; what is filled in is owned by it, also after a failure. @place: of the function that was read
 * before, or one without a target; becomes this one's.
 * What is there and cannot be read is no failure, see PciFunction.unread. Returns 0; -ENOENT: it went away while it was
 * read (a virtual function, hot unplug); other negative errno.
 */
int pci_function_read(const Probe *p, PciFunction *f, PciLinks *links, PciPlace *place) _must_check_;

/* Can it have virtual functions, switched on or not? (Linux drivers/pci/pci-sysfs.c, sriov_vf_attrs_are_visible()) */
bool pci_function_can_virtual(int sys_fd, PciAddr a);

/* Its IOMMU group alone. @f: with its address. */
void pci_function_read_group(int sys_fd, PciFunction *f);
