/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* A PCI function. The domain has 32 bits: VMD and Hyper-V hand out numbers above 0xffff (Linux drivers/pci/pci.c). */
typedef struct PciAddr {
        uint32_t domain;
        uint8_t bus;
        uint8_t slot;     /* 0 to 31 */
        uint8_t function; /* 0 to 7 */
} PciAddr;

/* "ffffffff:ff:1f.7" and a NUL */
#define PCI_ADDR_TEXT_MAX 17

/**
 * pci_addr_parse() - "DDDD:BB:SS.F" or "BB:SS.F" (domain 0), hexadecimal; the domain has 4 to 8 digits as the kernel
 * prints it Returns 0; -EINVAL no address; -ERANGE slot above 1f or function above 7. ret untouched on failure.
 */
int pci_addr_parse(const char *s, PciAddr *ret) _must_check_;

/* As the kernel names it in sysfs ("%04x:%02x:%02x.%d"). Returns buf. */
const char *pci_addr_format(PciAddr a, char buf[PCI_ADDR_TEXT_MAX]);

/* Order by domain, bus, slot, function: negative, 0, positive. */
int pci_addr_compare(PciAddr a, PciAddr b);

/* Functions of one card, as far as their addresses tell. */
static inline bool pci_addr_same_slot(PciAddr a, PciAddr b)
{
        return a.domain == b.domain && a.bus == b.bus && a.slot == b.slot;
}

static inline bool pci_addr_equal(PciAddr a, PciAddr b)
{
        return pci_addr_compare(a, b) == 0;
}

/* For printf-like calls: the text lives until the end of the enclosing block. */
#define PCI_ADDR_TEXT(a) pci_addr_format((a), (char[PCI_ADDR_TEXT_MAX]){ 0 })

/* Vendor and device id. */
typedef struct PciId {
        uint16_t vendor;
        uint16_t device;
} PciId;

static inline bool pci_id_equal(PciId a, PciId b)
{
        return a.vendor == b.vendor && a.device == b.device;
}

/* "8086:10d3", exactly four hexadecimal digits each. Returns 0 or -EINVAL; ret untouched on failure. */
int pci_id_parse(const char *s, PciId *ret) _must_check_;

/**
 * pci_path_valid() - is this a stable bridge path?
 *
 * "pciDDDD:BB" (root bus as below /sys/devices), then "/SS.F" for each bridge and the function itself; no bus numbers,
 * so it survives renumbering. Host bridges below a function (VMD) stand in it as "/pciDDDDD:BB". Example:
 * pci0000:00/1c.4/00.0
 */
bool pci_path_valid(const char *s);

/**
 * pci_path_from_sysfs() - stable bridge path from the target of a /sys/bus/pci/devices link
 * @target: e.g. ../../../devices/pci0000:00/0000:00:1c.4/0000:04:00.0. @ret: owned by the caller.
 * Returns 0; -EINVAL where the target has another form (a device below no PCI host bridge); -ENOMEM.
 */
int pci_path_from_sysfs(const char *target, char **ret) _must_check_;
