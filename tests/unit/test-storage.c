/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/mount.h"
#include "storage.h"

/* What must be held, and beside it what must stay free: every disk of a tree that is not named in the result is. */

#define FC1 "pci0000:00/0000:00:06.1/host2/rport-2:0-0/target2:0:0/2:0:0:0/block/sdd"

static void attribute(const Tree *t, const char *where, const char *name, const char *value)
{
        char path[512];

        (void) snprintf(path, sizeof(path), "/sys/devices/%s/%s", where, name);
        tree_file(t, path, value);
}

/* A volume of the device mapper on one disk. */
static void volume(const Tree *t, const char *name, const char *number, const char *uuid, const char *disk)
{
        char where[64];

        (void) snprintf(where, sizeof(where), "virtual/block/%s", name);
        block(t, where, number);
        attribute(t, where, "dm/uuid", uuid);
        slave(t, name, disk);
}

static void test_multipath(void **state)
{
        const Tree *t = *state;

        block(t, FC0, "8:32");
        block(t, FC1, "8:48");
        volume(t, "dm-0", "253:0", "mpath-3600508b4\n", "sdc");
        attribute(t, "virtual/block/dm-0", "dm/name", "mpatha\n");
        slave(t, "dm-0", "sdd");
        volume(t, "dm-1", "253:1", "LVM-x\n", "dm-0");
        attribute(t, "virtual/block/dm-1", "dm/name", "vg-root\n");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n");
        expect(t, FLAG_CONFIGURED,
               "/: / on dm-1 (vg-root) on dm-0 (mpatha) on sdc (1 of 2 paths) on 0000:00:06.0\n"
               "/: / on dm-1 (vg-root) on dm-0 (mpatha) on sdd (1 of 2 paths) on 0000:00:06.1\n");
}

/* Since Linux 6.15 a disk names its own ways; before that all controllers of its subsystem count. */
static void test_nvme_ways(void **state)
{
        static const char head[] = "virtual/nvme-subsystem/nvme-subsys0/nvme0n1";
        const Tree *t = *state;

        block(t, head, "259:0");
        for (unsigned i = 0; i < 3; i++) {
                char path[128], target[128];

                (void) snprintf(path, sizeof(path), "/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme%u", i);
                (void) snprintf(target, sizeof(target), "../../../pci0000:00/0000:0%u:00.0/nvme/nvme%u", i + 1, i);
                tree_link(t, path, target);
        }
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
        expect(t, FLAG_CONFIGURED,
               "/: / on nvme0n1 on nvme0 (1 of 3 paths) on 0000:01:00.0\n"
               "/: / on nvme0n1 on nvme1 (1 of 3 paths) on 0000:02:00.0\n"
               "/: / on nvme0n1 on nvme2 (1 of 3 paths) on 0000:03:00.0\n");
        tree_link(t, "/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/multipath/nvme0c2n1",
                  "../../../../../pci0000:00/0000:03:00.0/nvme/nvme2/nvme0c2n1");
        expect(t, FLAG_CONFIGURED, "/: / on nvme0n1 on nvme0c2n1 on 0000:03:00.0\n");
}

