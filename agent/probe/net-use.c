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

static bool is_virtual(const char *place)
{
        return strstr(place, "/devices/virtual/");
}

/* Where it is below /sys/devices; owned by the caller. */
static int net_place(int rfd, const char *name, char **ret)
{
        _cleanup_free_ char *entry = NULL;

        if (strchr(name, '/'))
                return -EINVAL;
        if (string_printf(&entry, NAME_SYS_CLASS_NET "/%s", name) < 0)
                return -ENOMEM;
        return root_readlink(rfd, entry, ret);
}

int net_is_virtual(int rfd, const char *name)
{
        _cleanup_free_ char *place = NULL;
        int r = net_place(rfd, name, &place);

        return r < 0 ? r : is_virtual(place);
}

/* What the driver calls its kind of interface (Linux include/linux/netdevice.h, SET_NETDEV_DEVTYPE()); "": nothing. 0
 * or -ENOMEM. */
static int net_type(int rfd, const char *name, char *buf, size_t size)
{
        _cleanup_free_ char *attr = NULL, *text = NULL;
        int r;

        *buf = 0;
        if (string_printf(&attr, NAME_SYS_CLASS_NET "/%s/uevent", name) < 0)
                return -ENOMEM;
        r = root_read_text(rfd, attr, &text);
        for (const char *line = r < 0 ? "" : text; *line; line = text_next_line(line)) {
                const char *type = startswith(line, "DEVTYPE=");

                if (type)
                        (void) snprintf(buf, size, "%.*s", (int) strcspn(type, "\n"), type);
        }
        return probe_soft(r);
}

/* Kinds of interfaces that show what they are made of: one that is made of nothing leads nowhere. */
static const char *const made_of_others[] = { "bond", "bridge", "macsec", "macvlan", "vlan" };

typedef enum LeafKind {
        LEAF_END, /* a guest's tap, a dummy */
        LEAF_VETH,
        LEAF_TUNNEL,
        LEAF_SWITCH, /* it may be an internal port of Open vSwitch, of which nothing shows it */
} LeafKind;

int net_number(int rfd, const char *name, const char *attribute, unsigned base, uint32_t *ret)
{
        char text[16];
        int r = net_attr(rfd, name, attribute, text, sizeof(text));

        if (r >= 0)
                r = parse_u32(startswith(text, "0x") ?: text, base, ret);
        return r < 0 && r != -ENOMEM ? -ENOENT : r;
}

/* By the number of the interface that it belongs to, its own where there is none. A LeafKind; -ENOMEM. */
static int leaf_by_number(int rfd, const char *name)
{
        uint32_t index, other, flags;
        char text[16];
        int r = net_number(rfd, name, "ifindex", 10, &index);

        if (r >= 0)
                r = net_number(rfd, name, "iflink", 10, &other);
        if (r >= 0 && other != index) {
                r = net_attr(rfd, name, "speed", text, sizeof(text));
                return r == -ENOMEM ? r : r >= 0 && other != 0 ? LEAF_VETH : LEAF_TUNNEL;
        }
        if (r != -ENOMEM)
                r = net_number(rfd, name, "flags", 16, &flags);
        if (r == -ENOMEM)
                return r;
        /* drivers/net/dummy.c, ifb.c; no port of a switch is one, net/openvswitch/vport-internal_dev.c */
        return r >= 0 && (flags & IFF_NOARP) ? LEAF_END : LEAF_SWITCH;
}

/*
 * What a virtual interface is that is made of no other one. Tunnels say their kind (vxlan, geneve, l2tpeth, wireguard,
 * ppp), or have the number of an interface that they are bound to, 0 where they are bound to none (gre, ipip, sit:
 * net/ipv4/ip_tunnel.c, ip_tunnel_get_iflink()). A veth has the number of its other end, be it in another namespace,
 * and a speed while it is up (drivers/net/veth.c, veth_get_iflink(), veth_get_link_ksettings()). Kinds that are not
 * known are taken for tunnels. A LeafKind; -ENOMEM.
 */
