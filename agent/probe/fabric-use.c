/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/fabric-use.h"

#include "base/io.h"
#include "base/text.h"
#include "probe/net-use.h"
#include "probe/probe.h"

#define DIRECTORY     "/sys/devices/virtual/nvme-fabrics/ctl"
#define NAME_FC_HOSTS "/sys/class/fc_host"
/* as long as a page of sysfs */
#define ADDRESS_MAX   4096

/* A connection, of the attribute address; NULL: not said. */
typedef struct Fabric {
        char text[ADDRESS_MAX];
        const char *to, *from, *own, *interface;
} Fabric;

static void cut_apart(Fabric *f)
{
        const struct {
                const char *key, **value;
        } keys[] = {
                { "traddr=", &f->to },
                { "host_traddr=", &f->from },
                { "src_addr=", &f->own },
                { "host_iface=", &f->interface },
        };
        char *save = NULL;

        for (char *field = strtok_r(f->text, ",", &save); field; field = strtok_r(NULL, ",", &save))
                FOREACH_ARRAY(k, keys, ELEMENTSOF(keys))
                        *k->value = startswith(field, k->key) ?: *k->value;
}

static int use_address(HostWalk *w, const Fabric *f, const char *name, const WalkLink *link)
{
        _cleanup_free_ char *note = NULL;
        WalkLink way = { .above = link };

        if (!f->to || string_printf(&note, "%s to %s", name, f->to) < 0)
                return f->to ? -ENOMEM : 0;
        way.name = note;
        return f->interface ? net_use_interface(w, f->interface, &way)
                            : net_use_address(w, f->to, f->from ?: f->own, &way);
}

/* Is the port, "0x2100001b32a1b2c3", the one that an address "nn-0x...:pn-0x..." ends with? */
static bool is_port(const HostWalk *w, const char *host, const char *address)
{
        const char *name = strstr(address, ":pn-");
        _cleanup_free_ char *attr = NULL;
        char text[32];

        return string_printf(&attr, NAME_FC_HOSTS "/%s/port_name", host) >= 0 &&
               root_read_attr(w->rfd, attr, text, sizeof(text)) >= 0 && name && streq(name + strlen(":pn-"), text);
}

static int use_port(HostWalk *w, const Fabric *f, const char *name, const WalkLink *link)
{
        const WalkLink way = { link, name };
        _cleanup_(string_list_done) StringList hosts = {};
        bool found = false;
        int r = root_list(w->rfd, NAME_FC_HOSTS, NULL, &hosts);

        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(host, hosts.items, hosts.n) {
                _cleanup_free_ char *entry = path_join(NAME_FC_HOSTS, *host);

                if (!entry)
                        return -ENOMEM;
                if (f->from && !is_port(w, *host, f->from))
                        continue;
                r = walk_entry(w, &way, entry);
                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

int fabric_use(HostWalk *w, const char *controller, const WalkLink *link)
{
        static const struct {
                const char *transport, *name;
                int (*use)(HostWalk *w, const Fabric *f, const char *name, const WalkLink *link);
        } transports[] = {
                { "tcp", "NVMe/TCP", use_address },
                { "rdma", "NVMe/RDMA", use_address },
                { "fc", "NVMe/FC", use_port },
        };
        const int length = (int) strcspn(controller, "/");
        _cleanup_free_ char *transport = NULL, *address = NULL;
        Fabric f = {};
        char kind[16];

        if (string_printf(&transport, DIRECTORY "/%.*s/transport", length, controller) < 0 ||
            string_printf(&address, DIRECTORY "/%.*s/address", length, controller) < 0)
                return -ENOMEM;
        if (root_read_attr(w->rfd, transport, kind, sizeof(kind)) < 0 ||
            root_read_attr(w->rfd, address, f.text, sizeof(f.text)) < 0)
                return 0;
        cut_apart(&f);
        FOREACH_ARRAY(t, transports, ELEMENTSOF(transports))
                if (streq(t->transport, kind))
                        return t->use(w, &f, t->name, link);
        return 0;
}
