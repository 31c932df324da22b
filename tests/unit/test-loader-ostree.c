/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/gvariant.h"
#include "loader-edit.h"

#define ADD     "ptprep.claim=1 intel_iommu=on"
#define REMOVE  "iommu=off"
#define ENTRIES "/boot/loader/entries/"
#define RELEASE "6.1.0-1.fc41.x86_64"
#define KARGS   "/usr/lib/bootc/kargs.d/"

/* As GLib 2.74 serializes what ostree writes: arguments "root=/dev/vda2 rw iommu=off
 * ostree=/ostree/boot.1/fedora/abc/3". */
static const char staged[] = "target\000\000name\000\000\000\000abc.3\000\000s\005\000\000\000\000\000\000\000osnam"
                             "e\000\000fedora\000\000s\007\000\000\000\000\000\000bootcsum\000\000\000\000\000\000\000"
                             "\0000123456789abcdef\000\000s\011\021*T\000a{sv}\007\000\000merge-deployment\000\000\000"
                             "\000\000\000\000\000name\000\000\000\000abc.2\000\000s\005\000\000\000\000\000\000\000"
                             "osname\000\000fedora\000\000s\007\000\000\000\000\000\000bootcsum\000\000\000\000\000"
                             "\000\000\0000123456789abcdef\000\000s\011\021*T\000a{sv}\021\000\000retain\000\000\000"
                             "\000b\007\000\000\000\000kargs\000\000\000root=/dev/vda2\000rw\000iommu=off\000ostree"
                             "=/ostree/boot.1/fedora/abc/3\000\017\022\034?\000as\006\000overlay-initrds\000\000as\020"
                             "f\000\336\000\354\000?\001T\001";

static void put_entry(const Tree *t, const char *name, const char *version, const char *options)
{
        _cleanup_free_ char *path = NULL, *text = NULL;

        assert_true(asprintf(&path, ENTRIES "%s", name) > 0);
        assert_true(asprintf(&text,
                             "title Fedora\nversion %s\noptions %s\nlinux /ostree/fedora-abc/vmlinuz-" RELEASE "\n"
                             "initrd /ostree/fedora-abc/initramfs-" RELEASE ".img\n",
                             version, options) > 0);
        tree_file(t, path, text);
}

static void put_ostree(const Tree *t, const char *options)
{
        tree_file(t, "/run/ostree-booted", "");
        tree_file(t, "/usr/bin/rpm-ostree", "");
        tree_file(t, "/boot/grub2/grub.cfg", "blscfg\n");
        put_entry(t, "ostree-1.conf", "1", "root=/dev/vda2 quiet");
        put_entry(t, "ostree-2.conf", "2", options);
}

static const Loader *find(Loader *all, size_t n, LoaderKind kind)
{
        FOREACH_ARRAY(l, all, n)
                if (l->kind == kind)
                        return l;
        return NULL;
}

static const BootEntry *default_entry(const Loader *l)
{
        const BootEntry *found = NULL;

        FOREACH_ARRAY(e, l->entries, l->n_entries)
                if (e->is_default) {
                        assert_null(found);
                        found = e;
                }
        return found;
}

static void assert_default(const Tree *t, const char *id, const char *arguments)
{
        _cleanup_free_ char *text = NULL;
        Loader *all;
        size_t n;
        const Loader *l;

        assert_int_equal(loaders_read(t->rfd, &all, &n), 0);
        l = find(all, n, LOADER_OSTREE);
        assert_non_null(l);
        assert_int_equal(l->readable, TRISTATE_YES);
        assert_string_equal(default_entry(l)->id, id);
        text = kargs_print(&default_entry(l)->arguments);
        assert_string_equal(text, arguments);
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                assert_int_equal(e->rescue, !e->is_default);
        FOREACH_ARRAY(other, all, n)
                assert_true(other == l || other->unused);
        loaders_free(all, n);
}

/* The words of the only command of a plan; owned by the caller. NULL: there is none. */
static char *command(const Tree *t, const char *add, const char *remove)
{
        _cleanup_(plan_done) Plan p = {};
        char *text = NULL;

        assert_int_equal(edit_plan(t, add, remove, &p), 0);
        edit_put(t, &p, p.n);
        FOREACH_ARRAY(s, p.steps, p.n)
                if (s->kind == STEP_COMMAND) {
                        assert_null(text);
                        text = kargs_print(&(const Kargs){ s->command.argv });
                } else
                        assert_true(is_bookkeeping(s)); /* never a file behind its back */
        return text;
}

static void assert_command(const Tree *t, const char *add, const char *remove, const char *expected)
{
        _cleanup_free_ char *text = command(t, add, remove);

        if (expected)
                assert_string_equal(text, expected);
        else
                assert_null(text);
}

