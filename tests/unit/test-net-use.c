/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network.h"

/* From an interface down to functions, and what is on the way. */

#define NIC    "pci0000:00/0000:00:1c.0/0000:04:00.0/net/enp4s0"
#define NIC1   "pci0000:00/0000:00:1c.0/0000:04:00.1/net/enp4s1"
#define VIRTIO "pci0000:00/0000:00:03.0/virtio0/net/ens3"
#define DONGLE "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/net/enx0"

/* Lines "CHAIN", and whether anything was found. */
static void expect(const Tree *t, const char *name, const char *expected)
{
        _cleanup_(facts_done) Facts f;
        const WalkLink above = { NULL, "default route" };
        HostWalk w = { .rfd = t->rfd, .f = &f, .kind = HOST_USE_STORAGE, .what = "a route" };
        char text[1024] = "";
        int r;

        facts_init(&f);
        r = strchr(name, '.') || strchr(name, ':') ? net_use_address(&w, name, NULL, &above)
                                                   : net_use_interface(&w, name, &above);
        assert_int_equal(r, *expected != 0);
        FOREACH_ARRAY(u, f.host.items, f.host.n) {
                _cleanup_free_ char *chain = host_use_chain(u);

                assert_non_null(chain);
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n", chain);
        }
        assert_string_equal(text, expected);
        assert_int_equal(f.host.n_unknown, 0);
}

static void test_plain(void **state)
{
        const Tree *t = *state;

        interface(t, NIC, "2");
        interface(t, VIRTIO, "3");
        interface(t, DONGLE, "4");
        interface(t, "virtual/net/lo", "1");
        expect(t, "enp4s0", "default route on enp4s0 on 0000:04:00.0\n");
        expect(t, "ens3", "default route on ens3 on 0000:00:03.0\n");
        expect(t, "enx0", "default route on enx0 on 0000:00:14.0\n");
        expect(t, "lo", "");
        expect(t, "gone", "");
}

/* A virtual function takes its physical one along. */
static void test_virtual_function(void **state)
{
        const Tree *t = *state;

        interface(t, NIC1, "2");
        tree_link(t, NAME_SYS_PCI_DEVICES "/0000:04:00.1/physfn", "../0000:04:00.0");
        expect(t, "enp4s1",
               "default route on enp4s1 on 0000:04:00.1 on 0000:04:00.0\n"
               "default route on enp4s1 on 0000:04:00.1\n");
}

static void test_stack(void **state)
{
        const Tree *t = *state;

        interface(t, NIC, "2");
        interface(t, NIC1, "3");
        interface(t, VIRTIO, "4"); /* in nothing */
        interface(t, "virtual/net/bond0", "5");
        interface(t, "virtual/net/bond0_10", "6");
        interface(t, "virtual/net/br0", "7");
        lower(t, "bond0", "enp4s0");
        lower(t, "bond0", "enp4s1");
        lower(t, "bond0_10", "bond0");
        lower(t, "br0", "bond0_10");
        lower(t, "br0", "vnet0"); /* a guest's, which ends nowhere */
        interface(t, "virtual/net/vnet0", "8");
        expect(t, "br0",
               "default route on br0 on bond0_10 on bond0 on enp4s0 on 0000:04:00.0\n"
               "default route on br0 on bond0_10 on bond0 on enp4s1 on 0000:04:00.1\n");
        /* a circle, which no kernel makes */
        lower(t, "bond0", "br0");
        expect(t, "br0",
               "default route on br0 on bond0_10 on bond0 on enp4s0 on 0000:04:00.0\n"
               "default route on br0 on bond0_10 on bond0 on enp4s1 on 0000:04:00.1\n");
}

static void three_cards(const Tree *t)
{
        interface(t, NIC, "2");
        interface(t, NIC1, "3");
        interface(t, VIRTIO, "4");
}

/* Through the first card there is a network; the second one is up; through the third one there is one, too. */
static void three_ways(const Tree *t)
{
        Answer a = {};

        answer_route(&a, AF_INET, 24, RTN_UNICAST, 2);
        answer_link_local(&a, 3);
        answer_route(&a, AF_INET6, 64, RTN_UNICAST, 4);
        answer_done(&a);
        answer_store(t, &a, "routes");
}

/* NULL: it has none. */
static void change(const Tree *t, const char *name, const char *attribute, const char *value)
{
        char path[512];

        (void) snprintf(path, sizeof(path), NAME_SYS_CLASS_NET "/%s/%s", name, attribute);
        (void) unlinkat(t->rfd, path + 1, 0);
        if (value)
                tree_file(t, path, value);
}

