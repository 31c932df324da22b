/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/netmemory.h"
#include "network.h"
#include "probe/net-login.h"
#include "probe/probe.h"

/* What the host's network hangs on, now and as it was remembered. */

#define NIC  "pci0000:00/0000:00:04.0/net/enp0s4"
#define NIC1 "pci0000:00/0000:00:05.0/net/enp0s5"

enum {
        BOOT = 1 << 0,    /* the host is booting */
        BOTH = 1 << 1,    /* both devices are configured, else the first */
        LIST = 1 << 2,    /* a list of all functions */
        UNASKED = 1 << 3, /* nothing is configured */
};

static void look(const Tree *t, unsigned flags, Facts *f)
{
        static const PciAddr wanted[] = { { 0, 0, 4, 0 }, { 0, 0, 5, 0 } };
        const size_t n = flags & (LIST | UNASKED) ? 0 : flags & BOTH ? 2 : 1;
        const Config config = { .n_devices = n };
        const Probe p = { .rfd = t->rfd,
                          .cfg = &config,
                          .wanted = wanted,
                          .n_wanted = n,
                          .functions = flags & LIST,
                          .boot = flags & BOOT };

        facts_init(f);
        f->functions = calloc(3, sizeof(*f->functions));
        assert_non_null(f->functions);
        for (uint8_t i = 0; i < 3; i++)
                f->functions[f->n_functions++] = (PciFunction){ .addr = { 0, 0, (uint8_t) (4 + i), 0 },
                                                                .id = { 0x8086, 0x10d3 },
                                                                .parent = PCI_PARENT_NONE,
                                                                .behind = PCI_PARENT_NONE,
                                                                .physfn = PCI_PARENT_NONE };
        assert_int_equal(probe_network(&p, f), 0);
}

/* "WHAT: CHAIN" a line, then "wait" or "unknown: WHAT". */
static void expect(const Tree *t, unsigned flags, const char *expected)
{
        _cleanup_(facts_done) Facts f;
        char text[2048] = "";

        look(t, flags, &f);
        assert_int_equal(f.host.looked[HOST_USE_NETWORK], !(flags & UNASKED));
        FOREACH_ARRAY(u, f.host.items, f.host.n) {
                _cleanup_free_ char *chain = host_use_chain(u);

                assert_int_equal(u->kind, HOST_USE_NETWORK);
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s: %s\n", u->what, chain);
        }
        FOREACH_ARRAY(u, f.host.unknown, f.host.n_unknown)
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s\n",
                                u->waits ? "wait" : "unknown: ", u->waits ? "" : u->what);
        assert_string_equal(text, expected);
}

static void machine(const Tree *t)
{
        interface(t, "virtual/net/lo", "1");
        interface(t, NIC, "2");
        interface(t, NIC1, "3");
        interface_attribute(t, "enp0s4", "address", "52:54:00:00:00:04\n");
        interface_attribute(t, "enp0s5", "address", "52:54:00:00:00:05\n");
}

/* @index: of the interface of a default route; 0: none. */
static void routes(const Tree *t, uint32_t index)
{
        Answer a = {};

        answer_route(&a, AF_INET, 8, RTN_UNICAST, 1);
        if (index != 0)
                answer_default(&a, index);
        answer_done(&a);
        answer_store(t, &a, "routes");
}

static void remember(const Tree *t, PciAddr addr, PciId id, const char *mac, const char *interface_name)
{
        _cleanup_(net_memory_done) NetMemory m = {};
        HostUse use = { .addr = addr };
        _cleanup_free_ char *text = NULL;

        if (interface_name) {
                assert_int_equal(string_list_add(&use.chain, "default route"), 0);
                assert_int_equal(string_list_add(&use.chain, interface_name), 0);
                assert_int_equal(net_memory_add(&m, &use, id, mac), 0);
                string_list_done(&use.chain);
        }
        text = net_memory_print(&m);
        assert_non_null(text);
        tree_file(t, NAME_NETWORK, text);
}

#define ROUTE_NOW    "the default route: default route on enp0s4 on 0000:00:04.0\n"
#define REMEMBERED   "the default route, as ptprep saw it when the network was last up: default route on "
#define ROUTE_BEFORE REMEMBERED "enp0s5 on 0000:00:05.0\n"

