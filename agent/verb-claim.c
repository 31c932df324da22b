/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/bind.h"
#include "base/text.h"
#include "core/host-use.h"
#include "core/verdict.h"
#include "document.h"
#include "output.h"
#include "probe/probe.h"
#include "probe/vfio-user.h"
#include "select.h"
#include "verb.h"

/* Claiming and releasing now. What the configuration says is for the next boot, and is not changed by this. */

/* What is told on standard error, for programs; all NULL where it is not asked for. */
typedef struct Told {
        struct json_object *document, *functions, *refusals;
} Told;

static void told_done(Told *t)
{
        json_put(t->document);
}

static int told_begin(int rfd, const char *verb, Told *ret)
{
        int r = document_begin(rfd, true, "drivers", DRIVERS_VERSION, &ret->document);

        if (r >= 0)
                r = json_add_text(ret->document, "verb", verb);
        if (r < 0)
                return r;
        ret->functions = json_add_array(ret->document, "functions");
        ret->refusals = json_add_array(ret->document, "refusals");
        return ret->functions && ret->refusals ? 0 : -ENOMEM;
}

/* @id: of the check; NULL: none asks for it. */
static int tell_refused(const Told *t, const PciFunction *p, const char *id, const char *text, const char *cure)
{
        struct json_object *o;
        int r;

        if (!t->document)
                return 0;
        o = json_new_object();
        r = json_append(t->refusals, o);
        if (r >= 0)
                r = json_add_text(o, "address", PCI_ADDR_TEXT(p->addr));
        if (r >= 0)
                r = json_add_text(o, "id", id);
        if (r >= 0)
                r = json_add_text(o, "text", text);
        return r < 0 ? r : json_add_text(o, "cure", cure);
}

static const ConfigDevice *section_of(const Run *run, const PciFunction *p)
{
        const WantedDevice *d = wanted_meant(&run->wanted, p);

        return d ? d->config : NULL;
}

typedef struct Rebinds {
        Rebind *items;
        size_t n;
} Rebinds;

static void rebinds_done(Rebinds *r)
{
        FOREACH_ARRAY(i, r->items, r->n)
                rebind_done(i);
        free(r->items);
}

