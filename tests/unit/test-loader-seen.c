/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which boot loaders and entries are found, which of them boots, and what cannot be seen. */
#include "base/text.h"
#include "bls-host.h"
#include "grub/loader/words-home.h"

static void where_entries_are_looked_for(void **state)
{
        Tree *t = *state;
        Loader *all;
        size_t n;

        /* the variable says so, and nothing was generated yet */
        tree_file(t, "/etc/default/grub", "GRUB_ENABLE_BLSCFG=true\n");
        tree_file(t, ENTRIES "a.conf", "linux /vmlinuz\noptions root=x\n");
        assert_non_null(find(t, LOADER_BLS, &all, &n));
        loaders_free(all, n);
        /* a configuration without the command boots its own menu */
        tree_file(t, CFG, "menuentry 'a' {\n\tlinux /vmlinuz root=x\n}\n");
        assert_null(find(t, LOADER_BLS, &all, &n));
        loaders_free(all, n);
        /* Red Hat's UEFI place */
        tree_file(t, "/boot/efi/EFI/redhat/grub.cfg", blscfg);
        put_block(t, "/boot/efi/EFI/redhat/grubenv", "saved_entry=a\n");
        assert_non_null(find(t, LOADER_BLS, &all, &n));
        loaders_free(all, n);
        /* another directory, on a root of its own */
        tree_file(t, CFG, "blscfg --path=($root)/here/entries\n");
        tree_file(t, "/boot/here/entries/b.conf", "linux /vmlinuz\noptions root=y\n");
        assert_arguments(t, "b", "root=y");
        /* entries of rpm-ostree are its own */
        assert_int_equal(root_file_remove(t->rfd, "/boot/here/entries/b.conf"), 0);
        tree_file(t, "/boot/here/entries/ostree-1.conf", "linux /ostree/vmlinuz\noptions root=y\n");
        tree_file(t, ENTRIES "ostree-1.conf", "linux /ostree/vmlinuz\noptions root=y\n");
        assert_null(find(t, LOADER_BLS, &all, &n));
        loaders_free(all, n);
}

/* Fedora's 08_fallback_counting, behind its header. */
#define COUNTING                                                                                                       \
        "insmod increment\n"                                                                                           \
        "# Check if boot_counter exists and boot_success=0 to activate this behaviour.\n"                              \
        "if [ -n \"${boot_counter}\" -a \"${boot_success}\" = \"0\" ]; then\n"                                         \
        "  if  [ \"${boot_counter}\" = \"0\" -o \"${boot_counter}\" = \"-1\" ]; then\n"                                \
        "    set default=1\n"                                                                                          \
        "    set boot_counter=-1\n"                                                                                    \
        "  else\n"                                                                                                     \
        "    decrement boot_counter\n"                                                                                 \
        "  fi\n"                                                                                                       \
        "  save_env boot_counter\n"                                                                                    \
        "fi\n"

static void the_default_entry(void **state)
{
        static const struct {
                const char *cfg, *env, *id;
        } rows[] = {
                { "set default=\"${saved_entry}\"\nblscfg\n", "saved_entry=a-1\n", "a-1" },
                { "set default=\"${saved_entry}\"\nblscfg\n", "saved_entry=First one (1)\n", "a-1" },
                { "set default=\"${saved_entry}\"\nblscfg\n", "saved_entry=1\n", "a-1" },
                { "set default=\"${saved_entry}\"\nblscfg\n", "saved_entry=gone\n", "a-2" },
                { "set default=\"${saved_entry}\"\nblscfg\n", "other=1\n", "a-2" },
                { "set default=\"1\"\nblscfg\n", "saved_entry=a-2\n", "a-1" },
                { "blscfg\n", "saved_entry=a-1\n", "a-2" },
                /* where boots are counted is no choice; what comes behind it is */
                { "set default=\"${saved_entry}\"\n" COUNTING "blscfg\n", "saved_entry=a-2\n", "a-2" },
                { COUNTING "set default=1\nblscfg\n", "saved_entry=a-2\n", "a-1" },
        };
        Tree *t = *state;

        tree_file(t, ENTRIES "a-1.conf", "title First one (1)\nlinux /vmlinuz-1\n");
        tree_file(t, ENTRIES "a-2.conf", "linux /vmlinuz-2\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                Loader *all;
                const Loader *l;
                size_t n;

                tree_file(t, CFG, row->cfg);
                put_block(t, ENV, row->env);
                l = find(t, LOADER_BLS, &all, &n);
                FOREACH_ARRAY(e, l->entries, l->n_entries)
                        assert_int_equal(e->is_default, streq(e->id, row->id));
                loaders_free(all, n);
        }
}

