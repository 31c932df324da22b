/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/rtnetlink.h>

#include "array.h"
#include "macro.h"

/*
 * Addresses that the driver of a physical function gives its virtual ones (SR-IOV), through the network interface of
 * the physical one. Source: Linux include/uapi/linux/if_link.h (IFLA_VFINFO_LIST), net/core/rtnetlink.c
 * (rtnl_fill_vfinfo(), do_setvfinfo()).
 */

#define VF_MAC_TEXT 18 /* "52:54:00:12:34:56" and a NUL */

typedef struct VfLink {
        uint32_t index;  /* of the interface; 0: none is known */
        bool tells;      /* of its virtual functions */
        StringList macs; /* of each of them, in lower case; "": the kernel does not say it */
} VfLink;

void vf_link_done(VfLink *l);

/* A message with room for all that is asked or set here. */
typedef struct VfMessage {
        struct nlmsghdr head;
        struct ifinfomsg link;
        uint8_t attributes[64];
} VfMessage;

/* Asks for an interface and what it tells of its virtual functions. */
void vf_message_ask(VfMessage *ret, uint32_t index);

/* Sets the address of one of them. @mac: of a form that identity_mac() has made. */
void vf_message_set(VfMessage *ret, uint32_t index, uint32_t vf, const char *mac);

/* Reads what recvmsg(2) gave. 1: that was the answer; 0: it was not in there; -ENOMEM; -EBADMSG; the kernel's error. */
int vf_link_read(VfLink *l, const void *block, size_t size) _must_check_;

/*
 * Below another root directory than "/" of the running system the answer of an interface lies in a file as recvmsg(2)
 * gave it, where somebody has put it there: VF_LINK_RECORD_DIR/NAME. Where there is none it tells nothing.
 */
#define VF_LINK_RECORD_DIR "/run/rtnetlink/links"

/**
 * vf_link_find() - the interface through which a PCI function's virtual functions get their addresses
 * @device: its directory in sysfs. @live: the root is "/" of the running system. @ret: released with vf_link_done().
 *
 * It may have several, of which one tells of the virtual functions. One that goes away or is renamed meanwhile is left
 * out: udev renames those that a driver makes beside it as the virtual functions come.
 * Returns 0; -ENODEV: it has no interface; other negative errno.
 */
int vf_link_find(int rfd, bool live, const char *device, VfLink *ret) _must_check_;

/* Sets the address of one virtual function, in the running system. 0; what the kernel says, as negative errno. */
int vf_link_set(const VfLink *l, uint32_t vf, const char *mac) _must_check_;
