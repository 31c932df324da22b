/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/block-use.h"

#include <ctype.h>
#include <limits.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/fabric-use.h"
#include "probe/net-use.h"
#include "probe/probe.h"
#include "probe/remote-use.h"
#include "probe/zfs-pool.h"

#define PLACE_VIRTUAL   "/sys/devices/virtual/"
#define PLACE_SUBSYSTEM PLACE_VIRTUAL "nvme-subsystem/"

/* Where disks are that hang on no PCI function, and on no network either: a system on chip, ACPI's devices (NVDIMM,
 * Hyper-V), old PC hardware, s390, Xen, POWER, and the memory of scsi_debug. Of a disk elsewhere nobody knows. */
static const char *const local_places[] = {
        "/sys/devices/platform/", "/sys/devices/LNXSYSTM:00/", "/sys/devices/soc", "/sys/devices/pnp",
        "/sys/devices/css0/",     "/sys/devices/vbd-",         "/sys/devices/vio", "/sys/devices/pseudo_",
};

const WalkCure block_not_followed = { CURE_CONFIGURATION,
                                      "leave the device to the host, or put the system on something of which Linux "
                                      "shows the parts, such as LVM, md, dm-crypt or dm-multipath",
                                      false };
const WalkCure block_over_network = { CURE_CONFIGURATION,
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
        _cleanup_free_ char *attr = path_join(disk, "loop/backing_file"), *device = NULL;
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
                return walk_unknown(&u->walk, link, &block_not_followed, "whose file has no name any more");
        /* the file may be another device; what /dev is on says nothing of that */
        r = block_by_file(u->walk.rfd, file, &device);
        if (r >= 0)
                return block_use_device(u, device, link);
        return r == -ENOMEM ? r : u->file(u, file, link);
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

/* A volume of ZFS is in a pool, and nothing in sysfs says in which: in any of those that are imported. */
static int use_volume(BlockUse *u, const char *disk, const WalkLink *link)
{
        _cleanup_(string_list_done) StringList pools = {};
        int r = zfs_imported(u->walk.rfd, &pools);

        (void) disk;
        if (r < 0)
                return r == -ENOMEM ? r : walk_unreadable(&u->walk, link, NAME_ZFS_KSTAT, r);
        FOREACH_ARRAY(pool, pools.items, pools.n) {
                const WalkLink below = { link, *pool };

                r = block_use_pool(u, *pool, &below);
                if (r < 0)
                        return r;
        }
        return pools.n > 0 ? 0 : walk_unknown(&u->walk, link, &block_not_followed, "a volume of ZFS in no known pool");
}

/* What drivers of disks that are no hardware say of where the data is. */
static const struct {
        const char *prefix;
        int (*use)(BlockUse *u, const char *disk, const WalkLink *link);
} virtual_disks[] = {
        { "loop", use_loop },
        { "ram", use_memory },
        { "zd", use_volume },
        { "zram", use_zram },
};

/*
 * A disk of Fibre Channel over Ethernet is below the interface that it is reached by (drivers/scsi/fcoe/fcoe.c,
 * drivers/scsi/bnx2fc/bnx2fc_fcoe.c: fcoe_ctlr_device_add() of fcoe_sysfs.c, "ctlr_N"), which may be a VLAN.
 * Returns 1; 0: it is not, or could not be followed; -ENOMEM. @ret_fcoe: it is such a disk.
 */
static int use_fcoe(BlockUse *u, const char *place, const WalkLink *link, bool *ret_fcoe)
{
        const WalkLink here = { link, "FCoE" };
        const char *name = startswith(place, PLACE_VIRTUAL "net/"), *controller = name ? strchr(name, '/') : NULL;
        _cleanup_free_ char *interface = NULL;

        *ret_fcoe = controller && startswith(controller, "/ctlr_");
        if (!*ret_fcoe)
                return 0;
        interface = strndup(name, (size_t) (controller - name));
        return interface ? net_use_link(&u->walk, interface, &here) : -ENOMEM;
}

/* @place: below /sys/devices, where no other block device is below it any more. */
static int use_place(BlockUse *u, const char *place, const WalkLink *link)
{
        static const char fabrics[] = "/nvme-fabrics/ctl/";
        const char *controller = strstr(place, fabrics), *session = strstr(place, "/session");
        const bool ceph = startswith(place, "/sys/devices/rbd/");
        bool fcoe = false;
        int r = walk_functions(&u->walk, link, place);

        if (r == 0)
                r = use_fcoe(u, place, link, &fcoe);
        if (r == 0 && controller)
                r = fabric_use(&u->walk, controller + strlen(fabrics), link);
        else if (r == 0 && session)
                r = remote_use_iscsi(&u->walk, place, link);
        else if (r == 0 && ceph)
                r = remote_use_rbd(&u->walk, place, link);
        if (r != 0)
                return r < 0 ? r : 0;
        if (controller)
                return walk_unknown(&u->walk, link, &block_over_network, "which is reached over NVMe over fabrics");
        if (session)
                return walk_unknown(&u->walk, link, &block_over_network, "which is reached over iSCSI");
        if (ceph)
                return walk_unknown(&u->walk, link, &block_over_network, "which is of Ceph (RBD)");
        if (fcoe)
                return walk_unknown(&u->walk, link, &block_over_network, "which is reached over FCoE");
        FOREACH_ARRAY(local, local_places, ELEMENTSOF(local_places))
                if (startswith(place, *local))
                        return 0;
        return walk_unknown(&u->walk, link, &block_not_followed, "of which Linux does not show what it is made of");
}

/* Links in a directory, but for those of another kind. @ret: their names; nothing where there is no such directory. */
static int list_paths(int rfd, const char *directory, bool controllers, StringList *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, directory, NULL, &names);

        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *entry = path_join(directory, *name), *target = NULL;

                if (!entry)
                        return -ENOMEM;
                if (controllers && !is_numbered(*name, "nvme"))
                        continue;
                r = root_readlink(rfd, entry, &target);
                if (r >= 0)
                        r = string_list_add(ret, *name);
                if (r == -ENOMEM)
                        return r;
        }
        return r == -ENOENT || r == -EINVAL ? 0 : r;
}

