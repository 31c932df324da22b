/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/device-select.h"
#include "core/report.h"

/* What ptprep says: documents on standard output, all else on standard error. */

/* "ptprep: ..." and a line feed on standard error. What others wrote is escaped, as in all text for people. */
void tell(const char *format, ...) _printf_(1, 2);

/* "ptprep: WHAT: text of a negative errno" on standard error. Returns EXIT_INTERNAL for a lack of memory, else EXIT_IO.
 */
int complain(const char *what, int error);

/* A printer on standard output, with colours where it is a terminal that shall have them, and as wide as that is. Ended
 * with printer_end(). */
Printer stdout_printer(void);

/* Says on standard error why a selection is none, and what could have been meant. Returns EXIT_USAGE, or another exit
 * code where even that failed. */
int tell_selection(const Facts *f, const DeviceSelection *s, const char *text);

/* A format that cannot be had here. Returns the exit code. */
int tell_not_installed(const char *library, const char *format);

/**
 * print_result() - the exit code of a verb whose document was printed
 * @error: of a writer; what is not a closed pipe is complained about: a reader that has seen enough, such as head(1),
 * is no error. @what: that was done.
 */
int print_result(const char *what, int error);

/* Prints text to standard output, as it is. Returns an exit code. */
int print_text(const char *text) _must_check_;

/* A report as text in a format; owned by the caller. 0 or -ENOMEM. */
int format_report(const Report *report, const char *format, char **ret) _must_check_;

/* @format: a name in the table of formats. Returns the report's exit code; another one when it could not be printed. */
int print_report(const Report *report, const char *format);

/**
 * print_plan() - the plan of a dry run: as text diffs and commands, and behind it what stands in its way
 * @n_checked: how many findings are of checks; those of the planner follow, and are all told.
 * Returns the exit code.
 */
int print_plan(const Report *report, const char *format, size_t n_checked);
