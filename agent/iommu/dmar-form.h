/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/json.h"
#include "iommu/note.h"
#include "model/dmar.h"

/* What a DMAR has inside, for people and programs. */

/* Appends what is wrong or unusual, in the order of the rules; damaged structures are left out. 0 or -ENOMEM. */
int dmar_note(const Dmar *d, FirmwareNoteList *ret) _must_check_;

/* Between head and tail, see iommu/firmware.h. */
void dmar_text(FILE *f, const Dmar *d);
void dmar_json(JsonPlace p, const Dmar *d);
