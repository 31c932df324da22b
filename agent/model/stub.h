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

/* Is it a variant of vfio-pci for one make, whatever its name? What the kernel has of them ends in "vfio_pci" or
 * "vfio-pci" (Linux drivers/vfio/pci). NULL is no driver. */
bool driver_is_variant(const char *driver);

/* Does this driver do for a device that is to be on @d? A variant of vfio-pci does where that is wanted. */
bool stub_driver_holds(StubDriver d, const char *driver);

/* Bytes of a module's name, with its end (Linux include/linux/module.h, MODULE_NAME_LEN). */
#define VARIANT_NAME_MAX 56
#define VARIANT_CHARS    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* The driver of a variant by the name of its module; most have one name for both. What it really is shows when the
 * module is loaded, in /sys/module/MODULE/drivers. */
const char *variant_driver(const char *module);

/* Is this the driver of that variant? '-' and '_' are equal, as in names of modules. NULL is no driver. */
bool variant_is_driver(const char *module, const char *driver);

/* What vfio-pci needs besides, where it is no part of the kernel. */
#define TYPE1_MODULE "vfio_iommu_type1"

/* The kernel module of that driver, as kmod names it. */
const char *stub_driver_module(StubDriver d);
