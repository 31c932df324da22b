/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/judgement.h"
#include "model/finding.h"
#include "model/plan.h"

/* What a run has come to. */
typedef struct Report {
        const Judgement *judgement;
        const FindingList *findings;
        const Plan *plan; /* NULL: none was made (--check) */
        size_t steps_done;
        const char *failure; /* why an operation failed part-way; NULL: it did not */
        int exit_code;
        bool revert;         /* of "ptprep revert": all that was changed is taken back */
        size_t n_configured; /* of a revert: devices that the configuration still names */
} Report;

#define REPORT_VERSION 1 /* of the JSON format: raised when a field changes its meaning or goes away */

/* "ready", "not-ready", "blocked", "rolled-back"; of a revert "reverted", "nothing-to-revert", "blocked",
 * "rolled-back". */
const char *report_verdict(const Report *r);

/* @color: ANSI colours. Deterministic: no clock, no host name. 0 or negative errno of the stream. */
int report_text(FILE *out, const Report *r, bool color) _must_check_;

/* The whole report as JSON text with a final newline; owned by the caller. 0 or -ENOMEM. */
int report_json(const Report *r, char **ret) _must_check_;

/* The steps of a plan for people: unified diffs and the commands that would run. 0 or negative errno. */
int report_dry_run(FILE *out, const Plan *p) _must_check_;
