/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"
#include "core/level.h"
#include "core/report.h"

static int add_findings(struct json_object *array, const Judgement *j, const FindingList *l)
{
        FOREACH_ARRAY(f, l->items, l->n) {
                const ConfigDevice *section = finding_section(j, f);
                struct json_object *o = json_new_object();
                int r = json_append(array, o);

                if (r >= 0)
                        r = json_add_text(o, "id", f->check);
                if (r >= 0)
                        r = json_add_text(o, "result", result_to_string(f->result));
                if (r >= 0)
                        r = json_add_text(o, "subject", f->subject);
                if (r >= 0)
                        r = json_add_text(o, "device", section ? section->name : NULL);
                if (r >= 0)
                        r = json_add_text(o, "detail", f->detail);
                if (r >= 0)
                        r = json_add_text(o, "cure", f->cure);
                if (r >= 0)
                        r = json_add_text(o, "cure_kind", cure_kind_to_string(f->cure_kind));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* How many findings have each result. */
static int add_counts(struct json_object *o, const FindingList *l)
{
        struct json_object *counts = json_new_object();
        size_t n[_RESULT_MAX] = {};
        int r = json_add(o, "counts", counts);

        FOREACH_ARRAY(f, l->items, l->n)
                n[f->result]++;
        for (size_t i = 0; i < _RESULT_MAX && r >= 0; i++)
                r = json_add(counts, result_to_string((Result) i), json_new_int((int) n[i]));
        return r;
}

/* The names of the devices that the report is restricted to; null: to none. */
static int add_asked(struct json_object *o, const Asked *a)
{
        struct json_object *names;
        int r = 0;

        if (!a)
                return json_add_text(o, "asked", NULL);
        names = json_add_array(o, "asked");
        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < a->n && r >= 0; i++)
                r = json_append_text(names, a->devices[i]->config->name);
        for (size_t i = 0; i < a->n_lost && r >= 0; i++)
                r = json_append_text(names, a->lost[i]->name);
        return r;
}

/* By what it is known; what cannot be seen any more as it was recorded. */
static int add_identity(struct json_object *o, const WantedDevice *d)
{
        static const PciFunction none = {};
        const PciFunction *p = d->function ?: &none;
        int r = json_add_text(o, "serial", p->serial ?: d->recorded.serial);

        if (r >= 0)
                r = json_add_text(o, "nvme_serial", p->nvme_serial ?: d->recorded.nvme_serial);
        return r < 0 ? r : json_add_text(o, "mac", p->mac ?: d->recorded.mac);
}

static int add_devices(struct json_object *array, const Report *report)
{
        const Facts *f = report->judgement->facts;
        const Wanted *w = report->judgement->wanted;

        FOREACH_ARRAY(d, w->devices, w->n_devices) {
                const PciFunction *p = d->function;
                LevelAnswer level = p ? level_compute(f, p, &d->verdict) : (LevelAnswer){};
                struct json_object *o;
                char id[16];
                int r;

                if (!report_shows(report, d))
                        continue;
                o = json_new_object();
                r = json_append(array, o);
                (void) snprintf(id, sizeof(id), "%04x:%04x", d->config->id.vendor, d->config->id.device);
                if (r >= 0)
                        r = json_add_text(o, "name", d->config->name);
                if (r >= 0)
                        r = json_add_text(o, "address", PCI_ADDR_TEXT(d->config->address));
                if (r >= 0)
                        r = json_add_text(o, "id", id);
                if (r >= 0)
                        r = json_add_text(o, "wanted_driver", wanted_driver(d));
                if (r >= 0)
                        r = json_add_text(o, "driver", p ? p->driver : NULL);
                if (r >= 0)
                        r = json_add(o, "claimed", json_new_bool(wanted_device_claimed(d)));
                if (r >= 0)
                        r = json_add_text(o, "path", p ? p->path : NULL);
                if (r >= 0)
                        r = add_identity(o, d);
                if (r >= 0)
                        r = p && p->group != PCI_GROUP_NONE ? json_add(o, "iommu_group", json_new_int(p->group))
                                                            : json_add_text(o, "iommu_group", NULL);
                if (r >= 0)
                        r = json_add_text(o, "level", p ? ready_level_to_string(level.level) : NULL);
                if (r >= 0)
                        r = json_add_text(o, "level_stop", level.stop);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_steps(struct json_object *array, const Plan *plan, size_t n)
{
        for (size_t i = 0; plan && i < n; i++) {
                const Step *s = plan->steps + i;
                struct json_object *o = json_new_object();
                int r = json_append(array, o);

                if (r >= 0)
                        r = json_add_text(o, "kind", step_action(s));
                if (r >= 0)
                        r = json_add_text(o, "path", s->path);
                if (r >= 0)
                        r = json_add_text(o, "kernel", step_release(s));
                if (r >= 0)
                        r = json_add_text(o, "original_of", s->kind == STEP_KEEP_ORIGINAL ? step_subject(s) : NULL);
                if (r >= 0)
                        r = json_add_text(o, "check", s->check);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_undo(struct json_object *array, const Undo *u)
{
        struct json_object *o = json_new_object(), *left;
        int r = json_append(array, o);

        if (r >= 0)
                r = json_add_text(o, "path", u->path);
        if (r >= 0)
                r = json_add_text(o, "result", undo_state_to_string(u->state));
        if (r >= 0)
                r = json_add_text(o, "reason", u->reason);
        if (r >= 0)
                r = json_add_text(o, "old_at", u->old_at);
        if (r < 0)
                return r;
        left = json_add_array(o, "left");
        if (!left)
                return -ENOMEM;
        FOREACH_ARRAY(path, u->left.items, u->left.n) {
                r = json_append_text(left, *path);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What became of each step that had changed anything. */
static int add_roll_back(struct json_object *array, const RollBack *r)
{
        for (size_t i = 0; r && i < r->n; i++) {
                const Undo *u = r->items + i;
                int e = u->state == UNDO_NOTHING && u->left.n == 0 ? 0 : add_undo(array, u);

                if (e < 0)
                        return e;
        }
        return 0;
}

static int add_loaders(struct json_object *array, const Facts *f)
{
        int r = 0;

        for (size_t i = 0; i < f->n_loaders && r >= 0; i++)
                r = json_append_text(array, loader_kind_to_string(f->loaders[i].kind));
        return r;
}

int report_json(Printer *p, const Report *report)
{
        _cleanup_json_ struct json_object *o = NULL;
        const Origin unknown = ORIGIN_UNKNOWN;
        struct json_object *loaders, *findings, *devices, *changes, *planned, *roll_back;
        const Judgement *j = report->judgement;
        int r;

        r = origin_document(report->timeless ? &unknown : &j->facts->origin, "report", REPORT_VERSION,
                            report_reboot_required(report) ? TRISTATE_YES : TRISTATE_NO, &o);
        if (r >= 0)
                r = json_add_text(o, "verdict", report_verdict(report)->name);
        if (r >= 0)
                r = json_add(o, "exit_code", json_new_int(report_exit_status(report)));
        if (r >= 0)
                r = json_add_text(o, "next", report_next(report));
        if (r >= 0)
                r = add_asked(o, report->asked);
        if (r >= 0)
                r = add_counts(o, report->findings);
        if (r >= 0)
                r = json_add_text(o, "kernel", j->facts->release);
        if (r >= 0)
                r = json_add_text(o, "lockdown", j->facts->lockdown);
        if (r < 0)
                return r;
        loaders = json_add_array(o, "boot_loaders");
        findings = json_add_array(o, "findings");
        devices = json_add_array(o, "devices");
        changes = json_add_array(o, "changes");
        planned = json_add_array(o, "planned");
        roll_back = json_add_array(o, "roll_back");
        if (!loaders || !findings || !devices || !changes || !planned || !roll_back)
                return -ENOMEM;
        r = add_loaders(loaders, j->facts);
        if (r >= 0)
                r = add_findings(findings, j, report->findings);
        if (r >= 0)
                r = add_devices(devices, report);
        if (r >= 0)
                r = add_steps(changes, report->plan, report->steps_done);
        if (r >= 0 && report->verb == REPORT_DRY_RUN)
                r = add_steps(planned, report->plan, report->plan->n);
        if (r >= 0)
                r = add_roll_back(roll_back, report->roll_back);
        if (r >= 0)
                r = json_add_text(o, "failure", report->failure);
        if (r < 0)
                return r;
        return json_write(o, p->out);
}
