/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host-use.h"

#include "core/verdict.h"

#define BASE(class)                                                                                                    \
        {                                                                                                              \
                (class) << 8, 0xff00                                                                                   \
        }
#define SUB(class)                                                                                                     \
        {                                                                                                              \
                (class), 0xffff                                                                                        \
        }

/*
 * Classes of functions that surely have no disk on them. All others could: Fibre Channel, USB, SD, FireWire, NVDIMM,
 * network functions (iSCSI, NVMe over fabrics), system peripherals, and whatever is not classified. Where not all disks
 * in use could be found, each of those may be the one that the host lives on.
 */
static const ClassMask diskless[] = {
        BASE(CLASS_DISPLAY), BASE(CLASS_MULTIMEDIA), BASE(CLASS_INPUT),       BASE(CLASS_PROCESSOR),
        BASE(CLASS_CRYPTO),  BASE(CLASS_SIGNAL),     BASE(CLASS_ACCELERATOR), SUB(CLASS_SERIAL_SMBUS),
};

/* Those of the others that are surely no way to a network: what is on the other end of one does not hang on them. */
static const ClassMask local[] = {
        BASE(CLASS_STORAGE),
        BASE(CLASS_MEMORY),
};

/* What a way to a network surely does not lead through. */
static const ClassMask no_network[] = {
        BASE(CLASS_STORAGE),     BASE(CLASS_DISPLAY), BASE(CLASS_MULTIMEDIA),
        BASE(CLASS_MEMORY),      BASE(CLASS_INPUT),   BASE(CLASS_CRYPTO),
        BASE(CLASS_ACCELERATOR), BASE(CLASS_SIGNAL),  SUB(CLASS_SERIAL_SMBUS),
};

/* What a way to a network leads through most often: of these nothing is decided before the network is up. */
static const ClassMask networks[] = {
        BASE(CLASS_NETWORK),
        BASE(CLASS_WIRELESS),
        SUB(CLASS_SERIAL_USB),
        SUB(CLASS_SERIAL_INFINIBAND),
};

/* What a display is on. The class from before there were classes was given to VGA cards (PCI Local Bus 2.1, D.1), and
 * Linux takes it for one (include/linux/pci.h, pci_is_vga()). */
static const ClassMask displays[] = {
        BASE(CLASS_DISPLAY),
        SUB(CLASS_OLD_VGA),
};

/* What a keyboard is on: USB, Bluetooth adapters, Intel's I2C controllers (LPSS), and what is an input device. */
static const ClassMask keyboards[] = {
        SUB(CLASS_SERIAL_USB), SUB(CLASS_SERIAL_BUS), BASE(CLASS_SIGNAL), BASE(CLASS_WIRELESS), BASE(CLASS_INPUT),
};

/* What a console is on. */
static const ClassMask consoles[] = {
        BASE(CLASS_COMMUNICATION),
};

/*
 * The guards. The prober of a kind sets HostUses.looked[] each time it has run: "nobody has looked" is unknown, and
 * unknown keeps the device with the host. .none tells of no more than what the prober looks for.
 */
const HostUseText host_use_texts[_HOST_USE_KIND_MAX] = {
        [HOST_USE_BOOT_DISK] = {
                .check = "device.boot-disk",
                .verb = "carries",
                .none = "the host does not boot from it",
                .by_class = "no disk can be on a device of its class",
                .unseen = "nobody has looked what it boots from",
                .cannot = diskless,
                .n_cannot = ELEMENTSOF(diskless),
        },
        [HOST_USE_STORAGE] = {
                .check = "device.storage",
                .verb = "carries",
                .none = "no other disk in use is on it",
                .by_class = "no disk can be on a device of its class",
                .unseen = "nobody has looked which disks are in use",
                .cannot = diskless,
                .n_cannot = ELEMENTSOF(diskless),
        },
        [HOST_USE_NETWORK] = {
                .check = "device.network",
                .verb = "carries",
                .none = "no network that the host needs is on it",
                .by_class = "no way to a network can be on a device of its class",
                .unseen = "nobody has looked which networks are in use",
                .cannot = no_network,
                .n_cannot = ELEMENTSOF(no_network),
        },
        [HOST_USE_DISPLAY] = {
                .check = "device.display",
                .verb = "has",
                .none = "it is not the host's only display",
                .by_class = "no display can be on a device of its class",
                .unseen = "nobody has looked which displays there are",
                .only = displays,
                .n_only = ELEMENTSOF(displays),
        },
        [HOST_USE_KEYBOARD] = {
                .check = "device.keyboard",
                .verb = "has",
                .none = "the host's only keyboard is not on it",
                .by_class = "no keyboard can be on a device of its class",
                .unseen = "nobody has looked which keyboards there are",
                .only = keyboards,
                .n_only = ELEMENTSOF(keyboards),
        },
        [HOST_USE_CONSOLE] = {
                .check = "device.console",
                .verb = "has",
                .none = "no console of the host is on it",
                .by_class = "no console can be on a device of its class",
                .unseen = "nobody has looked which consoles there are",
                .only = consoles,
                .n_only = ELEMENTSOF(consoles),
        },
};

