/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/* One function in the order in which a tree of bridges is drawn. */
typedef struct FunctionPlace {
        size_t index;   /* in Facts.functions */
        unsigned depth; /* bridges above it, what makes a root bus included */
} FunctionPlace;

/**
 * function_order() - every function, each behind the bridge that leads to it, and before what is beside that bridge
 * @ret: n_functions of them, owned by the caller; those beside each other by address.
 * Linear in their number. Pure. Returns 0 or -ENOMEM.
 */
int function_order(const Facts *f, FunctionPlace **ret) _must_check_;
