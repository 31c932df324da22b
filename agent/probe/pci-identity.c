/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/pci-identity.h"

#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/identity.h"
#include "model/names.h"
#include "model/pciserial.h"

#define CONVENTIONAL_END 0x100U /* PCI Local Bus 3.0, 6.1 */

static int read_config(void *userdata, unsigned offset, uint32_t *ret)
{
        const int *fd = userdata;
        uint8_t b[4];
        int r = read_at(*fd, offset, b, sizeof(b));

        /* Who is not root sees the first 64 bytes (Linux drivers/pci/pci-sysfs.c, pci_read_config()). What ends after
         * 256 has no extended capabilities. */
        if (r == -EBADMSG)
                return read_at(*fd, CONVENTIONAL_END - sizeof(b), b, sizeof(b)) < 0 ? -EACCES : -ENOENT;
        if (r < 0)
                return r;
        *ret = (uint32_t) b[0] | (uint32_t) b[1] << 8 | (uint32_t) b[2] << 16 | (uint32_t) b[3] << 24;
        return 0;
}

/* Is it there to be read by root? */
static bool is_refused(int error)
{
        return error == -EACCES || error == -EPERM;
}

/* Linux has it as an attribute from 6.17 on (Documentation/ABI/testing/sysfs-bus-pci, serial_number). */
static int read_serial(int rfd, const char *directory, char **ret)
{
        _cleanup_free_ char *attribute = path_join(directory, "serial_number"),
                            *config = path_join(directory, "config");
        char text[64];
        int r;

        if (!attribute || !config)
                return -ENOMEM;
        r = root_read_attr(rfd, attribute, text, sizeof(text));
        if (r < 0) {
                _cleanup_close_ int fd = root_open(rfd, config, O_RDONLY);
                int e = fd < 0 ? fd : pci_serial_find(read_config, &fd, text);

                r = e < 0 && is_refused(r) ? r : e; /* the attribute is there where there is a number */
        }
        return r < 0 ? r : identity_serial(text, ret);
}

/* The first entry of a directory whose name begins so, with its path; NULL: none, or memory is short. */
static char *first_entry(int rfd, const char *directory, const char *prefix)
{
        _cleanup_(string_list_done) StringList names = {};

        if (root_list(rfd, directory, NULL, &names) < 0)
                return NULL;
        FOREACH_ARRAY(name, names.items, names.n)
                if (startswith(*name, prefix))
                        return path_join(directory, *name);
        return NULL;
}

static int read_nvme(int rfd, const char *directory, char **ret)
{
        _cleanup_free_ char *class = path_join(directory, "nvme"),
                            *controller = class ? first_entry(rfd, class, "nvme") : NULL,
                            *path = controller ? path_join(controller, "serial") : NULL;
        char text[64];
        int r = path ? root_read_attr(rfd, path, text, sizeof(text)) : class ? -ENOENT : -ENOMEM;

        return r < 0 ? r : identity_serial(text, ret);
}

/*
 * The address that the interface was made with: a bond gives its members another one (Linux
 * Documentation/networking/bonding.rst, perm_hwaddr in drivers/net/bonding/bond_sysfs_slave.c).
 */
static int read_mac_of(int rfd, const char *interface, char **ret)
{
        static const char *const files[] = { "bonding_slave/perm_hwaddr", "address" };

        FOREACH_ARRAY(file, files, ELEMENTSOF(files)) {
                _cleanup_free_ char *path = path_join(interface, *file);
                char text[64], mac[MAC_TEXT_SIZE];

                if (!path)
                        return -ENOMEM;
                if (root_read_attr(rfd, path, text, sizeof(text)) >= 0 && identity_mac(text, mac) >= 0)
                        return string_copy(mac, ret);
        }
        return -ENOENT;
}

/* virtio has its interface one level further down, below the device that its transport's driver makes (Linux
 * drivers/virtio/virtio_pci_common.c). */
static int read_mac(int rfd, const PciFunction *p, const char *directory, char **ret)
{
        _cleanup_free_ char *net = path_join(directory, "net"), *interface = net ? first_entry(rfd, net, "") : NULL;

        if (!net)
                return -ENOMEM;
        if (!interface && streq_null(p->driver, "virtio-pci")) {
                _cleanup_free_ char *virtio = first_entry(rfd, directory, "virtio"),
                                    *below = virtio ? path_join(virtio, "net") : NULL;

                interface = below ? first_entry(rfd, below, "") : NULL;
        }
        return interface ? read_mac_of(rfd, interface, ret) : -ENOENT;
}

int pci_identity_read(int rfd, PciFunction *p)
{
        _cleanup_free_ char *directory = NULL;
        int r = 0;

        if (string_printf(&directory, NAME_SYS_PCI_DEVICES "/%s", PCI_ADDR_TEXT(p->addr)) < 0)
                return -ENOMEM;
        if (!p->serial) {
                r = read_serial(rfd, directory, &p->serial);
                p->serial_unread = is_refused(r);
                r = probe_soft(r);
        }
        if (r >= 0 && !p->nvme_serial && pci_class_base(p->class) == CLASS_STORAGE) {
                r = read_nvme(rfd, directory, &p->nvme_serial);
                p->nvme_unread = is_refused(r);
                r = probe_soft(r);
        }
        if (r >= 0 && !p->mac && pci_class_is_network(p->class))
                r = probe_soft(read_mac(rfd, p, directory, &p->mac));
        return r;
}
