/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/netlink.h>
#include <sys/types.h>

#include "macro.h"

/* Talking to the kernel about its network, rtnetlink(7): messages, and attributes in them. Nothing is sent to a network
 * by that. */

/* What is left of a list of attributes. */
typedef struct RtAttributes {
        const uint8_t *at;
        size_t left;
} RtAttributes;

/* The next attribute that is whole. @ret_data: its payload, which may be a list of attributes in its turn. */
bool rt_attribute_next(RtAttributes *a, unsigned *ret_type, const uint8_t **ret_data, size_t *ret_size);

/* Puts one behind what a message has so far; @head: of a buffer with room for it. Its place in the message, for
 * rt_attribute_end() where others are put into it. */
size_t rt_attribute_add(struct nlmsghdr *head, unsigned short type, const void *data, size_t size);
void rt_attribute_end(struct nlmsghdr *head, size_t place);

/* The result that an NLMSG_ERROR tells. 1: it is done; negative errno; -EBADMSG: it tells none. */
int rt_error(const void *payload, size_t size);

/**
 * rtnetlink_ask() - send a message to the kernel of the running system, and have its answer read
 * @message: with its length in it. @read: gets each block that is answered. 1: that was all of it; 0: there is more;
 * negative errno: no more of it.
 * Returns 0; what @read returned; -EBADMSG; other negative errno.
 */
int rtnetlink_ask(const struct nlmsghdr *message, int (*read)(void *context, const void *block, size_t size),
                  void *context) _must_check_;
