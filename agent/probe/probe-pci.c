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
 * two functions below; nothing that is owned is declared between setjmp() and the calls it guards.
 *
 * Config space is never read: that costs milliseconds a function in a guest, and sysfs has all that is asked here.
 * libpci finds the functions and their ids; links are read here, each with one system call.
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

static int guarded_fill(struct pci_dev *dev)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        (void) pci_fill_info(dev, PCI_FILL_IDENT);
        return 0;
}

static void access_freep(struct pci_access **access)
{
        if (*access)
                pci_cleanup(*access);
}

/* A function as it is being read; the parent's address becomes an index when all are known. */
typedef struct Row {
        PciFunction function;
        PciAddr parent;
        bool has_parent;
} Row;

typedef struct Rows {
        Row *rows;
        size_t n;
} Rows;

static void rows_done(Rows *r)
{
        FOREACH_ARRAY(i, r->rows, r->n) {
                free(i->function.driver);
                free(i->function.driver_override);
                free(i->function.path);
        }
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

/* The function one component up: the bridge that leads here. */
static bool parent_of(const char *target, PciAddr *ret)
{
        const char *end = strrchr(target, '/'), *start = end;
        char text[PCI_ADDR_TEXT_MAX];

        while (start && start > target && start[-1] != '/')
                start--;
        if (!start || (size_t) (end - start) >= sizeof(text))
                return false;
        memcpy(text, start, (size_t) (end - start));
        text[end - start] = 0;
        /* The short form of an address has one colon, the name of a host bridge (pci0000:00) too. */
        return strchr(text, ':') != strrchr(text, ':') && pci_addr_parse(text, ret) >= 0;
}

/* -ENOENT: the function went away while it was read (a virtual function, hot unplug). */
static int read_function(const Probe *p, int dfd, struct pci_dev *dev, Row *row)
{
        PciFunction *f = &row->function;
        char name[PCI_ADDR_TEXT_MAX],
                path[sizeof(NAME_SYS_PCI_DEVICES "/") + PCI_ADDR_TEXT_MAX + sizeof("driver_override")];
        char attr[32], override[128], buf[PATH_MAX];
        _cleanup_free_ char *group_text = NULL;
        uint32_t group;
        ssize_t n;
        int r;

        f->addr =
                (PciAddr){ .domain = (uint32_t) dev->domain, .bus = dev->bus, .slot = dev->dev, .function = dev->func };
        f->group = PCI_GROUP_NONE;
        f->parent = PCI_PARENT_NONE;
        (void) pci_addr_format(f->addr, name);

        n = readlinkat(dfd, name, buf, sizeof(buf) - 1);
        if (n < 0 && errno != EINVAL) /* EINVAL: a folder, as in a copied tree */
                return -errno;
        if (n > 0) {
                buf[n] = 0;
                r = pci_path_from_sysfs(buf, &f->path);
                if (r == -ENOMEM)
                        return r;
                row->has_parent = parent_of(buf, &row->parent);
        }
        r = guarded_fill(dev);
        if (r < 0)
                return faccessat(dfd, name, F_OK, 0) < 0 ? -ENOENT : r;
        f->id = (PciId){ .vendor = dev->vendor_id, .device = dev->device_id };

        (void) snprintf(path, sizeof(path), NAME_SYS_PCI_DEVICES "/%s/class", name);
        r = root_read_attr(p->rfd, path, attr, sizeof(attr));
        if (r >= 0)
                r = parse_u32(attr, 0, &f->class);
        if (r < 0)
                return r;

        r = link_base(dfd, name, "driver", &f->driver);
        if (r >= 0)
                r = link_base(dfd, name, "iommu_group", &group_text);
        if (r < 0)
                return r;
        if (group_text && parse_u32(group_text, 10, &group) >= 0 && group <= INT32_MAX)
                f->group = (int32_t) group;

        if (!probe_wants(p->cfg, f->addr))
                return 0;
        (void) snprintf(path, sizeof(path), NAME_SYS_PCI_DEVICES "/%s/driver_override", name);
        /* The kernel prints a null pointer where none is set (Linux drivers/pci/pci-sysfs.c, driver_override_show()).
         */
        r = root_read_attr(p->rfd, path, override, sizeof(override));
        if (r >= 0 && override[0] != 0 && !streq(override, "(null)")) {
                f->driver_override = strdup(override);
                if (!f->driver_override)
                        return -ENOMEM;
        }
        return 0;
}

static int scan(const Probe *p, int bus_fd, int dfd, Rows *ret)
{
        _cleanup_(access_freep) struct pci_access *access = pci_alloc();
        char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)], parameter[] = "sysfs.path";
        int r;

        access->method = PCI_ACCESS_SYS_BUS_PCI;
        access->error = on_error;
        access->warning = on_message;
        access->debug = on_message;
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", bus_fd);
        if (pci_set_param(access, parameter, path) < 0)
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
                if (r == -ENOENT || r == -ENODEV) {
                        free(row->function.path);
                        free(row->function.driver);
                        ret->n--;
                } else if (r < 0)
                        return r;
        }
        return 0;
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
                const PciFunction *parent = rows.rows[i].has_parent ? facts_function(f, rows.rows[i].parent) : NULL;

                if (parent)
                        f->functions[i].parent = (size_t) (parent - f->functions);
        }
        return 0;
}
