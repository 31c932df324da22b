/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "apply/apply.h"

/**
 * apply_reboots_write() - record a restart in all places of model/reboots.h
 *
 * Each is on its disk when this returns. A /boot that is not there, or read-only for everybody, is left out; nothing
 * else is, and no file system is taken for one that lasts that is not known to be.
 * @ret_failure: a sentence, owned by the caller; NULL: it is recorded. Then each is again as it was, where it can be.
 * Returns 0 or -ENOMEM, which is no record either.
 */
int apply_reboots_write(int rfd, const char *text, char **ret_failure) _must_check_;

/**
 * apply_reboot() - have the service manager restart the running system
 * @boot: it is starting, and nobody can have begun anything. Else whoever is logged in, or holds a restart up, has to
 * be asked first (systemd-inhibit(1)), and systemctl refuses.
 * @lock: of apply_lock(). @ret_failure: a sentence, owned by the caller; NULL: it will. Returns 0 or -ENOMEM.
 */
int apply_reboot(int rfd, int lock, bool boot, char **ret_failure) _must_check_;
