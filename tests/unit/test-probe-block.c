/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "storage.h"

static void test_partitions(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, NVME, "259:0");
        partition(t, NVME "/nvme0n1p1", "259:1");
        partition(t, NVME "/nvme0n1p2", "259:2");
        block(t, SATA, "8:0");
        block(t, VIRT, "252:0");
        tree_file(t, NAME_PROC_MOUNTINFO,
                  "22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n"
                  "23 22 0:20 / /proc rw - proc proc rw\n"
                  "24 22 259:1 / /boot/efi rw shared:2 - vfat /dev/nvme0n1p1 rw\n"
                  "25 22 259:2 /srv /srv/bound rw shared:1 - ext4 /dev/nvme0n1p2 rw\n"
                  "26 22 8:0 / /data\\040of\\040all rw - xfs /dev/sda rw\n"
                  "27 22 8:0 / /data2 rw - xfs /dev/sda rw\n");
        tree_file(t, NAME_PROC_SWAPS,
                  "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                  "/dev/vda                                partition\t1048572\t\t0\t\t-2\n");
        f = probe(t);
        assert_told(&f, "swap: swap on vda on 0000:00:05.0\n"
                        "a mounted file system: /data of all on sda on 0000:00:17.0\n"
                        "/: / on nvme0n1p2 on nvme0n1 on 0000:03:00.0\n"
                        "the EFI system partition: /boot/efi on nvme0n1p1 on nvme0n1 on 0000:03:00.0\n"
                        "a mounted file system: /srv/bound on nvme0n1p2 on nvme0n1 on 0000:03:00.0\n");
}

/* LVM on LUKS on RAID 1 of a SATA and a USB disk. */
static void test_holders(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, SATA, "8:0");
        partition(t, SATA "/sda1", "8:1");
        block(t, USB, "8:16");
        block(t, "virtual/block/md0", "9:0");
        slave(t, "md0", "sda1");
        slave(t, "md0", "sdb");
        block(t, "virtual/block/dm-0", "253:0");
        slave(t, "dm-0", "md0");
        block(t, "virtual/block/dm-1", "253:1");
        slave(t, "dm-1", "dm-0");
        block(t, "virtual/block/zram0", "251:0");
        tree_link(t, "/dev/mapper/vg-swap", "../dm-1");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n");
        tree_file(t, NAME_PROC_SWAPS,
                  "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                  "/dev/mapper/vg-swap partition\t1\t\t0\t\t-2\n"
                  "/dev/zram0 partition\t1\t\t0\t\t-2\n");
        f = probe(t);
        assert_told(&f, "/: / on dm-1 on dm-0 on md0 on sdb on 0000:00:14.0\n"
                        "swap: swap on dm-1 on dm-0 on md0 on sdb on 0000:00:14.0\n"
                        "/: / on dm-1 on dm-0 on md0 on sda1 on sda on 0000:00:17.0\n"
                        "swap: swap on dm-1 on dm-0 on md0 on sda1 on sda on 0000:00:17.0\n");
}

/* A circle of holders, as only a damaged tree has it, ends. */
static void test_circle(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, "virtual/block/dm-0", "253:0");
        block(t, "virtual/block/dm-1", "253:1");
        slave(t, "dm-0", "dm-1");
        slave(t, "dm-1", "dm-0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 253:1 / / rw - ext4 /dev/dm-1 rw\n");
        f = probe(t);
        assert_told(&f,
                    "unknown: / on dm-1 on dm-0 on dm-1, and /sys/devices/virtual/block/dm-1 cannot be read: Too many "
                    "levels of symbolic links\n");
}

static void test_btrfs(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, SATA, "8:0");
        block(t, VIRT, "252:0");
        block(t, USB, "8:16");
        tree_link(t, NAME_SYS_FS_BTRFS "/11111111-2222/devices/sda", "../../../../devices/x");
        tree_link(t, NAME_SYS_FS_BTRFS "/11111111-2222/devices/vda", "../../../../devices/y");
        tree_link(t, NAME_SYS_FS_BTRFS "/99999999-8888/devices/sdb", "../../../../devices/z");
        tree_directory(t, NAME_SYS_FS_BTRFS "/features");
        tree_file(t, NAME_PROC_MOUNTINFO,
                  "22 1 0:31 /@ / rw - btrfs /dev/sda rw,subvol=/@\n"
                  "23 22 0:31 /@var /var rw - btrfs /dev/sda rw,subvol=/@var\n");
        f = probe(t);
        assert_told(&f, "/: / on vda on 0000:00:05.0\n"
                        "/var: /var on vda on 0000:00:05.0\n"
                        "a file system that is mounted out of sight: sdb on 0000:00:14.0\n"
                        "/: / on sda on 0000:00:17.0\n"
                        "/var: /var on sda on 0000:00:17.0\n");
}

