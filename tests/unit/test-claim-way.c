/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the claim image is used, what is judged of it, and in which order it comes and goes. */
#include "core/claim-way.h"

#include "grub/loader/loaders.h"
#include "machine.h"
#include "model/names.h"

/* Debian as it is installed: initramfs-tools, and GRUB 2. Nothing is applied yet. */
static void set_up(Machine *m)
{
        ClaimImage *c = &m->facts.claim_image;
        KernelRelease *k = m->facts.kernels;

        m->facts.builders[BUILDER_DRACUT].installed = m->facts.builders[BUILDER_DRACUT].active = TRISTATE_NO;
        set_text(&m->facts.builders[BUILDER_DRACUT].snippet, NULL);
        m->facts.builders[BUILDER_INITRAMFS_TOOLS].installed = TRISTATE_YES;
        m->facts.builders[BUILDER_INITRAMFS_TOOLS].active = TRISTATE_YES;
        k->image.maker = BUILDER_INITRAMFS_TOOLS;
        k->image.digest = 0;
        set_text(&k->kernel, "/boot/vmlinuz-6.1.0-1-amd64");
        set_text(&m->facts.image_stamps, NULL);
        c->has_helper = TRISTATE_YES;
        c->exists = TRISTATE_NO;
        set_text(&c->helper, "\177ELF static");
        c->helper_size = strlen(c->helper);
        set_text(&c->unit, "[Service]\n");
        m->facts.loaders->early_variable = true;
        FOREACH_ARRAY(e, m->facts.loaders->entries, m->facts.loaders->n_entries)
                set_text(&e->initrd, "/boot/initrd.img-6.1.0-1-amd64");
}

/* What an apply leaves behind. */
static void settle(Machine *m)
{
        machine_settle(m);
        machine_judge(m);
        set_text(&m->facts.modules_load, m->wanted.modules_load);
        m->facts.claim_image.exists = TRISTATE_YES;
        m->facts.claim_image.hash = m->wanted.claim_image;
        FOREACH_ARRAY(e, m->facts.loaders->entries, m->facts.loaders->n_entries)
                assert_int_equal(string_list_add(&e->early, "/boot/" NAME_CLAIM_IMAGE_FILE), 0);
        /* the edit of its sources was judged elsewhere */
        machine_set_source(m, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on ptprep.claim=1\"\n"
                              "GRUB_EARLY_INITRD_LINUX_CUSTOM=" NAME_CLAIM_IMAGE_FILE "\n");
        machine_judge(m);
}

static void expect(const Machine *m, Result result, const char *text)
{
        const Finding *worst = NULL;

        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                if (streq(f->check, "image.current") && (!worst || f->result > worst->result))
                        worst = f;
        if (!worst || worst->result != result || !strstr(worst->detail, text))
                fail_msg("%s \"%s\", expected %s \"%s\"", worst ? result_to_string(worst->result) : "nothing",
                         worst ? worst->detail : "", result_to_string(result), text);
}

/* Kernels that come later have it as well, and one without the variant would leave the device on no driver. */
static void it_has_no_variants(void **state)
{
        Machine *m = *state;
        PciFunction *function = machine_function(m, "0000:00:04.0");
        const Finding *told = NULL;

        set_up(m);
        m->config.devices[0].best = true;
        set_text(&function->driver, "vfio-pci");
        set_text(&function->variant, "mlx5_vfio_pci");
        m->config.claim = CLAIM_WAY_INITRAMFS;
        machine_judge(m);
        assert_false(m->wanted.in_claim_image);
        assert_non_null(strstr(m->wanted.claims, " variant=mlx5_vfio_pci"));
        set_text(&m->facts.claims, m->wanted.claims);
        m->config.claim = CLAIM_WAY_AUTO;
        machine_judge(m);
        assert_true(m->wanted.in_claim_image);
        assert_null(strstr(m->wanted.claims, "variant="));
        assert_null(strstr(m->wanted.modules_load, "mlx5_vfio_pci"));
        FOREACH_ARRAY(f, m->findings.items, m->findings.n)
                if (streq(f->check, "device.driver"))
                        told = f;
        assert_non_null(told);
        assert_int_equal(told->result, RESULT_OK);
        assert_non_null(strstr(told->detail, ": the claim image, which serves kernels that are installed later too, "
                                             "takes vfio-pci; while no guest has it, \"ptprep release nic0\" and "
                                             "then \"ptprep claim nic0\" give it to mlx5_vfio_pci"));
        /* of one that is away it keeps none either */
        m->config.devices[0].optional = true;
        function->addr.slot = 9;
        machine_judge(m);
        assert_null(strstr(m->wanted.claims, "variant="));
        m->config.devices[0].best = false;
}

