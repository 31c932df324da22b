/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sched.h>
#include <sys/wait.h>

#include "network.h"

/* What the kernel answers about its routes, and what it is read as. */

static void assert_hops(const Routes *r, const char *expected)
{
        char text[512] = "";

        FOREACH_ARRAY(h, r->hops, r->n_hops)
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u",
                                h->is_default ? "default " : "", h->index),
                        strcat(text, ";");
        assert_string_equal(text, expected);
}

static void expect(const Answer *a, int result, const char *expected)
{
        _cleanup_(routes_done) Routes r = {};

        assert_int_equal(routes_read(&r, a->data, a->size, SEQUENCE), result);
        assert_int_equal(routes_resolve(&r), 0);
        assert_hops(&r, expected);
}

static void test_kinds(void **state)
{
        Answer a = {};

        (void) state;
        answer_default(&a, 3);
        answer_route(&a, AF_INET6, 0, RTN_UNICAST, 4);
        answer_route(&a, AF_INET, 24, RTN_UNICAST, 3);
        answer_route(&a, AF_INET, 8, RTN_UNICAST, 3); /* once is enough */
        answer_route(&a, AF_INET, 32, RTN_LOCAL, 1);
        answer_route(&a, AF_INET, 32, RTN_BROADCAST, 5);
        answer_route(&a, AF_INET6, 0, RTN_UNREACHABLE, 1); /* the one that is always there */
        answer_route(&a, 28 /* AF_MPLS */, 0, RTN_UNICAST, 7);
        answer_done(&a);
        expect(&a, 1, "default 3;default 4;3;");
}

static void add_way(Answer *a, uint32_t index, uint8_t *buffer, size_t *size)
{
        const struct rtnexthop way = { .rtnh_len = sizeof(way) + RTA_SPACE(4), .rtnh_ifindex = (int) index };
        const struct rtattr gateway = { .rta_len = RTA_LENGTH(4), .rta_type = RTA_GATEWAY };

        (void) a;
        memcpy(buffer + *size, &way, sizeof(way));
        memcpy(buffer + *size + sizeof(way), &gateway, sizeof(gateway));
        *size += way.rtnh_len;
}

/* /proc/net/route shows the first way only. */
static void test_multipath(void **state)
{
        uint8_t ways[256] = { 0 };
        size_t size = 0;
        Answer a = {};

        (void) state;
        add_way(&a, 2, ways, &size);
        add_way(&a, 5, ways, &size);
        answer_route_head(&a, AF_INET, 0, RTN_UNICAST);
        answer_attribute(&a, RTA_MULTIPATH, ways, size);
        answer_end(&a);
        expect(&a, 0, "default 2;default 5;");
}

static void add_object(Answer *a, uint32_t id, uint32_t index, const uint32_t *group, size_t n)
{
        const struct nhmsg m = { .nh_family = AF_INET };
        struct nexthop_grp members[8] = { { 0 } };

        answer_begin(a, RTM_NEWNEXTHOP, NLM_F_MULTI, &m, sizeof(m));
        answer_u32(a, NHA_ID, id);
        if (index != 0)
                answer_u32(a, NHA_OIF, index);
        for (size_t i = 0; i < n; i++)
                members[i].id = group[i];
        if (n > 0)
                answer_attribute(a, NHA_GROUP, members, n * sizeof(*members));
        answer_end(a);
}

static void add_route_by_object(Answer *a, uint32_t id)
{
        answer_route_head(a, AF_INET, 0, RTN_UNICAST);
        answer_u32(a, RTA_NH_ID, id);
        answer_end(a);
}

static void test_objects(void **state)
{
        Answer a = {};

        (void) state;
        add_object(&a, 30, 6, NULL, 0);
        add_object(&a, 10, 2, NULL, 0);
        add_object(&a, 100, 0, (const uint32_t[]){ 10, 30, 77 }, 3);
        add_object(&a, 101, 0, (const uint32_t[]){ 101 }, 1); /* no kernel would */
        add_route_by_object(&a, 100);
        add_route_by_object(&a, 101);
        add_route_by_object(&a, 12); /* not there */
        expect(&a, 0, "default 0;default 0;default 0;default 2;default 6;");
}

