/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "macro.h"

/*
 * The kernel's routes, out of its answers over rtnetlink(7). Formats: rtnetlink(7), Linux include/uapi/linux/netlink.h,
 * rtnetlink.h and nexthop.h; all numbers are in the byte order of the machine.
 */

/* An interface, by its number (1 and up), through which something is reached. */
typedef struct RouteHop {
        bool is_default;  /* everything; else only some addresses */
        bool link_local;  /* only neighbours, with addresses that every interface gives itself */
        uint32_t index;   /* of the interface; 0: known by the next hop only */
        uint32_t nexthop; /* object that has the interface; 0: none */
} RouteHop;

/* A next hop object, or a group of such. */
typedef struct NextHop {
        uint32_t id;
        uint32_t index;  /* of the interface; 0: none, as of a group or a black hole */
        uint32_t *group; /* ids of its members */
        size_t n_group;
} NextHop;

typedef struct Routes {
        RouteHop
                *hops; /* each once, in the order of the kernel; only routes by which something is sent (RTN_UNICAST) */
        size_t n_hops;
        NextHop *nexthops; /* sorted by id once routes_resolve() was called */
        size_t n_nexthops;
} Routes;

void routes_done(Routes *r);

/**
 * routes_read() - take in one block of messages, as recvmsg(2) gives it
 * @sequence: of the request; messages with another number are passed over.
 *
 * RTM_NEWROUTE and RTM_NEWNEXTHOP count, all others are passed over. What does not fit in its message is not read.
 * Returns 1: the answer is complete (NLMSG_DONE, NLMSG_ERROR with 0); 0: there is more to come; -EBADMSG: no messages;
 * -EAGAIN: the kernel's table has changed meanwhile and the request has to be made again; a negative errno that the
 * kernel answered; -ENOMEM.
 */
int routes_read(Routes *r, const void *data, size_t size, uint32_t sequence) _must_check_;

/* Puts interfaces in the place of next hop objects, which come with another request. 0 or -ENOMEM. */
int routes_resolve(Routes *r) _must_check_;
