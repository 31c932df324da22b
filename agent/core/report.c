/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/report.h"

#include "base/text.h"
#include "core/next-boot.h"
#include "core/planner.h"
#include "model/names.h"

const ReportFormat report_formats[] = {
        { "text", report_text, false }, { "json", report_json, false }, { "prometheus", report_prometheus, false },
        { "nfd", report_nfd, false },   { "html", report_html, true },
};
const size_t report_formats_n = ELEMENTSOF(report_formats);

const ReportFormat *report_format(const char *name)
{
        FOREACH_ARRAY(f, report_formats, report_formats_n)
                if (streq(f->name, name))
                        return f;
        return NULL;
}

typedef enum State {
        STATE_READY,
        STATE_NOTHING_CONFIGURED,
        STATE_REBOOT_DUE,
        STATE_CURABLE,
        STATE_NOT_READY,
        STATE_UNKNOWN,
        STATE_FIRST_BOOT,
        STATE_BLOCKED,
        STATE_BAD_CONFIGURATION,
        STATE_ROLLED_BACK,
        STATE_ROLLED_BACK_LEFT,
        STATE_DAMAGED,
        STATE_REVERTED,
        STATE_REVERTED_WARN,
        STATE_NOTHING_TO_REVERT,
        STATE_REVERTED_UNSEEN,
        STATE_REVERTED_IN_PART,
        STATE_REVERT_REFUSED,
        _STATE_MAX,
} State;

static const struct {
        ReportVerdict verdict;
        int exit_status; /* that of an apply is another one where the next boot is as asked */
} states[_STATE_MAX] = {
        [STATE_READY] = { { "ready", "READY", COLOR_BRIGHT_GREEN }, EXIT_READY },
        [STATE_NOTHING_CONFIGURED] = { { "nothing-configured", "NOTHING CONFIGURED", COLOR_BRIGHT_GREEN }, EXIT_READY },
        [STATE_REBOOT_DUE] = { { "reboot-due", "REBOOT DUE: all is in place for the next boot", COLOR_BRIGHT_YELLOW },
                               EXIT_NOT_READY },
        [STATE_CURABLE] = { { "not-ready", "NOT READY: ptprep can cure it", COLOR_BRIGHT_YELLOW }, EXIT_NOT_READY },
        [STATE_NOT_READY] = { { "not-ready", "NOT READY", COLOR_BRIGHT_YELLOW }, EXIT_NOT_READY },
        [STATE_UNKNOWN] = { { "unknown", "UNKNOWN: what ptprep must see is not visible here", COLOR_BRIGHT_YELLOW },
                            EXIT_UNKNOWN },
        [STATE_FIRST_BOOT] = { { "unknown", "LEFT TO THE FIRST BOOT: what ptprep must see is not visible here",
                                 COLOR_BRIGHT_YELLOW },
                               EXIT_UNKNOWN },
        [STATE_BLOCKED] = { { "blocked", "BLOCKED: a person has to act", COLOR_RED }, EXIT_BLOCKED },
        [STATE_BAD_CONFIGURATION] = { { "bad-configuration", "BAD CONFIGURATION", COLOR_RED }, EXIT_CONFIG },
        [STATE_ROLLED_BACK] = { { "rolled-back", "FAILED: a change failed and everything was put back", COLOR_RED },
                                EXIT_ROLLED_BACK },
        [STATE_ROLLED_BACK_LEFT] = { { "rolled-back",
                                       "FAILED: a change failed; what was there was put back, and something new is "
                                       "left",
                                       COLOR_RED },
                                     EXIT_ROLLED_BACK },
        [STATE_DAMAGED] = { { "damaged", "FAILED: a change failed, and not everything could be put back", COLOR_RED },
                            EXIT_DAMAGED },
        [STATE_REVERTED] = { { "reverted", "REVERTED: nothing of ptprep's is left", COLOR_BRIGHT_GREEN }, EXIT_READY },
        [STATE_REVERTED_WARN] = { { "reverted", "REVERTED, but for what the lines marked \"warn\" say",
                                    COLOR_BRIGHT_YELLOW },
                                  EXIT_READY },
        [STATE_NOTHING_TO_REVERT] = { { "nothing-to-revert", "NOTHING TO REVERT: nothing of ptprep's is here",
                                        COLOR_BRIGHT_GREEN },
                                      EXIT_READY },
        [STATE_REVERTED_UNSEEN] = { { "not-ready", "REVERTED IN PART: the rest could not be looked at",
                                      COLOR_BRIGHT_YELLOW },
                                    EXIT_UNKNOWN },
        [STATE_REVERTED_IN_PART] = { { "blocked", "REVERTED IN PART: a person has to look at the rest", COLOR_RED },
                                     EXIT_BLOCKED },
        [STATE_REVERT_REFUSED] = { { "blocked", "NOT REVERTED: a person has to act, nothing was changed", COLOR_RED },
                                   EXIT_BLOCKED },
};

