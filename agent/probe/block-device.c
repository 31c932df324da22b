/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/block-device.h"

#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/probe.h"

/* "/sys/devices/..." of a link in /sys/dev/block or /sys/class/block, owned by the caller. */
static int follow_link(int rfd, const char *link, char **ret)
{
        _cleanup_free_ char *target = NULL;
        const char *s;
        int r;

        r = root_readlink(rfd, link, &target);
        if (r < 0)
                return r;
        s = target;
        while (startswith(s, "../"))
                s += 3;
        return string_printf(ret, "/sys/%s", s);
}

int block_by_number(int rfd, dev_t number, char **ret)
{
        char link[sizeof(NAME_SYS_DEV_BLOCK "/:") + 2 * 3 * sizeof(unsigned)];

        (void) snprintf(link, sizeof(link), NAME_SYS_DEV_BLOCK "/%u:%u", major(number), minor(number));
        return follow_link(rfd, link, ret);
}

int block_by_name(int rfd, const char *name, char **ret)
{
        _cleanup_free_ char *link = path_join(NAME_SYS_CLASS_BLOCK, name);

        return link ? follow_link(rfd, link, ret) : -ENOMEM;
}

int block_by_file(int rfd, const char *file, char **ret)
{
        _cleanup_free_ char *target = NULL;
        const char *name = startswith(file, "/dev/");
        struct stat st;
        int r;

        if (name && !strchr(name, '/')) {
                r = block_by_name(rfd, name, ret);
                if (r != -ENOENT)
                        return r;
        }
        r = root_stat(rfd, file, &st);
        if (r >= 0 && S_ISBLK(st.st_mode))
                return block_by_number(rfd, st.st_rdev, ret);
        if (!name)
                return r < 0 ? r : -ENOTBLK;
        /* /dev/mapper/NAME, /dev/disk/by-uuid/UUID and the like point to the kernel's name */
        r = root_readlink(rfd, file, &target);
        if (r < 0)
                return r == -EINVAL ? -ENOTBLK : r;
        return block_by_name(rfd, block_name(target), ret);
}

const char *block_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

int block_tag_parse(const char *source, const BlockTag **ret, char **ret_value)
{
        static const BlockTag tags[] = {
                { "UUID", "/dev/disk/by-uuid", "UUID" },
                { "LABEL", "/dev/disk/by-label", "LABEL" },
                { "PARTUUID", "/dev/disk/by-partuuid", "PART_ENTRY_UUID" },
                { "PARTLABEL", "/dev/disk/by-partlabel", "PART_ENTRY_NAME" },
        };
        _cleanup_free_ char *name = NULL, *value = NULL;

        if (!strchr(source, '=') || blkid_parse_tag_string(source, &name, &value) != 0)
                return 0;
        FOREACH_ARRAY(t, tags, ELEMENTSOF(tags))
                if (streq(t->name, name)) {
                        *ret = t;
                        *ret_value = TAKE_PTR(value);
                        return 1;
                }
        return 0;
}

int block_tag_link(const BlockTag *tag, const char *value, char **ret)
{
        char name[256];

        if (blkid_encode_string(value, name, sizeof(name)) != 0)
                return -EINVAL;
        *ret = path_join(tag->directory, name);
        return *ret ? 0 : -ENOMEM;
}

static int walk(int rfd, const char *path, const char *note, const WalkLink *above, const BlockVisitor *v);

/* An attribute of the device mapper, which its devices alone have. */
static bool read_dm(int rfd, const char *disk, const char *attr, char *buf, size_t size)
{
        _cleanup_free_ char *path = NULL;

        return string_printf(&path, "%s/dm/%s", disk, attr) >= 0 && root_read_attr(rfd, path, buf, size) >= 0;
}

/* @disk: a whole one; @link: its name. */
static int walk_disk(int rfd, const char *disk, const WalkLink *link, const BlockVisitor *v)
{
        char uuid[BLOCK_DM_UUID_MAX], note[64] = "";
        _cleanup_(string_list_done) StringList slaves = {};
        _cleanup_free_ char *directory = path_join(disk, "slaves");
        struct stat st;
        int r;

        if (!directory)
                return -ENOMEM;
        r = root_stat(rfd, disk, &st);
        if (r < 0)
                return v->failed(v->userdata, disk, r, link);
        r = root_list(rfd, directory, NULL, &slaves);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && r != -ENOENT)
                return v->failed(v->userdata, directory, r, link);
        if (slaves.n > 1 && read_dm(rfd, disk, "uuid", uuid, sizeof(uuid)) && startswith(uuid, "mpath-"))
                (void) snprintf(note, sizeof(note), "1 of %zu paths", slaves.n);
        FOREACH_ARRAY(slave, slaves.items, slaves.n) {
                _cleanup_free_ char *entry = path_join(NAME_SYS_CLASS_BLOCK, *slave), *below = NULL;

                if (!entry)
                        return -ENOMEM;
                r = follow_link(rfd, entry, &below);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        r = v->failed(v->userdata, entry, r, link);
                else if (!v->slave || (r = v->slave(v->userdata, disk, below)) >= 0)
                        r = walk(rfd, below, note, link, v);
                if (r < 0)
                        return r;
        }
        return slaves.n > 0 ? 0 : v->disk(v->userdata, disk, link);
}