/* What a bridge has beside a card: what is a guest's is no way out, a tunnel is one. */
static void test_bridge(void **state)
{
        static const char card[] = "default route on br0 on enp4s0 on 0000:04:00.0\n",
                          tunnel[] = "default route on br0 on p0 on a tunnel on ens3 on 0000:00:03.0\n"
                                     "default route on br0 on enp4s0 on 0000:04:00.0\n"
                                     "default route on br0 on p0 on a tunnel on enp4s0 on 0000:04:00.0\n";
        static const struct {
                const char *tun_flags, *uevent, *iflink, *speed, *flags;
                const char *told;
        } rows[] = {
                { NULL, NULL, NULL, NULL, NULL, card },
                { "0x5002\n", "INTERFACE=p0\n", "8\n", "10\n", "0x1103\n", card },       /* a tap */
                { "0x5002\n", "DEVTYPE=new\n", "8\n", NULL, "0x1103\n", card },          /* whatever it is called */
                { NULL, "INTERFACE=p0\n", "2\n", "10000\n", "0x1103\n", card },          /* a veth */
                { NULL, "INTERFACE=p0\n", "8\n", NULL, "0x83\n", card },                 /* a dummy */
                { NULL, "DEVTYPE=bond\nINTERFACE=p0\n", "8\n", NULL, "0x1103\n", card }, /* of nothing */
                { NULL, "DEVTYPE=vxlan\nINTERFACE=p0\n", "8\n", NULL, "0x1103\n", tunnel },
                { NULL, "INTERFACE=p0\nDEVTYPE=new\n", "8\n", NULL, "0x1103\n", tunnel },
                { NULL, "INTERFACE=p0\n", "0\n", NULL, "0x1103\n", tunnel },   /* gretap */
                { NULL, "INTERFACE=p0\n", "2\n", NULL, "0x1103\n", tunnel },   /* the same, bound to a card */
                { NULL, "INTERFACE=p0\n", "0\n", "10\n", "0x1103\n", tunnel }, /* no veth */
        };
        const Tree *t = *state;

        three_cards(t);
        three_ways(t);
        interface(t, "virtual/net/br0", "7");
        interface(t, "virtual/net/p0", "8");
        lower(t, "br0", "enp4s0");
        lower(t, "br0", "p0");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                change(t, "p0", "tun_flags", row->tun_flags);
                change(t, "p0", "uevent", row->uevent);
                change(t, "p0", "iflink", row->iflink);
                change(t, "p0", "speed", row->speed);
                change(t, "p0", "flags", row->flags);
                expect(t, "br0", row->told);
        }
}

/* Both ends of a veth are here: what the other one is a port of is a way out. */
static void test_veth(void **state)
{
        static const char near[] = "default route on br0 on enp4s0 on 0000:04:00.0\n",
                          far[] = "default route on br0 on v0 on v1 on br1 on ens3 on 0000:00:03.0\n"
                                  "default route on br0 on enp4s0 on 0000:04:00.0\n";
        const Tree *t = *state;

        interface(t, NIC, "2");
        interface(t, VIRTIO, "3");
        interface(t, "virtual/net/br0", "4");
        interface(t, "virtual/net/br1", "5");
        interface(t, "virtual/net/v0", "6");
        interface(t, "virtual/net/v1", "7");
        lower(t, "br0", "enp4s0");
        lower(t, "br0", "v0");
        lower(t, "br1", "ens3");
        lower(t, "br1", "v1");
        port(t, "virtual/net/v1", "br1");
        change(t, "v0", "iflink", "7\n");
        change(t, "v0", "speed", "10000\n");
        change(t, "v1", "iflink", "6\n");
        change(t, "v1", "speed", "10000\n");
        expect(t, "br0", far);
        port(t, "virtual/net/v0", "br0");
        expect(t, "br0", far);
        change(t, "v1", "iflink", "3\n"); /* the number is one of another namespace */
        expect(t, "br0", near);
        change(t, "v1", "iflink", "6\n");
        change(t, "v1", "master", NULL);
        expect(t, "br0", near);
}

