/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "stub.h"

/*
 * Variants of vfio-pci for one make of device, which know more of it than vfio-pci: mlx5_vfio_pci, for instance, lets a
 * guest migrate with its function. They tell the devices that they are for in modules.alias, under a name of its own,
 * so that no device gets one by itself (Linux scripts/mod/file2alias.c, do_pci_entry(), PCI_ID_F_VFIO_DRIVER_OVERRIDE):
 *
 *     alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci
 *     alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci
 */

/**
 * variant_find() - the variant of vfio-pci that is meant for a device
 * @aliases: text of a kernel's modules.alias. @modalias: of the device, as sysfs has it ("pci:v000015B3d...").
 * @ret: name of the module, "" where there is none but vfio-pci itself.
 *
 * Of the lines that fit, the one with the fewest "*" counts, and of equal ones the first: so libvirt chooses
 * (src/util/virpci.c, virPCIDeviceFindBestVFIOVariant()), and go-nvlib after it.
 * Returns 0; -EINVAL: this is no modalias of a PCI function.
 */
int variant_find(const char *aliases, const char *modalias, char ret[static VARIANT_NAME_MAX]) _must_check_;
