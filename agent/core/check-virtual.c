/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"

/* Virtual functions that a configured device is to have. They are gone with each boot, and made at each. */

static const struct {
        Result result;
        CureKind kind;
        const char *cure; /* NULL: that of the kind, or the section's place */
} rows[_MAKER_STATE_MAX] = {
        [MAKER_UNKNOWN] = { RESULT_UNKNOWN, CURE_NONE, NULL },
        [MAKER_ABSENT] = { RESULT_BLOCKED, CURE_CONFIGURATION, NULL },
        [MAKER_WRONG_ID] = { RESULT_BLOCKED, CURE_CONFIGURATION, NULL },
        [MAKER_WRONG_PATH] = { RESULT_BLOCKED, CURE_CONFIGURATION, NULL },
        [MAKER_CLAIMED] = { RESULT_BLOCKED, CURE_PERSON,
                            "give it back to its host driver with \"ptprep release\", and see what gives it to that "
                            "driver at boot" },
        [MAKER_INCAPABLE] = { RESULT_BLOCKED, CURE_PERSON,
                              "switch SR-IOV on in the setup of the firmware and of the card, or take vfs out" },
        [MAKER_TOO_MANY] = { RESULT_BLOCKED, CURE_CONFIGURATION, NULL },
        [MAKER_OTHER_NUMBER] = { RESULT_FAIL, CURE_PERSON,
                                 "stop the guests that have one, write 0 to its sriov_numvfs, and run \"ptprep "
                                 "--apply\"; see what makes them at boot" },
        [MAKER_UNSEEN] = { RESULT_FAIL, CURE_PERSON, "see the kernel log: journalctl -k -b" },
        [MAKER_IN_USE] = { RESULT_FAIL, CURE_PERSON,
                           "end what uses it, and run \"ptprep --apply\"; see what gives it to that driver at boot" },
        [MAKER_OTHER_MACS] = { RESULT_FAIL, CURE_PERSON,
                               "stop the guests that have one, write 0 to its sriov_numvfs, and run \"ptprep "
                               "--apply\"; "
                               "see what else gives them addresses" },
        [MAKER_SHARED] = { RESULT_FAIL, CURE_SLOT,
                           "put the card into a slot whose ports have ACS, or ask the card's maker" },
        [MAKER_OFF] = { RESULT_FAIL, CURE_REBOOT, "reboot without it" },
        [MAKER_NO_DRIVER] = { RESULT_FAIL, CURE_PERSON, "load its host driver, and run \"ptprep --apply\"" },
        [MAKER_LATER] = { RESULT_FAIL, CURE_APPLY_REBOOT, NULL },
        [MAKER_DUE] = { RESULT_FAIL, CURE_APPLY_NOW, NULL },
        [MAKER_LOOSE] = { RESULT_FAIL, CURE_APPLY_NOW, NULL },
        [MAKER_MACS_UNKNOWN] = { RESULT_UNKNOWN, CURE_PERSON,
                                 "look at them where they are used, and at \"ip link show\" and the kernel log "
                                 "(journalctl "
                                 "-k -b); take vf-macs out if the host driver does not tell them" },
        [MAKER_DONE] = { RESULT_OK, CURE_NONE, NULL },
};

#define TEXT_MAX 256

static void describe_unknown_mac(const WantedMaker *m, char ret[static TEXT_MAX])
{
        const size_t i = m->unknown_mac;
        const char *mac = m->config->vf_macs.items[i];
        const int error = m->sriov->macs_error;

        if (error == -ENODEV)
                (void) snprintf(
                        ret, TEXT_MAX,
                        "cannot tell the addresses of its virtual functions: it has no network interface, which "
                        "would tell them");
        else if (error < 0)
                (void) snprintf(ret, TEXT_MAX,
                                "cannot tell the addresses of its virtual functions: its network interface cannot be "
                                "asked: %s",
                                strerror(-error));
        else
                (void) snprintf(ret, TEXT_MAX,
                                "cannot tell whether virtual function %zu has the address %s: its host driver does not "
                                "tell it",
                                i, mac);
}

