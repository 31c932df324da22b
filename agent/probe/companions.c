/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/companions.h"

#include "base/io.h"
#include "base/text.h"
#include "model/claim-limits.h"
#include "model/names.h"
#include "model/pciclass.h"
#include "probe/probe.h"

static int add_member(int rfd, Config *c, size_t leader, PciAddr addr)
{
        _cleanup_free_ char *directory = NULL;
        uint32_t vendor, device, class;
        ConfigDevice *d;
        int r;

        if (c->n_devices == CLAIM_DEVICES_MAX || config_device_at(c, addr))
                return 0;
        if (string_printf(&directory, NAME_SYS_PCI_DEVICES "/%s", PCI_ADDR_TEXT(addr)) < 0)
                return -ENOMEM;
        r = probe_read_hex(rfd, directory, "class", &class);
        if (r >= 0)
                r = probe_read_hex(rfd, directory, "vendor", &vendor);
        if (r >= 0)
                r = probe_read_hex(rfd, directory, "device", &device);
        if (r < 0)
                return probe_soft(r);
        if (pci_class_is_platforms(class))
                return 0;
        d = array_grow(&c->devices, c->n_devices);
        if (!d)
                return -ENOMEM;
        c->n_devices++;
        *d = (ConfigDevice){
                .companion = true,
                .line = c->devices[leader].line,
                .address = addr,
                .id = { (uint16_t) vendor, (uint16_t) device },
                .driver = c->devices[leader].driver,
                .best = c->devices[leader].best,
                .group = GROUP_COMPANIONS,
        };
        d->file = strdup(c->devices[leader].file);
        if (!d->file || string_printf(&d->name, "companion-%s", PCI_ADDR_TEXT(addr)) < 0)
                return -ENOMEM;
        for (char *s = d->name; *s; s++) /* the name of a device has no colon */
                if (*s == ':')
                        *s = '-';
        return 0;
}

int companions_add(int rfd, Config *c)
{
        const size_t n = c->n_devices;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(string_list_done) StringList members = {};
                _cleanup_free_ char *path = NULL;
                int r;

                if (c->devices[i].group != GROUP_COMPANIONS)
                        continue;
                if (string_printf(&path, NAME_SYS_PCI_DEVICES "/%s/iommu_group/devices",
                                  PCI_ADDR_TEXT(c->devices[i].address)) < 0)
                        return -ENOMEM;
                r = root_list(rfd, path, NULL, &members);
                if (r == -ENOMEM)
                        return r;
                FOREACH_ARRAY(member, members.items, members.n) {
                        PciAddr addr;

                        r = pci_addr_parse(*member, &addr) < 0 ? 0 : add_member(rfd, c, i, addr);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}
