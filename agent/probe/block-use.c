/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/block-use.h"

#include <ctype.h>
#include <limits.h>
#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/probe.h"

#define PLACE_VIRTUAL   "/sys/devices/virtual/"
#define PLACE_SUBSYSTEM PLACE_VIRTUAL "nvme-subsystem/"

/* Where disks are that hang on no PCI function, and on no network either: a system on chip, ACPI's devices (NVDIMM,
 * Hyper-V), old PC hardware, s390, Xen, POWER, and the memory of scsi_debug. Of a disk elsewhere nobody knows. */
static const char *const local_places[] = {
        "/sys/devices/platform/", "/sys/devices/LNXSYSTM:00/", "/sys/devices/soc", "/sys/devices/pnp",
        "/sys/devices/css0/",     "/sys/devices/vbd-",         "/sys/devices/vio", "/sys/devices/pseudo_",
};

static const WalkCure not_followed = { CURE_CONFIGURATION,
                                       "leave the device to the host, or put the system on something of which Linux "
                                       "shows the parts, such as LVM, md, dm-crypt or dm-multipath",
                                       false };
static const WalkCure over_network = { CURE_CONFIGURATION,
                                       "leave the device to the host: ptprep cannot tell yet which way to the network "
                                       "is used",
                                       true };

static int unreadable(void *userdata, const char *path, int error, const WalkLink *link)
{
        BlockUse *u = userdata;

        return walk_unreadable(&u->walk, link, path, error);
}

/* Is it a name of this driver, such as "loop0"? */
static bool is_numbered(const char *name, const char *prefix)
{
        const char *number = startswith(name, prefix);

        return number && *number && number[strspn(number, "0123456789")] == 0;
}

static int use_loop(BlockUse *u, const char *disk, const WalkLink *link)
{
        _cleanup_free_ char *attr = path_join(disk, "loop/backing_file");
        char file[PATH_MAX];
        int r;

        if (!attr)
                return -ENOMEM;
        r = root_read_attr(u->walk.rfd, attr, file, sizeof(file));
        if (r == -ENOENT) /* nothing attached */
                return 0;
        if (r < 0)
                return unreadable(u, attr, r, link);
        if (endswith(file, " (deleted)"))
                return walk_unknown(&u->walk, link, &not_followed, "whose file has no name any more");
        return block_use_file(u, file, link);
}

static int use_memory(BlockUse *u, const char *disk, const WalkLink *link)
{
        (void) u, (void) disk, (void) link;
        return 0;
}

/* Compressed memory, which may write what it is not asked for to a disk. */
static int use_zram(BlockUse *u, const char *disk, const WalkLink *link)
{
        _cleanup_free_ char *attr = path_join(disk, "backing_dev");
        char file[PATH_MAX];
        int r;

        if (!attr)
                return -ENOMEM;
        r = root_read_attr(u->walk.rfd, attr, file, sizeof(file));
        if (r == -ENOENT || (r >= 0 && streq(file, "none"))) /* built without CONFIG_ZRAM_WRITEBACK, or without one */
                return 0;
        if (r >= 0)
                r = block_use_source(u, file, link);
        return r < 0 && r != -ENOMEM ? unreadable(u, attr, r, link) : r;
}

/* A disk of native NVMe multipath stands below its subsystem, with one link for each controller that leads to it. */
static int use_subsystem(BlockUse *u, const char *disk, const WalkLink *link)
{
        _cleanup_free_ char *folder = strndup(disk, (size_t) (strrchr(disk, '/') - disk));
        _cleanup_(string_list_done) StringList names = {};
        bool found = false;
        int r;

        if (!folder)
                return -ENOMEM;
        r = root_list(u->walk.rfd, folder, NULL, &names);
        if (r < 0)
                return r == -ENOMEM ? r : unreadable(u, folder, r, link);
        FOREACH_ARRAY(name, names.items, names.n) {
                const WalkLink controller = { link, *name };
                _cleanup_free_ char *entry = NULL, *target = NULL;

                if (!is_numbered(*name, "nvme"))
                        continue;
                entry = path_join(folder, *name);
                if (!entry)
                        return -ENOMEM;
                r = root_readlink(u->walk.rfd, entry, &target);
                if (r == -EINVAL) /* a folder: no link to a controller */
                        continue;
                if (r >= 0)
                        r = walk_functions(&u->walk, &controller, target);
                if (r == 0)
                        r = walk_unknown(&u->walk, &controller, &over_network,
                                         "a controller that is not on the PCI bus");
                if (r < 0)
                        return r == -ENOMEM ? r : unreadable(u, entry, r, link);
                found = true;
        }
        return found ? 0 : walk_unknown(&u->walk, link, &not_followed, "of which %s names no controller", folder);
}

/* What drivers of disks that are no hardware say of where the data is. */
static const struct {
        const char *prefix;
        int (*use)(BlockUse *u, const char *disk, const WalkLink *link);
} virtual_disks[] = {
        { "loop", use_loop },
        { "ram", use_memory },
        { "zram", use_zram },
};