static void describe(const Judgement *j, const WantedMaker *m, char ret[static TEXT_MAX])
{
        const ConfigDevice *c = m->config;
        const PciFunction *p = m->function;
        const char *driver = vf_driver_to_string(c->vf_driver);
        const bool stub = vf_driver_stub(c->vf_driver) >= 0;

#define SAY(...) (void) snprintf(ret, TEXT_MAX, __VA_ARGS__)
        switch (m->state) {
        case MAKER_UNKNOWN:
                SAY("cannot tell what virtual functions it can have: %s",
                    p ? "its sriov_totalvfs is not readable" : "no PCI bus is visible here");
                break;
        case MAKER_ABSENT:
                SAY("no device at this address");
                break;
        case MAKER_WRONG_ID:
                SAY("the device there is %04x:%04x, not %04x:%04x", p->id.vendor, p->id.device, c->id.vendor,
                    c->id.device);
                break;
        case MAKER_WRONG_PATH:
                SAY("it sits at %s, not at %s", p->path, c->path);
                break;
        case MAKER_CLAIMED:
                SAY("it is on %s, and only its host driver makes virtual functions", p->driver);
                break;
        case MAKER_INCAPABLE:
                SAY("it can have no virtual functions (SR-IOV)");
                break;
        case MAKER_TOO_MANY:
                SAY("it can have at most %u virtual functions, not %u", m->sriov->total, c->vfs);
                break;
        case MAKER_OTHER_NUMBER:
                SAY("it has %u virtual functions and shall have %u: the kernel changes that only by way of 0, which "
                    "takes those away from whoever has them",
                    m->sriov->n, c->vfs);
                break;
        case MAKER_UNSEEN:
                SAY("%u virtual functions are switched on, and %zu are there", c->vfs, m->n_seen);
                break;
        case MAKER_IN_USE:
                SAY("%zu of %u virtual functions are not on %s: %s is on %s, which may be using it", m->n_odd, c->vfs,
                    driver, PCI_ADDR_TEXT(m->odd->addr), m->odd->driver);
                break;
        case MAKER_OTHER_MACS:
                SAY("virtual function %zu has the address %s and shall have %s: it is set while no guest can have it",
                    m->odd_mac, m->sriov->macs.items[m->odd_mac], c->vf_macs.items[m->odd_mac]);
                break;
        case MAKER_SHARED:
                SAY("its virtual functions are in one IOMMU group with %s, which is on the host driver %s",
                    PCI_ADDR_TEXT(m->companion->addr), m->companion->driver);
                break;
        case MAKER_OFF:
                SAY("this boot was started with ptprep=off: no virtual functions were made");
                break;
        case MAKER_NO_DRIVER:
                SAY("it has no virtual functions yet, and no host driver that makes them");
                break;
        case MAKER_LATER:
                SAY("%u virtual functions are made at each boot%s", c->vfs,
                    j->facts->live ? ": as soon as the IOMMU is on" : ", not in this system");
                break;
        case MAKER_DUE:
                SAY("%u virtual functions are made at each boot, and are not there yet", c->vfs);
                break;
        case MAKER_LOOSE:
                SAY("%zu of %u virtual functions are not on %s: %s is on %s", m->n_odd, c->vfs, driver,
                    PCI_ADDR_TEXT(m->odd->addr), m->odd->driver ?: "no driver");
                break;
        case MAKER_MACS_UNKNOWN:
                describe_unknown_mac(m, ret);
                break;
        default:
                SAY("%u virtual function%s made, as at each boot%s%s", c->vfs, c->vfs == 1 ? " is" : "s are",
                    stub ? ", on " : "", stub ? driver : "");
        }
#undef SAY
}

int check_device_vfs(const Check *self, const Judgement *j, FindingList *ret)
{
        FOREACH_ARRAY(m, j->wanted->makers, j->wanted->n_makers) {
                const ConfigDevice *c = m->config;
                const bool excused = m->state == MAKER_ABSENT && c->optional;
                char subject[128], place[256], text[TEXT_MAX];
                const char *cure = rows[m->state].cure;
                int r;

                (void) snprintf(subject, sizeof(subject), "%s (%s)", c->name, PCI_ADDR_TEXT(c->address));
                (void) snprintf(place, sizeof(place), "correct the section at %s:%u", c->file, c->line);
                describe(j, m, text);
                if (excused)
                        r = finding_add(ret, self->id, RESULT_SKIPPED, subject, CURE_NONE, NULL,
                                        "not there, and configured as optional");
                else
                        r = finding_add(ret, self->id, rows[m->state].result, subject, rows[m->state].kind,
                                        cure || rows[m->state].kind != CURE_CONFIGURATION ? cure : place, "%s", text);
                if (r < 0)
                        return r;
        }
        return 0;
}
