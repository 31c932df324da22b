/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/mount-use.h"

#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/probe.h"
#include "probe/remote-use.h"

/* The directory of the btrfs that a device is in, below sysfs. NULL: it is in none that is mounted. 0 or negative
 * errno.
 */
static int find_btrfs(int rfd, const char *device, char **ret)
{
        _cleanup_(string_list_done) StringList ids = {};
        int r = root_list(rfd, NAME_SYS_FS_BTRFS, NULL, &ids);

        *ret = NULL;
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        FOREACH_ARRAY(id, ids.items, ids.n) {
                _cleanup_free_ char *entry = NULL, *target = NULL;

                if (string_printf(&entry, NAME_SYS_FS_BTRFS "/%s/devices/%s", *id, block_name(device)) < 0)
                        return -ENOMEM;
                r = root_readlink(rfd, entry, &target);
                if (r >= 0)
                        *ret = path_join(NAME_SYS_FS_BTRFS, *id);
                if (r == -ENOMEM || (r >= 0 && !*ret))
                        return -ENOMEM;
                if (*ret)
                        return 0;
        }
        return 0;
}

/* A degraded one is on more than it has: the list of its devices is not whole. Linux 5.6. */
static int note_missing(BlockUse *u, const char *directory, const WalkLink *above)
{
        _cleanup_(string_list_done) StringList ids = {};
        _cleanup_free_ char *infos = path_join(directory, "devinfo");
        int r = infos ? root_list(u->walk.rfd, infos, NULL, &ids) : -ENOMEM;

        FOREACH_ARRAY(id, ids.items, ids.n) {
                _cleanup_free_ char *attr = NULL;
                char value[8];

                if (string_printf(&attr, "%s/%s/missing", infos, *id) < 0)
                        return -ENOMEM;
                if (root_read_attr(u->walk.rfd, attr, value, sizeof(value)) >= 0 && !streq(value, "0"))
                        return walk_unknown(&u->walk, above, &block_not_followed, "a btrfs with a device missing (%s)",
                                            attr);
        }
        return r == -ENOMEM ? r : 0;
}

/* All devices of a btrfs of which one is known: a mount names only one, and its device number is anonymous. */
static int use_btrfs(BlockUse *u, const char *path, const WalkLink *above)
{
        _cleanup_(string_list_done) StringList devices = {};
        _cleanup_free_ char *directory = NULL, *list = NULL;
        int r = find_btrfs(u->walk.rfd, path, &directory);

        if (r < 0)
                return r == -ENOMEM ? r : walk_unreadable(&u->walk, above, NAME_SYS_FS_BTRFS, r);
        if (!directory)
                return block_use_device(u, path, above);
        list = path_join(directory, "devices");
        if (!list)
                return -ENOMEM;
        r = root_list(u->walk.rfd, list, NULL, &devices);
        if (r < 0)
                return r == -ENOMEM ? r : walk_unreadable(&u->walk, above, list, r);
        FOREACH_ARRAY(device, devices.items, devices.n) {
                _cleanup_free_ char *other = NULL;

                r = block_by_name(u->walk.rfd, *device, &other);
                if (r == -ENOMEM)
                        return r;
                r = r < 0 ? walk_unreadable(&u->walk, above, list, r) : block_use_device(u, other, above);
                if (r < 0)
                        return r;
        }
        return note_missing(u, directory, above);
}

