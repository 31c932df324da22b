/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/pci-function.h"

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"

/*
 * Class, ids and driver are in one file, uevent (Linux drivers/pci/pci-driver.c, pci_uevent(); drivers/base/core.c,
 * dev_uevent()), which as attributes are a file each. Saved trees may have only those.
 */

/* Of a kobject (Linux include/linux/kobject.h, UEVENT_BUFFER_SIZE), and some more. */
#define UEVENT_MAX_BYTES 4096U

/* "DIRECTORY/NAME" of it, which is too long for no file of the kernel's. */
static const char *place_path(const PciPlace *d, const char *name, char *buf, size_t size)
{
        (void) snprintf(buf, size, "%s/%s", d->dir, name);
        return buf;
}

/* The last component of a link there, owned by the caller; NULL: no such link. 0 or -ENOMEM. */
static int link_base(const PciPlace *d, const char *link, char **ret)
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
static void parents_of(const char *target, PciLinks *links)
{
        const char *end = strrchr(target, '/'), *start = end ? component_before(target, end) : NULL;

        links->has_parent = parse_component(start, end, &links->parent);
        if (links->has_parent || !start || start == target)
                return;
        end = start - 1;
        links->has_behind = parse_component(component_before(target, end), end, &links->behind);
}

/* An attribute of a function; as root_read_attr(). */
static int read_attr(const PciPlace *d, const char *attribute, char *buf, size_t size)
{
        char path[PATH_MAX + NAME_MAX];

        return root_read_attr(d->sys_fd, place_path(d, attribute, path, sizeof(path)), buf, size);
}

/*
 * The attribute that names the methods is there from Linux 5.15 on, and neither is there where there is no way
 * (drivers/pci/pci.c, pci_dev_reset_method_attr_is_visible()).
 */
static int read_reset(const PciPlace *d, char **ret)
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
static int read_override(const PciPlace *d, char **ret)
{
        char text[128];

        if (read_attr(d, "driver_override", text, sizeof(text)) < 0 || text[0] == 0 || streq(text, "(null)"))
                return 0;
        return string_copy(text, ret);
}

/* What a closer look at a function shows. 0 or -ENOMEM. */
static int read_details(const Probe *p, const PciPlace *d, PciFunction *f)
{
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
static int read_uevent(const PciPlace *d, PciFunction *f)
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

static int read_u16_attr(const PciPlace *d, const char *attribute, uint16_t *ret)
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
static int read_attributes(const PciPlace *d, PciFunction *f)
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

static int read_group_number(const PciPlace *d, PciFunction *f)
{
        _cleanup_free_ char *text = NULL;
        uint32_t group;
        int r = link_base(d, "iommu_group", &text);

        if (text && parse_u32(text, 10, &group) >= 0 && group <= INT32_MAX)
                f->group = (int32_t) group;
        return r;
}

/* Where the link leads, seen from /sys; another link than the kernel's is followed like any other path. */
static void set_target(PciPlace *d, PciAddr addr, const char *target)
{
        const char *below = target;

        while (startswith(below, "../"))
                below += strlen("../");
        if (startswith(below, "devices/"))
                (void) snprintf(d->dir, sizeof(d->dir), "%s", below);
        else
                (void) snprintf(d->dir, sizeof(d->dir), PCI_BUS_DEVICES "/%s", PCI_ADDR_TEXT(addr));
        if (target != d->target)
                strcpy(d->target, target);
        d->addr = addr;
}

/* By the bus's link to it, which says what is above it as well. */
static int find_place(PciAddr addr, PciPlace *d)
{
        char target[PATH_MAX];
        ssize_t n = readlinkat(d->bus_fd, PCI_ADDR_TEXT(addr), target, sizeof(target) - 1);

        if (n < 0 && errno != EINVAL) /* EINVAL: a directory */
                return -errno;
        target[MAX(n, 0)] = 0;
        set_target(d, addr, target);
        return 0;
}

/* Functions of one bus stand side by side: a link is not asked where the last one has told. False: no such one. */
static bool find_beside(PciAddr addr, PciPlace *d)
{
        char *slash = strrchr(d->target, '/');

        if (!slash || addr.domain != d->addr.domain || addr.bus != d->addr.bus ||
            (size_t) (slash - d->target) + PCI_ADDR_TEXT_MAX >= sizeof(d->target))
                return false;
        strcpy(slash + 1, PCI_ADDR_TEXT(addr));
        set_target(d, addr, d->target);
        return true;
}

/*
 * The function that this one is a virtual one of. Beside a function that is looked at closer, it is to be told from one
 * of its card. It has the class of that one (PCI Express Base Specification 6.0, 9.3.4.1.6), which no bridge is.
 */
static int read_physfn(const PciPlace *d, const PciFunction *f, PciLinks *links)
{
        _cleanup_free_ char *physfn = NULL;
        int r = pci_class_base(f->class) == CLASS_BRIDGE ? 0 : link_base(d, "physfn", &physfn);

        links->has_physfn = physfn && pci_addr_parse(physfn, &links->physfn) >= 0;
        return r;
}

int pci_function_read(const Probe *p, PciFunction *f, PciLinks *links, PciPlace *d)
{
        int r = find_beside(f->addr, d) ? read_uevent(d, f) : -ENOENT;

        f->group = PCI_GROUP_NONE;
        f->parent = f->behind = f->physfn = PCI_PARENT_NONE;
        f->isolation = (PciIsolation){ .pcie = TRISTATE_UNKNOWN, .acs = TRISTATE_UNKNOWN };

        if (r == -ENOENT) {
                r = find_place(f->addr, d);
                if (r < 0)
                        return r;
                r = read_uevent(d, f);
        }
        if (r == -ENOENT)
                r = read_attributes(d, f);
        if (r < 0 && r != -ENOMEM && faccessat(d->sys_fd, d->dir, F_OK, 0) < 0)
                return -ENOENT;
        if (r < 0)
                return r == -ENOENT ? -EIO : r; /* it is there, and does not say what it is */

        if (pci_path_from_sysfs(d->target, &f->path) == -ENOMEM)
                return -ENOMEM;
        parents_of(d->target, links);
        r = read_physfn(d, f, links);
        if (r < 0 || !probe_details(p, f->addr))
                return r;
        r = read_group_number(d, f);
        return r < 0 ? r : read_details(p, d, f);
}

int pci_function_read_group(int sys_fd, PciFunction *f)
{
        PciPlace d = { .sys_fd = sys_fd };

        set_target(&d, f->addr, "");
        return read_group_number(&d, f);
}