/*
 * A disk of native NVMe multipath stands below its subsystem. Its ways are in the directory multipath, as links to
 * hidden disks (Linux 6.15, drivers/nvme/host/multipath.c); before that it is reached by each controller of the
 * subsystem.
 */
static int use_subsystem(BlockUse *u, const char *disk, const WalkLink *link)
{
        _cleanup_free_ char *directory = path_join(disk, "multipath");
        _cleanup_(string_list_done) StringList paths = {};
        int r = directory ? list_paths(u->walk.rfd, directory, false, &paths) : -ENOMEM;

        if (r >= 0 && paths.n == 0) {
                free(directory);
                directory = path_directory(disk);
                r = directory ? list_paths(u->walk.rfd, directory, true, &paths) : -ENOMEM;
        }
        if (r < 0)
                return r == -ENOMEM ? r : unreadable(u, directory, r, link);
        FOREACH_ARRAY(path, paths.items, paths.n) {
                _cleanup_free_ char *entry = path_join(directory, *path), *target = NULL, *note = NULL;
                WalkLink way = { link, *path };

                if (!entry)
                        return -ENOMEM;
                if (paths.n > 1 && string_printf(&note, "%s (1 of %zu paths)", *path, paths.n) < 0)
                        return -ENOMEM;
                way.name = note ?: *path;
                r = root_readlink(u->walk.rfd, entry, &target);
                if (r >= 0)
                        r = use_place(u, target, &way);
                if (r < 0)
                        return r == -ENOMEM ? r : unreadable(u, entry, r, link);
        }
        return paths.n > 0 ? 0
                           : walk_unknown(&u->walk, link, &block_not_followed, "of which %s names no controller",
                                          directory);
}

/* ATA over Ethernet. */
static int use_ethernet(BlockUse *u, const char *disk, const WalkLink *link)
{
        int r = remote_use_aoe(&u->walk, disk, link);

        if (r != 0)
                return r < 0 ? r : 0;
        return walk_unknown(&u->walk, link, &block_over_network, "which is reached over Ethernet (AoE)");
}

