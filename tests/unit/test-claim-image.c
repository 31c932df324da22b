/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The archive that is put in front of images of other tools. */
#include <sys/wait.h>

#include "base/file.h"
#include "base/parse.h"
#include "initramfs/claim-image.h"
#include "initramfs/cpio.h"
#include "tree.h"

#define LIST "version=2\n0000:04:00.0 8086:10d3 vfio-pci - nic0\n"
#define UNIT "[Service]\nExecStart=-/usr/lib/ptprep/ptprep-claim\n"

static const char program[] = "\177ELF\0with zero bytes\0in it\0";

static const ClaimImageParts parts = {
        .helper = program,
        .helper_size = sizeof(program),
        .claims = LIST,
        .unit = UNIT,
        .modprobe = "options vfio_iommu_type1 allow_unsafe_interrupts=1\n",
};

/* In the order of the archive. */
static const struct {
        const char *name;
        mode_t mode;
        const char *content; /* NULL: of no matter here */
} expected[] = {
        { "conf", S_IFDIR | 0755, "" },
        { "conf/conf.d", S_IFDIR | 0755, "" },
        { "conf/conf.d/ptprep", S_IFREG | 0644, NULL },
        { "etc", S_IFDIR | 0755, "" },
        { "etc/conf.d", S_IFDIR | 0755, "" },
        { "etc/conf.d/ptprep.conf", S_IFREG | 0644, NULL },
        { "etc/modprobe.d", S_IFDIR | 0755, "" },
        { "etc/modprobe.d/ptprep.conf", S_IFREG | 0644, "options vfio_iommu_type1 allow_unsafe_interrupts=1\n" },
        { "etc/ptprep", S_IFDIR | 0755, "" },
        { "etc/ptprep/claims", S_IFREG | 0644, LIST },
        { "etc/systemd", S_IFDIR | 0755, "" },
        { "etc/systemd/system", S_IFDIR | 0755, "" },
        { "etc/systemd/system/ptprep-claim.service", S_IFREG | 0644, UNIT },
        { "etc/systemd/system/sysinit.target.wants", S_IFDIR | 0755, "" },
        { "etc/systemd/system/sysinit.target.wants/ptprep-claim.service", S_IFLNK | 0777, "../ptprep-claim.service" },
        { "usr", S_IFDIR | 0755, "" },
        { "usr/lib", S_IFDIR | 0755, "" },
        { "usr/lib/ptprep", S_IFDIR | 0755, "" },
        { "usr/lib/ptprep/ptprep-claim", S_IFREG | 0755, NULL },
};

static size_t build(const ClaimImageParts *p, char **ret)
{
        size_t size = 0;

        assert_int_equal(claim_image_build(p, ret, &size), 0);
        return size;
}

static uint32_t number(const char *header, unsigned i)
{
        char digits[9] = "";
        uint32_t n = 0;

        memcpy(digits, header + 6 + 8 * i, 8);
        assert_int_equal(parse_u32(digits, 16, &n), 0);
        return n;
}

static size_t padded(size_t n)
{
        return (n + 3) / 4 * 4;
}

/* Every byte of it, by a reader of the test's own: names, modes, contents, and that all else is 0. */
static void test_contents(void **state)
{
        _cleanup_free_ char *image = NULL;
        size_t size = build(&parts, &image), at = 0;

        (void) state;
        assert_int_equal(size % 512, 0);
        FOREACH_ARRAY(e, expected, ELEMENTSOF(expected)) {
                const char *header = image + at, *name = header + 110, *content;
                uint32_t length = number(header, 6), name_size = number(header, 11);

                assert_memory_equal(header, "070701", 6);
                assert_string_equal(name, e->name);
                assert_int_equal(name_size, strlen(name) + 1);
                assert_int_equal(number(header, 1), e->mode);
                for (unsigned i = 2; i < 13; i++)
                        if (i != 4 && i != 6 && i != 11) /* owner, group, time, devices, checksum */
                                assert_int_equal(number(header, i), 0);
                assert_int_equal(number(header, 4), S_ISDIR(e->mode) ? 2 : 1);
                content = header + padded(110 + name_size);
                if (e->content) {
                        assert_int_equal(length, strlen(e->content));
                        assert_memory_equal(content, e->content, length);
                }
                at += padded(110 + name_size) + padded(length);
        }
        assert_string_equal(image + at + 110, "TRAILER!!!");
        for (at += 110 + sizeof("TRAILER!!!"); at < size; at++)
                assert_int_equal(image[at], 0);
}

