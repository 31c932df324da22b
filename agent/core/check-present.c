/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"

#include "core/late.h"
#include "model/claim-limits.h"

/* Is the device there that each section means? */

/* What a section has to say for the one that is meant, by what tells it from the other one. */
static const char *const swap_cures[] = {
        [SWAP_CARD] = ": with subsystem = and the id of the card that is meant",
        [SWAP_MAC] = ": with mac = and the address of the one that is meant",
        [SWAP_SERIAL] = ": with serial = and the number of the one that is meant",
        [SWAP_ELSEWHERE] = ": with the address of the one that is meant",
        [SWAP_PATH] = ": with the address of the one that is meant, or with path = and where this one sits",
        [SWAP_NO_SERIAL] = ": without serial =",
        [SWAP_NO_MAC] = ": without mac =",
};

/* Another device of the same id: which of them was meant nobody but a person can say. */
static int tell_swapped(const Check *self, const WantedDevice *d, const char *elsewhere, const char *cure,
                        FindingList *ret)
{
        const ConfigDevice *c = d->config;
        const PciFunction *p = d->function, *other = d->swapped_for;
        const Identity *was = &d->recorded;
        const PciId card = c->has_subsystem ? c->subsystem : was->subsystem;
        const char *serial = c->serial
                                     ?: p->nvme_serial || other ? was->nvme_serial
                                                                : was->serial,
                   *mac = c->mac ?: was->mac;
        const bool by_mac =
                d->swap == SWAP_MAC || d->swap == SWAP_NO_MAC || (other && mac && streq_null(mac, other->mac));
        const char *what = by_mac ? "MAC address" : "serial number", *meant = by_mac ? mac : serial,
                   *now = by_mac                                              ? p->mac
                          : p->nvme_serial && (c->serial || was->nvme_serial) ? p->nvme_serial
                                                                              : p->serial;
        const bool another = d->swap < SWAP_NO_SERIAL;
        char how[512] = "";

        switch (d->swap) {
        case SWAP_NONE:
                break;
        case SWAP_CARD:
                (void) snprintf(how, sizeof(how), "on a card %04x:%04x, not %04x:%04x", p->subsystem.vendor,
                                p->subsystem.device, card.vendor, card.device);
                break;
        case SWAP_MAC:
        case SWAP_SERIAL:
                (void) snprintf(how, sizeof(how), "%s %s, not %s", what, now, meant);
                break;
        case SWAP_ELSEWHERE:
                (void) snprintf(how, sizeof(how), "the one with %s %s is %s", what, meant, PCI_ADDR_TEXT(other->addr));
                break;
        case SWAP_PATH:
                (void) snprintf(how, sizeof(how), "it sits at %s, and where the one of the last apply sat is %s now",
                                p->path, PCI_ADDR_TEXT(other->addr));
                break;
        case SWAP_NO_SERIAL:
        case SWAP_NO_MAC:
                (void) snprintf(how, sizeof(how), "it has no %s, and shall have %s", what, meant);
                break;
        }
        return finding_add(ret, self->id, RESULT_BLOCKED, SUBJECT(d), CURE_CONFIGURATION, cure, "%s%s%s",
                           another ? "another device of the same kind is in its place: " : "", how,
                           other || !another ? "" : elsewhere);
}

/* A section that says not where its device is, and means none, or more than one. */
static int judge_lost(const Check *self, const Facts *f, const ConfigDevice *c, FindingList *ret)
{
        char cure[256];

        (void) snprintf(cure, sizeof(cure), "correct the section at %s:%u%s", c->file, c->line,
                        c->lost == LOST_SEVERAL ? ": an address, a serial number or a MAC address tells them apart"
                        : c->lost == LOST_NONE  ? ", put the card in, or say optional = yes"
                        : c->lost == LOST_MANY  ? ": with a match that means fewer"
                                                : "");
        switch (c->lost) {
        case LOST_UNSEEN:
                return finding_add(ret, self->id, RESULT_UNKNOWN, c->name, CURE_NONE, NULL,
                                   "cannot tell which device is meant: no PCI bus is visible here");
        case LOST_NONE:
                return finding_add(ret, self->id, c->optional ? RESULT_SKIPPED : RESULT_BLOCKED, c->name,
                                   c->optional ? CURE_NONE : CURE_CONFIGURATION, c->optional ? NULL : cure,
                                   "no device is as its section says%s",
                                   c->optional ? ", and it is configured as optional" : "");
        case LOST_SEVERAL:
                return finding_add(ret, self->id, RESULT_BLOCKED, c->name, CURE_CONFIGURATION, cure,
                                   "several devices are as its section says: %s", c->others ?: "");
        case LOST_TAKEN:
                return finding_add(ret, self->id, RESULT_BLOCKED, c->name, CURE_CONFIGURATION, cure,
                                   "it means the device of [device %s]", c->others ?: "");
        case LOST_UNREAD:
                return finding_add(ret, self->id, RESULT_UNKNOWN, c->name, f->is_root ? CURE_PERSON : CURE_ROOT,
                                   f->is_root ? "see why the kernel refuses it" : NULL,
                                   "cannot tell which device is meant: a serial number that may be the one cannot be "
                                   "read%s",
                                   f->is_root ? "" : " without root");
        case LOST_MANY:
                return finding_add(ret, self->id, RESULT_BLOCKED, c->name, CURE_CONFIGURATION, cure,
                                   "its match means %zu functions, and a claim list of at most %d has room for %zu of "
                                   "them",
                                   c->n_meant, CLAIM_DEVICES_MAX, c->n_room);
        }
        return 0;
}

