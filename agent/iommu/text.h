/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/acpi.h"

/* What the texts of all tables have in common. */

/* Where a line of a structure's details begins, below the name of its type. */
#define TEXT_INDENT "                   "

typedef struct TextFlag {
        uint32_t bit;
        const char *name, *text; /* text: NULL: the name says it */
} TextFlag;

/* A size that is a whole number of the largest unit that divides it, as firmware's regions are: "64 MiB". */
void text_bytes(FILE *f, uint64_t n);

/* The flags of a table, a line each. */
void text_flags(FILE *f, uint32_t flags, const TextFlag *texts, size_t n);

/* The flags of a structure, on one line. */
void text_flag_names(FILE *f, const char *what, uint32_t flags, const TextFlag *texts, size_t n);
