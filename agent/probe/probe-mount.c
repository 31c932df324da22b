/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <ctype.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/disk-partitions.h"
#include "probe/mount-table.h"

/*
 * Which file systems that a boot loader reads are not mounted: /boot and the EFI system partition, found by their lines
 * in fstab or by their partition types on the disks that carry "/". Nothing is mounted here: see boot-mounts.c.
 */

/* GPT partition type: Discoverable Partitions Specification. */
#define TYPE_XBOOTLDR "bc13c2ff-59e6-4262-a352-b275fd6f7172"

#define NAME_ESP      "/boot/efi"
#define NAME_ESP_ALSO "/efi"

static const char *const targets[] = { NAME_BOOT, NAME_ESP_ALSO, NAME_ESP }; /* a directory before what is in it */

/* Is there anything to look at? A few system calls, and on most machines no more than that. */

/* Of /boot and the like, their mount points. An automount that nobody touched yet is one, and stays untouched. */
static Tristate is_mount_point(int rfd, const char *path, struct statfs *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_PATH);
        struct statx st;

        if (fd < 0 || statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &st) < 0 || fstatfs(fd, ret) < 0)
                return TRISTATE_NO;
        if (!(st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
                return TRISTATE_UNKNOWN;
        return st.stx_attributes & STATX_ATTR_MOUNT_ROOT ? TRISTATE_YES : TRISTATE_NO;
}

/* Is the directory there without a kernel, an entry or a menu in it, as a mount point is below its mount? */
static bool is_bare(int rfd, const char *path)
{
        _cleanup_(string_list_done) StringList names = {};

        if (root_list(rfd, path, NULL, &names) < 0)
                return false;
        FOREACH_ARRAY(name, names.items, names.n)
                if (!streq(*name, "efi") && !streq(*name, "lost+found"))
                        return false;
        return true;
}

/* Does the text of fstab speak of this mount point? Whether that is a line for it, or a comment, libmount tells. */
static bool is_mentioned(const char *fstab, const char *target)
{
        for (const char *s = fstab; s && (s = strstr(s, target)); s++) {
                const char *rest = s + strlen(target);

                rest += strspn(rest, "/");
                if (s > fstab && isblank((unsigned char) s[-1]) && isblank((unsigned char) *rest))
                        return true;
        }
        return false;
}

bool boot_mounts_missing(int rfd)
{
        _cleanup_free_ char *fstab = NULL;
        bool uefi = probe_exists(rfd, NAME_SYS_EFI) == TRISTATE_YES, esp = false;

        if (root_read_text(rfd, NAME_FSTAB, &fstab) < 0)
                fstab = NULL;
        FOREACH_ARRAY(t, targets, ELEMENTSOF(targets)) {
                bool boot = streq(*t, NAME_BOOT);
                struct statfs fs = {};
                Tristate mounted = boot || uefi ? is_mount_point(rfd, *t, &fs) : TRISTATE_YES;

                if (mounted == TRISTATE_UNKNOWN)
                        return true; /* Linux before 5.8: libmount has to tell */
                if (mounted == TRISTATE_NO && (is_mentioned(fstab, *t) || (boot && is_bare(rfd, *t))))
                        return true;
                if (mounted == TRISTATE_YES)
                        esp |= !boot || fs.f_type == MSDOS_SUPER_MAGIC || fs.f_type == AUTOFS_SUPER_MAGIC;
        }
        return uefi && !esp;
}

/* Which file system is to be mounted next? */

static bool is_type(struct libmnt_fs *fs, const char *type)
{
        const char *t = fs ? sym_mnt_fs_get_fstype(fs) : NULL;

        return t && streq(t, type);
}

static int want_listed(struct libmnt_fs *fs, const char *target, BootMount *ret)
{
        const char *type = sym_mnt_fs_get_fstype(fs), *options = sym_mnt_fs_get_fs_options(fs);

        ret->listed = true;
        ret->read_only = sym_mnt_fs_get_option(fs, "ro", NULL, NULL) == 0;
        if (string_copy(target, &ret->target) < 0 || string_copy(sym_mnt_fs_get_source(fs), &ret->source) < 0 ||
            string_copy(type && !streq(type, "auto") ? type : NULL, &ret->type) < 0 ||
            string_copy(options && *options ? options : NULL, &ret->options) < 0)
                return -ENOMEM;
        return 1;
}

/* @source: NULL, with a reason: none was found, but it may be there. */
static int want_partition(const char *target, const char *source, const char *failure, BootMount *ret)
{
        if (string_copy(target, &ret->target) < 0 || string_copy(source, &ret->source) < 0 ||
            string_copy(failure, &ret->failure) < 0)
                return -ENOMEM;
        return 1;
}

static const char *partition_of_type(const DiskPartitions *l, const char *type)
{
        FOREACH_ARRAY(p, l->items, l->n)
                if (streq(p->type, type))
                        return p->device;
        return NULL;
}

/* Nobody can tell what is mounted or what fstab has: what it speaks of may be a mount point with its mount missing. */
static int want_unreadable(int rfd, const BootMounts *tried, const char *failure, BootMount *ret)
{
        _cleanup_free_ char *fstab = NULL;
        bool uefi = probe_exists(rfd, NAME_SYS_EFI) == TRISTATE_YES;
        struct statfs fs;

        if (root_read_text(rfd, NAME_FSTAB, &fstab) < 0)
                fstab = NULL;
        FOREACH_ARRAY(t, targets, ELEMENTSOF(targets))
                if ((uefi || streq(*t, NAME_BOOT)) && !boot_mount_at(tried, *t) && is_mentioned(fstab, *t) &&
                    is_mount_point(rfd, *t, &fs) != TRISTATE_YES)
                        return want_partition(*t, NULL, failure, ret);
        return 0;
}

/* Where an ESP without a line in fstab is to be seen: GRUB's tools look in the first, systemd's in all. */
static const char *esp_directory(int rfd, bool boot_free)
{
        if (probe_exists(rfd, NAME_ESP) == TRISTATE_YES)
                return NAME_ESP;
        if (probe_exists(rfd, NAME_ESP_ALSO) == TRISTATE_YES)
                return NAME_ESP_ALSO;
        return boot_free ? NAME_BOOT : NULL;
}

int boot_mounts_choose(int rfd, const BootMounts *tried, int (*partitions)(void *userdata, const DiskPartitions **ret),
                       void *userdata, BootMount *ret)
{
        _cleanup_(mount_table_freep) struct libmnt_table *mounts = NULL, *fstab = NULL;
        bool uefi = probe_exists(rfd, NAME_SYS_EFI) == TRISTATE_YES, boot_free = false, esp = false;
        const char *source, *directory;
        const DiskPartitions *l;
        int r;

        if (mount_table_load() < 0)
                return want_unreadable(rfd, tried, "libmount, which reads /etc/fstab, is not there", ret);
        r = mount_table_read(rfd, NAME_PROC_MOUNTINFO, &mounts, NULL);
        if (r >= 0)
                r = mount_table_read(rfd, NAME_FSTAB, &fstab, NULL);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && (!mounts || r != -ENOENT)) /* not knowing what is mounted, nothing can be mounted */
                return want_unreadable(rfd, tried,
                                       mounts ? "/etc/fstab cannot be read" : "what is mounted cannot be read", ret);
        FOREACH_ARRAY(t, targets, ELEMENTSOF(targets)) {
                struct libmnt_fs *mounted = mount_table_line(mounts, *t), *line = mount_table_line(fstab, *t);
                const BootMount *before = boot_mount_at(tried, *t);
                bool boot = streq(*t, NAME_BOOT), used = mounted || before;

                if (boot)
                        boot_free = !used && !line && is_bare(rfd, *t);
                if (used)
                        esp |= !boot || is_type(mounted, "vfat") || is_type(mounted, "autofs") ||
                               (before && streq_null(before->type, "vfat"));
                else if (line && (boot || uefi))
                        return want_listed(line, *t, ret);
        }
        directory = uefi && !esp ? esp_directory(rfd, boot_free) : NULL;
        if (!boot_free && !directory)
                return 0;
        r = partitions(userdata, &l);
        if (r == -ENOMEM)
                return r;
        if (r < 0) /* who cannot look does not know; without UEFI there is hardly anything to be found */
                return directory
                               ? want_partition(
                                         directory, NULL,
                                         r == -EACCES || r == -EPERM ? "only root can look for it" : strerror(-r), ret)
                               : 0;
        source = boot_free ? partition_of_type(l, TYPE_XBOOTLDR) : NULL;
        if (source)
                return want_partition(NAME_BOOT, source, NULL, ret);
        source = directory ? partition_of_type(l, PARTITION_TYPE_ESP) : NULL;
        return source ? want_partition(directory, source, NULL, ret) : 0;
}
