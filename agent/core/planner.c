/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/planner.h"

#include "base/text.h"
#include "core/claim-way.h"
#include "core/next-boot.h"
#include "core/planner-image.h"
#include "core/planner-record.h"
#include "core/selinux-booleans.h"
#include "core/virtual.h"
#include "grub/loader/loaders.h"
#include "initramfs/builders.h"
#include "model/image.h"
#include "model/names.h"
#include "model/transaction.h"

static int plan_files(const Judgement *j, FindingList *findings, Plan *p)
{
        const Facts *f = j->facts;
        const Wanted *w = j->wanted;
        const struct {
                const char *check, *path, *now, *wanted;
                bool keep_others; /* not in the claim list: a line in it takes a device away from the host */
        } files[] = {
                { "device.claimlist", NAME_CLAIMS, f->claims, w->claims, false },
                { "device.driver", NAME_MODPROBE_SNIPPET, f->modprobe_snippet, w->modprobe_snippet, true },
                { "device.driver", NAME_MODULES_LOAD, f->modules_load, w->modules_load, true },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(files) && r >= 0; i++)
                r = plan_generated(f, findings, p, files[i].check, files[i].path, files[i].now, files[i].wanted,
                                   files[i].keep_others);
        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX && r >= 0; k++)
                if (builder_ops(k)->snippet_path)
                        r = plan_generated(f, findings, p, "image.current", builder_ops(k)->snippet_path,
                                           f->builders[k].snippet, w->builder_snippets[k], true);
        return r;
}

static int plan_clean_up(const Judgement *j, Plan *p)
{
        CleanUpStep *s;

        if (!j->facts->transaction)
                return 0;
        s = plan_add_clean_up(p, "config.valid", NAME_TRANSACTION);
        return s ? string_copy(j->facts->transaction, &s->names) : -ENOMEM;
}

static bool planned(const Plan *p, const char *path)
{
        FOREACH_ARRAY(s, p->steps, p->n)
                if (streq(s->path, path))
                        return true;
        return false;
}