static void test_now(void **state)
{
        const Tree *t = *state;

        machine(t);
        routes(t, 2);
        expect(t, 0, ROUTE_NOW);
        expect(t, LIST, ROUTE_NOW);
        expect(t, UNASKED, "");
        /* while it boots, more may come, and that is said; what is there counts */
        expect(t, BOOT, ROUTE_NOW "wait\n");
}

/* Neither now nor before: nobody knows. */
static void test_never_seen(void **state)
{
        const Tree *t = *state;
        Answer a = {};

        machine(t);
        expect(t, 0, "wait\n"); /* no answers at all: a system that is not running */
        routes(t, 0);
        expect(t, 0, "wait\n");
        expect(t, BOOT, "wait\n");
        /* addresses that each interface gives itself are no network */
        answer_link_local(&a, 2);
        answer_store(t, &a, "routes");
        expect(t, 0, "wait\n");
        /* one with other hosts on it is, without any default route */
        answer_route(&a, AF_INET, 24, RTN_UNICAST, 2);
        answer_store(t, &a, "routes");
        expect(t, 0, "");
        expect(t, BOOT, "wait\n");
}

/* Bridges of guests are up without any link. */
static void test_guests_only(void **state)
{
        static const struct {
                const char *name;
                uint32_t index;
                bool up;
        } rows[] = {
                { "enp0s4", 2, true },   { "bond0.5", 11, true }, { "br0", 12, true },   { "docker0", 14, false },
                { "virbr0", 15, false }, { "br-ex", 16, true },   { "wg0", 19, false },  { "dummy0", 20, false },
                { "lo", 1, false },      { "gone", 99, false },   { "ppp0", 21, false },
        };
        const Tree *t = *state;
        Answer a = {};

        machine(t);
        interface(t, "virtual/net/bond0", "10");
        interface(t, "virtual/net/bond0.5", "11");
        interface(t, "virtual/net/br0", "12");
        interface(t, "virtual/net/tap0", "13");
        interface(t, "virtual/net/docker0", "14");
        interface(t, "virtual/net/virbr0", "15");
        interface(t, "virtual/net/br-ex", "16");
        interface(t, "virtual/net/ovs-system", "17");
        interface(t, "pci0000:00/0000:00:06.0/net/enp0s6", "18");
        interface(t, "virtual/net/wg0", "19");
        interface(t, "virtual/net/dummy0", "20");
        interface(t, "virtual/net/ppp0", "21");
        interface_attribute(t, "ppp0", "uevent", "DEVTYPE=ppp\n");
        lower(t, "bond0", "enp0s4");
        lower(t, "bond0.5", "bond0");
        lower(t, "br0", "bond0");
        lower(t, "br0", "tap0");
        lower(t, "virbr0", "tap0");
        interface_attribute(t, "tap0", "tun_flags", "0x5002\n");
        interface_attribute(t, "docker0", "uevent", "DEVTYPE=bridge\n");
        interface_attribute(t, "virbr0", "uevent", "DEVTYPE=bridge\n");
        interface_attribute(t, "wg0", "uevent", "DEVTYPE=wireguard\n");
        interface_attribute(t, "dummy0", "flags", "0x83\n");
        port(t, "pci0000:00/0000:00:06.0/net/enp0s6", "ovs-system");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                NetworkNow now = {};

                answer_route(&a, AF_INET, 24, RTN_UNICAST, row->index);
                answer_link_local(&a, 3);
                answer_done(&a);
                answer_store(t, &a, "routes");
                expect(t, 0, row->up ? "" : "wait\n");
                expect(t, BOOT, "wait\n");
                assert_int_equal(facts_gather_network(t->rfd, false, &now), 0);
                assert_int_equal(now.is_all, row->up);
                free(now.text);
        }
        /* but a session of PPP that is the way out, over a card that has no address */
        answer_default(&a, 21);
        answer_link_local(&a, 2);
        answer_done(&a);
        answer_store(t, &a, "routes");
        expect(t, 0, "the default route: default route on ppp0 on a tunnel on enp0s4 on 0000:00:04.0\n");
}

