/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "claim-list.h"
#include "rootwords.h"

/*
 * Gives listed devices to their stub drivers, through sysfs. Needs libc only; what it has to say goes to the reporter.
 *
 * Order of the steps and why driver_override (not new_id): Linux Documentation/ABI/testing/sysfs-bus-pci. The override
 * names one function, so a second card with the same id stays with its own driver.
 */

typedef struct ClaimContext {
        int root_fd; /* directory that sysfs is looked for in */
        ClaimReporter reporter;
        /* Loads a kernel module and waits for it: 0, or negative errno. NULL: nothing is loaded, as in a test tree. */
        int (*load_module)(const char *module);
        /* root_words_print() of the kernel that boots; "": not known, as where this is no boot */
        char root[ROOT_WORDS_MAX + 1];
        bool late; /* the system runs: host drivers are loaded modules as well */
} ClaimContext;

/* Judges and binds every device of the list: state and reason of each say what became of it. */
void claim_bind_all(const ClaimContext *c, ClaimList *l);

/* The same for the device of one line, which has just come. */
void claim_bind_one(const ClaimContext *c, ClaimList *l, Claim *claim);

/* Keeps listed devices that are there and on no driver, and that nobody has set an override for, from every driver but
 * their own. Binds nothing, and takes none from a driver. */
void claim_keep_all(const ClaimContext *c, ClaimList *l);
