/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"

#include "base/text.h"
#include "core/late.h"
#include "core/next-boot.h"
#include "iommu/table.h"
#include "model/claimstate.h"

static uint32_t id_number(PciId id)
{
        return (uint32_t) id.vendor << 16 | id.device;
}

static int compare_numbers(const void *a, const void *b)
{
        const uint32_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

/* How many of sorted numbers are less than this one. */
static size_t count_less(const uint32_t *numbers, size_t n, uint64_t than)
{
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (numbers[middle] < than)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* Another function of that id goes to a stub driver, for a reason that is not ptprep's. */
static bool twin_is_taken(const Judgement *j, const WantedDevice *d)
{
        FOREACH_ARRAY(f, j->facts->functions, j->facts->n_functions)
                if (pci_id_equal(f->id, d->config->id) && foreign_ids_take(j, f))
                        return true;
        return false;
}

int check_device_unique(const Check *self, const Judgement *j, FindingList *ret)
{
        size_t n_functions = j->facts->n_functions;
        _cleanup_free_ uint32_t *ids = calloc(n_functions + 1, sizeof(*ids));

        if (!ids)
                return -ENOMEM;
        for (size_t i = 0; i < n_functions; i++)
                ids[i] = id_number(j->facts->functions[i].id);
        qsort(ids, n_functions, sizeof(*ids), compare_numbers);
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices) {
                uint64_t id = id_number(d->config->id);
                size_t n;
                int r;

                if (d->state != DEVICE_FOUND)
                        continue;
                n = count_less(ids, n_functions, id + 1) - count_less(ids, n_functions, id);
                if (n > 1)
                        r = finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL,
                                        "%zu other device%s with this id: claimed by address, %s", n - 1,
                                        n == 2 ? "" : "s",
                                        twin_is_taken(j, d) ? "but see claim.foreign" : "so they stay with the host");
                else
                        r = finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL,
                                        "the only device with this id");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Is it the device that was configured, be it that the host lives on it? */
static bool is_the_device(const WantedDevice *d)
{
        return d->state == DEVICE_FOUND || d->state == DEVICE_IN_USE || wanted_device_undecided(d);
}

/* Of a device that is not in use. Nothing is said of what cannot be, unless somebody thought that it was. */
static int tell_unused(const Check *self, const Judgement *j, const WantedDevice *d, FindingList *ret)
{
        const HostUseKind kind = host_use_kind(self->id);
        const HostUseText *guard = &host_use_texts[kind];
        const bool by_class = host_use_of(j->facts, d->function, kind).by_class;
        const char *text = by_class ? guard->by_class : guard->none;

        /* nothing of the host can be on it while a guest's driver has it, and that is what was allowed */
        if (!(d->config->allow & HOST_USE_BIT(kind)) ||
            (d->function->driver && driver_is_harmless(d->function->driver)))
                return by_class ? 0 : finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL, "%s", text);
        return finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_CONFIGURATION,
                           "take that word out, unless the host uses the device at other times",
                           "%s; \"allow = %s\" lifts nothing", text, host_use_kind_to_string(kind));
}