/* Its ports have a master, and the port with the address has no links to them. */
static void test_switch(void **state)
{
        const Tree *t = *state;

        three_cards(t);
        interface(t, "virtual/net/ovs-system", "9");
        interface(t, "virtual/net/br-ex", "5");
        port(t, NIC, "ovs-system");
        port(t, "virtual/net/br-ex", "ovs-system");
        expect(t, "br-ex", "default route on br-ex on Open vSwitch on enp4s0 on 0000:04:00.0\n");
        /* a guest's port says nothing of where a tunnel may go */
        interface(t, "virtual/net/vnet0", "6");
        port(t, "virtual/net/vnet0", "ovs-system");
        three_ways(t);
        expect(t, "br-ex", "default route on br-ex on Open vSwitch on enp4s0 on 0000:04:00.0\n");
        /* one of its ports in a bridge of Linux, beside a card */
        interface(t, "virtual/net/br0", "7");
        lower(t, "br0", "ens3");
        lower(t, "br0", "br-ex");
        expect(t, "br0",
               "default route on br0 on ens3 on 0000:00:03.0\n"
               "default route on br0 on br-ex on Open vSwitch on enp4s0 on 0000:04:00.0\n");
}

static void test_tunnel(void **state)
{
        const Tree *t = *state;
        Answer a = {};

        three_cards(t); /* nothing is reached through the second one */
        interface(t, "virtual/net/wg0", "9");
        expect(t, "wg0", ""); /* nobody knows any route */
        answer_default(&a, 9);
        answer_route(&a, AF_INET, 24, RTN_UNICAST, 2);
        answer_route(&a, AF_INET6, 64, RTN_UNICAST, 4);
        answer_route(&a, AF_INET6, 64, RTN_UNICAST, 44); /* gone meanwhile */
        answer_done(&a);
        answer_store(t, &a, "routes");
        expect(t, "wg0",
               "default route on wg0 on a tunnel on ens3 on 0000:00:03.0\n"
               "default route on wg0 on a tunnel on enp4s0 on 0000:04:00.0\n");
        /* that a card is up says nothing; but PPP needs no addresses below it */
        three_ways(t);
        expect(t, "wg0",
               "default route on wg0 on a tunnel on ens3 on 0000:00:03.0\n"
               "default route on wg0 on a tunnel on enp4s0 on 0000:04:00.0\n");
        change(t, "wg0", "uevent", "DEVTYPE=ppp\nINTERFACE=wg0\n");
        expect(t, "wg0",
               "default route on wg0 on a tunnel on ens3 on 0000:00:03.0\n"
               "default route on wg0 on a tunnel on enp4s0 on 0000:04:00.0\n"
               "default route on wg0 on a tunnel on enp4s1 on 0000:04:00.1\n");
        /* nor below one that another tunnel goes through */
        change(t, "wg0", "uevent", "DEVTYPE=wireguard\nINTERFACE=wg0\n");
        change(t, "ens3", "uevent", "DEVTYPE=ppp\nINTERFACE=ens3\n");
        expect(t, "wg0",
               "default route on wg0 on a tunnel on ens3 on 0000:00:03.0\n"
               "default route on wg0 on a tunnel on enp4s0 on 0000:04:00.0\n"
               "default route on wg0 on a tunnel on enp4s1 on 0000:04:00.1\n");
        change(t, "ens3", "uevent", "INTERFACE=ens3\n");
        /* a bridge that is made of nothing else */
        interface(t, "virtual/net/br0", "7");
        interface(t, "virtual/net/tap0", "8");
        lower(t, "br0", "tap0");
        change(t, "tap0", "tun_flags", "0x5002\n");
        expect(t, "br0",
               "default route on br0 on a tunnel on ens3 on 0000:00:03.0\n"
               "default route on br0 on a tunnel on enp4s0 on 0000:04:00.0\n");
        answer_link_local(&a, 3);
        answer_done(&a);
        answer_store(t, &a, "routes");
        expect(t, "br0", ""); /* not followed, which makes it unknown */
}

static void test_address(void **state)
{
        const Tree *t = *state;
        Answer a = {};

        interface(t, NIC, "2");
        interface(t, VIRTIO, "3");
        expect(t, "10.0.0.9", ""); /* nobody has asked */
        answer_route(&a, AF_INET, 32, RTN_UNICAST, 3);
        answer_store(t, &a, "10.0.0.9");
        expect(t, "10.0.0.9", "default route on ens3 on 0000:00:03.0\n");
        answer_route(&a, AF_INET, 32, RTN_LOCAL, 1);
        answer_store(t, &a, "10.0.0.1");
        expect(t, "10.0.0.1", "");
        expect(t, "fe80::1%enp4s0", "default route on enp4s0 on 0000:04:00.0\n");
        expect(t, "host.example.org", "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_plain),  TREE_TEST(test_virtual_function),
                TREE_TEST(test_stack),  TREE_TEST(test_bridge),
                TREE_TEST(test_veth),   TREE_TEST(test_switch),
                TREE_TEST(test_tunnel), TREE_TEST(test_address),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