static void test_remembered(void **state)
{
        static const PciId id = { 0x8086, 0x10d3 }, other = { 0x8086, 0x1521 };
        static const PciAddr addr = { 0, 0, 5, 0 };
        const Tree *t = *state;

        machine(t);
        routes(t, 0);
        remember(t, addr, id, "52:54:00:00:00:05", "enp0s5");
        expect(t, BOOT, ROUTE_BEFORE);
        expect(t, 0, ROUTE_BEFORE);
        /* with what is seen now; the same seen twice is told once, as it is now */
        routes(t, 2);
        expect(t, BOOT, ROUTE_NOW ROUTE_BEFORE);
        routes(t, 3);
        expect(t, BOOT, "the default route: default route on enp0s5 on 0000:00:05.0\n");
        routes(t, 0);
        /* another card at the address, by its id or by its interface: then nobody knows */
        remember(t, addr, other, "52:54:00:00:00:05", "enp0s5");
        expect(t, BOOT, "wait\n");
        remember(t, addr, id, "52:54:00:00:00:99", "enp0s5");
        expect(t, BOOT, "wait\n");
        /* its interface is not there, as when a guest has it: the id has to do */
        remember(t, addr, id, "52:54:00:00:00:99", "enp9s9");
        expect(t, BOOT, REMEMBERED "enp9s9 on 0000:00:05.0\n");
        remember(t, (PciAddr){ 0, 0, 9, 0 }, id, "-", "enp0s9"); /* gone */
        expect(t, BOOT, "wait\n");
        /* a host that has no network */
        remember(t, addr, id, NULL, NULL);
        expect(t, BOOT, "");
}

/* What is kept is read with distrust. */
static void test_memory_damaged(void **state)
{
        static const PciAddr addr = { 0, 0, 5, 0 };
        _cleanup_free_ char *text = NULL;
        const Tree *t = *state;
        NetMemory m = {};

        machine(t);
        routes(t, 0);
        remember(t, addr, (PciId){ 0x8086, 0x10d3 }, "-", "enp0s5");
        assert_int_equal(root_read_text(t->rfd, NAME_NETWORK, &text), 0);
        for (size_t i = 0; i < strlen(text); i++) {
                char *bad = strdup(text);

                assert_non_null(bad);
                bad[i] ^= 1;
                assert_true(net_memory_parse(bad, &m) < 0);
                bad[i] = 0;
                assert_true(net_memory_parse(bad, &m) < 0);
                assert_int_equal(m.n, 0);
                free(bad);
        }
        assert_int_equal(net_memory_parse(text, &m), 0);
        assert_int_equal(m.n, 1);
        net_memory_done(&m);
        *strstr(text, "version 1") = 'V';
        tree_file(t, NAME_NETWORK, text);
        expect(t, BOOT, "wait\n");
        assert_int_equal(net_memory_parse("# What\nversion 2\nuse\nend 0\n", &m), -EOPNOTSUPP);
        /* everybody may write it */
        remember(t, addr, (PciId){ 0x8086, 0x10d3 }, "-", "enp0s5");
        assert_int_equal(fchmodat(t->rfd, &NAME_NETWORK[1], 0666, 0), 0);
        expect(t, BOOT, geteuid() == 0 ? "wait\n" : ROUTE_BEFORE);
}

static void test_last_link(void **state)
{
        static const char first[] = "the last network link: last link on enp0s4 on 0000:00:04.0\n";
        static const char both[] = "the last network link: last link on enp0s4 on 0000:00:04.0\n"
                                   "the last network link: last link on enp0s5 on 0000:00:05.0\n";
        const Tree *t = *state;
        Answer a = {};

        machine(t);
        answer_route(&a, AF_INET, 24, RTN_UNICAST, 2);
        answer_store(t, &a, "routes");
        interface_attribute(t, "enp0s4", "carrier", "1\n");
        expect(t, 0, first);
        expect(t, LIST, first);
        interface_attribute(t, "enp0s5", "carrier", "0\n");
        expect(t, 0, first);
        interface_attribute(t, "enp0s5", "carrier", "1\n");
        expect(t, 0, ""); /* the other one stays */
        expect(t, LIST, "");
        expect(t, BOTH, both);
        /* a link of a guest's bridge is none; one on no PCI function stays */
        interface(t, "virtual/net/br0", "8");
        interface_attribute(t, "br0", "carrier", "1\n");
        expect(t, BOTH, both);
        interface(t, "platform/soc/net/eth0", "9");
        interface_attribute(t, "eth0", "carrier", "1\n");
        expect(t, BOTH, "");
}

