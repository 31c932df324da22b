/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claim image in front of what systemd-boot loads: a line in each entry, and nothing of it is left. */
#include "grub/format/uki-addon.h"
#include "systemd-boot-host.h"

#define ENTRY  ENTRIES MACHINE "-6.1.0-40-amd64.conf"
#define IMAGE  "/" MACHINE "/6.1.0-40-amd64/initrd.img-6.1.0-40-amd64"
#define OPTION "options root=UUID=1 ro"

/* Each edit is planned with it, or without it. */
static void in_claim_image(bool wanted)
{
        edit_in_claim_image = wanted;
}

static void every_entry_gets_a_line(void **state)
{
        const Tree *t = *state;
        static const char microcode[] = OPTION "\nlinux /vmlinuz-1\ninitrd /ucode.img\ninitrd\t/initrd-1",
                          none[] = OPTION "\nlinux /vmlinuz-2\n",
                          rescue[] = "linux /vmlinuz\ninitrd /i\noptions rescue\n";
        _cleanup_(loader_done) Loader l = {};

        put_debian(t);
        tree_file(t, ENTRIES "a+3.conf", microcode);
        tree_file(t, ENTRIES "b.conf", none);
        tree_file(t, ENTRIES "rescue.conf", rescue);
        in_claim_image(true);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 4);
        assert_file(t, ENTRY,
                    "title      Debian GNU/Linux 12 (bookworm)\n"
                    "version    6.1.0-40-amd64\n"
                    "machine-id " MACHINE "\n"
                    "sort-key   debian\n"
                    "options    root=UUID=1 ro quiet systemd.machine_id=" MACHINE " " ADD "\n"
                    "linux      /" MACHINE "/6.1.0-40-amd64/linux\n"
                    "initrd     /ptprep-claim.img\n"
                    "initrd     " IMAGE "\n");
        /* behind microcode */
        assert_file(t, ENTRIES "a+3.conf",
                    OPTION " " ADD
                           "\nlinux /vmlinuz-1\ninitrd /ucode.img\ninitrd\t/ptprep-claim.img\ninitrd\t/initrd-1");
        /* without an initramfs there is nothing that it could stand in front of */
        assert_file(t, ENTRIES "b.conf", OPTION " " ADD "\nlinux /vmlinuz-2\n");
        assert_file(t, ENTRIES "rescue.conf", rescue);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        read_loader(t, &l);
        assert_string_equal(l.early_directory, "/efi");
        assert_true(boot_entry_loads_early(entry(&l, "a.conf"), NAME_CLAIM_IMAGE_FILE));
        assert_string_equal(entry(&l, "a.conf")->early.items[0], "/ucode.img");
        assert_string_equal(entry(&l, "a.conf")->initrd, "/initrd-1");
        /* all is taken back, to the byte */
        in_claim_image(false);
        assert_int_equal(edit(t, "", "", 0), 4);
        assert_file(t, ENTRY, DEBIAN_ENTRY);
        assert_file(t, ENTRIES "a+3.conf", microcode);
        assert_file(t, ENTRIES "b.conf", none);
        assert_int_equal(edit(t, "", "", 0), 0);
}

/* Somebody else edits the entry in between: only what is ptprep's goes. */
static void only_its_own_line_goes(void **state)
{
        const Tree *t = *state;

        put_debian(t);
        tree_file(t, "/etc/kernel/cmdline", "quiet\n");
        tree_file(t, ENTRY, OPTION "\nlinux /k\ninitrd /i\n");
        in_claim_image(true);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 2);
        tree_file(t, ENTRY, OPTION " " ADD "\nlinux /k\ninitrd /mine\ninitrd /ptprep-claim.img\ninitrd /i\n");
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        in_claim_image(false);
        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, ENTRY, OPTION "\nlinux /k\ninitrd /mine\ninitrd /i\n");
        assert_int_equal(edit(t, "", "", 0), 0);
}

/* The list goes into the images from now on: the words stay. */
static void another_way_is_chosen(void **state)
{
        const Tree *t = *state;
        static const char before[] = OPTION "\nlinux /k\ninitrd /i\n";

        put_debian(t);
        tree_file(t, "/etc/kernel/cmdline", "quiet\n");
        tree_file(t, ENTRY, before);
        in_claim_image(true);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 2);
        in_claim_image(false);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 1);
        assert_file(t, ENTRY, OPTION " " ADD "\nlinux /k\ninitrd /i\n");
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, ENTRY, before);
}

