/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <limits.h>
#include <pci/pci.h>
#include <setjmp.h>

#include "base/io.h"
#include "base/parse.h"
#include "model/names.h"

/*
 * The only caller of libpci. Its error hook must never return, and by default ends the process, so it jumps back to the
 * functions below that are named guarded; nothing that is owned is declared between setjmp() and the calls it guards.
 *
 * libpci finds the functions and their ids; links are read here, each with one system call. Config space costs
 * milliseconds a function in a guest: it is read only by probe_acs(), and only of what has to explain a shared group.
 */

static jmp_buf pci_border;

static void _printf_(1, 2) __attribute__((noreturn)) on_error(char *message, ...)
{
        (void) message;
        longjmp(pci_border, 1);
}

static void _printf_(1, 2) on_message(char *message, ...)
{
        (void) message;
}

static int guarded_scan(struct pci_access *access)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        pci_init(access);
        pci_scan_bus(access);
        return 0;
}

static int guarded_init(struct pci_access *access)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        pci_init(access);
        return 0;
}

static int guarded_fill(struct pci_dev *dev)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        (void) pci_fill_info(dev, PCI_FILL_IDENT);
        return 0;
}

/* Finds out what the function does to keep others apart; needs root for more than the first 64 bytes. */
static int guarded_isolation(struct pci_dev *dev, PciIsolation *ret)
{
        const struct pci_cap *cap;

        if (setjmp(pci_border) != 0)
                return -EIO;
        if ((pci_fill_info(dev, PCI_FILL_CAPS | PCI_FILL_EXT_CAPS) & PCI_FILL_EXT_CAPS) == 0)
                return -EIO;
        if (!dev->first_cap) /* no list at all: too little of it could be read, or a bridge of the nineties */
                return -ENODATA;
        cap = pci_find_cap(dev, PCI_CAP_ID_EXP, PCI_CAP_NORMAL);
        ret->pcie = cap ? TRISTATE_YES : TRISTATE_NO;
        if (cap)
                ret->type = (uint8_t) ((pci_read_word(dev, (int) cap->addr + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >> 4);
        cap = pci_find_cap(dev, PCI_EXT_CAP_ID_ACS, PCI_CAP_EXTENDED);
        ret->acs = cap ? TRISTATE_YES : TRISTATE_NO;
        if (cap) {
                ret->capability = pci_read_word(dev, (int) cap->addr + PCI_ACS_CAP);
                ret->control = pci_read_word(dev, (int) cap->addr + PCI_ACS_CTRL);
        }
        return 0;
}

static int guarded_name(struct pci_access *access, struct pci_dev *dev, char *buf, size_t size)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        return pci_lookup_name(access, buf, (int) size, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, dev->vendor_id,
                               dev->device_id)
                       ? 0
                       : -ENOENT;
}

static void access_freep(struct pci_access **access)
{
        if (*access)
                pci_cleanup(*access);
}

/* A function as it is being read; the parent's address becomes an index when all are known. */
typedef struct Row {
        PciFunction function;
        PciAddr parent, behind, physfn;
        bool has_parent, has_behind, has_physfn;
} Row;

static void row_done(Row *r)
{
        free(r->function.driver);
        free(r->function.driver_override);
        free(r->function.path);
        free(r->function.reset);
        free(r->function.name);
}

typedef struct Rows {
        Row *rows;
        size_t n;
} Rows;

static void rows_done(Rows *r)
{
        FOREACH_ARRAY(i, r->rows, r->n)
                row_done(i);
        free(r->rows);
        *r = (Rows){};
}

static int compare_rows(const void *a, const void *b)
{
        return pci_addr_compare(((const Row *) a)->function.addr, ((const Row *) b)->function.addr);
}

/* The last component of a link in the devices folder, owned by the caller; NULL: no such link. 0 or -ENOMEM. */
static int link_base(int dfd, const char *name, const char *link, char **ret)
{
        char path[PCI_ADDR_TEXT_MAX + sizeof("/iommu_group")], target[PATH_MAX];
        const char *slash;
        ssize_t n;

        (void) snprintf(path, sizeof(path), "%s/%s", name, link);
        n = readlinkat(dfd, path, target, sizeof(target) - 1);
        if (n <= 0)
                return 0;
        target[n] = 0;
        slash = strrchr(target, '/');
        *ret = strdup(slash ? slash + 1 : target);
        return *ret ? 0 : -ENOMEM;
}

/* The component of a path before "end", which points to a slash; NULL at its start. */
static const char *component_before(const char *path, const char *end)
{
        const char *start = end;

        while (start > path && start[-1] != '/')
                start--;
        return start < end ? start : NULL;
}

/* The short form of an address has one colon, the name of a host bridge (pci0000:00) too. */
static bool parse_component(const char *start, const char *end, PciAddr *ret)
{
        char text[PCI_ADDR_TEXT_MAX];

        if (!start || (size_t) (end - start) >= sizeof(text))
                return false;
        memcpy(text, start, (size_t) (end - start));
        text[end - start] = 0;
        return strchr(text, ':') != strrchr(text, ':') && pci_addr_parse(text, ret) >= 0;
}

/*
 * The function one component up is the bridge that leads here. Where that is a host bridge and a function comes before
 * it, that function makes the bus: a Volume Management Device.
 */
static void parents_of(const char *target, Row *row)
{
        const char *end = strrchr(target, '/'), *start = end ? component_before(target, end) : NULL;

        row->has_parent = parse_component(start, end, &row->parent);
        if (row->has_parent || !start || start == target)
                return;
        end = start - 1;
        row->has_behind = parse_component(component_before(target, end), end, &row->behind);
}

/* An attribute of a function; as root_read_attr(). */
static int read_attr(const Probe *p, const char *name, const char *attribute, char *buf, size_t size)
{
        char path[sizeof(NAME_SYS_PCI_DEVICES "/") + PCI_ADDR_TEXT_MAX + 32];

        (void) snprintf(path, sizeof(path), NAME_SYS_PCI_DEVICES "/%s/%s", name, attribute);
        return root_read_attr(p->rfd, path, buf, size);
}

/*
 * The attribute that names the methods is there from Linux 5.15 on, and neither is there where there is no way
 * (drivers/pci/pci.c, pci_dev_reset_method_attr_is_visible()).
 */
static int read_reset(const Probe *p, int dfd, const char *name, char **ret)
{
        char path[PCI_ADDR_TEXT_MAX + sizeof("/reset")], buf[128] = "";
        int r = read_attr(p, name, "reset_method", buf, sizeof(buf));

        if (r < 0) {
                (void) snprintf(path, sizeof(path), "%s/reset", name);
                strcpy(buf, faccessat(dfd, path, F_OK, 0) >= 0 ? "unnamed" : "");
        }
        *ret = strdup(buf);
        return *ret ? 0 : -ENOMEM;
}

/* What a closer look at a function shows. 0 or -ENOMEM. */
static int read_details(const Probe *p, int dfd, const char *name, Row *row)
{
        _cleanup_free_ char *virtfn = NULL;
        PciFunction *f = &row->function;
        char override[128];
        int r;

        /* The kernel prints a null pointer where none is set (drivers/pci/pci-sysfs.c, driver_override_show()). */
        r = read_attr(p, name, "driver_override", override, sizeof(override));
        if (r >= 0 && override[0] != 0 && !streq(override, "(null)")) {
                f->driver_override = strdup(override);
                if (!f->driver_override)
                        return -ENOMEM;
        }
        r = read_reset(p, dfd, name, &f->reset);
        if (r >= 0)
                r = link_base(dfd, name, "virtfn0", &virtfn);
        if (r < 0)
                return r;
        f->has_virtual = virtfn != NULL;
        return 0;
}

/* -ENOENT: the function went away while it was read (a virtual function, hot unplug). */
static int read_function(const Probe *p, int dfd, struct pci_dev *dev, Row *row)
{
        PciFunction *f = &row->function;
        char name[PCI_ADDR_TEXT_MAX], attr[32], buf[PATH_MAX];
        _cleanup_free_ char *group_text = NULL, *physfn = NULL;
        uint32_t group;
        ssize_t n;
        int r;

        f->addr =
                (PciAddr){ .domain = (uint32_t) dev->domain, .bus = dev->bus, .slot = dev->dev, .function = dev->func };
        f->group = PCI_GROUP_NONE;
        f->parent = f->behind = f->physfn = PCI_PARENT_NONE;
        f->isolation = (PciIsolation){ .pcie = TRISTATE_UNKNOWN, .acs = TRISTATE_UNKNOWN };
        (void) pci_addr_format(f->addr, name);

        n = readlinkat(dfd, name, buf, sizeof(buf) - 1);
        if (n < 0 && errno != EINVAL) /* EINVAL: a folder, as in a copied tree */
                return -errno;
        if (n > 0) {
                buf[n] = 0;
                r = pci_path_from_sysfs(buf, &f->path);
                if (r == -ENOMEM)
                        return r;
                parents_of(buf, row);
        }
        r = guarded_fill(dev);
        if (r < 0)
                return faccessat(dfd, name, F_OK, 0) < 0 ? -ENOENT : r;
        f->id = (PciId){ .vendor = dev->vendor_id, .device = dev->device_id };

        r = read_attr(p, name, "class", attr, sizeof(attr));
        if (r >= 0)
                r = parse_u32(attr, 0, &f->class);
        if (r < 0)
                return r;

        r = link_base(dfd, name, "driver", &f->driver);
        if (r >= 0)
                r = link_base(dfd, name, "iommu_group", &group_text);
        if (r >= 0) /* beside a function that is looked at closer, a virtual one is to be told from one of its card */
                r = link_base(dfd, name, "physfn", &physfn);
        if (r < 0)
                return r;
        row->has_physfn = physfn && pci_addr_parse(physfn, &row->physfn) >= 0;
        if (group_text && parse_u32(group_text, 10, &group) >= 0 && group <= INT32_MAX)
                f->group = (int32_t) group;

        return probe_details(p, f->addr) ? read_details(p, dfd, name, row) : 0;
}

/* Names in words, from the pci.ids of the system that ptprep runs on. */
static int read_name(struct pci_access *access, struct pci_dev *dev, PciFunction *f)
{
        char buf[256];

        if (guarded_name(access, dev, buf, sizeof(buf)) < 0)
                return 0;
        f->name = strdup(buf);
        return f->name ? 0 : -ENOMEM;
}

/* An access that looks below a root; NULL: this libpci has no such parameter. */
static struct pci_access *access_new(int bus_fd)
{
        struct pci_access *access = pci_alloc();
        char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)], parameter[] = "sysfs.path";

        access->method = PCI_ACCESS_SYS_BUS_PCI;
        access->error = on_error;
        access->warning = on_message;
        access->debug = on_message;
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", bus_fd);
        if (pci_set_param(access, parameter, path) < 0) {
                pci_cleanup(access);
                return NULL;
        }
        return access;
}

