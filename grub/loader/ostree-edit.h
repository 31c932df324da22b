/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/loader/loaders.h"

#define OSTREE_TOOL "rpm-ostree" /* subject in the record: its arguments */

/* LoaderOps.edit of loader-ostree.c: calls of rpm-ostree, and those that take them back. Pure. */
int ostree_edit(const Loader *l, const LoaderEdit *want, Plan *plan) _must_check_;