static void test_entries(void **state)
{
        const Tree *t = *state;

        put_ostree(t, "root=/dev/vda2 rhgb");
        assert_default(t, "ostree-2.conf", "root=/dev/vda2 rhgb");
        /* numbers, not letters */
        put_entry(t, "ostree-10.conf", "10", "root=/dev/vda2 third");
        assert_default(t, "ostree-10.conf", "root=/dev/vda2 third");
}

static void test_staged(void **state)
{
        const Tree *t = *state;
        Loader *all;
        size_t n;

        put_ostree(t, "root=/dev/vda2");
        tree_data(t, "/run/ostree/staged-deployment", staged, sizeof(staged) - 1);
        assert_default(t, "abc.3", "root=/dev/vda2 rw iommu=off ostree=/ostree/boot.1/fedora/abc/3");
        assert_command(t, ADD, REMOVE,
                       "rpm-ostree kargs --delete-if-present=iommu=off --append-if-missing=ptprep.claim=1 "
                       "--append-if-missing=intel_iommu=on");
        /* one that cannot be understood: what boots next cannot be told */
        for (size_t size = 0; size < sizeof(staged) - 1; size++) {
                tree_data(t, "/run/ostree/staged-deployment", staged, size);
                assert_int_equal(loaders_read(t->rfd, &all, &n), 0);
                assert_int_equal(find(all, n, LOADER_OSTREE)->readable, TRISTATE_NO);
                loaders_free(all, n);
        }
}

static void test_edit(void **state)
{
        const Tree *t = *state;

        put_ostree(t, "root=/dev/vda2 iommu=memaper,off rhgb");
        assert_command(t, ADD, REMOVE,
                       "rpm-ostree kargs --delete-if-present=iommu=memaper,off --append-if-missing=iommu=memaper "
                       "--append-if-missing=ptprep.claim=1 --append-if-missing=intel_iommu=on");
        put_entry(t, "ostree-3.conf", "3", "root=/dev/vda2 rhgb iommu=memaper " ADD);
        assert_command(t, ADD, REMOVE, NULL);
        /* not asked for any more */
        assert_command(t, "ptprep.claim=1", REMOVE, "rpm-ostree kargs --delete-if-present=intel_iommu=on");
        put_entry(t, "ostree-4.conf", "4", "root=/dev/vda2 rhgb iommu=memaper ptprep.claim=1");
        assert_command(t, "", "",
                       "rpm-ostree kargs --delete-if-present=ptprep.claim=1 --delete-if-present=iommu=memaper "
                       "--append-if-missing=iommu=memaper,off");
        assert_command(t, "", "", NULL);
}

/* Words of others stay, and one that is beaten by a later one of its key has its way made free. */
static void test_others_words(void **state)
{
        const Tree *t = *state;

        put_ostree(t, "intel_iommu=on ptprep.claim=1");
        assert_command(t, ADD, REMOVE, NULL);
        assert_command(t, "", "", NULL);
        put_entry(t, "ostree-3.conf", "3", "intel_iommu=on intel_iommu=off ptprep.claim=1");
        assert_command(t, ADD, REMOVE, "rpm-ostree kargs --delete-if-present=intel_iommu=off");
        put_entry(t, "ostree-4.conf", "4", "intel_iommu=on ptprep.claim=1");
        assert_command(t, "", "", "rpm-ostree kargs --append-if-missing=intel_iommu=off");
}

static void test_no_tool(void **state)
{
        const Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};

        put_ostree(t, "root=/dev/vda2");
        assert_int_equal(root_file_remove(t->rfd, "/usr/bin/rpm-ostree"), 0);
        assert_int_equal(edit_plan(t, ADD, REMOVE, &p), -ENOTSUP);
}

static void put_image_root(const Tree *t)
{
        tree_file(t, "/usr/lib/ostree/prepare-root.conf", "");
        tree_file(t, "/usr/lib/modules/" RELEASE "/vmlinuz", "kernel");
        tree_file(t, KARGS "10-a.toml", "kargs = [\"console=tty0\", 'a=\"b c\"'] # \"x\"\n");
}

static bool is_image_root(const Tree *t, char **ret_arguments)
{
        Loader *all;
        size_t n;
        const Loader *l;
        bool found;

        assert_int_equal(loaders_read(t->rfd, &all, &n), 0);
        l = find(all, n, LOADER_BOOTC);
        found = l;
        if (l && ret_arguments)
                *ret_arguments = kargs_print(&l->entries->arguments);
        loaders_free(all, n);
        return found;
}

