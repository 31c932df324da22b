/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/json.h"
#include "iommu/note.h"
#include "model/ivrs.h"

/* What an IVRS has inside, for people and programs. */

/* Appends what is wrong or unusual, in the order of the rules; damaged structures are left out. 0 or -ENOMEM. */
int ivrs_note(const Ivrs *i, FirmwareNoteList *ret) _must_check_;

/* Between head and tail, see iommu/firmware.h. */
void ivrs_text(FILE *f, const Ivrs *i);
void ivrs_json(JsonPlace p, const Ivrs *i);