/* A disk that has no other below it. */
static int use_disk(void *userdata, const char *disk, const WalkLink *link)
{
        BlockUse *u = userdata;
        const char *subsystem = startswith(disk, PLACE_SUBSYSTEM);
        int r;

        if (subsystem && strchr(subsystem, '/'))
                return use_subsystem(u, disk, link);
        if (startswith(disk, PLACE_VIRTUAL "block/"))
                FOREACH_ARRAY(v, virtual_disks, ELEMENTSOF(virtual_disks))
                        if (is_numbered(link->name, v->prefix))
                                return v->use(u, disk, link);
        r = walk_functions(&u->walk, link, disk);
        if (r != 0)
                return r < 0 ? r : 0;
        if (startswith(disk, PLACE_VIRTUAL "nvme-fabrics/"))
                return walk_unknown(&u->walk, link, &over_network, "which is reached over NVMe over fabrics");
        if (strstr(disk, "/session"))
                return walk_unknown(&u->walk, link, &over_network, "which is reached over iSCSI");
        FOREACH_ARRAY(place, local_places, ELEMENTSOF(local_places))
                if (startswith(disk, *place))
                        return 0;
        return walk_unknown(&u->walk, link, &not_followed, "of which Linux does not show what it is made of");
}

int block_use_device(BlockUse *u, const char *path, const WalkLink *above)
{
        const BlockVisitor visitor = { u, use_disk, unreadable };

        return block_walk(u->walk.rfd, path, above, &visitor);
}

