/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* The drivers that only hold a device for somebody else. Shared with the claim helper, so it needs nothing but libc. */
typedef enum StubDriver {
        STUB_VFIO_PCI,
        STUB_PCI_STUB,
        _STUB_MAX,
        _STUB_INVALID = -EINVAL,
} StubDriver;

/* As in /sys/bus/pci/drivers. */
const char *stub_driver_to_string(StubDriver d);
StubDriver stub_driver_from_string(const char *s);

/* Does a driver hold a device for a guest: one of these, or a variant of vfio-pci for one make, such as mlx5_vfio_pci?
 * NULL is no driver. */
bool driver_is_guests(const char *driver);

/* What vfio-pci needs besides, where it is no part of the kernel. */
#define TYPE1_MODULE "vfio_iommu_type1"

/* The kernel module of that driver, as kmod names it. */
const char *stub_driver_module(StubDriver d);