static void test_bootc(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *arguments = NULL, *text = NULL;

        put_image_root(t);
        tree_file(t, KARGS "20-b.toml", "# kargs = [\"iommu=off\"]\nkargs = [\n  \"quiet\", # one\n  'rd.luks=0'\n]\n");
        tree_file(t, KARGS "30-c.toml", "kargs = [\"iommu=off\"]\nmatch-architectures = [\"aarch64\"]\n");
        assert_true(is_image_root(t, &arguments));
        assert_string_equal(arguments, "console=tty0 a=\"b c\" quiet rd.luks=0");
        assert_int_equal(edit(t, ADD, REMOVE, 0), 1);
        assert_int_equal(root_read_text(t->rfd, KARGS "50-ptprep.toml", &text), 0);
        assert_non_null(strstr(text, "\nkargs = [\"ptprep.claim=1\", \"intel_iommu=on\"]\n"));
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        assert_int_equal(edit(t, "", "", 0), 1);
        free(text);
        text = NULL;
        assert_int_equal(root_read_text(t->rfd, KARGS "50-ptprep.toml", &text), -ENOENT);
}

/* What the image's own files have already is not wanted twice. */
static void test_bootc_not_twice(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *text = NULL;

        put_image_root(t);
        tree_file(t, KARGS "60-iommu.toml", "kargs = [\"intel_iommu=on\"]\n");
        assert_int_equal(edit(t, ADD, REMOVE, 0), 1);
        assert_int_equal(root_read_text(t->rfd, KARGS "50-ptprep.toml", &text), 0);
        assert_non_null(strstr(text, "\nkargs = [\"ptprep.claim=1\"]\n"));
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        tree_file(t, KARGS "40-claim.toml", "kargs = [\"ptprep.claim=1\"]\n");
        assert_int_equal(edit(t, ADD, REMOVE, 0), 1);
        free(text);
        text = NULL;
        assert_int_equal(root_read_text(t->rfd, KARGS "50-ptprep.toml", &text), -ENOENT);
}

static void test_bootc_contradiction(void **state)
{
        const Tree *t = *state;

        put_image_root(t);
        tree_file(t, KARGS "00-z.toml", "kargs = [\"intel_iommu=off\"]\n"); /* ours has the last say */
        assert_int_equal(edit(t, ADD, REMOVE, 0), 1);
        tree_file(t, KARGS "90-z.toml", "kargs = [\"intel_iommu=off\"]\n");
        assert_int_equal(edit(t, ADD, REMOVE, -ENOTSUP), 0);
        assert_int_equal(root_file_remove(t->rfd, KARGS "90-z.toml"), 0);
        tree_file(t, KARGS "00-z.toml", "kargs = [\"iommu=off\"]\n");
        assert_int_equal(edit(t, ADD, REMOVE, -ENOTSUP), 0);
}

/* The package of bootc is on systems too that boot in another way. */
static void test_bootc_package(void **state)
{
        const Tree *t = *state;

        put_image_root(t);
        tree_file(t, "/boot/grub2/grub.cfg", "blscfg\n");
        assert_false(is_image_root(t, NULL));
        assert_int_equal(root_file_remove(t->rfd, "/boot/grub2/grub.cfg"), 0);
        assert_true(is_image_root(t, NULL));
        tree_file(t, "/run/ostree-booted", "");
        assert_false(is_image_root(t, NULL));
        assert_int_equal(root_file_remove(t->rfd, "/run/ostree-booted"), 0);
        assert_int_equal(root_file_remove(t->rfd, "/usr/lib/ostree/prepare-root.conf"), 0);
        assert_false(is_image_root(t, NULL));
}

static void test_gvariant(void **state)
{
        const GVariantSpan dict = { (const unsigned char *) staged, sizeof(staged) - 1 };
        _cleanup_(string_list_done) StringList words = {};
        GVariantSpan value;

        (void) state;
        assert_true(gvariant_lookup(dict, "kargs", "as", &value));
        assert_int_equal(gvariant_strings(value, &words), 0);
        assert_int_equal(words.n, 4);
        assert_string_equal(words.items[2], "iommu=off");
        assert_false(gvariant_lookup(dict, "kargs", "s", &value)); /* of another type */
        assert_false(gvariant_lookup(dict, "karg", "as", &value));
        assert_true(gvariant_lookup(dict, "target", "a{sv}", &value));
        assert_true(gvariant_lookup(value, "osname", "s", &value));
        assert_string_equal(gvariant_string(value), "fedora");
        assert_true(gvariant_lookup(dict, "overlay-initrds", "as", &value));
        assert_int_equal(gvariant_strings(value, &words), 0);
        assert_int_equal(words.n, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_entries),
                TREE_TEST(test_staged),
                TREE_TEST(test_edit),
                TREE_TEST(test_others_words),
                TREE_TEST(test_no_tool),
                TREE_TEST(test_bootc),
                TREE_TEST(test_bootc_not_twice),
                TREE_TEST(test_bootc_contradiction),
                TREE_TEST(test_bootc_package),
                cmocka_unit_test(test_gvariant),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
