/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stub.h"

#include "table.h"

static const char *const stub_driver_table[_STUB_MAX] = {
        [STUB_VFIO_PCI] = "vfio-pci",
        [STUB_PCI_STUB] = "pci-stub",
};

DEFINE_STRING_TABLE(stub_driver, StubDriver)

bool driver_is_guests(const char *driver)
{
        return driver && (strstr(driver, "vfio") || streq(driver, stub_driver_table[STUB_PCI_STUB]));
}

bool driver_is_variant(const char *driver)
{
        return driver && strstr(driver, "vfio") && !streq(driver, stub_driver_table[STUB_VFIO_PCI]);
}

bool stub_driver_holds(StubDriver d, const char *driver)
{
        return driver && (streq(driver, stub_driver_table[d]) || (d == STUB_VFIO_PCI && driver_is_variant(driver)));
}

const char *variant_driver(const char *module)
{
        static const struct {
                const char *module, *driver;
        } others[] = {
                { "xe_vfio_pci", "xe-vfio-pci" }, /* Linux drivers/vfio/pci/xe/main.c */
        };

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                if (variant_is_driver(module, others[i].module))
                        return others[i].driver;
        return module;
}

bool variant_is_driver(const char *module, const char *driver)
{
        size_t i = 0;

        if (!driver)
                return false;
        while (module[i] &&
               (module[i] == driver[i] || (strchr("-_", module[i]) && driver[i] && strchr("-_", driver[i]))))
                i++;
        return module[i] == 0 && driver[i] == 0;
}

const char *stub_driver_module(StubDriver d)
{
        static const char *const modules[_STUB_MAX] = { [STUB_VFIO_PCI] = "vfio_pci", [STUB_PCI_STUB] = "pci_stub" };

        return modules[d];
}
