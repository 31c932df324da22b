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

const char *stub_driver_module(StubDriver d)
{
        static const char *const modules[_STUB_MAX] = { [STUB_VFIO_PCI] = "vfio_pci", [STUB_PCI_STUB] = "pci_stub" };

        return modules[d];
}
