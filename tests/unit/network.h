/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <arpa/inet.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "model/names.h"
#include "probe/net-use.h"
#include "probe/netlink.h"
#include "tree.h"

/* Network interfaces in a tree of files, and answers of the kernel about its routes. */

#define SEQUENCE 1

typedef struct Answer {
        uint8_t data[8192];
        size_t size, begin; /* of the message that is being made */
} Answer;

static inline void answer_begin(Answer *a, uint16_t type, uint16_t flags, const void *payload, size_t size)
{
        const struct nlmsghdr head = { .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = SEQUENCE };

        a->begin = a->size;
        assert_true(a->size + NLMSG_SPACE(size) <= sizeof(a->data));
        memcpy(a->data + a->size, &head, sizeof(head));
        memcpy(a->data + a->size + NLMSG_HDRLEN, payload, size);
        a->size += NLMSG_SPACE(size);
}

static inline void answer_attribute(Answer *a, uint16_t type, const void *value, size_t size)
{
        const struct rtattr head = { .rta_len = (uint16_t) RTA_LENGTH(size), .rta_type = type };

        assert_true(a->size + RTA_SPACE(size) <= sizeof(a->data));
        memcpy(a->data + a->size, &head, sizeof(head));
        memcpy(a->data + a->size + RTA_LENGTH(0), value, size);
        a->size += RTA_SPACE(size);
}

static inline void answer_u32(Answer *a, uint16_t type, uint32_t value)
{
        answer_attribute(a, type, &value, sizeof(value));
}

static inline void answer_end(Answer *a)
{
        const uint32_t length = (uint32_t) (a->size - a->begin);

        memcpy(a->data + a->begin, &length, sizeof(length));
}

static inline void answer_route_head(Answer *a, int family, uint8_t bits, uint8_t type)
{
        const struct rtmsg m = {
                .rtm_family = (uint8_t) family, .rtm_dst_len = bits, .rtm_table = RT_TABLE_MAIN, .rtm_type = type
        };

        answer_begin(a, RTM_NEWROUTE, NLM_F_MULTI, &m, sizeof(m));
}

/* A route through one interface. */
static inline void answer_route(Answer *a, int family, uint8_t bits, uint8_t type, uint32_t index)
{
        answer_route_head(a, family, bits, type);
        answer_u32(a, RTA_OIF, index);
        answer_end(a);
}

static inline void answer_default(Answer *a, uint32_t index)
{
        answer_route(a, AF_INET, 0, RTN_UNICAST, index);
}

/* The route that each interface has that is up. */
static inline void answer_link_local(Answer *a, uint32_t index)
{
        answer_route_head(a, AF_INET6, 64, RTN_UNICAST);
        answer_attribute(a, RTA_DST, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
        answer_u32(a, RTA_OIF, index);
        answer_end(a);
}

static inline void answer_done(Answer *a)
{
        answer_begin(a, NLMSG_DONE, NLM_F_MULTI, &(int){ 0 }, sizeof(int));
        answer_end(a);
}

/* @name: "routes", "nexthops", or an address that is looked up. */
static inline void answer_store(const Tree *t, Answer *a, const char *name)
{
        char path[128];

        (void) snprintf(path, sizeof(path), NETLINK_RECORD_DIR "/%s", name);
        tree_data(t, path, a->data, a->size);
        *a = (Answer){};
}

/* @where: below /sys/devices; the last component is the name. @index: "2". */
static inline void interface(const Tree *t, const char *where, const char *index)
{
        const char *name = strrchr(where, '/') + 1;
        char path[512], target[512];

        (void) snprintf(path, sizeof(path), "/sys/devices/%s/ifindex", where);
        tree_file(t, path, index);
        (void) snprintf(target, sizeof(target), "../../devices/%s", where);
        (void) snprintf(path, sizeof(path), NAME_SYS_CLASS_NET "/%s", name);
        tree_link(t, path, target);
}

static inline void interface_attribute(const Tree *t, const char *name, const char *attribute, const char *value)
{
        char path[512];

        (void) snprintf(path, sizeof(path), NAME_SYS_CLASS_NET "/%s/%s", name, attribute);
        tree_file(t, path, value);
}

/* What @upper is made of. */
static inline void lower(const Tree *t, const char *upper, const char *name)
{
        char path[512];

        (void) snprintf(path, sizeof(path), "/sys/devices/virtual/net/%s/lower_%s", upper, name);
        tree_link(t, path, "../wherever");
}

/* @where: of a virtual interface, or as for interface(). */
static inline void port(const Tree *t, const char *where, const char *master)
{
        char path[512], target[512];

        (void) snprintf(path, sizeof(path), "/sys/devices/%s/master", where);
        (void) snprintf(target, sizeof(target), "../wherever/%s", master);
        tree_link(t, path, target);
}
