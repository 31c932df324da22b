/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * Mounts that nobody but this process and its children sees. The only place that mounts. They end with the last process
 * of the namespace, however it ends.
 */

/* What to mount where. Paths are those of the running system. */
typedef struct MountSpec {
        const char *device;    /* a block device */
        const char *target;    /* a directory */
        const char *type;      /* of the file system */
        const char *options;   /* of the file system; NULL: none */
        const char *elsewhere; /* mount point where somebody else has it; then it is bound from there. NULL: none */
} MountSpec;

/**
 * mount_namespace() - from here on, mounts are seen by this process and its children only
 *
 * Mounts of others go on to arrive, so that automounts work. Directories that were opened before are still those of the
 * old namespace. Returns 0; -EPERM: no CAP_SYS_ADMIN; other negative errno.
 */
int mount_namespace(void) _must_check_;

/**
 * mount_attach() - mount, after mount_namespace()
 * @writable: no: nothing at all is written to the device, no journal is replayed.
 * Returns 0; -EBUSY: in use, or mounted by somebody else since MountSpec was filled; -ENODEV: the kernel does not know
 * the type; -EROFS: writable, and the device or the mount of somebody else is not; other negative errno of mount(2).
 */
int mount_attach(const MountSpec *m, bool writable) _must_check_;

/* Takes the latest mount at a directory away. 0; -EBUSY: a file in it is open; other negative errno. */
int mount_detach(const char *target) _must_check_;

/* Writes out what is in memory of it. 0 or negative errno. */
int mount_sync(const char *target) _must_check_;

/* Makes a mount of ours that cannot be taken away read-only; that of nobody else. 0 or negative errno. */
int mount_close(const char *target) _must_check_;

/**
 * mount_has_device() - is a file system on this block device mounted?
 *
 * In whatever namespace, and also one that was let go of while somebody still has files open there. The device is
 * neither opened nor read. Waits for a mount that is just being made or taken away.
 * Returns 1; 0; -ENOSYS, -EPERM: this kernel, or who confines this process, has no answer; other negative errno.
 */
int mount_has_device(const char *device) _must_check_;
