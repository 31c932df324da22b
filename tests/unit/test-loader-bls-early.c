/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claim image where GRUB reads the entries. In Red Hat's a variable of the environment block has it loaded in front
 * of the images of all entries; any other one needs a line in each. */
#include "base/text.h"
#include "bls-host.h"

#define SCRIPT "/usr/lib/kernel/install.d/20-grub.install"
#define BLOCK  "saved_entry=id-6.1.0\nboot_success=1\n"

static void assert_block(const Tree *t, const char *lines)
{
        _cleanup_free_ char *s = block(lines);

        assert_file(t, ENV, s);
}

static void red_hat(const Tree *t)
{
        fedora(t);
        tree_file(t, SCRIPT, "");
        edit_in_claim_image = true;
}

/* Do all entries load it, and what is in front of it? */
static void expect_loaded(const Tree *t, size_t early, const char *first)
{
        Loader *all;
        size_t n;
        const Loader *l = find(t, LOADER_BLS, &all, &n);

        assert_non_null(l);
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                assert_int_equal(boot_entry_loads_early(e, NAME_CLAIM_IMAGE_FILE), early > 0);
                assert_int_equal(e->early.n, early);
                if (early > 0)
                        assert_string_equal(path_base(e->early.items[0]), first);
        }
        loaders_free(all, n);
}

static void the_variable_gets_it(void **state)
{
        const Tree *t = *state;

        red_hat(t);
        expect_loaded(t, 0, NULL);
        assert_true(edit(t, OURS, REMOVE, 0) > 0);
        assert_block(t, BLOCK "early_initrd=ptprep-claim.img\n");
        expect_loaded(t, 1, "ptprep-claim.img");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        edit_in_claim_image = false;
        assert_true(edit(t, "", "", 0) > 0);
        assert_block(t, BLOCK);
        assert_int_equal(edit(t, "", "", 0), 0);
}