static void test_nvme_multipath(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, "virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "259:0");
        partition(t, "virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1", "259:1");
        tree_link(t, "/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0",
                  "../../../pci0000:00/0000:01:00.0/nvme/nvme0");
        tree_link(t, "/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme3",
                  "../../../pci0000:80/0000:81:00.0/nvme/nvme3");
        tree_link(t, "/sys/devices/virtual/nvme-subsystem/nvme-subsys0/subsystem", "../../../../class/nvme-subsystem");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:1 / / rw - ext4 /dev/nvme0n1p1 rw\n");
        f = probe(t);
        assert_told(&f, "/: / on nvme0n1p1 on nvme0n1 on nvme0 (1 of 2 paths) on 0000:01:00.0\n"
                        "/: / on nvme0n1p1 on nvme0n1 on nvme3 (1 of 2 paths) on 0000:81:00.0\n");
}

/* Both the disk's own function and the RAID function above it carry the disk; a bridge above does not count. */
static void test_vmd(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};
        PciFunction functions[] = {
                { .addr = { .domain = 0, .bus = 0x6f, .slot = 0, .function = 5 }, .class = 0x010400 },
                { .addr = { .domain = 0x10001, .bus = 0x80, .slot = 7, .function = 0 }, .class = 0x010802 },
        };
        const Probe p = { .rfd = t->rfd, .cfg = &c };
        ConfigDevice device = {};
        Facts f;

        facts_init(&f);
        f.functions = functions;
        f.n_functions = ELEMENTSOF(functions);
        c.devices = &device;
        c.n_devices = 1;
        block(t, VMD, "259:0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:0 / / rw - ext4 /dev/nvme1n1 rw\n");
        assert_int_equal(probe_block(&p, &f), 0);
        assert_told(&f, "/: / on nvme1n1 on 0000:6f:00.5\n"
                        "/: / on nvme1n1 on 10001:80:07.0\n");
        f.functions = NULL;
        f.n_functions = 0;
        facts_done(&f);
        c.devices = NULL;
        c.n_devices = 0;
}

static void test_loop_and_swap_file(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, SATA, "8:0");
        block(t, NVME, "259:0");
        block(t, "virtual/block/loop0", "7:0");
        block(t, "virtual/block/loop1", "7:1");
        tree_file(t, "/sys/devices/virtual/block/loop0/loop/backing_file", "/data/images/disk.img\n");
        tree_file(t, NAME_PROC_MOUNTINFO,
                  "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n"
                  "23 22 8:0 / /data rw - ext4 /dev/sda rw\n"
                  "24 22 7:0 / /usr rw - squashfs /dev/loop0 rw\n");
        tree_file(t, NAME_PROC_SWAPS,
                  "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                  "/data/swapfile file\t1\t\t0\t\t-2\n");
        f = probe(t);
        assert_told(&f, "a mounted file system: /data on sda on 0000:00:17.0\n"
                        "/usr: /usr on loop0 on /data/images/disk.img on /data on sda on 0000:00:17.0\n"
                        "swap: swap on /data/swapfile on /data on sda on 0000:00:17.0\n"
                        "/: / on nvme0n1 on 0000:03:00.0\n");
}

/* What /dev itself is on says nothing of a loop device over a disk. Nothing needs to be mounted of what is attached. */
static void test_loop_over_disk(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, NVME, "259:0");
        block(t, "virtual/block/loop0", "7:0");
        block(t, "virtual/block/loop1", "7:1");
        block(t, "virtual/block/loop2", "7:2");
        tree_file(t, "/sys/devices/virtual/block/loop0/loop/backing_file", "/dev/sda\n");
        tree_file(t, "/sys/devices/virtual/block/loop1/loop/backing_file", "/dev/sdb\n");
        tree_file(t, NAME_PROC_MOUNTINFO,
                  "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n"
                  "23 22 0:5 / /dev rw - devtmpfs udev rw\n"
                  "24 22 7:0 / /srv rw - ext4 /dev/loop0 rw\n");
        f = probe(t);
        assert_told(&f, "an attached loop device: loop1 on sdb on 0000:00:14.0\n"
                        "a mounted file system: /srv on loop0 on sda on 0000:00:17.0\n"
                        "/: / on nvme0n1 on 0000:03:00.0\n");
}

