/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/config-load.h"

/* Sections with vfs. Both fill @ret_error where they return -EBADMSG. */

/* Keys that say nothing together, or nothing alone. 0; -EBADMSG; -ENOMEM. */
int config_check_vfs(const ConfigDevice *d, ConfigError *ret_error) _must_check_;

/* Devices that make virtual functions are not claimed, and stand apart. 0; -EBADMSG: two of those would have the same
 * address; -ENOMEM. */
int config_split_makers(Config *c, ConfigError *ret_error) _must_check_;