/* A virtual function goes with its physical one. */
static void test_virtual_function(void **state)
{
        const Tree *t = *state;

        block(t, NVME, "259:0");
        tree_link(t, NAME_SYS_PCI_DEVICES "/0000:03:00.0/physfn", "../0000:02:00.0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
        expect(t, FLAG_CONFIGURED,
               "/: / on nvme0n1 on 0000:03:00.0 on 0000:02:00.0\n"
               "/: / on nvme0n1 on 0000:03:00.0\n");
}

#define SYSROOT "23 22 8:0 / /sysroot ro - ext4 /dev/sda rw\n"

static void test_overlay(void **state)
{
        static const struct {
                const char *mounts, *told;
        } roots[] = {
                /* ostree and bootc: the files are on /sysroot; the NVMe disk is free */
                { "22 1 0:30 / / ro - overlay composefs ro,lowerdir+=/run/ostree/.private/cfsroot-lower,"
                  "datadir+=/sysroot/ostree/repo/objects\n" SYSROOT "24 22 8:0 /var /var rw - ext4 /dev/sda rw\n",
                  "/: / on composefs on /sysroot on sda on 0000:00:17.0\n"
                  "a mounted file system: /sysroot on sda on 0000:00:17.0\n/var: /var on sda on 0000:00:17.0\n" },
                /* bootc's own names the image */
                { "22 1 0:30 / / ro - overlay composefs:7a1f ro,lowerdir+=/,datadir+=/\n" SYSROOT,
                  "/: / on composefs:7a1f on /sysroot on sda on 0000:00:17.0\n"
                  "a mounted file system: /sysroot on sda on 0000:00:17.0\n" },
                { "22 1 0:30 / / ro - overlay composefs ro,lowerdir+=/run/ostree/.private/cfsroot-lower\n",
                  "unknown: /, an overlay on /run/ostree/.private/cfsroot-lower, which is not there\n" },
                /* live media, and a read-only root with its changes in memory */
                { "21 1 0:29 / / ro - tmpfs tmpfs rw\n"
                  "22 21 0:30 / / ro - overlay overlay "
                  "ro,lowerdir=/media/a:/media/b,upperdir=/run/up,workdir=/run/work\n"
                  "23 22 8:0 / /media ro - ext4 /dev/sda rw\n"
                  "24 22 0:31 / /run rw - tmpfs tmpfs rw\n",
                  "/: / on /media/a on /media on sda on 0000:00:17.0\n"
                  "/: / on /media/b on /media on sda on 0000:00:17.0\n"
                  "a mounted file system: /media on sda on 0000:00:17.0\n" },
                { "22 1 0:30 / / ro - overlay overlay ro,lowerdir=/gone,upperdir=/run/up\n"
                  "24 22 0:31 / /run rw - tmpfs tmpfs rw\n",
                  "unknown: /, an overlay on /gone, which is not there\n" },
                { "22 1 0:30 / / ro - overlay overlay ro,lowerdir=l/ABC\n",
                  "unknown: /, an overlay on l/ABC, which is not there\n" },
                { "22 1 0:30 / / ro - overlay overlay ro,lowerdir=/media/a\n",
                  "unknown: / on /media/a, of which no mount is known\n" },
                /* images of systemd-sysext on top of /usr */
                { ROOT_SATA "25 22 0:32 / /usr ro - overlay sysext ro,lowerdir=/run/systemd/sysext/meta/usr:/usr\n",
                  ON_SATA "/usr: /usr on sysext on / on sda on 0000:00:17.0\n" },
                /* containers have overlays of their own, which are nobody's business here */
                { ROOT_SATA "25 22 0:32 / /var/lib/docker/x ro - overlay overlay ro,lowerdir=l/A:l/B\n", ON_SATA },
        };
        const Tree *t = *state;

        block(t, SATA, "8:0");
        block(t, NVME, "259:0");
        tree_directory(t, "/media/a");
        tree_directory(t, "/media/b");
        tree_directory(t, "/run/up");
        FOREACH_ARRAY(root, roots, ELEMENTSOF(roots)) {
                tree_file(t, NAME_PROC_MOUNTINFO, root->mounts);
                expect(t, FLAG_CONFIGURED, root->told);
        }
}

static void test_btrfs_missing(void **state)
{
        const Tree *t = *state;

        block(t, SATA, "8:0");
        tree_link(t, NAME_SYS_FS_BTRFS "/1111-2222/devices/sda", "../../../../devices/x");
        tree_file(t, NAME_SYS_FS_BTRFS "/1111-2222/devinfo/1/missing", "0\n");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 0:31 / / rw - btrfs /dev/sda rw\n");
        expect(t, FLAG_CONFIGURED, ON_SATA);
        tree_file(t, NAME_SYS_FS_BTRFS "/1111-2222/devinfo/2/missing", "1\n");
        expect(t, FLAG_CONFIGURED,
               ON_SATA "unknown: /, a btrfs with a device missing (/sys/fs/btrfs/1111-2222/devinfo/2/missing)\n");
}

/* Nothing of these is mounted: an array, an open container, a volume that waits for a guest. The NVMe disk is free. */
static void test_open(void **state)
{
        const Tree *t = *state;

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, VIRT, "252:0");
        block(t, FC0, "8:32");
        block(t, NVME, "259:0");
        tree_directory(t, "/sys/devices/" NVME "/holders");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA);
        expect(t, FLAG_CONFIGURED, ON_SATA);
        block(t, "virtual/block/md127", "9:127");
        slave(t, "md127", "vda");
        volume(t, "dm-0", "253:0", "CRYPT-LUKS2-0123-secret\n", "sdb");
        volume(t, "dm-1", "253:1", "LVM-a-tpool\n", "dm-0");
        volume(t, "dm-2", "253:2", "LVM-b\n", "dm-1");
        attribute(t, "virtual/block/dm-2", "dm/name", "vg-thin\n");
        volume(t, "dm-3", "253:3", "CRYPT-PLAIN-x\n", "sdc");
        expect(t, FLAG_CONFIGURED,
               "an assembled RAID: md127 on vda on 0000:00:05.0\n"
               "an open encrypted volume: dm-3 on sdc on 0000:00:06.0\n"
               "an active volume of LVM: dm-2 (vg-thin) on dm-1 on dm-0 on sdb on 0000:00:14.0\n" ON_SATA);
}