/* All that the record tells of and that no step has dealt with yet. */
static int plan_give_back_all(const Facts *f, FindingList *findings, Plan *p)
{
        FOREACH_ARRAY(file, f->record.files, f->record.n) {
                int r = file->subject[0] == '/' && !planned(p, file->renamed ?: file->subject)
                                ? plan_give_back(file, findings, p)
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Is every kernel that it boots one that takes nothing of what it says? Then a word in its files helps nobody. */
static bool nobody_listens(const Loader *l)
{
        size_t n = 0;

        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                if (entry_counts(e) && !kernel_line_is_deaf(&e->built_in))
                        return false;
                n += entry_counts(e);
        }
        return n > 0;
}

static int plan_loader(const Judgement *j, const Loader *l, const LoaderEdit *want, FindingList *findings, Plan *p)
{
        size_t before = p->n;
        int r;

        if (l->unused || (!loader_wants_nothing(want) && nobody_listens(l)))
                return 0;
        if (l->readable != TRISTATE_YES) {
                if (j->facts->record.n == 0 || !loader_wants_nothing(want))
                        return 0; /* the checks say so */
                return finding_add(findings, "iommu.argument", RESULT_BLOCKED, l->generated, CURE_PERSON,
                                   "make it readable, and run ptprep again",
                                   "the configuration of the boot loader %s is not readable, so it is not made anew",
                                   loader_kind_to_string(l->kind));
        }
        r = loader_edit(l, want, p);
        if (r >= 0 || r == -ENOMEM)
                return r;
        plan_truncate(p, before); /* all of a loader's files or none */
        if (r == -E2BIG)
                return finding_add(findings, "boot.length", l->booted == BOOTED_NO ? RESULT_WARN : RESULT_BLOCKED, NULL,
                                   CURE_PERSON,
                                   "shorten it: take out kernel arguments that are not needed, and run ptprep again",
                                   "%s", *want->reason);
        return finding_add(findings, "iommu.argument", l->booted == BOOTED_NO ? RESULT_WARN : RESULT_BLOCKED,
                           l->generated, CURE_PERSON, "edit the kernel command line by hand, see ptprep(8)",
                           "the boot loader's configuration cannot be edited safely: %s",
                           *want->reason ?: strerror(-r));
}

/* Under which name every entry has to load the claim image; NULL: there is none. */
static const char *early_name(const Judgement *j)
{
        if (!j->wanted->in_claim_image)
                return NULL;
        return j->facts->claim_image.addon ? NAME_CLAIM_ADDON_FILE : NAME_CLAIM_IMAGE_FILE;
}

static int plan_loaders(const Judgement *j, const StringList *stale, FindingList *findings, Plan *p)
{
        char *reason = NULL;
        const LoaderEdit want = { .check = "iommu.argument",
                                  .image_check = "image.current",
                                  .add = &j->wanted->add,
                                  .remove = &j->wanted->remove,
                                  .early = early_name(j),
                                  .stale = stale,
                                  .interrupted = j->facts->transaction,
                                  .record = &j->facts->record,
                                  .reason = &reason };
        int r = loader_wants_nothing(&want) ? plan_give_back_all(j->facts, findings, p) : 0;

        for (size_t i = 0; i < j->facts->n_loaders && r >= 0; i++)
                r = plan_loader(j, j->facts->loaders + i, &want, findings, p);
        free(reason);
        return r;
}

/* A plan that changes files needs a record that can be trusted. */
static int plan_remember(const Judgement *j, FindingList *findings, Plan *p)
{
        int r;

        if (j->facts->record_known != TRISTATE_YES) {
                if (p->n == 0)
                        return 0;
                plan_done(p);
                return finding_add(
                        findings, "record.valid", RESULT_BLOCKED, NAME_RECORD, CURE_PERSON,
                        "put it back from a backup, or remove it: ptprep then forgets what it has changed so "
                        "far",
                        "ptprep cannot tell what is its own, so it changes nothing");
        }
        r = plan_record(j->facts, p);
        if (r != -EINVAL)
                return r;
        plan_done(p);
        return finding_add(findings, "record.valid", RESULT_BLOCKED, NULL, CURE_PERSON,
                           "rename the file: look for a line break in a name in /etc/default/grub.d",
                           "a file that would be changed has a name that does not fit in " NAME_RECORD);
}

PlanRefusal plan_refusal(const Judgement *j, const FindingList *findings)
{
        if (j->facts->container == TRISTATE_YES && config_asks(j->config))
                return PLAN_REFUSED_CONTAINER;
        if (!j->config->enabled)
                return PLAN_REFUSED_SWITCHED_OFF;
        if (j->facts->state_refusal)
                return PLAN_REFUSED_BLOCKED;
        /* With nothing configured the plan takes back what an earlier configuration asked for. */
        if (!config_has_devices(j->config))
                return PLAN_ALLOWED;
        if (finding_worst(findings) == RESULT_BLOCKED)
                return PLAN_REFUSED_BLOCKED;
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices)
                if (!wanted_device_ok(d) && d->state != DEVICE_WAITING && !(d->state == DEVICE_ABSENT && d->made))
                        return PLAN_REFUSED_UNSEEN;
        FOREACH_ARRAY(m, j->wanted->makers, j->wanted->n_makers)
                if (m->state == MAKER_UNKNOWN)
                        return PLAN_REFUSED_UNSEEN;
        FOREACH_ARRAY(c, j->config->lost, j->config->n_lost)
                if (c->lost == LOST_UNSEEN || c->lost == LOST_UNREAD)
                        return PLAN_REFUSED_UNSEEN;
        return j->wanted->n_makers == 0 && j->wanted->n_devices > 0 &&
                               wanted_count_waiting(j->wanted) == j->wanted->n_devices
                       ? PLAN_REFUSED_WAITING
                       : PLAN_ALLOWED;
}

/* Does what refuses a plan only stand in the way of devices that would be added? */
static bool may_take_away(const Judgement *j, PlanRefusal refusal)
{
        return (refusal == PLAN_REFUSED_BLOCKED || refusal == PLAN_REFUSED_UNSEEN || refusal == PLAN_REFUSED_WAITING) &&
               config_has_devices(j->config) && !j->facts->state_refusal;
}

/*
 * What boots is not there to be seen. Files of the same names may lie below the mount point, and what is written there
 * would lie there hidden for ever.
 */
