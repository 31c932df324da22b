/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include <stdarg.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/plan-text.h"
#include "pager.h"
#include "verb.h"

void tell(const char *format, ...)
{
        Printer p = { .out = stderr, .terminal = true };
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        string_vprintf(&text, format, ap);
        va_end(ap);
        printer_line(&p, "ptprep: %s", text ?: strerror(ENOMEM));
        (void) !printer_end(&p); /* there is no other place to tell it */
}

int complain(const char *what, int error)
{
        tell("%s: %s", what, strerror(-error));
        return error == -ENOMEM ? EXIT_INTERNAL : EXIT_IO;
}

static bool want_color(void)
{
        const char *term = getenv("TERM"), *no = getenv("NO_COLOR"); /* no-color.org: any value but the empty one */
        const char *colors = getenv("SYSTEMD_COLORS"); /* of systemd's tools: a truth value, or how many */
        bool wanted;

        if (!pager_on_terminal())
                return false;
        if (colors && parse_boolean(colors, &wanted) >= 0)
                return wanted;
        return !(no && *no) && term && !streq(term, "dumb");
}

/* As programs on terminals do it: COLUMNS is a wish, then what the terminal says, then what it had in 1978. */
static unsigned terminal_columns(void)
{
        const char *wish = getenv("COLUMNS");
        uint32_t n;

        if (wish && parse_u32(wish, 10, &n) >= 0 && n > 0 && n <= UINT16_MAX)
                return n;
        return pager_columns() ?: 80;
}

Printer stdout_printer(void)
{
        bool terminal = pager_on_terminal();

        return (Printer){
                .out = stdout,
                .color = want_color(),
                .terminal = terminal,
                .width = terminal ? terminal_columns() : 0, /* a pipe gets whole lines */
        };
}

int tell_selection(const Facts *f, const DeviceSelection *s, const char *text)
{
        _cleanup_(string_list_done) StringList lines = {};
        int r = device_selection_refusal(f, s, text, &lines);

        if (r < 0)
                return complain("looking for the device", r);
        FOREACH_ARRAY(line, lines.items, lines.n)
                tell("%s", *line);
        return EXIT_USAGE;
}

int tell_not_installed(const char *library, const char *format)
{
        tell("%s is not installed, and %s is written through it; install it, or take another format", library, format);
        return EXIT_UNAVAILABLE;
}

int print_result(const char *what, int error)
{
        if (error == -ENOPKG)
                return tell_not_installed("libxml2", "HTML");
        return error < 0 && error != -EPIPE ? complain(what, error) : EXIT_READY;
}

int print_text(const char *text)
{
        return print_result("writing", fputs(text, stdout) < 0 || fflush(stdout) != 0 ? negative_errno() : 0);
}

int format_report(const Report *report, const char *format, char **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        Printer p = { .out = open_memstream(&text, &size) };
        int r = p.out ? report_format(format)->print(&p, report) : -ENOMEM;

        if (!p.out)
                return r;
        if (fclose(p.out) != 0)
                r = -ENOMEM;
        if (r >= 0)
                *ret = TAKE_PTR(text);
        return r;
}

int print_report(const Report *report, const char *format)
{
        Printer p = stdout_printer();
        int code = report_exit_status(report);
        int written = print_result("writing the report", report_format(format)->print(&p, report));

        return written == EXIT_READY || code == EXIT_ROLLED_BACK ? code : written;
}

int print_plan(const Report *report, const char *format, size_t n_checked)
{
        const FindingList *findings = report->findings;
        Printer p = stdout_printer();
        bool blocked = finding_worst(findings) == RESULT_BLOCKED, empty = report->plan->n == 0;
        int written;

        if (!streq(format, FORMAT_TEXT))
                return print_report(report, format);
        written = print_result("writing the plan", plan_text(&p, report->plan));
        FOREACH_ARRAY(f, findings->items, findings->n) {
                bool reason = f->result == RESULT_BLOCKED || (empty && !blocked && f->result == RESULT_UNKNOWN);

                if (!reason && f < findings->items + n_checked)
                        continue;
                tell("%s: %s: %s%s%s", result_to_string(f->result), f->check, f->subject ?: "", f->subject ? ": " : "",
                     f->detail);
                if (f->cure)
                        tell("  -> %s", f->cure);
        }
        if (empty)
                tell("nothing %s", blocked ? "would be changed" : "to change");
        return written == EXIT_READY ? report_exit_status(report) : written;
}
