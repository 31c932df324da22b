/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

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

void bls_place_done(BlsPlace *p);

/* Returns 0; -ENOENT: GRUB does not look at such entries here; -ENOMEM. */
int bls_place_find(int rfd, BlsPlace *ret) _must_check_;
