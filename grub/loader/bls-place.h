/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/array.h"

/* Where GRUB takes boot loader specification entries from on this machine. */

#define BLS_ESP            "/boot/efi"
#define BLS_VENDORS        BLS_ESP "/EFI" /* below it openSUSE's, and Red Hat's before Fedora 34 and RHEL 9 */

/* Red Hat's script that makes an entry of a new kernel. It takes /etc/kernel/cmdline, and this very boot's arguments
 * where there is none. */
#define BLS_INSTALL_SCRIPT "/usr/lib/kernel/install.d/20-grub.install"

/* What was found of GRUB's own files. */
typedef struct BlsPlace {
        char *directory; /* of the configuration that boots, e.g. "/boot/grub2" */
        char *text;      /* that configuration; NULL: there is none */
        char *path;      /* that "blscfg" is told; NULL: none */
} BlsPlace;

/* The files of the entries. */
typedef struct BlsListing {
        const char *base; /* what GRUB's root is here; static */
        char *directory;
        StringList names; /* in the order of the menu, at least one */
} BlsListing;

void bls_place_done(BlsPlace *p);
void bls_listing_done(BlsListing *l);

/* Returns 0; -ENOENT: GRUB does not look at such entries here; -ENOMEM. */
int bls_place_find(int rfd, BlsPlace *ret) _must_check_;

/* Returns 0; -ENOENT: there is no entry; other negative errno: a directory cannot be read. */
int bls_place_list(int rfd, const BlsPlace *place, BlsListing *ret) _must_check_;
