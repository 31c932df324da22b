/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/pci-access.h"

#include <fcntl.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <sys/stat.h>

/*
 * The only caller of libpci. Its error hook must never return, and by default ends the process, so it jumps back to the
 * functions below that are named guarded; nothing that is owned is declared between setjmp() and the calls it guards.
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

static int guarded_init(struct pci_access *access)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        pci_init(access);
        return 0;
}

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

static int guarded_name(struct pci_access *access, PciId id, char *buf, size_t size)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        return pci_lookup_name(access, buf, (int) size, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, id.vendor, id.device)
                       ? 0
                       : -ENOENT;
}

static int guarded_class_name(struct pci_access *access, uint32_t class, char *buf, size_t size)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        return pci_lookup_name(access, buf, (int) size, PCI_LOOKUP_CLASS | PCI_LOOKUP_NO_NUMBERS, pci_class_sub(class))
                       ? 0
                       : -ENOENT;
}

void pci_access_freep(struct pci_access **access)
{
        if (*access)
                pci_cleanup(*access);
}

int pci_access_new(int bus_fd, struct pci_access **ret)
{
        _cleanup_(pci_access_freep) struct pci_access *access = pci_alloc();
        char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)], parameter[] = "sysfs.path";
        int r;

        access->method = PCI_ACCESS_SYS_BUS_PCI;
        access->error = on_error;
        access->warning = on_message;
        access->debug = on_message;
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", bus_fd);
        if (pci_set_param(access, parameter, path) < 0)
                return -ENOTSUP;
        r = guarded_init(access);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(access);
        return 0;
}

int pci_access_name(struct pci_access *access, PciId id, char **ret)
{
        char buf[256];

        *ret = NULL;
        if (guarded_name(access, id, buf, sizeof(buf)) < 0)
                return 0;
        *ret = strdup(buf);
        return *ret ? 0 : -ENOMEM;
}

int pci_access_class_name(struct pci_access *access, uint32_t class, char **ret)
{
        char buf[256];

        *ret = NULL;
        if (guarded_class_name(access, class, buf, sizeof(buf)) < 0)
                return 0;
        *ret = strdup(buf);
        return *ret ? 0 : -ENOMEM;
}

int pci_access_isolation(struct pci_access *access, int bus_fd, PciAddr addr, PciIsolation *ret)
{
        char path[sizeof("devices//config") + PCI_ADDR_TEXT_MAX];
        PciIsolation isolation = *ret;
        struct pci_dev *dev;
        struct stat st;
        int r;

        /* libpci would wait for a writer of a pipe that lies there */
        (void) snprintf(path, sizeof(path), "devices/%s/config", PCI_ADDR_TEXT(addr));
        if (fstatat(bus_fd, path, &st, 0) < 0 || !S_ISREG(st.st_mode))
                return -EIO;
        dev = pci_get_dev(access, (int) addr.domain, addr.bus, addr.slot, addr.function);
        r = guarded_isolation(dev, &isolation);
        pci_free_dev(dev);
        if (r >= 0)
                *ret = isolation;
        return r;
}
