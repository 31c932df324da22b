/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <blkid.h>
#include <ctype.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/mount-table.h"

/*
 * File systems that a boot loader reads and that are not mounted: /boot and the EFI system partition, found by their
 * lines in fstab or by their partition types on the disks that carry "/". They are mounted for this process alone, so
 * that everything else reads them as it reads mounted ones.
 */

/* GPT partition types: UEFI 2.10, table 5-7; Discoverable Partitions Specification. */
#define TYPE_ESP      "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define TYPE_XBOOTLDR "bc13c2ff-59e6-4262-a352-b275fd6f7172"
#define MBR_TYPE_ESP  0xef

#define NAME_ESP      "/boot/efi"
#define NAME_ESP_ALSO "/efi"

/* Holders on holders: more than this is a circle. */
#define DEPTH_MAX     16U

/* Superblock of ext2, 3 and 4: Linux Documentation/filesystems/ext4/super.rst. */
#define EXT_SUPER     1024U
#define EXT_MAGIC     0x38U
#define EXT_INCOMPAT  0x60U
#define EXT_RECOVER   0x4U

static const char *const targets[] = { NAME_BOOT, NAME_ESP_ALSO, NAME_ESP }; /* a folder before what is in it */

/* 1. Is there anything to look at? A few system calls, and on most machines no more than that. */

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

/* Is the folder there without a kernel, an entry or a menu in it, as a mount point is below its mount? */
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

/* 2. Which file system is to be mounted next? */

/* "/boot/" in fstab is "/boot". */
static bool same_folder(const char *a, const char *b)
{
        size_t n = strlen(b);

        return strncmp(a, b, n) == 0 && a[n + strspn(a + n, "/")] == 0;
}

/* The last line of a mount point: what is mounted later covers what was there. NULL: none. */
static struct libmnt_fs *line_of(struct libmnt_table *table, const char *target)
{
        _cleanup_(mount_iter_freep) struct libmnt_iter *iter = table ? sym_mnt_new_iter(MNT_ITER_FORWARD) : NULL;
        struct libmnt_fs *fs, *found = NULL;

        while (iter && sym_mnt_table_next_fs(table, iter, &fs) == 0) {
                const char *t = sym_mnt_fs_get_target(fs);

                if (t && same_folder(t, target))
                        found = fs;
        }
        return found;
}

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
static const char *esp_folder(int rfd, bool boot_free)
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
        const char *source, *folder;
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
                struct libmnt_fs *mounted = line_of(mounts, *t), *line = line_of(fstab, *t);
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
        folder = uefi && !esp ? esp_folder(rfd, boot_free) : NULL;
        if (!boot_free && !folder)
                return 0;
        r = partitions(userdata, &l);
        if (r == -ENOMEM)
                return r;
        if (r < 0) /* who cannot look does not know; without UEFI there is hardly anything to be found */
                return folder ? want_partition(folder, NULL,
                                               r == -EACCES || r == -EPERM ? "only root can look for it" : strerror(-r),
                                               ret)
                              : 0;
        source = boot_free ? partition_of_type(l, TYPE_XBOOTLDR) : NULL;
        if (source)
                return want_partition(NAME_BOOT, source, NULL, ret);
        source = folder ? partition_of_type(l, TYPE_ESP) : NULL;
        return source ? want_partition(folder, source, NULL, ret) : 0;
}

/* 3. The partitions of the disks that carry "/". */

static void blkid_freep(blkid_probe *probe)
{
        if (*probe)
                blkid_free_probe(*probe);
}

void disk_partitions_done(DiskPartitions *l)
{
        FOREACH_ARRAY(p, l->items, l->n) {
                free(p->device);
                free(p->type);
        }
        free(l->items);
        *l = (DiskPartitions){};
}

static int add_partition(DiskPartitions *l, const char *disk, blkid_partition part)
{
        const char *type = blkid_partition_get_type_string(part);
        DiskPartition *p;

        if (!type && blkid_partition_get_type(part) == MBR_TYPE_ESP)
                type = TYPE_ESP;
        if (!type)
                return 0;
        p = array_grow(&l->items, l->n);
        if (!p)
                return -ENOMEM;
        l->n++;
        p->type = strdup(type);
        string_printf(&p->device, "/dev/%s%s%d", disk, isdigit((unsigned char) disk[strlen(disk) - 1]) ? "p" : "",
                      blkid_partition_get_partno(part));
        return p->type && p->device ? 0 : -ENOMEM;
}