static void test_swap(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};
        Probe p = { .rfd = t->rfd, .cfg = &c, .functions = true };
        Facts f;

        config_init(&c);
        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, VIRT, "252:0");
        block(t, NVME, "259:0");
        block(t, "virtual/block/zram0", "251:0");
        block(t, "virtual/block/zram1", "251:1");
        attribute(t, "virtual/block/zram0", "backing_dev", "none\n");
        attribute(t, "virtual/block/zram1", "backing_dev", "/dev/sdb\n");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA "23 22 252:0 / /old\\040place rw - ext4 /dev/vda rw\n");
        tree_file(t, NAME_PROC_SWAPS,
                  "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                  "/dev/zram0 partition\t1\t\t0\t\t-2\n"
                  "/dev/zram1 partition\t1\t\t0\t\t-2\n"
                  "/old\\040place/swap\\040file\\040(deleted) file\t1\t\t0\t\t-2\n");
        expect(t, FLAG_CONFIGURED,
               "a mounted file system: /old place on vda on 0000:00:05.0\n"
               "swap: swap on /old place/swap file on /old place on vda on 0000:00:05.0\n"
               "swap: swap on zram1 on sdb on 0000:00:14.0\n" ON_SATA);
        assert_int_equal(root_file_remove(t->rfd, NAME_PROC_SWAPS), 0);
        /* where the next boot reads memory from */
        facts_init(&f);
        assert_int_equal(kargs_parse("root=/dev/sda resume=/dev/nvme0n1", &f.cmdline), 0);
        tree_file(t, "/sys/power/resume", "8:16\n");
        assert_int_equal(probe_block(&p, &f), 0);
        assert_told(&f, "a mounted file system: /old place on vda on 0000:00:05.0\n"
                        "the image of hibernation: the image of hibernation on sdb on 0000:00:14.0\n" ON_SATA
                        "the image of hibernation: the image of hibernation on nvme0n1 on 0000:03:00.0\n");
        facts_done(&f);
        tree_file(t, "/sys/power/resume", "0:0\n");
        expect(t, FLAG_CONFIGURED, "a mounted file system: /old place on vda on 0000:00:05.0\n" ON_SATA);
}

static void test_network(void **state)
{
        static const char *const tables[][2] = {
                { NAME_PROC_MOUNTINFO, ROOT_SATA "23 22 0:50 / /usr ro - nfs4 nas:/usr rw\n" },
                { NAME_FSTAB, "/dev/sda / ext4 defaults 0 1\nnas:/usr /usr nfs4 ro 0 0\n" },
        };
        const Tree *t = *state;

        block(t, SATA, "8:0");
        FOREACH_ARRAY(table, tables, ELEMENTSOF(tables)) {
                tree_file(t, (*table)[0], (*table)[1]);
                expect(t, FLAG_CONFIGURED, ON_SATA "remote: /usr, which is nas:/usr of another machine (nfs4)\n");
                assert_int_equal(root_file_remove(t->rfd, (*table)[0]), 0);
        }
}

/* Two ESPs: the one that the loader was started from is in use, whatever is mounted. */
static void test_loader_esp(void **state)
{
        static const char text[] = "6F0C2A4B-0000-4000-8000-00000000000E";
        const Tree *t = *state;
        char value[4 + 2 * sizeof(text)] = { 6 };

        for (size_t i = 0; i < sizeof(text); i++)
                value[4 + 2 * i] = text[i];
        block(t, SATA, "8:0");
        block(t, NVME, "259:0");
        partition(t, NVME "/nvme0n1p1", "259:1");
        block(t, USB, "8:16");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA "23 22 8:16 / /boot/efi rw - vfat /dev/sdb rw\n");
        tree_data(t, NAME_SYS_EFIVARS "/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", value,
                  sizeof(value));
        tree_link(t, "/dev/disk/by-partuuid/6f0c2a4b-0000-4000-8000-00000000000e", "../../nvme0n1p1");
        expect(t, FLAG_CONFIGURED,
               "the EFI system partition: /boot/efi on sdb on 0000:00:14.0\n" ON_SATA
               "the EFI system partition: the EFI system partition on nvme0n1p1 on nvme0n1 on 0000:03:00.0\n");
}

