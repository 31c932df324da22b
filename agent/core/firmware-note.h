/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/dmar.h"
#include "model/ivrs.h"

/*
 * What in a table is well formed and yet cannot be right, or is unusual enough to be told. A note does not say whether
 * a device can be passed through.
 */
typedef struct FirmwareNote {
        uint32_t offset; /* in the table */
        bool wrong;      /* against the specification, and Linux complains or does without; else only unusual */
        char *text;      /* one sentence */
} FirmwareNote;

typedef struct FirmwareNoteList {
        FirmwareNote *items;
        size_t n;
} FirmwareNoteList;

void firmware_note_list_done(FirmwareNoteList *l);

/* Append the notes of a table, in the order of the rules; damaged structures are left out. 0 or -ENOMEM. */
int firmware_note_dmar(const Dmar *d, FirmwareNoteList *ret) _must_check_;
int firmware_note_ivrs(const Ivrs *i, FirmwareNoteList *ret) _must_check_;

/* The first one that is wrong; NULL: none. @ret_n: how many are wrong. */
const FirmwareNote *firmware_note_first_wrong(const FirmwareNoteList *l, size_t *ret_n);
