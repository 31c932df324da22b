/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "table.h"

static const char *const stub_driver_table[_STUB_MAX] = {
        [STUB_VFIO_PCI] = "vfio-pci",
        [STUB_PCI_STUB] = "pci-stub",
};

static const char *const argument_policy_table[_ARGUMENT_MAX] = {
        [ARGUMENT_ALWAYS] = "always",
        [ARGUMENT_WHEN_NEEDED] = "when-needed",
        [ARGUMENT_NEVER] = "never",
};

DEFINE_STRING_TABLE(stub_driver, StubDriver)
DEFINE_STRING_TABLE(argument_policy, ArgumentPolicy)

const char *stub_driver_module(StubDriver d)
{
        static const char *const modules[_STUB_MAX] = { [STUB_VFIO_PCI] = "vfio_pci", [STUB_PCI_STUB] = "pci_stub" };

        return modules[d];
}

void config_init(Config *c)
{
        *c = (Config){ .enabled = true, .argument = ARGUMENT_ALWAYS };
}

void config_done(Config *c)
{
        FOREACH_ARRAY(d, c->devices, c->n_devices) {
                free(d->name);
                free(d->file);
                free(d->path);
        }
        free(c->devices);
        config_init(c);
}
