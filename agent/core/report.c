/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/report.h"

#include "base/json.h"
#include "core/next-boot.h"
#include "core/render.h"
#include "model/names.h"
#include "version.h"

typedef struct Headline {
        const char *name, *headline, *color;
} Headline;

static const Headline verdicts[] = {
        [EXIT_READY] = { "ready", "READY", "\033[1;32m" },
        [EXIT_NOT_READY] = { "not-ready", "NOT READY: ptprep or a reboot can cure it", "\033[1;33m" },
        [EXIT_BLOCKED] = { "blocked", "BLOCKED: a person has to act", "\033[1;31m" },
        [EXIT_ROLLED_BACK] = { "rolled-back", "FAILED: a change failed and everything was put back", "\033[1;31m" },
};

static const Headline revert_verdicts[] = {
        [EXIT_READY] = { "reverted", "REVERTED: nothing of ptprep's is left", "\033[1;32m" },
        [EXIT_NOT_READY] = { "not-ready", "REVERTED IN PART: the rest could not be looked at", "\033[1;33m" },
        [EXIT_BLOCKED] = { "blocked", "REVERTED IN PART: a person has to look at the rest", "\033[1;31m" },
        [EXIT_ROLLED_BACK] = { "rolled-back", "FAILED: a change failed and everything was put back", "\033[1;31m" },
};

/* Both without a single step. */
static const Headline nothing_to_revert = { "nothing-to-revert", "NOTHING TO REVERT: nothing of ptprep's is here",
                                            "\033[1;32m" };
static const Headline revert_refused = { "blocked", "NOT REVERTED: a person has to act, nothing was changed",
                                         "\033[1;31m" };

static const char *const result_color[_RESULT_MAX] = {
        [RESULT_OK] = "\033[32m",        [RESULT_SKIPPED] = "\033[2m", [RESULT_WARN] = "\033[33m",
        [RESULT_UNKNOWN] = "\033[1;33m", [RESULT_FAIL] = "\033[1;33m", [RESULT_BLOCKED] = "\033[1;31m",
};

#define COLOR_OFF "\033[0m"

static const Headline *verdict_of(const Report *r)
{
        if (!r->revert)
                return verdicts + r->exit_code;
        if (r->steps_done == 0 && r->exit_code == EXIT_READY)
                return &nothing_to_revert;
        if (r->steps_done == 0 && r->exit_code != EXIT_ROLLED_BACK)
                return &revert_refused;
        return revert_verdicts + r->exit_code;
}

const char *report_verdict(const Report *r)
{
        return verdict_of(r)->name;
}

static void print_finding(FILE *out, const Finding *f, bool color)
{
        fprintf(out, "  %s%-7s%s  %-16s  ", color ? result_color[f->result] : "", result_to_string(f->result),
                color ? COLOR_OFF : "", f->check);
        if (f->subject)
                fprintf(out, "%s: ", f->subject);
        fprintf(out, "%s\n", f->detail);
        if (f->cure)
                fprintf(out, "%29s-> %s\n", "", f->cure);
}

static void print_step(FILE *out, const Step *s)
{
        switch (s->kind) {
        case STEP_REBUILD_IMAGE:
                fprintf(out, "  rebuild-image  %s for kernel %s\n", s->path, s->image.release);
                break;
        case STEP_COMMAND:
                fprintf(out, "  %-14s", step_kind_to_string(s->kind));
                FOREACH_ARRAY(a, s->command.argv.items, s->command.argv.n)
                        fprintf(out, " %s", *a);
                fputc('\n', out);
                break;
        default:
                fprintf(out, "  %-14s %s\n", step_action(s), s->path);
        }
}

static const char *next_of_revert(const Report *r)
{
        if (r->exit_code == EXIT_ROLLED_BACK)
                return "cure what failed, then run \"ptprep revert\" again; the host boots as before";
        if (r->n_configured > 0)
                return "set [agent] enabled = no in " NAME_CONFIG_FILE
                       " or disable ptprep.service, else the next boot applies the configuration again; then reboot";
        return r->steps_done > 0 ? "reboot" : NULL;
}

