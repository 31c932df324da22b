/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* PCI functions of a tree, and the facts that are gathered of it. */

#include "model/names.h"
#include "probe/probe.h"
#include "tree.h"

/* One configured device at that address. */
static inline Config config_of(const char *address, StubDriver driver)
{
        Config c = {};

        config_init(&c);
        c.devices = calloc(1, sizeof(*c.devices));
        assert_non_null(c.devices);
        c.n_devices = 1;
        c.devices[0].name = strdup("device");
        assert_non_null(c.devices[0].name);
        c.devices[0].driver = driver;
        assert_int_equal(pci_addr_parse(address, &c.devices[0].address), 0);
        c.devices[0].has_address = true;
        return c;
}

static inline Facts gather(const Tree *t, const Config *c)
{
        Facts f;

        assert_int_equal(facts_gather(t->rfd, false, c, &f), 0);
        return f;
}

static inline const PciFunction *at(const Facts *f, const char *address)
{
        const PciFunction *function;
        PciAddr a;

        assert_int_equal(pci_addr_parse(address, &a), 0);
        function = facts_function(f, a);
        assert_non_null(function);
        return function;
}

static inline void attr(const Tree *t, const char *directory, const char *name, const char *text)
{
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        tree_file(t, path, text);
}

/* @where: below /sys/devices, the last component is the address. */
static inline void function(const Tree *t, const char *where, const char *vendor, const char *device, const char *class,
                            const char *driver, const char *group)
{
        const char *address = strrchr(where, '/') + 1;
        char directory[256], path[512], target[512];

        (void) snprintf(directory, sizeof(directory), "/sys/devices/%s", where);
        attr(t, directory, "vendor", vendor);
        attr(t, directory, "device", device);
        attr(t, directory, "class", class);
        (void) snprintf(path, sizeof(path), NAME_SYS_PCI_DEVICES "/%s", address);
        (void) snprintf(target, sizeof(target), "../../../devices/%s", where);
        tree_link(t, path, target);
        if (driver) {
                (void) snprintf(path, sizeof(path), "%s/driver", directory);
                (void) snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
                tree_link(t, path, target);
        }
        if (group) {
                (void) snprintf(path, sizeof(path), "%s/iommu_group", directory);
                (void) snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%s", group);
                tree_link(t, path, target);
        }
}
