/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pciaddr.h"
#include "stub.h"

/* What others than ptprep have told modprobe about the stub drivers. */

typedef enum StubSettingKind {
        STUB_SETTING_IDS,     /* options MODULE ids=VALUE */
        STUB_SETTING_INSTALL, /* install MODULE VALUE: a command that runs in place of loading it */
} StubSettingKind;

typedef struct StubSetting {
        StubSettingKind kind;
        StubDriver driver;
        char *place; /* "/etc/modprobe.d/vfio.conf:3" */
        char *value;
} StubSetting;

void stub_settings_free(StubSetting *list, size_t n); /* all of an array, and the array */

/* The driver whose module this is, with "-" or "_" as modprobe takes it; _STUB_INVALID: none. */
StubDriver stub_driver_of_module(const char *name);

/*
 * A member of ids=: what a driver takes besides the functions that it is given by name. Kernel: pci-stub.c in
 * drivers/pci and vfio_pci_fill_ids() in drivers/vfio/pci/vfio_pci.c,
 * "vendor:device[:subvendor[:subdevice[:class[:class_mask]]]]" in hexadecimal digits; pci_match_one_device() in
 * drivers/pci/pci.h. UINT32_MAX is any.
 */
typedef struct StubId {
        uint32_t vendor, device, subvendor, subdevice, class, class_mask;
} StubId;

/**
 * stub_id_next() - the members of the value of ids=
 * @p: the value first, moved behind the member. Members that the kernel passes over, which have fewer than two fields,
 * are passed over. Returns false: there is no more.
 */
bool stub_id_next(const char **p, StubId *ret);

/* @has_subsystem: the function has @subsystem; bridges have none, which the kernel takes for 0. */
bool stub_id_matches(const StubId *s, PciId id, bool has_subsystem, PciId subsystem, uint32_t class);
