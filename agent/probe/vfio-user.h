/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/array.h"
#include "model/facts.h"

/**
 * vfio_users() - who has this function, or its IOMMU group, open through VFIO
 * @rfd: root directory of the running system. @ret: appended to: "qemu-system-x86 (process 1234)" for each process.
 *
 * A function cannot be taken off vfio-pci while it is open: the kernel would wait for the process (Linux
 * drivers/vfio/vfio_main.c, vfio_unregister_group_dev()). Processes that may not be looked into are not seen: for root.
 * Returns 0; -ENOMEM; other negative errno where processes are not to be seen at all.
 */
int vfio_users(int rfd, const PciFunction *p, StringList *ret) _must_check_;
