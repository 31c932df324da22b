/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <ctype.h>
#include <limits.h>
#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/text.h"
#include "grub/format/efivars.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/crypttab-use.h"
#include "probe/disk-partitions.h"
#include "probe/mount-use.h"
#include "probe/open-use.h"
#include "probe/remote-use.h"

/* What the system lives on: what is mounted, swapped to, or named in fstab, and the EFI system partition. */

/* What a mount is to the system. */
typedef enum MountRole {
        ROLE_ROOT,
        ROLE_BOOT,
        ROLE_ESP,
        ROLE_USR,
        ROLE_VAR,
        ROLE_SWAP,
        ROLE_RESUME,
        ROLE_FIRMWARE,
        ROLE_OTHER,
        _ROLE_MAX,
} MountRole;

static const struct {
        const char *text;
        HostUseKind kind;
} roles[_ROLE_MAX] = {
        [ROLE_ROOT] = { "/", HOST_USE_BOOT_DISK },
        [ROLE_BOOT] = { "/boot", HOST_USE_BOOT_DISK },
        [ROLE_ESP] = { "the EFI system partition", HOST_USE_BOOT_DISK },
        [ROLE_USR] = { "/usr", HOST_USE_BOOT_DISK },
        [ROLE_VAR] = { "/var", HOST_USE_BOOT_DISK },
        [ROLE_SWAP] = { "swap", HOST_USE_STORAGE },
        [ROLE_RESUME] = { "the image of hibernation", HOST_USE_STORAGE },
        [ROLE_FIRMWARE] = { "what the firmware boots from", HOST_USE_BOOT_DISK },
        [ROLE_OTHER] = { "a mounted file system", HOST_USE_STORAGE },
};

typedef struct Block {
        const Probe *p;
        BlockUse use;
        char *prefix;       /* see rebase(); NULL: paths are the machine's own */
        StringList targets; /* mount points that were followed */
        bool root_seen, esp_seen;
} Block;

static void block_done(Block *b)
{
        block_use_done(&b->use);
        free(b->prefix);
        string_list_done(&b->targets);
}

/* It was followed, or could not be, and that was noted. */
static void see(Block *b, MountRole role)
{
        b->root_seen |= role == ROLE_ROOT;
        b->esp_seen |= role == ROLE_ESP;
}

/* What is followed next is of this role. */
static void follow(Block *b, MountRole role)
{
        b->use.walk.what = roles[role].text;
        b->use.walk.kind = roles[role].kind;
}

