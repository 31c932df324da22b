/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* The documents in conf/checks, one a check, built in: what it means, what it leads to, how to cure it, where the rule
 * comes from. */
typedef struct CheckDocument {
        const char *id;
        const char *text; /* Markdown, with a final newline */
} CheckDocument;

/* In the order of their ids. */
extern const CheckDocument check_documents[];
extern const size_t check_documents_n;
