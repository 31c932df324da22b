/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/**
 * trust_refusal() - is what lies at a path only of those who may change this system anyway?
 * @rfd: root directory. @path: a file or directory, links followed.
 * @ret: why not, one sentence; owned by the caller. NULL: it is, or there is nothing there.
 *
 * It has to belong to root or to the owner of the root directory, and nobody else may write it. Whoever looks at a tree
 * of his own without being root is not asked: nothing is changed there. Returns 0; -ENOMEM; negative errno.
 */
int trust_refusal(int rfd, const char *path, char **ret) _must_check_;
