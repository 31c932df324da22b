/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader-edit.h"

#define MENU   "/boot/grub/menu.lst"
#define CONF   "/boot/grub/grub.conf"
#define OURS   "ptprep.claim=1 intel_iommu=on"
#define REMOVE "iommu=off intel_iommu=off"
#define ENTRY  "title Linux\n\troot (hd0,0)\n\tkernel /vmlinuz ro root=/dev/sda1 quiet\n\tinitrd /initrd.img\n"
#define EDITED "title Linux\n\troot (hd0,0)\n\tkernel /vmlinuz ro root=/dev/sda1 quiet " OURS "\n\tinitrd /initrd.img\n"

static void assert_file(const Tree *t, const char *path, const char *expected)
{
        _cleanup_free_ char *text = NULL;

        assert_int_equal(root_read_text(t->rfd, path, &text), 0);
        assert_string_equal(text, expected);
}

/* The only loader of the tree; its number of entries. */
static size_t read_legacy(const Tree *t, Loader **ret)
{
        size_t n;

        assert_int_equal(loaders_read(t->rfd, ret, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal((*ret)->kind, LOADER_GRUB_LEGACY);
        assert_int_equal((*ret)->readable, TRISTATE_YES);
        return (*ret)->n_entries;
}

static void entries_are_read(void **state)
{
        Tree *t = *state;
        Loader *l = NULL;

        tree_file(t, MENU,
                  "default 2\ntitle DOS\nchainloader +1\n" ENTRY "title b\nkernel /xen.gz\nmodule /vmlinuz-2 ro\n"
                  "module /initrd-2\ntitle c (recovery mode)\nkernel /vmlinuz single\n");
        assert_int_equal(read_legacy(t, &l), 3);
        assert_null(l->unused);
        assert_string_equal(l->generated, MENU);
        assert_string_equal(l->entries[0].title, "Linux");
        assert_string_equal(l->entries[0].initrd, "/initrd.img");
        assert_false(l->entries[0].is_default);
        assert_string_equal(l->entries[1].kernel, "/vmlinuz-2");
        assert_true(l->entries[1].is_default); /* DOS counts */
        assert_int_equal(l->entries[1].line, 10);
        assert_false(l->entries[1].rescue);
        assert_true(l->entries[2].rescue);
        loaders_free(l, 1);

        tree_file(t, MENU, "default saved\n" ENTRY "title b\nkernel /vmlinuz\n");
        tree_file(t, "/boot/grub/default", "1\n#\n#\n#\n");
        assert_int_equal(read_legacy(t, &l), 2);
        assert_true(l->entries[1].is_default);
        loaders_free(l, 1);
}

/* GRUB of Red Hat reads one name and everybody else's the other; a link between them is one file. */
static void the_name_that_counts_is_read(void **state)
{
        Tree *t = *state;
        Loader *l = NULL;

        tree_file(t, MENU, "title menu.lst\nkernel /vmlinuz\n");
        tree_file(t, CONF, "title grub.conf\nkernel /vmlinuz\n");
        read_legacy(t, &l);
        assert_string_equal(l->entries->title, "menu.lst");
        loaders_free(l, 1);
        tree_file(t, "/etc/redhat-release", "CentOS release 5.11 (Final)\n");
        read_legacy(t, &l);
        assert_string_equal(l->entries->title, "grub.conf");
        loaders_free(l, 1);
        tree_file(t, "/boot/efi/EFI/redhat/grub.conf", "title ESP\nkernel /vmlinuz\n");
        read_legacy(t, &l);
        assert_string_equal(l->entries->title, "grub.conf");
        loaders_free(l, 1);
        tree_directory(t, "/sys/firmware/efi");
        read_legacy(t, &l);
        assert_string_equal(l->entries->title, "ESP");
        loaders_free(l, 1);
}

static void links_stay_links(void **state)
{
        Tree *t = *state;
        _cleanup_free_ char *target = NULL;

        tree_file(t, CONF, "default=0\n" ENTRY);
        tree_link(t, MENU, "./grub.conf");
        tree_link(t, "/etc/grub.conf", "../boot/grub/grub.conf");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        assert_file(t, CONF, "default=0\n" EDITED);
        assert_int_equal(root_readlink(t->rfd, MENU, &target), 0);
        assert_string_equal(target, "./grub.conf");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
}

static void a_file_that_is_no_menu_is_no_loader(void **state)
{
        Tree *t = *state;
        Loader *l = NULL;
        size_t n;

        /* SuSE has a script for the grub shell under this name */
        tree_file(t, "/etc/grub.conf", "setup --stage2=/boot/grub/stage2 (hd0,1) (hd0,1)\nquit\n");
        assert_int_equal(loaders_read(t->rfd, &l, &n), 0);
        assert_int_equal(n, 0);
        tree_file(t, MENU, "# nothing here\ntimeout 5\n");
        assert_int_equal(loaders_read(t->rfd, &l, &n), 0);
        assert_int_equal(n, 0);
}

static void what_was_added_is_taken_back(void **state)
{
        static const char original[] = "# mine\ndefault=0\n" ENTRY "title b\r\nkernel /vmlinuz iommu=off\r\n";
        Tree *t = *state;

        tree_file(t, MENU, original);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        assert_file(t, MENU, "# mine\ndefault=0\n" EDITED "title b\r\nkernel /vmlinuz " OURS "\r\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        /* only one of the words is wanted from now on */
        assert_int_equal(edit(t, "intel_iommu=on", REMOVE, 0), 1);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        assert_int_equal(edit(t, "", "", 0), 1);
        assert_file(t, MENU, original);
        assert_int_equal(edit(t, "", "", 0), 0);
}

/* Somebody installed a kernel and edited a line since: his work stays, the words go. */
static void what_others_did_since_is_kept(void **state)
{
        Tree *t = *state;

        tree_file(t, MENU, "default=0\n" ENTRY);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        tree_file(t, MENU, "default=1\ntitle new\nkernel /vmlinuz-new " OURS "\n" EDITED "# a remark\n");
        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, MENU, "default=1\ntitle new\nkernel /vmlinuz-new\n" ENTRY "# a remark\n");
}

/* Left behind by an upgrade: GRUB 2 boots, so the old menu is named and left alone. */
static void a_menu_that_no_longer_boots_is_left_alone(void **state)
{
        Tree *t = *state;
        Loader *l = NULL;
        size_t n;

        tree_file(t, MENU, "default=0\n" ENTRY);
        tree_file(t, "/boot/grub/grub.cfg", "menuentry 'a' {\n\tlinux /vmlinuz " OURS "\n}\n");
        assert_int_equal(loaders_read(t->rfd, &l, &n), 0);
        assert_int_equal(n, 2);
        assert_int_equal(l[1].kind, LOADER_GRUB_LEGACY);
        assert_string_equal(l[1].unused, "GRUB 2 boots this machine: /boot/grub/grub.cfg is there");
        loaders_free(l, n);
        tree_file(t, "/usr/sbin/grub-mkconfig", "# a script\n");
        assert_true(edit(t, OURS, REMOVE, 0) > 0);
        assert_file(t, MENU, "default=0\n" ENTRY);

        /* the second stage is there, and nothing of GRUB 2 that could be started */
        tree_file(t, "/boot/grub/stage2", "stage2");
        assert_int_equal(loaders_read(t->rfd, &l, &n), 0);
        assert_null(l[1].unused);
        loaders_free(l, n);
        tree_directory(t, "/boot/grub/i386-pc");
        assert_int_equal(loaders_read(t->rfd, &l, &n), 0);
        assert_non_null(l[1].unused);
        loaders_free(l, n);
}

static void what_cannot_be_edited_is_refused(void **state)
{
        Tree *t = *state;

        tree_file(t, MENU, "title a\nkernel /vmlinuz x=\"never closed\n");
        assert_int_equal(edit(t, OURS, REMOVE, -ENOTSUP), 0);
        assert_file(t, MENU, "title a\nkernel /vmlinuz x=\"never closed\n");
}

/* Only rescue entries and other systems: nothing to do, and nothing is done. */
static void a_menu_without_linux_stays(void **state)
{
        static const char menu[] = "title a\nkernel /platform/i86pc/kernel/amd64/unix -B console=text\n"
                                   "module /platform/i86pc/amd64/boot_archive\ntitle b\nkernel /vmlinuz single\n";
        Tree *t = *state;

        tree_file(t, MENU, menu);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        assert_file(t, MENU, menu);
}

/* grubby has copied the default entry for a new kernel; another one was written by hand. */
static void a_later_entry_loses_the_words(void **state)
{
        Tree *t = *state;
#define LATER   "title Later\n\tkernel /vmlinuz-2 ro root=/dev/sda1 quiet%s\n"
#define BY_HAND "title Mine\n\tkernel /vmlinuz-2 ro intel_iommu=on\n"
        _cleanup_free_ char *before = NULL, *after = NULL;

        assert_true(asprintf(&before, LATER EDITED BY_HAND, " " OURS) > 0 &&
                    asprintf(&after, LATER ENTRY BY_HAND, "") > 0);
        tree_file(t, MENU, ENTRY);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        tree_file(t, MENU, before);
        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, MENU, after);
        assert_int_equal(edit(t, "", "", 0), 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TREE_TEST(entries_are_read),
                TREE_TEST(the_name_that_counts_is_read),
                TREE_TEST(links_stay_links),
                TREE_TEST(a_file_that_is_no_menu_is_no_loader),
                TREE_TEST(what_was_added_is_taken_back),
                TREE_TEST(what_others_did_since_is_kept),
                TREE_TEST(a_menu_that_no_longer_boots_is_left_alone),
                TREE_TEST(what_cannot_be_edited_is_refused),
                TREE_TEST(a_menu_without_linux_stays),
                TREE_TEST(a_later_entry_loses_the_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