static int scan(const Probe *p, int bus_fd, int dfd, Rows *ret)
{
        _cleanup_(access_freep) struct pci_access *access = access_new(bus_fd);
        int r;

        if (!access)
                return -ENOTSUP;
        r = guarded_scan(access);
        if (r < 0)
                return r;
        for (struct pci_dev *dev = access->devices; dev; dev = dev->next) {
                Row *row = array_grow(&ret->rows, ret->n);

                if (!row)
                        return -ENOMEM;
                ret->n++;
                r = read_function(p, dfd, dev, row);
                if (r >= 0 && p->functions)
                        r = read_name(access, dev, &row->function);
                if (r == -ENOENT || r == -ENODEV) {
                        row_done(row);
                        ret->n--;
                } else if (r < 0)
                        return r;
        }
        return 0;
}

/* Links between functions, which are known when all are there. */
static size_t index_of(const Facts *f, bool known, PciAddr a)
{
        const PciFunction *other = known ? facts_function(f, a) : NULL;

        return other ? (size_t) (other - f->functions) : PCI_PARENT_NONE;
}

/* In a saved tree, or before Linux 5.15 without root, that no function has such an attribute says nothing. */
static void settle_resets(const Probe *p, Facts *f)
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

int probe_pci(const Probe *p, Facts *f)
{
        _cleanup_close_ int bus_fd = -EBADF, dfd = -EBADF;
        _cleanup_(rows_done) Rows rows = {};
        int r;

        bus_fd = root_open(p->rfd, NAME_SYS_BUS_PCI, O_PATH | O_DIRECTORY);
        if (bus_fd < 0) {
                /* A kernel that shows other buses and not this one has no PCI. */
                if (bus_fd == -ENOENT && probe_exists(p->rfd, NAME_SYS_BUS) == TRISTATE_YES)
                        f->pci = TRISTATE_NO;
                return 0;
        }
        dfd = root_open(p->rfd, NAME_SYS_PCI_DEVICES, O_PATH | O_DIRECTORY);
        if (dfd < 0)
                return 0;
        r = scan(p, bus_fd, dfd, &rows);
        if (r < 0)
                return probe_soft(r);

        f->pci = TRISTATE_YES;
        if (rows.n == 0)
                return 0;
        f->functions = calloc(rows.n, sizeof(*f->functions));
        if (!f->functions)
                return -ENOMEM;
        qsort(rows.rows, rows.n, sizeof(*rows.rows), compare_rows);
        FOREACH_ARRAY(row, rows.rows, rows.n) {
                f->functions[f->n_functions++] = row->function;
                row->function = (PciFunction){}; /* owned by the facts now */
        }
        for (size_t i = 0; i < rows.n; i++) {
                f->functions[i].parent = index_of(f, rows.rows[i].has_parent, rows.rows[i].parent);
                f->functions[i].behind = index_of(f, rows.rows[i].has_behind, rows.rows[i].behind);
                f->functions[i].physfn = index_of(f, rows.rows[i].has_physfn, rows.rows[i].physfn);
        }
        settle_resets(p, f);
        return 0;
}

