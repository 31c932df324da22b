/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/**
 * net_login_peer() - from where the person came who has started this process
 * @ret: the address of the other end, in text, owned by the caller.
 *
 * Source: SSH_CONNECTION, sshd(8), in the environment of this process or of one that it descends from: sudo(8) takes it
 * out of that of its children. Returns 1; 0: over no network, or nobody can tell; -ENOMEM.
 */
int net_login_peer(int rfd, char **ret) _must_check_;
