/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/host-walk.h"

/**
 * fabric_use() - the functions by which a controller of NVMe over fabrics is reached
 * @controller: its name, "nvme0"; what stands behind it in a path does not count.
 *
 * TCP and RDMA: the interface that the connection is bound to, else the route to the other end. Fibre Channel: the port
 * that it goes out of, else all ports. Source: drivers/nvme/host/sysfs.c (transport, address), fabrics.c
 * (nvmf_get_address()), tcp.c (SO_BINDTODEVICE).
 * Returns 1; 0: it could not be followed, and nothing was noted; -ENOMEM.
 */
int fabric_use(HostWalk *w, const char *controller, const WalkLink *link) _must_check_;
