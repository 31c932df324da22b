/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "model/netmemory.h"
#include "probe/net-login.h"
#include "probe/net-use.h"
#include "probe/netlink.h"
#include "probe/probe.h"
#include "probe/trust.h"

/* What the host's network hangs on: its default routes, the last link, the way by which somebody is logged in; and what
 * it hung on when the network was last up. */

/* How a use begins in a chain, and in a sentence: seen now, and remembered. */
static const struct {
        const char *name, *what, *remembered;
} network_uses[] = {
        { "default route", "the default route", "the default route, as ptprep saw it when the network was last up" },
        { "last link", "the last network link",
          "the last network link, as ptprep saw it when the network was last up" },
        { "login", "the way by which you are logged in", NULL },
};
enum {
        USE_ROUTE,
        USE_LINK,
        USE_LOGIN,
};

static const WalkCure not_followed = { CURE_CONFIGURATION,
                                       "leave the device to the host, or say allow = network in its section if the "
                                       "host can do without",
                                       false };
/* Nothing is wrong, it is only too early. */
static const HostUnknown too_early[] = {
        { .kind = HOST_USE_NETWORK,
          .waits = true,
          .cure_kind = CURE_ELSEWHERE,
          .cure = "nothing: the first boot of this system decides, once its network is up (ptprep-network.service); "
                  "where it is known that the host can do without: allow = network" },
        { .kind = HOST_USE_NETWORK,
          .waits = true,
          .cure_kind = CURE_ELSEWHERE,
          .cure = "nothing at boot: ptprep-network.service decides once the network is up; by hand: \"ptprep "
                  "remember\" "
                  "while it is as it shall be, then \"ptprep --apply\"" },
};

typedef struct Network {
        const Probe *p;
        HostWalk walk;
        Routes routes;
        bool seen;  /* routes are the machine's own, and all of them */
        bool found; /* a default route could be followed to a function */
} Network;

static int use_route(Network *n, const char *name)
{
        const WalkLink link = { NULL, network_uses[USE_ROUTE].name }, interface = { &link, name };
        int r;

        n->walk.what = network_uses[USE_ROUTE].what;
        r = net_use_interface(&n->walk, name, &link);
        n->found |= r > 0;
        if (r != 0 || net_is_virtual(n->p->rfd, name) == 0) /* on no function, as a network of a system on chip */
                return r < 0 ? r : 0;
        return walk_unknown(&n->walk, &interface, &not_followed, "of which Linux does not show what it goes through");
}

