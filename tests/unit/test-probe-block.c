/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/names.h"
#include "probe/probe.h"
#include "tree.h"

#define NVME "pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0/nvme0n1"
#define SATA "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda"
#define USB  "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"
#define VIRT "pci0000:00/0000:00:05.0/virtio2/block/vda"
#define VMD  "pci0000:6f/0000:6f:00.5/pci10001:80/10001:80:07.0/nvme/nvme1/nvme1n1"

/* @where: below /sys/devices; the last component is the kernel's name. */
static void block(const Tree *t, const char *where, const char *number)
{
        const char *name = strrchr(where, '/') + 1;
        char path[512], target[512];

        (void) snprintf(path, sizeof(path), "/sys/devices/%s/dev", where);
        tree_file(t, path, number);
        (void) snprintf(target, sizeof(target), "../../devices/%s", where);
        (void) snprintf(path, sizeof(path), NAME_SYS_DEV_BLOCK "/%s", number);
        tree_link(t, path, target);
        (void) snprintf(path, sizeof(path), NAME_SYS_CLASS_BLOCK "/%s", name);
        tree_link(t, path, target);
}

static void partition(const Tree *t, const char *where, const char *number)
{
        char path[512];

        block(t, where, number);
        (void) snprintf(path, sizeof(path), "/sys/devices/%s/partition", where);
        tree_file(t, path, "1\n");
}

static void slave(const Tree *t, const char *holder, const char *name)
{
        char path[512];

        (void) snprintf(path, sizeof(path), "/sys/devices/virtual/block/%s/slaves/%s", holder, name);
        tree_link(t, path, "../../../../wherever");
}

/* @configured: one device is. @functions: a list of all functions is wanted. */
static Facts probe_for(const Tree *t, bool configured, bool functions)
{
        _cleanup_(config_done) Config c = {};
        Probe p = { .rfd = t->rfd, .cfg = &c, .functions = functions };
        Facts f;

        config_init(&c);
        c.devices = calloc(1, sizeof(*c.devices));
        assert_non_null(c.devices);
        c.n_devices = configured;
        facts_init(&f);
        assert_int_equal(probe_block(&p, &f), 0);
        return f;
}

static Facts probe(const Tree *t)
{
        return probe_for(t, true, false);
}

/* "ADDRESS WHAT: MOUNT on BLOCK" a line, in the order of the facts. */
static void assert_disks(const Facts *f, Tristate known, const char *expected)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        FOREACH_ARRAY(u, f->host.items, f->host.n) {
                assert_int_equal(u->kind, HOST_USE_STORAGE);
                (void) fprintf(out, "%s %s: ", PCI_ADDR_TEXT(u->addr), u->what);
                FOREACH_ARRAY(piece, u->chain.items, u->chain.n)
                        (void) fprintf(out, "%s%s", piece > u->chain.items ? " on " : "", *piece);
                (void) fputc('\n', out);
        }
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text, expected);
        assert_int_equal(f->host.known[HOST_USE_STORAGE], known);
}

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
        assert_disks(&f, TRISTATE_YES,
                     "0000:00:05.0 swap: /dev/vda on vda\n"
                     "0000:00:17.0 a mounted file system: /data of all on sda\n"
                     "0000:03:00.0 /: / on nvme0n1\n"
                     "0000:03:00.0 the EFI system partition: /boot/efi on nvme0n1\n"
                     "0000:03:00.0 a mounted file system: /srv/bound on nvme0n1\n");
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
        assert_disks(&f, TRISTATE_YES,
                     "0000:00:14.0 /: / on sdb\n"
                     "0000:00:14.0 swap: /dev/mapper/vg-swap on sdb\n"
                     "0000:00:17.0 /: / on sda\n"
                     "0000:00:17.0 swap: /dev/mapper/vg-swap on sda\n");
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
        assert_disks(&f, TRISTATE_NO, "");
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
        tree_folder(t, NAME_SYS_FS_BTRFS "/features");
        tree_file(t, NAME_PROC_MOUNTINFO,
                  "22 1 0:31 /@ / rw - btrfs /dev/sda rw,subvol=/@\n"
                  "23 22 0:31 /@var /var rw - btrfs /dev/sda rw,subvol=/@var\n");
        f = probe(t);
        assert_disks(&f, TRISTATE_YES,
                     "0000:00:05.0 /: / on vda\n"
                     "0000:00:05.0 /var: /var on vda\n"
                     "0000:00:17.0 /: / on sda\n"
                     "0000:00:17.0 /var: /var on sda\n");
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
        assert_disks(&f, TRISTATE_YES,
                     "0000:01:00.0 /: / on nvme0n1\n"
                     "0000:81:00.0 /: / on nvme0n1\n");
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
        assert_disks(&f, TRISTATE_YES,
                     "0000:6f:00.5 /: / on nvme1n1\n"
                     "10001:80:07.0 /: / on nvme1n1\n");
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
        assert_disks(&f, TRISTATE_YES,
                     "0000:00:17.0 a mounted file system: /data on sda\n"
                     "0000:00:17.0 /usr: /usr on sda\n"
                     "0000:00:17.0 swap: /data/swapfile on sda\n"
                     "0000:03:00.0 /: / on nvme0n1\n");
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
        assert_disks(&f, TRISTATE_YES,
                     "0000:00:14.0 swap: UUID=01234567-89ab-4cde-8f01-23456789abcd on sdb\n"
                     "0000:00:17.0 /: / on sda\n"
                     "0000:03:00.0 the EFI system partition: /efi on nvme0n1\n");
}

