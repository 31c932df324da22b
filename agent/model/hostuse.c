/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostuse.h"

#include "table.h"

static const char *const host_use_kind_table[_HOST_USE_KIND_MAX] = {
        [HOST_USE_BOOT_DISK] = "boot-disk", [HOST_USE_STORAGE] = "storage",   [HOST_USE_NETWORK] = "network",
        [HOST_USE_DISPLAY] = "display",     [HOST_USE_KEYBOARD] = "keyboard", [HOST_USE_CONSOLE] = "console",
};

DEFINE_STRING_TABLE(host_use_kind, HostUseKind)

void host_uses_done(HostUses *u)
{
        FOREACH_ARRAY(i, u->items, u->n)
                string_list_done(&i->chain);
        free(u->items);
        FOREACH_ARRAY(i, u->unknown, u->n_unknown)
                free(i->what);
        free(u->unknown);
        *u = (HostUses){};
}

/* The first use of a function that is not before this one. */
static size_t lower_bound(const HostUses *u, PciAddr addr)
{
        size_t low = 0, high = u->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (pci_addr_compare(u->items[middle].addr, addr) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static bool same_way(const StringList *a, const StringList *b)
{
        if (a->n != b->n)
                return false;
        for (size_t i = 1; i < a->n; i++)
                if (!streq(a->items[i], b->items[i]))
                        return false;
        return true;
}

static int add(HostUses *u, const HostUse *use, StringList *chain)
{
        _cleanup_(string_list_done) StringList taken = *chain;
        size_t at = lower_bound(u, use->addr);

        *chain = (StringList){};
        for (; at < u->n && pci_addr_equal(u->items[at].addr, use->addr); at++)
                if (u->items[at].kind == use->kind && streq(u->items[at].what, use->what) &&
                    same_way(&u->items[at].chain, &taken)) {
                        u->items[at].spared &= use->spared;
                        return 0;
                }
        if (!array_grow(&u->items, u->n))
                return -ENOMEM;
        memmove(u->items + at + 1, u->items + at, (u->n - at) * sizeof(*u->items));
        u->items[at] = *use;
        u->items[at].chain = taken;
        taken = (StringList){};
        u->n++;
        return 0;
}

int host_use_add(HostUses *u, HostUseKind kind, PciAddr addr, const char *what, StringList *chain)
{
        return add(u, &(HostUse){ .kind = kind, .addr = addr, .what = what }, chain);
}

int host_use_add_spared(HostUses *u, HostUseKind kind, PciAddr addr, const char *what, StringList *chain)
{
        return add(u, &(HostUse){ .kind = kind, .addr = addr, .what = what, .spared = true }, chain);
}

int host_unknown_add(HostUses *l, HostUnknown *u)
{
        _cleanup_free_ char *what = TAKE_PTR(u->what);
        HostUnknown *slot;

        FOREACH_ARRAY(i, l->unknown, l->n_unknown)
                if (i->kind == u->kind && streq(i->what, what) && i->one == u->one &&
                    (!u->one || pci_addr_equal(i->addr, u->addr)))
                        return 0;
        slot = array_grow(&l->unknown, l->n_unknown);
        if (!slot)
                return -ENOMEM;
        *slot = *u;
        slot->what = TAKE_PTR(what);
        l->n_unknown++;
        return 0;
}

char *host_use_chain(const HostUse *u)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        FOREACH_ARRAY(piece, u->chain.items, u->chain.n)
                fprintf(f, "%s on ", *piece);
        fputs(PCI_ADDR_TEXT(u->addr), f);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

const HostUse *host_uses_of(const HostUses *u, PciAddr addr, size_t *ret_n)
{
        size_t first = lower_bound(u, addr), end = first;

        while (end < u->n && pci_addr_equal(u->items[end].addr, addr))
                end++;
        *ret_n = end - first;
        return end > first ? u->items + first : NULL;
}
