/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

struct json_object;

#define EXPLAIN_VERSION 1 /* of the JSON format: raised when a field changes its meaning or goes away */

/* The documents in conf/checks, one a check, built in: what it means, what it leads to, how to cure it, where the rule
 * comes from. */
typedef struct CheckDocuments {
        char *text;
        size_t size;
} CheckDocuments;

/* All of them, released with check_documents_done(). Returns 0 or -ENOMEM. */
int check_documents_load(CheckDocuments *ret) _must_check_;
void check_documents_done(CheckDocuments *d);

/* That of one check: Markdown, with a final newline; of the documents. NULL: there is no such check. */
const char *check_document(const CheckDocuments *d, const char *id);

/**
 * explain_json() - what checks mean, for programs
 * @id: of one check; NULL: all of them, in the order of the table.
 * @o: gets "checks": [{"id", "title", "meaning", "impact", "cure", "source"}], the last four with a section of the
 * document each: paragraphs on one line, an empty line between them. Returns 0 or -ENOMEM.
 */
int explain_json(const CheckDocuments *d, const char *id, struct json_object *o) _must_check_;