/* Kinds of cures, a bit each, of the findings that are just as bad as this. */
static unsigned kinds_of(const FindingList *l, Result result)
{
        unsigned kinds = 0;

        FOREACH_ARRAY(f, l->items, l->n)
                if (f->result == result)
                        kinds |= 1U << f->cure_kind;
        return kinds;
}

#define KIND(k)         (1U << (k))
#define KINDS_APPLY     (KIND(CURE_APPLY) | KIND(CURE_APPLY_NOW) | KIND(CURE_APPLY_REBOOT))
#define KINDS_ELSEWHERE (KIND(CURE_ROOT) | KIND(CURE_ELSEWHERE))
#define KINDS_PERSON                                                                                                   \
        (KIND(CURE_ARGUMENT) | KIND(CURE_CONFIGURATION) | KIND(CURE_FIRMWARE) | KIND(CURE_SLOT) | KIND(CURE_PERSON))

static bool has_finding(const FindingList *l, const char *check, Result result)
{
        FOREACH_ARRAY(f, l->items, l->n)
                if (f->result == result && streq(f->check, check))
                        return true;
        return false;
}

static State state_of_revert(const Report *r)
{
        Result worst = finding_worst(r->findings);

        if (worst == RESULT_BLOCKED)
                return r->steps_done == 0 ? STATE_REVERT_REFUSED : STATE_REVERTED_IN_PART;
        if (worst >= RESULT_UNKNOWN)
                return STATE_REVERTED_UNSEEN;
        if (worst == RESULT_WARN && (has_finding(r->findings, "boot.argument", RESULT_WARN) ||
                                     plan_recorded(r->plan, r->steps_done, r->judgement->facts->record_text)))
                return STATE_REVERTED_WARN;
        return r->steps_done == 0 ? STATE_NOTHING_TO_REVERT : STATE_REVERTED;
}

/* A host that shall pass nothing through is as asked, whatever it could do, once nothing has to be taken back. */
static bool nothing_is_asked(const Judgement *j)
{
        return !config_asks(j->config) && j->facts->record_known == TRISTATE_YES && j->facts->record.n == 0 &&
               !j->facts->claims;
}

/* Is all that was asked for in place for the next boot, whatever this one shows? */
static bool is_in_place(const Report *r)
{
        const Judgement *j = r->judgement;

        return config_asks(j->config) && j->facts->container != TRISTATE_YES && next_boot_prepared(j);
}

/* What cannot be told in an image will be, where ptprep runs in its first boot. */
static State state_unknown(const Judgement *j)
{
        return j->facts->first_boot == TRISTATE_YES && config_wants_changes(j->config) ? STATE_FIRST_BOOT
                                                                                       : STATE_UNKNOWN;
}

static State state_of_machine(const Report *r)
{
        const Judgement *j = r->judgement;
        Result worst = finding_worst(r->findings);
        unsigned kinds;

        if (nothing_is_asked(j) && j->facts->container != TRISTATE_YES &&
            !has_finding(r->findings, "record.restored", RESULT_FAIL))
                return STATE_NOTHING_CONFIGURED;
        switch (worst) {
        case RESULT_BLOCKED:
                return STATE_BLOCKED;
        case RESULT_FAIL:
                kinds = kinds_of(r->findings, RESULT_FAIL);
                if (!(kinds & ~KINDS_ELSEWHERE))
                        return state_unknown(j);
                if (kinds != KIND(CURE_REBOOT))
                        return kinds & ~(KINDS_APPLY | KIND(CURE_REBOOT)) ? STATE_NOT_READY : STATE_CURABLE;
                if (is_in_place(r))
                        return STATE_REBOOT_DUE;
                return kinds_of(r->findings, RESULT_UNKNOWN) != 0 ? STATE_UNKNOWN : STATE_NOT_READY;
        case RESULT_UNKNOWN:
                return state_unknown(j);
        default:
                return STATE_READY;
        }
}

