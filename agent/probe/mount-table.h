/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmount.h>

#include "base/lazy.h"

/* Tables of mounts as libmount reads them. Nothing of libmount may be called before mount_table_load(). */

LAZY_SHARED(mnt_table_next_fs);
LAZY_SHARED(mnt_new_iter);
LAZY_SHARED(mnt_fs_get_source);
LAZY_SHARED(mnt_fs_get_target);
LAZY_SHARED(mnt_fs_get_root);
LAZY_SHARED(mnt_fs_get_fstype);
LAZY_SHARED(mnt_fs_get_devno);
LAZY_SHARED(mnt_fs_get_fs_options);
LAZY_SHARED(mnt_fs_get_option);
LAZY_SHARED(mnt_optstr_next_option);

/* Returns 0; -ENOPKG: libmount is not installed. */
int mount_table_load(void) _must_check_;

/**
 * mount_table_read() - read fstab(5), swaps(5) or mountinfo(5)
 * @ret: released with mount_table_freep(). @ret_is_procfs: the file is one of the kernel's; may be NULL.
 * Returns 0; -EBADMSG: libmount does not understand it; -EFBIG; other negative errno.
 */
int mount_table_read(int rfd, const char *path, struct libmnt_table **ret, bool *ret_is_procfs) _must_check_;

/* The last line of a mount point: what is mounted later covers what was there. NULL: none, or no table. */
struct libmnt_fs *mount_table_line(struct libmnt_table *table, const char *target);

void mount_table_freep(struct libmnt_table **t);
void mount_iter_freep(struct libmnt_iter **i);
