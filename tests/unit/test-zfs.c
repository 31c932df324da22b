/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <endian.h>

#include "base/io.h"
#include "storage.h"

/* Which disks are in a pool of ZFS. */

#define LABEL_NVPAIRS (16U * 1024)
#define LABEL_UBER    (128U * 1024)
#define UBER_MAGIC    0x00bab10cU
#define ZFS_MIN_BYTES (64 << 20) /* of a member; a smaller one is none to libblkid */

static uint8_t *put32(uint8_t *p, uint32_t value)
{
        uint32_t big = htobe32(value);

        memcpy(p, &big, sizeof(big));
        return p + sizeof(big);
}

/* The head of a pair of XDR: sizes, name, type (8: a number of 64 bits, 9: text), one element. */
static uint8_t *put_pair(uint8_t *p, const char *name, uint32_t type, uint32_t size)
{
        p = put32(p, size);
        p = put32(p, size);
        p = put32(p, (uint32_t) strlen(name));
        memcpy(p, name, strlen(name));
        p += (strlen(name) + 3) & ~3UL;
        return put32(put32(p, type), 1);
}

static uint8_t *put_number(uint8_t *p, const char *name, uint64_t value)
{
        p = put_pair(p, name, 8, (uint32_t) (20 + ((strlen(name) + 3) & ~3UL) + 8));
        return put32(put32(p, (uint32_t) (value >> 32)), (uint32_t) value);
}

/*
 * A device file with the label of a pool: what libblkid looks for in it (OpenZFS module/zfs/vdev_label.c and
 * include/sys/fs/zfs.h; releases before 2.41 go by the blocks behind the pairs, later ones by the pairs alone). @pool:
 * NULL: a cache, with a GUID of its own.
 */
static void zfs_member(const Tree *t, const char *device, const char *pool, uint64_t guid)
{
        static const uint8_t header[] = { 1, 1 }; /* XDR, of a little-endian machine */
        const size_t size = 1 << 20;
        _cleanup_free_ uint8_t *image = calloc(1, size);
        char path[128];
        uint8_t *p;

        assert_non_null(image);
        memcpy(image + LABEL_NVPAIRS, header, sizeof(header));
        p = image + LABEL_NVPAIRS + 12;
        if (pool) {
                p = put_pair(p, "name", 9, (uint32_t) (24 + 4 + ((strlen(pool) + 3) & ~3UL)));
                p = put32(p, (uint32_t) strlen(pool));
                memcpy(p, pool, strlen(pool));
                p += (strlen(pool) + 3) & ~3UL;
                p = put_number(put_number(p, "txg", 4), "pool_guid", guid);
        }
        p = put_number(p, "state", pool ? 0 : 4); /* POOL_STATE_ACTIVE, POOL_STATE_L2CACHE */
        p = put_number(p, "guid", pool ? 1 : guid);
        for (unsigned i = 0; i < 8; i++) {
                const uint64_t magic = htole64(UBER_MAGIC), version = htole64(5000);

                memcpy(image + LABEL_UBER + i * 1024, &magic, sizeof(magic));
                memcpy(image + LABEL_UBER + i * 1024 + 8, &version, sizeof(version));
        }
        tree_data(t, device, image, size);
        (void) snprintf(path, sizeof(path), "%s%s", t->path, device);
        assert_int_equal(truncate(path, ZFS_MIN_BYTES), 0);
}