/* Index of the first step of a kind; -1: none. */
static int step_at(const Machine *m, StepKind kind)
{
        for (size_t i = 0; i < m->plan.n; i++)
                if (m->plan.steps[i].kind == kind)
                        return (int) i;
        return -1;
}

static void it_is_there_before_it_is_named(void **state)
{
        Machine *m = *state;
        int image, menu;

        set_up(m);
        machine_judge(m);
        expect(m, RESULT_FAIL, "does not exist");
        assert_true(m->wanted.in_claim_image);
        assert_int_equal(m->wanted.image_digest, 0);
        assert_non_null(strstr(m->wanted.claims, " later=yes root="));
        image = step_at(m, STEP_CLAIM_IMAGE);
        menu = step_at(m, STEP_MKCONFIG);
        assert_true(image >= 0 && menu > image);
        assert_string_equal(m->plan.steps[image].claim_image.claims, m->wanted.claims);
        assert_string_equal(m->plan.steps[menu].menu.early, NAME_CLAIM_IMAGE_FILE);
        assert_int_equal(step_at(m, STEP_REBUILD_IMAGE), -1);
}

static void what_is_judged_of_it(void **state)
{
        Machine *m = *state;
        BootEntry *e;

        set_up(m);
        settle(m);
        expect(m, RESULT_OK, "and every entry loads it");
        machine_expect_exit(m, REPORT_CHECK, EXIT_READY, 0);
        m->facts.claim_image.hash++;
        machine_judge(m);
        expect(m, RESULT_FAIL, "has another claim list");
        assert_int_equal(m->plan.n, 1);
        assert_int_equal(m->plan.steps[0].kind, STEP_CLAIM_IMAGE);
        m->facts.claim_image.hash--;
        /* a recovery entry may have it or not, each other one has to */
        e = m->facts.loaders->entries;
        string_list_done(&e[1].early);
        machine_judge(m);
        machine_expect_exit(m, REPORT_CHECK, EXIT_READY, 0);
        string_list_done(&e[0].early);
        machine_judge(m);
        expect(m, RESULT_FAIL, "is not loaded by this entry yet");
        assert_int_equal(step_at(m, STEP_CLAIM_IMAGE), -1);
        assert_true(step_at(m, STEP_MKCONFIG) >= 0);
}

/* One in the image itself is unpacked later, and would count. */
static void a_list_in_an_image_goes(void **state)
{
        Machine *m = *state;
        int at;

        set_up(m);
        m->config.claim = CLAIM_WAY_IMAGE;
        m->facts.builders[BUILDER_INITRAMFS_TOOLS].installed = TRISTATE_NO;
        m->facts.builders[BUILDER_INITRAMFS_TOOLS].active = TRISTATE_NO;
        m->facts.builders[BUILDER_DRACUT].installed = m->facts.builders[BUILDER_DRACUT].active = TRISTATE_YES;
        m->facts.kernels->image.maker = BUILDER_DRACUT;
        m->facts.kernels->image.digest = 1234;
        settle(m);
        m->facts.kernels->image.digest = 1234;
        machine_judge(m);
        expect(m, RESULT_FAIL, "has a claim list of its own in it");
        at = step_at(m, STEP_REBUILD_IMAGE);
        assert_true(at >= 0);
        assert_true(m->plan.steps[at].image.bare);
        assert_false(m->plan.steps[at].image.may_stay);
        assert_int_equal(m->plan.steps[at].image.modules.n, 0);
}