static void test_ends(void **state)
{
        Answer a = {}, other = {};
        struct nlmsghdr head;

        (void) state;
        expect(&a, 0, "");
        answer_begin(&a, NLMSG_ERROR, 0, &(struct nlmsgerr){ .error = -ENETUNREACH }, sizeof(struct nlmsgerr));
        answer_end(&a);
        expect(&a, -ENETUNREACH, "");
        a = (Answer){};
        answer_begin(&a, NLMSG_ERROR, 0, &(struct nlmsgerr){ 0 }, sizeof(struct nlmsgerr));
        answer_end(&a);
        expect(&a, 1, "");
        /* the table has changed while it was read */
        a = (Answer){};
        answer_begin(&a, RTM_NEWROUTE, NLM_F_DUMP_INTR, &(struct rtmsg){ 0 }, sizeof(struct rtmsg));
        answer_end(&a);
        expect(&a, -EAGAIN, "");
        /* an answer to somebody else's question */
        answer_default(&other, 9);
        memcpy(&head, other.data, sizeof(head));
        head.nlmsg_seq = 2;
        memcpy(other.data, &head, sizeof(head));
        expect(&other, 0, "");
}

/* Whatever is cut off or says that it is longer than it is. */
static void test_damaged(void **state)
{
        Answer whole = {};

        (void) state;
        answer_default(&whole, 3);
        for (size_t size = 1; size < whole.size; size++) {
                uint8_t *copy = malloc(size); /* so that a sanitizer sees what is read behind it */
                _cleanup_(routes_done) Routes r = {};

                assert_non_null(copy);
                memcpy(copy, whole.data, size);
                assert_int_equal(routes_read(&r, copy, size, SEQUENCE), -EBADMSG);
                assert_int_equal(r.n_hops, 0);
                free(copy);
        }
        for (size_t at = 0; at < whole.size; at++)
                for (unsigned value = 0; value < 256; value += 5) {
                        Answer damaged = whole;
                        _cleanup_(routes_done) Routes r = {};

                        damaged.data[at] = (uint8_t) value;
                        assert_true(routes_read(&r, damaged.data, damaged.size, SEQUENCE) <= 1);
                        assert_true(r.n_hops <= 1);
                }
}

static void test_recorded(void **state)
{
        const Tree *t = *state;
        _cleanup_(routes_done) Routes r = {}, found = {};
        Answer a = {};

        assert_int_equal(netlink_routes(t->rfd, false, &r), -ENODATA);
        add_object(&a, 10, 2, NULL, 0);
        answer_done(&a);
        answer_store(t, &a, "nexthops");
        add_route_by_object(&a, 10);
        answer_done(&a);
        answer_store(t, &a, "routes");
        assert_int_equal(netlink_routes(t->rfd, false, &r), 0);
        assert_hops(&r, "default 0;default 2;");
        assert_int_equal(netlink_route_to(t->rfd, false, "10.0.0.9", NULL, &found), -ENODATA);
        assert_int_equal(netlink_route_to(t->rfd, false, "disk.example.org", NULL, &found), -EINVAL);
        answer_route(&a, AF_INET6, 128, RTN_UNICAST, 4);
        answer_store(t, &a, "2001:db8::9");
        assert_int_equal(netlink_route_to(t->rfd, false, "[2001:DB8:0:0::9]", "10.0.0.1", &found), 0);
        assert_hops(&found, "4;");
}

/* 0: as expected; 77: this system lets no namespace be made. */
static int ask_kernel(void)
{
        Routes r = {}, to = {};
        char name[IF_NAMESIZE];
        size_t n_default = 0;

        if (unshare(CLONE_NEWNET) < 0 || system("ip link set lo up && ip address add 10.9.0.1/24 dev lo && "
                                                "ip route add 10.8.0.0/24 dev lo && "
                                                "ip -6 route add default dev lo metric 9") != 0)
                return 77;
        if (netlink_routes(-1, true, &r) < 0)
                return 1;
        FOREACH_ARRAY(h, r.hops, r.n_hops)
                n_default += h->is_default && h->index == 1;
        if (n_default != 1 || net_interface_name(-1, true, 1, name) < 0 || strcmp(name, "lo") != 0)
                return 2;
        if (netlink_route_to(-1, true, "203.0.113.7", NULL, &to) != -ENETUNREACH)
                return 3;
        if (netlink_route_to(-1, true, "10.8.0.77", "10.9.0.1", &to) < 0 || to.n_hops != 1 || to.hops[0].index != 1)
                return 4;
        routes_done(&r);
        routes_done(&to);
        return 0;
}

static void test_kernel(void **state)
{
        pid_t child = fork();
        int status;

        (void) state;
        assert_true(child >= 0);
        if (child == 0)
                _exit(ask_kernel());
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                skip();
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kinds),  cmocka_unit_test(test_multipath), cmocka_unit_test(test_objects),
                cmocka_unit_test(test_ends),   cmocka_unit_test(test_damaged),   TREE_TEST(test_recorded),
                cmocka_unit_test(test_kernel),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
