/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/json.h"

/* The JSON documents of verbs that look at little else than where they run. */

/**
 * document_begin() - the members that each of them begins with, see origin_document()
 * @rfd: of run_open_root(), as @live. @kind, @version: of origin_document().
 * @ret: released with json_put(). Returns 0 or -ENOMEM.
 */
int document_begin(int rfd, bool live, const char *kind, int version, struct json_object **ret) _must_check_;

/* Prints one to standard output. Returns an exit code. */
int document_print(struct json_object *o) _must_check_;