/* Is the claim list put into the images, for this reason? NULL: no. */
static void expect_images(Machine *m, const char *obstacle)
{
        machine_judge(m);
        assert_int_equal(m->wanted.in_claim_image, !obstacle);
        assert_int_equal(step_at(m, STEP_CLAIM_IMAGE) >= 0, !obstacle);
        assert_int_equal(step_at(m, STEP_REBUILD_IMAGE) >= 0, !!obstacle);
        assert_int_equal(!m->wanted.claim_image_obstacle, !obstacle);
        if (obstacle && !strstr(m->wanted.claim_image_obstacle, obstacle))
                fail_msg("\"%s\", expected \"%s\"", m->wanted.claim_image_obstacle, obstacle);
}

static void where_it_cannot_be_used(void **state)
{
        static const struct {
                LoaderKind kind;
                const char *obstacle;
        } rows[] = {
                { LOADER_PROXMOX, "proxmox: proxmox-boot-tool copies kernels and their images" },
                { LOADER_OSTREE, "ostree: the entry of a deployment has the one image" },
                { LOADER_BOOTC, "bootc: systems that are installed from this image" },
                { LOADER_GRUB_LEGACY, "grub-legacy: it loads one image for a kernel" },
                { LOADER_UKI, "uki: " },
        };
        Machine *m = *state;
        Loader *l;
        KernelRelease *k;

        set_up(m);
        l = m->facts.loaders;
        k = m->facts.kernels;
        expect_images(m, NULL);
        set_text(&l->entries[0].hypervisor, "/xen.gz");
        expect_images(m, "grub2: its menu boots Linux under Xen");
        l->entries[0].foreign = true; /* of another system, on another disk */
        expect_images(m, NULL);
        set_text(&l->entries[0].hypervisor, NULL);
        l->entries[0].foreign = false;
        l->early_variable = false;
        expect_images(m, "GRUB 2.04");
        l->early_variable = true;
        set_text(&k->kernel, "/vmlinuz-6.1.0-1-amd64");
        expect_images(m, "does not lie in /boot");
        set_text(&k->kernel, "/boot/vmlinuz-6.1.0-1-amd64");
        m->facts.claim_image.has_helper = TRISTATE_NO;
        expect_images(m, "built without " NAME_STATIC_HELPER);
        m->facts.claim_image.has_helper = TRISTATE_YES;
        set_text(&m->facts.claim_image.helper, NULL);
        expect_images(m, "missing or damaged");
        set_text(&m->facts.claim_image.helper, "\177ELF static");
        l->menu_from_bls = true;
        machine_judge(m);
        assert_non_null(
                strstr(m->wanted.claim_image_obstacle, "boot loader specification entries, and there are none"));
        l = array_grow(&m->facts.loaders, m->facts.n_loaders);
        assert_non_null(l);
        *l = (Loader){ .kind = LOADER_BLS, .readable = TRISTATE_YES };
        m->facts.n_loaders++;
        machine_judge(m);
        assert_non_null(strstr(m->wanted.claim_image_obstacle, "bls: none of its entries has an initramfs"));
        /* a directory of its own: GRUB's script, which would look beside it, makes no entry */
        set_text(&l->early_directory, NAME_BOOT);
        set_text(&k->kernel, "/boot/0123/6.1.0-1-amd64/linux");
        machine_judge(m);
        assert_null(m->wanted.claim_image_obstacle);
        assert_true(m->wanted.in_claim_image);
        set_text(&k->kernel, "/boot/vmlinuz-6.1.0-1-amd64");
        set_text(&l->unused, "nobody starts it");
        l = m->facts.loaders;
        l->menu_from_bls = false;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                l->kind = row->kind;
                machine_judge(m);
                if (!m->wanted.claim_image_obstacle || !strstr(m->wanted.claim_image_obstacle, row->obstacle))
                        fail_msg("\"%s\", expected \"%s\"", m->wanted.claim_image_obstacle ?: "", row->obstacle);
        }
        l->kind = LOADER_GRUB2;
}

