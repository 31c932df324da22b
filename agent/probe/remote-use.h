/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "probe/host-walk.h"

/*
 * From a disk or a file system of another machine down to the functions through which it is reached. Each returns 1; 0:
 * it could not be followed, and nothing was noted; -ENOMEM.
 */

/**
 * remote_use_iscsi() - a disk of a software initiator
 * @place: of it, below /sys/devices, with "/session" in it.
 *
 * The interface that the session is bound to, else the routes to the other ends of its connections, else the network
 * functions that the firmware booted over iSCSI with (iBFT). Source: Linux drivers/scsi/scsi_transport_iscsi.c (the
 * directories below the session), libiscsi.c (netdev), drivers/firmware/iscsi_ibft.c.
 */
int remote_use_iscsi(HostWalk *w, const char *place, const WalkLink *link) _must_check_;

/* The functions that the firmware booted over iSCSI with. @above: what is used; NULL: this itself. */
int remote_use_ibft(HostWalk *w, const WalkLink *above) _must_check_;

/* An ATA over Ethernet disk. @disk: its place in sysfs. Source: Linux drivers/block/aoe/aoeblk.c (netif). */
int remote_use_aoe(HostWalk *w, const char *disk, const WalkLink *link) _must_check_;

/**
 * remote_use_rbd() - a block device of Ceph
 * @place: of it, below /sys/devices, with "/rbd/" in it.
 *
 * By the routes to its monitors. Source: Linux Documentation/ABI/testing/sysfs-bus-rbd (config_info has what it was
 * made with, the monitors first; only root may read it).
 */
int remote_use_rbd(HostWalk *w, const char *place, const WalkLink *link) _must_check_;

/**
 * remote_use_servers() - a file system of servers
 * @name: of the protocol, for the chain. @servers: addresses with or without ports, between any of " ,/".
 */
int remote_use_servers(HostWalk *w, const char *name, const char *servers, const WalkLink *link) _must_check_;