/* No mount names a journal of its own, nor each device of a bcachefs. */
static void test_beside_a_mount(void **state)
{
        const Tree *t = *state;

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, NVME, "259:0");
        block(t, FC0, "8:32");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA);
        tree_directory(t, "/proc/fs/jbd2/sda-8");
        tree_directory(t, "/proc/fs/jbd2/sdb");
        tree_directory(t, "/sys/fs/bcachefs/7b3c/dev-1");
        tree_link(t, "/sys/devices/" NVME "/bcachefs", "/sys/fs/bcachefs/7b3c/dev-1");
        expect(t, FLAG_CONFIGURED,
               "the journal of a mounted file system: sdb on 0000:00:14.0\n" ON_SATA
               "a file system that is mounted out of sight: nvme0n1 on 0000:03:00.0\n");
}

/* What a mount names beside its device. */
static void test_named_beside(void **state)
{
        const Tree *t = *state;

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, NVME, "259:0");
        block(t, FC0, "8:32");
        tree_file(t, NAME_PROC_MOUNTINFO,
                  ROOT_SATA
                  "23 22 8:16 / /srv rw - xfs /dev/sdb rw,attr2,logdev=/dev/nvme0n1,rtdev=/dev/sdc,noquota\n");
        expect(t, FLAG_CONFIGURED,
               "a mounted file system: /srv on sdc on 0000:00:06.0\n"
               "a mounted file system: /srv on sdb on 0000:00:14.0\n" ON_SATA
               "a mounted file system: /srv on nvme0n1 on 0000:03:00.0\n");
        /* the words are those of XFS; and what is not there is not free */
        tree_file(t, NAME_PROC_MOUNTINFO,
                  ROOT_SATA "23 22 8:16 / /srv rw - ext4 /dev/sdb rw,logdev=/dev/nvme0n1\n"
                            "24 22 8:16 / /mnt rw - xfs /dev/sdb rw,logdev=/dev/gone\n");
        expect(t, FLAG_CONFIGURED,
               "a mounted file system: /srv on sdb on 0000:00:14.0\n" ON_SATA
               "unknown: /mnt, and /dev/gone cannot be read: No such file or directory\n");
}

/* What a virtual machine has from its host, wherever it is mounted. */
static void test_virtual_machine(void **state)
{
        const Tree *t = *state;

        block(t, SATA, "8:0");
        tree_directory(t, "/sys/devices/pci0000:00/0000:00:06.0/virtio3");
        tree_link(t, "/sys/bus/virtio/drivers/virtiofs/virtio3", "../../../../devices/pci0000:00/0000:00:06.0/virtio3");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA "23 22 0:45 / /srv rw - virtiofs data rw\n");
        expect(t, FLAG_CONFIGURED, "a mounted file system: /srv on 0000:00:06.0\n" ON_SATA);
}

/* The number of a device with a mounted file system, of whatever type. */
static dev_t mounted_device(void)
{
        _cleanup_fclose_ FILE *f = fopen(NAME_PROC_MOUNTINFO, "r");
        char line[4096];
        unsigned maj = 0, min = 0;

        assert_non_null(f);
        while (maj == 0 && fgets(line, sizeof(line), f))
                assert_int_equal(sscanf(line, "%*u %*u %u:%u", &maj, &min), 2);
        return makedev(maj, min);
}

static void node(const Tree *t, const char *path, dev_t number)
{
        tree_parent(t, path);
        if (mknodat(t->rfd, path + 1, S_IFBLK | 0600, number) < 0)
                skip();
}

/* What is mounted where this process does not see it: this kernel is asked of devices by their files. */
static void test_asked(void **state)
{
        const dev_t nothing = makedev(254, 0xffff0); /* no driver has as many */
        const Tree *t = *state;
        const dev_t mounted = mounted_device();
        _cleanup_free_ char *file = NULL;

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, NVME, "259:0");
        block(t, FC0, "8:32");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA);
        node(t, "/dev/sdb", mounted);
        node(t, "/dev/nvme0n1", nothing);
        assert_true(string_printf(&file, "%s/dev/nvme0n1", t->path) >= 0);
        if (mounted == 0 || mount_has_device(file) < 0) /* a container, or device files do not count here */
                skip();
        expect(t, FLAG_CONFIGURED | FLAG_LIVE,
               "a file system that is mounted out of sight: sdb on 0000:00:14.0\n" ON_SATA);
        expect(t, FLAG_CONFIGURED, ON_SATA);
}