/* Which loaders nobody can see what they boot, seen by a user who is not root: their kinds, one after the other. */
static void assert_unseen(const Tree *t, const char *closed, mode_t mode, const char *expected)
{
        char seen[128] = "";
        Loader *all;
        size_t n;

        assert_int_equal(fchmodat(t->rfd, closed, mode, 0), 0);
        assert_int_equal(seteuid(65534), 0);
        assert_int_equal(loaders_read(t->rfd, &all, &n), 0);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(fchmodat(t->rfd, closed, 0755, 0), 0);
        FOREACH_ARRAY(l, all, n)
                (void) snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s%s ",
                                loader_kind_to_string(l->kind), l->readable == TRISTATE_YES ? "" : "?");
        assert_string_equal(seen, expected);
        loaders_free(all, n);
}

static void without_being_root(void **state)
{
        Tree *t = *state;

        if (geteuid() != 0)
                skip();
        assert_int_equal(chmod(t->path, 0755), 0);
        fedora(t);
        assert_unseen(t, "boot/loader", 0755, "grub2 bls ");
        assert_unseen(t, "boot/loader", 0700, "grub2 bls? ");
        assert_unseen(t, "boot/grub2", 0700, "grub2? ");
        /* a configuration on the EFI system partition would boot in the place of the one in /boot */
        tree_file(t, "/boot/efi/EFI/redhat/grub.cfg", "menuentry 'Linux' {\n\tlinux /vmlinuz\n}\n");
        assert_unseen(t, "boot/efi", 0700, "grub2? bls ");
        tree_directory(t, "/sys/firmware/acpi"); /* not without UEFI */
        assert_unseen(t, "boot/efi", 0700, "grub2 bls ");
}

/* Nothing else is known to boot: it may be what is behind the closed door. */
static void partitions_for_root_only(void **state)
{
        Tree *t = *state;

        if (geteuid() != 0)
                skip();
        assert_int_equal(chmod(t->path, 0755), 0);
        tree_file(t, "/boot/efi/EFI/systemd/systemd-bootx64.efi", "x");
        assert_unseen(t, "boot/efi", 0755, "systemd-boot ");
        assert_unseen(t, "boot/efi", 0700, "systemd-boot? ");
        tree_file(t, "/usr/sbin/grub2-mkconfig", "#!/bin/sh\n");
        assert_unseen(t, "boot/efi", 0700, "grub2? systemd-boot? ");
        tree_file(t, "/boot/grub2/grub.cfg", "menuentry 'Linux' {\n\tlinux /vmlinuz\n}\n");
        assert_unseen(t, "boot/efi", 0700, "grub2? ");
}

/* Wherever words live: what an edit adds is read there, found by what the record has of it, and given back by it. */
static void every_home_gives_back_what_it_records(void **state)
{
        (void) state;
        FOREACH_ARRAY(h, words_homes, _WORDS_HOME_MAX) {
                _cleanup_(kargs_done) Kargs add = {};
                _cleanup_free_ char *lines = NULL, *text = NULL, *edited = NULL, *words = NULL, *without = NULL;
                _cleanup_(owned_words_done) OwnedWords left = {};
                _cleanup_(plan_words_done) PlanWords record = { .format = h->format->name };

                assert_int_equal(string_printf(&lines, "%s=root=/dev/sda1 ro\n", h->variable ?: ""), 0);
                text = h->variable ? block(lines) : strdup("linux /v1\noptions root=/dev/sda1 ro\n");
                assert_int_equal(kargs_parse(OURS, &add), 0);
                assert_int_equal(words_home_edit(h, text, &(CmdlineEdit){ .add = &add }, NULL, &record, &edited, NULL),
                                 0);
                assert_int_equal(h->read(h, edited, &words), 0);
                assert_string_equal(words, "root=/dev/sda1 ro " OURS);
                assert_int_equal(record.added.n, 2);
                assert_int_equal(record.removed.n, 0);
                assert_int_equal(owned_left(record.format, edited, &record.added, &left), 0);
                assert_int_equal(left.n, 2);
                assert_int_equal(owned_format(record.format)->take_out(edited, &record.added, &without), 0);
                assert_string_equal(without, text);
        }
}

static const BootEntry *only_entry(const Facts *f)
{
        assert_int_equal(facts_count_entries(f), 1);
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                if (l->n_entries > 0)
                        return l->entries;
        return NULL;
}