int block_use_source(BlockUse *u, const char *source, const WalkLink *above)
{
        _cleanup_free_ char *copy = NULL, *whole = NULL;
        char *save = NULL;
        int r;

        r = block_by_file(u->walk.rfd, source, &whole); /* /dev/disk/by-path names have colons too */
        if (r >= 0)
                return block_use_device(u, whole, above);
        if (r == -ENOMEM || !strchr(source, ':'))
                return r;
        copy = strdup(source);
        if (!copy)
                return -ENOMEM;
        for (char *file = strtok_r(copy, ":", &save); file; file = strtok_r(NULL, ":", &save)) {
                _cleanup_free_ char *path = NULL;

                r = block_by_file(u->walk.rfd, file, &path);
                if (r >= 0)
                        r = block_use_device(u, path, above);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The other devices of a btrfs of which one is known: a mount names only one, and its device number is anonymous. */
static int use_btrfs(BlockUse *u, const char *path, const WalkLink *above)
{
        _cleanup_(string_list_done) StringList ids = {};
        int r = root_list(u->walk.rfd, NAME_SYS_FS_BTRFS, NULL, &ids);

        if (r < 0 && r != -ENOENT)
                return r == -ENOMEM ? r : unreadable(u, NAME_SYS_FS_BTRFS, r, above);
        FOREACH_ARRAY(id, ids.items, ids.n) {
                _cleanup_(string_list_done) StringList devices = {};
                _cleanup_free_ char *folder = NULL;

                if (string_printf(&folder, NAME_SYS_FS_BTRFS "/%s/devices", *id) < 0)
                        return -ENOMEM;
                r = root_list(u->walk.rfd, folder, NULL, &devices);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || !string_list_contains(&devices, block_name(path)))
                        continue;
                FOREACH_ARRAY(device, devices.items, devices.n) {
                        _cleanup_free_ char *other = NULL;

                        r = block_by_name(u->walk.rfd, *device, &other);
                        if (r == -ENOMEM)
                                return r;
                        r = r < 0 ? unreadable(u, folder, r, above) : block_use_device(u, other, above);
                        if (r < 0)
                                return r;
                }
                return 0;
        }
        return block_use_device(u, path, above);
}

/* Which pool has which device is in ZFS' own files: all of them, then. */
static int use_zfs(BlockUse *u, const WalkLink *above)
{
        bool refused;
        int r = block_use_matching(u, "TYPE", "zfs_member", above, &refused);

        if (r < 0)
                return r == -ENOMEM ? r : unreadable(u, NAME_SYS_CLASS_BLOCK, r, above);
        if (refused)
                return unreadable(u, "/dev", -EACCES, above);
        return r > 0 ? 0
                     : walk_unknown(&u->walk, above, &not_followed,
                                    "a file system of ZFS, none of whose disks was "
                                    "found");
}

static int use_number(BlockUse *u, dev_t number, const WalkLink *above)
{
        _cleanup_free_ char *path = NULL, *link = NULL;
        int r = block_by_number(u->walk.rfd, number, &path);

        if (r >= 0)
                return block_use_device(u, path, above);
        if (r == -ENOMEM || string_printf(&link, NAME_SYS_DEV_BLOCK "/%u:%u", major(number), minor(number)) < 0)
                return -ENOMEM;
        return unreadable(u, link, r, above);
}

/* Where the number is none of a device, the mount's source names one. */
static int use_named(BlockUse *u, const char *type, const char *source, const WalkLink *above)
{
        _cleanup_free_ char *path = NULL;
        int r;

        if (type && streq(type, "btrfs")) {
                r = block_by_file(u->walk.rfd, source, &path);
                if (r >= 0)
                        return use_btrfs(u, path, above);
        } else
                r = block_use_source(u, source, above);
        return r < 0 && r != -ENOMEM ? unreadable(u, source, r, above) : r;
}

int block_use_mount(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        const char *type = sym_mnt_fs_get_fstype(fs), *source = sym_mnt_fs_get_source(fs);
        dev_t number = sym_mnt_fs_get_devno(fs);
        int r;

        if (type && streq(type, "zfs"))
                r = use_zfs(u, above);
        else if (major(number) != 0)
                r = use_number(u, number, above);
        else if (source && startswith(source, "/dev/"))
                r = use_named(u, type, source, above);
        else
                return 0;
        return r < 0 ? r : 1;
}

int block_use_without(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        static const char *const memory[] = { "rootfs", "tmpfs", "ramfs", "devtmpfs" };
        static const char *const network[] = { "nfs", "nfs4", "cifs", "smb3", "ceph", "afs", "9p" };
        const char *type = sym_mnt_fs_get_fstype(fs) ?: "of a type that is not known", *source;

        if (string_in(type, memory, ELEMENTSOF(memory)))
                return 0;
        source = sym_mnt_fs_get_source(fs) ?: "none";
        /* 9p may be a virtual machine's way to its host, which is no network */
        if (string_in(type, network, ELEMENTSOF(network)) && strchr(source, ':'))
                return walk_unknown(&u->walk, above, &over_network, "which is %s of another machine (%s)", source,
                                    type);
        return walk_unknown(&u->walk, above, &not_followed, "which is %s, a file system (%s) on no disk that it names",
                            source, type);
}

/*
 * The mount with the longest matching path, the latest of equals; libmount's own search asks the running system about
 * the path.
 */
static int find_mount(const BlockUse *u, const char *path, struct libmnt_fs **ret)
{
        _cleanup_(mount_iter_freep) struct libmnt_iter *iter = u->mounts ? sym_mnt_new_iter(MNT_ITER_FORWARD) : NULL;
        size_t best_length = 0;
        struct libmnt_fs *fs;

        *ret = NULL;
        if (!iter)
                return u->mounts ? -ENOMEM : 0;
        while (sym_mnt_table_next_fs(u->mounts, iter, &fs) == 0) {
                const char *target = sym_mnt_fs_get_target(fs);
                const char *rest = target ? startswith(path, target) : NULL;
                size_t length = target ? strlen(target) : 0;

                if (rest && length >= best_length && (length == 1 || *rest == '/' || *rest == 0)) {
                        *ret = fs;
                        best_length = length;
                }
        }
        return 0;
}

int block_use_file(BlockUse *u, const char *path, const WalkLink *above)
{
        const WalkLink file = { above, path };
        WalkLink mount = { &file, NULL };
        struct libmnt_fs *fs;
        int r = find_mount(u, path, &fs);

        if (r < 0)
                return r;
        if (!fs)
                return walk_unknown(&u->walk, &file, &not_followed, "of which no mount is known");
        mount.name = sym_mnt_fs_get_target(fs);
        if (walk_passed(above, path))
                return unreadable(u, path, -ELOOP, above);
        r = block_use_mount(u, fs, &mount);
        if (r == 0)
                r = block_use_without(u, fs, &mount);
        return r < 0 ? r : 0;
}

int block_use_matching(BlockUse *u, const char *name, const char *value, const WalkLink *above, bool *ret_refused)
{
        /* These never hold a file system by themselves, or wait for a medium. */
        static const char *const skipped[] = { "ram", "zram", "sr", "fd", "nbd" };
        _cleanup_(string_list_done) StringList blocks = {};
        int found = 0, r;

        *ret_refused = false;
        r = root_list(u->walk.rfd, NAME_SYS_CLASS_BLOCK, NULL, &blocks);
        if (r < 0)
                return r;
        FOREACH_ARRAY(block, blocks.items, blocks.n) {
                _cleanup_free_ char *file = NULL, *path = NULL;
                _cleanup_close_ int fd = -EBADF;
                bool skip = false;

                FOREACH_ARRAY(prefix, skipped, ELEMENTSOF(skipped))
                        skip = skip || startswith(*block, *prefix);
                if (skip)
                        continue;
                file = path_join("/dev", *block);
                if (!file)
                        return -ENOMEM;
                fd = root_open(u->walk.rfd, file, O_RDONLY);
                *ret_refused |= fd == -EACCES || fd == -EPERM;
                if (fd < 0 || !block_has_value(fd, name, value))
                        continue;
                r = block_by_name(u->walk.rfd, *block, &path);
                if (r >= 0)
                        r = block_use_device(u, path, above);
                if (r < 0)
                        return r;
                found++;
        }
        return found;
}
