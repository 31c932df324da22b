/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <assert.h>

/*
 * What a claim list can hold. The agent refuses a configuration that goes beyond it, with file and line; the helper,
 * which reads the list in the initramfs where nobody is there to correct it, refuses the line. One header for both, so
 * that what the agent takes is what the helper claims. Needs nothing but libc.
 */

#define CLAIM_LIST_VERSION 2 /* that the agent writes, and the last that the helper reads: claim-list.h */

#define CLAIM_DEVICES_MAX  512 /* devices of one list */
#define CLAIM_NAME_MAX     64  /* bytes of a device's name */
#define CLAIM_NAME_CHARS   "abcdefghijklmnopqrstuvwxyz0123456789_.-"
#define CLAIM_PATH_MAX     255 /* bytes of a bridge path: 50 bridges */
#define CLAIM_LINE_MAX     704 /* bytes of a line that names a device, without its newline */

/* Bytes of the whole list: as many devices as it may have, and some comments. */
#define CLAIM_LIST_MAX     (CLAIM_DEVICES_MAX * (CLAIM_LINE_MAX + 1) + 4096)

/* "ADDRESS VENDOR:DEVICE DRIVER PATH NAME" always fits, and 335 bytes behind it: all keys there are */
static_assert(sizeof("ffffffff:ff:1f.7 ffff:ffff vfio-pci  ") + CLAIM_PATH_MAX + CLAIM_NAME_MAX + 335 <= CLAIM_LINE_MAX,
              "a device that the agent takes has a line that the helper takes");
