/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/grubenv.h"
#include "grub/format/shell-assign.h"
#include "model/loader.h"

/* What GRUB 2 is called on this machine, and which file it boots from. */
typedef struct GrubPlatform {
        StringList mkconfig;   /* program that generates; empty: not installed */
        bool drop_ins;         /* it sources /etc/default/grub.d */
        ShellDialect dialect;  /* of /bin/sh, which runs it */
        StringList generated;  /* what it generates, e.g. /boot/grub/grub.cfg; more than one where the firmware's kind
                                  decides and cannot be told, as in an image */
        StringList others;     /* configurations in /boot beside those, which nothing is known to boot from */
        StringList unreadable; /* "PATH: reason": what could not be looked into on the way */
} GrubPlatform;

void grub_platform_done(GrubPlatform *p);

/**
 * grub_platform_find() - look for GRUB 2
 *
 * Debian and what comes from it, Arch: grub-mkconfig, /boot/grub/grub.cfg. Fedora, RHEL, SUSE: grub2-mkconfig,
 * /boot/grub2/grub.cfg; before Fedora 34 and RHEL 9 with UEFI firmware /boot/efi/EFI/ID/grub.cfg. A grub.cfg on the EFI
 * system partition that runs "configfile" is a stub: it is never generated, and only says where the real one is.
 * Returns 0; -ENOENT: there is none; -ENOMEM.
 */
int grub_platform_find(int rfd, GrubPlatform *ret) _must_check_;

/* Does this text hand over to another configuration instead of having entries of its own? */
bool grub_cfg_is_stub(const char *text);

/* The environment block beside a configuration. Returns 1: its variables are known; 0: it cannot be read; -ENOMEM. */
int grub_environment_read(int rfd, const char *config, GrubEnv *ret) _must_check_;