/* What an entry of GRUB names is what boots, and not what has the name of the release. */
static void images_that_entries_name(void **state)
{
        static const char first[] = "/boot/initrd.img-1.0", second[] = "/boot/initramfs-1.0.img",
                          own[] = "/boot/own.img";
        static const struct {
                const char *image, *initrd, *stray;
                bool unseen;
        } rows[] = {
                { "/initrd.img-1.0", first, NULL },
                { "/initramfs-1.0.img", second, NULL },
                { "/boot/initramfs-1.0.img", second, NULL },
                { "/@/boot/initramfs-1.0.img", second, NULL },
                { "($root)/initramfs-1.0.img", second, NULL },
                { "(hd0,gpt2)/own.img", first, own },
                { "/own.img", first, own },
                { "/ucode.img /own.img $tuned_initrd", first, own },
                { "/ucode.img\ninitrd /own.img", first, own },
                { "/initrd.img-1.0.bak", first, "/boot/initrd.img-1.0.bak" }, /* nothing is built in its place */
                { "/root.img", first, "/root.img" },
                { "$dir/own.img", first, NULL, true }, /* cannot be told */
                { "/not-there.img", first, NULL, true },
                { "(hd1,gpt3)/root.img", first, NULL, true }, /* of another file system */
        };
        const Tree *t = *state;
        Config config = { .enabled = true };
        const Probe probe = { .rfd = t->rfd, .cfg = &config };

        tree_file(t, "/lib/modules/1.0/modules.dep", "");
        tree_file(t, "/boot/vmlinuz-1.0", "kernel");
        tree_file(t, first, "image");
        tree_file(t, second, "image");
        tree_file(t, own, "image");
        tree_file(t, "/boot/ucode.img", "image");
        tree_file(t, "/root.img", "image");
        tree_file(t, "/boot/initrd.img-1.0.bak", "image");
        tree_file(t, "/boot/grub2/grub.cfg", "insmod blscfg\nblscfg\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *entry = NULL;
                _cleanup_(facts_done) Facts f;

                assert_true(asprintf(&entry, "version 1.0\nlinux /vmlinuz-1.0\ninitrd %s\noptions quiet\n",
                                     row->image) > 0);
                tree_file(t, "/boot/loader/entries/a.conf", entry);
                facts_init(&f);
                assert_int_equal(probe_kernel(&probe, &f), 0);
                assert_int_equal(probe_loader(&probe, &f), 0);
                assert_int_equal(f.n_kernels, 1);
                assert_string_equal(f.kernels[0].initrd, row->initrd);
                assert_int_equal(f.kernels[0].n_loaded, 0);
                assert_int_equal(f.n_strays, row->stray ? 1 : 0);
                if (row->stray)
                        assert_string_equal(f.strays[0].path, row->stray);
                assert_int_equal(only_entry(&f)->image_unseen, row->unseen);
                assert_false(only_entry(&f)->image_none);
                assert_int_equal(f.kernels[0].in_menu, !row->unseen);
        }
}

/* A kernel that is started without an initramfs is in the menu, and none of its images is. */
static void assert_image(const Tree *t, const char *path, const char *kernel, const char *initrd)
{
        _cleanup_free_ char *entry = NULL;
        _cleanup_(facts_done) Facts f;
        Config config = { .enabled = true };
        const Probe probe = { .rfd = t->rfd, .cfg = &config };

        assert_true(asprintf(&entry, "linux %s\noptions quiet\n%s", kernel, initrd) > 0);
        tree_file(t, path, entry);
        facts_init(&f);
        assert_int_equal(probe_kernel(&probe, &f), 0);
        assert_int_equal(probe_loader(&probe, &f), 0);
        assert_int_equal(only_entry(&f)->image_none, *initrd == 0);
        assert_int_equal(f.kernels[0].in_menu, *initrd != 0);
}

static void entries_without_image(void **state)
{
        const Tree *t = *state;

        tree_file(t, "/lib/modules/1.0/modules.dep", "");
        tree_file(t, "/boot/vmlinuz-1.0", "kernel");
        tree_file(t, "/boot/initrd.img-1.0", "image");
        tree_file(t, "/efi/EFI/systemd/systemd-bootx64.efi", "loader");
        tree_file(t, "/efi/1.0/linux", "kernel");
        assert_image(t, "/efi/loader/entries/a.conf", "/1.0/linux", "initrd /1.0/initrd\n");
        assert_image(t, "/efi/loader/entries/a.conf", "/1.0/linux", "");
}

static void entries_of_grub_without_image(void **state)
{
        const Tree *t = *state;

        tree_file(t, "/lib/modules/1.0/modules.dep", "");
        tree_file(t, "/boot/vmlinuz-1.0", "kernel");
        tree_file(t, "/boot/initrd.img-1.0", "image");
        tree_file(t, CFG, "insmod blscfg\nblscfg\n");
        assert_image(t, ENTRIES "a.conf", "/vmlinuz-1.0", "initrd /initrd.img-1.0\n");
        assert_image(t, ENTRIES "a.conf", "/vmlinuz-1.0", "");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_home_gives_back_what_it_records),
                TREE_TEST(where_entries_are_looked_for),
                TREE_TEST(the_default_entry),
                TREE_TEST(without_being_root),
                TREE_TEST(partitions_for_root_only),
                TREE_TEST(images_that_entries_name),
                TREE_TEST(entries_without_image),
                TREE_TEST(entries_of_grub_without_image),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
