/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include "apply/apply.h"
#include "apply/notify.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "core/next-boot.h"
#include "model/names.h"
#include "output.h"
#include "verb.h"

/* What the reboot is for: a line for each finding that waits for it. NULL when memory is short. */
static char *reasons_text(const Report *report)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        Printer p = { .out = open_memstream(&text, &size) };
        int r;

        if (!p.out)
                return NULL;
        FOREACH_ARRAY(f, report->findings->items, report->findings->n)
                if (f->result == RESULT_FAIL && f->cure_kind == CURE_REBOOT)
                        printer_line(&p, "%s: %s%s%s", f->check, f->subject ?: "", f->subject ? ": " : "", f->detail);
        if (report->verb == REPORT_REVERT)
                printer_line(&p, "ptprep revert has taken back what this boot was started with");
        r = printer_end(&p);
        return fclose(p.out) == 0 && r >= 0 ? TAKE_PTR(text) : NULL;
}

void store_reboot_required(int rfd, bool live, const Report *report)
{
        _cleanup_free_ char *text = NULL;
        int r = 0;

        if (!live) /* /run of an image is not this boot's */
                return;
        if (!config_asks(report->judgement->config) &&
            report->steps_done == 0) /* what was taken back before still waits */
                return;
        if (report_reboot_required(report)) {
                text = reasons_text(report);
                r = text ? 0 : -ENOMEM;
        }
        if (r >= 0)
                r = apply_report(rfd, NAME_RUN_DIR, NAME_REBOOT_REQUIRED, text);
        if (r < 0)
                (void) complain(NAME_RUN_DIR "/" NAME_REBOOT_REQUIRED, r);
}

void store_waiting(int rfd, const Wanted *wanted)
{
        _cleanup_free_ char *text = NULL;
        int r = 0;

        FOREACH_ARRAY(d, wanted->devices, wanted->n_devices) {
                _cleanup_free_ char *before = TAKE_PTR(text);

                if (d->state != DEVICE_WAITING)
                        text = TAKE_PTR(before);
                else if (r >= 0)
                        r = string_printf(&text, "%s%s\n", before ?: "", d->config->name);
        }
        if (r >= 0)
                r = apply_report(rfd, NAME_RUN_DIR, strrchr(NAME_WAITS_NETWORK, '/') + 1, text);
        if (r < 0)
                (void) complain(NAME_WAITS_NETWORK, r);
}

void store_other_entry(int rfd, const Judgement *judgement)
{
        _cleanup_free_ char *started = NULL, *text = NULL;
        struct stat st;
        int r;

        if (root_stat(rfd, NAME_RUN_DIR "/" NAME_REPORT_JSON, &st) >= 0 || !next_boot_prepared(judgement) ||
            !boot_unclaimed(judgement))
                return;
        started = kargs_print(&judgement->facts->cmdline);
        r = started ? string_printf(&text, "%s\n", started) : -ENOMEM;
        if (r >= 0)
                r = apply_report(rfd, NAME_RUN_DIR, strrchr(NAME_OTHER_ENTRY, '/') + 1, text);
        if (r < 0)
                (void) complain(NAME_OTHER_ENTRY, r);
}

/* What the last report said is in the journal already, and would be there anew at each boot. */
static void tell_journal(const Report *report, const char *last)
{
        _cleanup_(finding_list_done) FindingList news = {};
        _cleanup_free_ char *headline = NULL;
        int r = report_news(last, report->findings, &news);

        if (r >= 0)
                r = report_headline(report, &headline);
        if (r >= 0)
                r = notify_findings(&news, report_verdict(report)->name, headline);
        if (r < 0)
                (void) complain("writing to the journal", r);
        if (headline)
                notify_status(headline);
}

void store_report(int rfd, bool live, const Report *report)
{
        _cleanup_free_ char *last = NULL;
        static const struct {
                const char *format, *name;
        } files[] = { { FORMAT_JSON, NAME_REPORT_JSON }, { FORMAT_TEXT, NAME_REPORT_TEXT } };
        const char *const directories[] = { NAME_STATE_DIR, NAME_RUN_DIR };
        Report kept = *report;
        bool trusted = !report->judgement->facts->state_refusal; /* else who knows where a file would go */

        if (live && trusted && root_read_text(rfd, NAME_STATE_DIR "/" NAME_REPORT_TEXT, &last) == -ENOMEM)
                last = NULL; /* then everything is news */
        FOREACH_ARRAY(file, files, ELEMENTSOF(files)) {
                /* without its library there is none, and not that of a boot before */
                bool none = streq(file->format, FORMAT_JSON) && json_load() < 0;
                int r = 0;

                /* /run of an image is not this boot's */
                for (size_t k = trusted ? 0 : 1; k < (live ? 2U : 1U) && r >= 0; k++) {
                        _cleanup_free_ char *text = NULL;

                        /* that of the last boot is written when it says something else, and not at each boot */
                        kept.timeless = k == 0;
                        r = none ? 0 : format_report(&kept, file->format, &text);
                        if (r >= 0)
                                r = apply_report(rfd, directories[k], file->name, text);
                }
                if (r < 0)
                        (void) complain("storing the report", r);
                else if (none)
                        tell("%s is not stored: libjson-c is not installed, and JSON is written through it",
                             file->name);
        }
        store_reboot_required(rfd, live, report);
        if (live)
                tell_journal(report, last);
}
