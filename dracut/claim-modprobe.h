/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/**
 * claim_modprobe() - load a kernel module by modprobe(8), and wait for it
 * Returns 0; -ENOENT there is no modprobe; -EIO it failed; other negative errno.
 */
int claim_modprobe(const char *module);