/* 95-ptprep.install has put the line there, and the record knows nothing of it; one that has none gets it. */
static void later_kernels(void **state)
{
        const Tree *t = *state;
        static const char with[] = OPTION " " ADD "\nlinux /k-2\ninitrd     /ptprep-claim.img\ninitrd     /i-2\n",
                          without[] = OPTION " " ADD "\nlinux /k-3\ninitrd     /i-3\n",
                          others[] = OPTION "\nlinux /k-4\ninitrd /ptprep-claim.img\ninitrd /i-4\n";

        put_debian(t);
        in_claim_image(true);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 2);
        tree_file(t, ENTRIES "x.conf", with);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        tree_file(t, ENTRIES "y.conf", without);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 1);
        assert_file(t, ENTRIES "y.conf",
                    OPTION " " ADD "\nlinux /k-3\ninitrd     /ptprep-claim.img\ninitrd     /i-3\n");
        /* copied by hand, without the words: it would not boot any more */
        tree_file(t, ENTRIES "z.conf", others);
        in_claim_image(false);
        assert_true(edit(t, "", "", 0) > 0);
        assert_file(t, ENTRIES "x.conf", OPTION "\nlinux /k-2\ninitrd     /i-2\n");
        assert_file(t, ENTRIES "y.conf", OPTION "\nlinux /k-3\ninitrd     /i-3\n");
        assert_file(t, ENTRIES "z.conf", OPTION "\nlinux /k-4\ninitrd /i-4\n");
        assert_int_equal(edit(t, "", "", 0), 0);
}

static void expect_obstacle(const Tree *t, const char *text)
{
        _cleanup_(loader_done) Loader l = {};
        const char *obstacle;

        read_loader(t, &l);
        obstacle = loader_early_obstacle(&l);
        if (!obstacle != !text || (text && !strstr(obstacle, text)))
                fail_msg("\"%s\", expected \"%s\"", obstacle ?: "", text ?: "");
}

static void where_it_cannot_be_loaded(void **state)
{
        const Tree *t = *state;

        put_debian(t);
        tree_file(t, "/boot/k", "kernel");
        expect_obstacle(t, NULL);
        tree_file(t, "/boot/loader/entries/a.conf", OPTION "\nlinux /k\n");
        expect_obstacle(t, NULL); /* it has no initramfs */
        tree_file(t, "/boot/loader/entries/a.conf", OPTION "\nlinux /k\ninitrd /i\n");
        expect_obstacle(t, "on two partitions");
        tree_file(t, "/boot/loader/entries/a.conf", "linux /k\ninitrd /i\noptions rescue\n");
        expect_obstacle(t, NULL);
        {
                const PeSection sections[] = { { ".linux", "kernel" },
                                               { ".cmdline", "root=UUID=1" },
                                               { ".initrd", "070701" } };
                _cleanup_free_ unsigned char *image = NULL;
                size_t size;

                image = pe_build(sections, ELEMENTSOF(sections), &size);
                tree_data(t, UKI_NAME, image, size);
        }
        expect_obstacle(t, "unified kernel images");
        assert_int_equal(root_file_remove(t->rfd, UKI_NAME), 0);
        tree_file(t, ENTRY, OPTION "\nlinux /k\n");
        expect_obstacle(t, "none of its entries has an initramfs");
}

#define UKI_CMDLINE "root=UUID=1 quiet"
#define UKI_ADDON   "/efi/loader/addons/ptprep-claim.addon.efi"

static void put_uki(const Tree *t, const char *path, const char *stub, const char *cmdline)
{
        const PeSection sections[] = {
                { ".sdmagic", stub },    { ".uname", RELEASE },   { ".osrel", "ID=debian\n" },
                { ".cmdline", cmdline }, { ".initrd", "070701" }, { ".linux", "kernel" },
        };
        size_t size;
        _cleanup_free_ unsigned char *image = pe_build(sections, ELEMENTSOF(sections), &size);

        tree_data(t, path, image, size);
}

static void put_own_addon(const Tree *t, const char *words)
{
        _cleanup_free_ char *file = NULL;
        size_t size;

        assert_int_equal(uki_addon_build(words, "070701", 6, &file, &size), 0);
        tree_data(t, UKI_ADDON, file, size);
}

#define STUB(version) "#### LoaderInfo: systemd-stub " version " ####"