static int read_partitions(int rfd, const char *disk, DiskPartitions *l)
{
        _cleanup_(blkid_freep) blkid_probe probe = NULL;
        _cleanup_free_ char *file = NULL;
        _cleanup_close_ int fd = -EBADF;
        blkid_partlist parts;
        int r = 0;

        if (string_printf(&file, "/dev/%s", disk) < 0)
                return -ENOMEM;
        fd = root_open(rfd, file, O_RDONLY);
        if (fd < 0)
                return fd;
        probe = blkid_new_probe();
        if (!probe || blkid_probe_set_device(probe, fd, 0, 0) < 0 || blkid_probe_enable_partitions(probe, 1) < 0)
                return -EIO;
        parts = blkid_probe_get_partitions(probe);
        for (int i = 0; parts && i < blkid_partlist_numof_partitions(parts) && r >= 0; i++)
                r = add_partition(l, disk, blkid_partlist_get_partition(parts, i));
        return r;
}

/* Names of the disks below a device, through holders (LVM, dm-crypt, md). @link: in sysfs, to the device's folder. */
static int find_disks(int rfd, const char *link, unsigned depth, StringList *ret)
{
        _cleanup_(string_list_done) StringList slaves = {};
        _cleanup_free_ char *target = NULL, *folder = NULL, *path = NULL;
        const char *name;
        int r = depth > DEPTH_MAX ? -ELOOP : root_readlink(rfd, link, &target);

        if (r < 0)
                return r;
        if (string_printf(&path, "%s/partition", link) < 0)
                return -ENOMEM;
        name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
        if (string_printf(&folder, NAME_SYS_CLASS_BLOCK "/%s/slaves", name) < 0)
                return -ENOMEM;
        r = root_list(rfd, folder, NULL, &slaves);
        if (r == -ENOMEM)
                return r;
        FOREACH_ARRAY(slave, slaves.items, slaves.n) {
                _cleanup_free_ char *below = NULL;

                if (string_printf(&below, NAME_SYS_CLASS_BLOCK "/%s", *slave) < 0)
                        return -ENOMEM;
                r = find_disks(rfd, below, depth + 1, ret);
                if (r < 0)
                        return r;
        }
        if (slaves.n > 0)
                return 0;
        if (probe_exists(rfd, path) == TRISTATE_YES && name > target) { /* a partition is in the folder of its disk */
                char *slash = strrchr(target, '/');

                *slash = 0;
                name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
        }
        return string_list_contains(ret, name) ? 0 : string_list_add(ret, name);
}

static int find_root_disks(int rfd, StringList *ret)
{
        char link[sizeof(NAME_SYS_DEV_BLOCK "/:") + 2 * 3 * sizeof(unsigned)];
        _cleanup_(mount_table_freep) struct libmnt_table *mounts = NULL;
        struct libmnt_fs *root;
        const char *name;
        struct stat st;
        int r = root_stat(rfd, "/", &st);

        if (r < 0)
                return r;
        (void) snprintf(link, sizeof(link), NAME_SYS_DEV_BLOCK "/%u:%u", major(st.st_dev), minor(st.st_dev));
        r = find_disks(rfd, link, 0, ret);
        if (r != -ENOENT)
                return r;
        /* the number of a btrfs is none of a device */
        r = mount_table_read(rfd, NAME_PROC_MOUNTINFO, &mounts, NULL);
        if (r < 0)
                return r;
        root = line_of(mounts, "/");
        name = root && sym_mnt_fs_get_source(root) ? startswith(sym_mnt_fs_get_source(root), "/dev/") : NULL;
        if (!name || strchr(name, '/') || strlen(name) > 64)
                return 0;
        _cleanup_free_ char *class = NULL;
        if (string_printf(&class, NAME_SYS_CLASS_BLOCK "/%s", name) < 0)
                return -ENOMEM;
        r = find_disks(rfd, class, 0, ret);
        return r == -ENOENT ? 0 : r;
}

