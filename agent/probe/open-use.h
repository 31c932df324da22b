/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/block-use.h"

/* What is in use though nothing of it need be mounted: imported pools of ZFS, assembled arrays, open containers, active
 * volumes, all that was not followed before. 0 or -ENOMEM. */
int open_use(BlockUse *u) _must_check_;

/* What has a mounted file system or its journal on it, wherever that is mounted, and was not followed before. 0 or
 * -ENOMEM. */
int open_use_superblocks(BlockUse *u) _must_check_;