/* The mounts of a container are not in this process' table. What a driver has there besides names no device. */
static void test_mounted_out_of_sight(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, NVME, "259:0");
        tree_directory(t, "/sys/fs/ext4/nvme0n1");
        tree_directory(t, "/sys/fs/ext4/sda");
        tree_directory(t, "/sys/fs/ext4/features");
        tree_link(t, NAME_SYS_FS_BTRFS "/7b3c/devices/sdb", "../../../../devices/" USB);
        tree_directory(t, NAME_SYS_FS_BTRFS "/features");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
        f = probe(t);
        assert_told(&f, "a file system that is mounted out of sight: sdb on 0000:00:14.0\n"
                        "a file system that is mounted out of sight: sda on 0000:00:17.0\n"
                        "/: / on nvme0n1 on 0000:03:00.0\n");
}

/* An image that never ran has no mounts: fstab tells, by udev's links or by what libblkid finds on the devices. */
static void test_fstab(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};
        _cleanup_free_ char *swap = calloc(1, 1 << 20);
        const uint32_t version = 1, last_page = (1 << 20) / 4096 - 1;

        assert_non_null(swap);
        memcpy(swap + 1024, &version, sizeof(version));
        memcpy(swap + 1028, &last_page, sizeof(last_page));
        memcpy(swap + 1036, "\x01\x23\x45\x67\x89\xab\x4c\xde\x8f\x01\x23\x45\x67\x89\xab\xcd", 16);
        memcpy(swap + 4096 - 10, "SWAPSPACE2", 10);
        block(t, SATA, "8:0");
        partition(t, SATA "/sda2", "8:2");
        block(t, USB, "8:16");
        block(t, NVME, "259:0");
        tree_data(t, "/dev/sdb", swap, 1 << 20);
        tree_link(t, "/dev/disk/by-uuid/4b8a-0000", "../../sda2");
        tree_file(t, NAME_FSTAB,
                  "# comment\n"
                  "UUID=4b8a-0000 / ext4 defaults 0 1\n"
                  "LABEL=gone /boot ext4 defaults 0 2\n"
                  "UUID=01234567-89ab-4cde-8f01-23456789abcd none swap sw 0 0\n"
                  "/dev/nvme0n1 /media/stick ext4 noauto,user 0 0\n"
                  "/dev/nvme0n1 /efi vfat noauto 0 0\n"
                  "server:/export /home nfs defaults 0 0\n"
                  "tmpfs /tmp tmpfs defaults 0 0\n");
        f = probe(t);
        assert_told(&f, "swap: swap on sdb on 0000:00:14.0\n"
                        "/: / on sda2 on sda on 0000:00:17.0\n"
                        "the EFI system partition: /efi on nvme0n1 on 0000:03:00.0\n");
}

#define NO_ROOT "unknown: /proc/self/mountinfo does not have /, and /etc/fstab no device for it\n"
#define NUMBER  "cannot be read: No such file or directory\n"

