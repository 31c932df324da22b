/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routes.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "rtnetlink.h"

/* A group has no groups in it (Linux net/ipv4/nexthop.c, valid_group_nh()); whoever says otherwise is not followed. */
#define GROUP_DEPTH 1

void routes_done(Routes *r)
{
        FOREACH_ARRAY(n, r->nexthops, r->n_nexthops)
                free(n->group);
        free(r->nexthops);
        free(r->hops);
        *r = (Routes){};
}

static bool is_same(const RouteHop *a, const RouteHop *b)
{
        return a->is_default == b->is_default && a->link_local == b->link_local && a->index == b->index &&
               a->nexthop == b->nexthop;
}

static int add_hop(Routes *r, const RouteHop *hop)
{
        RouteHop *slot;

        if (hop->index == 0 && hop->nexthop == 0)
                return 0;
        /* a full table of the internet has a million of them, and one after the other of the same few */
        for (size_t i = r->n_hops; i > 0; i--)
                if (is_same(r->hops + i - 1, hop))
                        return 0;
        slot = array_grow(&r->hops, r->n_hops);
        if (!slot)
                return -ENOMEM;
        *slot = *hop;
        r->n_hops++;
        return 0;
}

static bool get_u32(const uint8_t *data, size_t size, uint32_t *ret)
{
        if (size != sizeof(*ret))
                return false;
        memcpy(ret, data, sizeof(*ret));
        return true;
}

/* The ways of one route: struct rtnexthop, with attributes of its own behind each. */
static int read_multipath(Routes *r, RouteHop *hop, const uint8_t *data, size_t size)
{
        while (size >= sizeof(struct rtnexthop)) {
                struct rtnexthop way;
                int k;

                memcpy(&way, data, sizeof(way));
                if (way.rtnh_len < sizeof(way) || way.rtnh_len > size)
                        return 0;
                hop->index = way.rtnh_ifindex > 0 ? (uint32_t) way.rtnh_ifindex : 0;
                k = add_hop(r, hop);
                if (k < 0)
                        return k;
                if ((size_t) RTNH_ALIGN(way.rtnh_len) >= size)
                        return 0;
                data += RTNH_ALIGN(way.rtnh_len);
                size -= RTNH_ALIGN(way.rtnh_len);
        }
        return 0;
}

/* 169.254.0.0/16, RFC 3927; fe80::/10, RFC 4291. */
static bool is_link_local(int family, const uint8_t *to, size_t size)
{
        return size >= 2 &&
               (family == AF_INET ? to[0] == 169 && to[1] == 254 : to[0] == 0xfe && (to[1] & 0xc0) == 0x80);
}

static int read_route(Routes *r, const uint8_t *data, size_t size)
{
        RtAttributes attributes = { data + NLMSG_ALIGN(sizeof(struct rtmsg)), 0 };
        const uint8_t *value, *ways = NULL;
        size_t value_size, ways_size = 0;
        struct rtmsg head;
        unsigned type;
        RouteHop hop = {};
        int k;

        if (size < NLMSG_ALIGN(sizeof(head)))
                return 0;
        memcpy(&head, data, sizeof(head));
        if (head.rtm_type != RTN_UNICAST || (head.rtm_family != AF_INET && head.rtm_family != AF_INET6))
                return 0;
        hop.is_default = head.rtm_dst_len == 0;
        attributes.left = size - NLMSG_ALIGN(sizeof(head));
        while (rt_attribute_next(&attributes, &type, &value, &value_size)) {
                switch (type) {
                case RTA_DST:
                        hop.link_local = is_link_local(head.rtm_family, value, value_size);
                        break;
                case RTA_OIF:
                        (void) get_u32(value, value_size, &hop.index);
                        break;
                case RTA_NH_ID:
                        (void) get_u32(value, value_size, &hop.nexthop);
                        break;
                case RTA_MULTIPATH:
                        ways = value;
                        ways_size = value_size;
                        break;
                }
        }
        k = add_hop(r, &hop);
        return k < 0 || !ways ? k : read_multipath(r, &hop, ways, ways_size);
}

