/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/vf-link.h"

#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/rtnetlink.h"
#include "base/text.h"

#define SEQUENCE   1U
#define RECORD_MAX (1024U * 1024)
#define VF_MAX     UINT16_MAX /* NumVFs is a register of 16 bits (PCI Express Base Specification 6.0, 9.3.3.7) */

void vf_link_done(VfLink *l)
{
        string_list_done(&l->macs);
        *l = (VfLink){};
}

static void begin(VfMessage *ret, uint16_t type, uint16_t flags, uint32_t index)
{
        *ret = (VfMessage){ .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                                      .nlmsg_type = type,
                                      .nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags),
                                      .nlmsg_seq = SEQUENCE },
                            .link = { .ifi_index = (int) index } };
}

void vf_message_ask(VfMessage *ret, uint32_t index)
{
        const uint32_t mask = RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS; /* with those, 200 of them do not fit */

        begin(ret, RTM_GETLINK, 0, index);
        (void) rt_attribute_add(&ret->head, IFLA_EXT_MASK, &mask, sizeof(mask));
}

void vf_message_set(VfMessage *ret, uint32_t index, uint32_t vf, const char *mac)
{
        struct ifla_vf_mac value = { .vf = vf };
        size_t list, one;

        for (size_t i = 0; i < ETH_ALEN; i++)
                value.mac[i] = (uint8_t) strtoul(mac + 3 * i, NULL, 16);
        begin(ret, RTM_SETLINK, NLM_F_ACK, index);
        list = rt_attribute_add(&ret->head, IFLA_VFINFO_LIST, NULL, 0);
        one = rt_attribute_add(&ret->head, IFLA_VF_INFO, NULL, 0);
        (void) rt_attribute_add(&ret->head, IFLA_VF_MAC, &value, sizeof(value));
        rt_attribute_end(&ret->head, one);
        rt_attribute_end(&ret->head, list);
}

static int note_mac(VfLink *l, const struct ifla_vf_mac *m)
{
        char text[VF_MAC_TEXT];
        int r = 0;

        if (m->vf >= VF_MAX)
                return 0;
        while (l->macs.n <= m->vf && r >= 0)
                r = string_list_add(&l->macs, "");
        (void) snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m->mac[0], m->mac[1], m->mac[2], m->mac[3],
                        m->mac[4], m->mac[5]);
        return r < 0 ? r : string_replace(l->macs.items + m->vf, text);
}