/* Where it has no answer, that is the device's own; "/dev/sdb" is no device here. */
static void test_not_answered(void **state)
{
        const Tree *t = *state;

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, NVME, "259:0");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA);
        tree_file(t, "/dev/sdb", "");
        if (mount_has_device("/dev/null") != -ENOTBLK)
                skip();
        expect(t, FLAG_CONFIGURED | FLAG_LIVE,
               ON_SATA
               "unknown: the kernel does not tell whether sdb is mounted out of sight: Block device required\n");
}

/* What the next boot opens needs more disks than the volume's own. One that is open is what it is open as. */
static void test_encrypted(void **state)
{
        const Tree *t = *state;

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, NVME, "259:0");
        block(t, FC0, "8:32");
        block(t, VIRT, "254:0");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA);
        tree_link(t, "/dev/disk/by-uuid/12-34", "../../sdb");
        tree_link(t, "/dev/disk/by-path/pci-0000:00:06.0-fc-0:1", "../../sdc");
        tree_file(t, NAME_CRYPTTAB,
                  "# data /dev/nvme0n1 none\n"
                  "data\t/dev/vda  /keys/data:UUID=12-34 luks,header=/head:/dev/disk/by-path/pci-0000:00:06.0-fc-0:1\n"
                  "later /dev/nvme0n1 none luks,noauto\n"
                  "own /dev/absent /etc/key luks,nofail\nshort\n");
        expect(t, FLAG_CONFIGURED,
               "an encrypted volume that the boot opens: data on vda on 0000:00:05.0\n"
               "the header of an encrypted volume: header of data on sdc on 0000:00:06.0\n"
               "the key of an encrypted volume: key of data on sdb on 0000:00:14.0\n" ON_SATA);
        volume(t, "dm-0", "253:0", "CRYPT-LUKS2-x-data\n", "vda");
        tree_file(t, NAME_CRYPTTAB,
                  "data /dev/vda /dev/sdb:/keys/data:5 luks,keyscript=/lib/cryptsetup/scripts/passdev\n");
        expect(t, FLAG_CONFIGURED,
               "an open encrypted volume: dm-0 on vda on 0000:00:05.0\n"
               "the key of an encrypted volume: key of data on sdb on 0000:00:14.0\n" ON_SATA);
}

static void test_encrypted_arguments(void **state)
{
        const Tree *t = *state;
        const Config none = {};
        const Probe p = { .rfd = t->rfd, .cfg = &none, .functions = true };
        _cleanup_(facts_done) Facts f;

        block(t, SATA, "8:0");
        block(t, USB, "8:16");
        block(t, NVME, "259:0");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT_SATA);
        facts_init(&f);
        assert_int_equal(kargs_parse("rd.luks.key=6b1a3ed4-6b0a=/key:/dev/sdb rd.luks.key=/key "
                                     "rd.luks.options=6b1a3ed4-6b0a=discard,header=/head:/dev/nvme0n1,tries=1",
                                     &f.cmdline),
                         0);
        f.cmdline_known = true;
        assert_int_equal(probe_block(&p, &f), 0);
        assert_told(&f, "the key of an encrypted volume: key of the system on sdb on 0000:00:14.0\n" ON_SATA
                        "the header of an encrypted volume: header of the system on nvme0n1 on 0000:03:00.0\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_multipath),
                TREE_TEST(test_nvme_ways),
                TREE_TEST(test_virtual_function),
                TREE_TEST(test_overlay),
                TREE_TEST(test_btrfs_missing),
                TREE_TEST(test_open),
                TREE_TEST(test_swap),
                TREE_TEST(test_network),
                TREE_TEST(test_loader_esp),
                TREE_TEST(test_beside_a_mount),
                TREE_TEST(test_named_beside),
                TREE_TEST(test_virtual_machine),
                TREE_TEST(test_asked),
                TREE_TEST(test_not_answered),
                TREE_TEST(test_encrypted),
                TREE_TEST(test_encrypted_arguments),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
