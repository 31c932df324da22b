/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* The words that people have for classes of PCI functions: "gpu", "nic", "nvme". */
typedef struct DeviceKind DeviceKind;

/* @name: in any case. NULL: no such word. */
const DeviceKind *device_kind_by_name(const char *name);

/* The word at this index, as it is in the table; NULL behind the last. */
const char *device_kind_name(size_t i);

/* Is a function of this class, of 24 bits, of that kind? */
bool device_kind_has(const DeviceKind *k, uint32_t class);

/* The first of the words that a function's class has, such as "gpu"; NULL: it has none. */
const char *device_kind_of(uint32_t class);