static void test_zfs(void **state)
{
        const Tree *t = *state;

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, VIRT, "252:0");
        block(t, NVME, "259:0");
        block(t, FC0, "8:32");
        block(t, "virtual/block/zd0", "230:0");
        zfs_member(t, "/dev/sdb", "tank", 77);
        zfs_member(t, "/dev/vda", "tank", 78); /* of a foreign machine, or was in another pool of that name */
        zfs_member(t, "/dev/nvme0n1", "Tank", 99);
        zfs_member(t, "/dev/sdc", "rpool", 55);
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA);
        expect(t, FLAG_CONFIGURED, ON_SATA); /* nothing is imported: all of them are free */
        tree_file(t, NAME_PROC_MOUNTINFO,
                  "22 1 0:40 / / rw - zfs rpool/ROOT/debian rw\n"
                  "23 22 0:41 / /srv rw - zfs rpool/srv rw\n");
        expect(t, FLAG_CONFIGURED, "/: / on rpool on sdc on 0000:00:06.0\n");
        tree_file(t, "/proc/spl/kstat/zfs/tank/state", "ONLINE\n");
        tree_file(t, "/proc/spl/kstat/zfs/arcstats", "9 1 0x01\n");
        expect(t, FLAG_CONFIGURED,
               "an imported pool of ZFS: tank on vda on 0000:00:05.0\n"
               "/: / on rpool on sdc on 0000:00:06.0\n"
               "an imported pool of ZFS: tank on sdb on 0000:00:14.0\n");
        tree_file(t, "/proc/spl/kstat/zfs/tank/guid", "77\n");
        expect(t, FLAG_CONFIGURED,
               "/: / on rpool on sdc on 0000:00:06.0\n"
               "an imported pool of ZFS: tank on sdb on 0000:00:14.0\n");
        /* a volume: which pool it is in, sysfs does not say */
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 230:0 / / rw - ext4 /dev/zd0 rw\n");
        expect(t, FLAG_CONFIGURED,
               "/: / on zd0 on tank on sdb on 0000:00:14.0\n"
               "an imported pool of ZFS: tank on sdb on 0000:00:14.0\n");
        assert_int_equal(root_file_remove(t->rfd, "/proc/spl/kstat/zfs/tank/state"), 0);
        assert_int_equal(root_file_remove(t->rfd, "/proc/spl/kstat/zfs/tank/guid"), 0);
        assert_int_equal(root_rmdir(t->rfd, "/proc/spl/kstat/zfs/tank"), 0);
        expect(t, FLAG_CONFIGURED, "unknown: / on zd0, a volume of ZFS in no known pool\n");
}

/* An ext2 that was there before, in the padding that a label begins with: magic number and blocks (Linux
 * fs/ext2/ext2.h). */
static void leave_ext2(const Tree *t, const char *device)
{
        static const uint8_t magic[] = { 0x53, 0xef }, blocks[] = { 0, 0x40 };
        _cleanup_close_ int fd = root_open(t->rfd, device, O_WRONLY);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, magic, sizeof(magic), 1024 + 0x38), sizeof(magic));
        assert_int_equal(pwrite(fd, blocks, sizeof(blocks), 1024 + 4), sizeof(blocks));
}

/* What a label does not say at once. */
static void test_hidden(void **state)
{
        const Tree *t = *state;

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, VIRT, "252:0");
        block(t, NVME, "259:0");
        zfs_member(t, "/dev/sdb", "tank", 77);
        zfs_member(t, "/dev/nvme0n1", "tank", 77);
        leave_ext2(t, "/dev/nvme0n1");
        zfs_member(t, "/dev/vda", NULL, 5);
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA);
        expect(t, FLAG_CONFIGURED, ON_SATA);
        tree_file(t, "/proc/spl/kstat/zfs/tank/state", "ONLINE\n");
        tree_file(t, "/proc/spl/kstat/zfs/tank/guid", "77\n");
        expect(t, FLAG_CONFIGURED,
               "an imported pool of ZFS: tank on a cache or a spare on vda on 0000:00:05.0\n"
               "an imported pool of ZFS: tank on sdb on 0000:00:14.0\n" ON_SATA
               "an imported pool of ZFS: tank on nvme0n1 on 0000:03:00.0\n");
        /* a guest's own, in volumes of the pool */
        block(t, "virtual/block/zd0", "230:0");
        block(t, "virtual/block/zd16", "230:16");
        zfs_member(t, "/dev/zd0", NULL, 6);
        zfs_member(t, "/dev/zd16", NULL, 7);
        expect(t, FLAG_CONFIGURED,
               "an imported pool of ZFS: tank on a cache or a spare on vda on 0000:00:05.0\n"
               "an imported pool of ZFS: tank on sdb on 0000:00:14.0\n" ON_SATA
               "an imported pool of ZFS: tank on nvme0n1 on 0000:03:00.0\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_zfs),
                TREE_TEST(test_hidden),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
