/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/open-use.h"

#include <limits.h>

#include "base/io.h"
#include "base/mount.h"
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

/* What is not seen mounted by this process: in the namespace of a container or a service, or let go of while something
 * still has files open there, or an overlay its layers. */
static const char out_of_sight[] = "a file system that is mounted out of sight";

/*
 * Drivers show each file system that is mounted anywhere (Linux fs/ext4/sysfs.c, fs/xfs/xfs_sysfs.c, fs/f2fs/sysfs.c:
 * super_block.s_id; fs/btrfs/sysfs.c), and a journal that is on a device of its own, which no mount names
 * (fs/jbd2/journal.c, jbd2_journal_init_dev()).
 */
static const struct {
        const char *directory, *what;
} drivers[] = {
        { "/sys/fs/ext4", out_of_sight },
        { "/sys/fs/xfs", out_of_sight },
        { "/sys/fs/f2fs", out_of_sight },
        { "/proc/fs/jbd2", "the journal of a mounted file system" },
};

static int use_named_by(BlockUse *u, const char *directory, const char *what)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(u->walk.rfd, directory, NULL, &names);

        follow(u, what);
        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                r = block_by_name(u->walk.rfd, *name, &path); /* others are settings of the driver */
                if (r >= 0 && !string_list_contains(&u->devices, path))
                        r = block_use_device(u, path, NULL);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

/* Nobody else tells it of a type of file system that has no place in sysfs, such as FAT. 1, 0, negative errno. */
static int ask_kernel(const BlockUse *u, const char *name)
{
        char file[PATH_MAX];
        int n;

        n = snprintf(file, sizeof(file), "/proc/self/fd/%d/dev/%s", u->walk.rfd, name);
        if (n < 0 || (size_t) n >= sizeof(file))
                return -ENAMETOOLONG;
        for (char *c = file; *c; c++) /* "cciss!c0d0" is /dev/cciss/c0d0 (Linux drivers/base/core.c) */
                *c = *c == '!' ? '/' : *c;
        if (probe_exists(u->walk.rfd, strstr(file, "/dev/")) != TRISTATE_YES) /* gone again, or not the kernel's /dev */
                return 0;
        return mount_has_device(file);
}

/* It has all its devices so, and the kernel names one of them when it is asked (Linux fs/bcachefs/super.c). */
static int has_bcachefs(const BlockUse *u, const char *path)
{
        _cleanup_free_ char *link = path_join(path, "bcachefs");

        return link ? probe_exists(u->walk.rfd, link) == TRISTATE_YES : -ENOMEM;
}

/* A guard that has no answer knows at least of which functions. */
static int note_unasked(BlockUse *u, const char *name, const char *path, int error)
{
        HostUnknown unknown = { .kind = HOST_USE_STORAGE, .one = true, .cure_kind = CURE_PERSON };
        int r;

        if (place_function(path, &unknown.addr) < 0)
                return 0;
        unknown.cure = "see to it that nothing of it is mounted in a container or for a service, then say allow = "
                       "storage in its section";
        r = string_printf(&unknown.what, "the kernel does not tell whether %s is mounted out of sight: %s", name,
                          strerror(-error));
        return r < 0 ? r : host_unknown_add(&u->walk.f->host, &unknown);
}

static int use_asked(BlockUse *u)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(u->walk.rfd, NAME_SYS_CLASS_BLOCK, NULL, &names);

        follow(u, out_of_sight);
        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                r = block_by_name(u->walk.rfd, *name, &path);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || string_list_contains(&u->devices, path))
                        continue;
                r = has_bcachefs(u, path);
                if (r == 0 && u->walk.f->live)
                        r = ask_kernel(u, *name);
                if (r > 0)
                        r = block_use_device(u, path, NULL);
                else if (r < 0 && r != -ENOMEM)
                        r = note_unasked(u, *name, path, r);
                if (r < 0)
                        return r;
        }
        return 0;
}

int open_use_superblocks(BlockUse *u)
{
        _cleanup_(string_list_done) StringList ids = {};
        int r = probe_soft(root_list(u->walk.rfd, NAME_SYS_FS_BTRFS, NULL, &ids));

        FOREACH_ARRAY(driver, drivers, ELEMENTSOF(drivers))
                if (r >= 0)
                        r = use_named_by(u, driver->directory, driver->what);
        FOREACH_ARRAY(id, ids.items, ids.n) {
                _cleanup_free_ char *devices = NULL;

                if (r >= 0 && string_printf(&devices, NAME_SYS_FS_BTRFS "/%s/devices", *id) < 0)
                        return -ENOMEM;
                if (r >= 0)
                        r = use_named_by(u, devices, out_of_sight);
        }
        return r < 0 ? r : use_asked(u);
}

int open_use(BlockUse *u)
{
        int r = use_pools(u);

        return r < 0 ? r : use_held(u);
}
