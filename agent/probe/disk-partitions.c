/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/disk-partitions.h"

#include <ctype.h>

#include "base/array.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/mount-table.h"

#define MBR_TYPE_ESP 0xef

void disk_partitions_done(DiskPartitions *l)
{
        FOREACH_ARRAY(p, l->items, l->n) {
                free(p->device);
                free(p->type);
        }
        free(l->items);
        *l = (DiskPartitions){};
}

static int add_partition(DiskPartitions *l, const char *disk, blkid_partition part)
{
        const char *type = blkid_partition_get_type_string(part);
        DiskPartition *p;

        if (!type && blkid_partition_get_type(part) == MBR_TYPE_ESP)
                type = PARTITION_TYPE_ESP;
        if (!type)
                return 0;
        p = array_grow(&l->items, l->n);
        if (!p)
                return -ENOMEM;
        l->n++;
        p->type = strdup(type);
        string_printf(&p->device, "/dev/%s%s%d", disk, isdigit((unsigned char) disk[strlen(disk) - 1]) ? "p" : "",
                      blkid_partition_get_partno(part));
        return p->type && p->device ? 0 : -ENOMEM;
}

/* @disk: its name. */
static int read_partitions(int rfd, const char *disk, DiskPartitions *l)
{
        _cleanup_(blkid_probe_freep) blkid_probe probe = NULL;
        _cleanup_free_ char *file = NULL;
        _cleanup_close_ int fd = -EBADF;
        blkid_partlist parts;
        int r = 0;

        if (string_printf(&file, "/dev/%s", disk) < 0)
                return -ENOMEM;
        fd = root_open(rfd, file, O_RDONLY);
        if (fd < 0)
                return fd;
        probe = blkid_new_probe();
        if (!probe || blkid_probe_set_device(probe, fd, 0, 0) < 0 || blkid_probe_enable_partitions(probe, 1) < 0)
                return -EIO;
        parts = blkid_probe_get_partitions(probe);
        for (int i = 0; parts && i < blkid_partlist_numof_partitions(parts) && r >= 0; i++)
                r = add_partition(l, disk, blkid_partlist_get_partition(parts, i));
        return r;
}

/* A disk is read once, however many ways lead to it. */
static int add_disk(void *userdata, const char *disk, const WalkLink *link)
{
        StringList *disks = userdata;
        const char *name = block_name(disk);

        (void) link;
        return string_list_contains(disks, name) ? 0 : string_list_add(disks, name);
}

static int stop(void *userdata, const char *path, int error, const WalkLink *link)
{
        (void) userdata, (void) path, (void) link;
        return error;
}

/* The device of "/" by its number; by its name where the number is none of a device (btrfs). */
static int find_root(int rfd, char **ret)
{
        _cleanup_(mount_table_freep) struct libmnt_table *mounts = NULL;
        struct libmnt_fs *root;
        const char *source;
        struct stat st;
        int r = root_stat(rfd, "/", &st);

        if (r >= 0)
                r = block_by_number(rfd, st.st_dev, ret);
        if (r != -ENOENT)
                return r;
        r = mount_table_read(rfd, NAME_PROC_MOUNTINFO, &mounts, NULL);
        if (r < 0)
                return r;
        root = mount_table_line(mounts, "/");
        source = root ? sym_mnt_fs_get_source(root) : NULL;
        return source && startswith(source, "/dev/") ? block_by_file(rfd, source, ret) : -ENOENT;
}

int disk_partitions_of_root(int rfd, DiskPartitions *ret)
{
        _cleanup_(string_list_done) StringList disks = {};
        const BlockVisitor visitor = { &disks, add_disk, stop };
        _cleanup_free_ char *root = NULL;
        int r = find_root(rfd, &root);

        if (r == -ENOENT) /* on no disk */
                return 0;
        if (r >= 0)
                r = block_walk(rfd, root, NULL, &visitor);
        FOREACH_ARRAY(disk, disks.items, disks.n)
                if (r >= 0)
                        r = read_partitions(rfd, *disk, ret);
        return r;
}