/* How many functions that are no bridges a group has; indexed like Facts.groups. NULL when memory is short. */
static size_t *count_members(const Facts *f)
{
        size_t *n = calloc(f->n_known_groups + 1, sizeof(*n));

        if (!n)
                return NULL;
        FOREACH_ARRAY(i, f->functions, f->n_functions) {
                const IommuGroup *g = pci_is_bridge(i) ? NULL : facts_group(f, i->group);

                if (g)
                        n[g - f->groups]++;
        }
        return n;
}

static void read_isolation(struct pci_access *access, PciFunction *f)
{
        struct pci_dev *dev = pci_get_dev(access, (int) f->addr.domain, f->addr.bus, f->addr.slot, f->addr.function);
        PciIsolation isolation = f->isolation;

        if (guarded_isolation(dev, &isolation) >= 0)
                f->isolation = isolation;
        pci_free_dev(dev);
}

/* Reading state of probe_acs(). */
typedef struct Isolations {
        int bus_fd;
        struct pci_access *access; /* NULL: nothing was read yet */
        bool *seen;                /* indexed as Facts.functions */
} Isolations;

static void isolations_done(Isolations *s)
{
        access_freep(&s->access);
        free(s->seen);
}

/* A function once. Returns 0, or -EIO: libpci is of no use here. */
static int isolations_read(Isolations *s, Facts *f, size_t i)
{
        if (s->seen[i])
                return 0;
        if (!s->access) {
                s->access = access_new(s->bus_fd);
                if (!s->access || guarded_init(s->access) < 0)
                        return -EIO;
        }
        s->seen[i] = true;
        read_isolation(s->access, f->functions + i);
        return 0;
}