/* Those that are not yet as they shall be: the others are told. @claim: to stub drivers; else to the host. */
static int make_rebinds(const Run *run, const Selection *s, bool claim, Rebinds *ret)
{
        ret->items = calloc(s->n, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        FOREACH_ARRAY(i, s->items, s->n) {
                const PciFunction *p = run->facts.functions + *i;
                const ConfigDevice *d = section_of(run, p);
                StubDriver driver = d ? d->driver : STUB_VFIO_PCI;

                if (claim ? stub_driver_holds(driver, p->driver) : !driver_is_guests(p->driver)) {
                        tell("%s: is on %s%s already", PCI_ADDR_TEXT(p->addr),
                             claim || !p->driver ? "" : "the host driver ", p->driver ?: "no driver");
                        continue;
                }
                ret->items[ret->n++] = (Rebind){ .addr = p->addr,
                                                 .id = p->id,
                                                 .driver = driver,
                                                 .variant = d && d->best && !p->variant_lacks ? p->variant : NULL };
        }
        return 0;
}

/* A guard that the configuration lifts for this device does not count here either. */
static bool is_lifted(const Run *run, const PciFunction *p, const char *check)
{
        const ConfigDevice *d = section_of(run, p);
        HostUseKind kind = host_use_kind(check);

        return d && streq(host_use_texts[kind].check, check) && (d->allow & HOST_USE_BIT(kind));
}

/* What its section says is not said of another device at its address, and what is to be done with that one only a
 * person knows. Returns 1: it was told; 0; negative errno. */
static int refuse_another(const Run *run, const PciFunction *p, const Told *t)
{
        const Judgement j = { .config = &run->config, .facts = &run->facts, .wanted = &run->wanted };
        const WantedDevice *d = wanted_device_of(&run->wanted, p);
        _cleanup_(finding_list_done) FindingList findings = {};
        const Check *check = check_by_id("device.present");
        char subject[WANTED_SUBJECT_MAX];
        int r;

        if (!d || !wanted_is_another(d))
                return 0;
        r = check->judge(check, &j, &findings);
        FOREACH_ARRAY(f, findings.items, r < 0 ? 0 : findings.n) {
                if (!streq_null(f->subject, wanted_subject(d, subject)))
                        continue;
                tell("%s: not claimed: %s: %s", PCI_ADDR_TEXT(p->addr), f->check, f->detail);
                if (f->cure)
                        tell("-> %s", f->cure);
                r = tell_refused(t, p, f->check, f->detail, f->cure);
                return r < 0 ? r : 1;
        }
        return r;
}

/* Whatever stands in the way of a claim at boot stands in the way of one now. */
static int refuse_claim(const Run *run, const Selection *s, const Told *t)
{
        _cleanup_(verdict_context_freep) VerdictContext *context = NULL;
        bool refused = false;
        int r = verdict_context_new(&run->facts, NULL, &context);

        for (size_t i = 0; r >= 0 && i < s->n; i++) {
                const PciFunction *p = run->facts.functions + s->items[i];
                _cleanup_(verdict_done) Verdict v = {};

                r = refuse_another(run, p, t);
                refused = refused || r > 0;
                if (r >= 0)
                        r = verdict_compute(context, p, &v);
                FOREACH_ARRAY(reason, v.reasons, r < 0 ? 0 : v.n_reasons) {
                        if (r < 0 || !selection_is_hindered(&run->facts, s, p, reason) || is_lifted(run, p, reason->id))
                                continue;
                        refused = true;
                        tell("%s: not claimed: %s: %s", PCI_ADDR_TEXT(p->addr), reason->id, reason->text);
                        if (reason->cure)
                                tell("-> %s", reason->cure);
                        r = tell_refused(t, p, reason->id, reason->text, reason->cure);
                }
        }
        if (r < 0)
                return complain("judging the machine's state", r);
        return refused ? EXIT_BLOCKED : EXIT_READY;
}

/* Giving back what a guest has would wait for the guest to end. */
static int refuse_release(int rfd, const Run *run, const Selection *s, const Told *t)
{
        static const char cure[] = "stop that first";
        bool refused = false;

        FOREACH_ARRAY(i, s->items, s->n) {
                const PciFunction *p = run->facts.functions + *i;
                _cleanup_(string_list_done) StringList users = {};
                int r = vfio_users(rfd, p, &users);

                if (r < 0)
                        return complain("looking for who has it open", r);
                FOREACH_ARRAY(user, users.items, users.n) {
                        _cleanup_free_ char *text = NULL;

                        tell("%s: not released: %s has it open; %s", PCI_ADDR_TEXT(p->addr), *user, cure);
                        r = string_printf(&text, "%s has it open", *user);
                        if (r >= 0)
                                r = tell_refused(t, p, NULL, text, cure);
                        if (r < 0)
                                return complain("looking for who has it open", r);
                }
                refused = refused || users.n > 0;
        }
        return refused ? EXIT_BLOCKED : EXIT_READY;
}

static int tell_outcome(const Run *run, const Rebinds *rebinds, bool claim, bool text)
{
        bool failed = false, left = false;

        FOREACH_ARRAY(i, rebinds->items, rebinds->n) {
                const ConfigDevice *d = section_of(run, facts_function(&run->facts, i->addr));
                const char *address = PCI_ADDR_TEXT(i->addr);

                failed = failed || i->failure;
                left = left || i->left;
                if (i->failure)
                        tell("%s: %s", address, i->failure);
                if (i->left && i->unread)
                        tell("%s: was on %s, and what it is on now cannot be read", address, i->before ?: "no driver");
                else if (i->left)
                        tell("%s: was on %s, and is on %s now", address, i->before ?: "no driver",
                             i->after ?: "no driver");
                if (i->failure || i->left || streq_null(i->before, i->after))
                        continue;
                if (text)
                        printf("%s: on %s, before on %s\n", address, i->after ?: "no driver", i->before ?: "no driver");
                if (claim && !d)
                        tell("%s: until the next boot, for it is not configured", address);
                else if (!claim && d && !d->companion)
                        tell("%s: until the next boot, for it is configured: [device %s] (%s:%u)", address, d->name,
                             d->file, d->line);
        }
        if (failed)
                tell(left ? "not everything could be put back" : "nothing was changed");
        return left ? EXIT_DAMAGED : failed ? EXIT_ROLLED_BACK : EXIT_READY;
}

/* @i: NULL: it is as it shall be, and was before. @code: of the whole. */
static const char *result_of(const Rebind *i, int code)
{
        if (!i)
                return "unchanged";
        if (code == EXIT_BLOCKED)
                return "refused";
        if (i->left)
                return "damaged";
        return i->failure || streq_null(i->before, i->after) ? "failed" : "changed";
}

/* What has become of each function. Returns 0 or -ENOMEM. */
static int add_functions(const Told *t, const Run *run, const Selection *s, const Rebinds *rebinds, int code)
{
        FOREACH_ARRAY(item, s->items, s->n) {
                const PciFunction *p = run->facts.functions + *item;
                struct json_object *o = json_new_object();
                const Rebind *rebind = NULL;
                char id[sizeof("8086:10d3")];
                bool done;
                int r = json_append(t->functions, o);

                FOREACH_ARRAY(i, rebinds->items, rebinds->n)
                        if (pci_addr_equal(i->addr, p->addr))
                                rebind = i;
                done = rebind && code != EXIT_BLOCKED;
                (void) snprintf(id, sizeof(id), "%04x:%04x", p->id.vendor, p->id.device);
                if (r >= 0)
                        r = json_add_text(o, "address", PCI_ADDR_TEXT(p->addr));
                if (r >= 0)
                        r = json_add_text(o, "id", id);
                if (r >= 0)
                        r = json_add_text(o, "result", result_of(rebind, code));
                if (r >= 0)
                        r = json_add_text(o, "before", done ? rebind->before : p->driver);
                if (r >= 0)
                        r = json_add_text(o, "after", done ? rebind->after : p->driver);
                if (r >= 0)
                        r = json_add_text(o, "failure", done ? rebind->failure : NULL);
                if (r < 0)
                        return r;
        }
        return json_add(t->document, "exit_code", json_new_int(code));
}

/* Prints what is told to programs, where it is. Returns the exit code of the verb. */
static int tell_programs(const Told *t, const Run *run, const Selection *s, const Rebinds *rebinds, int code)
{
        int r, printed;

        if (!t->document) {
                printed = print_text("");
                return code == EXIT_READY ? printed : code;
        }
        r = add_functions(t, run, s, rebinds, code);
        printed = r < 0 ? complain("writing", r) : document_print(t->document);
        return code == EXIT_READY ? printed : code;
}

/* Judges, and does what is not refused. Returns an exit code. */
static int carry_out(int rfd, const Run *run, const Selection *s, bool claim, const Told *t, Rebinds *rebinds)
{
        int code, r = make_rebinds(run, s, claim, rebinds);

        if (r < 0)
                return complain("selecting", r);
        if (rebinds->n == 0)
                return EXIT_READY;
        code = claim ? refuse_claim(run, s, t) : refuse_release(rfd, run, s, t);
        if (code != EXIT_READY)
                return code;
        r = claim ? bind_claim(rfd, rebinds->items, rebinds->n) : bind_release(rfd, rebinds->items, rebinds->n);
        if (r == -ENOMEM)
                return complain(claim ? "claiming" : "releasing", r);
        return tell_outcome(run, rebinds, claim, !t->document);
}

static int rebind(const Options *o, bool claim)
{
        const char *verb = claim ? "claim" : "release";
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(apply_unlock) ApplyLock lock = APPLY_LOCK_NONE;
        _cleanup_(run_done) Run run;
        _cleanup_(selection_done) Selection s = {};
        _cleanup_(rebinds_done) Rebinds rebinds = {};
        _cleanup_(told_done) Told told = {};
        bool live = false;
        int code, r;

        run_init(&run);
        if (o->n_arguments == 0) {
                tell("%s which device? \"ptprep list\" shows what there is", verb);
                return EXIT_USAGE;
        }
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        if (!live) {
                tell("--root=%s: drivers can be changed on the running system only", o->root);
                return EXIT_USAGE;
        }
        code = run_lock(verb, rfd, live, &lock);
        if (code == EXIT_READY)
                code = select_load(&run, rfd, FACTS_LIVE);
        if (code == EXIT_READY)
                code = select_cards(&run, o->arguments, o->n_arguments, &s);
        if (code != EXIT_READY)
                return code;
        r = o->group ? select_add_groups(&run.facts, &s) : 0;
        if (r >= 0 && options_json(o))
                r = told_begin(rfd, verb, &told);
        if (r < 0)
                return complain("selecting", r);
        code = carry_out(rfd, &run, &s, claim, &told, &rebinds);
        return code == EXIT_INTERNAL || code == EXIT_IO ? code : tell_programs(&told, &run, &s, &rebinds, code);
}

int verb_claim(const Options *o)
{
        return rebind(o, true);
}

int verb_release(const Options *o)
{
        return rebind(o, false);
}
