/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/config.h"

/* Does the section say what its device is, and not only where it would be? */
bool config_identifies(const ConfigDevice *d);

/**
 * config_resolve() - which functions are meant by sections that do not say both address and id
 * @rfd: root directory, not closed here; negative: there is none, and no function is to be seen. @c: with all sections
 * in Config.devices. Each gets address and id, sections with match become one for each function, and those of which
 * nobody can tell go to Config.lost. Nothing is read where all say both and none is to be followed.
 * Returns 0 or -ENOMEM.
 */
int config_resolve(int rfd, Config *c) _must_check_;