static int read_group(NextHop *n, const uint8_t *data, size_t size)
{
        size_t count = size / sizeof(struct nexthop_grp);

        n->group = calloc(count + 1, sizeof(*n->group));
        if (!n->group)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                struct nexthop_grp member;

                memcpy(&member, data + i * sizeof(member), sizeof(member));
                n->group[n->n_group++] = member.id;
        }
        return 0;
}

static int read_nexthop(Routes *r, const uint8_t *data, size_t size)
{
        RtAttributes attributes = { data + NLMSG_ALIGN(sizeof(struct nhmsg)), 0 };
        NextHop n = {}, *slot;
        const uint8_t *value;
        size_t value_size;
        unsigned type;

        if (size < NLMSG_ALIGN(sizeof(struct nhmsg)))
                return 0;
        attributes.left = size - NLMSG_ALIGN(sizeof(struct nhmsg));
        while (rt_attribute_next(&attributes, &type, &value, &value_size)) {
                switch (type) {
                case NHA_ID:
                        (void) get_u32(value, value_size, &n.id);
                        break;
                case NHA_OIF:
                        (void) get_u32(value, value_size, &n.index);
                        break;
                case NHA_GROUP:
                        if (!n.group && read_group(&n, value, value_size) < 0)
                                return -ENOMEM;
                        break;
                }
        }
        slot = n.id != 0 ? array_grow(&r->nexthops, r->n_nexthops) : NULL;
        if (!slot) {
                free(n.group);
                return n.id != 0 ? -ENOMEM : 0;
        }
        *slot = n;
        r->n_nexthops++;
        return 0;
}

int routes_read(Routes *r, const void *data, size_t size, uint32_t sequence)
{
        const uint8_t *at = data;

        while (size >= NLMSG_HDRLEN) {
                struct nlmsghdr head;
                const uint8_t *payload = at + NLMSG_HDRLEN;
                size_t length;
                int k = 0;

                memcpy(&head, at, sizeof(head));
                if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > size)
                        return -EBADMSG;
                length = head.nlmsg_len - NLMSG_HDRLEN;
                if (head.nlmsg_seq == sequence) {
                        if (head.nlmsg_flags & NLM_F_DUMP_INTR)
                                return -EAGAIN;
                        switch (head.nlmsg_type) {
                        case NLMSG_DONE:
                                return 1;
                        case NLMSG_ERROR:
                                return rt_error(payload, length);
                        case RTM_NEWROUTE:
                                k = read_route(r, payload, length);
                                break;
                        case RTM_NEWNEXTHOP:
                                k = read_nexthop(r, payload, length);
                                break;
                        }
                }
                if (k < 0)
                        return k;
                if (NLMSG_ALIGN(head.nlmsg_len) >= size)
                        return 0;
                at += NLMSG_ALIGN(head.nlmsg_len);
                size -= NLMSG_ALIGN(head.nlmsg_len);
        }
        return size == 0 ? 0 : -EBADMSG;
}

static int compare_ids(const void *a, const void *b)
{
        const NextHop *x = a, *y = b;

        return (x->id > y->id) - (x->id < y->id);
}

static int resolve(Routes *r, RouteHop hop, uint32_t id, unsigned depth)
{
        const NextHop key = { .id = id };
        const NextHop *n =
                r->n_nexthops > 0 ? bsearch(&key, r->nexthops, r->n_nexthops, sizeof(key), compare_ids) : NULL;
        int k;

        if (!n)
                return 0;
        hop.index = n->index;
        hop.nexthop = 0;
        k = add_hop(r, &hop);
        for (size_t i = 0; i < n->n_group && k >= 0 && depth > 0; i++)
                k = resolve(r, hop, n->group[i], depth - 1);
        return k;
}

int routes_resolve(Routes *r)
{
        size_t n = r->n_hops;
        int k = 0;

        if (r->n_nexthops > 0)
                qsort(r->nexthops, r->n_nexthops, sizeof(*r->nexthops), compare_ids);
        for (size_t i = 0; i < n && k >= 0; i++)
                if (r->hops[i].nexthop != 0)
                        k = resolve(r, r->hops[i], r->hops[i].nexthop, GROUP_DEPTH);
        return k;
}
