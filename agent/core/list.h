/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/printer.h"
#include "core/verdict.h"

/* Every PCI function of this machine with its verdict, for people and for programs. */

#define LIST_VERSION 2 /* of the JSON format: raised when a field changes its meaning or goes away */

/**
 * list_text() - one line a function, and one for each thing that stands in its way
 * @tree: below the bridges that lead to it, indented; else sorted by address.
 * Returns 0; -ENOMEM; negative errno of the stream.
 */
int list_text(Printer *p, const Facts *f, const VerdictContext *c, bool tree) _must_check_;

/**
 * list_json() - the same as one JSON object, with one function a line
 * Each function is written before the next one is judged: machines with thousands of them need no more memory.
 * Returns 0; -ENOMEM; negative errno of the stream.
 */
int list_json(Printer *p, const Facts *f, const VerdictContext *c) _must_check_;
