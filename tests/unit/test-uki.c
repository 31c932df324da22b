/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/uki.h"

#include <sys/wait.h>

#include "pe.h"
#include "tree.h"

static void put(const Tree *t, const PeSection *sections, size_t n)
{
        size_t size;
        _cleanup_free_ unsigned char *file = pe_build(sections, n, &size);

        tree_data(t, "/x.efi", file, size);
}

static void test_one_profile(void **state)
{
        static const PeSection sections[] = {
                { ".text", "stub" },
                { ".osrel", "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nID=debian\n" },
                { ".cmdline", "root=UUID=1 quiet\n" },
                { ".uname", "6.12.48-amd64" },
                { ".linux", "kernel" },
                { ".initrd", "070701" },
        };
        const Tree *t = *state;
        _cleanup_(uki_done) Uki u = {};
        char initrd[7] = "";
        _cleanup_close_ int fd = -EBADF;

        put(t, sections, ELEMENTSOF(sections));
        assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), 0);
        assert_true(u.kernel);
        assert_string_equal(u.release, "6.12.48-amd64");
        assert_string_equal(u.name, "Debian GNU/Linux 13 (trixie)");
        assert_int_equal(u.n_profiles, 1);
        assert_string_equal(u.profiles[0].cmdline, "root=UUID=1 quiet");
        assert_null(u.profiles[0].id);
        assert_int_equal(u.profiles[0].initrd.size, 6);
        fd = root_open(t->rfd, "/x.efi", O_RDONLY);
        assert_int_equal(read_at(fd, u.profiles[0].initrd.offset, initrd, 6), 0);
        assert_string_equal(initrd, "070701");
}

static void test_no_command_line(void **state)
{
        static const PeSection sections[] = { { ".osrel", "ID='arch'\n" }, { ".linux", "kernel" } };
        const Tree *t = *state;
        _cleanup_(uki_done) Uki u = {};

        put(t, sections, ELEMENTSOF(sections));
        assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), 0);
        assert_string_equal(u.name, "arch");
        assert_null(u.release);
        assert_null(u.profiles[0].cmdline);
        assert_int_equal(u.profiles[0].initrd.size, 0);
}

/* UAPI "Unified Kernel Image", multi-profile: a profile takes what it lacks from the sections before the first one. */
static void test_profiles(void **state)
{
        static const PeSection sections[] = {
                { ".cmdline", "root=/dev/sda1" },
                { ".initrd", "base" },
                { ".linux", "kernel" },
                { ".profile", "ID=main\nTITLE=\"Normal\"\n" },
                { ".profile", "ID=rescue\nTITLE=Rescue\n" },
                { ".cmdline", "root=/dev/sda1 rescue\0\0", 23 },
                { ".initrd", "another" },
        };
        const Tree *t = *state;
        _cleanup_(uki_done) Uki u = {};

        put(t, sections, ELEMENTSOF(sections));
        assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), 0);
        assert_int_equal(u.n_profiles, 2);
        assert_string_equal(u.profiles[0].id, "main");
        assert_string_equal(u.profiles[0].title, "Normal");
        assert_string_equal(u.profiles[0].cmdline, "root=/dev/sda1");
        assert_int_equal(u.profiles[0].initrd.size, 4);
        assert_string_equal(u.profiles[1].id, "rescue");
        assert_string_equal(u.profiles[1].cmdline, "root=/dev/sda1 rescue");
        assert_int_equal(u.profiles[1].initrd.size, 7);
}

static void test_addon(void **state)
{
        static const PeSection sections[] = { { ".cmdline", "intel_iommu=on\n\n" } };
        static const PeSection other[] = { { ".text", "any program" } };
        const Tree *t = *state;
        _cleanup_(uki_done) Uki u = {};

        put(t, sections, ELEMENTSOF(sections));
        assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), 0);
        assert_false(u.kernel);
        assert_string_equal(u.profiles[0].cmdline, "intel_iommu=on");
        put(t, other, ELEMENTSOF(other));
        assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), -EBADMSG);
}

/* Who boots it, and on what. */
static void test_stub(void **state)
{
        static const struct {
                const char *text;
                unsigned version;
        } rows[] = {
                { "#### LoaderInfo: systemd-stub 257.9-1~deb13u1 ####", 257 },
                { "#### LoaderInfo: systemd-stub 262~rc1 ####", 262 },
                { "#### LoaderInfo: systemd-stub v258 ####", 0 },
                { "#### LoaderInfo: lanzastub 1.0 ####", 0 },
        };
        const Tree *t = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const PeSection sections[] = { { ".sdmagic", row->text }, { ".linux", "kernel" } };
                _cleanup_(uki_done) Uki u = {};
                size_t size;
                _cleanup_free_ unsigned char *file = pe_build(sections, ELEMENTSOF(sections), &size);

                tree_data(t, "/x.efi", file, size);
                assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), 0);
                assert_int_equal(u.stub, row->version);
                assert_true(u.x64);
        }
}

