/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/mount-use.h"

#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/probe.h"

/* The other devices of a btrfs of which one is known: a mount names only one, and its device number is anonymous. */
static int use_btrfs(BlockUse *u, const char *path, const WalkLink *above)
{
        _cleanup_(string_list_done) StringList ids = {};
        int r = root_list(u->walk.rfd, NAME_SYS_FS_BTRFS, NULL, &ids);

        if (r < 0 && r != -ENOENT)
                return r == -ENOMEM ? r : walk_unreadable(&u->walk, above, NAME_SYS_FS_BTRFS, r);
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
                        r = r < 0 ? walk_unreadable(&u->walk, above, folder, r) : block_use_device(u, other, above);
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
        _cleanup_(string_list_done) StringList members = {};
        bool refused;
        int r = block_find(u->walk.rfd, "TYPE", "zfs_member", &members, &refused);

        if (r < 0)
                return r == -ENOMEM ? r : walk_unreadable(&u->walk, above, NAME_SYS_CLASS_BLOCK, r);
        if (refused)
                return walk_unreadable(&u->walk, above, "/dev", -EACCES);
        FOREACH_ARRAY(path, members.items, members.n) {
                r = block_use_device(u, *path, above);
                if (r < 0)
                        return r;
        }
        return members.n > 0 ? 0
                             : walk_unknown(&u->walk, above, &block_not_followed,
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
        return walk_unreadable(&u->walk, above, link, r);
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
        return r < 0 && r != -ENOMEM ? walk_unreadable(&u->walk, above, source, r) : r;
}

int mount_use(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
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

int mount_use_without(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        static const char *const memory[] = { "rootfs", "tmpfs", "ramfs", "devtmpfs" };
        static const char *const network[] = { "nfs", "nfs4", "cifs", "smb3", "ceph", "afs", "9p" };
        const char *type = sym_mnt_fs_get_fstype(fs) ?: "of a type that is not known", *source;

        if (string_in(type, memory, ELEMENTSOF(memory)))
                return 0;
        source = sym_mnt_fs_get_source(fs) ?: "none";
        /* 9p may be a virtual machine's way to its host, which is no network */
        if (string_in(type, network, ELEMENTSOF(network)) && strchr(source, ':'))
                return walk_unknown(&u->walk, above, &block_over_network, "which is %s of another machine (%s)", source,
                                    type);
        return walk_unknown(&u->walk, above, &block_not_followed,
                            "which is %s, a file system (%s) on no disk that it names", source, type);
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

int file_use(BlockUse *u, const char *path, const WalkLink *above)
{
        const WalkLink file = { above, path };
        WalkLink mount = { &file, NULL };
        struct libmnt_fs *fs;
        int r = find_mount(u, path, &fs);

        if (r < 0)
                return r;
        if (!fs)
                return walk_unknown(&u->walk, &file, &block_not_followed, "of which no mount is known");
        mount.name = sym_mnt_fs_get_target(fs);
        if (walk_passed(above, path))
                return walk_unreadable(&u->walk, above, path, -ELOOP);
        r = mount_use(u, fs, &mount);
        if (r == 0)
                r = mount_use_without(u, fs, &mount);
        return r < 0 ? r : 0;
}

void block_use_init(BlockUse *u, int rfd, Facts *f)
{
        *u = (BlockUse){ .walk = { .rfd = rfd, .f = f, .kind = HOST_USE_STORAGE }, .file = file_use };
}

void block_use_done(BlockUse *u)
{
        mount_table_freep(&u->mounts);
}
