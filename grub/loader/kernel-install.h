/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/cmdline.h"
#include "model/loader.h"

/*
 * kernel-install(8): what makes the boot entries of systemd's platforms when a kernel is installed, and the command
 * line that it gives them.
 */

/* In this order; the kernel arguments of this very boot are what it takes where there is neither. */
#define KERNEL_CMDLINE_FILE    "/etc/kernel/cmdline"
#define KERNEL_CMDLINE_DEFAULT "/usr/lib/kernel/cmdline"

typedef enum KernelLayout {
        KERNEL_LAYOUT_NONE,  /* no kernel-install here */
        KERNEL_LAYOUT_AUTO,  /* it looks at what is in the boot partition */
        KERNEL_LAYOUT_BLS,   /* type 1 entries */
        KERNEL_LAYOUT_UKI,   /* unified kernel images */
        KERNEL_LAYOUT_OTHER, /* entries are made by something else */
} KernelLayout;

/**
 * kernel_install_layout() - is kernel-install there, and what would it make of a kernel?
 * Reads layout= of install.conf and its drop-ins, later ones and those in /etc win. Returns 0 or -ENOMEM.
 */
int kernel_install_layout(int rfd, KernelLayout *ret) _must_check_;

/**
 * kernel_install_generator() - which program makes the initramfs images of new kernels there
 * @ret: initrd_generator= of install.conf and its drop-ins, owned by the caller; NULL: not said, then each that has a
 * hook decides for itself. Returns 0 or -ENOMEM.
 */
int kernel_install_generator(int rfd, char **ret) _must_check_;

/**
 * kernel_install_goes_elsewhere() - does it make its images below $BOOT_ROOT of the environment, as if that were
 * theirs? Not where install.conf says another one, which wins up to systemd 254, and not with a plug-in that remembers
 * for good where it found them (sbctl's, sbctl sign -s). Source: systemd src/kernel-install,
 * context_load_environment(). Returns 0 or -ENOMEM.
 */
int kernel_install_goes_elsewhere(int rfd, bool *ret) _must_check_;

/**
 * has_sdbootutil() - does openSUSE's tool make the entries?
 * For GRUB and systemd-boot alike: of /etc/kernel/cmdline or what stands in for it, and never of /etc/default/grub.
 * Source: github.com/openSUSE/sdbootutil, create_boot_options().
 */
bool has_sdbootutil(int rfd);

/**
 * kernel_cmdline_words() - words of a running kernel or an entry that are for kernels to come too
 * Leaves out what belongs to one boot or is added by kernel-install itself: BOOT_IMAGE=, initrd=, systemd.machine_id=,
 * and all of ptprep's own. Source: systemd 90-loaderentry.install, 60-ukify.install. @ret: appended to. 0 or -ENOMEM.
 */
int kernel_cmdline_words(const Kargs *from, Kargs *ret) _must_check_;