/* Several boot loaders, and what else writes their entries. */
static void where_the_machine_stands_in_the_way(void **state)
{
        Machine *m = *state;
        Loader *more;
        OtherLoader *o;

        set_up(m);
        set_text(&m->facts.loaders->early_directory, NAME_BOOT);
        more = array_grow(&m->facts.loaders, m->facts.n_loaders);
        assert_non_null(more);
        *more = (Loader){ .kind = LOADER_SYSTEMD_BOOT, .readable = TRISTATE_YES, .early_directory = copy("/boot/efi") };
        m->facts.n_loaders++;
        expect_images(m, "load from /boot, and from /boot/efi");
        set_text(&more->unused, "not what boots");
        expect_images(m, NULL);
        o = array_grow(&m->facts.others, m->facts.n_others);
        assert_non_null(o);
        *o = (OtherLoader){ .name = copy("kernelstub"), .found = copy("/c"), .where = copy("/c"), .helper = true };
        m->facts.n_others++;
        expect_images(m, "kernelstub writes the boot entries anew, without it");
}

/* With systemd-boot it is on that partition; kernels lie wherever they want to. */
static void it_lies_where_the_entries_load_from(void **state)
{
        Machine *m = *state;
        Loader *l;
        int image;

        set_up(m);
        l = m->facts.loaders;
        l->kind = LOADER_SYSTEMD_BOOT;
        l->early_variable = false;
        set_text(&l->early_directory, "/efi");
        set_text(&m->facts.claim_image.path, "/efi/" NAME_CLAIM_IMAGE_FILE);
        set_text(&m->facts.kernels->kernel, "/lib/modules/6.1.0-1-amd64/vmlinuz");
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                set_text(&e->file, "/efi/loader/entries/a.conf");
        machine_judge(m);
        assert_null(m->wanted.claim_image_obstacle);
        expect(m, RESULT_FAIL, "does not exist");
        image = step_at(m, STEP_CLAIM_IMAGE);
        assert_true(image >= 0);
        assert_string_equal(m->plan.steps[image].path, "/efi/" NAME_CLAIM_IMAGE_FILE);
}