static bool class_in(uint32_t class, const ClassMask *list, size_t n)
{
        FOREACH_ARRAY(c, list, n)
                if ((pci_class_sub(class) & c->mask) == c->class)
                        return true;
        return false;
}

/*
 * Can it be what the network will be found to hang on? A USB controller that is one function of a graphics card has the
 * card's own port, and nothing has a network while a guest's driver has it.
 */
static bool may_have_network(const Facts *f, const PciFunction *p)
{
        size_t iterator = 0, i;

        if (p->has_network)
                return true;
        if (!class_in(p->class, networks, ELEMENTSOF(networks)) || (p->driver && driver_is_harmless(p->driver)))
                return false;
        while (pci_class_sub(p->class) == CLASS_SERIAL_USB &&
               facts_next_sibling(f, (size_t) (p - f->functions), &iterator, &i))
                if (pci_class_base(f->functions[i].class) == CLASS_DISPLAY)
                        return false;
        return true;
}

/* Can something of this kind be on a function of this class at all? */
static bool class_can(const HostUseText *guard, uint32_t class)
{
        return !class_in(class, guard->cannot, guard->n_cannot) &&
               (!guard->only || class_in(class, guard->only, guard->n_only));
}

/* Can it be this function that carries what is unknown? */
static bool may_be(const Facts *f, const PciFunction *p, const HostUnknown *u)
{
        if (u->one)
                return pci_addr_equal(u->addr, p->addr);
        if (u->remote && class_in(p->class, local, ELEMENTSOF(local)))
                return false;
        return !u->waits || may_have_network(f, p);
}

HostUseAnswer host_use_of(const Facts *f, const PciFunction *p, HostUseKind kind)
{
        const HostUseText *guard = &host_use_texts[kind];
        const HostUse *uses, *spared = NULL;
        size_t n;

        uses = host_uses_of(&f->host, p->addr, &n);
        FOREACH_ARRAY(use, uses, n)
                if (use->kind == kind && !use->spared)
                        return (HostUseAnswer){ .used = TRISTATE_YES, .kind = kind, .use = use };
                else if (use->kind == kind && !spared)
                        spared = use;
        if (!spared && !class_can(guard, p->class))
                return (HostUseAnswer){ .used = TRISTATE_NO, .kind = kind, .by_class = true };
        FOREACH_ARRAY(u, f->host.unknown, f->host.n_unknown)
                if (u->kind == kind && may_be(f, p, u))
                        return (HostUseAnswer){
                                .used = TRISTATE_UNKNOWN, .kind = kind, .unknown = u, .waits = u->waits
                        };
        return (HostUseAnswer){
                .used = f->host.looked[kind] ? TRISTATE_NO : TRISTATE_UNKNOWN,
                .kind = kind,
                .use = spared,
        };
}

HostUseAnswer host_use_any(const Facts *f, const PciFunction *p, unsigned allowed)
{
        HostUseAnswer worst = { .used = TRISTATE_NO };

        for (HostUseKind kind = 0; kind < _HOST_USE_KIND_MAX; kind++) {
                const HostUseAnswer a = host_use_of(f, p, kind);

                if (allowed & HOST_USE_BIT(kind))
                        continue;
                if (a.used == TRISTATE_YES)
                        return a;
                if (worst.used == TRISTATE_NO || (worst.waits && a.used == TRISTATE_UNKNOWN && !a.waits))
                        worst = a;
        }
        return worst;
}

HostUseKind host_use_kind(const char *check)
{
        HostUseKind kind = 0;

        while (kind < _HOST_USE_KIND_MAX - 1 && !streq(host_use_texts[kind].check, check))
                kind++;
        return kind;
}