/* Every length and offset that the file says, made too large in turn; and the file cut at each byte of its headers. */
static void test_damaged(void **state)
{
        static const PeSection sections[] = { { ".cmdline", "quiet" }, { ".linux", "kernel" } };
        const struct {
                size_t at;
                uint32_t value;
        } damages[] = {
                { 0, 0x5a4e },                         /* no MZ */
                { 60, 0xffffffff },                    /* the PE header behind the end */
                { 60, 0xfffffff0 },                    /* 32-bit sums overflow */
                { PE_HEADER_AT, 0x4551 },              /* no PE */
                { PE_HEADER_AT + 6, 0xffff },          /* more sections than there is room for */
                { PE_HEADER_AT + 6, 97 },              /* more than a loader takes */
                { PE_HEADER_AT + 20, 0xffff },         /* the section table behind the end */
                { pe_section_at(0) + 20, 0xffffffff }, /* a section behind the end */
                { pe_section_at(0) + 20, 0x7ffffffe }, /* the same */
        };
        const Tree *t = *state;
        _cleanup_(uki_done) Uki u = {};
        size_t size;
        _cleanup_free_ unsigned char *file = pe_build(sections, ELEMENTSOF(sections), &size);

        FOREACH_ARRAY(d, damages, ELEMENTSOF(damages)) {
                _cleanup_free_ unsigned char *bad = malloc(size);

                assert_non_null(bad);
                memcpy(bad, file, size);
                pe_put32(bad + d->at, d->value);
                tree_data(t, "/x.efi", bad, size);
                assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), -EBADMSG);
        }
        for (size_t n = 0; n < pe_section_at(2); n++) {
                tree_data(t, "/x.efi", file, n);
                assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), -EBADMSG);
        }
        tree_directory(t, "/directory");
        assert_int_equal(uki_read_path(t->rfd, "/directory", &u), -EBADMSG);
        assert_int_equal(uki_read_path(t->rfd, "/absent", &u), -ENOENT);
}

/* In memory a section may be longer than in the file, and a command line too long to be one is none. */
static void test_sizes(void **state)
{
        static const PeSection sections[] = { { ".cmdline", "quiet" }, { ".linux", "kernel" } };
        const Tree *t = *state;
        _cleanup_(uki_done) Uki u = {};
        size_t size;
        _cleanup_free_ unsigned char *file = pe_build(sections, ELEMENTSOF(sections), &size),
                                     *large = calloc(1, size + (128U << 10));

        assert_non_null(large);
        pe_put32(file + pe_section_at(0) + 8, 0xffffffff);
        tree_data(t, "/x.efi", file, size);
        assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), 0);
        assert_string_equal(u.profiles[0].cmdline, "quiet");
        uki_done(&u);
        memcpy(large, file, size);
        pe_put32(large + pe_section_at(0) + 16, 128U << 10);
        tree_data(t, "/x.efi", large, size + (128U << 10));
        assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), -EBADMSG);
}

static int run(const char *const argv[])
{
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                execvp(argv[0], (char *const *) argv);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* An image put together by objcopy(1), as it was done before there was ukify: another writer than the one above. */
static void test_objcopy(void **state)
{
        static const char *const bases[] = { "/usr/lib/systemd/boot/efi/linuxx64.efi.stub",
                                             "/usr/lib/grub/x86_64-efi/monolithic/grubx64.efi" };
        const Tree *t = *state;
        _cleanup_(uki_done) Uki u = {};
        _cleanup_free_ char *cmdline = NULL, *kernel = NULL, *uname = NULL, *out = NULL;
        const char *base = NULL;

        FOREACH_ARRAY(b, bases, ELEMENTSOF(bases))
                if (!base && access(*b, R_OK) == 0)
                        base = *b;
        if (!base || access("/usr/bin/objcopy", X_OK) != 0) {
                print_message("SKIPPED: no objcopy or no EFI program to add sections to\n");
                return;
        }
        tree_file(t, "/cmdline", "root=UUID=2 intel_iommu=on");
        tree_file(t, "/uname", "6.1.0-40-amd64");
        tree_file(t, "/vmlinuz", "kernel");
        assert_true(asprintf(&cmdline, ".cmdline=%s/cmdline", t->path) > 0);
        assert_true(asprintf(&uname, ".uname=%s/uname", t->path) > 0);
        assert_true(asprintf(&kernel, ".linux=%s/vmlinuz", t->path) > 0);
        assert_true(asprintf(&out, "%s/x.efi", t->path) > 0);
        assert_int_equal(run((const char *[]){ "objcopy", "--add-section", cmdline, "--change-section-vma",
                                               ".cmdline=0x30000000", "--add-section", uname, "--change-section-vma",
                                               ".uname=0x30100000", "--add-section", kernel, "--change-section-vma",
                                               ".linux=0x32000000", base, out, NULL }),
                         0);
        assert_int_equal(uki_read_path(t->rfd, "/x.efi", &u), 0);
        assert_true(u.kernel);
        assert_string_equal(u.release, "6.1.0-40-amd64");
        assert_string_equal(u.profiles[0].cmdline, "root=UUID=2 intel_iommu=on");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_one_profile), TREE_TEST(test_no_command_line),
                TREE_TEST(test_profiles),    TREE_TEST(test_addon),
                TREE_TEST(test_stub),        TREE_TEST(test_damaged),
                TREE_TEST(test_sizes),       TREE_TEST(test_objcopy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
