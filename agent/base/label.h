/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/**
 * label_new() - give a file or directory that is new the SELinux label that the policy has for its path
 * @rfd: root directory; its own policy is asked, /etc/selinux/config says which. @path: that it is going to have.
 * @fd: of it, open for reading or writing.
 *
 * The kernel gives a new file the label that goes with its directory, and the policy may want another one for just this
 * path. Where SELinux is off (no /sys/fs/selinux below the root) nothing more is looked at, and libselinux is not
 * loaded. What cannot be had is left as the kernel made it: without libselinux or a policy, where the policy wants
 * none, where the file system has no labels, and where the policy in force does not let this process set it, or does
 * not know it. Returns 0; other errors of fsetxattr(2) as negative errno; -ENOMEM. Source: selabel_file(5),
 * selinux_config(5).
 */
int label_new(int rfd, const char *path, int fd) _must_check_;
