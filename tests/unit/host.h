/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A prober of what the host lives on, run on a tree, and what it found as text. */

#include "probe/probe.h"
#include "tree.h"

typedef struct HostTest {
        const Tree *tree;
        Facts facts;
        PciAddr wanted[4]; /* in their order */
        size_t n_wanted;
        bool list;         /* of all functions, else of a configuration */
        const char *about; /* only uses of this function are compared; NULL: of all */
} HostTest;

static inline PciAddr address(const char *text)
{
        PciAddr a;

        assert_int_equal(pci_addr_parse(text, &a), 0);
        return a;
}

static inline void host_begin(HostTest *t, const Tree *tree)
{
        *t = (HostTest){ .tree = tree };
        facts_init(&t->facts);
}

/* In the order of addresses. @driver: NULL: none. */
static inline void host_function(HostTest *t, const char *addr, const char *id, uint32_t class, const char *driver)
{
        PciFunction *p = array_grow(&t->facts.functions, t->facts.n_functions);
        char link[64], target[64];

        assert_non_null(p);
        t->facts.n_functions++;
        p->addr = address(addr);
        assert_int_equal(pci_id_parse(id, &p->id), 0);
        p->class = class;
        p->parent = p->behind = p->physfn = PCI_PARENT_NONE;
        p->driver = driver ? strdup(driver) : NULL;
        (void) snprintf(target, sizeof(target), "/sys/devices/pci0000:00/%s", addr);
        (void) snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", addr);
        tree_directory(t->tree, target);
        tree_parent(t->tree, link);
        (void) symlinkat(target, t->tree->rfd, link + 1); /* there from an earlier run */
}

static inline void host_want(HostTest *t, const char *addr)
{
        assert_true(t->n_wanted < ELEMENTSOF(t->wanted));
        t->wanted[t->n_wanted++] = address(addr);
}

static inline void host_cmdline(HostTest *t, const char *text)
{
        t->facts.cmdline_known = true;
        assert_int_equal(kargs_parse(text, &t->facts.cmdline), 0);
}

/* Runs it, and compares "WHAT: CHAIN" a line, spared ones with "told ", with "wait ADDRESS: " or "unknown ADDRESS: ".
 */
static inline void host_expect(HostTest *t, int (*probe)(const Probe *p, Facts *f), HostUseKind kind,
                               const char *expected)
{
        const Config config = { .n_devices = t->list ? 0 : MAX(t->n_wanted, 1U) };
        const Probe p = {
                .rfd = t->tree->rfd, .cfg = &config, .wanted = t->wanted, .n_wanted = t->n_wanted, .functions = t->list
        };
        char text[2048] = "";

        assert_int_equal(probe(&p, &t->facts), 0);
        assert_true(t->facts.host.looked[kind]);
        FOREACH_ARRAY(u, t->facts.host.items, t->facts.host.n) {
                _cleanup_free_ char *chain = host_use_chain(u);

                assert_int_equal(u->kind, kind);
                if (t->about && !pci_addr_equal(u->addr, address(t->about)))
                        continue;
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s: %s\n",
                                u->spared ? "told " : "", u->what, chain);
        }
        FOREACH_ARRAY(u, t->facts.host.unknown, t->facts.host.n_unknown) {
                assert_true(u->kind == kind && u->one);
                if (t->about && !pci_addr_equal(u->addr, address(t->about)))
                        continue;
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s: %s\n",
                                u->waits ? "wait" : "unknown", PCI_ADDR_TEXT(u->addr), u->what);
        }
        assert_string_equal(text, expected);
        facts_done(&t->facts);
}
