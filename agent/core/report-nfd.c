/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/level.h"
#include "core/report.h"

/*
 * The report as a feature file of Node Feature Discovery (Kubernetes), for
 * /etc/kubernetes/node-feature-discovery/features.d. Source: its customization guide, local feature source.
 *
 * A host that falls silent must not stay "ready", so the features expire, an hour after the next report of a daily
 * timer is due. What has a colon, or is of one device, is no label but a feature that rules can match. Names of a
 * device's attributes are those of Kubernetes' dynamic resource allocation.
 */
#define EXPIRY_SECONDS (25 * 60 * 60)

static void put_attribute(FILE *out, const WantedDevice *d, const char *name, const char *value)
{
        if (value)
                fprintf(out, "# +no-label\nptprep.device.%s.%s=%s\n", d->config->name, name, value);
}

/* The root bus that a bridge path begins with, or ends with where a function makes a bus of its own. */
static void put_root(FILE *out, const WantedDevice *d, const char *path)
{
        _cleanup_free_ char *root = NULL;
        const char *last = path;

        if (!path)
                return;
        for (const char *s = path; (s = strstr(s, "/pci")); s++)
                last = s + 1;
        root = strndup(last, strcspn(last, "/"));
        put_attribute(out, d, "pcieRoot", root);
}

static void put_device(FILE *out, const Facts *f, const WantedDevice *d)
{
        const PciFunction *p = d->function;
        char group[16];

        put_attribute(out, d, "pciBusID", PCI_ADDR_TEXT(d->config->address));
        put_attribute(out, d, "claimed", wanted_device_claimed(d) ? "true" : "false");
        if (!p)
                return;
        put_attribute(out, d, "level", ready_level_to_string(level_compute(f, p, &d->verdict).level));
        put_root(out, d, p->path);
        put_attribute(out, d, "isVF", p->physfn != PCI_PARENT_NONE ? "true" : "false");
        if (p->group == PCI_GROUP_NONE)
                return;
        (void) snprintf(group, sizeof(group), "%d", p->group);
        put_attribute(out, d, "iommuGroup", group);
}

int report_nfd(Printer *p, const Report *report)
{
        const Judgement *j = report->judgement;
        const Origin *origin = &j->facts->origin;
        const char *verdict = report_verdict(report)->name;
        char expiry[ORIGIN_TIME_MAX];
        FILE *out = p->out;
        size_t n = 0, claimed = 0;

        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices) {
                n += report_shows(report, d);
                claimed += report_shows(report, d) && wanted_device_claimed(d);
        }
        if (origin->time >= 0)
                fprintf(out, "# +expiry-time=%s\n", origin_time_format(origin->time + EXPIRY_SECONDS, expiry));
        fprintf(out,
                "ptprep.ready=%s\nptprep.verdict=%s\nptprep.reboot-required=%s\nptprep.devices=%zu\nptprep.claimed=%"
                "zu\n",
                streq(verdict, "ready") ? "true" : "false", verdict, report_reboot_required(report) ? "true" : "false",
                n, claimed);
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices)
                if (report_shows(report, d))
                        put_device(out, j->facts, d);
        return fflush(out) != 0 || ferror(out) ? negative_errno() : 0;
}