/* 4. Mounting. */

typedef struct Opener {
        int rfd;
        BootMounts *mounts;
        DiskPartitions partitions;
        bool partitions_read, private;
} Opener;

static int opener_partitions(void *userdata, const DiskPartitions **ret)
{
        _cleanup_(string_list_done) StringList disks = {};
        Opener *o = userdata;
        int r = o->partitions_read ? 0 : find_root_disks(o->rfd, &disks);

        FOREACH_ARRAY(disk, disks.items, disks.n)
                if (r >= 0)
                        r = read_partitions(o->rfd, *disk, &o->partitions);
        if (r < 0)
                return r;
        o->partitions_read = true;
        *ret = &o->partitions;
        return 0;
}

static int fail(BootMount *m, const char *format, ...) _printf_(2, 3);
static int fail(BootMount *m, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        string_vprintf(&m->failure, format, ap);
        va_end(ap);
        return m->failure ? 0 : -ENOMEM;
}

/* As the kernel calls it: that is shorter than a link of udev. */
static int name_device(int rfd, const char *file, dev_t number, BootMount *m)
{
        char link[sizeof(NAME_SYS_DEV_BLOCK "/:") + 2 * 3 * sizeof(unsigned)], name[PATH_MAX];
        _cleanup_free_ char *target = NULL;
        struct stat st;
        int r;

        (void) snprintf(link, sizeof(link), NAME_SYS_DEV_BLOCK "/%u:%u", major(number), minor(number));
        r = root_readlink(rfd, link, &target);
        if (r == -ENOMEM)
                return r;
        if (r >= 0 && strrchr(target, '/')) {
                (void) snprintf(name, sizeof(name), "/dev%s", strrchr(target, '/'));
                if (root_stat(rfd, name, &st) >= 0 && S_ISBLK(st.st_mode) && st.st_rdev == number)
                        file = name;
        }
        return string_copy(file, &m->device);
}

/* The device file of what fstab has: itself, or one of the links that udev makes. */
static int find_device(int rfd, BootMount *m)
{
        static const struct {
                const char *tag, *folder;
        } tags[] = {
                { "UUID=", "by-uuid" },
                { "LABEL=", "by-label" },
                { "PARTUUID=", "by-partuuid" },
                { "PARTLABEL=", "by-partlabel" },
        };
        char link[512];
        struct stat st;

        if (!m->source)
                return fail(m, "fstab names no device for it");
        (void) snprintf(link, sizeof(link), "%s", m->source);
        FOREACH_ARRAY(t, tags, ELEMENTSOF(tags)) {
                const char *value = startswith(m->source, t->tag);
                char name[256];

                if (!value)
                        continue;
                if (blkid_encode_string(value, name, sizeof(name)) != 0)
                        return fail(m, "%s is no name of a device", m->source);
                (void) snprintf(link, sizeof(link), "/dev/disk/%s/%s", t->folder, name);
        }
        if (link[0] != '/')
                return fail(m, "%s is no block device", m->source);
        if (root_stat(rfd, link, &st) < 0)
                return fail(m, "there is no device %s", m->source);
        if (!S_ISBLK(st.st_mode))
                return fail(m, "%s is no block device", m->source);
        return name_device(rfd, link, st.st_rdev, m);
}

