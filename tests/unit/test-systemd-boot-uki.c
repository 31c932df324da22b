/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unified kernel images: whose arguments are built in, who starts them, which files the kernels are loaded from. */
#include "systemd-boot-host.h"

static void put_image(const Tree *t, const char *path, const char *cmdline, bool with_signature)
{
        const PeSection sections[] = {
                { ".osrel", "PRETTY_NAME=\"Debian GNU/Linux 13\"\n" },
                { ".uname", RELEASE },
                { ".linux", "kernel" },
                { ".initrd", "image" },
                { cmdline ? ".cmdline" : ".none", cmdline ?: "x" },
        };
        size_t size;
        _cleanup_free_ unsigned char *file = pe_build(sections, ELEMENTSOF(sections), &size);

        if (with_signature)
                pe_sign(file);
        tree_data(t, path, file, size);
}

static void put_release(const Tree *t, const char *path, const char *release)
{
        const PeSection sections[] = { { ".osrel", release }, { ".linux", "kernel" }, { ".cmdline", "quiet" } };
        size_t size;
        _cleanup_free_ unsigned char *file = pe_build(sections, ELEMENTSOF(sections), &size);

        tree_data(t, path, file, size);
}

/* Images have the key of the menu's order, and the version, of the system that is in them. */
static void test_order(void **state)
{
        const Tree *t = *state;
        static const struct {
                const char *a, *b; /* a.efi is the default, not b.efi */
        } pairs[] = {
                { "ID=x\nIMAGE_ID=a\n", "ID=b\n" },
                { "ID=a\nVERSION_ID=2\n", "ID=a\nVERSION_ID=1\n" },
                { "ID=a\nVERSION_ID=1\nVERSION=3\n", "ID=a\nVERSION_ID=2\n" },
                { "ID=a\nVERSION=1\nIMAGE_VERSION=3\n", "ID=a\nVERSION=2\n" },
                { "ID=a\nBUILD_ID=1\n", "ID=a\n" },
        };

        tree_file(t, EFI, "");
        FOREACH_ARRAY(p, pairs, ELEMENTSOF(pairs)) {
                _cleanup_(loader_done) Loader l = {};

                put_release(t, "/efi/EFI/Linux/a.efi", p->a);
                put_release(t, "/efi/EFI/Linux/b.efi", p->b);
                read_loader(t, &l);
                assert_true(entry(&l, "a.efi")->is_default && !entry(&l, "b.efi")->is_default);
        }
        {
                _cleanup_(loader_done) Loader l = {};

                put_release(t, "/efi/EFI/Linux/b.efi", pairs[0].a);
                put_release(t, "/efi/EFI/Linux/b-fallback.efi", pairs[0].a);
                assert_int_equal(root_file_remove(t->rfd, "/efi/EFI/Linux/a.efi"), 0);
                read_loader(t, &l);
                assert_true(entry(&l, "b.efi")->is_default);
        }
}

static void put_addon(const Tree *t, const char *path, const char *cmdline, bool with_signature)
{
        const PeSection sections[] = { { ".cmdline", cmdline } };
        size_t size;
        _cleanup_free_ unsigned char *file = pe_build(sections, ELEMENTSOF(sections), &size);

        if (with_signature)
                pe_sign(file);
        tree_data(t, path, file, size);
}

static void put_uki_machine(const Tree *t, const char *cmdline)
{
        tree_file(t, EFI, "");
        tree_file(t, "/usr/bin/kernel-install", "");
        tree_file(t, "/etc/kernel/install.conf", "layout=uki\n");
        tree_file(t, "/boot/vmlinuz-" RELEASE, "kernel");
        put_image(t, UKI_NAME, cmdline, false);
}