static int leaf_kind(int rfd, const char *name)
{
        char text[32];
        int r = net_attr(rfd, name, "tun_flags", text, sizeof(text)); /* drivers/net/tun.c */

        if (r >= 0 || r == -ENOMEM)
                return r < 0 ? r : LEAF_END;
        r = net_type(rfd, name, text, sizeof(text));
        if (r < 0)
                return r;
        if (!*text)
                return leaf_by_number(rfd, name);
        FOREACH_ARRAY(kind, made_of_others, ELEMENTSOF(made_of_others))
                if (streq(text, *kind))
                        return LEAF_END;
        return LEAF_TUNNEL;
}

/* What a way is followed for. */
typedef struct Way {
        HostWalk *w;
        int (*end)(HostWalk *w, const WalkLink *link, const char *place); /* as walk_functions() */
        bool tunnels; /* also to what the other end of a tunnel may be reached by */
} Way;

static int follow(const Way *way, const char *name, const WalkLink *above);

/* What an interface is made of. */
static int use_lower(const Way *way, const char *name, const WalkLink *link)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *directory = NULL;
        bool found = false;
        int r;

        if (string_printf(&directory, NAME_SYS_CLASS_NET "/%s", name) < 0)
                return -ENOMEM;
        r = root_list(way->w->rfd, directory, NULL, &names);
        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(entry, names.items, names.n) {
                const char *lower = startswith(*entry, "lower_");

                if (!lower)
                        continue;
                r = follow(way, lower, link);
                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

/* The interface that it is a port or a part of; owned by the caller. 0; negative errno. */
static int net_master(int rfd, const char *name, char **ret)
{
        _cleanup_free_ char *attr = NULL, *target = NULL;
        const char *slash;
        int r;

        if (string_printf(&attr, NAME_SYS_CLASS_NET "/%s/master", name) < 0)
                return -ENOMEM;
        r = root_readlink(rfd, attr, &target);
        if (r < 0)
                return r;
        slash = strrchr(target, '/');
        return slash ? string_copy(slash + 1, ret) : -EINVAL;
}

/* Interfaces that have another one as their master. */
static int use_ports(const Way *way, const char *master, const WalkLink *link)
{
        _cleanup_(string_list_done) StringList names = {};
        bool found = false;
        int r = root_list(way->w->rfd, NAME_SYS_CLASS_NET, NULL, &names);

        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *its = NULL;

                r = net_master(way->w->rfd, *name, &its);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || !streq(its, master))
                        continue;
                r = follow(way, *name, link);
                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

/* The ports of Open vSwitch: which of its bridges has which, its own database knows. */
static int use_switch(const Way *way, const WalkLink *link)
{
        const WalkLink here = { link, "Open vSwitch" };

        return walk_passed(link, here.name) ? 0 : use_ports(way, OVS_MASTER, &here);
}

static int is_ppp(const Way *way, const char *name)
{
        char type[32];
        int r = net_type(way->w->rfd, name, type, sizeof(type));

        return r < 0 ? r : streq(type, "ppp");
}

/* Does this tunnel, or one that it goes through, need no address of what carries it? 1, 0 or negative errno. */
static int goes_to_neighbours(const Way *way, const Routes *routes, const char *tunnel)
{
        int r = is_ppp(way, tunnel);

        FOREACH_ARRAY(hop, routes->hops, routes->n_hops) {
                char name[IF_NAMESIZE];

                if (r != 0)
                        break;
                if (hop->index != 0 && net_interface_name(way->w->rfd, way->w->f->live, hop->index, name) >= 0)
                        r = is_ppp(way, name);
        }
        return r;
}

/*
 * All interfaces through which anything is reached, but for this one: a tunnel goes through one of them. One that is up
 * and has no other address than the one that each gives itself is none: a tunnel to a neighbour's link-local address is
 * passed over where there are other ways. But PPP over Ethernet (drivers/net/ppp/pppoe.c) needs no address at all.
 */
static int use_reachable(const Way *way, const WalkLink *link)
{
        const WalkLink here = { link, "a tunnel" };
        _cleanup_(routes_done) Routes routes = {};
        bool found = false, neighbours;
        int r;

        if (!way->tunnels || walk_passed(link, here.name))
                return 0;
        r = netlink_routes(way->w->rfd, way->w->f->live, &routes);
        if (r < 0)
                return probe_soft(r);
        r = goes_to_neighbours(way, &routes, link->name);
        if (r < 0)
                return r;
        neighbours = r > 0;
        FOREACH_ARRAY(hop, routes.hops, routes.n_hops) {
                char name[IF_NAMESIZE];

                if ((hop->link_local && !neighbours) || hop->index == 0 ||
                    net_interface_name(way->w->rfd, way->w->f->live, hop->index, name) < 0)
                        continue;
                r = follow(way, name, &here);
                if (r < 0)
                        return r;
                found |= r > 0;
        }
        return found;
}

/* The bridge at the other end. An end in another namespace is not seen; what has its number here is no veth to here. */
static int use_peer(const Way *way, const char *name, const WalkLink *link)
{
        _cleanup_free_ char *master = NULL;
        char peer[IF_NAMESIZE];
        const WalkLink here = { link, peer };
        uint32_t index, other, back;
        int r = net_number(way->w->rfd, name, "ifindex", 10, &index);

        if (r >= 0)
                r = net_number(way->w->rfd, name, "iflink", 10, &other);
        if (r >= 0)
                r = net_interface_name(way->w->rfd, way->w->f->live, other, peer);
        if (r >= 0)
                r = net_number(way->w->rfd, peer, "iflink", 10, &back);
        if (r >= 0)
                r = back == index ? net_master(way->w->rfd, peer, &master) : -ENOENT;
        return r < 0 ? probe_soft(r) : follow(way, master, &here);
}

/*
 * A virtual interface that is made of no other one. What most ports of bridges are, taps and veths of guests, is no way
 * out; what may be a tunnel is one, also beside a card in the same bridge. A tap that a program fills with what it gets
 * over the network, such as OpenVPN, looks like a guest's, and as a port beside a card it is taken for such.
 */
static int use_leaf(const Way *way, const char *name, const WalkLink *link)
{
        int kind = leaf_kind(way->w->rfd, name);

        switch (kind) {
        case LEAF_VETH:
                return use_peer(way, name, link);
        case LEAF_TUNNEL:
                return use_reachable(way, link);
        case LEAF_SWITCH:
                return use_switch(way, link);
        default:
                return kind < 0 ? kind : 0;
        }
}

static int follow(const Way *way, const char *name, const WalkLink *above)
{
        const WalkLink link = { above, name };
        _cleanup_free_ char *target = NULL;
        int r;

        if (walk_passed(above, name) || streq(name, "lo"))
                return 0;
        r = net_place(way->w->rfd, name, &target);
        if (r < 0)
                return probe_soft(r);
        r = way->end(way->w, &link, target);
        if (r == 0)
                r = use_lower(way, name, &link);
        if (r == 0 && is_virtual(target))
                r = use_ports(way, name, &link); /* has the links lower_* as well, unless somebody has left them out */
        if (r == 0 && is_virtual(target))
                r = use_leaf(way, name, &link);
        return r;
}

/* Only where nothing that it is made of leads anywhere it may be a tunnel that does not look like one. */
int net_use_interface(HostWalk *w, const char *name, const WalkLink *above)
{
        const Way way = { w, walk_functions, true };
        const WalkLink link = { above, name };
        int r = follow(&way, name, above);

        if (r != 0 || streq(name, "lo"))
                return r;
        r = net_is_virtual(w->rfd, name);
        return r > 0 ? use_reachable(&way, &link) : probe_soft(r);
}

int net_use_link(HostWalk *w, const char *name, const WalkLink *above)
{
        const Way way = { w, walk_functions, false };

        return follow(&way, name, above);
}

static int is_hardware(HostWalk *w, const WalkLink *link, const char *place)
{
        (void) w, (void) link;
        return !is_virtual(place);
}

int net_on_hardware(HostWalk *w, const char *name)
{
        const Way way = { w, is_hardware, false };

        return follow(&way, name, NULL);
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