/* IFLA_VF_INFO: what is told of one. */
static int read_one(VfLink *l, RtAttributes attributes)
{
        const uint8_t *value;
        unsigned type;
        size_t size;

        while (rt_attribute_next(&attributes, &type, &value, &size)) {
                struct ifla_vf_mac mac;
                int r;

                if (type != IFLA_VF_MAC || size < sizeof(mac))
                        continue;
                memcpy(&mac, value, sizeof(mac));
                r = note_mac(l, &mac);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_interface(VfLink *l, const uint8_t *data, size_t size)
{
        RtAttributes attributes = { data + NLMSG_ALIGN(sizeof(struct ifinfomsg)), 0 };
        const uint8_t *value;
        size_t value_size;
        unsigned type;

        if (size < NLMSG_ALIGN(sizeof(struct ifinfomsg)))
                return -EBADMSG;
        attributes.left = size - NLMSG_ALIGN(sizeof(struct ifinfomsg));
        while (rt_attribute_next(&attributes, &type, &value, &value_size)) {
                RtAttributes list = { value, value_size };

                if (type != IFLA_VFINFO_LIST)
                        continue;
                l->tells = true;
                while (rt_attribute_next(&list, &type, &value, &value_size)) {
                        int r = type == IFLA_VF_INFO ? read_one(l, (RtAttributes){ value, value_size }) : 0;

                        if (r < 0)
                                return r;
                }
        }
        return 1;
}

int vf_link_read(VfLink *l, const void *block, size_t size)
{
        const uint8_t *at = block;

        while (size >= NLMSG_HDRLEN) {
                struct nlmsghdr head;
                const uint8_t *payload = at + NLMSG_HDRLEN;
                size_t length;

                memcpy(&head, at, sizeof(head));
                if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > size)
                        return -EBADMSG;
                length = head.nlmsg_len - NLMSG_HDRLEN;
                if (head.nlmsg_seq == SEQUENCE && head.nlmsg_type == NLMSG_ERROR)
                        return rt_error(payload, length);
                if (head.nlmsg_seq == SEQUENCE && head.nlmsg_type == RTM_NEWLINK)
                        return read_interface(l, payload, length);
                if (NLMSG_ALIGN(head.nlmsg_len) >= size)
                        return 0;
                at += NLMSG_ALIGN(head.nlmsg_len);
                size -= NLMSG_ALIGN(head.nlmsg_len);
        }
        return size == 0 ? 0 : -EBADMSG;
}

static int read_block(void *context, const void *block, size_t size)
{
        return vf_link_read(context, block, size);
}

static int read_record(int rfd, const char *name, VfLink *l)
{
        _cleanup_free_ char *path = path_join(VF_LINK_RECORD_DIR, name), *data = NULL;
        size_t size;
        int r = path ? root_read_file(rfd, path, RECORD_MAX, &data, &size) : -ENOMEM;

        if (r < 0)
                return r == -ENOENT || r == -ENOTDIR ? 0 : r;
        r = vf_link_read(l, data, size);
        return MIN(r, 0);
}

/* One that goes away is not there, or the kernel does not read its attribute any more (Linux net/core/net-sysfs.c,
 * netdev_show(); fs/kernfs/file.c). */
static bool is_gone(int error)
{
        return error == -ENOENT || error == -ENODEV || error == -EINVAL;
}

/* @interfaces: directory of a function's interfaces. -ENODEV: it has gone since, or has another name. */
static int look_at(int rfd, bool live, const char *interfaces, const char *name, VfLink *ret)
{
        _cleanup_(vf_link_done) VfLink l = {};
        _cleanup_free_ char *path = NULL;
        char text[16];
        VfMessage m;
        int r;

        if (string_printf(&path, "%s/%s/ifindex", interfaces, name) < 0)
                return -ENOMEM;
        r = root_read_attr(rfd, path, text, sizeof(text));
        if (r < 0)
                return is_gone(r) ? -ENODEV : r;
        r = parse_u32(text, 10, &l.index);
        if (r < 0)
                return r;
        vf_message_ask(&m, l.index);
        r = live ? rtnetlink_ask(&m.head, read_block, &l) : read_record(rfd, name, &l);
        if (r < 0)
                return r;
        *ret = l;
        l = (VfLink){};
        return 0;
}

int vf_link_find(int rfd, bool live, const char *device, VfLink *ret)
{
        _cleanup_free_ char *interfaces = path_join(device, "net");
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(vf_link_done) VfLink best = {};
        int r = interfaces ? root_list(rfd, interfaces, NULL, &names) : -ENOMEM;

        if (r == -ENOENT || (r >= 0 && names.n == 0))
                return -ENODEV;
        FOREACH_ARRAY(name, names.items, r < 0 ? 0 : names.n) {
                _cleanup_(vf_link_done) VfLink l = {};

                r = look_at(rfd, live, interfaces, *name, &l);
                if (r == -ENODEV) {
                        r = 0;
                        continue;
                }
                if (r < 0)
                        break;
                if (best.index != 0 && (best.tells || !l.tells))
                        continue;
                vf_link_done(&best);
                best = l;
                l = (VfLink){};
        }
        if (r < 0)
                return r;
        if (best.index == 0)
                return -ENODEV;
        *ret = best;
        best = (VfLink){};
        return 0;
}

int vf_link_set(const VfLink *l, uint32_t vf, const char *mac)
{
        VfLink answer = {};
        VfMessage m;
        int r;

        vf_message_set(&m, l->index, vf, mac);
        r = rtnetlink_ask(&m.head, read_block, &answer);
        vf_link_done(&answer);
        return r;
}
