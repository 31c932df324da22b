/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/report.h"

/* What stays of a run: that a disk is full does not change what was found, so it is only complained about. */

/**
 * store_report() - a report, for this boot and for later, and to the journal
 * @live: of the running system; else only for later.
 */
void store_report(int rfd, bool live, const Report *report);

/* NAME_WAITS_NETWORK, of a boot: the names of the devices that wait, a line each, or no such file. */
void store_waiting(int rfd, const Wanted *wanted);

/*
 * NAME_OTHER_ENTRY, in the first run of a boot and before it changes anything: all is in place for this boot, which has
 * nothing of it. A later run could not tell that from what was put in place since. Its text is what was started.
 */
void store_other_entry(int rfd, const Judgement *judgement);

/* Only the file that says that a reboot is due, which goes away when none is. Nothing where not live. */
void store_reboot_required(int rfd, bool live, const Report *report);