/* The one thing to do next, from the cures that stand above. */
static const char *next_action(const Report *r)
{
        const Judgement *j = r->judgement;

        if (r->revert)
                return next_of_revert(r);

        switch (r->exit_code) {
        case EXIT_READY:
                return j->config->n_devices == 0 ? NULL
                                                 : "start the guest: every configured device is on its stub driver";
        case EXIT_BLOCKED:
                return "do what the lines marked \"blocked\" say, then run \"ptprep --check\" again; nothing was "
                       "changed";
        case EXIT_ROLLED_BACK:
                return "cure what failed, then run \"ptprep --apply\" again; the host boots as before";
        default:
                if (j->config->n_devices == 0)
                        return "configure a device in " NAME_CONFIG_FILE
                               " (see ptprep.conf(5)), then run \"ptprep --apply\"";
                if (!j->config->enabled)
                        return "changes are switched off: set [agent] enabled = yes in " NAME_CONFIG_FILE;
                if (next_boot_prepared(j))
                        return "reboot";
                if (next_boot_unknown(j) && j->facts->is_root)
                        return "all is done but what the lines marked \"unknown\" tell of: do what they say, then "
                               "reboot";
                return "run \"ptprep --apply\" as root, then reboot";
        }
}

int report_text(FILE *out, const Report *r, bool color)
{
        const Facts *f = r->judgement->facts;
        const char *next = next_action(r);

        fprintf(out, "ptprep: %s%s%s\n", color ? verdict_of(r)->color : "", verdict_of(r)->headline,
                color ? COLOR_OFF : "");
        fprintf(out, "kernel %s, ", f->release ?: "unknown");
        if (f->pci == TRISTATE_UNKNOWN)
                fputs("PCI functions unknown", out);
        else
                fprintf(out, "%zu PCI functions", f->n_functions);
        fprintf(out, ", lockdown %s, boot loader%s", f->lockdown ?: "unknown", f->n_loaders == 0 ? " none" : "");
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                fprintf(out, "%s %s", l == f->loaders ? "" : ",", loader_kind_to_string(l->kind));
        fputs(r->findings->n > 0 ? "\n\n" : "\n", out);
        FOREACH_ARRAY(i, r->findings->items, r->findings->n)
                print_finding(out, i, color);
        if (r->plan && r->plan->n > 0 && r->steps_done > 0) {
                fputs("\nchanged:\n", out);
                FOREACH_ARRAY(s, r->plan->steps, r->steps_done)
                        print_step(out, s);
        }
        if (r->failure)
                fprintf(out, "\nfailed: %s\n", r->failure);
        if (next)
                fprintf(out, "\nnext: %s\n", next);
        return fflush(out) != 0 || ferror(out) ? negative_errno() : 0;
}