static MountRole role_of(const char *target, const char *type)
{
        static const struct {
                const char *target;
                MountRole role;
        } places[] = {
                { "/", ROLE_ROOT },   { "/boot", ROLE_BOOT }, { "/boot/efi", ROLE_ESP },
                { "/efi", ROLE_ESP }, { "/usr", ROLE_USR },   { "/var", ROLE_VAR },
        };

        if (streq(target, "/boot") && type && streq(type, "vfat"))
                return ROLE_ESP; /* the layout of systemd-boot */
        FOREACH_ARRAY(i, places, ELEMENTSOF(places))
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

/* Calls the function for each line of a table, which may be NULL; it returns 0, or a negative errno that ends it. */
static int for_each(Block *b, struct libmnt_table *table, int (*function)(Block *b, struct libmnt_fs *fs))
{
        _cleanup_(mount_iter_freep) struct libmnt_iter *iter = sym_mnt_new_iter(MNT_ITER_FORWARD);
        struct libmnt_fs *fs;

        if (!iter)
                return -ENOMEM;
        while (table && sym_mnt_table_next_fs(table, iter, &fs) == 0) {
                int r = function(b, fs);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int each_mount(Block *b, struct libmnt_fs *fs)
{
        const char *mount = sym_mnt_fs_get_target(fs), *type = sym_mnt_fs_get_fstype(fs), *target;
        MountRole role;
        WalkLink link;
        int r;

        if (!mount)
                return 0;
        target = rebase(b, mount);
        role = target ? role_of(target, type) : ROLE_OTHER;
        link = (WalkLink){ NULL, target ?: mount };
        follow(b, role);
        if (role != ROLE_OTHER)
                r = mount_use_needed(&b->use, fs, &link);
        else {
                r = mount_use(&b->use, fs, &link);
                if (r == 0) /* where it cannot be followed, the guard of the network has what it is reached through */
                        r = mount_use_remote(&b->use, fs, &link);
                if (r == 0)
                        r = mount_use_virtio(&b->use, fs, &link);
                if (r <= 0)
                        return r;
        }
        if (r < 0 || streq_null(type, "autofs")) /* what is behind it, fstab or the partition types tell */
                return r;
        see(b, role);
        return target ? string_list_add(&b->targets, target) : 0;
}

static int each_swap(Block *b, struct libmnt_fs *fs)
{
        const WalkLink link = { NULL, roles[ROLE_SWAP].text };
        const char *source = sym_mnt_fs_get_source(fs);
        int r;

        if (!source)
                return 0;
        follow(b, ROLE_SWAP);
        r = block_use_source(&b->use, source, &link);
        if (r == -ENOMEM || r >= 0)
                return r;
        return startswith(source, "/dev/") ? walk_unreadable(&b->use.walk, &link, source, r)
                                           : file_use(&b->use, source, &link);
}

/*
 * What will be mounted, or is behind an automount that nobody touched yet. A line that leads nowhere is no failure:
 * nothing is in use by it.
 */
static int each_fstab(Block *b, struct libmnt_fs *fs)
{
        const char *target = sym_mnt_fs_get_target(fs), *type = sym_mnt_fs_get_fstype(fs);
        const char *source = sym_mnt_fs_get_source(fs);
        bool swap = type && streq(type, "swap");
        const WalkLink link = { NULL, swap ? roles[ROLE_SWAP].text : target };
        MountRole role = swap || !target ? ROLE_SWAP : role_of(target, type);
        int r;

        if (!target || !source || (!swap && string_list_contains(&b->targets, target)))
                return 0;
        if (role == ROLE_OTHER && sym_mnt_fs_get_option(fs, "noauto", NULL, NULL) == 0)
                return 0;
        follow(b, role);
        r = block_use_spec(&b->use, source, &link);
        if (r == -EINVAL && role != ROLE_OTHER)
                r = mount_use_needed(&b->use, fs, &link);
        if (r >= 0)
                see(b, role);
        return probe_soft(r);
}

/* Where hibernation writes to, and whence the next boot reads: the present one, and that of the command line. */
static int find_resume(Block *b)
{
        const WalkLink link = { NULL, roles[ROLE_RESUME].text };
        _cleanup_free_ char *path = NULL;
        unsigned major, minor;
        const char *source;
        size_t from = 0;
        char number[32];
        int r = 0;

        follow(b, ROLE_RESUME);
        if (root_read_attr(b->p->rfd, NAME_SYS_RESUME, number, sizeof(number)) >= 0 &&
            sscanf(number, "%u:%u", &major, &minor) == 2 && major != 0) {
                r = block_by_number(b->p->rfd, makedev(major, minor), &path);
                r = r < 0 ? walk_unreadable(&b->use.walk, &link, NAME_SYS_RESUME, r)
                          : block_use_device(&b->use, path, &link);
        }
        source = kargs_next(&b->use.walk.f->cmdline, "resume", &from);
        if (r < 0 || !source)
                return r;
        return probe_soft(block_use_spec(&b->use, source, &link));
}

/* The ESP that the boot loader says it is on (systemd-boot, systemd-stub, GRUB's module bli). */
static int find_loader_esp(Block *b, const WalkLink *link)
{
        static const BlockTag partition = { "PARTUUID", "/dev/disk/by-partuuid", "PART_ENTRY_UUID" };
        _cleanup_free_ char *uuid = NULL;
        int r = efi_loader_string(b->p->rfd, "LoaderDevicePartUUID", &uuid);

        if (r < 0)
                return r == -ENOMEM ? r : -ENOENT;
        for (char *c = uuid; *c; c++) /* udev writes it in lower case */
                *c = (char) tolower((unsigned char) *c);
        return block_use_tag(&b->use, &partition, uuid, link);
}

/* Also one that is not mounted and not in fstab, as with systemd's automatic mounts. */
static int find_esp(Block *b)
{
        const WalkLink link = { NULL, roles[ROLE_ESP].text };
        bool refused;
        int r;

        if (probe_exists(b->p->rfd, NAME_SYS_EFI) != TRISTATE_YES)
                return 0;
        follow(b, ROLE_ESP);
        r = find_loader_esp(b, &link);
        if (r >= 0 || r == -ENOMEM || b->esp_seen)
                return probe_soft(r);
        r = block_use_matching(&b->use, &(BlockValue){ "PART_ENTRY_TYPE", PARTITION_TYPE_ESP }, &link, &refused);
        if (r == -ENOENT && refused && b->p->live)
                return walk_unreadable(&b->use.walk, &link, "/dev", -EACCES);
        return probe_soft(r);
}

/* Also where nothing of it is in use any more: the firmware will boot in the same way again. */
static int find_ibft(Block *b)
{
        int r;

        follow(b, ROLE_FIRMWARE);
        r = remote_use_ibft(&b->use.walk, NULL);
        return r < 0 ? r : 0;
}

static int find_encrypted(Block *b)
{
        return crypttab_use(&b->use);
}

static int find_open(Block *b)
{
        return open_use(&b->use);
}

/* Below --root=DIR with a /proc of the running system they are that system's. */
static int find_superblocks(Block *b)
{
        return b->prefix ? 0 : open_use_superblocks(&b->use);
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

/* Reads a table and calls the function for each line. @needed: that it is not there says nothing good. */
static int read_table(Block *b, const char *path, bool needed, struct libmnt_table **ret, bool *ret_is_procfs)
{
        int r = mount_table_read(b->p->rfd, path, ret, ret_is_procfs);

        if (r == -ENOMEM || r >= 0)
                return r;
        follow(b, ROLE_OTHER);
        return r == -ENOENT && !needed ? 0 : walk_unreadable(&b->use.walk, NULL, path, r);
}

static int read_mounts(Block *b)
{
        bool is_procfs = false;
        int r = read_table(b, NAME_PROC_MOUNTINFO, b->p->live, &b->use.mounts, &is_procfs);

        if (r >= 0 && is_procfs && !b->p->live)
                r = read_prefix(b);
        return r >= 0 ? for_each(b, b->use.mounts, each_mount) : r;
}

static int read_others(Block *b)
{
        static const struct {
                const char *path;
                int (*each)(Block *b, struct libmnt_fs *fs);
        } tables[] = {
                { NAME_PROC_SWAPS, each_swap },
                { NAME_FSTAB, each_fstab },
        };
        int r = 0;

        FOREACH_ARRAY(t, tables, ELEMENTSOF(tables)) {
                _cleanup_(mount_table_freep) struct libmnt_table *table = NULL;

                if (r >= 0)
                        r = read_table(b, t->path, false, &table, NULL);
                if (r >= 0)
                        r = for_each(b, table, t->each);
        }
        return r;
}

static int find_all(Block *b)
{
        /* what is used first, so that this is what a finding says */
        static int (*const finders[])(Block * b) = {
                read_mounts, read_others, find_resume, find_esp, find_ibft, find_encrypted, find_open, find_superblocks,
        };
        int r = 0;

        FOREACH_ARRAY(find, finders, ELEMENTSOF(finders))
                if (r >= 0)
                        r = (*find)(b);
        return r;
}

/* Nothing at all can be told, of neither kind. */
static int no_table(Block *b)
{
        static const WalkCure cure = { CURE_PERSON, "install libmount (Debian: libmount1)", false };
        static const MountRole each[] = { ROLE_ROOT, ROLE_OTHER };
        int r = 0;

        FOREACH_ARRAY(role, each, ELEMENTSOF(each)) {
                follow(b, *role);
                if (r >= 0)
                        r = walk_unknown(&b->use.walk, NULL, &cure,
                                         "libmount.so.1, which reads what is mounted, is not there");
        }
        return r;
}

int probe_block(const Probe *p, Facts *f)
{
        static const WalkCure no_root = { CURE_PERSON,
                                          "mount /proc there, or name a device of this machine for / in /etc/fstab",
                                          false };
        _cleanup_(block_done) Block b = { .p = p };
        int r;

        if (!probe_asks_for_uses(p))
                return 0;
        block_use_init(&b.use, p->rfd, f);
        f->host.looked[HOST_USE_BOOT_DISK] = f->host.looked[HOST_USE_STORAGE] = true;
        if (mount_table_load() < 0)
                return no_table(&b);
        r = find_all(&b);
        if (r < 0 || b.root_seen)
                return r;
        follow(&b, ROLE_ROOT);
        return walk_unknown(&b.use.walk, NULL, &no_root,
                            NAME_PROC_MOUNTINFO " does not have /, and " NAME_FSTAB " no device for it");
}
