/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels that are installed later: what their entries are made of, and entries that nobody recorded. */
#include "bls-host.h"

static bool exists(const Tree *t, const char *path)
{
        struct stat st;

        return root_stat(t->rfd, path, &st) >= 0;
}

/* Arguments of kernels that are installed later. */
static void kernels_to_come_get_the_words(void **state)
{
        Tree *t = *state;

        fedora(t);
        tree_file(t, "/etc/kernel/cmdline", "root=UUID=x ro iommu=off\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 3);
        assert_file(t, "/etc/kernel/cmdline", "root=UUID=x ro " OURS "\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        assert_int_equal(edit(t, "", "", 0), 3);
        assert_file(t, "/etc/kernel/cmdline", "root=UUID=x ro iommu=off\n");
}

#define LATER(version, options) "version " version "\nlinux /vmlinuz-" version "\noptions " options "\n"

/* Entries of kernels that were installed while ptprep's words were there: nobody recorded them. */
static void later_entries_lose_the_words(void **state)
{
        Tree *t = *state;

        fedora(t);
        tree_file(t, "/etc/kernel/cmdline", "root=UUID=x ro\n");
        assert_int_equal(edit(t, OURS " pci=noats", REMOVE, 0), 3);
        tree_file(t, ENTRIES "id-6.12.0.conf", LATER("6.12.0", "root=UUID=x ro " OURS " pci=noats"));
        tree_file(t, ENTRIES "by-hand.conf", LATER("6.11.0", "root=UUID=x intel_iommu=on pci=noats"));
        assert_int_equal(edit(t, OURS, REMOVE, 0), 5); /* one that nobody wants any more; by-hand lacks the claim */
        assert_file(t, ENTRIES "id-6.12.0.conf", LATER("6.12.0", "root=UUID=x ro " OURS));
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        tree_file(t, ENTRIES "id-1-0-rescue.conf", LATER("0-rescue-id", "root=UUID=x ro " OURS));
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);

        assert_int_equal(edit(t, "", "", 0), 6);
        assert_file(t, "/etc/kernel/cmdline", "root=UUID=x ro\n");
        assert_file(t, ENTRIES "id-6.12.0.conf", LATER("6.12.0", "root=UUID=x ro"));
        assert_file(t, ENTRIES "id-1-0-rescue.conf", LATER("0-rescue-id", "root=UUID=x ro"));
        assert_file(t, ENTRIES "by-hand.conf", LATER("6.11.0", "root=UUID=x intel_iommu=on pci=noats"));
        assert_int_equal(edit(t, "", "", 0), 0);
}

/* The words of the boot in which the entry was made: those that ptprep added to all entries. */
static void later_entries_made_of_the_running_boot(void **state)
{
        Tree *t = *state;

        fedora(t);
        tree_file(t, ENTRIES "id-6.11.0.conf", LATER("6.11.0", "root=UUID=x intel_iommu=on"));
        assert_int_equal(edit(t, OURS " pci=noats", REMOVE, 0), 3);
        tree_file(t, ENTRIES "id-6.12.0.conf", LATER("6.12.0", "root=UUID=x intel_iommu=on ptprep.claim=1 pci=noats"));
        assert_int_equal(edit(t, "", "", 0), 4);
        assert_file(t, ENTRIES "id-6.11.0.conf", LATER("6.11.0", "root=UUID=x intel_iommu=on"));
        assert_file(t, ENTRIES "id-6.12.0.conf", LATER("6.12.0", "root=UUID=x intel_iommu=on"));
}

/* What an apply adds to such an entry later is recorded, and what it had already goes all the same. */
static void later_entries_that_are_edited(void **state)
{
        Tree *t = *state;

        fedora(t);
        tree_file(t, "/etc/kernel/cmdline", "root=UUID=x ro\n");
        assert_int_equal(edit(t, "ptprep.claim=1", "", 0), 3);
        tree_file(t, ENTRIES "id-6.12.0.conf", LATER("6.12.0", "root=UUID=x ro ptprep.claim=1"));
        assert_int_equal(edit(t, OURS, REMOVE, 0), 4);
        assert_file(t, ENTRIES "id-6.12.0.conf", LATER("6.12.0", "root=UUID=x ro " OURS));
        assert_true(edit(t, "", "", 0) > 0);
        assert_file(t, ENTRIES "id-6.12.0.conf", LATER("6.12.0", "root=UUID=x ro"));
        assert_int_equal(edit(t, "", "", 0), 0);
}

static void an_open_quote_in_the_file_is_refused(void **state)
{
        Tree *t = *state;

        fedora(t);
        tree_file(t, "/etc/kernel/cmdline", "root=x a=\"open\n");
        expect_refusal(t, "/etc/kernel/cmdline: a double quote is never closed");
}

/* Without that file the script of Fedora takes the arguments of the running kernel, which has booted without the words.
 */
static void the_file_for_kernels_to_come_is_made(void **state)
{
        Tree *t = *state;

        fedora(t);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 2);
        assert_false(exists(t, "/etc/kernel/cmdline")); /* nobody would read it */
        assert_int_equal(edit(t, "", "", 0), 2);

        tree_file(t, "/usr/lib/kernel/install.d/20-grub.install",
                  "read -r -d '' -a BOOT_OPTIONS < /etc/kernel/cmdline\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 3);
        assert_file(t, "/etc/kernel/cmdline", "root=UUID=x ro quiet " OURS "\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        assert_int_equal(edit(t, "", "", 0), 3);
        assert_false(exists(t, "/etc/kernel/cmdline"));
}

/* /etc/default/grub feeds what regenerates the files above; nothing is regenerated, as the menu is not in grub.cfg. */
static void the_defaults_of_the_platform_get_the_words(void **state)
{
        Tree *t = *state;
        Loader *all;
        size_t n;

        fedora(t);
        tree_file(t, "/usr/sbin/grub2-mkconfig", "# a script\n");
        tree_file(t, "/etc/default/grub", "GRUB_CMDLINE_LINUX=\"rhgb quiet\"\nGRUB_ENABLE_BLSCFG=true\n");
        assert_true(find(t, LOADER_GRUB2, &all, &n)->menu_from_bls);
        loaders_free(all, n);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 3);
        assert_file(t, "/etc/default/grub",
                    "GRUB_CMDLINE_LINUX=\"rhgb quiet\"\nGRUB_ENABLE_BLSCFG=true\n"
                    "GRUB_CMDLINE_LINUX_DEFAULT=\"${GRUB_CMDLINE_LINUX_DEFAULT:+$GRUB_CMDLINE_LINUX_DEFAULT }" OURS
                    "\"\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        assert_int_equal(edit(t, "", "", 0), 3);
        assert_file(t, "/etc/default/grub", "GRUB_CMDLINE_LINUX=\"rhgb quiet\"\nGRUB_ENABLE_BLSCFG=true\n");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TREE_TEST(kernels_to_come_get_the_words),
                TREE_TEST(later_entries_lose_the_words),
                TREE_TEST(later_entries_made_of_the_running_boot),
                TREE_TEST(later_entries_that_are_edited),
                TREE_TEST(an_open_quote_in_the_file_is_refused),
                TREE_TEST(the_file_for_kernels_to_come_is_made),
                TREE_TEST(the_defaults_of_the_platform_get_the_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
