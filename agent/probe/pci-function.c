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

/* "DIRECTORY/NAME", until the next call; @name: a component, or "" for the directory. */
static const char *place_path(PciPlace *d, const char *name)
{
        strcpy(d->path + d->dir_size, name);
        return d->path;
}

/* The last component of a link there, within @target; NULL: no such link. */
static const char *link_base(PciPlace *d, const char *link, char target[PATH_MAX])
{
        const char *slash;
        ssize_t n;

        n = readlinkat(d->sys_fd, place_path(d, link), target, PATH_MAX - 1);
        if (n <= 0)
                return NULL;
        target[n] = 0;
        slash = strrchr(target, '/');
        return slash ? slash + 1 : target;
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
static int read_attr(PciPlace *d, const char *attribute, char *buf, size_t size)
{
        return root_read_attr(d->sys_fd, place_path(d, attribute), buf, size);
}

/*
 * The attribute that names the methods is there from Linux 5.15 on, and neither is there where there is no way
 * (drivers/pci/pci.c, pci_dev_reset_method_attr_is_visible()).
 */
static int read_reset(PciPlace *d, char **ret)
{
        char buf[128] = "";
        int r = read_attr(d, "reset_method", buf, sizeof(buf));

        if (r < 0)
                strcpy(buf, faccessat(d->sys_fd, place_path(d, "reset"), F_OK, 0) >= 0 ? "unnamed" : "");
        *ret = strdup(buf);
        return *ret ? 0 : -ENOMEM;
}

/* The kernel prints a null pointer where none is set (drivers/pci/pci-sysfs.c, driver_override_show()). */
static int read_override(PciPlace *d, char **ret)
{
        char text[128];

        if (read_attr(d, "driver_override", text, sizeof(text)) < 0 || text[0] == 0 || streq(text, "(null)"))
                return 0;
        return string_copy(text, ret);
}

/* Behind a port that the firmware says leads outside (Linux Documentation/ABI/testing/sysfs-devices-removable, 5.14).
 */
static bool read_removable(PciPlace *d)
{
        char text[32];

        return read_attr(d, "removable", text, sizeof(text)) >= 0 && streq(text, "removable");
}

/* What a closer look at a function shows. 0 or -ENOMEM. */
static int read_details(const Probe *p, PciPlace *d, PciFunction *f)
{
        const bool wanted = probe_wants(p, f->addr);
        int r = wanted ? read_override(d, &f->driver_override) : 0;

        if (r >= 0 && wanted)
                f->removable = read_removable(d);
        return r < 0 ? r : read_reset(d, &f->reset);
}

typedef enum UeventKey {
        UEVENT_DRIVER,
        UEVENT_CLASS,
        UEVENT_ID,
        UEVENT_SUBSYSTEM,
        _UEVENT_KEY_MAX,
} UeventKey;

static const char *const uevent_keys[] = {
        [UEVENT_DRIVER] = "DRIVER=",
        [UEVENT_CLASS] = "PCI_CLASS=",
        [UEVENT_ID] = "PCI_ID=",
        [UEVENT_SUBSYSTEM] = "PCI_SUBSYS_ID=",
};

/* Of lines "KEY=value" the first of each key, in the text, which is cut to lines. NULL: no such line. */
static void uevent_values(char *text, const char *values[_UEVENT_KEY_MAX])
{
        const char *line;

        while ((line = strsep(&text, "\n")))
                for (UeventKey key = 0; key < _UEVENT_KEY_MAX; key++)
                        if (!values[key])
                                values[key] = startswith(line, uevent_keys[key]);
}

/* Class, ids and driver out of the one file that has all. -ENOENT: there is none, or it does not speak of PCI. */
static int read_uevent(PciPlace *d, PciFunction *f)
{
        const char *values[_UEVENT_KEY_MAX] = {};
        char text[UEVENT_MAX_BYTES];
        int r = read_attr(d, "uevent", text, sizeof(text));

        if (r < 0)
                return r;
        uevent_values(text, values);
        if (!values[UEVENT_CLASS] || !values[UEVENT_ID])
                return -ENOENT;
        r = parse_u32(values[UEVENT_CLASS], 16, &f->class);
        if (r >= 0)
                r = pci_id_parse(values[UEVENT_ID], &f->id);
        if (r < 0)
                return r;
        f->has_subsystem = values[UEVENT_SUBSYSTEM] && pci_id_parse(values[UEVENT_SUBSYSTEM], &f->subsystem) >= 0;
        return values[UEVENT_DRIVER] ? string_copy(values[UEVENT_DRIVER], &f->driver) : 0;
}

static int read_u16_attr(PciPlace *d, const char *attribute, uint16_t *ret)
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
static int read_attributes(PciPlace *d, PciFunction *f)
{
        char text[32], target[PATH_MAX];
        const char *driver;
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
        driver = link_base(d, "driver", target);
        return driver ? string_copy(driver, &f->driver) : 0;
}

static void read_group_number(PciPlace *d, PciFunction *f)
{
        char target[PATH_MAX];
        const char *text = link_base(d, "iommu_group", target);
        uint32_t group;

        if (text && parse_u32(text, 10, &group) >= 0 && group <= INT32_MAX)
                f->group = (int32_t) group;
}

/* Where the link leads, seen from /sys; another link than the kernel's is followed like any other path. */
static void set_target(PciPlace *d, PciAddr addr, const char *target)
{
        const char *below = target;

        while (startswith(below, "../"))
                below += strlen("../");
        if (startswith(below, "devices/"))
                d->dir_size = (size_t) snprintf(d->path, sizeof(d->path), "%s/", below);
        else
                d->dir_size = (size_t) snprintf(d->path, sizeof(d->path), PCI_BUS_DEVICES "/%s/", PCI_ADDR_TEXT(addr));
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
static void read_physfn(PciPlace *d, const PciFunction *f, PciLinks *links)
{
        char target[PATH_MAX];
        const char *physfn = pci_class_base(f->class) == CLASS_BRIDGE ? NULL : link_base(d, "physfn", target);

        links->has_physfn = physfn && pci_addr_parse(physfn, &links->physfn) >= 0;
}

/* It is there, and does not say what it is. Of what was half read nothing is kept. @error: of the file whose path was
 * made last. Returns 0; -ENOENT: it is not there any more; -ENOMEM. */
static int mark_unread(PciPlace *d, PciFunction *f, int error)
{
        char target[PATH_MAX];
        const char *driver;
        int r = string_printf(&f->unread, "/sys/%s: %s", d->path, strerror(-error));

        if (r < 0)
                return r;
        if (faccessat(d->sys_fd, place_path(d, ""), F_OK, 0) < 0)
                return -ENOENT;
        f->id = (PciId){};
        f->class = 0;
        driver = link_base(d, "driver", target);
        return driver ? string_replace(&f->driver, driver) : 0;
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
        if (r < 0 && r != -ENOMEM)
                r = read_attributes(d, f);
        if (r < 0 && r != -ENOMEM)
                r = mark_unread(d, f, r);
        if (r < 0)
                return r;

        if (pci_path_from_sysfs(d->target, &f->path) == -ENOMEM)
                return -ENOMEM;
        parents_of(d->target, links);
        read_physfn(d, f, links);
        if (!probe_details(p, f->addr))
                return 0;
        read_group_number(d, f);
        return read_details(p, d, f);
}

bool pci_function_can_virtual(int sys_fd, PciAddr a)
{
        PciPlace d = { .sys_fd = sys_fd };
        char text[32];
        uint32_t total;

        set_target(&d, a, "");
        return read_attr(&d, "sriov_totalvfs", text, sizeof(text)) >= 0 && parse_u32(text, 10, &total) >= 0 &&
               total > 0;
}

void pci_function_read_group(int sys_fd, PciFunction *f)
{
        PciPlace d = { .sys_fd = sys_fd };

        set_target(&d, f->addr, "");
        read_group_number(&d, f);
}
