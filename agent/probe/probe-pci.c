/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/pci-access.h"
#include "probe/pci-function.h"

/* The addresses of the bus, sorted. */
typedef struct Addresses {
        PciAddr *items;
        size_t n;
} Addresses;

static void addresses_done(Addresses *a)
{
        free(a->items);
}

static int compare_addresses(const void *a, const void *b)
{
        return pci_addr_compare(*(const PciAddr *) a, *(const PciAddr *) b);
}

static int add_address(void *userdata, const char *name)
{
        Addresses *a = userdata;
        PciAddr addr, *slot;

        if (pci_addr_parse(name, &addr) < 0)
                return 0;
        slot = array_grow(&a->items, a->n);
        if (!slot)
                return -ENOMEM;
        *slot = addr;
        a->n++;
        return 0;
}

static int list_addresses(int devices_fd, Addresses *ret)
{
        int r = directory_each(devices_fd, add_address, ret);

        if (r >= 0 && ret->n > 0)
                qsort(ret->items, ret->n, sizeof(*ret->items), compare_addresses);
        return r;
}

/* @links: of each function. Those that went away meanwhile are left out. */
static int scan(const Probe *p, int sys_fd, int bus_fd, const Addresses *addresses, Facts *f, PciLinks *links)
{
        PciPlace place = { .sys_fd = sys_fd, .bus_fd = bus_fd };

        FOREACH_ARRAY(addr, addresses->items, addresses->n) {
                PciFunction *function = f->functions + f->n_functions;
                int r;

                function->addr = *addr;
                links[f->n_functions] = (PciLinks){};
                r = pci_function_read(p, function, links + f->n_functions, &place);
                if (r == -ENOENT || r == -ENODEV) {
                        pci_function_done(function);
                        continue;
                }
                f->n_functions++; /* with what could be read of it, to be released */
                if (r < 0)
                        return r;
        }
        return 0;
}

static void forget_functions(Facts *f)
{
        FOREACH_ARRAY(i, f->functions, f->n_functions)
                pci_function_done(i);
        free(f->functions);
        f->functions = NULL;
        f->n_functions = 0;
}

/* @before: the function in front of it, which often is another one of the same card; NULL: none. 0 or -ENOMEM. */
static int name_function(struct pci_access *access, const PciFunction *before, PciFunction *f)
{
        int r;

        if (f->unread)
                return 0;
        r = before && pci_id_equal(before->id, f->id) ? string_copy(before->name, &f->name)
                                                      : pci_access_name(access, f->id, &f->name);
        if (r < 0)
                return r;
        return before && before->class == f->class ? string_copy(before->class_name, &f->class_name)
                                                   : pci_access_class_name(access, f->class, &f->class_name);
}

/* Ids and classes in words. Functions without names are functions all the same: 0 or -ENOMEM. */
static int read_names(int bus_fd, Facts *f)
{
        _cleanup_(pci_access_freep) struct pci_access *access = NULL;
        _cleanup_free_ PciId *ids = calloc(f->n_functions + 1, sizeof(*ids));
        int r;

        if (!ids)
                return -ENOMEM;
        for (size_t i = 0; i < f->n_functions; i++)
                ids[i] = f->functions[i].id;
        r = pci_access_new(bus_fd, &access);
        if (r < 0)
                return probe_soft(r);
        r = pci_access_reduce_names(access, ids, f->n_functions);
        for (size_t i = 0; r >= 0 && i < f->n_functions; i++)
                r = name_function(access, i > 0 ? f->functions + i - 1 : NULL, f->functions + i);
        return r;
}

/* As facts_function(), to be filled. */
static PciFunction *function_at(Facts *f, PciAddr a)
{
        const PciFunction *found = facts_function(f, a);

        return found ? f->functions + (found - f->functions) : NULL;
}

/* Links between functions, which are known when all are there. */
static size_t index_of(const Facts *f, bool known, PciAddr a)
{
        const PciFunction *other = known ? facts_function(f, a) : NULL;

        return other ? (size_t) (other - f->functions) : PCI_PARENT_NONE;
}

static void resolve(Facts *f, const PciLinks *links)
{
        for (size_t i = 0; i < f->n_functions; i++) {
                PciFunction *function = f->functions + i;

                function->parent = index_of(f, links[i].has_parent, links[i].parent);
                function->behind = index_of(f, links[i].has_behind, links[i].behind);
                function->physfn = index_of(f, links[i].has_physfn, links[i].physfn);
                if (function->physfn != PCI_PARENT_NONE) /* each stands on the bus as long as it is switched on */
                        f->functions[function->physfn].has_virtual = true;
        }
}

