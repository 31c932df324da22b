/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claim image in Red Hat's GRUB: a variable of the environment block has it loaded in front of the images of all
 * entries. */
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

        fedora(t);
        expect_obstacle(t, "not Red Hat's GRUB");
        tree_file(t, SCRIPT, "");
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

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TREE_TEST(the_variable_gets_it), TREE_TEST(nothing_empty_is_left),   TREE_TEST(others_keep_theirs),
                TREE_TEST(beside_shared_words),  TREE_TEST(where_it_cannot_be_used),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