static void test_image(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};
        _cleanup_(plan_done) Plan p = {};
        const BootEntry *e;

        put_uki_machine(t, "root=UUID=2 quiet");
        put_image(t, "/efi/EFI/Linux/foreign.EFI", "root=UUID=3 rescue", false);
        tree_file(t, "/efi/EFI/Linux/broken.efi", "MZ");
        read_loader(t, &l);
        assert_int_equal(l.n_entries, 2);
        e = entry(&l, MACHINE "-" RELEASE ".efi");
        assert_true(e->embedded);
        assert_string_equal(e->source, "/boot/vmlinuz-" RELEASE);
        assert_string_equal(e->image, UKI_NAME);
        assert_int_equal(e->image_size, 5);
        assert_true(entry(&l, "foreign.EFI")->rescue);

        /* the file that kernel-install takes the arguments from, then kernel-install */
        assert_int_equal(edit_plan(t, ADD, REMOVE, &p), 0);
        edit_put(t, &p, p.n);
        assert_file(t, "/etc/kernel/cmdline", "root=UUID=2 quiet " ADD "\n");
        assert_int_equal(p.steps[p.n - 1].kind, STEP_COMMAND);
        assert_string_equal(p.steps[p.n - 1].command.release, RELEASE);
        assert_int_equal(p.steps[p.n - 1].command.argv.n, 4);
        assert_string_equal(p.steps[p.n - 1].command.argv.items[0], "kernel-install");
        assert_string_equal(p.steps[p.n - 1].command.argv.items[3], "/boot/vmlinuz-" RELEASE);
        assert_string_equal(p.steps[p.n - 1].command.words, ADD);

        /* built: nothing is left to do; taken back, it has to be built again */
        put_image(t, UKI_NAME, "root=UUID=2 quiet " ADD, false);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        plan_done(&p);
        assert_int_equal(edit_plan(t, "", "", &p), 0);
        /* the file stays without ptprep's words until it is built; then that goes, and the record */
        assert_int_equal(p.steps[0].kind, STEP_WRITE_FILE);
        assert_string_equal(p.steps[0].file.new_text, "root=UUID=2 quiet\n");
        assert_int_equal(p.steps[1].kind, STEP_COMMAND);
        assert_string_equal(p.steps[1].command.gone, ADD); /* has to be gone */
        assert_int_equal(p.steps[2].kind, STEP_REMOVE_FILE);
        assert_string_equal(p.steps[2].path, "/etc/kernel/cmdline");
}

static void test_image_of_somebody_else(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};

        put_uki_machine(t, ADD);
        put_image(t, "/efi/EFI/Linux/vendor.efi", "root=UUID=2", true);
        put_secure_boot(t, 1);
        read_loader(t, &l);
        assert_non_null(strstr(entry(&l, "vendor.efi")->obstacle, "/efi/EFI/Linux/vendor.efi"));
        assert_non_null(strstr(entry(&l, "vendor.efi")->obstacle, "Secure Boot"));
        assert_null(entry(&l, MACHINE "-" RELEASE ".efi")->obstacle);
        assert_int_equal(edit(t, ADD, REMOVE, -ENOTSUP), 0);
        /* its arguments are right already: then it is nobody's business how it was built */
        put_image(t, "/efi/EFI/Linux/vendor.efi", "root=UUID=2 " ADD, true);
        tree_file(t, "/etc/kernel/cmdline", ADD);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
}

/* What addons add counts, but under Secure Boot only with a signature. */
static void test_addons(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};
        const BootEntry *e;

        put_uki_machine(t, "quiet");
        put_addon(t, "/efi/loader/addons/10.addon.efi", "intel_iommu=on", false);
        put_addon(t, UKI_NAME ".extra.d/a.addon.efi", "ptprep.claim=1", true);
        put_addon(t, UKI_NAME ".extra.d/other.efi", "ignored", true);
        read_loader(t, &l);
        assert_arguments(&l, MACHINE "-" RELEASE ".efi", "quiet intel_iommu=on ptprep.claim=1");
        e = entry(&l, MACHINE "-" RELEASE ".efi");
        assert_null(boot_entry_origin(e, e->arguments.words.items[0]));
        assert_string_equal(boot_entry_origin(e, e->arguments.words.items[1]), "/efi/loader/addons/10.addon.efi");
        assert_string_equal(boot_entry_origin(e, e->arguments.words.items[2]), UKI_NAME ".extra.d/a.addon.efi");
        put_secure_boot(t, 1);
        loader_done(&l);
        read_loader(t, &l);
        assert_arguments(&l, MACHINE "-" RELEASE ".efi", "quiet ptprep.claim=1");
}