/* The kernel's name, with that of the device mapper and what else there is to say of it in brackets. */
static int name_link(int rfd, const char *path, const char *note, char **ret)
{
        char name[BLOCK_DM_NAME_MAX];

        if (!read_dm(rfd, path, "name", name, sizeof(name)))
                name[0] = 0;
        if (!*name && !*note)
                return string_copy(block_name(path), ret);
        return string_printf(ret, "%s (%s%s%s)", block_name(path), name, *name && *note ? ", " : "", note);
}

/* @note: what is to be said of this device, "": nothing. */
static int walk(int rfd, const char *path, const char *note, const WalkLink *above, const BlockVisitor *v)
{
        _cleanup_free_ char *disk = strdup(path), *attr = path_join(path, "partition"), *name = NULL;
        WalkLink first = { above, NULL }, whole = { &first, NULL };
        int r = name_link(rfd, path, note, &name);

        if (!disk || !attr || r < 0)
                return -ENOMEM;
        first.name = name;
        if (walk_passed(above, name))
                return v->failed(v->userdata, path, -ELOOP, &first);
        if (probe_exists(rfd, attr) != TRISTATE_YES)
                return walk_disk(rfd, disk, &first, v);
        *strrchr(disk, '/') = 0; /* a partition is in the directory of its disk */
        whole.name = block_name(disk);
        return walk_disk(rfd, disk, &whole, v);
}

int block_walk(int rfd, const char *path, const WalkLink *above, const BlockVisitor *v)
{
        return walk(rfd, path, "", above, v);
}

/*
 * What is asked for by its type is looked for alone: leftovers of another file system, as an ext4's superblock in the
 * padding before a label of ZFS, make libblkid say that it cannot tell.
 */
static int ask_type(blkid_probe probe, const BlockValue *values, size_t n)
{
        FOREACH_ARRAY(v, values, n)
                if (streq(v->name, "TYPE")) {
                        char *types[] = { (char *) v->value, NULL };

                        return blkid_probe_filter_superblocks_type(probe, BLKID_FLTR_ONLYIN, types);
                }
        return 0;
}

/* Has the device or image behind fd these values? Reads a few blocks of it. */
static bool has_values(int fd, const BlockValue *values, size_t n)
{
        _cleanup_(blkid_probe_freep) blkid_probe probe = blkid_new_probe();
        static const char *const texts[] = { "LABEL", "PART_ENTRY_NAME" }; /* all others are identifiers */
        const char *found;

        if (!probe || blkid_probe_set_device(probe, fd, 0, 0) < 0)
                return false;
        if (blkid_probe_enable_superblocks(probe, 1) < 0 ||
            blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE) < 0 ||
            ask_type(probe, values, n) < 0 || blkid_probe_enable_partitions(probe, 1) < 0 ||
            blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS) < 0)
                return false;
        if (blkid_do_safeprobe(probe) != 0)
                return false;
        FOREACH_ARRAY(v, values, n) {
                bool text = string_in(v->name, texts, ELEMENTSOF(texts));

                if (blkid_probe_lookup_value(probe, v->name, &found, NULL) != 0) {
                        if (v->value)
                                return false;
                } else if (!v->value || (text ? strcmp(found, v->value) : strcasecmp(found, v->value)) != 0)
                        return false;
        }
        return true;
}

int block_find(int rfd, const BlockValue *values, size_t n, StringList *ret, bool *ret_refused)
{
        /* These never hold a file system by themselves, or wait for a medium. */
        static const char *const skipped[] = { "ram", "zram", "sr", "fd", "nbd" };
        _cleanup_(string_list_done) StringList blocks = {};
        int r = root_list(rfd, NAME_SYS_CLASS_BLOCK, NULL, &blocks);

        *ret_refused = false;
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
                fd = root_open(rfd, file, O_RDONLY);
                *ret_refused |= fd == -EACCES || fd == -EPERM;
                if (fd < 0 || !has_values(fd, values, n))
                        continue;
                r = block_by_name(rfd, *block, &path);
                if (r >= 0)
                        r = string_list_add(ret, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

void blkid_probe_freep(blkid_probe *probe)
{
        if (*probe)
                blkid_free_probe(*probe);
}