static State state_of_failure(const Report *r)
{
        switch (r->roll_back ? roll_back_outcome(r->roll_back) : ROLL_BACK_WHOLE) {
        case ROLL_BACK_WHOLE:
                return STATE_ROLLED_BACK;
        case ROLL_BACK_LEFT:
                return STATE_ROLLED_BACK_LEFT;
        case ROLL_BACK_FAILED:
                break;
        }
        return STATE_DAMAGED;
}

static State state_of(const Report *r)
{
        if (r->failure)
                return state_of_failure(r);
        if (r->bad_config)
                return STATE_BAD_CONFIGURATION;
        return r->verb == REPORT_REVERT ? state_of_revert(r) : state_of_machine(r);
}

const ReportVerdict *report_verdict(const Report *r)
{
        return &states[state_of(r)].verdict;
}

int report_exit_status(const Report *r)
{
        State s = state_of(r);

        if (r->verb == REPORT_APPLY && !r->judgement->config->enabled) /* which asks for no change */
                return EXIT_READY;
        /* all was done that can be done now, and ptprep-network.service does the rest */
        if (r->verb == REPORT_APPLY && s == STATE_UNKNOWN &&
            plan_refusal(r->judgement, r->findings) == PLAN_REFUSED_WAITING)
                return EXIT_READY;
        if (r->verb == REPORT_APPLY && s == STATE_FIRST_BOOT)
                return EXIT_READY;
        if (r->verb == REPORT_APPLY && (s == STATE_REBOOT_DUE || s == STATE_UNKNOWN) && is_in_place(r))
                return EXIT_READY;
        return states[s].exit_status;
}

bool report_changed_something(const Report *r)
{
        for (size_t i = 0; i < r->steps_done; i++)
                if (!step_is_state(r->plan->steps + i))
                        return true;
        return false;
}

bool report_reboot_required(const Report *r)
{
        if (r->failure)
                return false;
        if (r->bad_config) /* what is asked for now nobody knows, but what was done is done */
                return report_changed_something(r);
        if (r->verb == REPORT_REVERT || nothing_is_asked(r->judgement))
                return report_changed_something(r);
        return is_in_place(r) && (kinds_of(r->findings, RESULT_FAIL) & KIND(CURE_REBOOT));
}

size_t report_count_needy(const Report *r)
{
        size_t n = 0;

        FOREACH_ARRAY(f, r->findings->items, r->findings->n)
                n += f->result >= RESULT_UNKNOWN;
        return n;
}

#define KEEP_REVERTED                                                                                                  \
        "set [agent] enabled = no in " NAME_CONFIG_FILE                                                                \
        " or disable ptprep.service, else the next boot applies the configuration again"

static const char *next_of_revert(const Report *r)
{
        if (finding_worst(r->findings) == RESULT_BLOCKED)
                return "do what the lines marked \"blocked\" say, then run \"ptprep revert\" again";
        if (!report_reboot_required(r))
                return r->n_configured > 0 ? KEEP_REVERTED : NULL;
        return r->n_configured > 0 ? KEEP_REVERTED "; then reboot" : "reboot";
}

/* What the findings that need something ask for in so many words, if it is the same for all of them; else NULL. */
static const char *only_cure(const FindingList *l)
{
        const char *cure = NULL;

        FOREACH_ARRAY(f, l->items, l->n) {
                if (f->result < RESULT_UNKNOWN || !f->cure)
                        continue;
                if (cure && !streq(cure, f->cure))
                        return NULL;
                cure = f->cure;
        }
        return cure;
}