/* @source: POOL, or POOL/FILESYSTEM. Looking for a pool is costly, and all its file systems are on the same disks. */
static int use_zfs(BlockUse *u, const char *source, const WalkLink *above)
{
        _cleanup_free_ char *pool = strndup(source, strcspn(source, "/"));
        const WalkLink link = { above, pool };
        int r;

        if (!pool)
                return -ENOMEM;
        if (string_list_contains(&u->pools, pool))
                return 0;
        r = string_list_add(&u->pools, pool);
        return r < 0 ? r : block_use_pool(u, pool, &link);
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

/*
 * Devices beside the one that has the mount's number, by the options that name them: an external log and a realtime
 * device of XFS (Linux fs/xfs/xfs_super.c, xfs_fs_show_options()), a journal of ReiserFS (fs/reiserfs/super.c,
 * reiserfs_show_options()). Nothing else in sysfs or procfs shows them.
 */
static int use_beside(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        static const struct {
                const char *type, *option;
        } beside[] = { { "xfs", "logdev" }, { "xfs", "rtdev" }, { "reiserfs", "jdev" } };
        const char *type = sym_mnt_fs_get_fstype(fs) ?: "";

        FOREACH_ARRAY(b, beside, ELEMENTSOF(beside)) {
                _cleanup_free_ char *source = NULL;
                char *value = NULL;
                size_t size = 0;
                int r;

                if (!streq(type, b->type) || sym_mnt_fs_get_option(fs, b->option, &value, &size) != 0 || !value)
                        continue;
                source = strndup(value, size);
                if (!source)
                        return -ENOMEM;
                r = block_use_source(u, source, above);
                if (r < 0)
                        r = r == -ENOMEM ? r : walk_unreadable(&u->walk, above, source, r);
                if (r < 0)
                        return r;
        }
        return 0;
}

int mount_use(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        const char *type = sym_mnt_fs_get_fstype(fs), *source = sym_mnt_fs_get_source(fs);
        dev_t number = sym_mnt_fs_get_devno(fs);
        int r;

        if (type && streq(type, "zfs"))
                r = use_zfs(u, source ?: "", above);
        else if (major(number) != 0) {
                r = use_number(u, number, above);
                if (r >= 0)
                        r = use_beside(u, fs, above);
        } else if (source && startswith(source, "/dev/"))
                r = use_named(u, type, source, above);
        else
                return 0;
        return r < 0 ? r : 1;
}

/*
 * The mount with the longest matching path, the latest of equals; libmount's own search asks the running system about
 * the path. @except: not this one; NULL: any.
 */
static int find_mount(const BlockUse *u, const char *path, const struct libmnt_fs *except, struct libmnt_fs **ret)
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

                if (fs != except && rest && length >= best_length && (length == 1 || *rest == '/' || *rest == 0)) {
                        *ret = fs;
                        best_length = length;
                }
        }
        return 0;
}

static int use_path(BlockUse *u, const char *path, const struct libmnt_fs *except, const WalkLink *above)
{
        const WalkLink file = { above, path };
        WalkLink mount = { &file, NULL };
        struct libmnt_fs *fs;
        int r = find_mount(u, path, except, &fs);

        if (r < 0)
                return r;
        if (!fs)
                return walk_unknown(&u->walk, &file, &block_not_followed, "of which no mount is known");
        if (walk_passed(above, path))
                return walk_unreadable(&u->walk, above, path, -ELOOP);
        mount.name = sym_mnt_fs_get_target(fs);
        return mount_use_needed(u, fs, streq(mount.name, path) ? &file : &mount);
}

/* A layer that is not there (any more) is what the initramfs has made and hidden since: nobody knows of what. */
static int use_layer(BlockUse *u, const char *path, struct libmnt_fs *overlay, const WalkLink *above)
{
        if (path[0] != '/' || probe_exists(u->walk.rfd, path) != TRISTATE_YES)
                return walk_unknown(&u->walk, above, &block_not_followed, "an overlay on %s, which is not there", path);
        return use_path(u, path, overlay, above);
}

/* @value: one or more layers, cut apart here. */
static int use_layers(BlockUse *u, char *value, struct libmnt_fs *overlay, const WalkLink *above)
{
        char *save = NULL;
        int r = 0;

        for (char *path = strtok_r(value, ":", &save); path && r >= 0; path = strtok_r(NULL, ":", &save))
                r = use_layer(u, path, overlay, above);
        return r;
}

