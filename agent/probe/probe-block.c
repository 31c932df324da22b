/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <ctype.h>
#include <limits.h>
#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/disk-partitions.h"
#include "probe/mount-table.h"

/*
 * Which PCI functions carry what is mounted, swapped to, or named in fstab.
 * From a mount to its block device, through holders (LVM, dm-crypt, md, bcache, multipath: the slaves folder) to the
 * disks, and from the place of a disk in sysfs to the function it hangs on. A device that does not exist below sysfs is
 * an error, so that nobody takes "could not follow it" for "hangs on nothing".
 */

typedef struct Block {
        const Probe *p;
        Facts *f;
        struct libmnt_table *mounts;
        char *prefix;       /* see rebase(); NULL: paths are the machine's own */
        StringList targets; /* mount points that were followed */
        bool root_seen;     /* "/" was followed to its devices, or needs none */
        bool failed;        /* something in use could not be followed */
} Block;

static void block_done(Block *b)
{
        mount_table_freep(&b->mounts);
        free(b->prefix);
        string_list_done(&b->targets);
}

/* What a mount is to the system. */
typedef enum MountRole {
        ROLE_ROOT,
        ROLE_BOOT,
        ROLE_ESP,
        ROLE_USR,
        ROLE_VAR,
        ROLE_SWAP,
        ROLE_OTHER,
        _ROLE_MAX,
} MountRole;

static const char *const role_texts[_ROLE_MAX] = {
        [ROLE_ROOT] = "/",   [ROLE_BOOT] = "/boot", [ROLE_ESP] = "the EFI system partition", [ROLE_USR] = "/usr",
        [ROLE_VAR] = "/var", [ROLE_SWAP] = "swap",  [ROLE_OTHER] = "a mounted file system",
};

/* What is being followed, for the facts. */
typedef struct Use {
        MountRole role;
        const char *mount;
} Use;

static int add_disk(Block *b, const Use *use, const char *block, PciAddr addr)
{
        _cleanup_(string_list_done) StringList chain = {};
        int r = string_list_add(&chain, use->mount);

        if (r >= 0)
                r = string_list_add(&chain, block);
        return r < 0 ? r : host_use_add(&b->f->host, HOST_USE_STORAGE, addr, role_texts[use->role], &chain);
}

/* A full address, with domain, as a whole path component. The name of a host bridge (pci0000:00) is none. */
static bool component_address(const char *s, size_t length, PciAddr *ret)
{
        char text[PCI_ADDR_TEXT_MAX];

        if (length >= sizeof(text))
                return false;
        memcpy(text, s, length);
        text[length] = 0;
        return strchr(text, ':') != strrchr(text, ':') && pci_addr_parse(text, ret) >= 0;
}

/*
 * Takes the last address in a device path: whatever hangs below a function (SCSI host, virtio, USB, NVMe controller)
 * has it there. A function above it that is no bridge (Intel VMD) would take the disk along as well.
 */
static int add_functions_of(Block *b, const Use *use, const char *block, const char *path)
{
        PciAddr addr, last = {};
        bool found = false;
        int r;

        for (const char *s = path; *s != 0;) {
                size_t length = strcspn(s, "/");

                if (component_address(s, length, &addr)) {
                        const PciFunction *above = found ? facts_function(b->f, last) : NULL;

                        if (above && !pci_is_bridge(above)) {
                                r = add_disk(b, use, block, last);
                                if (r < 0)
                                        return r;
                        }
                        last = addr;
                        found = true;
                }
                s += length;
                s += strspn(s, "/");
        }
        return found ? add_disk(b, use, block, last) : 0;
}

static int follow_file(Block *b, const Use *use, const char *path, unsigned depth);

