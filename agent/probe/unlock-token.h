/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/host-walk.h"

/**
 * unlock_token_use() - the USB controllers with a security key or card reader that opens a volume at boot
 * @complete: all drivers are there that udev loads.
 *
 * Where crypttab or rd.luks.options= has such a volume, each controller with a token of that kind has a use: which of
 * them was enrolled is not to be seen. With none plugged in all of them are unknown. 0 or -ENOMEM.
 */
int unlock_token_use(HostWalk *w, bool complete) _must_check_;