/* One path below /lib leaves an image of initramfs-tools without udev, and so without a root file system. */
static void test_paths(void **state)
{
        static const char *const allowed[] = { "conf/", "etc/", "usr/lib/ptprep/" };

        (void) state;
        FOREACH_ARRAY(e, expected, ELEMENTSOF(expected)) {
                bool fine = false;

                for (size_t i = 0; i < ELEMENTSOF(allowed); i++)
                        fine |= startswith(e->name, allowed[i]) || /* or a directory above it */
                                (S_ISDIR(e->mode) && strncmp(allowed[i], e->name, strlen(e->name)) == 0 &&
                                 allowed[i][strlen(e->name)] == '/');
                if (!fine)
                        fail_msg("%s may be a link in another image", e->name);
        }
}

static void test_same_bytes(void **state)
{
        _cleanup_free_ char *a = NULL, *b = NULL, *without = NULL, *other = NULL;
        ClaimImageParts p = parts;
        size_t size = build(&parts, &a);

        (void) state;
        assert_int_equal(build(&parts, &b), size);
        assert_memory_equal(a, b, size);
        p.modprobe = NULL;
        size = build(&p, &without);
        assert_null(memmem(without, size, "modprobe", strlen("modprobe")));
        p.claims = "version=2\n";
        size = build(&p, &other);
        assert_null(memmem(other, size, "nic0", strlen("nic0")));
}

/* The agent's own reader, which is made after the kernel's, also where another archive follows as it does in memory. */
static void test_read_back(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *image = NULL, *twice = NULL;
        size_t size = build(&parts, &image), n = 0;
        CpioReader c = {};
        CpioEntry e;
        int fd, r;

        twice = malloc(2 * size);
        assert_non_null(twice);
        memcpy(twice, image, size);
        memcpy(twice + size, image, size);
        tree_data(t, "/image", twice, 2 * size);
        fd = openat(t->rfd, "image", O_RDONLY | O_CLOEXEC);
        assert_return_code(fd, errno);
        assert_int_equal(cpio_init(&c, fd, 0, 2 * size), 0);
        while ((r = cpio_next(&c, &e)) > 0) {
                assert_string_equal(e.name, expected[n % ELEMENTSOF(expected)].name);
                assert_int_equal(e.mode, expected[n % ELEMENTSOF(expected)].mode);
                if (streq(e.name, "usr/lib/ptprep/ptprep-claim")) {
                        uint64_t hash;

                        assert_int_equal(cpio_hash(&c, &hash), 0);
                        assert_true(hash == fnv1a(FNV_START, program, sizeof(program)));
                }
                n++;
        }
        assert_int_equal(r, 0);
        assert_int_equal(n, 2 * ELEMENTSOF(expected));
        cpio_done(&c);
        (void) close(fd);
}

static int run_in(const Tree *t, const char *command)
{
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                if (chdir(t->path) < 0)
                        _exit(126);
                (void) execl("/bin/sh", "sh", "-c", command, (char *) NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void assert_file(const Tree *t, const char *path, mode_t mode, const void *content, size_t size)
{
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t n;

        assert_return_code(fstatat(t->rfd, path + 1, &st, AT_SYMLINK_NOFOLLOW), errno);
        assert_int_equal(st.st_mode, mode);
        assert_int_equal(root_read_file(t->rfd, path, 1U << 20, &text, &n), 0);
        assert_int_equal(n, size);
        assert_memory_equal(text, content, size);
}

/* And cpio(1), which says nothing against it and makes the files of it; the conf files are good shell. */
static void test_unpacked(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *image = NULL, *target = NULL;
        size_t size = build(&parts, &image);

        if (run_in(t, "command -v cpio >/dev/null 2>&1") != 0) {
                print_message("SKIPPED: cpio is not installed\n");
                skip();
        }
        tree_data(t, "/image", image, size);
        assert_int_equal(run_in(t, "mkdir x && cd x && umask 077 && cpio --extract --quiet <../image 2>../said"), 0);
        assert_int_equal(run_in(t, "test ! -s said"), 0);
        assert_file(t, "/x/usr/lib/ptprep/ptprep-claim", S_IFREG | 0755, program, sizeof(program));
        assert_file(t, "/x/etc/ptprep/claims", S_IFREG | 0644, LIST, strlen(LIST));
        assert_int_equal(
                root_readlink(t->rfd, "/x/etc/systemd/system/sysinit.target.wants/ptprep-claim.service", &target), 0);
        assert_string_equal(target, "../ptprep-claim.service");
        assert_int_equal(
                run_in(t, "for f in x/conf/conf.d/ptprep x/etc/conf.d/ptprep.conf; do sh -n $f || exit 1; done"), 0);
        /* sourced by an init that goes on, also where the helper cannot be run */
        assert_int_equal(run_in(t, "set -e; for f in x/conf/conf.d/ptprep x/etc/conf.d/ptprep.conf; do "
                                   "sed 's,/usr/lib/ptprep/ptprep-claim,false,' $f >y; . ./y; done; exit 9"),
                         9);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_contents), cmocka_unit_test(test_paths), cmocka_unit_test(test_same_bytes),
                TREE_TEST(test_read_back),       TREE_TEST(test_unpacked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