/* The one thing that makes most of the findings true that need something; the first row that has one of the kinds. */
static const char *next_of_kinds(unsigned kinds)
{
        static const struct {
                unsigned kinds, without;
                const char *next;
        } rows[] = {
                { KIND(CURE_APPLY_NOW), KIND(CURE_APPLY) | KIND(CURE_APPLY_REBOOT) | KIND(CURE_REBOOT),
                  "run \"ptprep --apply\" as root: no reboot is needed" },
                { KINDS_APPLY, 0, "run \"ptprep --apply\" as root, then reboot" },
                { KIND(CURE_ROOT), 0, "run ptprep as root: it can see more" },
                { KINDS_PERSON, KIND(CURE_REBOOT), "do what stands below the lines that need something" },
                { KINDS_PERSON, 0, "do what stands below the lines that need something, then reboot" },
                { KIND(CURE_REBOOT), 0, "reboot" },
        };

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows))
                if ((kinds & row->kinds) && !(kinds & row->without))
                        return row->next;
        return NULL;
}

const char *report_next(const Report *r)
{
        unsigned kinds = kinds_of(r->findings, RESULT_FAIL) | kinds_of(r->findings, RESULT_UNKNOWN);
        State s = state_of(r);

        switch (s) {
        case STATE_READY:
                if (!config_has_devices(r->judgement->config))
                        return NULL;
                return r->asked ? "start the guest: what was asked for is on its stub driver"
                                : "start the guest: every configured device is on its stub driver";
        case STATE_NOTHING_CONFIGURED:
                return report_reboot_required(r) ? "reboot"
                                                 : "\"ptprep list\" shows the devices and what stands in their way, "
                                                   "\"ptprep configure\" asks which one shall go to guests";
        case STATE_REBOOT_DUE:
                return "reboot";
        case STATE_FIRST_BOOT:
                return NAME_BOOT_UNIT " is enabled in this system: it prepares the host when it boots";
        case STATE_BAD_CONFIGURATION:
                return r->verb == REPORT_APPLY && r->steps_done == 0
                               ? "correct the configuration, then run \"ptprep --check\" again; nothing was changed"
                               : "correct the configuration, then run \"ptprep --check\" again";
        case STATE_BLOCKED:
                return r->verb == REPORT_APPLY && r->steps_done == 0
                               ? "do what the lines marked \"blocked\" say, then run \"ptprep --check\" again; nothing "
                                 "was "
                                 "changed"
                               : "do what the lines marked \"blocked\" say, then run \"ptprep --check\" again";
        case STATE_ROLLED_BACK:
                return r->verb == REPORT_REVERT
                               ? "cure what failed, then run \"ptprep revert\" again; the host boots as before"
                               : "cure what failed, then run \"ptprep --apply\" again; the host boots as before";
        case STATE_ROLLED_BACK_LEFT:
                return r->verb == REPORT_REVERT
                               ? "look at what is left, cure what failed, then run \"ptprep revert\" again"
                               : "look at what is left, cure what failed, then run \"ptprep --apply\" again";
        case STATE_DAMAGED:
                return r->verb == REPORT_REVERT
                               ? "before the next boot put back what was not put back, then run \"ptprep revert\" again"
                               : "before the next boot put back what was not put back, then run \"ptprep --apply\" "
                                 "again";
        case STATE_CURABLE:
        case STATE_NOT_READY:
        case STATE_UNKNOWN:
                if (s == STATE_UNKNOWN && r->judgement->facts->first_boot == TRISTATE_NO &&
                    config_wants_changes(r->judgement->config))
                        return "enable " NAME_BOOT_UNIT
                               ", as with systemctl --root=DIR: it prepares the host when it boots";
                return kinds & KINDS_APPLY ? next_of_kinds(kinds) : only_cure(r->findings) ?: next_of_kinds(kinds);
        default:
                return next_of_revert(r);
        }
}

int report_headline(const Report *r, char **ret)
{
        const char *next = report_next(r);
        _cleanup_free_ char *why = NULL;
        int k = string_copy(r->failure, &why);

        if (k < 0)
                return k;
        for (char *s = why; s && *s; s++)
                if (*s == '\n')
                        *s = s[1] ? ' ' : '\0';
        return string_printf(ret, "%s%s%s%s%s", report_verdict(r)->headline, why ? ": " : "", why ?: "",
                             next ? "; next: " : "", next ?: "");
}
