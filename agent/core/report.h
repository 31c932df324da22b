/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/printer.h"
#include "core/asked.h"
#include "model/exit-status.h"
#include "model/finding.h"
#include "model/plan.h"
#include "model/rollback.h"

typedef enum ReportVerb {
        REPORT_CHECK,
        REPORT_DRY_RUN,
        REPORT_APPLY,
        REPORT_REVERT,
} ReportVerb;

/* What a run has come to. */
typedef struct Report {
        ReportVerb verb;
        const Judgement *judgement;
        const FindingList *findings;
        const Asked *asked; /* the findings are of these devices and of the host; NULL: of all */
        const Plan *plan;   /* NULL: none was made */
        size_t steps_done;
        const char *failure;       /* why an operation failed part-way; NULL: it did not */
        const RollBack *roll_back; /* then what became of what had been done; NULL: nothing had */
        bool bad_config;           /* what is asked for is not known */
        bool timeless;             /* without what differs from run to run: host, boot and time */
        size_t n_configured;       /* of a revert: devices that the configuration still names */
        bool verbose;              /* a terminal is shown what is fine as well, and in the order of the checks */
} Report;

#define REPORT_VERSION 2 /* of the JSON format: raised when a field changes its meaning or goes away */

/* The state of the machine, or what a revert has come to, in one word and in one sentence. */
typedef struct ReportVerdict {
        const char *name; /* "ready", "nothing-configured", "reboot-due", "not-ready", "unknown", "blocked",
                             "bad-configuration", "rolled-back", "damaged"; of a revert "reverted",
                             "nothing-to-revert", "not-ready", "blocked", "rolled-back", "damaged" */
        const char *headline, *color;
} ReportVerdict;

const ReportVerdict *report_verdict(const Report *r);

/*
 * The exit status of the verb. A check tells the state of the machine; an apply whether what was asked for is in place
 * for the next boot, so that "ptprep --apply && reboot" does what it says.
 */
int report_exit_status(const Report *r);

/* Would a reboot make something true that is in place for the next boot only? */
bool report_reboot_required(const Report *r);

/* Was anything changed but ptprep's own state? */
bool report_changed_something(const Report *r);

/* The one thing to do next, one line; NULL: nothing. */
const char *report_next(const Report *r);

/**
 * report_headline() - the verdict, why an operation failed and what to do next, in one line
 * What a program said over several lines has blanks in their place. @ret: owned by the caller. 0; -ENOMEM, ret
 * untouched.
 */
int report_headline(const Report *r, char **ret) _must_check_;

/* Is it told what there is of this device? */
static inline bool report_shows(const Report *r, const WantedDevice *d)
{
        return !r->asked || asked_has(r->asked, d);
}

/* How many findings need something, or cannot be told. */
size_t report_count_needy(const Report *r);

/* A new format of the report is a row of the table and a file report-*.c. */
typedef struct ReportFormat {
        const char *name;                          /* of --format=NAME */
        int (*print)(Printer *p, const Report *r); /* 0; -ENOMEM; negative errno of the stream; -ENOPKG: needs a
 library that is not installed */
        bool functions;                            /* it shows every PCI function: all about them is to be gathered */
} ReportFormat;

extern const ReportFormat report_formats[];
extern const size_t report_formats_n;

/* NULL: there is no such format. */
const ReportFormat *report_format(const char *name);

/**
 * report_news() - what the last report did not say in the same words
 * @old_text: as report_text() printed it, without colours; NULL: there was none.
 * @ret: begun by the caller; those findings that are not fine are appended. Returns 0 or -ENOMEM.
 */
int report_news(const char *old_text, const FindingList *findings, FindingList *ret) _must_check_;

/* Rows of the table. */
int report_text(Printer *p, const Report *r) _must_check_;
int report_json(Printer *p, const Report *r) _must_check_;
int report_nfd(Printer *p, const Report *r) _must_check_;
int report_prometheus(Printer *p, const Report *r) _must_check_;
int report_html(Printer *p, const Report *r) _must_check_;
