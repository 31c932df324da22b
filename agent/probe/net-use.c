/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/net-use.h"

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "probe/netlink.h"
#include "probe/probe.h"

/* The port of Open vSwitch's kernel module that all its other ports have as their master (Linux net/openvswitch). */
#define OVS_MASTER "ovs-system"

int net_attr(int rfd, const char *name, const char *attribute, char *buf, size_t size)
{
        _cleanup_free_ char *attr = NULL;

        if (string_printf(&attr, NAME_SYS_CLASS_NET "/%s/%s", name, attribute) < 0)
                return -ENOMEM;
        return root_read_attr(rfd, attr, buf, size);
}

int net_interface_name(int rfd, bool live, uint32_t index, char ret[IF_NAMESIZE])
{
        _cleanup_(string_list_done) StringList names = {};
        int r;

        if (live)
                return if_indextoname(index, ret) ? 0 : -ENOENT;
        r = root_list(rfd, NAME_SYS_CLASS_NET, NULL, &names);
        if (r < 0)
                return r;
        FOREACH_ARRAY(name, names.items, names.n) {
                char text[16];
                uint32_t number;

                r = net_attr(rfd, *name, "ifindex", text, sizeof(text));
                if (r == -ENOMEM)
                        return r;
                if (strlen(*name) >= IF_NAMESIZE || r < 0 || parse_u32(text, 10, &number) < 0 || number != index)
                        continue;
                strcpy(ret, *name);
                return 0;
        }
        return -ENOENT;
}

/* What an interface is made of. */
static int use_lower(HostWalk *w, const char *name, const WalkLink *link)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *directory = NULL;
        bool found = false;
        int r;

        if (string_printf(&directory, NAME_SYS_CLASS_NET "/%s", name) < 0)
                return -ENOMEM;
        r = root_list(w->rfd, directory, NULL, &names);
        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(entry, names.items, names.n) {
                const char *lower = startswith(*entry, "lower_");

                if (!lower)
                        continue;
                r = net_use_interface(w, lower, link);
                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

/* Interfaces that have another one as their master. */
static int use_ports(HostWalk *w, const char *master, const WalkLink *link)
{
        _cleanup_(string_list_done) StringList names = {};
        bool found = false;
        int r = root_list(w->rfd, NAME_SYS_CLASS_NET, NULL, &names);

        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *attr = NULL, *target = NULL;
                const char *slash;

                if (string_printf(&attr, NAME_SYS_CLASS_NET "/%s/master", *name) < 0)
                        return -ENOMEM;
                r = root_readlink(w->rfd, attr, &target);
                if (r == -ENOMEM)
                        return r;
                slash = r >= 0 ? strrchr(target, '/') : NULL;
                if (!slash || !streq(slash + 1, master))
                        continue;
                r = net_use_interface(w, *name, link);
                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

/* The ports of Open vSwitch: which of its bridges has which, its own database knows. */
static int use_switch(HostWalk *w, const WalkLink *link)
{
        const WalkLink here = { link, "Open vSwitch" };

        return walk_passed(link, here.name) ? 0 : use_ports(w, OVS_MASTER, &here);
}

/* All interfaces through which anything is reached, but for this one: a tunnel goes through one of them. */
static int use_reachable(HostWalk *w, const WalkLink *link)
{
        const WalkLink here = { link, "a tunnel" };
        _cleanup_(routes_done) Routes routes = {};
        bool found = false;
        int r;

        if (walk_passed(link, here.name))
                return 0;
        r = netlink_routes(w->rfd, w->f->live, &routes);
        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(hop, routes.hops, routes.n_hops) {
                char name[IF_NAMESIZE];

                if (hop->index == 0 || net_interface_name(w->rfd, w->f->live, hop->index, name) < 0)
                        continue;
                r = net_use_interface(w, name, &here);
                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

int net_use_interface(HostWalk *w, const char *name, const WalkLink *above)
{
        const WalkLink link = { above, name };
        _cleanup_free_ char *entry = NULL, *target = NULL;
        int r;

        if (walk_passed(above, name) || strchr(name, '/') || streq(name, "lo"))
                return 0;
        if (string_printf(&entry, NAME_SYS_CLASS_NET "/%s", name) < 0)
                return -ENOMEM;
        r = root_readlink(w->rfd, entry, &target);
        if (r < 0)
                return probe_soft(r);
        r = walk_functions(w, &link, target);
        if (r == 0)
                r = use_lower(w, name, &link);
        if (r == 0 && strstr(target, "/devices/virtual/")) {
                r = use_ports(w, name, &link); /* has the links lower_* as well, unless somebody has left them out */
                if (r == 0)
                        r = use_switch(w, &link);
                if (r == 0)
                        r = use_reachable(w, &link);
        }
        return r;
}

int net_use_address(HostWalk *w, const char *address, const char *source, const WalkLink *above)
{
        const char *scope = strchr(address, '%');
        _cleanup_(routes_done) Routes routes = {};
        char name[IF_NAMESIZE] = "";
        int r;

        if (scope) { /* a link-local address is reached through the interface that it names */
                (void) snprintf(name, sizeof(name), "%.*s", (int) strcspn(scope + 1, "]"), scope + 1);
                return net_use_interface(w, name, above);
        }
        r = netlink_route_to(w->rfd, w->f->live, address, source, &routes);
        if (r >= 0)
                r = routes.n_hops == 0 ? -ENOENT : net_interface_name(w->rfd, w->f->live, routes.hops[0].index, name);
        return r < 0 ? probe_soft(r) : net_use_interface(w, name, above);
}

int net_mac(int rfd, const char *name, char **ret)
{
        /* a bond gives its own address to all that it is made of */
        static const char *const attributes[] = { "bonding_slave/perm_hwaddr", "address" };
        int r = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(attributes) && r < 0 && r != -ENOMEM; i++) {
                char text[64];

                r = strchr(name, '/') ? -EINVAL : net_attr(rfd, name, attributes[i], text, sizeof(text));
                if (r >= 0)
                        r = strpbrk(text, " \t") || !*text ? -EINVAL : string_copy(text, ret);
        }
        return r;
}
