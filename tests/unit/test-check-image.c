/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/image-builder.h"
#include "judged.h"

/* Checks of the images of kernels, and of who makes them. */

static void images(void **state)
{
        Machine *m = *state;
        KernelRelease *k = machine_add_kernel(m, "6.12.0-1-amd64", false);

        machine_settle(m);
        machine_judge(m);
        expect_exit(m, EXIT_READY, 0);
        k->image.digest = 0;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "/boot/initrd.img-6.12.0-1-amd64 has no claim list");
        k->image.digest = 1;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "another claim list");
        assert_int_equal(m->plan.n, 2);
        assert_int_equal(m->plan.steps[0].kind, STEP_REBUILD_IMAGE);
        assert_string_equal(m->plan.steps[0].image.release, "6.12.0-1-amd64"); /* only the one that is stale */
        assert_int_equal(m->plan.steps[1].kind, STEP_STAMP_IMAGES);
        machine_settle(m);
        k->image.stamped = false; /* built by somebody else, and already right: only remembered */
        machine_judge(m);
        assert_int_equal(m->plan.n, 1);
        assert_int_equal(m->plan.steps[0].kind, STEP_STAMP_IMAGES);
        k->image.exists = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "does not exist");
        k->image.exists = true;
        k->has_stub[STUB_VFIO_PCI] = TRISTATE_NO;
        machine_judge(m);
        expect(m, "image.current", RESULT_WARN, "no vfio-pci driver");
        k->has_stub[STUB_VFIO_PCI] = TRISTATE_YES;
        k->image.known = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_UNKNOWN, "cannot tell");
        m->facts.builders[BUILDER_DRACUT].installed = TRISTATE_NO;
        k->image.known = true;
        k->image.digest = 0;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "is made by dracut, which is not installed");
        m->facts.helper_runs = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "helper is damaged");
        m->facts.helper_present = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "helper is missing");
        expect_exit(m, EXIT_BLOCKED, 0);
}

static void no_kernel(void **state)
{
        Machine *m = *state;
        size_t n;

        machine_settle(m);
        n = m->facts.n_kernels;
        m->facts.n_kernels = 0;
        machine_judge(m);
        expect(m, "image.current", RESULT_UNKNOWN, "no installed kernel found in /lib/modules and /boot");
        assert_non_null(strstr(find_cure(m, "image.current"), "its modules in /lib/modules"));
        m->facts.n_kernels = n;
}

/* What boots by default loads something else than what is judged: no reboot is promised to help. */
static void image_not_seen(void **state)
{
        Machine *m = *state;
        BootEntry *e = m->facts.loaders->entries;

        machine_settle(m);
        m->facts.kernels->in_menu = true;
        e->is_default = true;
        set_text(&e->initrd, "/mine.img");
        e->image_unseen = true;
        machine_judge(m);
        expect(m, "image.current", RESULT_UNKNOWN, "boots by default: /mine.img is not found");
        assert_false(next_boot_prepared(&m->judgement));
        assert_true(next_boot_lacks_copy(&m->judgement));
        e->image_unseen = false;
        e->image_none = true;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "loads no initramfs");
        assert_false(next_boot_prepared(&m->judgement));
        /* nor anything of one that another program has written, or that nobody starts unasked */
        e->foreign = true;
        machine_judge(m);
        expect(m, "image.current", RESULT_OK, "present claim list");
        e->foreign = false;
        e->is_default = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_OK, "present claim list");
        assert_true(next_boot_prepared(&m->judgement));
        /* the helper that ran in this boot was in what is loaded */
        e->is_default = true;
        set_text(&m->facts.claim_result, "0000:00:04.0 claimed vfio-pci\n");
        machine_judge(m);
        expect(m, "image.current", RESULT_OK, "present claim list");
        assert_true(next_boot_prepared(&m->judgement));
}

/* Bits of BuilderKind. */
#define D  (1U << BUILDER_DRACUT)
#define IT (1U << BUILDER_INITRAMFS_TOOLS)
#define BO (1U << BUILDER_BOOSTER)
#define MK (1U << BUILDER_MKINITCPIO)
#define MO (1U << BUILDER_MKOSI_INITRD)