int check_device_used(const Check *self, const Judgement *j, FindingList *ret)
{
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices) {
                const Reason *reason = verdict_reason(&d->verdict, self->id);
                int r;

                if (!is_the_device(d))
                        continue;
                if (reason)
                        r = finding_add(ret, self->id, reason->result, SUBJECT(d), reason->cure_kind, reason->cure,
                                        "%s", reason->text);
                else
                        r = tell_unused(self, j, d, ret);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What has to be known of a device, also of one that stays with the host. */
int check_device_told(const Check *self, const Judgement *j, FindingList *ret)
{
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices) {
                const Reason *reason = is_the_device(d) ? verdict_reason(&d->verdict, self->id) : NULL;
                int r = reason ? finding_add(ret, self->id, reason->result, SUBJECT(d), reason->cure_kind, reason->cure,
                                             "%s", reason->text)
                               : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* The line of this device in a claim list, without its newline; 0: none. */
static size_t claim_line(const char *list, PciAddr a, const char **ret)
{
        const char *addr = PCI_ADDR_TEXT(a);
        size_t n = strlen(addr);

        for (const char *line = list; line && *line;) {
                size_t k = strcspn(line, "\n");

                if (k > n && strncmp(line, addr, n) == 0 && line[n] == ' ') {
                        *ret = line;
                        return k;
                }
                line += k + (line[k] != 0);
        }
        return 0;
}

int check_device_claimlist(const Check *self, const Judgement *j, FindingList *ret)
{
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices) {
                const char *now = NULL, *want = NULL;
                size_t n_now = claim_line(j->facts->claims, d->config->address, &now);
                size_t n_want = claim_line(j->wanted->claims, d->config->address, &want);
                int r;

                if (!wanted_device_ok(d))
                        continue;
                if (wanted_is_untold(d))
                        r = finding_add(ret, self->id, RESULT_SKIPPED, SUBJECT(d), CURE_NONE, NULL,
                                        "not in " NAME_CLAIMS " until it has been seen once: what it is known by is "
                                        "not to be seen in the initramfs");
                else if (n_now > 0 && n_now == n_want && strncmp(now, want, n_now) == 0)
                        r = finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL,
                                        "listed in " NAME_CLAIMS);
                else
                        r = finding_add(ret, self->id, RESULT_FAIL, SUBJECT(d), CURE_APPLY, NULL,
                                        n_now > 0 ? "the line in " NAME_CLAIMS " is out of date"
                                                  : "not in " NAME_CLAIMS " yet");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What became of a device in the initramfs of this boot. */
typedef struct Outcome {
        const char *detail; /* NULL: the helper's own words */
        const char *cure;
} Outcome;

static const Outcome outcomes[_CLAIM_STATE_MAX] = {
        [CLAIM_CLAIMED] = { "it was claimed in the initramfs, and something has taken it since",
                            "see what binds it: driverctl list-overrides, udev rules, scripts; then reboot" },
        [CLAIM_WAITING] = { "it was kept from its host driver, and nothing has loaded the other one",
                            "load the module, see modules-load.d(5)" },
        [CLAIM_FAILED] = { NULL, "see to that, then reboot; all that was said: journalctl -b -t ptprep-claim" },
        [CLAIM_MOVED] = { NULL, "see to that, then reboot; all that was said: journalctl -b -t ptprep-claim" },
        [CLAIM_ABSENT] = { "it was not there yet in the initramfs, like what is behind Thunderbolt or plugged in later",
                           "\"ptprep claim\" gives it to the driver now, until the next boot; why udev did not: "
                           "journalctl -b -t ptprep-claim" },
};

/* The kernel was told to claim, and of the device nothing was heard. */
static const Outcome nobody_ran = {
        "no claim helper ran: what the boot loader loaded had none in it, or no list that it could read",
        "reboot; if it is so again, another image is loaded than those of image.current: see \"ptprep bootloader\" and "
        "journalctl -b -t ptprep-claim",
};
static const Outcome not_listed = {
        "the claim helper ran, and its list had not this device yet",
        "reboot; if it is so again, another image is loaded than those of image.current: see \"ptprep bootloader\"",
};

/* In words of another version. */
static const Outcome not_understood = {
        "what the claim helper says of it is not known here",
        "reboot; if that does not help, see why the claim failed: journalctl -b -t ptprep-claim",
};

/* What the helper says of a device, its own words with their length; NULL: nothing. */
static const Outcome *outcome_of(const Facts *f, PciAddr addr, const char **ret_why, size_t *ret_length)
{
        int state = wanted_claim_result(f, addr, ret_why, ret_length);

        if (state >= 0)
                return outcomes + state;
        if (state == -EINVAL)
                return &not_understood;
        return f->claim_result ? &not_listed : &nobody_ran;
}

/*
 * It was to be claimed in this very boot, from what is in place for the next one too: then the next one comes to the
 * same, and what the helper met is what a person has to look at. Where it met nothing, the next one may do better.
 */
static int tell_outcome(const Check *self, const Judgement *j, const WantedDevice *d, const char *where,
                        FindingList *ret)
{
        const char *why = NULL;
        size_t length = 0;
        const Outcome *o = outcome_of(j->facts, d->config->address, &why, &length);

        return finding_add(ret, self->id, RESULT_FAIL, SUBJECT(d), why ? CURE_PERSON : CURE_REBOOT, o->cure,
                           "%s; in this boot: %.*s", where,
                           o->detail ? (int) strlen(o->detail) : (int) MIN(length, (size_t) 256), o->detail ?: why);
}

/* What is made late in a boot is given to its driver there, by the rule of udev: no reboot does it. */
static int tell_late(const Check *self, const WantedDevice *d, const char *where, FindingList *ret)
{
        char cure[160];

        (void) snprintf(cure, sizeof(cure),
                        "run \"ptprep claim %s\" now; from the next boot on udev does that when it is made",
                        PCI_ADDR_TEXT(d->function->addr));
        return finding_add(ret, self->id, RESULT_FAIL, SUBJECT(d), CURE_PERSON, cure,
                           "%s: a virtual function is made later than the initramfs could claim it", where);
}

/* Why a device that is to have the best driver there is has vfio-pci, where that is so; else "". */
static const char *why_not_variant(const WantedDevice *d, char *buf, size_t size)
{
        const PciFunction *f = d->function;

        *buf = 0;
        if (!d->config->best || driver_is_variant(f->driver))
                return buf;
        if (f->variant_lacks)
                (void) snprintf(buf, size, ": %s is for this device, and kernel %.80s has not got that", f->variant,
                                f->variant_lacks);
        else if (f->variant && d->in_claim_image)
                (void) snprintf(
                        buf, size,
                        ": the claim image, which serves kernels that are installed later too, takes vfio-pci; while "
                        "no guest has it, \"ptprep release %s\" and then \"ptprep claim %s\" give it to %s",
                        d->config->name, d->config->name, f->variant);
        else if (f->variant_unread)
                (void) snprintf(buf, size,
                                ": whether a variant of it is for this device cannot be told: %.120s cannot be read",
                                f->variant_unread);
        else if (!f->variant)
                (void) snprintf(buf, size, ": no kernel has a variant of it for this device");
        return buf;
}

/* A guest can have it, and not all that its variant of vfio-pci could do. @due: this boot was to bring that. */
static int tell_plain(const Check *self, const WantedDevice *d, bool due, CureKind kind, const char *cure,
                      FindingList *ret)
{
        char again[256];

        (void) snprintf(again, sizeof(again),
                        "see journalctl -b -t ptprep-claim; while no guest has it, \"ptprep release %s\" and then "
                        "\"ptprep claim %s\" try again",
                        d->config->name, d->config->name);
        return finding_add(ret, self->id, RESULT_WARN, SUBJECT(d), due ? CURE_PERSON : kind, due ? again : cure,
                           "bound to %s, not to %s, which the kernel has for this device (live migration may need it)",
                           d->function->driver, wanted_driver(d));
}

static int judge_driver(const Check *self, const Judgement *j, const WantedDevice *d, FindingList *ret)
{
        char where[128], why[384];
        const char *want = wanted_driver(d), *now = d->function->driver;
        bool prepared = next_boot_prepared(j), unknown = j->facts->is_root && next_boot_unknown(j);
        CureKind kind = prepared || unknown || next_boot_lacks_copy(j) ? CURE_REBOOT : CURE_APPLY_REBOOT;
        bool lacks_copy = next_boot_lacks_copy(j);
        bool due = j->facts->cmdline_known && kargs_has(&j->facts->cmdline, KARG_CLAIM) &&
                   streq_null(j->facts->claims, j->wanted->claims) && prepared;
        const char *cure = unknown      ? "do what the lines marked \"unknown\" say, then reboot"
                           : lacks_copy ? "do what image.current says, then reboot"
                                        : NULL;

        if (wanted_device_claimed(d) && (!wanted_variant(d) || variant_is_driver(wanted_variant(d), now)))
                return finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL, "bound to %s%s", now,
                                   why_not_variant(d, why, sizeof(why)));
        if (wanted_device_claimed(d))
                return tell_plain(self, d, due, kind, cure, ret);
        if (now)
                (void) snprintf(where, sizeof(where), "on its host driver %s, not on %s", now, want);
        else
                (void) snprintf(where, sizeof(where), "on no driver, not on %s", want);
        if (d->function->physfn != PCI_PARENT_NONE)
                return tell_late(self, d, where, ret);
        if (due)
                return tell_outcome(self, j, d, where, ret);
        if (j->facts->other_entry && prepared && boot_unclaimed(j))
                return finding_add(ret, self->id, RESULT_FAIL, SUBJECT(d), CURE_REBOOT, NULL,
                                   "%s; all was in place for this boot, and it was started from another entry, or by "
                                   "another boot loader: " KARG_CLAIM " is not in its command line",
                                   where);
        return finding_add(ret, self->id, RESULT_FAIL, SUBJECT(d), kind, cure, "%s", where);
}

int check_device_driver(const Check *self, const Judgement *j, FindingList *ret)
{
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices) {
                int r = d->state == DEVICE_FOUND ? judge_driver(self, j, d, ret) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * Is this told of the device? What stands in the way for certain is, also where it is not decided yet whether the host
 * needs the device: whatever that comes to, it cannot be given away.
 */
static bool is_told(const WantedDevice *d, const Reason *reason)
{
        return d->state == DEVICE_FOUND || (wanted_device_undecided(d) && reason && reason->weight > VERDICT_UNKNOWN);
}

/* What an obstacle of the verdict says of each device, or that it is not there. */
static int judge_by_verdict(const Check *self, const Judgement *j, FindingList *ret,
                            int (*fine)(const Check *self, const Judgement *j, const WantedDevice *d, FindingList *ret))
{
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices) {
                const Reason *reason = verdict_reason(&d->verdict, self->id);
                int r;

                if (!is_told(d, reason))
                        continue;
                if (reason)
                        r = finding_add(ret, self->id, reason->result, SUBJECT(d), reason->cure_kind, reason->cure,
                                        "%s", reason->text);
                else
                        r = fine ? fine(self, j, d, ret) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Why something cannot be said yet: the IOMMU is off, and the table that would tell is not readable; or it is on, and
 * not for this device. */
static int later(const Check *self, const Judgement *j, const WantedDevice *d, FindingList *ret)
{
        const Facts *f = j->facts;

        if (iommu_state_is_on(j->wanted->iommu))
                return finding_add(ret, self->id, RESULT_SKIPPED, SUBJECT(d), CURE_NONE, NULL,
                                   "it is in no IOMMU group, see device.iommu");
        if (iommu_table(f) && !f->is_root)
                return finding_add(ret, self->id, RESULT_UNKNOWN, SUBJECT(d), CURE_ROOT, NULL,
                                   "cannot tell: the IOMMU is off, and only root can read the firmware's table");
        return finding_add(ret, self->id, RESULT_SKIPPED, SUBJECT(d), CURE_NONE, NULL,
                           "can be judged once the IOMMU is on");
}

static int covered(const Check *self, const Judgement *j, const WantedDevice *d, FindingList *ret)
{
        if (d->function->group != PCI_GROUP_NONE && iommu_state_is_on(j->wanted->iommu))
                return finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL,
                                   "an IOMMU unit translates for it");
        if (iommu_table_content(j->facts))
                return finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL,
                                   "a unit of the firmware's table will translate for it");
        return later(self, j, d, ret);
}

int check_device_iommu(const Check *self, const Judgement *j, FindingList *ret)
{
        return judge_by_verdict(self, j, ret, covered);
}

static int unreserved(const Check *self, const Judgement *j, const WantedDevice *d, FindingList *ret)
{
        const IommuGroup *g = facts_group(j->facts, d->function->group);

        if ((g && g->regions_known) || iommu_table_content(j->facts))
                return finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL,
                                   "the firmware wants no memory to stay mapped for it");
        return later(self, j, d, ret);
}

