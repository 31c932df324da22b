/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader-edit.h"

#include "base/text.h"
#include "grub/format/blscfg.h"
#include "grub/format/grubenv.h"
#include "grub/loader/words-home.h"

#define CFG     "/boot/grub2/grub.cfg"
#define ENV     "/boot/grub2/grubenv"
#define ENTRIES "/boot/loader/entries/"
#define OURS    "ptprep.claim=1 intel_iommu=on"
#define REMOVE  "iommu=off intel_iommu=off"

static const char blscfg[] = "set default=\"${saved_entry}\"\nset tuned_params=\"\"\ninsmod blscfg\nblscfg\n";

static char *block(const char *lines)
{
        char *s = malloc(GRUBENV_SIZE + 1);

        assert_non_null(s);
        memset(s, '#', GRUBENV_SIZE);
        s[GRUBENV_SIZE] = 0;
        memcpy(s, "# GRUB Environment Block\n", strlen("# GRUB Environment Block\n"));
        memcpy(s + strlen("# GRUB Environment Block\n"), lines, strlen(lines));
        return s;
}

static void put_block(const Tree *t, const char *path, const char *lines)
{
        _cleanup_free_ char *s = block(lines);

        tree_file(t, path, s);
}

static void assert_file(const Tree *t, const char *path, const char *expected)
{
        _cleanup_free_ char *text = NULL;

        assert_int_equal(root_read_text(t->rfd, path, &text), 0);
        assert_string_equal(text, expected);
}

static void assert_block(const Tree *t, const char *path, const char *lines)
{
        _cleanup_free_ char *s = block(lines);

        assert_file(t, path, s);
}

static bool exists(const Tree *t, const char *path)
{
        struct stat st;

        return root_stat(t->rfd, path, &st) >= 0;
}

/* The loader of this kind; all are released with loaders_free(*ret_all, *ret_n). */
static const Loader *find(const Tree *t, LoaderKind kind, Loader **ret_all, size_t *ret_n)
{
        assert_int_equal(loaders_read(t->rfd, ret_all, ret_n), 0);
        for (size_t i = 0; i < *ret_n; i++)
                if ((*ret_all)[i].kind == kind)
                        return *ret_all + i;
        return NULL;
}

static char *arguments(const Loader *l, const char *id)
{
        for (size_t i = 0; l && i < l->n_entries; i++)
                if (streq(l->entries[i].id, id))
                        return kargs_print(&l->entries[i].arguments);
        fail_msg("no entry %s", id);
        return NULL;
}

/* What each entry of a machine boots with. */
static void assert_arguments(const Tree *t, const char *id, const char *expected)
{
        Loader *all;
        size_t n;
        _cleanup_free_ char *text = arguments(find(t, LOADER_BLS, &all, &n), id);

        assert_string_equal(text, expected);
        loaders_free(all, n);
}

static void spellings_of_the_switch(void **state)
{
        static const struct {
                const char *text;
                bool enabled;
        } rows[] = {
                { "GRUB_ENABLE_BLSCFG=true\n", true },
                { "GRUB_ENABLE_BLSCFG=\"true\"\n", true },
                { "GRUB_ENABLE_BLSCFG='true'", true },
                { "  GRUB_ENABLE_BLSCFG = \"TRUE\" \n", true },
                { "grub_enable_blscfg=True\n", true },
                { "GRUB_TIMEOUT=1\nGRUB_ENABLE_BLSCFG=true # on\n", true },
                { "GRUB_ENABLE_BLSCFG=\"false\"\n", false },
                { "GRUB_ENABLE_BLSCFG=trueish\n", false },
                { "#GRUB_ENABLE_BLSCFG=true\n", false },
                { "GRUB_ENABLE_BLSCFG_X=true\n", false },
                { "", false },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows))
                assert_int_equal(default_grub_enables_bls(row->text), row->enabled);
        assert_true(grub_cfg_has_blscfg("insmod blsuki\n\tblscfg --path /loader/entries\n"));
        assert_false(grub_cfg_has_blscfg("insmod blscfg\n# blscfg\necho blscfg\n"));
}

