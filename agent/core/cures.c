/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cures.h"

#include "base/text.h"
#include "core/next-boot.h"
#include "core/planner.h"

#define BLOCKED_FIRST "first do what the line marked \"blocked\" says"

/* What has to be done before an apply does anything. */
static const struct {
        CureKind kind;
        const char *text; /* NULL: that of the kind */
} before_apply[_PLAN_REFUSAL_MAX] = {
        [PLAN_REFUSED_CONTAINER] = { CURE_ELSEWHERE, NULL },
        [PLAN_REFUSED_SWITCHED_OFF] = { CURE_CONFIGURATION,
                                        "changes are switched off: set [agent] enabled = yes in " NAME_CONFIG_FILE },
        [PLAN_REFUSED_BLOCKED] = { CURE_PERSON, BLOCKED_FIRST },
        [PLAN_REFUSED_UNSEEN] = { CURE_ELSEWHERE, "run ptprep where the devices are: on the host, with /sys mounted" },
        [PLAN_REFUSED_WAITING] = { CURE_ELSEWHERE,
                                   "nothing yet: first it has to be known what the host's network hangs on" },
};

/* The same of a system that does not run, by whether its first boot will do it. */
static const char *const before_first_boot[] = {
        [TRISTATE_NO] = "enable " NAME_BOOT_UNIT " in this system: it prepares the host when it boots",
        [TRISTATE_YES] = "boot this system: " NAME_BOOT_UNIT " is enabled in it and does this there",
};

static int change(Finding *f, CureKind kind, const char *text)
{
        f->cure_kind = kind;
        return string_replace(&f->cure, text ?: cure_kind_text(kind));
}

static bool is_apply(const Finding *f)
{
        return f->cure_kind == CURE_APPLY || f->cure_kind == CURE_APPLY_NOW || f->cure_kind == CURE_APPLY_REBOOT;
}

/* Nothing that ptprep finds out about the machine of a container is its own, so nobody in there can cure it. */
static bool has_to_change(const Finding *f, PlanRefusal refusal)
{
        return refusal == PLAN_REFUSED_CONTAINER ? f->result >= RESULT_UNKNOWN : is_apply(f);
}

/* A restart that has changed nothing once will not the next time. What to do instead; NULL: it may well help. */
static const char *instead_of_reboot(const Judgement *j, const FindingList *findings)
{
        const BootEntry *once = NULL;

        FOREACH_ARRAY(f, findings->items, findings->n)
                if (streq(f->check, "reboot.once"))
                        return "see reboot.once: one reboot has not cured it";
        if (boot_once_lacks(j, &once))
                return "see boot.argument: the next boot takes another entry";
        return j->facts->other_entry && next_boot_prepared(j) && boot_unclaimed(j)
                       ? "boot one of the entries that have " KARG_CLAIM
                         ", see \"ptprep bootloader\"; where they are what "
                         "boots by default, see which disk or boot loader the firmware starts"
                       : NULL;
}

int cures_correct(const Judgement *j, FindingList *findings)
{
        PlanRefusal refusal = plan_refusal(j, findings);
        const char *first = refusal == PLAN_REFUSED_UNSEEN && j->facts->first_boot != TRISTATE_UNKNOWN
                                    ? before_first_boot[j->facts->first_boot]
                                    : before_apply[refusal].text;
        const char *instead = instead_of_reboot(j, findings);
        bool asks = config_asks(j->config), prepared = asks && (next_boot_prepared(j) || next_boot_lacks_copy(j));

        FOREACH_ARRAY(f, findings->items, findings->n) {
                int r = 0;

                if (refusal != PLAN_ALLOWED && has_to_change(f, refusal))
                        r = change(f, before_apply[refusal].kind, first);
                else if (!asks && is_apply(f) && !streq(f->check, "record.restored")) /* which an apply does first */
                        r = change(
                                f, CURE_CONFIGURATION,
                                "an apply does nothing while no device is configured: name one in " NAME_CONFIG_FILE);
                else if (prepared && f->cure_kind == CURE_APPLY_REBOOT)
                        r = change(f, CURE_REBOOT, NULL);
                if (r >= 0 && instead && f->cure_kind == CURE_REBOOT)
                        r = change(f, CURE_PERSON, instead);
                if (r < 0)
                        return r;
        }
        return 0;
}

int cures_of_part(FindingList *part)
{
        if (finding_worst(part) == RESULT_BLOCKED)
                return 0;
        FOREACH_ARRAY(f, part->items, part->n) {
                int r = streq_null(f->cure, BLOCKED_FIRST)
                                ? string_replace(&f->cure, "first do what \"ptprep --check\" says of the other devices")
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}