int check_device_reserved(const Check *self, const Judgement *j, FindingList *ret)
{
        return judge_by_verdict(self, j, ret, unreserved);
}

static int resets(const Check *self, const Judgement *j, const WantedDevice *d, FindingList *ret)
{
        (void) j;
        if (!d->function->reset)
                return finding_add(ret, self->id, RESULT_SKIPPED, SUBJECT(d), CURE_NONE, NULL,
                                   "this system does not show how it can be reset");
        return finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL, "can be reset between guests (%s)",
                           d->function->reset);
}

int check_device_reset(const Check *self, const Judgement *j, FindingList *ret)
{
        return judge_by_verdict(self, j, ret, resets);
}

int check_obstacle(const Check *self, const Judgement *j, FindingList *ret)
{
        return judge_by_verdict(self, j, ret, NULL);
}

static int viable(const Check *self, const Judgement *j, const WantedDevice *d, FindingList *ret)
{
        bool on = iommu_state_is_on(j->wanted->iommu);

        if (on && d->function->group != PCI_GROUP_NONE)
                return finding_add(ret, self->id, RESULT_OK, SUBJECT(d), CURE_NONE, NULL,
                                   "IOMMU group %d has nothing in it that stays with the host", d->function->group);
        return finding_add(ret, self->id, RESULT_SKIPPED, SUBJECT(d), CURE_NONE, NULL,
                           on ? "it is in no IOMMU group, see device.iommu"
                              : "groups can be judged once the IOMMU is on");
}

int check_group_viable(const Check *self, const Judgement *j, FindingList *ret)
{
        return judge_by_verdict(self, j, ret, viable);
}