/* Who builds an image follows from who made it, whose hooks are there, and what is installed, in this order. */
static void image_owners(void **state)
{
        static const struct {
                bool exists;
                BuilderKind maker, sibling;
                unsigned active, installed;
                BuilderKind owner;
                const char *reason; /* NULL: it can be built */
        } cases[] = {
                { true, BUILDER_DRACUT, 0, D, D, BUILDER_DRACUT, NULL },
                { true, BUILDER_DRACUT, 0, 0, D, BUILDER_DRACUT, NULL },
                { true, BUILDER_DRACUT, 0, D | IT, D | IT, BUILDER_DRACUT, NULL },
                { true, BUILDER_DRACUT, 0, 0, 0, BUILDER_DRACUT, "is made by dracut, which is not installed" },
                /* dracut-core beside initramfs-tools; and what was made by dracut in such a place once */
                { true, BUILDER_INITRAMFS_TOOLS, 0, IT, D | IT, BUILDER_INITRAMFS_TOOLS, NULL },
                { true, BUILDER_INITRAMFS_TOOLS, 0, D | IT, D | IT, BUILDER_INITRAMFS_TOOLS, NULL },
                { true, BUILDER_INITRAMFS_TOOLS, 0, 0, D, BUILDER_INITRAMFS_TOOLS,
                  "is made by initramfs-tools, which is not installed" },
                { true, BUILDER_BOOSTER, 0, BO, D | BO, BUILDER_BOOSTER, "is made by booster (its files are" },
                { true, BUILDER_BOOSTER, 0, D | BO, D | BO, BUILDER_BOOSTER, "its files are inside" },
                { true, BUILDER_DRACUT, 0, IT, D | IT, BUILDER_UNKNOWN,
                  "was made by dracut, but those of new kernels are made by initramfs-tools" },
                { true, BUILDER_DRACUT, 0, IT | BO, D | IT | BO, BUILDER_UNKNOWN, "by initramfs-tools and booster" },
                { true, BUILDER_MKINITCPIO, 0, MK, D | MK, BUILDER_MKINITCPIO, NULL },
                /* the host has changed over to another one */
                { true, BUILDER_INITRAMFS_TOOLS, 0, D, D, BUILDER_DRACUT, NULL },
                { true, BUILDER_DRACUT, 0, BO, BO, BUILDER_BOOSTER, "hook-of-booster makes the next)" },
                /* no mark of anybody: whoever made it, it was none of those that leave one */
                { true, BUILDER_OTHER, 0, 0, D, BUILDER_OTHER, "by a program that ptprep does not know" },
                { true, BUILDER_OTHER, 0, D, D, BUILDER_OTHER, "by a program that ptprep does not know" },
                { true, BUILDER_OTHER, 0, MO, D | MO, BUILDER_MKOSI_INITRD, "is made by mkosi-initrd (hook-of-mkosi" },
                /* it could not be read */
                { true, 0, 0, D, D, BUILDER_DRACUT, NULL },
                { true, 0, 0, IT, D | IT, BUILDER_INITRAMFS_TOOLS, NULL },
                { true, 0, 0, BO, D | BO, BUILDER_BOOSTER, "(hook-of-booster makes the next)" },
                { true, 0, 0, D | IT, D | IT, BUILDER_UNKNOWN,
                  "which program makes /boot/initrd.img-6.12.0-1-amd64: dracut" },
                { true, 0, 0, 0, D, BUILDER_UNKNOWN, "cannot tell which program makes /boot" },
                { true, 0, BUILDER_DRACUT, 0, D, BUILDER_DRACUT, NULL },
                { true, 0, BUILDER_BOOSTER, 0, D | BO, BUILDER_BOOSTER, "(as other images here)" },
                /* there is none yet */
                { false, 0, 0, D, D, BUILDER_DRACUT, NULL },
                { false, 0, 0, 0, D, BUILDER_DRACUT, NULL },
                { false, 0, 0, 0, D | IT, BUILDER_UNKNOWN, "cannot tell which program makes" },
                { false, 0, BUILDER_BOOSTER, BO, D | BO, BUILDER_BOOSTER, "(as other images here, and hook-of-bo" },
                { false, 0, BUILDER_OTHER, 0, 0, BUILDER_UNKNOWN, "no program is found that makes /boot/initrd" },
                { false, 0, 0, 0, 0, BUILDER_UNKNOWN, "no program is found that makes /boot/initrd" },
        };
        Machine *m = *state;
        KernelRelease *k = machine_add_kernel(m, "6.12.0-1-amd64", false);

        machine_settle(m);
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                for (BuilderKind b = _BUILDER_FIRST; b < _BUILDER_MAX; b++) {
                        char hook[64];

                        (void) snprintf(hook, sizeof(hook), "hook-of-%s", builder_kind_to_string(b));
                        m->facts.builders[b].active = (c->active >> b & 1) != 0;
                        m->facts.builders[b].installed = (c->installed >> b & 1) != 0;
                        set_text(&m->facts.builders[b].hook, m->facts.builders[b].active ? hook : NULL);
                }
                m->facts.kernels[0].image.maker = c->sibling;
                k->image.exists = c->exists;
                k->image.known = c->maker != BUILDER_UNKNOWN;
                k->image.digest = 0;
                k->image.maker = c->maker;
                assert_int_equal(image_owner(&m->facts, &k->image).kind, c->owner);
                machine_judge(m);
                if (c->reason)
                        expect(m, "image.current", RESULT_BLOCKED, c->reason);
                else
                        assert_int_not_equal(find(m, "image.current")->result, RESULT_BLOCKED);
                assert_true(c->reason ? m->plan.n == 0 : m->plan.n > 0);
                /* nothing is built over what another program made */
                FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                        if (s->kind == STEP_REBUILD_IMAGE)
                                assert_int_equal(s->image.builder, c->owner);
        }
        /* unknown is no "nobody does" */
        m->facts.builders[BUILDER_DRACUT].installed = TRISTATE_YES;
        m->facts.builders[BUILDER_BOOSTER].active = TRISTATE_UNKNOWN;
        machine_judge(m);
        expect(m, "image.current", RESULT_BLOCKED, "cannot tell which program makes");
}

