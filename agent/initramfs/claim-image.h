/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/*
 * The claim image: one small archive that a boot loader puts in front of an image that is left as its own tool made it.
 * The kernel unpacks both into one tree (Linux Documentation/driver-api/early-userspace/buffer-format.rst), and what is
 * in the tree starts the claim helper, whoever made the other image:
 *
 * - systemd as init: a unit in /etc/systemd/system, wanted by sysinit.target (systemd.unit(5)).
 * - dracut without systemd: init sources /etc/conf.d before its first hook (source_conf(), 059 to 112). Its directory
 *   of hooks would not do: in 059 it is below /lib, and in 106 a link from there.
 * - initramfs-tools: init sources /conf/conf.d before all scripts; /proc, /sys and /dev are there (0.142 to 0.151).
 *
 * It has no path below /bin, /lib, /lib32, /lib64, /libx32 and /sbin, nor below their namesakes in /usr but
 * /usr/lib/ptprep: in the other image these are links. The kernel does not put a link where a directory is that is not
 * empty (init/initramfs.c, clean_path()), so one file below /lib leaves an image of initramfs-tools without udev. In an
 * addon of a unified image (grub/format/uki-addon.h) it comes behind the other image, and the same holds: a directory
 * takes the place of a link there. All other names are ptprep's own, and the directories are such in every image.
 */
typedef struct ClaimImageParts {
        const void *helper;   /* a static program: nothing says that the other image has a libc */
        size_t helper_size;   /* bytes */
        const char *claims;   /* text of the claim list */
        const char *unit;     /* text of ptprep-claim.service */
        const char *modprobe; /* text of /etc/modprobe.d/ptprep.conf; NULL: none */
} ClaimImageParts;

/**
 * claim_image_build() - its bytes
 * The same parts make the same bytes: no time, no owner but root, uncompressed.
 * @ret: @ret_size bytes, owned by the caller. 0; -ENOMEM; -EFBIG.
 */
int claim_image_build(const ClaimImageParts *p, char **ret, size_t *ret_size) _must_check_;