static void fedora(const Tree *t)
{
        tree_file(t, CFG, blscfg);
        put_block(t, ENV, "saved_entry=id-6.1.0\nboot_success=1\n");
        tree_file(t, ENTRIES "id-6.1.0.conf",
                  "title Fedora (6.1.0)\nversion 6.1.0\nlinux /vmlinuz-6.1.0\n"
                  "initrd /initramfs-6.1.0.img $tuned_initrd\noptions root=UUID=x ro quiet\n"
                  "grub_users $grub_users\ngrub_arg --unrestricted\ngrub_class fedora");
        tree_file(t, ENTRIES "id-6.10.0.conf",
                  "title Fedora (6.10.0)\nversion 6.10.0\nlinux /boot/vmlinuz-6.10.0\n"
                  "initrd /boot/initramfs-6.10.0.img\n"
                  "options root=UUID=x ro $tuned_params quiet iommu=pt,off\n");
        tree_file(t, ENTRIES "id-0-rescue.conf",
                  "title Fedora (0-rescue-id)\nversion 0-rescue-id\n"
                  "linux /vmlinuz-0-rescue-id\noptions root=UUID=x ro iommu=off\n");
}

static void literal_options_of_every_entry(void **state)
{
        Tree *t = *state;
        Loader *all;
        const Loader *l;
        size_t n;

        fedora(t);
        l = find(t, LOADER_BLS, &all, &n);
        assert_int_equal(l->n_entries, 3);
        assert_string_equal(l->entries[0].id, "id-6.10.0"); /* numbers, not letters */
        assert_string_equal(l->entries[2].id, "id-0-rescue");
        assert_true(l->entries[2].rescue);
        assert_true(l->entries[1].is_default);
        assert_false(l->entries[0].is_default);
        assert_string_equal(l->entries[1].initrd, "/initramfs-6.1.0.img");
        assert_string_equal(l->entries[1].version, "6.1.0");
        assert_int_equal(l->entries[1].line, 5);
        loaders_free(all, n);

        assert_int_equal(edit(t, OURS, REMOVE, 0), 2);
        assert_file(t, ENTRIES "id-6.1.0.conf",
                    "title Fedora (6.1.0)\nversion 6.1.0\nlinux /vmlinuz-6.1.0\n"
                    "initrd /initramfs-6.1.0.img $tuned_initrd\noptions root=UUID=x ro quiet " OURS "\n"
                    "grub_users $grub_users\ngrub_arg --unrestricted\ngrub_class fedora");
        assert_file(t, ENTRIES "id-6.10.0.conf",
                    "title Fedora (6.10.0)\nversion 6.10.0\nlinux /boot/vmlinuz-6.10.0\n"
                    "initrd /boot/initramfs-6.10.0.img\n"
                    "options root=UUID=x ro $tuned_params quiet iommu=pt " OURS "\n");
        assert_file(t, ENTRIES "id-0-rescue.conf",
                    "title Fedora (0-rescue-id)\nversion 0-rescue-id\n"
                    "linux /vmlinuz-0-rescue-id\noptions root=UUID=x ro iommu=off\n");
        assert_block(t, ENV, "saved_entry=id-6.1.0\nboot_success=1\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);

        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, ENTRIES "id-6.10.0.conf",
                    "title Fedora (6.10.0)\nversion 6.10.0\nlinux /boot/vmlinuz-6.10.0\n"
                    "initrd /boot/initramfs-6.10.0.img\n"
                    "options root=UUID=x ro $tuned_params quiet iommu=pt,off\n");
        assert_arguments(t, "id-6.1.0", "root=UUID=x ro quiet");
}

