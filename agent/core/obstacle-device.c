/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/obstacle.h"

/* What the device itself brings along. */

int obstacle_unread(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        (void) c;
        return f->unread ? verdict_add(ret, id,
                                       &(ReasonKind){ VERDICT_UNKNOWN, RESULT_UNKNOWN, CURE_PERSON,
                                                      "see why that file cannot be read" },
                                       "cannot tell what it is: %s", f->unread)
                         : 0;
}

int obstacle_managed(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        const PciFunction *functions = c->facts->functions;
        size_t up = context_index(c, f);

        while (functions[up].parent != PCI_PARENT_NONE)
                up = functions[up].parent;
        if (functions[up].behind == PCI_PARENT_NONE)
                return 0;
        return verdict_add(
                ret, id,
                &(ReasonKind){ VERDICT_BLOCKED, RESULT_BLOCKED, CURE_FIRMWARE,
                               "switch VMD (RST, VROC) off in the firmware setup: then the device is one of its own" },
                "it is behind the Volume Management Device %s and has no identity of its own on the bus",
                PCI_ADDR_TEXT(functions[functions[up].behind].addr));
}

/* Devices with errata that a guest could use against the host (Linux drivers/vfio/pci/vfio_pci.c,
 * vfio_pci_dev_in_denylist()). */
static const struct {
        const char *name;
        unsigned since; /* release that put it there */
        PciId id;
} denylist[] = {
        { "QAT C3XXX", LINUX(5, 9), { 0x8086, 0x19e2 } },
        { "QAT C3XXX virtual function", LINUX(5, 9), { 0x8086, 0x19e3 } },
        { "QAT C62X", LINUX(5, 9), { 0x8086, 0x37c8 } },
        { "QAT C62X virtual function", LINUX(5, 9), { 0x8086, 0x37c9 } },
        { "QAT DH895XCC", LINUX(5, 9), { 0x8086, 0x0435 } },
        { "QAT DH895XCC virtual function", LINUX(5, 9), { 0x8086, 0x0443 } },
        { "DSA", LINUX(5, 15), { 0x8086, 0x0b25 } }, /* 6.9, and stable releases from May 2024 on */
        { "IAX", LINUX(5, 15), { 0x8086, 0x0cfe } },
};

int obstacle_denylist(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        FOREACH_ARRAY(d, denylist, ELEMENTSOF(denylist)) {
                if (d->id.vendor != f->id.vendor || d->id.device != f->id.device)
                        continue;
                if (c->facts->features.denylist == TRISTATE_NO || c->facts->features.release < d->since)
                        return 0;
                return verdict_add(ret, id,
                                   &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                                                  "if the guest is trusted like the host: options vfio-pci "
                                                  "disable_denylist=1 in modprobe.d" },
                                   "vfio-pci refuses this kind of device (%s): it has errata that a guest can use "
                                   "against the host",
                                   d->name);
        }
        return 0;
}

int obstacle_virtual(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        (void) c;
        if (!f->has_virtual || stub_driver_holds(STUB_VFIO_PCI, f->driver))
                return 0;
        return verdict_add(
                ret, id,
                &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_BLOCKED, CURE_CONFIGURATION,
                               "switch them off first (write 0 to its sriov_numvfs), or give the guest one of "
                               "them" },
                "vfio-pci takes no function whose virtual functions are switched on");
}

/*
 * vfio-pci takes the framebuffer of the firmware off a function of class 0300 alone (Linux drivers/vfio/pci/
 * vfio_pci_core.c, vfio_pci_vga_init()). On another one its driver keeps the memory, which vfio-pci then cannot
 * reserve.
 */
int obstacle_framebuffer(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        (void) c;
        if (!f->has_boot_screen || pci_class_sub(f->class) == CLASS_DISPLAY_VGA)
                return 0;
        return verdict_add(ret, id,
                           &(ReasonKind){ VERDICT_CONDITIONAL, RESULT_WARN, CURE_ARGUMENT,
                                          "add the kernel argument initcall_blacklist=sysfb_init: the kernel then "
                                          "shows nothing on it" },
                           "the framebuffer of the firmware is in its memory, and vfio-pci leaves it there, since its "
                           "class is %04x and not 0300: a guest cannot reserve that memory",
                           pci_class_sub(f->class));
}

/* No guard: only to be known. */
int obstacle_usb(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        static const ReasonKind kind = { VERDICT_POSSIBLE, RESULT_OK, CURE_NONE, NULL };

        (void) c;
        return f->usb ? verdict_add(ret, id, &kind, "what is plugged into it goes with it: %s", f->usb) : 0;
}

/* What the host can do without is its administrator's to know. */
static int tell_spared(const HostUseAnswer *host, const char *id, Verdict *ret)
{
        static const ReasonKind kind = { VERDICT_POSSIBLE, RESULT_WARN, CURE_PERSON,
                                         "make sure that what is left is what you look at, or type on" };
        _cleanup_free_ char *chain = host_use_chain(host->use);

        return chain ? verdict_add(ret, id, &kind, "it %s %s (%s)", host_use_texts[host->kind].verb, host->use->what,
                                   chain)
                     : -ENOMEM;
}

int obstacle_used(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        static const ReasonKind allowed = { VERDICT_POSSIBLE, RESULT_WARN, CURE_CONFIGURATION,
                                            "make sure that the host can do without, or take that word out again" };
        const ConfigDevice *config = context_config(c, f);
        const HostUseKind kind = host_use_kind(id);
        const HostUseAnswer host = host_use_of(c->facts, f, kind);
        ReasonKind blocked = { VERDICT_BLOCKED, RESULT_BLOCKED, CURE_CONFIGURATION,
                               "leave it to the host, or move what is on it to another device first" };
        _cleanup_free_ char *chain = NULL, *lifted = NULL;

        if (host.used == TRISTATE_NO)
                return host.use ? tell_spared(&host, id, ret) : 0;
        if (config && (config->allow & HOST_USE_BIT(kind))) {
                blocked = allowed;
                if (string_printf(&lifted, "; \"allow = %s\" takes it all the same", host_use_kind_to_string(kind)) < 0)
                        return -ENOMEM;
        } else if (host.used == TRISTATE_UNKNOWN) {
                blocked = (ReasonKind){ VERDICT_UNKNOWN, RESULT_BLOCKED, CURE_PERSON,
                                        "run ptprep where all of /proc and /sys is mounted" };
                if (host.waits)
                        blocked.result = RESULT_UNKNOWN;
                if (host.unknown) {
                        blocked.cure_kind = host.unknown->cure_kind;
                        blocked.cure = host.unknown->cure;
                }
        }
        if (host.used == TRISTATE_UNKNOWN)
                return verdict_add(ret, id, &blocked, "cannot tell whether the host needs it: %s%s",
                                   host.unknown ? host.unknown->what : host_use_texts[kind].unseen, lifted ?: "");
        chain = host_use_chain(host.use);
        if (!chain)
                return -ENOMEM;
        return verdict_add(ret, id, &blocked, "it %s %s (%s)%s", host_use_texts[kind].verb, host.use->what, chain,
                           lifted ?: "");
}

int obstacle_reset(const VerdictContext *c, const PciFunction *f, const char *id, Verdict *ret)
{
        (void) c;
        if (!f->reset || f->reset[0] != 0)
                return 0;
        return verdict_add(ret, id,
                           &(ReasonKind){ VERDICT_POSSIBLE, RESULT_WARN, CURE_PERSON,
                                          "if the guest cannot be started twice, reboot the host in between" },
                           "the kernel knows no way to reset it: a guest may find it as the last one left it");
}