/* Before anything is configured the check says whether it could be. */
static void the_builder_is_named_early(void **state)
{
        Machine *m = *state;

        m->config.n_devices = 0;
        m->facts.kernels[0].image.digest = 0;
        machine_judge(m);
        expect(m, "image.current", RESULT_OK, "the initramfs of this host is made by dracut, which ptprep can use");
        m->facts.builders[BUILDER_DRACUT].active = TRISTATE_NO;
        m->facts.builders[BUILDER_BOOSTER].active = TRISTATE_YES;
        machine_judge(m);
        expect(m, "image.current", RESULT_SKIPPED, "is made by booster");
        expect_exit(m, EXIT_READY, m->plan.n);
        m->config.n_devices = 1; /* what is released */
}

/* systemd-boot loads a copy of the image that /boot has: both are judged, and what is loaded is made right last. */
static void loaded_images(void **state)
{
        Machine *m = *state;
        KernelRelease *k = m->facts.kernels;
        LoadedImage *l = array_grow(&k->loaded, k->n_loaded++);

        assert_non_null(l);
        set_text(&l->path, "/efi/0123/6.1.0-1-amd64/initrd.img-6.1.0-1-amd64");
        machine_settle(m);
        l->image = k->image;
        machine_judge(m);
        expect_exit(m, EXIT_READY, 0);
        l->image.digest = 0;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "/efi/0123/6.1.0-1-amd64/initrd.img-6.1.0-1-amd64 has no claim list");
        assert_int_equal(m->plan.n, 2);
        assert_int_equal(m->plan.steps[0].kind, STEP_COPY_IMAGE);
        assert_string_equal(m->plan.steps[0].path, l->path);
        assert_string_equal(m->plan.steps[0].copy.from, k->initrd);
        assert_int_equal(m->plan.steps[1].kind, STEP_STAMP_IMAGES);
        assert_string_equal(m->plan.steps[1].stamp.images[1].key, l->path); /* remembered by its path */
        k->image.digest = 0;
        machine_judge(m);
        assert_int_equal(m->plan.n, 3);
        assert_int_equal(m->plan.steps[0].kind, STEP_REBUILD_IMAGE);
        assert_int_equal(m->plan.steps[1].kind, STEP_COPY_IMAGE);
        k->initrd_loaded = true; /* two images that are not the same: neither becomes the other */
        machine_judge(m);
        assert_int_equal(m->plan.n, 3);
        assert_int_equal(m->plan.steps[1].kind, STEP_REBUILD_IMAGE);
        assert_string_equal(m->plan.steps[1].path, l->path);
        assert_string_equal(m->plan.steps[1].image.release, k->release);
        k->initrd_loaded = false;
        machine_settle(m);
        l->image.exists = false;
        machine_judge(m);
        expect(m, "image.current", RESULT_FAIL, "initrd.img-6.1.0-1-amd64 does not exist");
        assert_int_equal(m->plan.steps[0].kind, STEP_COPY_IMAGE);
        l->image = k->image;
        l->image.stamped = false;
        machine_judge(m);
        assert_int_equal(m->plan.n, 1);
        assert_int_equal(m->plan.steps[0].kind, STEP_STAMP_IMAGES);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(images),        T(no_kernel), T(image_not_seen), T(image_owners), T(the_builder_is_named_early),
                T(loaded_images),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