static int add_findings(struct json_object *array, const FindingList *l)
{
        FOREACH_ARRAY(f, l->items, l->n) {
                struct json_object *o = json_object_new_object();
                int r = json_append(array, o);

                if (r >= 0)
                        r = json_add_text(o, "id", f->check);
                if (r >= 0)
                        r = json_add_text(o, "result", result_to_string(f->result));
                if (r >= 0)
                        r = json_add_text(o, "subject", f->subject);
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

static int add_devices(struct json_object *array, const Wanted *w)
{
        FOREACH_ARRAY(d, w->devices, w->n_devices) {
                struct json_object *o = json_object_new_object();
                const PciFunction *p = d->function;
                char id[16];
                int r = json_append(array, o);

                (void) snprintf(id, sizeof(id), "%04x:%04x", d->config->id.vendor, d->config->id.device);
                if (r >= 0)
                        r = json_add_text(o, "name", d->config->name);
                if (r >= 0)
                        r = json_add_text(o, "address", PCI_ADDR_TEXT(d->config->address));
                if (r >= 0)
                        r = json_add_text(o, "id", id);
                if (r >= 0)
                        r = json_add_text(o, "wanted_driver", stub_driver_to_string(d->config->driver));
                if (r >= 0)
                        r = json_add_text(o, "driver", p ? p->driver : NULL);
                if (r >= 0)
                        r = json_add_text(o, "path", p ? p->path : NULL);
                if (r >= 0)
                        r = p && p->group != PCI_GROUP_NONE ? json_add(o, "iommu_group", json_object_new_int(p->group))
                                                            : json_add_text(o, "iommu_group", NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_changes(struct json_object *array, const Report *report)
{
        for (size_t i = 0; report->plan && i < report->steps_done; i++) {
                const Step *s = report->plan->steps + i;
                struct json_object *o = json_object_new_object();
                int r = json_append(array, o);

                if (r >= 0)
                        r = json_add_text(o, "kind", step_action(s));
                if (r >= 0)
                        r = json_add_text(o, "path", s->path);
                if (r >= 0)
                        r = json_add_text(o, "kernel", step_subject(s));
                if (r >= 0)
                        r = json_add_text(o, "check", s->check);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_loaders(struct json_object *array, const Facts *f)
{
        int r = 0;

        for (size_t i = 0; i < f->n_loaders && r >= 0; i++)
                r = json_append(array, json_object_new_string(loader_kind_to_string(f->loaders[i].kind)));
        return r;
}

int report_json(const Report *report, char **ret)
{
        _cleanup_json_ struct json_object *o = json_object_new_object();
        struct json_object *loaders, *findings, *devices, *changes;
        const Judgement *j = report->judgement;
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add(o, "version", json_object_new_int(REPORT_VERSION));
        if (r >= 0)
                r = json_add_text(o, "ptprep", PTPREP_VERSION);
        if (r >= 0)
                r = json_add_text(o, "verdict", report_verdict(report));
        if (r >= 0)
                r = json_add(o, "exit_code", json_object_new_int(report->exit_code));
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
        if (!loaders || !findings || !devices || !changes)
                return -ENOMEM;
        r = add_loaders(loaders, j->facts);
        if (r >= 0)
                r = add_findings(findings, report->findings);
        if (r >= 0)
                r = add_devices(devices, j->wanted);
        if (r >= 0)
                r = add_changes(changes, report);
        if (r >= 0)
                r = json_add_text(o, "failure", report->failure);
        if (r < 0)
                return r;
        return json_print(o, ret);
}

static void print_command(FILE *out, const StringList *argv, const char *const *more, size_t n)
{
        fputs("# run", out);
        FOREACH_ARRAY(a, argv->items, argv->n) {
                const char *quote = strchr(*a, ' ') ? "'" : "";

                fprintf(out, " %s%s%s", quote, *a, quote);
        }
        for (size_t i = 0; i < n; i++)
                fprintf(out, " %s", more[i]);
        fputc('\n', out);
}

static int print_file_step(FILE *out, const Step *s)
{
        const FileStep *file = &s->file;

        if (file->editor.n > 0) /* of the platform, which has to come to the same */
                print_command(out, &file->editor, NULL, 0);
        else if (startswith(s->path, NAME_STATE_DIR "/")) {
                fprintf(out, "# %s %s\n", step_action(s), s->path);
                return 0;
        }
        return render_diff(out, s->path, file->old_text, file->new_text);
}

/* Lines that are no diff begin with '#': patch(1) passes over them. */
int report_dry_run(FILE *out, const Plan *p)
{
        FOREACH_ARRAY(s, p->steps, p->n) {
                int r = 0;

                switch (s->kind) {
                case STEP_WRITE_FILE:
                case STEP_REMOVE_FILE:
                        r = print_file_step(out, s);
                        break;
                case STEP_KEEP_ORIGINAL:
                        if (s->state.text)
                                fprintf(out, "# keep the original of %s in %s\n", s->state.original_of, s->path);
                        else
                                fprintf(out, "# remove %s\n", s->path);
                        break;
                case STEP_COPY_IMAGE:
                        fprintf(out, "# copy %s to %s\n", s->copy.from, s->path);
                        break;
                case STEP_REBUILD_IMAGE:
                        fprintf(out, "# run %s --force %s %s\n", s->image.program, s->path, s->image.release);
                        break;
                case STEP_MKCONFIG:
                        print_command(out, &s->menu.argv, (const char *[]){ "-o", s->path }, 2);
                        break;
                case STEP_COMMAND:
                        print_command(out, &s->command.argv, NULL, 0);
                        break;
                default:
                        fprintf(out, "# %s %s\n", step_action(s), s->path);
                }
                if (r < 0)
                        return r;
        }
        return fflush(out) != 0 || ferror(out) ? negative_errno() : 0;
}
