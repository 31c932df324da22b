/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/block-use.h"

/* What the boot opens encrypted volumes with and from: disks of keys and of detached headers, and volumes that are not
 * open yet (crypttab(5), rd.luks.key= and the like). 0 or -ENOMEM. */
int crypttab_use(BlockUse *u) _must_check_;
