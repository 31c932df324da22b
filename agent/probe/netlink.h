/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/routes.h"

/*
 * Questions to the kernel about its routes, rtnetlink(7). Nothing is sent to a network by them.
 *
 * They are about the running system. Below another root directory the answers lie in files as recvmsg(2) gave them, one
 * block behind the other, where somebody has put them there: tests do, and so could a capture of a machine. A file is
 * NETLINK_RECORD_DIR/routes, NETLINK_RECORD_DIR/nexthops, or NETLINK_RECORD_DIR/ADDRESS; the number of each message
 * (nlmsg_seq) is 1. A file that is not there is an answer that nobody has.
 */
#define NETLINK_RECORD_DIR "/run/rtnetlink"

/**
 * netlink_routes() - all routes of all tables, both families, with their next hop objects
 * @live: the root is "/" of the running system.
 * Returns 0; -ENODATA: not to be seen below this root; other negative errno.
 */
int netlink_routes(int rfd, bool live, Routes *ret) _must_check_;

/**
 * netlink_route_to() - the route by which one address is reached
 * @address: IPv4 or IPv6, in text; brackets around it and a %SCOPE are taken off. @source: own address that the
 * connection has, which rules of routing may ask for; NULL: any.
 * @ret: with one hop at most; none: it is an address of this host, or reached through no interface.
 * Returns 0; -EINVAL: no address; -ENODATA: not to be seen below this root; -ENETUNREACH: no route; negative errno.
 */
int netlink_route_to(int rfd, bool live, const char *address, const char *source, Routes *ret) _must_check_;
