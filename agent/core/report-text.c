/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/report.h"

static const char *const result_color[_RESULT_MAX] = {
        [RESULT_OK] = COLOR_GREEN,           [RESULT_SKIPPED] = COLOR_DIM,
        [RESULT_WARN] = COLOR_YELLOW,        [RESULT_UNKNOWN] = COLOR_BRIGHT_YELLOW,
        [RESULT_FAIL] = COLOR_BRIGHT_YELLOW, [RESULT_BLOCKED] = COLOR_RED,
};

static void print_finding(Printer *p, const Finding *f, bool with_cure)
{
        printer_add(p, "  ");
        printer_color(p, result_color[f->result]);
        printer_add(p, "%-7s", result_to_string(f->result));
        printer_color(p, NULL);
        printer_add(p, "  %-16s  ", f->check);
        printer_hang(p);
        printer_line(p, "%s%s%s", f->subject ?: "", f->subject ? ": " : "", f->detail);
        if (!f->cure || !with_cure)
                return;
        printer_add(p, "%29s-> ", "");
        printer_hang(p);
        printer_line(p, "%s", f->cure);
}

int report_news(const char *old_text, const FindingList *findings, FindingList *ret)
{
        for (size_t i = 0; i < findings->n; i++) {
                const Finding *f = findings->items + i;
                const FindingList one = { findings->items + i, 1 };
                _cleanup_free_ char *text = NULL;
                size_t size;
                Printer p = { .out = open_memstream(&text, &size) };
                int r;

                if (!p.out)
                        return -ENOMEM;
                print_finding(&p, f, true);
                r = printer_end(&p);
                if (fclose(p.out) != 0 || r < 0)
                        return -ENOMEM;
                if (f->result <= RESULT_SKIPPED || (old_text && strstr(old_text, text)))
                        continue;
                r = finding_add_all(ret, &one, 0);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void print_step(Printer *p, const Step *s)
{
        switch (s->kind) {
        case STEP_REBUILD_IMAGE:
                printer_line(p, "  rebuild-image  %s for kernel %s", s->path, s->image.release);
                break;
        case STEP_ATTRIBUTE:
                printer_line(p, "  %-14s %s to %s", step_kind_to_string(s->kind), s->path, s->attribute.value);
                break;
        case STEP_BOOLEAN:
                printer_line(p, "  %-14s the SELinux boolean %s to %s", step_kind_to_string(s->kind),
                             selinux_boolean_to_string(s->boolean.boolean), s->boolean.on ? "on" : "off");
                break;
        case STEP_VF_MACS:
                printer_line(p, "  %-14s the address%s of %zu virtual function%s of %s", step_kind_to_string(s->kind),
                             s->vf_macs.macs.n == 1 ? "" : "es", s->vf_macs.macs.n, s->vf_macs.macs.n == 1 ? "" : "s",
                             s->path);
                break;
        case STEP_BIND:
                printer_line(p, "  %-14s %u virtual function%s of %s to %s", step_kind_to_string(s->kind), s->bind.n,
                             s->bind.n == 1 ? "" : "s", s->path, stub_driver_to_string(s->bind.driver));
                break;
        case STEP_COMMAND:
                printer_add(p, "  %-14s", step_kind_to_string(s->kind));
                FOREACH_ARRAY(a, s->command.argv.items, s->command.argv.n)
                        printer_add(p, " %s", *a);
                printer_line(p, "%s", "");
                break;
        default:
                printer_line(p, "  %-14s %s", step_action(s), s->path);
        }
}

static void print_machine(Printer *p, const Facts *f)
{
        printer_add(p, "kernel %s, ", f->release ?: "unknown");
        if (f->pci == TRISTATE_UNKNOWN)
                printer_add(p, "PCI functions unknown");
        else
                printer_add(p, "%zu PCI functions", f->n_functions);
        printer_add(p, ", lockdown %s, boot loader%s", f->lockdown ?: "unknown", f->n_loaders == 0 ? " none" : "");
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                printer_add(p, "%s %s", l == f->loaders ? "" : ",", loader_kind_to_string(l->kind));
        printer_line(p, "%s", "");
}

static void print_asked(Printer *p, const Asked *a)
{
        char subject[WANTED_SUBJECT_MAX];
        const char *name = asked_name(a, 0, subject);

        printer_add(p, name ? "of the host and " : "of the host");
        printer_hang(p);
        for (size_t i = 0; (name = asked_name(a, i, subject)); i++)
                printer_add(p, "%s%s", i == 0 ? "" : ", ", name);
        printer_line(p, "; nothing of the other devices");
}

/* Only what a person may have to look at. */
static void print_roll_back(Printer *p, const RollBack *r)
{
        FOREACH_ARRAY(u, r->items, r->n) {
                if (u->state == UNDO_FAILED)
                        printer_line(p, "not put back: %s: %s%s%s", u->path, u->reason,
                                     u->old_at ? "; as it was it is in " : "", u->old_at ?: "");
                FOREACH_ARRAY(path, u->left.items, u->left.n)
                        printer_line(p, "left: %s", *path);
        }
        if (r->cut)
                printer_line(p, "not put back: memory was short, so it is not known what else");
}

/* Do the same words cure both, one after the other? */
static bool same_cure(const Finding *a, const Finding *b)
{
        return a && streq(a->check, b->check) && streq_null(a->cure, b->cure);
}

/*
 * What a person sees first: the worst first, a cure that several findings share once, and what is fine only counted. A
 * pipe gets all findings in the order of the checks, as a report that is stored does.
 */
static void print_by_weight(Printer *p, const FindingList *l)
{
        size_t n_fine = 0, n_skipped = 0;

        for (Result result = RESULT_BLOCKED; result > RESULT_SKIPPED; result--) {
                const Finding *last = NULL;

                FOREACH_ARRAY(f, l->items, l->n) {
                        if (f->result != result)
                                continue;
                        if (last)
                                print_finding(p, last, !same_cure(last, f));
                        last = f;
                }
                if (last)
                        print_finding(p, last, true);
        }
        FOREACH_ARRAY(f, l->items, l->n) {
                n_fine += f->result == RESULT_OK;
                n_skipped += f->result == RESULT_SKIPPED;
        }
        if (n_fine + n_skipped == 0)
                return;
        printer_add(p, "  ");
        printer_color(p, result_color[RESULT_OK]);
        printer_add(p, "%-7s", result_to_string(RESULT_OK));
        printer_color(p, NULL);
        printer_add(p, "  ");
        printer_hang(p);
        printer_add(p, "%zu %s fine", n_fine, n_fine == 1 ? "is" : "are");
        if (n_skipped > 0)
                printer_add(p, ", and %zu %s not apply here", n_skipped, n_skipped == 1 ? "does" : "do");
        printer_line(p, ": -v shows all");
}

int report_text(Printer *p, const Report *r)
{
        const ReportVerdict *verdict = report_verdict(r);
        const char *next = report_next(r);

        printer_add(p, "ptprep: ");
        printer_hang(p);
        printer_color(p, verdict->color);
        printer_add(p, "%s", verdict->headline);
        printer_color(p, NULL);
        if (report_count_needy(r) > 0 && r->findings->n > 1)
                printer_add(p, " (%zu of %zu need%s something)", report_count_needy(r), r->findings->n,
                            report_count_needy(r) == 1 ? "s" : "");
        printer_line(p, "%s", "");
        print_machine(p, r->judgement->facts);
        if (r->asked)
                print_asked(p, r->asked);
        if (r->findings->n > 0)
                printer_line(p, "%s", "");
        if (p->terminal && !r->verbose)
                print_by_weight(p, r->findings);
        else
                FOREACH_ARRAY(i, r->findings->items, r->findings->n)
                        print_finding(p, i, true);
        if (r->plan && r->plan->n > 0 && r->steps_done > 0) {
                printer_line(p, "%s", "");
                printer_line(p, "changed:");
                FOREACH_ARRAY(s, r->plan->steps, r->steps_done)
                        print_step(p, s);
        }
        if (r->failure) {
                printer_line(p, "%s", "");
                printer_add(p, "failed: ");
                printer_block(p, r->failure, "      | ");
        }
        if (r->roll_back)
                print_roll_back(p, r->roll_back);
        if (report_reboot_required(r)) {
                printer_line(p, "%s", "");
                printer_line(p, "reboot required: what is in place for the next boot is not yet true in this one");
        }
        if (next) {
                if (!report_reboot_required(r))
                        printer_line(p, "%s", "");
                printer_add(p, "next: ");
                printer_hang(p);
                printer_line(p, "%s", next);
        }
        return printer_end(p);
}