/* The network of a BMC on USB has a link as long as there is power, and nothing that it reaches. */
static void test_last_link_weak(void **state)
{
        static const char first[] = "the last network link: last link on enp0s4 on 0000:00:04.0\n",
                          usb[] = "the last network link: last link on idrac on 0000:00:05.0\n";
        const Tree *t = *state;
        Answer a = {};

        machine(t);
        interface(t, "pci0000:00/0000:00:05.0/usb1/1-14/1-14.3/1-14.3:1.0/net/idrac", "4");
        interface_attribute(t, "enp0s4", "carrier", "1\n");
        interface_attribute(t, "idrac", "carrier", "1\n");
        answer_route(&a, AF_INET, 24, RTN_UNICAST, 2);
        answer_link_local(&a, 2);
        answer_done(&a);
        answer_store(t, &a, "routes");
        expect(t, 0, ""); /* nothing is known of it */
        answer_route(&a, AF_INET, 24, RTN_UNICAST, 2);
        answer_link_local(&a, 2);
        answer_link_local(&a, 4);
        answer_route_head(&a, AF_INET, 16, RTN_UNICAST);
        answer_attribute(&a, RTA_DST, "\251\376\0\0", 4); /* 169.254.0.0 */
        answer_u32(&a, RTA_OIF, 4);
        answer_end(&a);
        answer_done(&a);
        answer_store(t, &a, "routes");
        expect(t, 0, first);
        expect(t, LIST, first);
        /* something is made of it, or it is a port: that has the routes */
        tree_link(t, NAME_SYS_CLASS_NET "/idrac/upper_idrac.5", "../wherever");
        expect(t, 0, "");
        assert_int_equal(unlinkat(t->rfd, &(NAME_SYS_CLASS_NET "/idrac/upper_idrac.5")[1], 0), 0);
        expect(t, 0, first);
        tree_link(t, NAME_SYS_CLASS_NET "/idrac/master", "../wherever/br0");
        expect(t, 0, "");
        assert_int_equal(unlinkat(t->rfd, &(NAME_SYS_CLASS_NET "/idrac/master")[1], 0), 0);
        /* where there is no other link it is one */
        interface_attribute(t, "enp0s4", "carrier", "0\n");
        expect(t, BOTH, usb);
}

/* A tunnel of which nobody can tell where it goes. */
static void test_not_followed(void **state)
{
        static const char told[] =
                "unknown: default route on tun0, of which Linux does not show what it goes through\n";
        const Tree *t = *state;
        Answer a = {};
        char text[256];

        machine(t);
        interface(t, "virtual/net/tun0", "8");
        interface(t, "platform/soc/net/eth0", "9");
        routes(t, 8);
        (void) snprintf(text, sizeof(text), "%swait\n", told); /* nothing else is up */
        expect(t, 0, text);
        answer_default(&a, 8);
        answer_route(&a, AF_INET, 24, RTN_UNICAST, 9);
        answer_done(&a);
        answer_store(t, &a, "routes");
        expect(t, 0, told);
        /* a network of a system on chip hangs on no PCI function, and that is known */
        routes(t, 9);
        expect(t, 0, "");
}