/* The rule of udev acts in a boot that was started for claims, and reads the list as it stands. */
static bool is_awaited(const Judgement *j, const WantedDevice *d)
{
        return j->facts->cmdline_known && kargs_has(&j->facts->cmdline, KARG_CLAIM) &&
               wanted_is_listed(j->facts, d->config) && !d->surely_moved;
}

static int judge_present(const Check *self, const Judgement *j, const WantedDevice *d, FindingList *ret)
{
        const ConfigDevice *c = d->config;
        const char *subject = SUBJECT(d);
        char elsewhere[128] = "", cure[256];
        const char *late;

        if (d->surely_moved)
                (void) snprintf(elsewhere, sizeof(elsewhere), "; it has moved, and is at %s now",
                                PCI_ADDR_TEXT(d->moved_to->addr));
        else if (d->moved_to)
                (void) snprintf(elsewhere, sizeof(elsewhere), "; the only %04x:%04x is at %s now", c->id.vendor,
                                c->id.device, PCI_ADDR_TEXT(d->moved_to->addr));
        if (d->maker)
                (void) snprintf(elsewhere, sizeof(elsewhere),
                                "; if it is a virtual function of %s, nothing has made it yet in this boot",
                                PCI_ADDR_TEXT(d->maker->addr));
        (void) snprintf(cure, sizeof(cure), "%scorrect the section at %s:%u%s%s",
                        d->swap == SWAP_NONE || d->swap >= SWAP_NO_SERIAL ? "" : "put the other one back, or ", c->file,
                        c->line, swap_cures[d->swap] ?: "", d->surely_moved ? ", or say follow = yes there" : "");
        switch (d->state) {
        case DEVICE_UNKNOWN:
                if (d->function)
                        return finding_add(ret, self->id, RESULT_UNKNOWN, subject, CURE_PERSON,
                                           "see why that file cannot be read", "cannot tell what is there: %s",
                                           d->function->unread);
                return finding_add(ret, self->id, RESULT_UNKNOWN, subject, CURE_NONE, NULL,
                                   "cannot tell: no PCI bus is visible here");
        case DEVICE_ABSENT:
                if (c->optional)
                        return finding_add(ret, self->id, RESULT_SKIPPED, subject, CURE_NONE, NULL,
                                           "not there, and configured as optional%s%s",
                                           is_awaited(j, d) ? ": when it comes, udev has it claimed" : "", elsewhere);
                if (d->made)
                        return finding_add(ret, self->id, RESULT_SKIPPED, subject, CURE_NONE, NULL,
                                           "made at each boot by %s, see device.vfs", PCI_ADDR_TEXT(d->maker->addr));
                (void) snprintf(cure, sizeof(cure), "%s, correct the section at %s:%u, or say optional = yes",
                                d->maker ? "have it made at boot" : "put the card back", c->file, c->line);
                return finding_add(ret, self->id, RESULT_BLOCKED, subject, CURE_CONFIGURATION, cure,
                                   "no device at this address%s", elsewhere);
        case DEVICE_WRONG_ID:
                return finding_add(ret, self->id, RESULT_BLOCKED, subject, CURE_CONFIGURATION, cure,
                                   "the device there is %04x:%04x, not %04x:%04x%s", d->function->id.vendor,
                                   d->function->id.device, c->id.vendor, c->id.device, elsewhere);
        case DEVICE_WRONG_PATH:
                return finding_add(ret, self->id, RESULT_BLOCKED, subject, CURE_CONFIGURATION, cure,
                                   "it sits at %s, not at %s", d->function->path, c->path);
        case DEVICE_SWAPPED:
                return tell_swapped(self, d, elsewhere, cure, ret);
        case DEVICE_BRIDGE:
                return finding_add(ret, self->id, RESULT_BLOCKED, subject, CURE_CONFIGURATION, cure,
                                   "this is %s (class %04x), which is never taken from the host",
                                   pci_class_never_bound(d->function->class), pci_class_sub(d->function->class));
        default:
                late = function_comes_late(j->facts, d->function);
                if (c->has_moved)
                        (void) snprintf(elsewhere, sizeof(elsewhere), "; it was at %s, and the claim follows it",
                                        PCI_ADDR_TEXT(c->moved_from));
                return finding_add(
                        ret, self->id, RESULT_OK, subject, CURE_NONE, NULL, "%04x:%04x is there%s%s%s%s%s%s%s%s%s",
                        c->id.vendor, c->id.device, d->function->path ? " at " : "", d->function->path ?: "",
                        late ? ", behind " : "", late ?: "", late ? ": whenever it comes, udev has it claimed" : "",
                        elsewhere, c->added ? "; it is new since the last apply, and goes to guests as well" : "",
                        c->others ? "; its section means others as well, and it is the one of the last apply: " : "",
                        c->others ?: "");
        }
}

int check_device_present(const Check *self, const Judgement *j, FindingList *ret)
{
        FOREACH_ARRAY(c, j->config->lost, j->config->n_lost) {
                int r = judge_lost(self, j->facts, c, ret);

                if (r < 0)
                        return r;
        }
        FOREACH_ARRAY(d, j->wanted->devices, j->wanted->n_devices) {
                int r = judge_present(self, j, d, ret);

                if (r < 0)
                        return r;
        }
        return 0;
}