/* A disk that has no other below it. */
static int use_disk(void *userdata, const char *disk, const WalkLink *link)
{
        BlockUse *u = userdata;
        const char *subsystem = startswith(disk, PLACE_SUBSYSTEM);

        if (subsystem && strchr(subsystem, '/'))
                return use_subsystem(u, disk, link);
        if (startswith(disk, PLACE_VIRTUAL "block/etherd!"))
                return use_ethernet(u, disk, link);
        if (startswith(disk, PLACE_VIRTUAL "block/"))
                FOREACH_ARRAY(v, virtual_disks, ELEMENTSOF(virtual_disks))
                        if (is_numbered(block_name(disk), v->prefix))
                                return v->use(u, disk, link);
        return use_place(u, disk, link);
}

int block_use_device(BlockUse *u, const char *path, const WalkLink *above)
{
        const BlockVisitor visitor = { u, use_disk, unreadable };
        int r = string_list_contains(&u->devices, path) ? 0 : string_list_add(&u->devices, path);

        return r < 0 ? r : block_walk(u->walk.rfd, path, above, &visitor);
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

int block_use_matching(BlockUse *u, const BlockValue *value, const WalkLink *above, bool *ret_refused)
{
        _cleanup_(string_list_done) StringList found = {};
        int r = block_find(u->walk.rfd, value, 1, &found, ret_refused);

        FOREACH_ARRAY(path, found.items, found.n)
                if (r >= 0)
                        r = block_use_device(u, *path, above);
        return r >= 0 && found.n == 0 ? -ENOENT : r;
}

int block_use_tag(BlockUse *u, const BlockTag *tag, const char *value, const WalkLink *above)
{
        _cleanup_free_ char *file = NULL;
        bool refused;
        int r = block_tag_link(tag, value, &file);

        if (r >= 0)
                r = block_use_source(u, file, above);
        if (r == -ENOMEM || r >= 0)
                return r;
        return block_use_matching(u, &(BlockValue){ tag->blkid, value }, above, &refused);
}

int block_use_spec(BlockUse *u, const char *spec, const WalkLink *above)
{
        _cleanup_free_ char *value = NULL;
        const BlockTag *tag;
        int r = block_tag_parse(spec, &tag, &value);

        if (r != 0)
                return r < 0 ? r : block_use_tag(u, tag, value, above);
        return spec[0] == '/' ? block_use_source(u, spec, above) : -EINVAL;
}

/* A cache or a spare may be of any pool that is imported. */
static int use_helpers(BlockUse *u, const WalkLink *above)
{
        const WalkLink link = { above, "a cache or a spare" };
        bool refused; /* and told of the members already */
        int r = 0;

        if (walk_passed(above, link.name)) /* they lead to themselves */
                return 0;
        if (!u->helpers_known)
                r = zfs_helpers(u->walk.rfd, &u->helpers, &refused);
        if (r < 0)
                return r == -ENOMEM ? r : walk_unreadable(&u->walk, above, NAME_SYS_CLASS_BLOCK, r);
        u->helpers_known = true;
        FOREACH_ARRAY(path, u->helpers.items, u->helpers.n) {
                /* a guest's, in a volume of a pool: that pool's disks are in use */
                if (startswith(block_name(*path), "zd"))
                        continue;
                r = block_use_device(u, *path, &link);
                if (r < 0)
                        return r;
        }
        return 0;
}

int block_use_pool(BlockUse *u, const char *pool, const WalkLink *above)
{
        _cleanup_(string_list_done) StringList members = {};
        bool refused;
        int r = zfs_members(u->walk.rfd, pool, &members, &refused);

        if (r < 0)
                return r == -ENOMEM ? r : walk_unreadable(&u->walk, above, NAME_SYS_CLASS_BLOCK, r);
        FOREACH_ARRAY(path, members.items, members.n) {
                r = block_use_device(u, *path, above);
                if (r < 0)
                        return r;
        }
        if (refused)
                return walk_unreadable(&u->walk, above, "/dev", -EACCES);
        r = use_helpers(u, above);
        if (r < 0 || members.n > 0)
                return r;
        return walk_unknown(&u->walk, above, &block_not_followed, "a pool of ZFS, none of whose disks was found");
}
