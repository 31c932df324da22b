/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/pci-access.h"

#include <fcntl.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/lazy.h"
#include "probe/pci-names.h"

LAZY_NOTE("pci", "names of devices, and which of them the hardware keeps apart", "required", "libpci.so.3");

LAZY_FUNCTION(pci_alloc);
LAZY_FUNCTION(pci_init);
LAZY_FUNCTION(pci_cleanup);
LAZY_FUNCTION(pci_load_name_list);
LAZY_FUNCTION(pci_fill_info);
LAZY_FUNCTION(pci_find_cap);
LAZY_FUNCTION(pci_read_word);
LAZY_FUNCTION(pci_lookup_name);
LAZY_FUNCTION(pci_set_param);
LAZY_FUNCTION(pci_set_name_list_path);
LAZY_FUNCTION(pci_free_name_list);
LAZY_FUNCTION(pci_get_dev);
LAZY_FUNCTION(pci_free_dev);

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
        sym_pci_init(access);
        return 0;
}

static int guarded_load_names(struct pci_access *access)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        return sym_pci_load_name_list(access) ? 0 : -EIO;
}

static int guarded_isolation(struct pci_dev *dev, PciIsolation *ret)
{
        const struct pci_cap *cap;

        if (setjmp(pci_border) != 0)
                return -EIO;
        if ((sym_pci_fill_info(dev, PCI_FILL_CAPS | PCI_FILL_EXT_CAPS) & PCI_FILL_EXT_CAPS) == 0)
                return -EIO;
        if (!dev->first_cap) /* no list at all: too little of it could be read, or a bridge of the nineties */
                return -ENODATA;
        cap = sym_pci_find_cap(dev, PCI_CAP_ID_EXP, PCI_CAP_NORMAL);
        ret->pcie = cap ? TRISTATE_YES : TRISTATE_NO;
        if (cap)
                ret->type =
                        (uint8_t) ((sym_pci_read_word(dev, (int) cap->addr + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >> 4);
        cap = sym_pci_find_cap(dev, PCI_EXT_CAP_ID_ACS, PCI_CAP_EXTENDED);
        ret->acs = cap ? TRISTATE_YES : TRISTATE_NO;
        if (cap) {
                ret->capability = sym_pci_read_word(dev, (int) cap->addr + PCI_ACS_CAP);
                ret->control = sym_pci_read_word(dev, (int) cap->addr + PCI_ACS_CTRL);
        }
        return 0;
}

static int guarded_name(struct pci_access *access, PciId id, char *buf, size_t size)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        return sym_pci_lookup_name(access, buf, (int) size, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, id.vendor, id.device)
                       ? 0
                       : -ENOENT;
}

static int guarded_class_name(struct pci_access *access, uint32_t class, char *buf, size_t size)
{
        if (setjmp(pci_border) != 0)
                return -EIO;
        return sym_pci_lookup_name(access, buf, (int) size, PCI_LOOKUP_CLASS | PCI_LOOKUP_NO_NUMBERS,
                                   pci_class_sub(class))
                       ? 0
                       : -ENOENT;
}

static int load_library(void)
{
        static const LazySymbol symbols[] = {
                LAZY_SYMBOL(pci_alloc),          LAZY_SYMBOL(pci_init),
                LAZY_SYMBOL(pci_cleanup),        LAZY_SYMBOL(pci_load_name_list),
                LAZY_SYMBOL(pci_fill_info),      LAZY_SYMBOL(pci_find_cap),
                LAZY_SYMBOL(pci_read_word),      LAZY_SYMBOL(pci_lookup_name),
                LAZY_SYMBOL(pci_set_param),      LAZY_SYMBOL(pci_set_name_list_path),
                LAZY_SYMBOL(pci_free_name_list), LAZY_SYMBOL(pci_get_dev),
                LAZY_SYMBOL(pci_free_dev),
        };

        return lazy_load("libpci.so.3", symbols, ELEMENTSOF(symbols));
}

void pci_access_freep(struct pci_access **access)
{
        if (*access)
                sym_pci_cleanup(*access);
}

int pci_access_new(int bus_fd, struct pci_access **ret)
{
        _cleanup_(pci_access_freep) struct pci_access *access = NULL;
        char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)], parameter[] = "sysfs.path";
        int r = load_library();

        if (r < 0)
                return r;
        access = sym_pci_alloc();
        access->method = PCI_ACCESS_SYS_BUS_PCI;
        access->error = on_error;
        access->warning = on_message;
        access->debug = on_message;
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", bus_fd);
        if (sym_pci_set_param(access, parameter, path) < 0)
                return -ENOTSUP;
        r = guarded_init(access);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(access);
        return 0;
}

/* Makes libpci read another list in the place of its own. -EIO: it did not. */
static int load_names(struct pci_access *access, int fd)
{
        char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)], *its_own = access->id_file_name;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        sym_pci_set_name_list_path(access, path, 0);
        r = guarded_load_names(access);
        sym_pci_set_name_list_path(access, its_own, 0);
        return r;
}

/* The list that libpci would read: where its name says that it is packed and there is none, the one that is not packed
 * (pciutils lib/names-parse.c, pci_open()). */
static int open_names(const char *path)
{
        _cleanup_free_ char *plain = NULL;
        int fd = file_open(path);

        if (fd != -ENOENT || !endswith(path, ".gz"))
                return fd;
        plain = strndup(path, strlen(path) - strlen(".gz"));
        return plain ? file_open(plain) : -ENOMEM;
}

int pci_access_reduce_names(struct pci_access *access, PciId *ids, size_t n)
{
        _cleanup_close_ int fd = open_names(access->id_file_name), reduced = memfd_create("pci.ids", MFD_CLOEXEC);
        _cleanup_fclose_ FILE *to = reduced < 0 ? NULL : fdopen(reduced, "w");
        int r;

        if (fd == -ENOMEM)
                return fd;
        if (fd < 0 || !to) /* libpci's matter */
                return 0;
        reduced = -EBADF; /* the stream has it */
        r = pci_names_reduce(fd, ids, n, to);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || fflush(to) != 0)
                return 0;
        if (load_names(access, fileno(to)) < 0)
                sym_pci_free_name_list(access); /* it will read all of it */
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
        dev = sym_pci_get_dev(access, (int) addr.domain, addr.bus, addr.slot, addr.function);
        r = guarded_isolation(dev, &isolation);
        sym_pci_free_dev(dev);
        if (r >= 0)
                *ret = isolation;
        return r;
}
