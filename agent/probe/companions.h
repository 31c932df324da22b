/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"
#include "model/config.h"

/**
 * companions_add() - who is claimed together with the devices that have group = companions
 * @rfd: root directory of the machine. @c: as it was loaded; gets a device for each other member of their IOMMU groups
 * that is not configured itself, but for bridges and what is part of the platform, as long as a claim list has room.
 *
 * They have the driver of the device with which they go and none of its overrides: what guards them guards the group.
 * Nothing is added where groups are not to be seen, which they are once the IOMMU is on; the check of the group says
 * what it lacks. Returns 0 or -ENOMEM.
 */
int companions_add(int rfd, Config *c) _must_check_;
