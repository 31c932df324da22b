/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/block-use.h"

/* What is in use though nothing of it need be mounted: imported pools of ZFS, assembled arrays, open containers, active
 * volumes, all that was not followed before. 0 or -ENOMEM. */
int open_use(BlockUse *u) _must_check_;
