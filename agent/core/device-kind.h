/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/* The words that people have for classes of PCI functions: "gpu", "nic", "nvme". */
typedef struct DeviceKind DeviceKind;

/* @name: in any case. NULL: no such word. */
const DeviceKind *device_kind_by_name(const char *name);

/* The word at this index, as it is in the table; NULL behind the last. */
const char *device_kind_name(size_t i);

/* Is the function of that kind? */
bool device_kind_has(const DeviceKind *k, const PciFunction *p);

/* The first of the words that a function's class has, such as "gpu"; NULL: it has none. */
const char *device_kind_of(const PciFunction *p);
