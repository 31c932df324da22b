/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "claim-bind.h"

/* The modules of the drivers that devices are claimed for. */

/* What has been asked for, each once in a run: one that does not load may take long to say so. Starts as {}. */
typedef struct ClaimLoads {
        struct {
                const char *module;                 /* as the list has it, or a literal */
                int result;                         /* of ClaimContext.load_module() */
        } tried[CLAIM_DEVICES_MAX + _STUB_MAX + 1]; /* a variant for each device, the stub drivers, the backend */
        size_t n_tried;
} ClaimLoads;

/* Has it loaded, with what VFIO needs besides, where it is not there yet. 0: the driver can bind; negative errno. */
int claim_load_stub(const ClaimContext *x, ClaimLoads *loads, StubDriver d) _must_check_;

/**
 * claim_variant_driver() - the name of the driver that a module has
 * @ret: as in /sys/bus/pci/drivers. It need not be that of the module (Linux drivers/base/module.c,
 * module_add_driver()). Returns whether it is loaded and has one.
 */
bool claim_variant_driver(const ClaimContext *x, const char *module, char ret[static VARIANT_NAME_MAX]);

/* As claim_load_stub(), of a variant of vfio-pci. @ret: as above. */
int claim_load_variant(const ClaimContext *x, ClaimLoads *loads, const char *module,
                       char ret[static VARIANT_NAME_MAX]) _must_check_;
