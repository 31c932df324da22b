/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host-use.h"

/* Could a function of this class have such a thing on it? */
static bool could_carry(HostUseKind kind, const PciFunction *p)
{
        return kind == HOST_USE_STORAGE && pci_class_base(p->class) == CLASS_STORAGE;
}

HostUseAnswer host_use_of(const Facts *f, const PciFunction *p, HostUseKind kind)
{
        size_t n;
        const HostUse *uses = host_uses_of(&f->host, p->addr, &n);

        FOREACH_ARRAY(use, uses, n)
                if (use->kind == kind)
                        return (HostUseAnswer){ .used = TRISTATE_YES, .use = use };
        if (f->host.known[kind] != TRISTATE_YES && could_carry(kind, p))
                return (HostUseAnswer){ .used = TRISTATE_UNKNOWN };
        return (HostUseAnswer){ .used = TRISTATE_NO };
}