/* GRUB writes to the block at each boot; an empty variable would have it load a directory, and fail. */
static void nothing_empty_is_left(void **state)
{
        const Tree *t = *state;

        red_hat(t);
        assert_true(edit(t, OURS, REMOVE, 0) > 0);
        put_block(t, ENV, "saved_entry=id-6.2.0\nearly_initrd=ptprep-claim.img\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        edit_in_claim_image = false;
        assert_true(edit(t, "", "", 0) > 0);
        assert_block(t, "saved_entry=id-6.2.0\n");
}

/* What somebody else has in it stays, and stays first; another way is chosen: the words in the entries stay. */
static void others_keep_theirs(void **state)
{
        const Tree *t = *state;

        red_hat(t);
        put_block(t, ENV, "early_initrd=acpi.img\n");
        assert_true(edit(t, OURS, REMOVE, 0) > 0);
        assert_block(t, "early_initrd=acpi.img ptprep-claim.img\n");
        expect_loaded(t, 2, "acpi.img");
        edit_in_claim_image = false;
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        assert_block(t, "early_initrd=acpi.img\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
}

/* One step for the block where words of entries live in it as well. */
static void beside_shared_words(void **state)
{
        const Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        size_t n = 0;

        red_hat(t);
        tree_file(t, ENTRIES "id-6.1.0.conf", "version 6.1.0\nlinux /vmlinuz-6.1.0\ninitrd /i\noptions $kernelopts\n");
        put_block(t, ENV, "kernelopts=ro\n");
        assert_int_equal(edit_plan(t, OURS, REMOVE, &p), 0);
        FOREACH_ARRAY(s, p.steps, p.n)
                n += step_file(s) && streq(s->path, ENV);
        assert_int_equal(n, 1);
        edit_put(t, &p, p.n);
        assert_block(t, "kernelopts=ro " OURS "\nearly_initrd=ptprep-claim.img\n");
        edit_in_claim_image = false;
        assert_true(edit(t, "", "", 0) > 0);
        assert_block(t, "kernelopts=ro\n");
}

static void expect_obstacle(const Tree *t, const char *text)
{
        Loader *all;
        size_t n;
        const Loader *l = find(t, LOADER_BLS, &all, &n);
        const char *obstacle = l ? loader_early_obstacle(l) : "no loader";

        if (!obstacle != !text || (text && !strstr(obstacle, text)))
                fail_msg("\"%s\", expected \"%s\"", obstacle ?: "", text ?: "");
        loaders_free(all, n);
}

static void where_it_cannot_be_used(void **state)
{
        const Tree *t = *state;
        static const char entry[] = "version 6.0\nlinux %s/vmlinuz\ninitrd %s/initrd\n";
        _cleanup_free_ char *own = NULL, *boot = NULL;

        red_hat(t);
        expect_obstacle(t, NULL);
        assert_true(asprintf(&own, entry, "/0123/6.0", "/0123/6.0") > 0 &&
                    asprintf(&boot, entry, "/boot", "/boot") > 0);
        tree_file(t, ENTRIES "id-6.0.conf", own);
        expect_obstacle(t, "a directory of its own");
        tree_file(t, ENTRIES "id-6.0.conf", boot);
        expect_obstacle(t, NULL);
        tree_file(t, CFG, "set early_initrd=\"acpi.img\"\nblscfg\n");
        expect_obstacle(t, "grub.cfg sets the variable early_initrd");
        tree_file(t, CFG, blscfg);
        assert_int_equal(root_file_remove(t->rfd, ENV), 0);
        expect_obstacle(t, "no environment block");
}

#define MODULES      "/boot/grub2/x86_64-efi/"
#define OTHER_MODULE "/boot/grub2/i386-pc/blscfg.mod"
#define LITERAL      ENTRIES "literal.conf"
#define KERNEL       "version 6.1.0\nlinux /vmlinuz-6.1.0\n"
#define OWN_IMAGE    "initrd /0123/6.1.0/initrd.img-6.1.0\n"

/* GRUB as released, and images of initramfs-tools on a file system of their own. */
static void upstream(const Tree *t)
{
        tree_file(t, CFG, blscfg);
        put_block(t, ENV, "boot_success=1\n");
        tree_file(t, MODULES "blsuki.mod", "\177ELF blsuki blscfg blsuki_save_default");
        tree_file(t, "/boot/initrd.img-6.1.0", "");
        tree_file(t, LITERAL, KERNEL "initrd /initrd.img-6.1.0\noptions root=UUID=x ro\n");
        edit_in_claim_image = true;
}

static void every_entry_gets_a_line(void **state)
{
        const Tree *t = *state;
        static const char rescue[] = "version 0-rescue-id\nlinux /vmlinuz\ninitrd /initrd\noptions ro\n",
                          variable[] = KERNEL "initrd /initrd.img-6.1.0 $tuned_initrd\noptions $kernelopts\n",
                          none[] = "version 6.2.0\nlinux /vmlinuz-6.2.0\noptions ro\n";

        upstream(t);
        put_block(t, ENV, "kernelopts=ro quiet\n");
        tree_file(t, "/boot/0123/6.1.0/initrd.img-6.1.0", "");
        tree_file(t, ENTRIES "variable.conf", variable);
        tree_file(t, ENTRIES "own.conf", KERNEL OWN_IMAGE "options ro");
        tree_file(t, ENTRIES "below.conf",
                  "version 6.1.0\nlinux /boot/vmlinuz-6.1.0\ninitrd\t/boot/initrd.img-6.1.0\noptions ro\n");
        tree_file(t, ENTRIES "none.conf", none);
        tree_file(t, ENTRIES "rescue.conf", rescue);
        expect_obstacle(t, NULL);
        assert_true(edit(t, OURS, REMOVE, 0) > 0);
        assert_file(t, LITERAL,
                    KERNEL "initrd /ptprep-claim.img\ninitrd /initrd.img-6.1.0\noptions root=UUID=x ro " OURS "\n");
        /* its words are in the block, and the line is not */
        assert_file(t, ENTRIES "variable.conf",
                    KERNEL "initrd /ptprep-claim.img\ninitrd /initrd.img-6.1.0 $tuned_initrd\noptions $kernelopts\n");
        assert_block(t, "kernelopts=ro quiet " OURS "\n");
        assert_file(t, ENTRIES "own.conf", KERNEL "initrd /ptprep-claim.img\n" OWN_IMAGE "options ro " OURS);
        assert_file(t, ENTRIES "below.conf",
                    "version 6.1.0\nlinux /boot/vmlinuz-6.1.0\ninitrd\t/boot/ptprep-claim.img\n"
                    "initrd\t/boot/initrd.img-6.1.0\noptions ro " OURS "\n");
        assert_file(t, ENTRIES "rescue.conf", rescue);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        edit_in_claim_image = false;
        assert_true(edit(t, "", "", 0) > 0);
        assert_file(t, LITERAL, KERNEL "initrd /initrd.img-6.1.0\noptions root=UUID=x ro\n");
        assert_file(t, ENTRIES "variable.conf", variable);
        assert_file(t, ENTRIES "own.conf", KERNEL OWN_IMAGE "options ro");
        assert_file(t, ENTRIES "none.conf", none);
        assert_block(t, "kernelopts=ro quiet\n");
        assert_int_equal(edit(t, "", "", 0), 0);
}

/* The list goes into the images from now on: the words stay. Then all goes, from what was copied by hand as well. */
static void another_way_is_chosen(void **state)
{
        const Tree *t = *state;
        static const char others[] = KERNEL "initrd /ptprep-claim.img\ninitrd /initrd.img-6.1.0\noptions ro\n";

        upstream(t);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        edit_in_claim_image = false;
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        assert_file(t, LITERAL, KERNEL "initrd /initrd.img-6.1.0\noptions root=UUID=x ro " OURS "\n");
        edit_in_claim_image = true;
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        tree_file(t, ENTRIES "copy.conf", others);
        edit_in_claim_image = false;
        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, LITERAL, KERNEL "initrd /initrd.img-6.1.0\noptions root=UUID=x ro\n");
        assert_file(t, ENTRIES "copy.conf", KERNEL "initrd /initrd.img-6.1.0\noptions ro\n");
        assert_int_equal(edit(t, "", "", 0), 0);
}

/* A kernel's plug-in has put the line there, and the record knows nothing of it; one that has none gets it. */
static void later_kernels(void **state)
{
        const Tree *t = *state;

        upstream(t);
        tree_file(t, "/boot/0123/6.1.0/initrd.img-6.1.0", "");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        tree_file(t, ENTRIES "x.conf", KERNEL "initrd     /ptprep-claim.img\n" OWN_IMAGE "options ro " OURS "\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        tree_file(t, ENTRIES "y.conf", KERNEL OWN_IMAGE "options ro " OURS "\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        assert_file(t, ENTRIES "y.conf", KERNEL "initrd /ptprep-claim.img\n" OWN_IMAGE "options ro " OURS "\n");
        edit_in_claim_image = false;
        assert_true(edit(t, "", "", 0) > 0);
        assert_file(t, ENTRIES "x.conf", KERNEL OWN_IMAGE "options ro\n");
        assert_file(t, ENTRIES "y.conf", KERNEL OWN_IMAGE "options ro\n");
        assert_int_equal(edit(t, "", "", 0), 0);
}

/* A line that goes from an entry that the record does not know is nothing to give back. */
static void the_line_of_a_later_kernel_goes_for_good(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *record = NULL;

        upstream(t);
        tree_file(t, "/boot/0123/6.1.0/initrd.img-6.1.0", "");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        tree_file(t, ENTRIES "x.conf", KERNEL "initrd /ptprep-claim.img\n" OWN_IMAGE "options ro " OURS "\n");
        edit_in_claim_image = false;
        assert_int_equal(edit(t, OURS, REMOVE, 0), 2);
        assert_file(t, ENTRIES "x.conf", KERNEL OWN_IMAGE "options ro " OURS "\n");
        assert_int_equal(root_read_text(t->rfd, NAME_RECORD, &record), 0);
        assert_null(strstr(record, "x.conf"));
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        assert_true(edit(t, "", "", 0) > 0);
        assert_file(t, ENTRIES "x.conf", KERNEL OWN_IMAGE "options ro\n");
}

/* grubby could not put the line there. */
static void no_editor_of_words_is_asked(void **state)
{
        const Tree *t = *state;
        _cleanup_(plan_done) Plan with = {}, without = {};

        upstream(t);
        tree_file(t, "/usr/sbin/grubby", "");
        assert_int_equal(edit_plan(t, OURS, REMOVE, &with), 0);
        FOREACH_ARRAY(s, with.steps, with.n)
                assert_true(!step_file(s) || step_file(s)->editor.n == 0);
        edit_in_claim_image = false;
        assert_int_equal(edit_plan(t, OURS, REMOVE, &without), 0);
        assert_true(step_file(without.steps + without.n - 1)->editor.n > 0);
}

/* Its module says which GRUB it is, and Red Hat's script where there is none that could be asked. */
static void which_grub_it_is(void **state)
{
        const Tree *t = *state;
        static const struct {
                const char *module, *text;
                bool script, variable;
        } rows[] = {
                { NULL, NULL, false, false },
                { NULL, NULL, true, true },
                { MODULES "blsuki.mod", "\177ELF blsuki", true, false },
                { MODULES "blscfg.mod", "\177ELF early_initrd", false, false }, /* without the NUL behind it */
                { MODULES "blsuki.mod", "XZ packed", true, true },
                { MODULES "blsuki.mod", "XZ packed", false, false },
                { OTHER_MODULE, "\177ELF blsuki", true, false },
        };
        static const char *const files[] = { SCRIPT, MODULES "blsuki.mod", MODULES "blscfg.mod", OTHER_MODULE };

        fedora(t);
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                Loader *all;
                size_t n;

                FOREACH_ARRAY(file, files, ELEMENTSOF(files))
                        assert_true(root_file_remove(t->rfd, *file) >= 0 || root_is_missing(t->rfd, *file));
                if (row->module)
                        tree_file(t, row->module, row->text);
                if (row->script)
                        tree_file(t, SCRIPT, "");
                assert_int_equal(find(t, LOADER_BLS, &all, &n)->early_variable, row->variable);
                loaders_free(all, n);
        }
        assert_int_equal(root_file_remove(t->rfd, OTHER_MODULE), 0);
        tree_data(t, MODULES "blscfg.mod", "\177ELF early_initrd\0x", sizeof("\177ELF early_initrd\0x"));
        expect_obstacle(t, NULL);
        /* which of the two boots is not known */
        tree_file(t, OTHER_MODULE, "\177ELF");
        expect_obstacle(t, "elsewhere than in /boot");
}

static void where_no_line_can_be_used(void **state)
{
        const Tree *t = *state;

        upstream(t);
        expect_obstacle(t, NULL);
        /* GRUB's root may be the file system that this lies on */
        tree_file(t, "/initrd.img-6.1.0", "");
        expect_obstacle(t, "nothing tells which file that is");
        assert_int_equal(root_file_remove(t->rfd, "/initrd.img-6.1.0"), 0);
        tree_file(t, LITERAL, KERNEL "initrd /elsewhere/initrd.img-6.1.0\noptions ro\n");
        expect_obstacle(t, "elsewhere than in /boot");
        tree_file(t, LITERAL, KERNEL "initrd /boot/initrd.img-6.0\noptions ro\n");
        expect_obstacle(t, "elsewhere than in /boot");
        tree_file(t, LITERAL, KERNEL "options ro\n");
        expect_obstacle(t, "none of its entries has an initramfs");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TREE_TEST(the_variable_gets_it),
                TREE_TEST(nothing_empty_is_left),
                TREE_TEST(others_keep_theirs),
                TREE_TEST(beside_shared_words),
                TREE_TEST(where_it_cannot_be_used),
                TREE_TEST(every_entry_gets_a_line),
                TREE_TEST(another_way_is_chosen),
                TREE_TEST(later_kernels),
                TREE_TEST(which_grub_it_is),
                TREE_TEST(the_line_of_a_later_kernel_goes_for_good),
                TREE_TEST(no_editor_of_words_is_asked),
                TREE_TEST(where_no_line_can_be_used),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