static int use_routes(Network *n)
{
        FOREACH_ARRAY(hop, n->routes.hops, n->routes.n_hops) {
                char name[IF_NAMESIZE];
                int r;

                if (!hop->is_default || hop->index == 0 ||
                    net_interface_name(n->p->rfd, n->p->live, hop->index, name) < 0)
                        continue;
                r = use_route(n, name);
                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * The tables that procfs shows, of a machine that is only a tree of files: the first way of each route and the main
 * table, which is enough to tell of a use and not enough to tell that there is none. Formats: Linux
 * net/ipv4/fib_trie.c, fib_route_seq_show(); net/ipv6/route.c, rt6_info_route().
 */
static int use_proc_routes(Network *n)
{
        static const struct {
                const char *path;
                bool six;
        } tables[] = {
                { "/proc/net/route", false },
                { "/proc/net/ipv6_route", true },
        };
        enum {
                FLAG_UP = 0x0001,
                FLAG_REJECT = 0x0200, /* include/uapi/linux/route.h */
        };

        FOREACH_ARRAY(t, tables, ELEMENTSOF(tables)) {
                _cleanup_free_ char *text = NULL;
                int r = probe_soft(root_read_text(n->p->rfd, t->path, &text));

                for (const char *line = text; line && *line && r >= 0; line = text_next_line(line)) {
                        char name[IF_NAMESIZE] = "", to[64], length[64];
                        unsigned flags = 0;
                        int got = t->six ? sscanf(line, "%63s %63s %*s %*s %*s %*s %*s %*s %x %15s", to, length, &flags,
                                                  name)
                                         : sscanf(line, "%15s %63s %*s %x %*s %*s %*s %63s", name, to, &flags, length);

                        if (got == 4 && to[strspn(to, "0")] == 0 && length[strspn(length, "0")] == 0 &&
                            (flags & FLAG_UP) && !(flags & FLAG_REJECT))
                                r = use_route(n, name);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Is there a link? Of an interface that is down the kernel does not say (EINVAL). */
static bool has_carrier(int rfd, const char *name)
{
        char value[8];

        return net_attr(rfd, name, "carrier", value, sizeof(value)) >= 0 && streq(value, "1");
}

/* Physical interfaces that have a link. */
typedef struct Links {
        StringList names;   /* of those on PCI functions */
        PciAddr first;      /* of these functions, the first one */
        bool several, stay; /* they are on more than one device; one stays when all configured devices are taken */
} Links;

static int add_link(const Network *n, Links *l, const char *name, const char *place)
{
        const Facts *f = n->walk.f;
        const PciFunction *function;
        PciAddr addr;

        if (place_function(place, &addr) < 0) {
                l->several = l->stay = true;
                return 0;
        }
        l->several |= l->names.n > 0 && !pci_addr_equal(addr, l->first);
        l->first = addr;
        function = facts_function(f, addr);
        l->stay |= !probe_wants(n->p, addr) && !(function && function->physfn != PCI_PARENT_NONE &&
                                                 probe_wants(n->p, f->functions[function->physfn].addr));
        return string_list_add(&l->names, name);
}

/* Is something made of it, or is it a port? Then what is reached through it has its route by that (links upper_*, Linux
 * net/core/dev.c). 1; 0; -ENOMEM. */
static int is_part(int rfd, const char *name)
{
        _cleanup_free_ char *directory = path_join(NAME_SYS_CLASS_NET, name);
        _cleanup_(string_list_done) StringList names = {};
        int r = directory ? root_list(rfd, directory, NULL, &names) : -ENOMEM;

        FOREACH_ARRAY(entry, names.items, r < 0 ? 0 : names.n)
                if (streq(*entry, "master") || startswith(*entry, "upper_"))
                        return 1;
        return probe_soft(r);
}

/*
 * Is nothing reached through it but neighbours that gave themselves their addresses? So it is with the USB network of a
 * controller for remote management, which has a link for ever (drivers/net/usb/cdc_ether.c, rndis_host.c). Where there
 * is no route at all nothing is known. 1; 0; -ENOMEM.
 */
static int is_neighbours_only(const Network *n, const char *name)
{
        bool found = false;
        uint32_t index;
        int r = net_number(n->p->rfd, name, "ifindex", 10, &index);

        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(hop, n->routes.hops, n->routes.n_hops) {
                if (hop->index == index && !hop->link_local)
                        return 0;
                found |= hop->index == index;
        }
        if (!found)
                return 0;
        r = is_part(n->p->rfd, name);
        return r < 0 ? r : !r;
}

/* @weak: also those through which only neighbours are reached. */
static int find_links(const Network *n, bool weak, Links *l)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = probe_soft(root_list(n->p->rfd, NAME_SYS_CLASS_NET, NULL, &names));

        for (size_t i = 0; i < names.n && r >= 0 && !(l->several && l->stay); i++) {
                _cleanup_free_ char *entry = path_join(NAME_SYS_CLASS_NET, names.items[i]), *place = NULL;

                r = entry ? root_readlink(n->p->rfd, entry, &place) : -ENOMEM;
                if (r >= 0 && !strstr(place, "/devices/virtual/") && has_carrier(n->p->rfd, names.items[i])) {
                        r = weak ? 0 : is_neighbours_only(n, names.items[i]);
                        if (r == 0)
                                r = add_link(n, l, names.items[i], place);
                }
                r = probe_soft(r);
        }
        return r;
}

/* The last physical link: WLAN counts, virtual interfaces do not, and a link to neighbours only keeps no other one from
 * being the last; where there is nothing else it is one itself. All configured devices go at once. */
static int use_last_link(Network *n)
{
        const WalkLink link = { NULL, network_uses[USE_LINK].name };
        Links l = {};
        int r = find_links(n, false, &l);

        if (r >= 0 && l.names.n == 0 && !l.several)
                r = find_links(n, true, &l);
        n->walk.what = network_uses[USE_LINK].what;
        for (size_t i = 0; i < l.names.n && r >= 0 && !(l.several && l.stay); i++)
                r = net_use_interface(&n->walk, l.names.items[i], &link);
        string_list_done(&l.names);
        return r < 0 ? r : 0;
}

static int use_login(Network *n)
{
        _cleanup_free_ char *peer = NULL, *name = NULL;
        WalkLink link = {};
        int r = net_login_peer(n->p->rfd, &peer);

        if (r <= 0)
                return r;
        if (string_printf(&name, "%s from %s", network_uses[USE_LOGIN].name, peer) < 0)
                return -ENOMEM;
        link.name = name;
        n->walk.what = network_uses[USE_LOGIN].what;
        r = net_use_address(&n->walk, peer, NULL, &link);
        return r < 0 ? r : 0;
}

/* Is it the card that was seen? Where its interface has another address it may be one of the same kind. */
static bool is_same(const Network *n, const NetMemoryUse *u)
{
        const PciFunction *function = facts_function(n->walk.f, u->addr);
        _cleanup_free_ char *mac = NULL;

        if (!function || function->id.vendor != u->id.vendor || function->id.device != u->id.device)
                return false;
        return net_mac(n->p->rfd, u->chain.items[u->chain.n - 1], &mac) < 0 || streq(u->mac, "-") || streq(u->mac, mac);
}

/* What is seen now needs no memory. */
static bool is_used(const Facts *f, PciAddr addr)
{
        size_t n;
        const HostUse *uses = host_uses_of(&f->host, addr, &n);

        FOREACH_ARRAY(use, uses, n)
                if (use->kind == HOST_USE_NETWORK)
                        return true;
        return false;
}

/*
 * What carried the network when it was last up. A card that is gone since is no use of another one; but then nobody
 * knows what took its place. Returns 1; 0: nothing that would tell all is remembered; -ENOMEM.
 */
static int use_memory(Network *n)
{
        static const char *const paths[] = { NAME_STATE_DIR, NAME_NETWORK };
        _cleanup_(net_memory_done) NetMemory m = {};
        bool whole = true;
        int r;

        FOREACH_ARRAY(path, paths, ELEMENTSOF(paths)) {
                _cleanup_free_ char *refusal = NULL;

                r = trust_refusal(n->p->rfd, *path, &refusal);
                if (r == -ENOMEM || refusal)
                        return r == -ENOMEM ? r : 0;
        }
        r = root_read_text(n->p->rfd, NAME_NETWORK, &n->walk.f->network_memory);
        if (r >= 0)
                r = net_memory_parse(n->walk.f->network_memory, &m);
        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(u, m.uses, m.n) {
                const char *what = network_uses[USE_ROUTE].remembered;

                if (!is_same(n, u)) {
                        whole = false;
                        continue;
                }
                FOREACH_ARRAY(i, network_uses, ELEMENTSOF(network_uses))
                        if (i->remembered && streq(i->name, u->chain.items[0]))
                                what = i->remembered;
                if (is_used(n->walk.f, u->addr))
                        continue;
                r = host_use_add(&n->walk.f->host, HOST_USE_NETWORK, u->addr, what, &u->chain);
                if (r < 0)
                        return r;
        }
        return whole;
}

/* Functions that have an interface, whatever their class says: USB, and what is not classified. */
static int mark_interfaces(Network *n)
{
        _cleanup_(string_list_done) StringList names = {};
        Facts *f = n->walk.f;
        int r = probe_soft(root_list(n->p->rfd, NAME_SYS_CLASS_NET, NULL, &names));

        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *entry = path_join(NAME_SYS_CLASS_NET, *name), *target = NULL;
                const PciFunction *function;
                PciAddr addr;

                r = entry ? root_readlink(n->p->rfd, entry, &target) : -ENOMEM;
                if (r == -ENOMEM)
                        return r;
                function = r >= 0 && place_function(target, &addr) >= 0 ? facts_function(f, addr) : NULL;
                if (function)
                        f->functions[function - f->functions].has_network = true;
        }
        return probe_soft(r);
}

/*
 * Is all of the network there to be seen? A route says that it is up, be it to other hosts on the link only; but not
 * while the host boots: what comes next nobody knows. Nor does a route into a bridge of guests only (docker0, virbr0),
 * which is there without any link (RTNH_F_LINKDOWN, Linux net/ipv4/fib_semantics.c). Returns 1; 0; -ENOMEM.
 */
static int is_up(Network *n)
{
        if (!n->seen || n->p->boot)
                return 0;
        if (n->found)
                return 1;
        FOREACH_ARRAY(hop, n->routes.hops, n->routes.n_hops) {
                char name[IF_NAMESIZE];
                int r;

                if (hop->link_local || hop->index == 0 ||
                    net_interface_name(n->p->rfd, n->p->live, hop->index, name) < 0)
                        continue;
                r = net_on_hardware(&n->walk, name);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* Is no interface of hardware in use, nor on its way to be? */
static bool is_off(const Network *n)
{
        _cleanup_(string_list_done) StringList names = {};

        if (root_list(n->p->rfd, NAME_SYS_CLASS_NET, NULL, &names) < 0)
                return false;
        FOREACH_ARRAY(name, names.items, names.n) {
                char text[16];
                unsigned flags;

                if (net_is_virtual(n->p->rfd, *name) == 0 &&
                    (net_attr(n->p->rfd, *name, "flags", text, sizeof(text)) < 0 || sscanf(text, "%x", &flags) != 1 ||
                     (flags & IFF_UP)))
                        return false;
        }
        return true;
}

static int tell_too_early(Network *n)
{
        HostUnknown u = too_early[n->p->live];
        int r = mark_interfaces(n);

        if (r < 0)
                return r;
        u.what = strdup(n->p->live ? "its network is not up yet, and was never seen up"
                                   : "what its network hangs on is only to be seen on the running host");
        return u.what ? host_unknown_add(&n->walk.f->host, &u) : -ENOMEM;
}

/* All that is to be seen now. */
static int look(Network *n)
{
        int r = netlink_routes(n->p->rfd, n->p->live, &n->routes);

        n->seen = r >= 0;
        if (!n->p->live && (r >= 0 || r == -ENODATA))
                r = use_proc_routes(n);
        else if (r < 0 && r != -ENOMEM)
                r = walk_unknown(&n->walk, NULL, &not_followed, "the kernel does not tell its routes: %s",
                                 strerror(-r));
        if (r >= 0)
                r = use_routes(n);
        if (r >= 0 && n->p->live)
                r = use_login(n);
        return r >= 0 ? use_last_link(n) : r;
}

static Network network(const Probe *p, Facts *f)
{
        return (Network){ .p = p, .walk = { .rfd = p->rfd, .f = f, .kind = HOST_USE_NETWORK } };
}

int probe_network(const Probe *p, Facts *f)
{
        Network n = network(p, f);
        int r;

        if (!probe_asks_for_uses(p))
                return 0;
        r = look(&n);
        if (r >= 0)
                r = use_memory(&n);
        if (r == 0) {
                r = is_up(&n);
                if (r == 0)
                        r = tell_too_early(&n);
        }
        routes_done(&n.routes);
        f->host.looked[HOST_USE_NETWORK] = true;
        return r < 0 ? r : 0;
}

int probe_network_now(const Probe *p, Facts *f, NetworkNow *ret)
{
        _cleanup_(net_memory_done) NetMemory m = {};
        Network n = network(p, f);
        int r = look(&n);

        FOREACH_ARRAY(use, f->host.items, r >= 0 ? f->host.n : 0) {
                const PciFunction *function = facts_function(f, use->addr);
                _cleanup_free_ char *mac = NULL;

                /* of a login nothing stays */
                if (!function || startswith(use->chain.items[0], network_uses[USE_LOGIN].name))
                        continue;
                r = net_mac(p->rfd, use->chain.items[use->chain.n - 1], &mac);
                if (r != -ENOMEM)
                        r = net_memory_add(&m, use, function->id, mac);
                if (r < 0)
                        break;
        }
        if (r >= 0)
                r = is_up(&n);
        if (r >= 0) {
                *ret = (NetworkNow){ net_memory_print(&m), m.n, m.n > 0 || r > 0 || is_off(&n) };
                r = ret->text ? 0 : -ENOMEM;
        }
        routes_done(&n.routes);
        return r;
}