/* Where the whole of a device is mounted already, be it under another name of it. */
static int find_elsewhere(int rfd, BootMount *m)
{
        _cleanup_(mount_table_freep) struct libmnt_table *mounts = NULL;
        _cleanup_(mount_iter_freep) struct libmnt_iter *iter = NULL;
        struct libmnt_fs *fs;
        struct stat st;
        int r = root_stat(rfd, m->device, &st);

        if (r >= 0)
                r = mount_table_read(rfd, NAME_PROC_MOUNTINFO, &mounts, NULL);
        if (r < 0)
                return probe_soft(r);
        iter = sym_mnt_new_iter(MNT_ITER_FORWARD);
        if (!iter)
                return -ENOMEM;
        while (!m->elsewhere && sym_mnt_table_next_fs(mounts, iter, &fs) == 0) {
                const char *root = sym_mnt_fs_get_root(fs), *target = sym_mnt_fs_get_target(fs);

                if (sym_mnt_fs_get_devno(fs) == st.st_rdev && root && streq(root, "/") && target &&
                    string_copy(target, &m->elsewhere) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Its type, and for an ext file system whether its journal has to be replayed: then what is read without that is old.
 */
static int look_at_device(int rfd, BootMount *m)
{
        _cleanup_close_ int fd = root_open(rfd, m->device, O_RDONLY);
        _cleanup_(blkid_freep) blkid_probe probe = NULL;
        unsigned char super[EXT_INCOMPAT + 4];
        const char *type;

        if (fd < 0)
                return fail(m, "%s: %s", m->device, strerror(-fd));
        probe = blkid_new_probe();
        if (!probe || blkid_probe_set_device(probe, fd, 0, 0) < 0 || blkid_probe_enable_superblocks(probe, 1) < 0 ||
            blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) < 0)
                return fail(m, "%s cannot be read", m->device);
        if (blkid_do_safeprobe(probe) != 0 || blkid_probe_lookup_value(probe, "TYPE", &type, NULL) != 0)
                return fail(m, "there is no file system on %s that libblkid knows", m->device);
        if (!m->type && string_copy(type, &m->type) < 0)
                return -ENOMEM;
        if (!m->listed && !streq(m->target, NAME_BOOT) && !streq(type, "vfat"))
                return fail(m, "%s should be an EFI system partition, and has %s on it", m->device, type);
        if (startswith(type, "ext") && read_at(fd, EXT_SUPER, super, sizeof(super)) >= 0 && super[EXT_MAGIC] == 0x53 &&
            super[EXT_MAGIC + 1] == 0xef && super[EXT_INCOMPAT] & EXT_RECOVER)
                return fail(m, "%s was not unmounted cleanly, and reading it as it is would show old files", m->device);
        return 0;
}

static int enter_namespace(Opener *o, BootMount *m)
{
        int fd, r = o->private ? 0 : mount_namespace();

        if (r < 0)
                return fail(m, "this process may not mount: %s", strerror(-r));
        if (o->private)
                return 0;
        fd = root_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY); /* the old one shows the old mounts */
        if (fd < 0)
                return fd;
        (void) close(o->rfd);
        o->rfd = fd;
        o->private = true;
        return 0;
}

static int attach(Opener *o, BootMount *m)
{
        MountSpec spec;
        int r = geteuid() == 0 ? find_device(o->rfd, m) : fail(m, "only root can mount it");

        if (r >= 0 && !m->failure)
                r = find_elsewhere(o->rfd, m);
        if (r >= 0 && !m->failure && !m->elsewhere)
                r = look_at_device(o->rfd, m);
        if (r >= 0 && !m->failure)
                r = enter_namespace(o, m);
        if (r < 0 && r != -ENOMEM && !m->failure)
                r = fail(m, "%s", strerror(-r));
        if (r < 0 || m->failure)
                return r;
        spec = boot_mount_spec(m);
        r = mount_attach(&spec, false);
        if (r == -ENODEV)
                return fail(m, "the kernel cannot mount %s", m->type ?: "it");
        return r < 0 ? fail(m, "mounting %s: %s", m->device, strerror(-r)) : 0;
}

int boot_mounts_open(int *rfd, BootMounts *ret)
{
        _cleanup_(boot_mounts_done) BootMounts mounts = {};
        Opener o = { .rfd = *rfd, .mounts = &mounts };
        int r = boot_mounts_missing(*rfd);

        while (r > 0) {
                BootMount next = {}, *place;

                r = boot_mounts_choose(o.rfd, &mounts, opener_partitions, &o, &next);
                if (r > 0 && !next.failure)
                        r = attach(&o, &next) == -ENOMEM ? -ENOMEM : 1;
                place = r > 0 ? array_grow(&mounts.items, mounts.n) : NULL;
                if (place) {
                        *place = next;
                        mounts.n++;
                        continue;
                }
                boot_mount_done(&next);
                r = r > 0 ? -ENOMEM : r;
        }
        disk_partitions_done(&o.partitions);
        *rfd = o.rfd;
        if (r < 0)
                return r;
        *ret = mounts;
        mounts = (BootMounts){};
        return 0;
}