static void test_other_roots(void **state)
{
        static const struct {
                const char *lines, *told;
        } roots[] = {
                { "22 1 0:40 / / rw - overlay overlay rw\n", "unknown: /, an overlay that does not say of what\n" },
                { "22 1 0:40 / / rw - zfs rpool/ROOT rw\n",
                  "unknown: / on rpool, a pool of ZFS, none of whose disks was found\n" },
                { "22 1 0:40 / / rw - 9p share rw\n",
                  "unknown: /, which is share, a file system (9p) on no disk that it names\n" },
                { "22 1 0:40 / / rw - nfs4 10.0.0.1:/root rw\n",
                  "remote: /, which is 10.0.0.1:/root of another machine (nfs4)\n" },
                { "22 1 0:40 / / rw - tmpfs tmpfs rw\n", "" },
                { "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "unknown: /, and /sys/dev/block/8:1 " NUMBER },
                { "22 1 0:40 / / rw - btrfs /dev/sda1 rw\n", "unknown: /, and /dev/sda1 " NUMBER },
                { "22 1 179:1 / / rw - ext4 /dev/mmcblk0p1 rw\n", "" }, /* on no PCI function */
                { "22 1 179:1 / / rw - ext4 /dev/x rw\n"
                  "23 22 8:1 / /srv rw - ext4 /dev/sda1 rw\n",
                  "unknown: /srv, and /sys/dev/block/8:1 " NUMBER },
                { "22 1 179:1 / / rw - ext4 /dev/x rw\n"
                  "23 22 0:41 / /tank rw - zfs tank rw\n",
                  "unknown: /tank on tank, a pool of ZFS, none of whose disks was found\n" },
                { "22 1 179:1 / / rw - ext4 /dev/x rw\n"
                  "23 22 0:42 / /var/lib/x rw - overlay overlay rw\n",
                  "" },
                { "23 22 179:1 / /srv rw - ext4 /dev/x rw\n", NO_ROOT },
                { "", NO_ROOT },
                { "not a table\n", NO_ROOT },
        };
        const Tree *t = *state;

        partition(t, "platform/soc/mmc0:0001/block/mmcblk0/mmcblk0p1", "179:1");
        FOREACH_ARRAY(root, roots, ELEMENTSOF(roots)) {
                _cleanup_(facts_done) Facts f = {};

                tree_file(t, NAME_PROC_MOUNTINFO, root->lines);
                f = probe(t);
                assert_told(&f, root->told);
        }
}

/*
 * A disk in no place that is known: nobody can say that it hangs on nothing. Drivers without "slaves": EMC PowerPath,
 * volumes of ZFS, ublk, nbd, rbd, AoE; a disk of another machine; and one that only the network leads to.
 */
static void test_not_followed(void **state)
{
        static const struct {
                const char *place, *told; /* of the unknown: behind "/ on NAME" */
        } disks[] = {
                { "virtual/block/emcpowera", NULL },
                { "virtual/block/ublkb0", NULL },
                { "virtual/block/nbd0", NULL },
                { "virtual/block/drbd0", NULL },
                { "virtual/block/md0", NULL },
                { "virtual/block/ramx", NULL },
                { "virtual/block/new", NULL },
                { "rbd/0/block/rbd0", "which is of Ceph (RBD)" },
                { "virtual/aoe/block/etherd!e1.0", NULL },
                { "tcm_loop_0/tcm_loop_adapter_0/host5/target5:0:1/5:0:1:0/block/sda", NULL },
                { "virtual/nvme-fabrics/ctl/nvme0/nvme0n1", "which is reached over NVMe over fabrics" },
                { "platform/host3/session1/target3:0:0/3:0:0:1/block/sda", "which is reached over iSCSI" },
                { "virtual/block/ram0", "" },
                { "virtual/block/zram0", "" },
                { "platform/floppy.0/block/fd0", "" },
                { "LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region0/namespace0.0/block/pmem0", "" },
        };

        FOREACH_ARRAY(disk, disks, ELEMENTSOF(disks)) {
                const char *name = strrchr(disk->place, '/') + 1;
                char expected[256] = "";
                _cleanup_(facts_done) Facts f = {};
                void *state_of_one;
                const Tree *t;

                assert_int_equal(tree_setup(&state_of_one), 0);
                t = state_of_one;
                block(t, disk->place, "240:0");
                tree_file(t, NAME_PROC_MOUNTINFO, "22 1 240:0 / / rw - ext4 /dev/x rw\n");
                f = probe(t);
                if (!disk->told)
                        (void) snprintf(expected, sizeof(expected),
                                        "unknown: / on %s, of which Linux does not show what it is made of\n", name);
                else if (*disk->told)
                        (void) snprintf(expected, sizeof(expected), "remote: / on %s, %s\n", name, disk->told);
                assert_told(&f, expected);
                assert_int_equal(tree_teardown(&state_of_one), 0);
        }
        (void) state;
}

/* What is known of the other parts stays known. */
static void test_partly_followed(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, SATA, "8:0");
        block(t, "virtual/block/dm-0", "253:0");
        slave(t, "dm-0", "gone");
        slave(t, "dm-0", "sda");
        slave(t, "dm-0", "sdz");
        tree_link(t, NAME_SYS_CLASS_BLOCK "/sdz", "../../devices/nowhere/sdz");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 253:0 / / rw - ext4 /dev/dm-0 rw\n");
        f = probe(t);
        assert_told(&f, "/: / on dm-0 on sda on 0000:00:17.0\n"
                        "unknown: / on dm-0, and /sys/class/block/gone " NUMBER
                        "unknown: / on dm-0 on sdz, and /sys/devices/nowhere/sdz " NUMBER);
}