/* In a saved tree, or before Linux 5.15 without root, that no function has such an attribute says nothing. */
static void forget_resets(const Probe *p, Facts *f)
{
        if (p->live)
                return;
        FOREACH_ARRAY(i, f->functions, f->n_functions)
                if (i->reset && i->reset[0] != 0)
                        return;
        FOREACH_ARRAY(i, f->functions, f->n_functions) {
                free(i->reset);
                i->reset = NULL;
        }
}

/* The members of the groups of wanted devices, as the kernel lists them. Returns 0; -ENOENT: one list is not there. */
static int read_members(const Probe *p, Facts *f)
{
        int32_t last = PCI_GROUP_NONE;

        FOREACH_ARRAY(i, f->functions, f->n_functions) {
                char path[sizeof(NAME_SYS_IOMMU_GROUPS "//devices") + 3 * sizeof(int)];
                _cleanup_(string_list_done) StringList names = {};
                int r;

                if (i->group == PCI_GROUP_NONE || i->group == last || !probe_wants(p, i->addr))
                        continue;
                last = i->group;
                (void) snprintf(path, sizeof(path), NAME_SYS_IOMMU_GROUPS "/%d/devices", i->group);
                r = root_list(p->rfd, path, NULL, &names);
                if (r < 0)
                        return r;
                if (!string_list_contains(&names, PCI_ADDR_TEXT(i->addr)))
                        return -ENOENT;
                FOREACH_ARRAY(name, names.items, names.n) {
                        PciAddr addr;
                        PciFunction *member;

                        if (pci_addr_parse(*name, &addr) < 0)
                                continue;
                        member = function_at(f, addr);
                        if (member)
                                member->group = i->group;
                }
        }
        return 0;
}

/*
 * Which group a function is in that nobody has asked for matters only where it is in one with a wanted device. The
 * kernel lists those; in a saved tree that does not have the lists each function is asked, and where virtual functions
 * are wanted, whose addresses nobody knows yet.
 */
static int complete_groups(const Probe *p, int sys_fd, Facts *f)
{
        const int r = p->functions ? 0 : p->cfg->n_makers > 0 ? -ENOENT : read_members(p, f);

        if (r == 0 || r == -ENOMEM)
                return r;
        for (size_t i = 0; i < f->n_functions; i++)
                pci_function_read_group(sys_fd, f->functions + i);
        return 0;
}

/* A wanted device that is not there may be a virtual function that something makes later in the boot: who could? */
static void read_makers(const Probe *p, int sys_fd, Facts *f)
{
        FOREACH_ARRAY(w, p->wanted, p->n_wanted)
                FOREACH_ARRAY(i, f->functions, facts_function(f, *w) ? 0 : f->n_functions)
                        if (!i->can_virtual && i->addr.domain == w->domain && i->addr.bus == w->bus)
                                i->can_virtual = pci_function_can_virtual(sys_fd, i->addr);
}

int probe_pci(const Probe *p, Facts *f)
{
        _cleanup_close_ int bus_fd = -EBADF, sys_fd = -EBADF, devices_fd = -EBADF;
        _cleanup_(addresses_done) Addresses addresses = {};
        _cleanup_free_ PciLinks *links = NULL;
        int r;

        bus_fd = root_open(p->rfd, NAME_SYS_BUS_PCI, O_PATH | O_DIRECTORY);
        if (bus_fd < 0) {
                /* A kernel that shows other buses and not this one has no PCI. */
                if (bus_fd == -ENOENT && probe_exists(p->rfd, NAME_SYS_BUS) == TRISTATE_YES)
                        f->pci = TRISTATE_NO;
                return 0;
        }
        sys_fd = root_open(p->rfd, NAME_SYS, O_PATH | O_DIRECTORY);
        devices_fd = sys_fd < 0 ? sys_fd : root_open(sys_fd, PCI_BUS_DEVICES, O_RDONLY | O_DIRECTORY);
        r = devices_fd < 0 ? devices_fd : list_addresses(devices_fd, &addresses);
        if (r < 0)
                return probe_soft(r);
        links = calloc(addresses.n + 1, sizeof(*links));
        f->functions = calloc(addresses.n + 1, sizeof(*f->functions));
        if (!links || !f->functions)
                return -ENOMEM;
        r = scan(p, sys_fd, devices_fd, &addresses, f, links);
        if (r < 0) {
                forget_functions(f);
                return probe_soft(r);
        }
        f->pci = TRISTATE_YES;
        resolve(f, links);
        read_makers(p, sys_fd, f);
        forget_resets(p, f);
        r = p->functions ? read_names(bus_fd, f) : 0;
        return r < 0 ? r : complete_groups(p, sys_fd, f);
}
