/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>

#include "model/routes.h"
#include "probe/host-walk.h"

/* From a network interface, or an address that is reached, down to the PCI functions that carry it. */

/**
 * net_use_interface() - the functions below an interface
 * @name: the kernel's, "br0". Through what it is made of: bond, team, bridge, VLAN, macvlan, ipvlan, vxlan (the links
 * lower_* in sysfs, Linux net/core/dev.c); the ports of Open vSwitch; of a tunnel, of which nothing says what it goes
 * through, each interface through which anything is reached. What leads nowhere beside what leads somewhere, such as a
 * guest's tap beside a card in a bridge (each port has its link, net/bridge/br_if.c), is passed over.
 * Returns 1; 0: it could not be followed to any function, and nothing was noted; -ENOMEM.
 */
int net_use_interface(HostWalk *w, const char *name, const WalkLink *above) _must_check_;

/* The same, of what needs a link of Ethernet, and goes through no tunnel. */
int net_use_link(HostWalk *w, const char *name, const WalkLink *above) _must_check_;

/**
 * net_use_address() - the functions by which an address is reached
 * @address, @source: as netlink_route_to(). Nothing is sent for it.
 * Returns as net_use_interface(); 0 also: there is no route to it at present, or it is an address of this host.
 */
int net_use_address(HostWalk *w, const char *address, const char *source, const WalkLink *above) _must_check_;

/* The name of an interface by its number; -ENOENT: there is none. 0; other negative errno. */
int net_interface_name(int rfd, bool live, uint32_t index, char ret[IF_NAMESIZE]) _must_check_;

/**
 * net_on_hardware() - is it a card, or made of one, or a port of Open vSwitch that has one?
 * Not a tunnel: what that goes through is asked for itself. Returns 1; 0; -ENOMEM. Nothing is noted.
 */
int net_on_hardware(HostWalk *w, const char *name) _must_check_;

/* Has it no device below it? 1; 0; negative errno: there is no such interface, or it cannot be read. */
int net_is_virtual(int rfd, const char *name) _must_check_;

/* The number in an attribute, "0x" before it or not. 0; -ENOENT: it has none that can be read; -ENOMEM. */
int net_number(int rfd, const char *name, const char *attribute, unsigned base, uint32_t *ret) _must_check_;

/* An attribute of an interface in sysfs, as root_read_attr(). */
int net_attr(int rfd, const char *name, const char *attribute, char *buf, size_t size) _must_check_;

/* The hardware's address of an interface, "52:54:00:12:34:56", owned by the caller. 0; negative errno. */
int net_mac(int rfd, const char *name, char **ret) _must_check_;

#define NAME_SYS_CLASS_NET "/sys/class/net"