/* Of a saved machine there may be only what procfs shows: enough to keep a device, not enough to give one away. */
static void test_procfs(void **state)
{
        const Tree *t = *state;

        machine(t);
        tree_file(t, "/proc/net/route",
                  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
                  "enp0s5\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                  "enp0s4\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
        tree_file(t, "/proc/net/ipv6_route",
                  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
                  "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
                  "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
                  "00000000000000000000000000000000 00000100 00000001 00000000 00000001   enp0s4\n"
                  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
                  "fe800000000000000000000000000001 00000400 00000001 00000000 00450003   enp0s5\n");
        expect(t, 0, ROUTE_NOW "the default route: default route on enp0s5 on 0000:00:05.0\nwait\n");
}

static void test_interfaces_marked(void **state)
{
        _cleanup_(facts_done) Facts f;
        const Tree *t = *state;

        interface(t, "pci0000:00/0000:00:05.0/usb2/2-1/2-1:1.0/net/enx0", "3");
        interface(t, "pci0000:00/0000:00:06.0/virtio0/net/ens6", "4");
        look(t, 0, &f);
        assert_false(f.functions[0].has_network);
        assert_true(f.functions[1].has_network);
        assert_true(f.functions[2].has_network);
}

/* What is kept: what is there now, and nothing of what was kept before. */
static void test_observed(void **state)
{
        _cleanup_free_ char *text = NULL, *chain = NULL;
        _cleanup_(net_memory_done) NetMemory m = {};
        const Tree *t = *state;
        NetworkNow now = {};

        machine(t);
        tree_link(t, NAME_SYS_PCI_DEVICES "/0000:00:04.0", "../../../devices/pci0000:00/0000:00:04.0");
        tree_file(t, "/sys/devices/pci0000:00/0000:00:04.0/vendor", "0x8086\n");
        tree_file(t, "/sys/devices/pci0000:00/0000:00:04.0/device", "0x10d3\n");
        tree_file(t, "/sys/devices/pci0000:00/0000:00:04.0/class", "0x020000\n");
        interface(t, "virtual/net/bond0", "8");
        lower(t, "bond0", "enp0s4");
        interface_attribute(t, "enp0s4", "address", "52:54:00:00:00:99\n");
        interface_attribute(t, "enp0s4", "bonding_slave/perm_hwaddr", "52:54:00:00:00:04\n");
        remember(t, (PciAddr){ 0, 0, 5, 0 }, (PciId){ 0x8086, 0x10d3 }, "-", "enp0s5");
        routes(t, 8);
        assert_int_equal(facts_gather_network(t->rfd, false, &now), 0);
        assert_true(now.is_all);
        text = now.text;
        assert_int_equal(net_memory_parse(text, &m), 0);
        assert_int_equal(m.n, 1);
        assert_string_equal(m.uses[0].mac, "52:54:00:00:00:04");
        chain = host_use_chain(&(HostUse){ .addr = m.uses[0].addr, .chain = m.uses[0].chain });
        assert_string_equal(chain, "default route on bond0 on enp0s4 on 0000:00:04.0");
}

/* Nothing to be seen: because there is nothing, or because it is not up. */
static void test_observed_down(void **state)
{
        const Tree *t = *state;
        NetworkNow now = {};

        machine(t);
        routes(t, 0);
        tree_directory(t, "/sys/bus/pci/devices");
        interface_attribute(t, "enp0s4", "flags", "0x1002\n");
        interface_attribute(t, "enp0s5", "flags", "0x1002\n");
        assert_int_equal(facts_gather_network(t->rfd, false, &now), 0);
        assert_int_equal(now.n, 0);
        assert_true(now.is_all);
        free(now.text);
        interface_attribute(t, "enp0s5", "flags", "0x1003\n"); /* switched on, and waiting for an address */
        assert_int_equal(facts_gather_network(t->rfd, false, &now), 0);
        assert_false(now.is_all);
        free(now.text);
}

static void assert_peer(const Tree *t, const char *expected)
{
        _cleanup_free_ char *peer = NULL;

        assert_int_equal(net_login_peer(t->rfd, &peer), expected ? 1 : 0);
        assert_true(streq_null(peer, expected));
}

static void test_login(void **state)
{
        static const char environment[] = "HOME=/root\0SSH_CONNECTION=192.0.2.7 50000 192.0.2.1 22\0TERM=x";
        const Tree *t = *state;

        assert_peer(t, NULL);
        tree_data(t, "/proc/self/environ", "A=1", 4);
        tree_file(t, "/proc/self/status", "Name:\tptprep\nPid:\t30\nPPid:\t20\n");
        tree_file(t, "/proc/20/environ", "");
        tree_file(t, "/proc/20/status", "Name:\tsudo\nPPid:\t10\n");
        assert_peer(t, NULL);
        tree_data(t, "/proc/10/environ", environment, sizeof(environment));
        assert_peer(t, "192.0.2.7");
        tree_file(t, "/proc/20/status", "Name:\tsudo\nPPid:\t1\n"); /* of the system */
        assert_peer(t, NULL);
        tree_file(t, "/proc/20/status", "Name:\tsudo\nPPid:\t20\n"); /* a circle */
        assert_peer(t, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_now),
                TREE_TEST(test_never_seen),
                TREE_TEST(test_guests_only),
                TREE_TEST(test_remembered),
                TREE_TEST(test_memory_damaged),
                TREE_TEST(test_last_link),
                TREE_TEST(test_last_link_weak),
                TREE_TEST(test_not_followed),
                TREE_TEST(test_procfs),
                TREE_TEST(test_interfaces_marked),
                TREE_TEST(test_observed),
                TREE_TEST(test_observed_down),
                TREE_TEST(test_login),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