/* On a running system that its own mounts cannot be read is no fine thing; an image has none. */
static void test_unreadable_tables(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts image = {}, live = {}, odd = {};

        block(t, SATA, "8:0");
        tree_file(t, NAME_FSTAB, "/dev/sda / ext4 defaults 0 1\n");
        image = probe(t);
        assert_told(&image, "/: / on sda on 0000:00:17.0\n");
        live = probe_for(t, FLAG_CONFIGURED | FLAG_LIVE);
        assert_told(&live, "/: / on sda on 0000:00:17.0\n"
                           "unknown: /proc/self/mountinfo " NUMBER);
        tree_directory(t, NAME_PROC_MOUNTINFO);
        tree_directory(t, NAME_PROC_SWAPS);
        odd = probe(t);
        assert_told(&odd, "/: / on sda on 0000:00:17.0\n"
                          "unknown: /proc/self/mountinfo cannot be read: Is a directory\n"
                          "unknown: /proc/swaps cannot be read: Is a directory\n");
}

/* libmount would read a device or a hole to its end, and wait for the writer of a pipe. */
static void test_endless_tables(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts line = {}, hole = {}, fifo = {};
        _cleanup_free_ char *text = malloc(5U << 20);
        _cleanup_close_ int fd = -EBADF;

        assert_non_null(text);
        memset(text, 'x', 5U << 20);
        block(t, SATA, "8:0");
        tree_file(t, NAME_FSTAB, "/dev/sda / ext4 defaults 0 1\n");
        tree_data(t, NAME_PROC_MOUNTINFO, text, 5U << 20);
        line = probe(t);
        assert_told(&line, "/: / on sda on 0000:00:17.0\n"
                           "unknown: /proc/self/mountinfo cannot be read: Bad message\n");
        fd = openat(t->rfd, "proc/self/mountinfo", O_WRONLY | O_TRUNC | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, 1LL << 40), 0);
        hole = probe(t);
        assert_told(&hole, "/: / on sda on 0000:00:17.0\n"
                           "unknown: /proc/self/mountinfo cannot be read: File too large\n");
        assert_int_equal(unlinkat(t->rfd, "proc/self/mountinfo", 0), 0);
        assert_int_equal(mkfifoat(t->rfd, "proc/self/mountinfo", 0600), 0);
        fifo = probe(t);
        assert_told(&fifo, "/: / on sda on 0000:00:17.0\n"
                           "unknown: /proc/self/mountinfo cannot be read: Invalid argument\n");
}

/* A file that was removed while in use has no path to look for; a label has its link with blanks encoded. */
static void test_names(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts f = {};

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, "virtual/block/loop0", "7:0");
        tree_file(t, "/sys/devices/virtual/block/loop0/loop/backing_file", "/tmp/disk.img (deleted)\n");
        tree_file(t, NAME_PROC_MOUNTINFO,
                  "22 1 8:0 / / rw - ext4 /dev/sda rw\n"
                  "23 22 7:0 / /srv rw - ext4 /dev/loop0 rw\n");
        tree_link(t, "/dev/disk/by-label/my\\x20disk", "../../sdb");
        tree_file(t, NAME_FSTAB, "LABEL=\"my\\040disk\" /home ext4 defaults 0 2\n");
        f = probe(t);
        assert_told(&f, "a mounted file system: /home on sdb on 0000:00:14.0\n"
                        "/: / on sda on 0000:00:17.0\n"
                        "unknown: /srv on loop0, whose file has no name any more\n");
}

/* Who asks for a list wants to know of all disks; who has configured nothing waits for none. */
static void test_without_devices(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts list = {}, check = {};

        block(t, NVME, "259:0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
        list = probe_for(t, FLAG_FUNCTIONS);
        assert_told(&list, "/: / on nvme0n1 on 0000:03:00.0\n");
        check = probe_for(t, 0);
        assert_false(check.host.looked[HOST_USE_STORAGE]);
        assert_int_equal(check.host.n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_partitions),
                TREE_TEST(test_holders),
                TREE_TEST(test_circle),
                TREE_TEST(test_btrfs),
                TREE_TEST(test_nvme_multipath),
                TREE_TEST(test_vmd),
                TREE_TEST(test_fstab),
                TREE_TEST(test_loop_and_swap_file),
                TREE_TEST(test_other_roots),
                TREE_TEST(test_without_devices),
                TREE_TEST(test_not_followed),
                TREE_TEST(test_partly_followed),
                TREE_TEST(test_endless_tables),
                TREE_TEST(test_unreadable_tables),
                TREE_TEST(test_names),
                TREE_TEST(test_loop_over_disk),
                TREE_TEST(test_mounted_out_of_sight),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
