/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/device-select.h"
#include "core/judgement.h"
#include "model/finding.h"

/* The configured devices that a check is asked about. What is told of others is left out; what is told of the host is
 * of all of them, and what is made of virtual functions belongs to it: who makes them stays with the host. */
typedef struct Asked {
        const WantedDevice **devices; /* of the wanted, in the order in which they were asked for, each once */
        size_t n;
        const ConfigDevice **lost; /* likewise of the sections that mean no device */
        size_t n_lost;
} Asked;

void asked_done(Asked *a);

/**
 * asked_add() - the configured devices that a text means
 * @text: of device_select(). What is configured and not there is found by its section, address, slot or id.
 * @ret: the functions on this machine that it means, for who asks why there is no such device; released with
 * device_selection_done(). Returns how many devices and sections without one were found, also when they were asked for
 * before; -ENOMEM, with ret untouched.
 */
int asked_add(Asked *a, const Judgement *j, const char *text, DeviceSelection *ret) _must_check_;

bool asked_has(const Asked *a, const WantedDevice *d);

/* The device that a finding is about; NULL: it is about the host, or about a section that means none. */
const WantedDevice *finding_device(const Wanted *w, const Finding *f);

/* The section of a device that a finding is about, be there one or not; NULL: it is about the host. */
const ConfigDevice *finding_section(const Judgement *j, const Finding *f);

/* The names of what was asked for, as a report has them: "nic0 (0000:00:04.0)", or of a section without a device its
 * name. @buf: for one of them. NULL: there are no more. */
const char *asked_name(const Asked *a, size_t i, char buf[static WANTED_SUBJECT_MAX]);

/* Copies the findings of these devices and of the host. 0 or -ENOMEM. */
int asked_findings(const Asked *a, const Judgement *j, const FindingList *all, FindingList *ret) _must_check_;
