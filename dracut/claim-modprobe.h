/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/**
 * claim_modprobe() - load a kernel module by modprobe(8), and wait for it
 * Returns 0; -ENOENT there is no modprobe; else as claim_run().
 */
int claim_modprobe(const char *module);

/**
 * claim_run() - run a program with one argument to its end, but for a limited time
 * @milliseconds: after that it is killed with all that it started, and waited for no longer than a second. Who is stuck
 * in the kernel does not end even then: it is left behind.
 * Returns 0: it ended with 0; -EIO: with something else; -ETIME: not in time; other negative errno.
 */
int claim_run(const char *program, const char *argument, unsigned milliseconds);
