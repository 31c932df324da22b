/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/names.h"
#include "probe/disk-partitions.h"
#include "probe/probe.h"
#include "tree.h"

#define ESP      "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define XBOOTLDR "bc13c2ff-59e6-4262-a352-b275fd6f7172"
#define OTHER    "0fc63daf-8483-4772-8e79-3d69d8477de4"
#define ROOT     "22 1 254:3 / / rw,relatime shared:1 - ext4 /dev/vda3 rw\n"

/* What a disk is said to have on it. */
typedef struct Disk {
        DiskPartitions partitions;
        int error;
        unsigned asked;
} Disk;

static int partitions_of(void *userdata, const DiskPartitions **ret)
{
        Disk *d = userdata;

        d->asked++;
        if (d->error < 0)
                return d->error;
        *ret = &d->partitions;
        return 0;
}

/*
 * All that is chosen one after the other, as if each could be mounted with this type where it does not say one itself:
 * "TARGET SOURCE[ TYPE][ (OPTIONS)][ listed][ ro][ FAILURE]" a line.
 */
static char *choose(const Tree *t, Disk *d, const char *type)
{
        _cleanup_(boot_mounts_done) BootMounts tried = {};
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        int r;

        assert_non_null(out);
        do {
                BootMount m = {}, *place;

                r = boot_mounts_choose(t->rfd, &tried, partitions_of, d, &m);
                assert_true(r >= 0);
                if (r == 0)
                        break;
                (void) fprintf(out, "%s %s", m.target, m.source ? m.source : "-");
                if (m.type)
                        (void) fprintf(out, " %s", m.type);
                if (m.options)
                        (void) fprintf(out, " (%s)", m.options);
                (void) fprintf(out, "%s%s%s%s\n", m.listed ? " listed" : "", m.read_only ? " ro" : "",
                               m.failure ? " " : "", m.failure ? m.failure : "");
                if (!m.type && type) {
                        m.type = strdup(type);
                        assert_non_null(m.type);
                }
                place = array_grow(&tried.items, tried.n);
                assert_non_null(place);
                *place = m;
                tried.n++;
        } while (tried.n < 10);
        assert_int_equal(fclose(out), 0);
        return text;
}

/* The gate has to be open for what is chosen; @asked: how often the partition tables were read. */
static void expect(const Tree *t, Disk *d, const char *expected)
{
        _cleanup_free_ char *text = choose(t, d, "vfat");

        assert_string_equal(text, expected);
        assert_true(boot_mounts_missing(t->rfd) || !*expected);
}

static void uefi(const Tree *t)
{
        assert_int_equal(root_mkdir_p(t->rfd, NAME_SYS_FIRMWARE "/efi"), 0);
}

static void directory(const Tree *t, const char *path)
{
        assert_int_equal(root_mkdir_p(t->rfd, path), 0);
}

/* A root with a kernel in /boot, and one partition of each kind on its disk. */
static void kernel_in_boot(const Tree *t)
{
        tree_file(t, "/boot/vmlinuz-6.1.0-1-amd64", "kernel");
}

static DiskPartition all_kinds[] = { { (char *) "/dev/vda1", (char *) ESP },
                                     { (char *) "/dev/vda2", (char *) XBOOTLDR },
                                     { (char *) "/dev/vda3", (char *) OTHER } };

static Disk disk_with(size_t first, size_t n)
{
        return (Disk){ .partitions = { all_kinds + first, n } };
}

static void test_bios_without_anything(void **state)
{
        const Tree *t = *state;
        Disk d = disk_with(0, 3);

        tree_file(t, NAME_PROC_MOUNTINFO, ROOT);
        tree_file(t, "/etc/fstab", "/dev/vda3 / ext4 defaults 0 1\n/dev/vda1 /boot/efi vfat noauto 0 0\n");
        kernel_in_boot(t);
        directory(t, "/boot/efi");
        expect(t, &d, ""); /* BIOS firmware reads no ESP */
        assert_int_equal(d.asked, 0);
        assert_false(boot_mounts_missing(t->rfd));
}

static void test_listed(void **state)
{
        const Tree *t = *state;
        Disk d = disk_with(0, 3);

        uefi(t);
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT);
        tree_file(t, "/etc/fstab",
                  "# UUID=0000 /boot ext4 defaults 0 0\n"
                  "/dev/vda3 / ext4 defaults 0 1\n"
                  "UUID=ABCD-1234 /boot/efi vfat umask=0077,noauto,x-systemd.automount 0 0\n"
                  "LABEL=boot\t/boot/\text4\tdefaults,ro,noauto,errors=remount-ro\t0 2\n"
                  "/dev/vdb1 /boot/other ext4 noauto 0 0\n");
        expect(t, &d,
               "/boot LABEL=boot ext4 (errors=remount-ro) listed ro\n"
               "/boot/efi UUID=ABCD-1234 vfat (umask=0077) listed\n");
        assert_int_equal(d.asked, 0);
}

