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

void config_init(Config *c)
{
        *c = (Config){ .enabled = true, .argument = ARGUMENT_ALWAYS };
}

const ConfigDevice *config_device_at(const Config *c, PciAddr address)
{
        FOREACH_ARRAY(d, c->devices, c->n_devices)
                if (pci_addr_equal(d->address, address))
                        return d;
        return NULL;
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
