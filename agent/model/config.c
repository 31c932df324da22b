/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "table.h"

static const char *const argument_policy_table[_ARGUMENT_MAX] = {
        [ARGUMENT_ALWAYS] = "always",
        [ARGUMENT_WHEN_NEEDED] = "when-needed",
        [ARGUMENT_NEVER] = "never",
};

DEFINE_STRING_TABLE(argument_policy, ArgumentPolicy)

static const char *const group_policy_table[_GROUP_POLICY_MAX] = {
        [GROUP_STRICT] = "strict",
        [GROUP_COMPANIONS] = "companions",
        [GROUP_REPORT] = "report",
};

DEFINE_STRING_TABLE(group_policy, GroupPolicy)

static const char *const claim_way_table[_CLAIM_WAY_MAX] = {
        [CLAIM_WAY_AUTO] = "auto",
        [CLAIM_WAY_IMAGE] = "image",
        [CLAIM_WAY_INITRAMFS] = "initramfs",
};

DEFINE_STRING_TABLE(claim_way, ClaimWay)

static const char *const vf_driver_table[_VF_DRIVER_MAX] = {
        [VF_VFIO_PCI] = "vfio-pci",
        [VF_PCI_STUB] = "pci-stub",
        [VF_NONE] = "none",
        [VF_HOST] = "host",
};

DEFINE_STRING_TABLE(vf_driver, VfDriver)

StubDriver vf_driver_stub(VfDriver d)
{
        return stub_driver_from_string(vf_driver_to_string(d));
}

void config_init(Config *c)
{
        *c = (Config){ .enabled = true, .argument = ARGUMENT_ALWAYS };
}

static const ConfigDevice *find(const ConfigDevice *devices, size_t n, PciAddr address)
{
        FOREACH_ARRAY(d, devices, n)
                if (pci_addr_equal(d->address, address))
                        return d;
        return NULL;
}

const ConfigDevice *config_device_at(const Config *c, PciAddr address)
{
        return find(c->devices, c->n_devices, address);
}

const ConfigDevice *config_maker_at(const Config *c, PciAddr address)
{
        return find(c->makers, c->n_makers, address);
}

bool config_has_vfio(const Config *c)
{
        FOREACH_ARRAY(d, c->devices, c->n_devices)
                if (d->driver == STUB_VFIO_PCI)
                        return true;
        FOREACH_ARRAY(m, c->makers, c->n_makers)
                if (m->vf_driver == VF_VFIO_PCI)
                        return true;
        return false;
}

/* An address in the name of a device of a set: what a section is called by has no colon. */
static bool is_address_word(const char *word, PciAddr address)
{
        for (const char *s = PCI_ADDR_TEXT(address); *s; s++, word++)
                if (*word != (*s == ':' ? '-' : *s))
                        return false;
        return !*word;
}

bool config_device_is_of(const ConfigDevice *d, const char *section)
{
        const char *rest = startswith(d->name, section);

        return rest && (!*rest || (d->of_set && *rest == '.' && is_address_word(rest + 1, d->address)));
}

void config_device_done(ConfigDevice *d)
{
        free(d->name);
        free(d->file);
        free(d->path);
        free(d->serial);
        free(d->mac);
        free(d->others);
        string_list_done(&d->vf_macs);
        *d = (ConfigDevice){};
}

static void devices_free(ConfigDevice *devices, size_t n)
{
        FOREACH_ARRAY(d, devices, n)
                config_device_done(d);
        free(devices);
}

void config_done(Config *c)
{
        devices_free(c->devices, c->n_devices);
        devices_free(c->makers, c->n_makers);
        devices_free(c->lost, c->n_lost);
        config_init(c);
}
