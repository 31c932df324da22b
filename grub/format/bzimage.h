/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/**
 * bzimage_release() - which kernel release an x86 kernel image is of
 * @rfd: root directory. @path: below it. @ret: as uname -r names it, owned by the caller; untouched on failure.
 * The header has the place of a text that begins with the release (Linux Documentation/arch/x86/boot.rst,
 * kernel_version). Returns 0; -ENOENT: it is no such image, or does not say; -ENOMEM; other negative errno where it
 * cannot be read.
 */
int bzimage_release(int rfd, const char *path, char **ret) _must_check_;