#define KERNELOPTS_ENTRY(v)                                                                                            \
        "title AlmaLinux (" v ") 8.3\nversion " v "\nlinux /vmlinuz-" v "\ninitrd /initramfs-" v                       \
        ".img $tuned_initrd\n"                                                                                         \
        "options $kernelopts $tuned_params\nid almalinux-" v "\ngrub_users $grub_users\ngrub_class kernel\n"
#define RESCUE(options)                                                                                                \
        "title AlmaLinux (0-rescue-id) 8.3\nversion 0-rescue-id\nlinux /vmlinuz-0-rescue-id\noptions " options "\n"

static void rhel8(const Tree *t)
{
        tree_file(t, CFG, blscfg);
        put_block(t, ENV,
                  "saved_entry=id-4.18.0-240\nkernelopts=root=/dev/mapper/rl-root ro crashkernel=auto "
                  "\nboot_success=0\n");
        tree_file(t, ENTRIES "id-4.18.0-240.conf", KERNELOPTS_ENTRY("4.18.0-240"));
        tree_file(t, ENTRIES "id-4.18.0-305.conf", KERNELOPTS_ENTRY("4.18.0-305"));
        tree_file(t, ENTRIES "id-0-rescue.conf", RESCUE("root=/dev/mapper/rl-root ro"));
}

static void kernelopts_in_the_block(void **state)
{
        Tree *t = *state;

        rhel8(t);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        assert_block(t, ENV,
                     "saved_entry=id-4.18.0-240\nkernelopts=root=/dev/mapper/rl-root ro crashkernel=auto " OURS
                     " \nboot_success=0\n");
        assert_file(t, ENTRIES "id-4.18.0-240.conf", KERNELOPTS_ENTRY("4.18.0-240"));
        assert_arguments(t, "id-4.18.0-305", "root=/dev/mapper/rl-root ro crashkernel=auto " OURS);
        assert_arguments(t, "id-0-rescue", "root=/dev/mapper/rl-root ro");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);

        /* GRUB writes to the block at every boot: only ptprep's words go */
        put_block(t, ENV,
                  "saved_entry=id-4.18.0-305\nkernelopts=root=/dev/mapper/rl-root ro crashkernel=auto " OURS
                  " \nboot_success=1\nnew=1\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        assert_int_equal(edit(t, "", "", 0), 1);
        assert_block(t, ENV,
                     "saved_entry=id-4.18.0-305\nkernelopts=root=/dev/mapper/rl-root ro crashkernel=auto \n"
                     "boot_success=1\nnew=1\n");
}

static void contradictions_in_the_block_go(void **state)
{
        Tree *t = *state;

        rhel8(t);
        put_block(t, ENV, "kernelopts=root=/dev/mapper/rl-root iommu=off ro intel_iommu=off\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        assert_block(t, ENV, "kernelopts=root=/dev/mapper/rl-root ro " OURS "\n");
        assert_int_equal(edit(t, "", "", 0), 1);
        assert_block(t, ENV, "kernelopts=root=/dev/mapper/rl-root iommu=off ro intel_iommu=off\n");
}

/* The rescue entry takes the same variable: it keeps what it boots with. */
static void a_rescue_entry_that_shares_the_variable_is_pinned(void **state)
{
        Tree *t = *state;

        rhel8(t);
        tree_file(t, ENTRIES "id-0-rescue.conf", RESCUE("$kernelopts rd.auto=1"));
        assert_arguments(t, "id-0-rescue", "root=/dev/mapper/rl-root ro crashkernel=auto rd.auto=1");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 2);
        assert_file(t, ENTRIES "id-0-rescue.conf", RESCUE("root=/dev/mapper/rl-root ro crashkernel=auto rd.auto=1"));
        assert_arguments(t, "id-0-rescue", "root=/dev/mapper/rl-root ro crashkernel=auto rd.auto=1");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, ENTRIES "id-0-rescue.conf", RESCUE("$kernelopts rd.auto=1"));
        assert_block(t, ENV,
                     "saved_entry=id-4.18.0-240\nkernelopts=root=/dev/mapper/rl-root ro crashkernel=auto "
                     "\nboot_success=0\n");
}

