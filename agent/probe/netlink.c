/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/netlink.h"

#include <arpa/inet.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/io.h"
#include "base/rtnetlink.h"
#include "base/text.h"

#define SEQUENCE   1U
/* A table that changes all the time is read as often as this. */
#define TRIES      8
#define RECORD_MAX (16U * 1024 * 1024)

/* A message with room for the attributes of one look-up. */
typedef struct Request {
        struct nlmsghdr head;
        union {
                struct rtmsg route;
                struct nhmsg nexthop;
        };
        uint8_t attributes[2 * RTA_SPACE(sizeof(struct in6_addr))];
} Request;

typedef struct Asked {
        Routes *routes;
        bool dump; /* else it is one message, without an end behind it */
} Asked;

static int read_block(void *context, const void *block, size_t size)
{
        const Asked *a = context;
        int r = routes_read(a->routes, block, size, SEQUENCE);

        return r == 0 && !a->dump ? 1 : r;
}

static int ask(const Request *request, Routes *ret)
{
        Asked a = { ret, request->head.nlmsg_flags & NLM_F_DUMP };

        return rtnetlink_ask(&request->head, read_block, &a);
}

static int read_record(int rfd, const char *name, Routes *ret)
{
        _cleanup_free_ char *path = path_join(NETLINK_RECORD_DIR, name), *data = NULL;
        size_t size;
        int r = path ? root_read_file(rfd, path, RECORD_MAX, &data, &size) : -ENOMEM;

        if (r < 0)
                return r == -ENOENT || r == -ENOTDIR ? -ENODATA : r;
        r = routes_read(ret, data, size, SEQUENCE);
        return r < 0 ? r : 0;
}

static Request dump_request(uint16_t type)
{
        return (Request){ .head = { .nlmsg_len = NLMSG_LENGTH(type == RTM_GETROUTE ? sizeof(struct rtmsg)
                                                                                   : sizeof(struct nhmsg)),
                                    .nlmsg_type = type,
                                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                                    .nlmsg_seq = SEQUENCE } };
}

int netlink_routes(int rfd, bool live, Routes *ret)
{
        /* Next hops first: one that comes in between has no route yet, and one that goes takes its routes along. A
         * kernel without them (before 5.3) refuses the request. */
        const Request nexthops = dump_request(RTM_GETNEXTHOP), routes = dump_request(RTM_GETROUTE);
        int r = -EAGAIN;

        for (unsigned i = 0; i < TRIES && r == -EAGAIN; i++) {
                _cleanup_(routes_done) Routes all = {};

                r = live ? ask(&nexthops, &all) : read_record(rfd, "nexthops", &all);
                if (r < 0 && r != -EOPNOTSUPP && r != -ENODATA)
                        continue;
                r = live ? ask(&routes, &all) : read_record(rfd, "routes", &all);
                if (r >= 0)
                        r = routes_resolve(&all);
                if (r < 0)
                        continue;
                *ret = all;
                all = (Routes){};
                return 0;
        }
        return r;
}

/* An address as the kernel takes it. Returns its family; -EINVAL. */
static int parse_address(const char *text, struct in6_addr *ret, size_t *ret_size)
{
        char bare[INET6_ADDRSTRLEN];
        size_t n;

        text += *text == '[';
        n = strcspn(text, "]%");
        if (n >= sizeof(bare))
                return -EINVAL;
        memcpy(bare, text, n);
        bare[n] = 0;
        if (inet_pton(AF_INET, bare, ret) == 1) {
                *ret_size = sizeof(struct in_addr);
                return AF_INET;
        }
        *ret_size = sizeof(*ret);
        return inet_pton(AF_INET6, bare, ret) == 1 ? AF_INET6 : -EINVAL;
}

int netlink_route_to(int rfd, bool live, const char *address, const char *source, Routes *ret)
{
        Request q = { .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                                .nlmsg_type = RTM_GETROUTE,
                                .nlmsg_flags = NLM_F_REQUEST,
                                .nlmsg_seq = SEQUENCE } };
        _cleanup_(routes_done) Routes found = {};
        char name[INET6_ADDRSTRLEN];
        struct in6_addr to, from;
        size_t size, from_size;
        int family = parse_address(address, &to, &size), r;

        if (family < 0)
                return family;
        q.route.rtm_family = (unsigned char) family;
        q.route.rtm_dst_len = (unsigned char) (8 * size);
        (void) rt_attribute_add(&q.head, RTA_DST, &to, size);
        if (source && parse_address(source, &from, &from_size) == family) {
                q.route.rtm_src_len = (unsigned char) (8 * size);
                (void) rt_attribute_add(&q.head, RTA_SRC, &from, size);
        }
        if (!inet_ntop(family, &to, name, sizeof(name)))
                return -EINVAL;
        r = live ? ask(&q, &found) : read_record(rfd, name, &found);
        if (r < 0)
                return r;
        *ret = found;
        found = (Routes){};
        return 0;
}