/* All functions of its card, where there are several. */
static int isolations_read_card(Isolations *s, Facts *f, size_t i)
{
        size_t iterator = 0, k;
        int r = 0;

        if (!facts_has_sibling(f, i))
                return 0;
        while (r >= 0 && facts_next_sibling(f, i, &iterator, &k))
                r = isolations_read(s, f, k);
        return r;
}

/* A group that is there only has to be explained: itself where another function of the card could get around it, then
 * the bridges above. One that is to be foretold depends on what stands beside each of them as well. */
static int isolations_read_path(Isolations *s, Facts *f, size_t i, bool foretell)
{
        int r = 0;

        if (!foretell && facts_has_sibling(f, i))
                r = isolations_read(s, f, i);
        for (size_t up = i; r >= 0 && up != PCI_PARENT_NONE; up = f->functions[up].parent) {
                if (up != i)
                        r = isolations_read(s, f, up);
                if (r >= 0 && foretell)
                        r = isolations_read_card(s, f, up);
        }
        return r;
}

int probe_acs(const Probe *p, Facts *f)
{
        _cleanup_close_ int bus_fd = root_open(p->rfd, NAME_SYS_BUS_PCI, O_PATH | O_DIRECTORY);
        _cleanup_(isolations_done) Isolations state = { .bus_fd = bus_fd };
        _cleanup_free_ size_t *members = NULL;
        bool foretell = f->n_groups == 0 && f->n_known_groups == 0;

        if (bus_fd < 0)
                return 0;
        members = count_members(f);
        state.seen = calloc(f->n_functions + 1, sizeof(*state.seen));
        if (!members || !state.seen)
                return -ENOMEM;
        for (size_t i = 0; i < f->n_functions; i++) {
                const IommuGroup *g = facts_group(f, f->functions[i].group);

                if ((!foretell && (!g || members[g - f->groups] < 2)) || !probe_details(p, f->functions[i].addr))
                        continue;
                if (isolations_read_path(&state, f, i, foretell) < 0)
                        return 0; /* nothing is said of groups then */
        }
        return 0;
}
