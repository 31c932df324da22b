/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

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

/* Appends a note. 0 or -ENOMEM. */
int firmware_note_add(FirmwareNoteList *l, uint32_t offset, bool wrong, const char *format, ...)
        _printf_(4, 5) _must_check_;

/* The first one that is wrong; NULL: none. @ret_n: how many are wrong. */
const FirmwareNote *firmware_note_first_wrong(const FirmwareNoteList *l, size_t *ret_n);