static void test_other_roots(void **state)
{
        static const struct {
                const char *line;
                Tristate known;
        } roots[] = {
                { "22 1 0:40 / / rw - overlay overlay rw\n", TRISTATE_NO },
                { "22 1 0:40 / / rw - zfs rpool/ROOT rw\n", TRISTATE_NO },
                { "22 1 0:40 / / rw - 9p share rw\n", TRISTATE_NO },
                { "22 1 0:40 / / rw - nfs4 10.0.0.1:/root rw\n", TRISTATE_YES },
                { "22 1 0:40 / / rw - tmpfs tmpfs rw\n", TRISTATE_YES },
                { "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n", TRISTATE_NO },         /* not in sysfs */
                { "22 1 179:1 / / rw - ext4 /dev/mmcblk0p1 rw\n", TRISTATE_YES }, /* on no PCI function */
                { "22 1 179:1 / / rw - ext4 /dev/x rw\n"
                  "23 22 8:1 / /srv rw - ext4 /dev/sda1 rw\n",
                  TRISTATE_NO },
                { "22 1 179:1 / / rw - ext4 /dev/x rw\n"
                  "23 22 0:41 / /tank rw - zfs tank rw\n",
                  TRISTATE_NO },
                { "22 1 179:1 / / rw - ext4 /dev/x rw\n"
                  "23 22 0:42 / /var/lib/x rw - overlay overlay rw\n",
                  TRISTATE_YES },
                { "23 22 179:1 / /srv rw - ext4 /dev/x rw\n", TRISTATE_NO }, /* no root at all */
                { "", TRISTATE_NO },
                { "not a table\n", TRISTATE_NO },
        };
        const Tree *t = *state;

        partition(t, "platform/soc/mmc0:0001/block/mmcblk0/mmcblk0p1", "179:1");
        FOREACH_ARRAY(root, roots, ELEMENTSOF(roots)) {
                _cleanup_(facts_done) Facts f = {};

                tree_file(t, NAME_PROC_MOUNTINFO, root->line);
                f = probe(t);
                assert_disks(&f, root->known, "");
        }
}

/* Who asks for a list wants to know of all disks; who has configured nothing waits for none. */
static void test_without_devices(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts list = {}, check = {};

        block(t, NVME, "259:0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
        list = probe_for(t, false, true);
        assert_disks(&list, TRISTATE_YES, "0000:03:00.0 /: / on nvme0n1\n");
        check = probe_for(t, false, false);
        assert_disks(&check, TRISTATE_UNKNOWN, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_partitions),     TREE_TEST(test_holders),
                TREE_TEST(test_circle),         TREE_TEST(test_btrfs),
                TREE_TEST(test_nvme_multipath), TREE_TEST(test_vmd),
                TREE_TEST(test_fstab),          TREE_TEST(test_loop_and_swap_file),
                TREE_TEST(test_other_roots),    TREE_TEST(test_without_devices),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
