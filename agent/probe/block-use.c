/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/block-use.h"

#include <ctype.h>
#include <limits.h>

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
                return walk_unknown(&u->walk, link, &block_not_followed, "whose file has no name any more");
        return u->file(u, file, link);
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
                        r = walk_unknown(&u->walk, &controller, &block_over_network,
                                         "a controller that is not on the PCI bus");
                if (r < 0)
                        return r == -ENOMEM ? r : unreadable(u, entry, r, link);
                found = true;
        }
        return found ? 0 : walk_unknown(&u->walk, link, &block_not_followed, "of which %s names no controller", folder);
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
                return walk_unknown(&u->walk, link, &block_over_network, "which is reached over NVMe over fabrics");
        if (strstr(disk, "/session"))
                return walk_unknown(&u->walk, link, &block_over_network, "which is reached over iSCSI");
        FOREACH_ARRAY(place, local_places, ELEMENTSOF(local_places))
                if (startswith(disk, *place))
                        return 0;
        return walk_unknown(&u->walk, link, &block_not_followed, "of which Linux does not show what it is made of");
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
