/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mount.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/statvfs.h>

#include "base/io.h"
#include "base/text.h"

/* Nothing on these file systems is to be run or believed. */
#define SAFE_FLAGS ((unsigned long) (MS_NOSUID | MS_NODEV | MS_NOEXEC))

/* What keeps a file system from replaying its journal onto a device that is mounted read-only. */
static const struct {
        const char *type, *option;
} unreplayed[] = {
        { "ext3", "noload" },
        { "ext4", "noload" },
        { "xfs", "norecovery" },
        { "btrfs", "norecovery" },
};

int mount_namespace(void)
{
        if (unshare(CLONE_NEWNS) < 0)
                return -errno;
        return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ? -errno : 0;
}

static int attach_bound(const MountSpec *m, bool writable)
{
        unsigned long flags = MS_REMOUNT | MS_BIND | SAFE_FLAGS | (writable ? 0UL : (unsigned long) MS_RDONLY);
        struct statvfs st;
        int r = 0;

        if (mount(m->elsewhere, m->target, NULL, MS_BIND, NULL) < 0)
                return -errno;
        if (mount(NULL, m->target, NULL, flags, NULL) < 0 || statvfs(m->target, &st) < 0)
                r = -errno;
        else if (writable && st.f_flag & ST_RDONLY)
                r = -EROFS;
        if (r < 0)
                (void) umount2(m->target, UMOUNT_NOFOLLOW | MNT_DETACH);
        return r;
}

int mount_attach(const MountSpec *m, bool writable)
{
        const char *more = NULL;
        _cleanup_free_ char *options = NULL;

        if (m->elsewhere)
                return attach_bound(m, writable);
        for (size_t i = 0; i < ELEMENTSOF(unreplayed) && !writable; i++)
                if (streq(unreplayed[i].type, m->type))
                        more = unreplayed[i].option;
        if (string_printf(&options, "%s%s%s", m->options ?: "", m->options && more ? "," : "", more ?: "") < 0)
                return -ENOMEM;
        return mount(m->device, m->target, m->type, SAFE_FLAGS | (writable ? 0UL : (unsigned long) MS_RDONLY),
                     options) < 0
                       ? -errno
                       : 0;
}

int mount_detach(const char *target)
{
        return umount2(target, UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

int mount_sync(const char *target)
{
        _cleanup_close_ int root = root_open(AT_FDCWD, "/", O_PATH), fd = -EBADF;

        fd = root < 0 ? root : root_open(root, target, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return fd;
        return syncfs(fd) < 0 ? -errno : 0;
}

int mount_close(const char *target)
{
        return mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE_FLAGS, NULL) < 0 ? -errno : 0;
}

/*
 * Who asks for the quotas of a device is told first that no file system on it is mounted (-ENODEV). What is said of the
 * quotas themselves does not matter: of most types there are none. Linux fs/quota/quota.c, quotactl_block() and
 * do_quotactl().
 */
int mount_has_device(const char *device)
{
        const int question = (int) QCMD((unsigned) Q_GETFMT, USRQUOTA); /* the macro shifts into the sign */
        char format[sizeof(uint32_t)];

        /* without a device the same is said, where questions are answered at all */
        if (quotactl(question, NULL, 0, format) >= 0 || errno != ENODEV)
                return errno == EPERM ? -EPERM : -ENOSYS;
        if (quotactl(question, device, 0, format) >= 0)
                return 1;
        switch (errno) {
        case ENODEV:
                return 0;
        case ENOSYS: /* not of this type of file system */
        case EINVAL: /* not of users */
        case ESRCH:  /* switched off */
                return 1;
        default:
                return -errno;
        }
}
