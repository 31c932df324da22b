/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/loader/loaders.h"
#include "grub/loader/words-home.h"

/*
 * An edit of boot loader specification entries whose reader is GRUB, wherever their words live (words-home.h), and of
 * /etc/kernel/cmdline for later kernels. Pure.
 */

#define BLS_DEFAULT_OPTS "default_kernelopts" /* Fedora's GRUB takes it for an entry without options */
#define BLS_ENVIRONMENT  "/grubenv"           /* the environment block, beside the configuration */

/* The environment block as it was read; NULL: there is none. */
const LoaderFile *bls_environment(const Loader *l);

/* LoaderOps.edit of loader-bls.c, but for the images in front of those of entries. */
int bls_draft_edit(const Loader *l, const LoaderEdit *want, Plan *plan) _must_check_;
