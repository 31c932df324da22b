/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <stdarg.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/disk-partitions.h"
#include "probe/mount-table.h"

/*
 * Mounts what probe-mount.c chooses, for this process alone, so that everything else reads it as it reads what is
 * mounted. Of all that is in this layer the only act.
 */

/* Superblock of ext2, 3 and 4: Linux Documentation/filesystems/ext4/super.rst. */
#define EXT_SUPER    1024U
#define EXT_MAGIC    0x38U
#define EXT_INCOMPAT 0x60U
#define EXT_RECOVER  0x4U

typedef struct Opener {
        int rfd;
        BootMounts *mounts;
        DiskPartitions partitions;
        bool partitions_read, private;
} Opener;

static int opener_partitions(void *userdata, const DiskPartitions **ret)
{
        Opener *o = userdata;
        int r = o->partitions_read ? 0 : disk_partitions_of_root(o->rfd, &o->partitions);

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
        _cleanup_free_ char *place = NULL, *device = NULL;
        struct stat st;
        int r = block_by_number(rfd, number, &place);

        if (r == -ENOMEM)
                return r;
        if (r >= 0) {
                device = path_join("/dev", block_name(place));
                if (!device)
                        return -ENOMEM;
                if (root_stat(rfd, device, &st) >= 0 && S_ISBLK(st.st_mode) && st.st_rdev == number)
                        file = device;
        }
        return string_copy(file, &m->device);
}

/* The device file of what fstab has: itself, or one of the links that udev makes. */
static int find_device(int rfd, BootMount *m)
{
        _cleanup_free_ char *value = NULL, *link = NULL;
        const char *file = m->source;
        const BlockTag *tag;
        struct stat st;
        int r;

        if (!m->source)
                return fail(m, "fstab names no device for it");
        r = block_tag_parse(m->source, &tag, &value);
        if (r > 0) {
                r = block_tag_link(tag, value, &link);
                file = link;
        }
        if (r == -EINVAL)
                return fail(m, "%s is no name of a device", m->source);
        if (r < 0)
                return r;
        if (file[0] != '/')
                return fail(m, "%s is no block device", m->source);
        if (root_stat(rfd, file, &st) < 0)
                return fail(m, "there is no device %s", m->source);
        if (!S_ISBLK(st.st_mode))
                return fail(m, "%s is no block device", m->source);
        return name_device(rfd, file, st.st_rdev, m);
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
        _cleanup_(blkid_probe_freep) blkid_probe probe = NULL;
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