/* Each of the images has to be one whose stub loads the addon, and nothing else may boot. */
static void where_an_addon_is_loaded(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};

        tree_file(t, EFI, "");
        put_kernels(t);
        put_uki(t, UKI_NAME, STUB("257.9-1"), UKI_CMDLINE);
        expect_obstacle(t, "whether Secure Boot would load an addon");
        put_secure_boot(t, 1);
        expect_obstacle(t, "Secure Boot, which is on, loads no addon");
        put_secure_boot(t, 0);
        expect_obstacle(t, NULL);
        read_loader(t, &l);
        assert_true(l.early_addon);
        assert_string_equal(l.early_directory, "/efi/loader/addons");
        put_uki(t, "/efi/EFI/Linux/old.efi", STUB("256.7-1"), UKI_CMDLINE);
        expect_obstacle(t, "not all with systemd-stub 257");
        put_uki(t, "/efi/EFI/Linux/old.efi", "another stub", UKI_CMDLINE);
        expect_obstacle(t, "not all with systemd-stub 257");
        put_uki(t, "/efi/EFI/Linux/old.efi", STUB("256.7-1"), "rescue");
        expect_obstacle(t, NULL);
        /* the stub looks on the partition of its own image */
        put_uki(t, "/boot/EFI/Linux/there.efi", STUB("258"), UKI_CMDLINE);
        expect_obstacle(t, "on two partitions");
        assert_int_equal(root_file_remove(t->rfd, "/boot/EFI/Linux/there.efi"), 0);
        tree_file(t, ENTRIES "a.conf", OPTION "\nlinux /k\ninitrd /i\n");
        expect_obstacle(t, "beside other entries");
        tree_file(t, ENTRIES "a.conf", OPTION "\nuki /EFI/Linux/" MACHINE "-" RELEASE ".efi\n");
        expect_obstacle(t, "by entries of their own");
        tree_file(t, ENTRIES "a.conf", "uki /EFI/Linux/" MACHINE "-" RELEASE ".efi\n");
        expect_obstacle(t, "by entries of their own");
}

/* It brings what is missing; an image is built again only for what has to go out of it. */
static void an_addon_brings_the_words(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};
        _cleanup_(plan_done) Plan p = {};
        size_t builds = 0;
        struct stat st;

        tree_file(t, EFI, "");
        tree_file(t, "/usr/bin/kernel-install", "");
        tree_file(t, "/etc/kernel/install.conf", "layout=uki\n");
        tree_file(t, "/boot/vmlinuz-" RELEASE, "kernel");
        put_uki(t, UKI_NAME, STUB("257.9-1"), UKI_CMDLINE);
        put_secure_boot(t, 0);
        in_claim_image(true);
        /* nothing but the file for kernels that come later */
        assert_int_equal(edit(t, ADD, REMOVE, 0), 1);
        assert_file(t, "/etc/kernel/cmdline", UKI_CMDLINE " " ADD "\n");
        put_own_addon(t, ADD);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        read_loader(t, &l);
        assert_arguments(&l, MACHINE "-" RELEASE ".efi", UKI_CMDLINE " " ADD);
        assert_true(boot_entry_loads_early(entry(&l, MACHINE "-" RELEASE ".efi"), NAME_CLAIM_ADDON_FILE));
        /* a word that has to go is in the image itself */
        put_uki(t, UKI_NAME, STUB("257.9-1"), UKI_CMDLINE " " REMOVE);
        assert_int_equal(edit_plan(t, ADD, REMOVE, &p), 0);
        assert_int_equal(p.n, 1);
        assert_int_equal(p.steps[0].kind, STEP_COMMAND);
        put_uki(t, UKI_NAME, STUB("257.9-1"), UKI_CMDLINE);
        /* taken back: what the addon brings is no word of the image */
        in_claim_image(false);
        assert_int_equal(edit(t, "", "", 0), 1);
        assert_int_equal(root_stat(t->rfd, "/etc/kernel/cmdline", &st), -ENOENT);
        /* without it the image has to be built */
        plan_done(&p);
        assert_int_equal(root_file_remove(t->rfd, UKI_ADDON), 0);
        assert_int_equal(edit_plan(t, ADD, REMOVE, &p), 0);
        FOREACH_ARRAY(s, p.steps, p.n)
                builds += s->kind == STEP_COMMAND;
        assert_int_equal(builds, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(every_entry_gets_a_line),   TREE_TEST(only_its_own_line_goes),
                TREE_TEST(another_way_is_chosen),     TREE_TEST(later_kernels),
                TREE_TEST(where_it_cannot_be_loaded), TREE_TEST(where_an_addon_is_loaded),
                TREE_TEST(an_addon_brings_the_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