static int refuse_unreadable(const Facts *f, const BootMount *m, FindingList *findings)
{
        FOREACH_ARRAY(finding, findings->items, findings->n)
                if (streq(finding->check, "boot.mounted")) /* the checks were run; "ptprep revert" runs none */
                        return 0;
        return boot_mounted_refuse(f, m, findings);
}

/* A section that is still there, and of which nobody can tell now what it means. The devices of a set have its name. */
static bool is_of_lost(const Config *c, const char *line)
{
        _cleanup_(identity_done) Identity i = {};
        _cleanup_free_ char *name = NULL;

        if (c->n_lost == 0 || identity_of_line(line, &name, &i) < 0)
                return false;
        FOREACH_ARRAY(d, c->lost, c->n_lost) {
                const char *rest = startswith(name, d->name);

                if (rest && (!*rest || (d->has_match && *rest == '.')))
                        return true;
        }
        return false;
}

static bool is_line_at(const char *line, size_t n, PciAddr at, PciId id)
{
        char begin[64];
        size_t length =
                (size_t) snprintf(begin, sizeof(begin), "%s %04x:%04x ", PCI_ADDR_TEXT(at), id.vendor, id.device);

        return length <= n && strncmp(line, begin, length) == 0;
}

/*
 * What keeps its line in a list that only gets shorter: a device that is still configured as the same one, also where
 * it was before it moved, unless the host is known to live on it by now. Whatever else blocks, its line does no more
 * harm than it did before, and is all that is known of what it was.
 */
static bool keeps_line(const Judgement *j, const char *line, size_t n)
{
        const Wanted *w = j->wanted;

        FOREACH_ARRAY(d, w->devices, w->n_devices) {
                const ConfigDevice *c = d->config;

                if (is_line_at(line, n, c->address, c->id) ||
                    (c->has_moved && is_line_at(line, n, c->moved_from, c->id)))
                        return d->state != DEVICE_IN_USE &&
                               !(d->state == DEVICE_SWAPPED && d->host.used == TRISTATE_YES);
        }
        return is_of_lost(j->config, line);
}

/* The claim list that is in force, without the lines of devices that must not stay in it. */
static int shorten_claims(const Judgement *j, char **ret)
{
        const char *claims = j->facts->claims;
        char *text = strdup(claims);
        size_t length = 0;

        if (!text)
                return -ENOMEM;
        for (size_t n; *claims; claims += n) {
                bool device = claims[0] != '#' && !startswith(claims, "version=");

                n = strcspn(claims, "\n");
                n += claims[n] == '\n';
                if (device && !keeps_line(j, claims, n))
                        continue;
                memcpy(text + length, claims, n);
                length += n;
        }
        text[length] = 0;
        *ret = text;
        return 0;
}

/* A list that is shorter only on the disk claims what it did before. */
static int refuse_shorter(FindingList *findings)
{
        return finding_add(
                findings, "device.claimlist", RESULT_BLOCKED, NAME_CLAIMS, CURE_PERSON,
                "do what the other lines marked \"blocked\" say; until then, ptprep=off on the kernel command line "
                "claims nothing",
                "a device has to go out of it, but ptprep cannot bring a shorter list into all images now: it "
                "is claimed as before");
}

/*
 * What only takes away, where something stands in the way of the rest: a shorter claim list, and the images that have
 * the present one. The other files and the boot loader stay as they are: alone they claim nothing.
 */
static int plan_take_away(const Judgement *j, FindingList *findings, Plan *p)
{
        Wanted shorter = *j->wanted; /* borrows all but the list */
        const Judgement taken = { j->config, j->facts, &shorter };
        _cleanup_(string_list_done) StringList stale = {};
        _cleanup_(finding_list_done) FindingList refused = {};
        _cleanup_free_ char *claims = NULL;
        bool stamp = false;
        int r;

        if (!j->facts->claims || !startswith(j->facts->claims, GENERATED_MARK))
                return 0;
        r = shorten_claims(j, &claims);
        if (r < 0 || streq(claims, j->facts->claims))
                return r;
        shorter.claims = claims;
        shorter.image_digest = shorter.in_claim_image ? 0 : image_digest(claims, j->facts->helper_hash);
        if (shorter.in_claim_image)
                r = claim_way_image(j->facts, claims, shorter.modprobe_snippet, &shorter.add, &shorter.claim_image);
        if (r >= 0)
                r = plan_generated(j->facts, &refused, p, "device.claimlist", NAME_CLAIMS, j->facts->claims, claims,
                                   false);
        if (r >= 0)
                r = plan_claim_image(&taken, p);
        if (r >= 0)
                r = plan_images(&taken, &refused, p, &stale, &stamp);
        if (r >= 0)
                r = plan_stamps(&taken, stamp, p);
        if (r < 0)
                return r;
        /* A loader's own tool would bring in more than a list. */
        if (refused.n == 0 && stale.n == 0 && j->facts->helper_present)
                return plan_remember(j, findings, p);
        plan_done(p);
        return refuse_shorter(findings);
}

