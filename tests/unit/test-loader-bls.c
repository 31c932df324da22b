/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "bls-host.h"
#include "grub/format/blscfg.h"

static void assert_block(const Tree *t, const char *path, const char *lines)
{
        _cleanup_free_ char *s = block(lines);

        assert_file(t, path, s);
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

/* Entries of grub.cfg itself are in the same menu, and there is one default. */
static void one_default_in_a_shared_menu(void **state)
{
        static const struct {
                const char *block, *expected;
        } rows[] = {
                { "saved_entry=id-6.1.0\n", "id-6.1.0" },
                { "saved_entry=mine\n", "mine" },
                { "saved_entry=Windows\n", NULL },
                { "saved_entry=id-gone\n", "id-6.10.0" },
                { "saved_entry=1\n", "id-6.1.0" },
                { "saved_entry=More>mine too\n", "mine too" },
                { "boot_success=1\n", "id-6.10.0" },
                { "saved_entry=3\n", "mine" },
                { "saved_entry=4\n", NULL },
                { "saved_entry=5>0\n", "mine too" },
                { "saved_entry=6\n", "id-6.10.0" },
                { "saved_entry=0\n", "id-6.10.0" },
        };
        Tree *t = *state;

        fedora(t);
        tree_file(t, "/usr/sbin/grub2-mkconfig", "# a script\n");
        tree_file(t, CFG,
                  "set default=\"${saved_entry}\"\nblscfg\n### BEGIN /etc/grub.d/40_custom ###\n"
                  "menuentry 'My kernel' --id mine {\n\tlinux /vmlinuz-6.1.0 root=x\n}\n"
                  "menuentry 'Windows' {\n\tchainloader /w\n}\n"
                  "submenu 'More' {\nmenuentry 'mine too' {\n\tlinux /vmlinuz-6.1.0 root=y\n}\n}\n"
                  "### END /etc/grub.d/40_custom ###\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const char *found = NULL;
                Loader *all;
                size_t n;

                put_block(t, ENV, row->block);
                assert_int_equal(loaders_read(t->rfd, &all, &n), 0);
                assert_int_equal(n, 2);
                FOREACH_ARRAY(l, all, n)
                        FOREACH_ARRAY(e, l->entries, l->n_entries)
                                if (e->is_default) {
                                        assert_null(found);
                                        found = e->id;
                                }
                if (!streq_null(found, row->expected))
                        fail_msg("%s: %s", row->block, found ?: "none");
                loaders_free(all, n);
        }
}

/* The command puts its entries where it stands, and once. */
static void numbers_count_from_the_top_of_a_shared_menu(void **state)
{
#define MINE(id) "menuentry 'T " id "' --id " id " {\n\tlinux /vmlinuz-6.1.0 root=x\n}\n"
        static const struct {
                const char *text, *block, *expected, *once;
        } rows[] = {
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=0\n", "a", NULL },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=1\n", "id-6.10.0", NULL },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=2\n", "id-6.1.0", NULL },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=4\n", "b", NULL },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=5\n", "a", NULL },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=gone\n", "a", NULL },
                { MINE("a") "blscfg\n" MINE("b"), "boot_success=1\n", "a", NULL },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=id-6.1.0\n", "id-6.1.0", NULL },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=Fedora (6.1.0)\n", "id-6.1.0", NULL },
                { "blscfg\n" MINE("a") "blscfg\n" MINE("b"), "saved_entry=4\n", "b", NULL },
                { "submenu S {\nblscfg\n}\n" MINE("b"), "saved_entry=1\n", "b", NULL },
                { "submenu S {\nblscfg\n}\n" MINE("b"), "saved_entry=0>1\n", "id-6.1.0", NULL },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=0\nnext_entry=2\n", "a", "id-6.1.0" },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=1\nnext_entry=4\n", "id-6.10.0", "b" },
                { MINE("a") "blscfg\n" MINE("b"), "saved_entry=1\nnext_entry=9\n", "id-6.10.0", "a" },
        };
        Tree *t = *state;

        fedora(t);
        tree_file(t, "/usr/sbin/grub2-mkconfig", "# a script\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *text = NULL, *found = NULL, *once = NULL;
                Loader *all;
                size_t n;

                assert_true(string_printf(&text,
                                          "if [ \"${next_entry}\" ]; then\nset default=\"${next_entry}\"\nelse\n"
                                          "set default=\"${saved_entry}\"\nfi\n%s",
                                          row->text) >= 0);
                tree_file(t, CFG, text);
                put_block(t, ENV, row->block);
                assert_int_equal(loaders_read(t->rfd, &all, &n), 0);
                assert_int_equal(n, 2);
                FOREACH_ARRAY(l, all, n) {
                        bool has_once = false;

                        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                                assert_false(e->is_default && found);
                                assert_false(e->is_once && once);
                                has_once |= e->is_once;
                                if (e->is_default)
                                        found = strdup(e->id);
                                if (e->is_once)
                                        once = strdup(e->id);
                        }
                        assert_true(has_once == (l->once.id != NULL));
                }
                loaders_free(all, n);
                if (!streq_null(found, row->expected) || !streq_null(once, row->once))
                        fail_msg("%s%s: %s, once %s", row->text, row->block, found ?: "none", once ?: "none");
        }
#undef MINE
}

/* An entry that cannot be read may be one of the menu or none, so that no number is told to be one of the
 * configuration. */
static void numbers_behind_what_cannot_be_read(void **state)
{
        _cleanup_(loader_done) Loader l = {};
        Tree *t = *state;

        fedora(t);
        tree_file(t, "/usr/sbin/grub2-mkconfig", "# a script\n");
        tree_file(t, CFG,
                  "set default=\"${saved_entry}\"\nblscfg\nmenuentry 'My kernel' --id mine {\n"
                  "\tlinux /vmlinuz-6.1.0 root=x\n}\n");
        put_block(t, ENV, "saved_entry=3\n");
        assert_int_equal(loader_read_kind(t->rfd, LOADER_GRUB2, &l), 0);
        assert_true(l.entries[0].is_default);
        loader_done(&l);
        tree_directory(t, ENTRIES "id-5.conf");
        put_block(t, ENV, "saved_entry=2\n"); /* the one of grub.cfg, if none but the others were shared */
        assert_int_equal(loader_read_kind(t->rfd, LOADER_GRUB2, &l), 0);
        assert_false(l.entries[0].is_default);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(spellings_of_the_switch),
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
                TREE_TEST(a_mixed_menu_is_edited_in_both_places),
                TREE_TEST(grubby_is_asked_where_it_can),
                TREE_TEST(one_default_in_a_shared_menu),
                TREE_TEST(numbers_count_from_the_top_of_a_shared_menu),
                TREE_TEST(numbers_behind_what_cannot_be_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