/* An entry of type 1 that starts an image: its options replace what is built in, unless Secure Boot is on. */
static void test_image_by_entry(void **state)
{
        const Tree *t = *state;
        static const char *const keys[] = { "efi", "linux", "uki" };

        tree_file(t, EFI, "");
        put_image(t, "/efi/images/x.efi", "built in", false);
        FOREACH_ARRAY(key, keys, ELEMENTSOF(keys)) {
                _cleanup_free_ char *text = NULL;
                _cleanup_(loader_done) Loader l = {};

                put_secure_boot(t, 0);
                assert_true(asprintf(&text, "%s /images/x.efi\noptions from the entry\n", *key) > 0);
                tree_file(t, ENTRIES "x.conf", text);
                read_loader(t, &l);
                assert_arguments(&l, "x.conf", "from the entry");
                assert_false(entry(&l, "x.conf")->embedded);
                assert_string_equal(entry(&l, "x.conf")->version, RELEASE);
                put_secure_boot(t, 1);
                loader_done(&l);
                read_loader(t, &l);
                assert_arguments(&l, "x.conf", "built in");
                assert_true(entry(&l, "x.conf")->embedded);
                assert_non_null(entry(&l, "x.conf")->obstacle);
        }
        put_image(t, "/efi/images/x.efi", NULL, false); /* nothing built in: the entry's options count then too */
        put_secure_boot(t, 1);
        {
                _cleanup_(loader_done) Loader l = {};

                read_loader(t, &l);
                assert_arguments(&l, "x.conf", "from the entry");
        }
}

static void test_firmware_boots_image(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};

        put_uki_machine(t, "quiet");
        assert_int_equal(root_file_remove(t->rfd, EFI), 0);
        tree_file(t, "/boot/grub/grub.cfg", "menuentry x {\n linux /vmlinuz\n}\n");
        assert_int_equal(uki_loader_read(t->rfd, &l), 0); /* GRUB's machine, and an image lies around: named */
        assert_non_null(strstr(l.unused, "another boot loader is there"));
        loader_done(&l);
        put_variable(t, "LoaderInfo", "GRUB 2.12");
        put_variable(t, "StubInfo", "systemd-stub 257");
        assert_int_equal(uki_loader_read(t->rfd, &l), 0);
        assert_non_null(strstr(l.unused, "started this system"));
        loader_done(&l);
        assert_int_equal(root_file_remove(t->rfd, NAME_SYS_EFIVARS "/LoaderInfo" LOADER), 0);
        assert_int_equal(uki_loader_read(t->rfd, &l), 0);
        assert_int_equal(l.kind, LOADER_UKI);
        assert_int_equal(l.booted, BOOTED_YES);
        assert_int_equal(l.n_entries, 1);
}

/* No variables at all, as in an image of a system: then it is what there is that could boot. */
static void test_image_root(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};

        put_uki_machine(t, "quiet");
        assert_int_equal(uki_loader_read(t->rfd, &l), -ENOENT); /* systemd-boot's entry then */
        assert_int_equal(root_file_remove(t->rfd, EFI), 0);
        tree_file(t, "/boot/grub2/grub.cfg", "");
        assert_int_equal(uki_loader_read(t->rfd, &l), 0);
        assert_non_null(l.unused);
        loader_done(&l);
        assert_int_equal(root_file_remove(t->rfd, "/boot/grub2/grub.cfg"), 0);
        assert_int_equal(uki_loader_read(t->rfd, &l), 0);
        assert_int_equal(l.booted, BOOTED_UNKNOWN);
        assert_int_equal(systemd_boot_read(t->rfd, &l), -ENOENT);
}