/* All that is wanted. */
static int plan_whole(const Judgement *j, FindingList *findings, Plan *p)
{
        _cleanup_(string_list_done) StringList stale = {};
        bool stamp = false;
        int r = plan_files(j, findings, p);

        if (r >= 0)
                r = plan_claim_image(j, p);
        if (r >= 0)
                r = plan_images(j, findings, p, &stale, &stamp);
        if (r >= 0)
                r = plan_loaders(j, &stale, findings, p);
        if (r >= 0)
                r = plan_no_claim_image(j, findings, p);
        if (r >= 0)
                r = plan_stamps(j, stamp, p);
        if (r >= 0)
                r = plan_remember(j, findings, p);
        if (r < 0 || j->facts->record_known != TRISTATE_YES)
                return r;
        /* late, for each boot does it anew: whatever else fails, none has been made for nothing */
        r = plan_makers(j->wanted, p);
        return r < 0 ? r : plan_selinux(j, findings, p); /* last: nothing of the host depends on it */
}

int plan_compute(const Judgement *j, FindingList *findings, Plan *ret)
{
        _cleanup_(plan_done) Plan p = {}, whole = {};
        const BootMount *unreadable = boot_mounts_failed(&j->facts->boot_mounts);
        PlanRefusal refusal = plan_refusal(j, findings);
        int r = 0;

        if (refusal != PLAN_ALLOWED && !may_take_away(j, refusal))
                return 0;
        if (unreadable)
                return refuse_unreadable(j->facts, unreadable, findings);
        if (refusal == PLAN_ALLOWED) {
                r = plan_whole(j, findings, &p);
                refusal = plan_refusal(j, findings);
                if (refusal != PLAN_ALLOWED)
                        plan_done(&p);
        }
        if (r >= 0 && may_take_away(j, refusal))
                r = plan_take_away(j, findings, &p);
        if (r < 0 || (refusal != PLAN_ALLOWED && p.n == 0))
                return r;
        r = plan_clean_up(j, &whole);
        if (r >= 0)
                r = plan_join(&whole, &p);
        if (r < 0)
                return r;
        *ret = whole;
        whole = (Plan){};
        return 0;
}

int plan_recover(const Facts *f, Plan *ret)
{
        _cleanup_(transaction_done) Transaction list = {};
        _cleanup_(plan_done) Plan p = {};
        CleanUpStep *clean_up;
        int r = transaction_parse(f->transaction, &list);

        if (r < 0 || list.n_kept == 0)
                return r;
        clean_up = plan_add_clean_up(&p, "record.restored", NAME_TRANSACTION);
        if (!clean_up || string_copy(f->transaction, &clean_up->names) < 0)
                return -ENOMEM;
        FOREACH_ARRAY(k, list.kept, list.n_kept)
                if (!plan_add_put_back(&p, "record.restored", k->path, k->old_at, k->in_place))
                        return -ENOMEM;
        *ret = p;
        p = (Plan){};
        return 0;
}

int plan_tell_pending(const Plan *p, FindingList *findings)
{
        FOREACH_ARRAY(s, p->steps, p->n) {
                if (step_is_state(s) || step_is_fileless(s))
                        continue;
                return finding_add(findings, s->check, RESULT_WARN, s->path, CURE_APPLY, NULL,
                                   "right for the next boot, but ptprep would %s it: the next change of a kernel or of "
                                   "the boot loader may leave something out",
                                   step_action(s));
        }
        return 0;
}