/* A disk of native NVMe multipath stands below its subsystem, with one link for each controller that leads to it. */
static int follow_subsystem(Block *b, const Use *use, const char *block, const char *folder)
{
        _cleanup_(string_list_done) StringList names = {};
        int r;

        r = root_list(b->p->rfd, folder, NULL, &names);
        if (r < 0)
                return r;
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *link = NULL, *target = NULL;
                const char *number = startswith(*name, "nvme");

                if (!number || !isdigit((unsigned char) number[0]) || number[strspn(number, "0123456789")] != 0)
                        continue;
                link = path_join(folder, *name);
                if (!link)
                        return -ENOMEM;
                r = root_readlink(b->p->rfd, link, &target);
                if (r == -EINVAL) /* a folder: no link to a controller */
                        continue;
                if (r >= 0)
                        r = add_functions_of(b, use, block, target);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int follow_loop(Block *b, const Use *use, const char *path, unsigned depth)
{
        _cleanup_free_ char *attr = path_join(path, "loop/backing_file");
        char file[PATH_MAX];
        int r;

        if (!attr)
                return -ENOMEM;
        r = root_read_attr(b->p->rfd, attr, file, sizeof(file));
        if (r == -ENOENT) /* nothing attached */
                return 0;
        return r < 0 ? r : follow_file(b, use, file, depth + 1);
}

/* What follow_device() tells itself on its way. */
typedef struct Follow {
        Block *block;
        const Use *use;
} Follow;

/* @disk: one that is made of no others. */
static int follow_disk(void *userdata, const char *disk, unsigned depth)
{
        const Follow *f = userdata;
        const char *subsystem = startswith(disk, "/sys/devices/virtual/nvme-subsystem/");

        if (startswith(disk, "/sys/devices/virtual/block/loop"))
                return follow_loop(f->block, f->use, disk, depth);
        if (subsystem && strchr(subsystem, '/')) {
                _cleanup_free_ char *folder = strndup(disk, (size_t) (strrchr(disk, '/') - disk));

                return folder ? follow_subsystem(f->block, f->use, block_name(disk), folder) : -ENOMEM;
        }
        return add_functions_of(f->block, f->use, block_name(disk), disk);
}

/* @path: /sys/devices/... of a disk or a partition. */
static int follow_device(Block *b, const Use *use, const char *path, unsigned depth)
{
        Follow f = { b, use };

        return block_walk(b->p->rfd, path, depth, follow_disk, &f);
}

/* The other devices of a btrfs of which one is known: a mount names only one, and its device number is anonymous. */
static int follow_btrfs(Block *b, const Use *use, const char *path, unsigned depth)
{
        _cleanup_(string_list_done) StringList ids = {};
        int r;

        r = root_list(b->p->rfd, NAME_SYS_FS_BTRFS, NULL, &ids);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        FOREACH_ARRAY(id, ids.items, ids.n) {
                _cleanup_(string_list_done) StringList devices = {};
                _cleanup_free_ char *folder = NULL;

                if (string_printf(&folder, NAME_SYS_FS_BTRFS "/%s/devices", *id) < 0)
                        return -ENOMEM;
                r = root_list(b->p->rfd, folder, NULL, &devices);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || !string_list_contains(&devices, block_name(path)))
                        continue;
                FOREACH_ARRAY(device, devices.items, devices.n) {
                        _cleanup_free_ char *other = NULL;

                        r = block_by_name(b->p->rfd, *device, &other);
                        if (r >= 0)
                                r = follow_device(b, use, other, depth);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* A device file, or a list of them as bcachefs has it ("/dev/sda:/dev/sdb"). */
static int follow_source(Block *b, const Use *use, const char *source, unsigned depth)
{
        _cleanup_free_ char *copy = NULL, *whole = NULL;
        char *save = NULL;
        int r;

        r = block_by_file(b->p->rfd, source, &whole); /* /dev/disk/by-path names have colons too */
        if (r >= 0)
                return follow_device(b, use, whole, depth);
        if (!strchr(source, ':'))
                return r;
        copy = strdup(source);
        if (!copy)
                return -ENOMEM;
        for (char *file = strtok_r(copy, ":", &save); file; file = strtok_r(NULL, ":", &save)) {
                _cleanup_free_ char *path = NULL;

                r = block_by_file(b->p->rfd, file, &path);
                if (r >= 0)
                        r = follow_device(b, use, path, depth);
                if (r < 0)
                        return r;
        }
        return 0;
}

/**
 * follow_matching() - every block device with a value, as libblkid names it
 *
 * Costly, so only for what no link and no mount tells. Needs the right to read the devices: what cannot be opened is
 * passed over. Returns the number of devices found; negative errno.
 */
static int follow_matching(Block *b, const Use *use, const char *name, const char *value)
{
        /* These never hold a file system by themselves, or wait for a medium. */
        static const char *const skipped[] = { "ram", "zram", "sr", "fd", "nbd" };
        _cleanup_(string_list_done) StringList blocks = {};
        int found = 0, r;

        r = root_list(b->p->rfd, NAME_SYS_CLASS_BLOCK, NULL, &blocks);
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
                fd = root_open(b->p->rfd, file, O_RDONLY);
                if (fd < 0 || !block_has_value(fd, name, value))
                        continue;
                r = block_by_name(b->p->rfd, *block, &path);
                if (r >= 0)
                        r = follow_device(b, use, path, 0);
                if (r < 0)
                        return r;
                found++;
        }
        return found;
}

/* -ENODEV: this file system is on no block device that can be named. */
static int follow_mount(Block *b, const Use *use, struct libmnt_fs *fs, unsigned depth)
{
        _cleanup_free_ char *path = NULL;
        const char *type = sym_mnt_fs_get_fstype(fs), *source = sym_mnt_fs_get_source(fs);
        dev_t number = sym_mnt_fs_get_devno(fs);
        int r;

        if (type && streq(type, "zfs")) { /* which pool has which device is in ZFS' own files: all of them, then */
                r = follow_matching(b, use, "TYPE", "zfs_member");
                return r == 0 ? -ENODEV : r;
        }
        if (major(number) != 0) {
                r = block_by_number(b->p->rfd, number, &path);
                return r < 0 ? r : follow_device(b, use, path, depth);
        }
        if (!source || !startswith(source, "/dev/"))
                return -ENODEV;
        if (!type || !streq(type, "btrfs"))
                return follow_source(b, use, source, depth);
        r = block_by_file(b->p->rfd, source, &path);
        if (r >= 0)
                r = follow_device(b, use, path, depth);
        return r < 0 ? r : follow_btrfs(b, use, path, depth);
}

/*
 * A file in use (swap, loop): what its file system is on. The mount with the longest matching path, the latest of
 * equals; libmount's own search asks the running system about the path.
 */
static int follow_file(Block *b, const Use *use, const char *path, unsigned depth)
{
        _cleanup_(mount_iter_freep) struct libmnt_iter *iter = NULL;
        struct libmnt_fs *fs, *best = NULL;
        size_t best_length = 0;

        if (depth > BLOCK_DEPTH_MAX)
                return -ELOOP;
        if (!b->mounts)
                return -ENODEV;
        iter = sym_mnt_new_iter(MNT_ITER_FORWARD);
        if (!iter)
                return -ENOMEM;
        while (sym_mnt_table_next_fs(b->mounts, iter, &fs) == 0) {
                const char *target = sym_mnt_fs_get_target(fs);
                const char *rest = target ? startswith(path, target) : NULL;
                size_t length = target ? strlen(target) : 0;

                if (rest && length >= best_length && (length == 1 || *rest == '/' || *rest == 0)) {
                        best = fs;
                        best_length = length;
                }
        }
        return best ? follow_mount(b, use, best, depth) : -ENODEV;
}

static MountRole role_of(const char *target, const char *type)
{
        static const struct {
                const char *target;
                MountRole role;
        } roles[] = {
                { "/", ROLE_ROOT },   { "/boot", ROLE_BOOT }, { "/boot/efi", ROLE_ESP },
                { "/efi", ROLE_ESP }, { "/usr", ROLE_USR },   { "/var", ROLE_VAR },
        };

        if (streq(target, "/boot") && type && streq(type, "vfat"))
                return ROLE_ESP; /* the layout of systemd-boot */
        FOREACH_ARRAY(i, roles, ELEMENTSOF(roles))
                if (streq(i->target, target))
                        return i->role;
        return ROLE_OTHER;
}

/*
 * The mount point as the judged machine has it. Below --root=DIR a bind-mounted /proc shows the mounts of this process,
 * whose paths begin with DIR; what is mounted elsewhere belongs to the running system. NULL: elsewhere.
 */
static const char *rebase(const Block *b, const char *target)
{
        const char *rest;

        if (!b->prefix)
                return target;
        rest = startswith(target, b->prefix);
        if (!rest || (*rest != 0 && *rest != '/'))
                return NULL;
        return *rest == 0 ? "/" : rest;
}

/* Calls the function for each line of a table; it returns 0, or a negative errno that ends it. */
static int for_each(Block *b, struct libmnt_table *table, int (*function)(Block *b, struct libmnt_fs *fs))
{
        _cleanup_(mount_iter_freep) struct libmnt_iter *iter = sym_mnt_new_iter(MNT_ITER_FORWARD);
        struct libmnt_fs *fs;

        if (!iter)
                return -ENOMEM;
        while (sym_mnt_table_next_fs(table, iter, &fs) == 0) {
                int r = function(b, fs);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int each_mount(Block *b, struct libmnt_fs *fs)
{
        /* Roots for which no disk is needed: in memory, or on the other end of a network. */
        static const char *const diskless[] = { "rootfs", "tmpfs", "ramfs", "nfs", "nfs4", "cifs", "ceph" };
        const char *mount = sym_mnt_fs_get_target(fs), *type = sym_mnt_fs_get_fstype(fs), *target;
        bool is_root;
        Use use;
        int r;

        if (!mount)
                return 0;
        target = rebase(b, mount);
        use = (Use){ .role = target ? role_of(target, type) : ROLE_OTHER, .mount = target ? target : mount };
        is_root = use.role == ROLE_ROOT;
        r = follow_mount(b, &use, fs, 0);
        if (r == -ENOMEM)
                return r;
        if (r >= 0 && target) {
                b->root_seen = b->root_seen || is_root;
                return string_list_add(&b->targets, target);
        }
        if (r == -ENODEV && is_root && type && string_in(type, diskless, ELEMENTSOF(diskless)))
                b->root_seen = true;
        else if (r < 0 && (is_root || r != -ENODEV || (type && streq(type, "zfs"))))
                b->failed = true;
        return 0;
}

static int each_swap(Block *b, struct libmnt_fs *fs)
{
        const char *source = sym_mnt_fs_get_source(fs);
        const Use use = { .role = ROLE_SWAP, .mount = source };
        int r;

        if (!source)
                return 0;
        r = follow_source(b, &use, source, 0);
        if (r < 0 && r != -ENOMEM && !startswith(source, "/dev/"))
                r = follow_file(b, &use, source, 0);
        if (r < 0 && r != -ENOMEM)
                b->failed = true;
        return probe_soft(r);
}

/* UUID= and the like: by the links that udev makes, else by looking into each device. */
static int follow_tag(Block *b, const Use *use, const BlockTag *tag, const char *value)
{
        _cleanup_free_ char *link = NULL, *path = NULL;
        int r = block_tag_link(tag, value, &link);

        if (r >= 0)
                r = block_by_file(b->p->rfd, link, &path);
        if (r >= 0)
                return follow_device(b, use, path, 0);
        if (r == -ENOMEM)
                return r;
        r = follow_matching(b, use, tag->blkid, value);
        return r == 0 ? -ENODEV : r;
}

/*
 * What will be mounted, or is behind an automount that nobody touched yet. A line that leads nowhere is no failure:
 * nothing is in use by it.
 */
static int each_fstab(Block *b, struct libmnt_fs *fs)
{
        const char *target = sym_mnt_fs_get_target(fs), *type = sym_mnt_fs_get_fstype(fs);
        const char *source = sym_mnt_fs_get_source(fs);
        _cleanup_free_ char *value = NULL;
        const BlockTag *tag;
        bool swap = type && streq(type, "swap");
        Use use;
        int r;

        if (!target || (!swap && string_list_contains(&b->targets, target)))
                return 0;
        use = (Use){ .role = swap ? ROLE_SWAP : role_of(target, type), .mount = swap ? source : target };
        if (!use.mount || (use.role == ROLE_OTHER && sym_mnt_fs_get_option(fs, "noauto", NULL, NULL) == 0))
                return 0;
        r = source ? block_tag_parse(source, &tag, &value) : 0;
        if (r > 0)
                r = follow_tag(b, &use, tag, value);
        else if (r == 0)
                r = source && source[0] == '/' ? follow_source(b, &use, source, 0) : -ENODEV;
        if (r >= 0 && use.role == ROLE_ROOT)
                b->root_seen = true;
        return probe_soft(r);
}

/* An ESP that is not mounted and not in fstab, as with systemd's automatic mounts. */
static int find_esp(Block *b)
{
        const Use use = { .role = ROLE_ESP, .mount = "EFI system partition" };
        int r;

        FOREACH_ARRAY(u, b->f->host.items, b->f->host.n)
                if (u->kind == HOST_USE_STORAGE && streq(u->what, role_texts[ROLE_ESP]))
                        return 0;
        if (probe_exists(b->p->rfd, NAME_SYS_EFI) != TRISTATE_YES)
                return 0;
        r = follow_matching(b, &use, "PART_ENTRY_TYPE", PARTITION_TYPE_ESP);
        return probe_soft(r);
}

static int read_prefix(Block *b)
{
        char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)], path[PATH_MAX];
        ssize_t n;

        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", b->p->rfd);
        n = readlink(link, path, sizeof(path) - 1);
        if (n < 0)
                return -errno;
        path[n] = 0;
        if (streq(path, "/"))
                return 0;
        b->prefix = strdup(path);
        return b->prefix ? 0 : -ENOMEM;
}

int probe_block(const Probe *p, Facts *f)
{
        _cleanup_(block_done) Block b = { .p = p, .f = f };
        _cleanup_(mount_table_freep) struct libmnt_table *swaps = NULL, *fstab = NULL;
        bool is_procfs = false;
        int r;

        if ((p->cfg->n_devices == 0 && !p->functions) || mount_table_load() < 0)
                return 0;

        r = mount_table_read(p->rfd, NAME_PROC_MOUNTINFO, &b.mounts, &is_procfs);
        if (r >= 0 && is_procfs && !p->live)
                r = read_prefix(&b);
        if (r >= 0)
                r = for_each(&b, b.mounts, each_mount);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && p->live) /* without the mounts of a running system nothing is certain */
                return 0;

        r = mount_table_read(p->rfd, NAME_PROC_SWAPS, &swaps, NULL);
        if (r >= 0)
                r = for_each(&b, swaps, each_swap);
        if (r == -ENOMEM)
                return r;
        r = mount_table_read(p->rfd, NAME_FSTAB, &fstab, NULL);
        if (r >= 0)
                r = for_each(&b, fstab, each_fstab);
        if (r == -ENOMEM)
                return r;
        r = find_esp(&b);
        if (r < 0)
                return r;
        f->host.known[HOST_USE_STORAGE] = b.root_seen && !b.failed ? TRISTATE_YES : TRISTATE_NO;
        return 0;
}
