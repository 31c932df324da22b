/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host-use.h"

typedef struct ClassMask {
        uint16_t class, mask;
} ClassMask;

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

const HostUseText host_use_texts[_HOST_USE_KIND_MAX] = {
        [HOST_USE_STORAGE] = {
                "device.system",
                "nothing mounted or swapped to is on it",
                "no disk can be on a device of its class",
                "nobody has looked which disks are in use",
        },
};

static bool class_in(uint32_t class, const ClassMask *list, size_t n)
{
        FOREACH_ARRAY(c, list, n)
                if ((pci_class_sub(class) & c->mask) == c->class)
                        return true;
        return false;
}

HostUseAnswer host_use_of(const Facts *f, const PciFunction *p, HostUseKind kind)
{
        const bool is_local = class_in(p->class, local, ELEMENTSOF(local));
        const HostUse *uses;
        size_t n;

        uses = host_uses_of(&f->host, p->addr, &n);
        FOREACH_ARRAY(use, uses, n)
                if (use->kind == kind)
                        return (HostUseAnswer){ .used = TRISTATE_YES, .use = use };
        if (class_in(p->class, diskless, ELEMENTSOF(diskless)))
                return (HostUseAnswer){ .used = TRISTATE_NO, .by_class = true };
        FOREACH_ARRAY(u, f->host.unknown, f->host.n_unknown)
                if (u->kind == kind && !(u->remote && is_local))
                        return (HostUseAnswer){ .used = TRISTATE_UNKNOWN, .unknown = u };
        return (HostUseAnswer){ .used = f->host.looked[kind] ? TRISTATE_NO : TRISTATE_UNKNOWN };
}

HostUseAnswer host_use_any(const Facts *f, const PciFunction *p)
{
        HostUseAnswer worst = { .used = TRISTATE_NO };

        for (HostUseKind kind = 0; kind < _HOST_USE_KIND_MAX; kind++) {
                const HostUseAnswer a = host_use_of(f, p, kind);

                if (a.used == TRISTATE_YES)
                        return a;
                if (worst.used == TRISTATE_NO)
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
