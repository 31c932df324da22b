/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <limits.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/pci-access.h"

/*
 * The functions, out of sysfs. Of each there are two links and one file: uevent holds class, ids and driver at once
 * (Linux drivers/pci/pci-driver.c, pci_uevent(); drivers/base/core.c, dev_uevent()), which as attributes are a file
 * each. Saved trees may have only those.
 */

/* Of a kobject (Linux include/linux/kobject.h, UEVENT_BUFFER_SIZE), and some more. */
#define UEVENT_MAX_BYTES 4096U

/* Of NAME_SYS_PCI_DEVICES, below NAME_SYS. */
#define BUS_DIR          "bus/pci/devices"

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
        free(r->function.class_name);
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

/* Where a function stands in sysfs. By the path that the bus's link leads to each look at it saves the way there. */
typedef struct Place {
        int sys_fd;         /* /sys below the root */
        char dir[PATH_MAX]; /* in it */
} Place;

/* "DIRECTORY/NAME" of it, which is too long for no file of the kernel's. */
static const char *place_path(const Place *d, const char *name, char *buf, size_t size)
{
        (void) snprintf(buf, size, "%s/%s", d->dir, name);
        return buf;
}

/* The last component of a link there, owned by the caller; NULL: no such link. 0 or -ENOMEM. */
static int link_base(const Place *d, const char *link, char **ret)
{
        char path[PATH_MAX + NAME_MAX], target[PATH_MAX];
        const char *slash;
        ssize_t n;

        n = readlinkat(d->sys_fd, place_path(d, link, path, sizeof(path)), target, sizeof(target) - 1);
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
static int read_attr(const Place *d, const char *attribute, char *buf, size_t size)
{
        char path[PATH_MAX + NAME_MAX];

        return root_read_attr(d->sys_fd, place_path(d, attribute, path, sizeof(path)), buf, size);
}

/*
 * The attribute that names the methods is there from Linux 5.15 on, and neither is there where there is no way
 * (drivers/pci/pci.c, pci_dev_reset_method_attr_is_visible()).
 */
static int read_reset(const Place *d, char **ret)
{
        char path[PATH_MAX + NAME_MAX], buf[128] = "";
        int r = read_attr(d, "reset_method", buf, sizeof(buf));

        if (r < 0) {
                place_path(d, "reset", path, sizeof(path));
                strcpy(buf, faccessat(d->sys_fd, path, F_OK, 0) >= 0 ? "unnamed" : "");
        }
        *ret = strdup(buf);
        return *ret ? 0 : -ENOMEM;
}

/* The kernel prints a null pointer where none is set (drivers/pci/pci-sysfs.c, driver_override_show()). */
static int read_override(const Place *d, char **ret)
{
        char text[128];

        if (read_attr(d, "driver_override", text, sizeof(text)) < 0 || text[0] == 0 || streq(text, "(null)"))
                return 0;
        return string_copy(text, ret);
}

/* What a closer look at a function shows. 0 or -ENOMEM. */
static int read_details(const Probe *p, const Place *d, Row *row)
{
        PciFunction *f = &row->function;
        int r = probe_wants(p, f->addr) ? read_override(d, &f->driver_override) : 0;

        return r < 0 ? r : read_reset(d, &f->reset);
}

/* The value of "KEY=value" in a text of such lines; owned by the caller. NULL: no such line. 0 or -ENOMEM. */
static int uevent_value(const char *text, const char *key, char **ret)
{
        for (const char *line = text; *line; line = text_next_line(line)) {
                const char *value = startswith(line, key);

                if (!value || *value != '=')
                        continue;
                *ret = strndup(value + 1, strcspn(value + 1, "\n"));
                return *ret ? 0 : -ENOMEM;
        }
        *ret = NULL;
        return 0;
}

/* Class, ids and driver out of the one file that has all. -ENOENT: there is none, or it does not speak of PCI. */
static int read_uevent(const Place *d, PciFunction *f)
{
        _cleanup_free_ char *class = NULL, *id = NULL, *subsystem = NULL;
        char text[UEVENT_MAX_BYTES];
        int r = read_attr(d, "uevent", text, sizeof(text));

        if (r < 0)
                return r;
        r = uevent_value(text, "PCI_CLASS", &class);
        if (r >= 0)
                r = uevent_value(text, "PCI_ID", &id);
        if (r >= 0)
                r = uevent_value(text, "PCI_SUBSYS_ID", &subsystem);
        if (r < 0)
                return r;
        if (!class || !id)
                return -ENOENT;
        r = parse_u32(class, 16, &f->class);
        if (r >= 0)
                r = pci_id_parse(id, &f->id);
        if (r < 0)
                return r;
        f->has_subsystem = subsystem && pci_id_parse(subsystem, &f->subsystem) >= 0;
        return uevent_value(text, "DRIVER", &f->driver);
}

static int read_u16_attr(const Place *d, const char *attribute, uint16_t *ret)
{
        char text[32];
        uint32_t value;
        int r = read_attr(d, attribute, text, sizeof(text));

        if (r >= 0)
                r = parse_u32(text, 0, &value);
        if (r < 0)
                return r;
        if (value > UINT16_MAX)
                return -ERANGE;
        *ret = (uint16_t) value;
        return 0;
}

/* The same out of an attribute each. */
static int read_attributes(const Place *d, PciFunction *f)
{
        char text[32];
        int r = read_attr(d, "class", text, sizeof(text));

        if (r >= 0)
                r = parse_u32(text, 0, &f->class);
        if (r >= 0)
                r = read_u16_attr(d, "vendor", &f->id.vendor);
        if (r >= 0)
                r = read_u16_attr(d, "device", &f->id.device);
        if (r < 0)
                return r;
        f->has_subsystem = read_u16_attr(d, "subsystem_vendor", &f->subsystem.vendor) >= 0 &&
                           read_u16_attr(d, "subsystem_device", &f->subsystem.device) >= 0;
        return link_base(d, "driver", &f->driver);
}

static int read_group_number(const Place *d, PciFunction *f)
{
        _cleanup_free_ char *text = NULL;
        uint32_t group;
        int r = link_base(d, "iommu_group", &text);

        if (text && parse_u32(text, 10, &group) >= 0 && group <= INT32_MAX)
                f->group = (int32_t) group;
        return r;
}

/* By the bus's link to it, which says what is above it as well. */
static int find_place(int sys_fd, const char *name, Row *row, Place *ret)
{
        char target[PATH_MAX];
        const char *below = target;
        ssize_t n;

        ret->sys_fd = sys_fd;
        (void) snprintf(ret->dir, sizeof(ret->dir), BUS_DIR "/%s", name);
        n = readlinkat(sys_fd, ret->dir, target, sizeof(target) - 1);
        if (n < 0) /* EINVAL: a directory, as in a copied tree */
                return errno == EINVAL ? 0 : -errno;
        target[n] = 0;
        if (pci_path_from_sysfs(target, &row->function.path) == -ENOMEM)
                return -ENOMEM;
        parents_of(target, row);
        while (startswith(below, "../"))
                below += strlen("../");
        if (startswith(below, "devices/")) /* else it is no link of the kernel's, and is followed like any other */
                (void) snprintf(ret->dir, sizeof(ret->dir), "%s", below);
        return 0;
}

/* -ENOENT: the function went away while it was read (a virtual function, hot unplug). */
static int read_function(const Probe *p, int sys_fd, const char *name, Row *row)
{
        PciFunction *f = &row->function;
        _cleanup_free_ char *physfn = NULL;
        Place d;
        int r;

        f->group = PCI_GROUP_NONE;
        f->parent = f->behind = f->physfn = PCI_PARENT_NONE;
        f->isolation = (PciIsolation){ .pcie = TRISTATE_UNKNOWN, .acs = TRISTATE_UNKNOWN };

        r = find_place(sys_fd, name, row, &d);
        if (r < 0)
                return r;
        r = read_uevent(&d, f);
        if (r == -ENOENT)
                r = read_attributes(&d, f);
        if (r < 0 && r != -ENOMEM && faccessat(sys_fd, d.dir, F_OK, 0) < 0)
                return -ENOENT;
        if (r < 0)
                return r == -ENOENT ? -EIO : r; /* it is there, and does not say what it is */

        /* beside a function that is looked at closer, a virtual one is to be told from one of its card */
        r = link_base(&d, "physfn", &physfn);
        if (r < 0)
                return r;
        row->has_physfn = physfn && pci_addr_parse(physfn, &row->physfn) >= 0;
        if (!probe_details(p, f->addr))
                return 0;
        r = read_group_number(&d, f);
        return r < 0 ? r : read_details(p, &d, row);
}

static int scan(const Probe *p, DIR *devices, int sys_fd, struct pci_access *names, Rows *ret)
{
        struct dirent *e;

        while (errno = 0, (e = readdir(devices))) {
                PciAddr addr;
                Row *row;
                int r;

                if (pci_addr_parse(e->d_name, &addr) < 0)
                        continue;
                row = array_grow(&ret->rows, ret->n);
                if (!row)
                        return -ENOMEM;
                ret->n++;
                row->function.addr = addr;
                r = read_function(p, sys_fd, e->d_name, row);
                if (r >= 0 && names)
                        r = pci_access_name(names, row->function.id, &row->function.name);
                if (r >= 0 && names)
                        r = pci_access_class_name(names, row->function.class, &row->function.class_name);
                if (r == -ENOENT || r == -ENODEV) {
                        row_done(row);
                        ret->n--;
                } else if (r < 0)
                        return r;
        }
        return errno > 0 ? -errno : 0;
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
 * kernel lists those; in a saved tree that does not have the lists each function is asked.
 */
static int complete_groups(const Probe *p, int sys_fd, Facts *f)
{
        int r = p->functions ? 0 : read_members(p, f);

        if (r == 0 || r == -ENOMEM)
                return r;
        r = 0;
        for (size_t i = 0; r >= 0 && i < f->n_functions; i++) {
                Place d = { .sys_fd = sys_fd };

                (void) snprintf(d.dir, sizeof(d.dir), BUS_DIR "/%s", PCI_ADDR_TEXT(f->functions[i].addr));
                r = read_group_number(&d, f->functions + i);
        }
        return r;
}

int probe_pci(const Probe *p, Facts *f)
{
        _cleanup_close_ int bus_fd = -EBADF, sys_fd = -EBADF;
        _cleanup_closedir_ DIR *devices = NULL;
        _cleanup_(pci_access_freep) struct pci_access *names = NULL;
        _cleanup_(rows_done) Rows rows = {};
        int r;

        bus_fd = root_open(p->rfd, NAME_SYS_BUS_PCI, O_PATH | O_DIRECTORY);
        if (bus_fd < 0) {
                /* A kernel that shows other buses and not this one has no PCI. */
                if (bus_fd == -ENOENT && probe_exists(p->rfd, NAME_SYS_BUS) == TRISTATE_YES)
                        f->pci = TRISTATE_NO;
                return 0;
        }
        sys_fd = root_open(p->rfd, NAME_SYS, O_PATH | O_DIRECTORY);
        r = sys_fd < 0 ? sys_fd : root_open_dir(sys_fd, BUS_DIR, &devices);
        if (r < 0)
                return probe_soft(r);
        /* without it functions have no names, which is no reason to be without functions */
        r = p->functions ? probe_soft(pci_access_new(bus_fd, &names)) : 0;
        if (r >= 0)
                r = scan(p, devices, sys_fd, names, &rows);
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
                if (f->functions[i].physfn != PCI_PARENT_NONE) /* each stands on the bus as long as it is switched on */
                        f->functions[f->functions[i].physfn].has_virtual = true;
        }
        forget_resets(p, f);
        return complete_groups(p, sys_fd, f);
}
