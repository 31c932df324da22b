/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/remote-use.h"

#include <ctype.h>

#include "base/io.h"
#include "base/text.h"
#include "model/ibft.h"
#include "model/names.h"
#include "probe/net-use.h"
#include "probe/probe.h"

#define NAME_IBFT   "/sys/firmware/ibft"
/* an IPv6 address with a scope, and some room */
#define ADDRESS_MAX 96

/* By one address, which may be "10.0.0.9:4420", "[2001:db8::9]:4420", or one without a port. */
static int use_address(HostWalk *w, const char *name, const char *address, const WalkLink *link)
{
        char host[ADDRESS_MAX];
        const char *colon = strchr(address, ':'), *bracket = strchr(address, ']');
        size_t length = strlen(address);
        _cleanup_free_ char *note = NULL;
        WalkLink way = { .above = link };

        if (bracket)
                length = (size_t) (bracket + 1 - address);
        else if (colon && !strchr(colon + 1, ':')) /* only IPv6 has more than one */
                length = (size_t) (colon - address);
        if (length == 0 || length >= sizeof(host))
                return 0;
        memcpy(host, address, length);
        host[length] = 0;
        if (string_printf(&note, "%s to %s", name, host) < 0)
                return -ENOMEM;
        way.name = note;
        return net_use_address(w, host, NULL, &way);
}

int remote_use_servers(HostWalk *w, const char *name, const char *servers, const WalkLink *link)
{
        _cleanup_free_ char *copy = strdup(servers);
        bool found = false;
        char *save = NULL;

        if (!copy)
                return -ENOMEM;
        for (char *server = strtok_r(copy, " ,/", &save); server; server = strtok_r(NULL, " ,/", &save)) {
                int r = use_address(w, name, server, link);

                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

/* The interface that the initiator of a session is bound to. Where it is to none, no interface has what stands there.
 */
static int use_bound(HostWalk *w, const char *session, const WalkLink *link)
{
        const char *slash = strrchr(session, '/'), *host = slash;
        _cleanup_free_ char *attr = NULL;
        char interface[64];
        WalkLink way = { .above = link };

        while (host > session && host[-1] != '/')
                host--;
        if (string_printf(&attr, "%.*s/iscsi_host/%.*s/netdev", (int) (slash - session), session, (int) (slash - host),
                          host) < 0)
                return -ENOMEM;
        if (root_read_attr(w->rfd, attr, interface, sizeof(interface)) < 0 || interface[0] == 0)
                return 0;
        way.name = "iSCSI";
        return net_use_interface(w, interface, &way);
}

static int use_connections(HostWalk *w, const char *session, const WalkLink *link)
{
        _cleanup_(string_list_done) StringList names = {};
        bool found = false;
        int r = root_list(w->rfd, session, NULL, &names);

        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *attr = NULL;
                char address[ADDRESS_MAX];

                if (!startswith(*name, "connection"))
                        continue;
                if (string_printf(&attr, "%s/%s/iscsi_connection/%s/address", session, *name, *name) < 0)
                        return -ENOMEM;
                if (root_read_attr(w->rfd, attr, address, sizeof(address)) < 0)
                        continue;
                r = use_address(w, "iSCSI", address, link);
                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

/* The table itself, where the kernel's module for it is not loaded. */
static int use_ibft_table(HostWalk *w, const WalkLink *link)
{
        static const char *const names[] = { IBFT_TABLE_NAMES };
        bool found = false;

        FOREACH_ARRAY(name, names, ELEMENTSOF(names)) {
                _cleanup_free_ char *path = path_join(NAME_SYS_ACPI_TABLES, *name), *table = NULL;
                size_t size, iterator = 0;
                PciAddr addr;
                int r = path ? root_read_file(w->rfd, path, IBFT_MAX, &table, &size) : -ENOMEM;

                if (r == -ENOMEM)
                        return r;
                while (r >= 0 && ibft_next(table, size, &iterator, &addr) > 0) {
                        _cleanup_free_ char *entry = path_join(NAME_SYS_PCI_DEVICES, PCI_ADDR_TEXT(addr));

                        r = entry ? walk_entry(w, link, entry) : -ENOMEM;
                        if (r < 0)
                                return r;
                        found |= r > 0;
                }
        }
        return found;
}

int remote_use_ibft(HostWalk *w, const WalkLink *above)
{
        const WalkLink link = { above, "iSCSI as the firmware has it (iBFT)" };
        _cleanup_(string_list_done) StringList names = {};
        bool found = false;
        int r = root_list(w->rfd, NAME_IBFT, NULL, &names);

        if (r == -ENOENT)
                return use_ibft_table(w, &link);
        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *entry = NULL;

                if (!startswith(*name, "ethernet"))
                        continue;
                if (string_printf(&entry, NAME_IBFT "/%s/device", *name) < 0)
                        return -ENOMEM;
                r = walk_entry(w, &link, entry);
                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

int remote_use_iscsi(HostWalk *w, const char *place, const WalkLink *link)
{
        const char *name = strstr(place, "/session");
        _cleanup_free_ char *session = NULL;
        int r;

        session = name ? strndup(place, (size_t) (name - place) + 1 + strcspn(name + 1, "/")) : NULL;
        if (!session)
                return name ? -ENOMEM : 0;
        r = use_bound(w, session, link);
        if (r == 0)
                r = use_connections(w, session, link);
        if (r == 0)
                r = remote_use_ibft(w, link);
        return r;
}

int remote_use_aoe(HostWalk *w, const char *disk, const WalkLink *link)
{
        const WalkLink way = { link, "ATA over Ethernet" };
        _cleanup_free_ char *attr = path_join(disk, "netif");
        char text[256], *save = NULL;
        bool found = false;

        if (!attr)
                return -ENOMEM;
        if (root_read_attr(w->rfd, attr, text, sizeof(text)) < 0)
                return 0;
        for (char *name = strtok_r(text, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
                int r = net_use_interface(w, name, &way);

                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

int remote_use_rbd(HostWalk *w, const char *place, const WalkLink *link)
{
        const char *block = strstr(place, "/block/");
        _cleanup_free_ char *attr = NULL, *text = NULL;

        if (string_printf(&attr, "%.*s/config_info", block ? (int) (block - place) : (int) strlen(place), place) < 0)
                return -ENOMEM;
        if (root_read_text(w->rfd, attr, &text) < 0)
                return 0;
        text[strcspn(text, " \t\n")] = 0;
        return remote_use_servers(w, "Ceph", text, link);
}