/* One entry has the word already: it does not get it twice. */
static void no_entry_gets_a_word_twice(void **state)
{
        Tree *t = *state;

        rhel8(t);
        tree_file(t, ENTRIES "id-4.18.0-305.conf", "linux /vmlinuz\noptions $kernelopts intel_iommu=on\n");
        tree_file(t, ENTRIES "id-4.18.0-200.conf", "linux /vmlinuz-200\noptions root=x\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 3);
        assert_arguments(t, "id-4.18.0-305",
                         "root=/dev/mapper/rl-root ro crashkernel=auto ptprep.claim=1 intel_iommu=on");
        assert_arguments(t, "id-4.18.0-240",
                         "root=/dev/mapper/rl-root ro crashkernel=auto ptprep.claim=1 intel_iommu=on");
        assert_arguments(t, "id-4.18.0-200", "root=x " OURS);
        assert_block(t, ENV,
                     "saved_entry=id-4.18.0-240\nkernelopts=root=/dev/mapper/rl-root ro crashkernel=auto "
                     "ptprep.claim=1 \nboot_success=0\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
}

/* grub.cfg has a value for the case that the block has none: then the entries get the words themselves. */
static void a_fallback_of_the_configuration_stays(void **state)
{
        Tree *t = *state;

        rhel8(t);
        put_block(t, ENV, "saved_entry=0\n");
        tree_file(t, CFG,
                  "insmod blscfg\nblscfg\nif [ -z \"${kernelopts}\" ]; then\n"
                  "  set kernelopts=\"root=/dev/sda2 ro \"\nfi\n");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 2);
        assert_block(t, ENV, "saved_entry=0\n");
        assert_arguments(t, "id-4.18.0-305", "root=/dev/sda2 ro " OURS);
        assert_file(t, ENTRIES "id-0-rescue.conf", RESCUE("root=/dev/mapper/rl-root ro"));
}

/* Fedora's GRUB takes another variable where an entry has no options: that has root= in it. */
static void entries_without_options_keep_their_default(void **state)
{
        Tree *t = *state;

        tree_file(t, CFG, "set default_kernelopts=\"root=/dev/sda2 ro\"\nblscfg\n");
        tree_file(t, ENTRIES "a.conf", "title\tA\nlinux\t/vmlinuz\ninitrd\t/initrd.img");
        assert_arguments(t, "a", "root=/dev/sda2 ro");
        assert_int_equal(edit(t, OURS, REMOVE, 0), 1);
        assert_file(t, ENTRIES "a.conf",
                    "title\tA\nlinux\t/vmlinuz\ninitrd\t/initrd.img\noptions $default_kernelopts " OURS);
        assert_arguments(t, "a", "root=/dev/sda2 ro " OURS);
}

static void expect_refusal(const Tree *t, const char *reason)
{
        _cleanup_(kargs_done) Kargs add = words(OURS), remove = words(REMOVE);
        _cleanup_(plan_done) Plan p = {};
        _cleanup_free_ char *said = NULL;
        const Record record = {};
        const LoaderEdit want = {
                .check = "iommu.argument", .add = &add, .remove = &remove, .record = &record, .reason = &said
        };
        Loader *all;
        size_t n;
        const Loader *l = find(t, LOADER_BLS, &all, &n);

        assert_non_null(l);
        assert_true(loader_edit(l, &want, &p) < 0);
        assert_string_equal(said, reason);
        loaders_free(all, n);
}

static void a_full_or_damaged_block_is_refused(void **state)
{
        Tree *t = *state;
        char lines[1024] = "kernelopts=root=/dev/mapper/rl-root ro ";
        _cleanup_free_ char *short_block = NULL;

        rhel8(t);
        memset(lines + strlen(lines), 'x', 940);
        strcat(lines, "\n");
        put_block(t, ENV, lines);
        expect_refusal(t, ENV " has room for 1024 bytes, and 1035 would be needed: shorten kernelopts or remove other "
                              "variables from it");
        short_block = block("kernelopts=root=/dev/sda1 ro\n");
        short_block[1000] = 0;
        tree_file(t, ENV, short_block);
        expect_refusal(t,
                       ENV " is 1000 bytes long, not 1024: repair it with \"grub2-editenv create\" (or grub-editenv), "
                           "or from a backup");
        assert_int_equal(edit(t, OURS, REMOVE, -ENOTSUP), 0);
        assert_file(t, ENV, short_block);
}

static void what_a_variable_brings_cannot_be_cured(void **state)
{
        Tree *t = *state;

        tree_file(t, CFG, "set tuned_params=\"iommu=off\"\nblscfg\n");
        tree_file(t, ENTRIES "a.conf", "linux /vmlinuz\noptions root=x $tuned_params\n");
        expect_refusal(t, ENTRIES
                       "a.conf:2: a variable in the options brings words that contradict, or takes the blank in "
                       "front of the next word: put the words there by hand");
        tree_file(t, CFG, blscfg);
        tree_file(t, ENTRIES "a.conf", "linux /vmlinuz\noptions root=x a=\"open\n");
        expect_refusal(t, "a double quote in the options of an entry is never closed");
}

/* A variable that is set from another one has a value that only GRUB knows: an entry with it may have any word. */
static void what_only_grub_knows_is_told(void **state)
{
        Tree *t = *state;
        Loader *all;
        const Loader *l;
        size_t n;

        tree_file(t, CFG, "set site=\"$other\"\nset known=\"a\"\nblscfg\n");
        tree_file(t, ENTRIES "1.conf", "linux /vmlinuz\noptions root=x $known $never_set\n");
        tree_file(t, ENTRIES "2.conf", "linux /vmlinuz\noptions root=x $site\n");
        l = find(t, LOADER_BLS, &all, &n);
        assert_non_null(l);
        assert_int_equal(l->n_entries, 2);
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                assert_string_equal(e->untold ?: "nothing", streq(e->id, "2") ? "$site" : "nothing");
        loaders_free(all, n);
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

/* A menu of its own beside the entries: both boot, both are edited. */
static void a_mixed_menu_is_edited_in_both_places(void **state)
{
        Tree *t = *state;
        Loader *all;
        size_t n;

        tree_file(t, "/boot/grub/grub.cfg",
                  "menuentry 'a' {\n\tlinux /vmlinuz root=x\n}\nload_env\ninsmod blsuki\n"
                  "blscfg --path /boot/loader/entries\n");
        tree_file(t, "/usr/sbin/grub-mkconfig", "# a script\n");
        tree_file(t, "/etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n");
        tree_file(t, ENTRIES "a.conf", "linux /vmlinuz\noptions root=x\n");
        assert_non_null(find(t, LOADER_BLS, &all, &n));
        loaders_free(all, n);
        assert_false(find(t, LOADER_GRUB2, &all, &n)->menu_from_bls);
        assert_int_equal(n, 2);
        loaders_free(all, n);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 3); /* default file, mkconfig, entry */
        assert_file(t, ENTRIES "a.conf", "linux /vmlinuz\noptions root=x " OURS "\n");
}

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

/* grubby gets one kernel each, never the rescue one, and only what it does well. */
static void grubby_is_asked_where_it_can(void **state)
{
        static const char *const expected[] = { "grubby", "--bls-directory=" NAME_EDITOR_DIR,
                                                "--update-kernel=/boot/vmlinuz-6.1.0", ("--args=" OURS) };
        Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        size_t asked = 0;

        fedora(t);
        tree_file(t, "/usr/sbin/grubby", "#!/bin/bash\n");
        tree_file(t, ENTRIES "id-5.0.conf", "linux /vmlinuz-5.0\noptions root=x $kernelopts\n");
        tree_file(t, ENTRIES "id-4.0.conf", "linux /vmlinuz-4.0\noptions root=x\n");
        tree_file(t, ENTRIES "id-4.0-debug.conf", "linux /vmlinuz-4.0\noptions root=x debug\n");
        /* it would make other bytes of these */
        tree_file(t, ENTRIES "id-3.1.conf", "linux /vmlinuz-3.1\noptions root=x  quiet\n");
        tree_file(t, ENTRIES "id-3.2.conf", "linux /vmlinuz-3.2\noptions root=x quiet \n");
        tree_file(t, ENTRIES "id-3.3.conf", "linux /vmlinuz-3.3\noptions root=x\tquiet\n");
        tree_file(t, ENTRIES "id-3.4.conf", "linux /vmlinuz-3.4\noptions root=x\noptions quiet\n");
        tree_file(t, ENTRIES "id-3.5.conf", "linux /vmlinuz-3.5\noptions\troot=x\n");
        tree_file(t, ENTRIES "id-3.6.conf", "linux /vmlinuz-3.6\noptions root=x");
        assert_int_equal(edit_plan(t, OURS, REMOVE, &p), 0);
        FOREACH_ARRAY(s, p.steps, p.n) {
                if (!step_file(s) || s->file.editor.n == 0)
                        continue;
                asked++;
                assert_string_equal(s->path, ENTRIES "id-6.1.0.conf");
                assert_int_equal(s->file.editor.n, ELEMENTSOF(expected));
                for (size_t i = 0; i < s->file.editor.n; i++)
                        assert_string_equal(s->file.editor.items[i], expected[i]);
        }
        assert_int_equal(asked, 1);
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

/* What an entry of GRUB names is what boots, and not what has the name of the release. */
static void images_that_entries_name(void **state)
{
        static const char first[] = "/boot/initrd.img-1.0", second[] = "/boot/initramfs-1.0.img",
                          own[] = "/boot/own.img";
        static const struct {
                const char *image, *initrd, *stray;
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
                { "$dir/own.img", first, NULL },                              /* cannot be told */
                { "/not-there.img", first, NULL },
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
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(spellings_of_the_switch),
                cmocka_unit_test(every_home_gives_back_what_it_records),
                TREE_TEST(literal_options_of_every_entry),
                TREE_TEST(kernelopts_in_the_block),
                TREE_TEST(contradictions_in_the_block_go),
                TREE_TEST(a_rescue_entry_that_shares_the_variable_is_pinned),
                TREE_TEST(no_entry_gets_a_word_twice),
                TREE_TEST(a_fallback_of_the_configuration_stays),
                TREE_TEST(entries_without_options_keep_their_default),
                TREE_TEST(what_only_grub_knows_is_told),
                TREE_TEST(a_full_or_damaged_block_is_refused),
                TREE_TEST(what_a_variable_brings_cannot_be_cured),
                TREE_TEST(kernels_to_come_get_the_words),
                TREE_TEST(later_entries_lose_the_words),
                TREE_TEST(later_entries_made_of_the_running_boot),
                TREE_TEST(later_entries_that_are_edited),
                TREE_TEST(an_open_quote_in_the_file_is_refused),
                TREE_TEST(the_file_for_kernels_to_come_is_made),
                TREE_TEST(the_defaults_of_the_platform_get_the_words),
                TREE_TEST(a_mixed_menu_is_edited_in_both_places),
                TREE_TEST(where_entries_are_looked_for),
                TREE_TEST(the_default_entry),
                TREE_TEST(grubby_is_asked_where_it_can),
                TREE_TEST(without_being_root),
                TREE_TEST(partitions_for_root_only),
                TREE_TEST(images_that_entries_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