/* Which files the kernels' images are loaded from. */
static void test_loaded_images(void **state)
{
        const Tree *t = *state;
        Config config = { .enabled = true };
        const Probe probe = { .rfd = t->rfd, .cfg = &config };
        _cleanup_(facts_done) Facts f;

        put_debian(t);
        tree_file(t, "/lib/modules/6.1.0-40-amd64/modules.dep", "");
        tree_file(t, "/lib/modules/6.1.0-41-amd64/modules.dep", "");
        tree_file(t, "/lib/modules/6.5.2-arch1-1/vmlinuz", "kernel");
        tree_file(t, "/lib/modules/6.5.2-arch1-1/pkgbase", "linux\n");
        tree_file(t, "/lib/modules/" RELEASE "/vmlinuz", "kernel");
        tree_file(t, "/boot/vmlinuz-6.1.0-40-amd64", "kernel");
        tree_file(t, "/boot/initrd.img-6.1.0-40-amd64", "image");
        tree_file(t, "/boot/vmlinuz-6.1.0-41-amd64", "kernel");
        tree_file(t, ENTRIES "b.conf", "version 6.1.0-41-amd64\nlinux /b/6.1.0-41-amd64/linux\ninitrd /b/initrd\n");
        tree_file(t, ENTRIES "arch.conf", "title Arch\nlinux /vmlinuz-linux\ninitrd /initramfs-linux.img\n");
        tree_file(t, ENTRIES "other.conf", "version 9.9\nlinux /vmlinuz\ninitrd /initrd\n");
        tree_file(t, "/efi/b/6.1.0-41-amd64/linux", "kernel");
        tree_file(t, "/efi/b/initrd", "image");
        put_image(t, UKI_NAME, "quiet", false);
        facts_init(&f);
        assert_int_equal(probe_kernel(&probe, &f), 0);
        assert_int_equal(probe_loader(&probe, &f), 0);
        assert_int_equal(f.n_kernels, 4);
        /* Debian: a copy of what is in /boot */
        assert_string_equal(f.kernels[0].initrd, "/boot/initrd.img-6.1.0-40-amd64");
        assert_int_equal(f.kernels[0].n_loaded, 1);
        assert_string_equal(f.kernels[0].loaded->path, "/efi/" MACHINE "/6.1.0-40-amd64/initrd.img-6.1.0-40-amd64");
        assert_false(f.kernels[0].loaded->image.exists || f.kernels[0].loaded->by_tool);
        /* nothing in /boot: the loaded file is the one */
        assert_string_equal(f.kernels[1].initrd, "/efi/b/initrd");
        assert_true(f.kernels[1].image.exists);
        assert_int_equal(f.kernels[1].n_loaded, 0);
        /* inside of a unified image */
        assert_string_equal(f.kernels[2].release, RELEASE);
        assert_null(f.kernels[2].initrd);
        assert_int_equal(f.kernels[2].n_loaded, 1);
        assert_true(f.kernels[2].loaded->by_tool && f.kernels[2].loaded->image.exists);
        assert_int_equal(f.kernels[2].loaded->size, 5);
        /* named after the package */
        assert_string_equal(f.kernels[3].initrd, "/efi/initramfs-linux.img");
        assert_false(f.kernels[3].image.exists);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_image),
                TREE_TEST(test_image_of_somebody_else),
                TREE_TEST(test_addons),
                TREE_TEST(test_image_by_entry),
                TREE_TEST(test_firmware_boots_image),
                TREE_TEST(test_image_root),
                TREE_TEST(test_loaded_images),
                TREE_TEST(test_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
