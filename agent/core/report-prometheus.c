/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/escape.h"
#include "core/level.h"
#include "core/report.h"
#include "version.h"

/*
 * The report as metrics, for the textfile collector of Prometheus' node_exporter.
 * Source: Prometheus' exposition formats, text-based format 0.0.4; its practices of naming. The collector wants no
 * timestamps, so the time of the report is a metric, by which a host that has fallen silent is seen.
 */

static void put_head(FILE *out, const char *name, const char *help)
{
        fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* A label's value in its quotes. 0 or -ENOMEM. */
static int put_label(FILE *out, const char *name, const char *value)
{
        _cleanup_free_ char *harmless = NULL;

        if (escape_text(value ?: "", &harmless) < 0)
                return -ENOMEM;
        fprintf(out, "%s=\"", name);
        for (const char *s = harmless; *s; s++)
                fprintf(out, "%s%c", *s == '\\' || *s == '"' ? "\\" : "", *s);
        fputc('"', out);
        return 0;
}

static int put_findings(FILE *out, const FindingList *l)
{
        size_t n[_RESULT_MAX] = {};
        int r = 0;

        FOREACH_ARRAY(f, l->items, l->n)
                n[f->result]++;
        put_head(out, "ptprep_findings", "Findings of the last report by result.");
        for (size_t i = 0; i < _RESULT_MAX; i++)
                fprintf(out, "ptprep_findings{result=\"%s\"} %zu\n", result_to_string((Result) i), n[i]);
        put_head(out, "ptprep_finding", "A finding that is not fine, by its check and what it is about.");
        for (size_t i = 0; i < l->n && r >= 0; i++) {
                const Finding *f = l->items + i;
                bool again = false;

                if (f->result <= RESULT_SKIPPED)
                        continue;
                /* a series may stand once: that of the worst finding of a check about one thing */
                for (size_t k = 0; k < l->n && !again; k++)
                        again = k != i && streq(l->items[k].check, f->check) &&
                                streq_null(l->items[k].subject, f->subject) &&
                                (l->items[k].result > f->result || (l->items[k].result == f->result && k < i));
                if (again)
                        continue;
                fputs("ptprep_finding{", out);
                r = put_label(out, "check", f->check);
                if (r >= 0)
                        r = put_label(out, ",subject", f->subject);
                fprintf(out, ",result=\"%s\",cure=\"%s\"} 1\n", result_to_string(f->result),
                        cure_kind_to_string(f->cure_kind));
        }
        return r;
}

static int put_devices(FILE *out, const Report *report)
{
        const Wanted *w = report->judgement->wanted;

        put_head(out, "ptprep_device_claimed", "Whether a configured device is on its stub driver.");
        FOREACH_ARRAY(d, w->devices, w->n_devices) {
                const PciFunction *p = d->function;
                int r;

                if (!report_shows(report, d))
                        continue;
                fputs("ptprep_device_claimed{", out);
                r = put_label(out, "device", d->config->name);
                if (r >= 0)
                        r = put_label(out, ",address", PCI_ADDR_TEXT(d->config->address));
                if (r >= 0)
                        r = put_label(out, ",driver", p ? p->driver : NULL);
                if (r < 0)
                        return r;
                fprintf(out, "} %d\n", wanted_device_claimed(d));
        }
        return 0;
}

/* Of what is there; a number, so that "at least resettable" can be asked for. */
static int put_levels(FILE *out, const Report *report)
{
        const Wanted *w = report->judgement->wanted;

        put_head(out, "ptprep_device_level",
                 "How far a configured device is ready: 0 none, 1 translated, 2 isolated, 3 resettable, 4 iommufd.");
        FOREACH_ARRAY(d, w->devices, w->n_devices) {
                LevelAnswer a;
                int r;

                if (!d->function || !report_shows(report, d))
                        continue;
                a = level_compute(report->judgement->facts, d->function, &d->verdict);
                fputs("ptprep_device_level{", out);
                r = put_label(out, "device", d->config->name);
                if (r >= 0)
                        r = put_label(out, ",address", PCI_ADDR_TEXT(d->config->address));
                if (r >= 0)
                        r = put_label(out, ",level", ready_level_to_string(a.level));
                if (r < 0)
                        return r;
                fprintf(out, "} %d\n", a.level);
        }
        return 0;
}

int report_prometheus(Printer *p, const Report *report)
{
        const Facts *f = report->judgement->facts;
        FILE *out = p->out;
        int r;

        put_head(out, "ptprep_info", "Version of ptprep, running kernel and verdict of the last report.");
        fputs("ptprep_info{", out);
        r = put_label(out, "version", PTPREP_VERSION);
        if (r >= 0)
                r = put_label(out, ",kernel", f->release);
        fprintf(out, ",verdict=\"%s\"} 1\n", report_verdict(report)->name);
        if (f->origin.time >= 0) {
                put_head(out, "ptprep_report_time_seconds", "When the report was made, in seconds since 1970.");
                fprintf(out, "ptprep_report_time_seconds %lld\n", (long long) f->origin.time);
        }
        put_head(out, "ptprep_ready", "Whether this host is ready for PCI passthrough as it is configured.");
        fprintf(out, "ptprep_ready %d\n", streq(report_verdict(report)->name, "ready"));
        put_head(out, "ptprep_reboot_required", "Whether something is in place for the next boot only.");
        fprintf(out, "ptprep_reboot_required %d\n", report_reboot_required(report));
        if (r >= 0)
                r = put_findings(out, report->findings);
        if (r >= 0)
                r = put_devices(out, report);
        if (r >= 0)
                r = put_levels(out, report);
        if (fflush(out) != 0 || ferror(out))
                return r < 0 ? r : negative_errno();
        return r;
}