/* The layers of an overlay, in which the system may have its files. */
static int use_overlay(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        static const char *const keys[] = { "lowerdir", "lowerdir+", "datadir+", "upperdir" };
        const char *source = sym_mnt_fs_get_source(fs) ?: "";
        const WalkLink link = { above, source };
        WalkLink lower = { &link, NULL };
        struct libmnt_fs *below = NULL;
        char *options, *name, *value;
        size_t name_size, size;
        bool found = false;
        int r = 0;

        /* ostree; bootc's own, with the name of the image behind it (composefs-rs, mount.rs) */
        if (streq(source, "composefs") || startswith(source, "composefs:"))
                below = mount_table_line(u->mounts, "/sysroot");
        else if (streq(source, "sysext")) /* systemd-sysext(8): its images beside what was there before */
                r = find_mount(u, sym_mnt_fs_get_target(fs), fs, &below);
        if (below) {
                lower.name = sym_mnt_fs_get_target(below);
                return mount_use_needed(u, below, &lower);
        }
        options = (char *) sym_mnt_fs_get_fs_options(fs); /* only the pointer is moved */
        while (r >= 0 && options && sym_mnt_optstr_next_option(&options, &name, &name_size, &value, &size) == 0) {
                _cleanup_free_ char *key = strndup(name, name_size), *layers = strndup(value ?: "", size);

                if (!key || !layers)
                        return -ENOMEM;
                if (!string_in(key, keys, ELEMENTSOF(keys)))
                        continue;
                r = use_layers(u, layers, fs, above);
                found = true;
        }
        if (r >= 0 && !found)
                r = walk_unknown(&u->walk, above, &block_not_followed, "an overlay that does not say of what");
        return r;
}

/*
 * Protocols of file systems that are on other machines, by their types (the kernel's). The mount options name the
 * servers with their addresses, of which the kernel makes some itself; the words are those of nfs(5), mount.cifs(8),
 * mount.ceph(8).
 */
static const struct {
        const char *type, *name;
        const char *option; /* has the addresses; NULL: the source begins with them */
} remotes[] = {
        { "nfs", "NFS", "addr" },   { "nfs4", "NFS", "addr" },      { "cifs", "CIFS", "addr" },
        { "smb3", "CIFS", "addr" }, { "ceph", "Ceph", "mon_addr" }, { "ceph", "Ceph", NULL },
        { "9p", "9P", NULL },       { "afs", "AFS", NULL },
};

int mount_use_remote(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        const char *type = sym_mnt_fs_get_fstype(fs) ?: "", *source = sym_mnt_fs_get_source(fs) ?: "";

        FOREACH_ARRAY(i, remotes, ELEMENTSOF(remotes)) {
                _cleanup_free_ char *servers = NULL;
                char *value = NULL;
                size_t size = 0;
                int r;

                if (!streq(i->type, type))
                        continue;
                if (!i->option) { /* "10.0.0.1:6789,10.0.0.2:6789:/path": the path is a server that there is not */
                        value = (char *) source;
                        size = strcspn(source, "/");
                        size -= size > 0 && source[size - 1] == ':' && source[size] == '/';
                } else if (sym_mnt_fs_get_option(fs, i->option, &value, &size) != 0)
                        continue;
                servers = value ? strndup(value, size) : NULL;
                if (!servers)
                        return value ? -ENOMEM : 0;
                r = remote_use_servers(&u->walk, i->name, servers, above);
                if (r != 0)
                        return r;
        }
        return 0;
}

static bool is_remote(struct libmnt_fs *fs)
{
        FOREACH_ARRAY(i, remotes, ELEMENTSOF(remotes))
                if (streq_null(sym_mnt_fs_get_fstype(fs), i->type))
                        return true;
        return false;
}

/* What is on the other side of a virtual machine's way to its host, by the driver of that. */
static const struct {
        const char *type, *driver;
} virtio_types[] = {
        { "virtiofs", "virtiofs" }, /* fs/fuse/virtio_fs.c */
        { "9p", "9pnet_virtio" },   /* net/9p/trans_virtio.c */
};

#define VENDOR_VIRTIO 0x1af4 /* Virtual I/O Device (VIRTIO) 1.2, 4.1.2 */