/* Unified images have theirs in an addon, and the arguments too: nothing of them is built again. */
static void in_an_addon(void **state)
{
        Machine *m = *state;
        Loader *l;
        const size_t devices = m->config.n_devices;
        const ClaimImageStep *s;
        uint64_t hash;

        set_up(m);
        m->config.claim = CLAIM_WAY_IMAGE;
        l = m->facts.loaders;
        l->kind = LOADER_SYSTEMD_BOOT;
        l->early_variable = false;
        l->early_addon = m->facts.claim_image.addon = true;
        set_text(&l->early_directory, "/efi/loader/addons");
        set_text(&m->facts.claim_image.path, "/efi/" NAME_CLAIM_ADDON);
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                e->embedded = true;
                e->image_size = 5;
                set_text(&e->initrd, NULL);
                set_text(&e->file, "/efi/EFI/Linux/a.efi");
                set_text(&e->image, "/efi/EFI/Linux/a.efi");
                set_text(&e->obstacle, "somebody made it");
        }
        machine_judge(m);
        expect(m, RESULT_FAIL, "does not exist");
        assert_int_equal(step_at(m, STEP_COMMAND), -1);
        s = &m->plan.steps[step_at(m, STEP_CLAIM_IMAGE)].claim_image;
        assert_non_null(strstr(s->words, "ptprep.claim=1"));
        assert_non_null(strstr(s->words, "intel_iommu=on"));
        /* other arguments make another one */
        hash = m->wanted.claim_image;
        m->config.argument = ARGUMENT_NEVER;
        machine_judge(m);
        assert_true(m->wanted.claim_image != hash);
        m->config.argument = ARGUMENT_ALWAYS;
        /* it is there, and each image that it was read beside has it */
        m->facts.claim_image.exists = TRISTATE_YES;
        m->facts.claim_image.hash = hash;
        machine_judge(m);
        expect(m, RESULT_FAIL, "is not loaded by this entry yet");
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                assert_int_equal(string_list_add(&e->early, "/efi/" NAME_CLAIM_ADDON), 0);
        machine_judge(m);
        expect(m, RESULT_OK, "and every entry loads it");
        /* what makes the image inside, which nobody here looks after, has to start it all the same */
        m->facts.kernels->loaded = calloc(1, sizeof(LoadedImage));
        assert_non_null(m->facts.kernels->loaded);
        m->facts.kernels->n_loaded = 1;
        *m->facts.kernels->loaded = (LoadedImage){ .path = copy("/efi/EFI/Linux/a.efi"), .by_tool = true };
        m->facts.kernels->loaded->image.maker = BUILDER_DRACUT;
        machine_judge(m);
        assert_null(m->wanted.claim_image_obstacle);
        m->facts.kernels->loaded->image.maker = BUILDER_BOOSTER;
        machine_judge(m);
        assert_non_null(strstr(m->wanted.claim_image_obstacle, "nothing in an image of"));
        /* no entry names it: it may go while they are as they are */
        m->config.n_devices = 0;
        machine_judge(m);
        m->config.n_devices = devices;
        assert_true(step_at(m, STEP_CLAIM_IMAGE) >= 0);
        assert_null(m->plan.steps[step_at(m, STEP_CLAIM_IMAGE)].claim_image.claims);
}

/* The one that GRUB loaded, while systemd-boot boots the machine. */
static void one_of_before_goes(void **state)
{
        Machine *m = *state;
        int image;

        set_up(m);
        settle(m);
        assert_int_equal(m->plan.n, 0);
        set_text(&m->facts.loaders->early_directory, NAME_BOOT);
        assert_int_equal(string_list_add(&m->facts.claim_image.left, "/efi/" NAME_CLAIM_IMAGE_FILE), 0);
        machine_judge(m);
        image = step_at(m, STEP_CLAIM_IMAGE);
        assert_true(image >= 0);
        assert_string_equal(m->plan.steps[image].path, "/efi/" NAME_CLAIM_IMAGE_FILE);
        assert_null(m->plan.steps[image].claim_image.claims);
        /* entries of that other loader name it still */
        set_text(&m->facts.loaders->early_directory, "/efi");
        machine_judge(m);
        assert_int_equal(step_at(m, STEP_CLAIM_IMAGE), -1);
}

/* What is asked for and cannot be had is no reason to do something else. */
static void what_was_asked_for_is_done_or_nothing(void **state)
{
        Machine *m = *state;

        set_up(m);
        m->config.claim = CLAIM_WAY_IMAGE;
        m->facts.claim_image.has_helper = TRISTATE_NO;
        machine_judge(m);
        expect(m, RESULT_BLOCKED,
               "which [agent] claim = image asks for, cannot be used: this ptprep was built without");
        assert_int_equal(m->plan.n, 0);
        m->facts.claim_image.has_helper = TRISTATE_YES;
        m->config.claim = CLAIM_WAY_INITRAMFS;
        machine_judge(m);
        assert_false(m->wanted.in_claim_image);
        assert_null(m->wanted.claim_image_obstacle);
        assert_true(step_at(m, STEP_REBUILD_IMAGE) >= 0);
        m->config.claim = CLAIM_WAY_AUTO;
        m->facts.builders[BUILDER_BOOSTER].active = TRISTATE_YES;
        m->facts.builders[BUILDER_INITRAMFS_TOOLS].active = TRISTATE_NO;
        m->facts.kernels->image.maker = BUILDER_BOOSTER;
        machine_judge(m);
        expect(m, RESULT_BLOCKED, "nothing in an image of booster would start");
        assert_int_equal(m->plan.n, 0);
}