static void test_mounted(void **state)
{
        const Tree *t = *state;
        Disk d = disk_with(0, 3);

        uefi(t);
        tree_file(t, "/etc/fstab", "/dev/vda2 /boot ext4 noauto 0 0\n/dev/vda1 /boot/efi vfat noauto 0 0\n");
        tree_file(t, NAME_PROC_MOUNTINFO,
                  ROOT "23 22 254:2 / /boot rw - ext4 /dev/vda2 rw\n"
                       "24 23 254:1 / /boot/efi rw - vfat /dev/vda1 rw\n");
        expect(t, &d, "");
        /* an automount that nobody has touched */
        tree_file(t, NAME_PROC_MOUNTINFO,
                  ROOT "23 22 0:40 / /boot rw - autofs systemd-1 rw\n24 22 0:41 / /efi rw - autofs systemd-1 rw\n");
        tree_file(t, "/etc/fstab", "");
        expect(t, &d, "");
        /* the layout of systemd-boot: the ESP is /boot */
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT "23 22 254:1 / /boot rw - vfat /dev/vda1 rw\n");
        expect(t, &d, "");
        assert_int_equal(d.asked, 0);
        /* the ESP alone is not */
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT "23 22 254:2 / /boot rw - ext4 /dev/vda2 rw\n");
        directory(t, "/boot/efi");
        expect(t, &d, "/boot/efi /dev/vda1\n");
        assert_int_equal(d.asked, 1);
}

static void test_partition_types(void **state)
{
        const Tree *t = *state;
        Disk d = disk_with(0, 3), esp_only = disk_with(0, 1), none = disk_with(2, 1);

        uefi(t);
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT);
        tree_file(t, "/etc/fstab", "/dev/vda3 / ext4 defaults 0 1\n");
        directory(t, "/boot");
        directory(t, "/efi");
        expect(t, &d, "/boot /dev/vda2\n"); /* taken for vfat here, so for the ESP as well */
        expect(t, &none, "");
        expect(t, &esp_only, "/efi /dev/vda1\n");
        directory(t, "/boot/efi");
        expect(t, &esp_only, "/boot/efi /dev/vda1\n");
        /* with a kernel in it, /boot is no mount point */
        kernel_in_boot(t);
        expect(t, &d, "/boot/efi /dev/vda1\n");
}

static void test_boot_of_another_type(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *text = NULL;
        Disk d = disk_with(0, 3);

        uefi(t);
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT);
        directory(t, "/boot/efi");
        text = choose(t, &d, "ext4");
        assert_string_equal(text, "/boot /dev/vda2\n/boot/efi /dev/vda1\n");
}

static void test_without_a_directory(void **state)
{
        const Tree *t = *state;
        Disk d = disk_with(0, 1);

        uefi(t);
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT);
        kernel_in_boot(t);
        expect(t, &d, ""); /* nowhere to show it: no tool of this system uses it */
        assert_int_equal(d.asked, 0);
        assert_int_equal(root_file_remove(t->rfd, "/boot/vmlinuz-6.1.0-1-amd64"), 0);
        expect(t, &d, "/boot /dev/vda1\n");
}

static void test_not_readable(void **state)
{
        const Tree *t = *state;
        Disk d = { .error = -EACCES };

        tree_file(t, NAME_PROC_MOUNTINFO, ROOT);
        directory(t, "/boot");
        expect(t, &d, ""); /* BIOS: hardly anybody has an XBOOTLDR partition */
        uefi(t);
        directory(t, "/boot/efi");
        expect(t, &d, "/boot/efi - only root can look for it\n");
}

/* Not knowing what is mounted, nobody knows what is missing either. */
static void test_without_tables(void **state)
{
        static const char fstab[] = "/dev/vda2 /boot ext4 noauto 0 0\n/dev/vda1 /boot/efi vfat noauto 0 0\n";
        const Tree *t = *state;
        Disk d = disk_with(0, 3);

        tree_file(t, "/etc/fstab", fstab);
        directory(t, "/boot/efi");
        expect(t, &d, "/boot - what is mounted cannot be read\n");
        uefi(t);
        expect(t, &d, "/boot - what is mounted cannot be read\n/boot/efi - what is mounted cannot be read\n");
        tree_file(t, NAME_PROC_MOUNTINFO, ROOT);
        expect(t, &d, "/boot /dev/vda2 ext4 listed\n/boot/efi /dev/vda1 vfat listed\n");
        assert_int_equal(d.asked, 0);
}

static void test_copy_and_text(void **state)
{
        _cleanup_(boot_mounts_done) BootMounts copy = {};
        BootMount items[] = {
                { .target = (char *) "/boot", .device = (char *) "/dev/vda2", .type = (char *) "ext4", .listed = true },
                { .target = (char *) "/efi", .failure = (char *) "it is gone" },
                { .target = (char *) "/boot/efi", .device = (char *) "/dev/vda1", .elsewhere = (char *) "/mnt" }
        };
        static const char *const texts[] = {
                "not mounted; /dev/vda2 (ext4), found by its line in /etc/fstab, was mounted for ptprep alone and read",
                "cannot tell what is on it: it is gone",
                "not mounted there; /dev/vda1 is mounted at /mnt, and was read from it",
        };

        (void) state;
        assert_int_equal(boot_mounts_copy(&(BootMounts){ items, 3 }, &copy), 0);
        assert_int_equal(copy.n, 3);
        for (size_t i = 0; i < copy.n; i++) {
                _cleanup_free_ char *text = boot_mount_text(copy.items + i);

                assert_string_equal(text, texts[i]);
        }
        assert_ptr_equal(boot_mounts_failed(&copy), copy.items + 1);
        assert_ptr_equal(boot_mount_at(&copy, "/boot/efi"), copy.items + 2);
        assert_null(boot_mount_at(&copy, "/boot/"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_bios_without_anything), T(test_listed),         T(test_mounted),
                T(test_partition_types),       T(test_not_readable),   T(test_without_a_directory),
                T(test_boot_of_another_type),  T(test_without_tables), T(test_copy_and_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
