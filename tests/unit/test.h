/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* cmocka wants these before it, in this order */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macro.h"