/* An entry that names a file which is not there does not boot. */
static void it_goes_when_no_entry_names_it(void **state)
{
        Machine *m = *state;
        const size_t devices = m->config.n_devices;
        int image;

        set_up(m);
        settle(m);
        m->config.n_devices = 0;
        machine_judge(m);
        image = step_at(m, STEP_CLAIM_IMAGE);
        assert_true(step_at(m, STEP_MKCONFIG) >= 0 && image > step_at(m, STEP_MKCONFIG));
        assert_null(m->plan.steps[image].claim_image.claims);
        assert_null(m->plan.steps[step_at(m, STEP_MKCONFIG)].menu.early);
        /* nobody makes the menu anew: the image stays */
        string_list_done(&m->facts.loaders->mkconfig);
        machine_judge(m);
        assert_int_equal(step_at(m, STEP_CLAIM_IMAGE), -1);
        expect(m, RESULT_BLOCKED, "would not boot without it: it stays");
        m->config.n_devices = devices;
}

/* Whatever stands in the way of the rest. */
static void a_shorter_list_gets_into_it(void **state)
{
        Machine *m = *state;
        int image;

        set_up(m);
        machine_add_device(m, "disk", "0000:00:03.0", "1af4:1042");
        machine_add_device(m, "gone", "0000:00:06.0", "8086:10d3");
        settle(m);
        m->config.n_devices = 2;
        machine_judge(m);
        assert_int_equal(finding_worst(&m->findings), RESULT_BLOCKED);
        image = step_at(m, STEP_CLAIM_IMAGE);
        assert_true(image >= 0);
        assert_null(strstr(m->plan.steps[image].claim_image.claims, "0000:00:06.0"));
        assert_non_null(strstr(m->plan.steps[image].claim_image.claims, "0000:00:04.0"));
        assert_int_equal(step_at(m, STEP_MKCONFIG), -1);
        m->config.n_devices = 3;
}

static void it_is_named_before_anything_is_configured(void **state)
{
        Machine *m = *state;
        const size_t devices = m->config.n_devices;

        set_up(m);
        m->config.n_devices = 0;
        machine_judge(m);
        expect(m, RESULT_OK, "the initramfs of this host is made by initramfs-tools, which ptprep can use");
        m->facts.builders[BUILDER_INITRAMFS_TOOLS].active = m->facts.builders[BUILDER_INITRAMFS_TOOLS].installed =
                TRISTATE_NO;
        m->facts.builders[BUILDER_BOOSTER].active = m->facts.builders[BUILDER_BOOSTER].installed = TRISTATE_YES;
        m->facts.kernels->image.maker = BUILDER_BOOSTER;
        machine_judge(m);
        expect(m, RESULT_SKIPPED, "is made by booster");
        m->config.n_devices = devices;
}

#define MACHINE_TEST(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                MACHINE_TEST(it_is_there_before_it_is_named),
                MACHINE_TEST(what_is_judged_of_it),
                MACHINE_TEST(it_has_no_variants),
                MACHINE_TEST(a_list_in_an_image_goes),
                MACHINE_TEST(where_it_cannot_be_used),
                MACHINE_TEST(where_the_machine_stands_in_the_way),
                MACHINE_TEST(it_lies_where_the_entries_load_from),
                MACHINE_TEST(in_an_addon),
                MACHINE_TEST(one_of_before_goes),
                MACHINE_TEST(what_was_asked_for_is_done_or_nothing),
                MACHINE_TEST(it_goes_when_no_entry_names_it),
                MACHINE_TEST(a_shorter_list_gets_into_it),
                MACHINE_TEST(it_is_named_before_anything_is_configured),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