/* Nothing shows which one it is, and it can only be a function of virtio. 1; 0: there is none; -ENOMEM. */
static int note_virtio(BlockUse *u, const char *source, const char *type)
{
        bool noted = false;

        FOREACH_ARRAY(p, u->walk.f->functions, u->walk.f->n_functions) {
                HostUnknown unknown = { .kind = u->walk.kind,
                                        .one = true,
                                        .addr = p->addr,
                                        .cure_kind = CURE_PERSON,
                                        .cure = "leave it to the host" };
                int r;

                if (p->id.vendor != VENDOR_VIRTIO)
                        continue;
                r = string_printf(&unknown.what, "%s is %s (%s), and %s may be the way to it", u->walk.what, source,
                                  type, PCI_ADDR_TEXT(p->addr));
                if (r >= 0)
                        r = host_unknown_add(&u->walk.f->host, &unknown);
                if (r < 0)
                        return r;
                noted = true;
        }
        return noted;
}

int mount_use_virtio(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        const char *type = sym_mnt_fs_get_fstype(fs) ?: "", *source = sym_mnt_fs_get_source(fs) ?: "none";

        FOREACH_ARRAY(v, virtio_types, ELEMENTSOF(virtio_types)) {
                _cleanup_(string_list_done) StringList names = {};
                _cleanup_free_ char *directory = NULL;
                bool found = false;
                int r;

                if (!streq(v->type, type))
                        continue;
                if (string_printf(&directory, "/sys/bus/virtio/drivers/%s", v->driver) < 0)
                        return -ENOMEM;
                r = root_list(u->walk.rfd, directory, NULL, &names);
                FOREACH_ARRAY(name, names.items, names.n) {
                        _cleanup_free_ char *entry = startswith(*name, "virtio") ? path_join(directory, *name) : NULL;

                        if (r >= 0 && entry) {
                                r = walk_entry(&u->walk, above, entry);
                                found |= r > 0;
                        }
                }
                if (r == -ENOMEM)
                        return r;
                return found ? 1 : note_virtio(u, source, type);
        }
        return 0;
}

/* Of a file system on no block device that it names: it is in memory, made of others, or unknown. */
static int use_other(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        static const char *const memory[] = { "rootfs", "tmpfs", "ramfs", "devtmpfs", "autofs" };
        const char *type = sym_mnt_fs_get_fstype(fs) ?: "of a type that is not known";
        const char *source = sym_mnt_fs_get_source(fs) ?: "none";
        int r;

        if (string_in(type, memory, ELEMENTSOF(memory)))
                return 0;
        if (streq(type, "overlay"))
                return use_overlay(u, fs, above);
        if (is_remote(fs)) {
                r = mount_use_remote(u, fs, above);
                if (r != 0)
                        return r < 0 ? r : 0;
                /* 9p may be a virtual machine's way to its host, which is no network */
                if (strchr(source, ':'))
                        return walk_unknown(&u->walk, above, &block_over_network, "which is %s of another machine (%s)",
                                            source, type);
        }
        r = mount_use_virtio(u, fs, above);
        if (r != 0)
                return r;
        return walk_unknown(&u->walk, above, &block_not_followed,
                            "which is %s, a file system (%s) on no disk that it names", source, type);
}

int mount_use_needed(BlockUse *u, struct libmnt_fs *fs, const WalkLink *above)
{
        int r = mount_use(u, fs, above);

        if (r == 0)
                r = use_other(u, fs, above);
        return r < 0 ? r : 0;
}

int file_use(BlockUse *u, const char *path, const WalkLink *above)
{
        return use_path(u, path, NULL, above);
}

void block_use_init(BlockUse *u, int rfd, Facts *f)
{
        *u = (BlockUse){ .walk = { .rfd = rfd, .f = f, .kind = HOST_USE_STORAGE }, .file = file_use };
}

void block_use_done(BlockUse *u)
{
        mount_table_freep(&u->mounts);
        string_list_done(&u->pools);
        string_list_done(&u->helpers);
        string_list_done(&u->devices);
}
