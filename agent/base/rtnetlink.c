/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/rtnetlink.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* The kernel fills blocks of a table up to this size (Linux net/netlink/af_netlink.c, netlink_dump()); a single message
 * may be longer. */
#define BLOCK_BYTES 32768U
#define BLOCK_MAX   (4U * 1024 * 1024)

bool rt_attribute_next(RtAttributes *a, unsigned *ret_type, const uint8_t **ret_data, size_t *ret_size)
{
        struct rtattr head;

        if (a->left < sizeof(head))
                return false;
        memcpy(&head, a->at, sizeof(head));
        if (head.rta_len < sizeof(head) || head.rta_len > a->left)
                return false;
        *ret_type = head.rta_type & NLA_TYPE_MASK;
        *ret_data = a->at + RTA_LENGTH(0);
        *ret_size = head.rta_len - RTA_LENGTH(0);
        a->left -= MIN((size_t) RTA_ALIGN(head.rta_len), a->left);
        a->at += a->left > 0 ? RTA_ALIGN(head.rta_len) : 0;
        return true;
}

size_t rt_attribute_add(struct nlmsghdr *head, unsigned short type, const void *data, size_t size)
{
        const struct rtattr attribute = { .rta_len = (unsigned short) RTA_LENGTH(size), .rta_type = type };
        const size_t place = NLMSG_ALIGN(head->nlmsg_len);
        uint8_t *at = (uint8_t *) head + place;

        memcpy(at, &attribute, sizeof(attribute));
        if (size > 0)
                memcpy(at + RTA_LENGTH(0), data, size);
        head->nlmsg_len = (uint32_t) (place + RTA_SPACE(size));
        return place;
}

void rt_attribute_end(struct nlmsghdr *head, size_t place)
{
        const unsigned short length = (unsigned short) (head->nlmsg_len - place);

        memcpy((uint8_t *) head + place + offsetof(struct rtattr, rta_len), &length, sizeof(length));
}

int rt_error(const void *payload, size_t size)
{
        int error;

        if (size < sizeof(error))
                return -EBADMSG;
        memcpy(&error, payload, sizeof(error));
        return error < 0 && error >= -4095 ? error : error == 0 ? 1 : -EBADMSG;
}

/* Grows a block to what waits to be received. 0 or negative errno. */
static int make_room(int fd, uint8_t **block, size_t *size)
{
        ssize_t n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
        uint8_t *new;

        if (n < 0)
                return negative_errno();
        if ((size_t) n <= *size)
                return 0;
        new = (size_t) n <= BLOCK_MAX ? realloc(*block, (size_t) n) : NULL;
        if (!new)
                return -ENOMEM;
        *block = new;
        *size = (size_t) n;
        return 0;
}

int rtnetlink_ask(const struct nlmsghdr *message, int (*read)(void *context, const void *block, size_t size),
                  void *context)
{
        _cleanup_free_ uint8_t *block = malloc(BLOCK_BYTES);
        _cleanup_close_ int fd = -EBADF;
        size_t size = BLOCK_BYTES;
        int r = 0;

        if (!block)
                return -ENOMEM;
        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        if (fd < 0)
                return negative_errno();
        if (send(fd, message, message->nlmsg_len, 0) < 0)
                return negative_errno();
        while (r == 0) {
                struct sockaddr_nl from = {};
                struct iovec vector;
                struct msghdr received = {
                        .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &vector, .msg_iovlen = 1
                };
                ssize_t n;

                r = make_room(fd, &block, &size);
                if (r == -EINTR) {
                        r = 0;
                        continue;
                }
                if (r < 0)
                        return r;
                vector = (struct iovec){ block, size };
                n = recvmsg(fd, &received, 0);
                if (n < 0 && errno != EINTR)
                        return negative_errno();
                if (n < 0 || from.nl_pid != 0) /* another process may send here, too */
                        continue;
                r = n == 0 || (received.msg_flags & MSG_TRUNC) ? -EBADMSG : read(context, block, (size_t) n);
        }
        return r < 0 ? r : 0;
}
