/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/open-use.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/probe.h"
#include "probe/zfs-pool.h"

/* What is followed next. @what: static. */
static void follow(BlockUse *u, const char *what)
{
        u->walk.what = what;
        u->walk.kind = HOST_USE_STORAGE;
}

static size_t count_entries(int rfd, const char *directory, const char *name)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *path = path_join(directory, name);

        return path && root_list(rfd, path, NULL, &names) >= 0 ? names.n : 0;
}

/* What a device that is made of others is, in a sentence: by the identifier that its maker gives it, or its name. */
static const char *describe_open(int rfd, const char *path)
{
        static const struct {
                const char *start, *text;
        } makers[] = {
                { "LVM-", "an active volume of LVM" },
                { "CRYPT-", "an open encrypted volume" },
                { "mpath-", "an assembled multipath disk" },
                { "DMRAID-", "an assembled RAID" },
                { "md", "an assembled RAID" },
                { "bcache", "a cached disk" },
                { "drbd", "a replicated disk" },
                { "loop", "an attached loop device" },
        };
        _cleanup_free_ char *attr = path_join(path, "dm/uuid");
        char uuid[BLOCK_DM_UUID_MAX];

        FOREACH_ARRAY(m, makers, ELEMENTSOF(makers))
                if (attr &&
                    startswith(root_read_attr(rfd, attr, uuid, sizeof(uuid)) >= 0 ? uuid : block_name(path), m->start))
                        return m->text;
        return "an open volume";
}

/* Is it made of something else? A loop device has no slaves; it has the directory loop for as long as it has a file. */
static bool is_made(int rfd, const char *path)
{
        return count_entries(rfd, path, "slaves") > 0 || count_entries(rfd, path, "loop") > 0;
}

/*
 * Disks that are held by an assembled array, an open container, an active volume: in use, though nothing of that may be
 * mounted. Only from the topmost one, and not what was followed before.
 */
static int use_held(BlockUse *u)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(u->walk.rfd, NAME_SYS_CLASS_BLOCK, NULL, &names);

        follow(u, "a disk in use");
        if (r < 0 && r != -ENOENT)
                return r == -ENOMEM ? r : walk_unreadable(&u->walk, NULL, NAME_SYS_CLASS_BLOCK, r);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                r = block_by_name(u->walk.rfd, *name, &path);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || !startswith(path, "/sys/devices/virtual/block/") ||
                    string_list_contains(&u->devices, path) || !is_made(u->walk.rfd, path) ||
                    count_entries(u->walk.rfd, path, "holders") > 0)
                        continue;
                follow(u, describe_open(u->walk.rfd, path));
                r = block_use_device(u, path, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int use_pools(BlockUse *u)
{
        _cleanup_(string_list_done) StringList pools = {};
        int r = zfs_imported(u->walk.rfd, &pools);

        follow(u, "an imported pool of ZFS");
        if (r < 0)
                return r == -ENOMEM ? r : walk_unreadable(&u->walk, NULL, NAME_ZFS_KSTAT, r);
        FOREACH_ARRAY(pool, pools.items, pools.n) {
                const WalkLink link = { NULL, *pool };

                if (string_list_contains(&u->pools, *pool))
                        continue;
                r = block_use_pool(u, *pool, &link);
                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * File systems that this process does not see mounted: in the namespace of a container or a service, or let go of while
 * something still has files open there, or an overlay its layers. Their drivers show each one that is mounted anywhere
 * (Linux fs/ext4/sysfs.c, fs/xfs/xfs_sysfs.c, fs/f2fs/sysfs.c: super_block.s_id; fs/btrfs/sysfs.c).
 */
static int use_mounted_elsewhere(BlockUse *u, const char *directory)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(u->walk.rfd, directory, NULL, &names);

        follow(u, "a file system that is mounted out of sight");
        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                r = block_by_name(u->walk.rfd, *name, &path); /* others are settings of the driver */
                if (r == -ENOMEM)
                        return r;
                if (r >= 0 && !string_list_contains(&u->devices, path))
                        r = block_use_device(u, path, NULL);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

int open_use_superblocks(BlockUse *u)
{
        static const char *const drivers[] = { "/sys/fs/ext4", "/sys/fs/xfs", "/sys/fs/f2fs" };
        _cleanup_(string_list_done) StringList ids = {};
        int r = probe_soft(root_list(u->walk.rfd, NAME_SYS_FS_BTRFS, NULL, &ids));

        FOREACH_ARRAY(driver, drivers, ELEMENTSOF(drivers))
                if (r >= 0)
                        r = use_mounted_elsewhere(u, *driver);
        FOREACH_ARRAY(id, ids.items, ids.n) {
                _cleanup_free_ char *devices = NULL;

                if (r >= 0 && string_printf(&devices, NAME_SYS_FS_BTRFS "/%s/devices", *id) < 0)
                        return -ENOMEM;
                if (r >= 0)
                        r = use_mounted_elsewhere(u, devices);
        }
        return r;
}

int open_use(BlockUse *u)
{
        int r = use_pools(u);

        return r < 0 ? r : use_held(u);
}
