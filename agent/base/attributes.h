/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/**
 * attributes_carry() - give a file what another one has beside its bytes
 * @from, @to: descriptors of regular files, open for reading at least. @same_bytes: @to is a copy of @from.
 *
 * Owner, group, mode, POSIX ACL, extended attributes and security labels; an ACL that @to has from its directory goes
 * where @from has none. Not carried: what the kernel derives from the bytes (security.ima, unless they are the same) or
 * writes itself (security.evm). The mode comes last, so that nobody may read for a moment what he may not read
 * afterwards; @to should be of mode 0600 until then.
 * What the file system of @to does not have is left out (ENOTSUP). Returns 0; negative errno.
 * Source: xattr(7), acl(5), Linux Documentation/ABI/testing/evm.
 */
int attributes_carry(int from, int to, bool same_bytes) _must_check_;
