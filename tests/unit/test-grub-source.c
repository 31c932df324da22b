/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files beside a configuration of GRUB: those that it runs, such as custom.cfg of a person, and the choice of an entry
 * for the next boot in the environment block. */
#include "bls-host.h"
#include "grub/format/grub-cfg.h"

#define MENU_CFG   "/boot/grub/grub.cfg"
#define CUSTOM_CFG "/boot/grub/custom.cfg"
#define CUSTOM                                                                                                         \
        "### BEGIN /etc/grub.d/41_custom ###\n"                                                                        \
        "if [ -f  ${config_directory}/custom.cfg ]; then\n  source ${config_directory}/custom.cfg\n"                   \
        "elif [ -z \"${config_directory}\" -a -f  $prefix/custom.cfg ]; then\n  source $prefix/custom.cfg\nfi\n"       \
        "### END /etc/grub.d/41_custom ###\n"
#define OWN  "menuentry 'Linux' --id linux {\n\tlinux /vmlinuz-1 root=/dev/vda1 " OURS "\n}\n"
#define MINE "menuentry 'My kernel' --id mine {\n\tlinux /vmlinuz-1 root=/dev/vda1 iommu=off\n}\n"

static void set_up(const Tree *t, const char *menu, const char *custom)
{
        tree_file(t, "/usr/sbin/grub-mkconfig", "set -e\n. \"${sysconfdir}/default/grub\"\n");
        tree_file(t, "/etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"" OURS "\"\n");
        tree_file(t, MENU_CFG, menu);
        tree_file(t, CUSTOM_CFG, custom);
}

/* The entry that boots when nobody chooses one, and how many there are. */
static void the_default_may_be_in_it(void **state)
{
        static const struct {
                const char *menu, *custom;
                size_t n;
                const char *id, *file;
                unsigned line;
        } rows[] = {
                { "set default=mine\n" OWN CUSTOM, "\n" MINE, 2, "mine", CUSTOM_CFG, 3 },
                { "set default=1\n" OWN CUSTOM, MINE, 2, "mine", CUSTOM_CFG, 2 },
                { "set default=0\n" CUSTOM OWN, MINE, 2, "mine", CUSTOM_CFG, 2 },
                { "set default=0\n" OWN CUSTOM, MINE, 2, "linux", MENU_CFG, 3 },
                { "set default=0\n" OWN CUSTOM, "set default=mine\n" MINE, 2, "mine", CUSTOM_CFG, 3 },
                { "set default=0\n" OWN "menuentry 'B' --id b {\n\tlinux /b\n}\n" CUSTOM, "set default=b\n", 2, "b",
                  MENU_CFG, 6 },
                { "set default=mine\n" OWN, MINE, 1, "linux", MENU_CFG, 3 }, /* nothing runs it */
                { "set default=mine\nfunction f {\nsource $prefix/custom.cfg\n}\n" OWN, MINE, 1, "linux", MENU_CFG, 6 },
                { "set default=mine\nfunction f {\n. $prefix/custom.cfg\n}\n" OWN "f\n", MINE, 2, "mine", CUSTOM_CFG,
                  2 },
                /* what it leaves open ends with it */
                { "set default=b\n" CUSTOM OWN "menuentry 'B' --id b {\n\tlinux /b\n}\n", "submenu 'X' {\n" MINE, 3,
                  "b", MENU_CFG, 0 },
                { "set default=mine\n" OWN CUSTOM, "source $prefix/custom.cfg\n" MINE, 2, "mine", CUSTOM_CFG, 3 },
        };
        Tree *t = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const BootEntry *found = NULL;
                const Loader *l;
                Loader *all;
                size_t n;

                set_up(t, row->menu, row->custom);
                l = find(t, LOADER_GRUB2, &all, &n);
                assert_int_equal(l->readable, TRISTATE_YES);
                if (l->n_entries != row->n)
                        fail_msg("%s: %zu entries", row->menu, l->n_entries);
                FOREACH_ARRAY(e, l->entries, l->n_entries) {
                        assert_int_equal(e->foreign, streq(e->file, CUSTOM_CFG));
                        if (e->is_default) {
                                assert_null(found);
                                found = e;
                        }
                }
                assert_non_null(found);
                if (!streq(found->id, row->id) || !streq(found->file, row->file) ||
                    (row->line > 0 && found->line != row->line))
                        fail_msg("%s: %s (%s:%u)", row->menu, found->id, found->file, found->line);
                loaders_free(all, n);
        }
}

/* ptprep does not write there, and does not call it right. */
static void it_is_left_to_the_person(void **state)
{
        Tree *t = *state;
        _cleanup_free_ char *text = NULL;

        set_up(t, "set default=mine\n" OWN CUSTOM, MINE);
        assert_int_equal(edit(t, OURS, REMOVE, -ENOTSUP), 0);
        assert_int_equal(root_read_text(t->rfd, CUSTOM_CFG, &text), 0);
        assert_string_equal(text, MINE);
        set_up(t, "set default=0\n" OWN CUSTOM, MINE);
        assert_int_equal(edit(t, OURS, REMOVE, 0), 0);
}

/* A menu of boot loader specification entries. */
static void it_chooses_one_of_another_file(void **state)
{
        static const struct {
                const char *custom, *id;
        } rows[] = {
                { "set timeout=1\n", "id-6.1.0" },
                { "set default=id-6.10.0\n", "id-6.10.0" },
                { "set default=mine\n" MINE, "mine" },
        };
        Tree *t = *state;

        fedora(t);
        tree_file(t, "/usr/sbin/grub2-mkconfig", "# a script\n");
        tree_file(t, CFG, "set default=\"${saved_entry}\"\nblscfg\n" CUSTOM);
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const char *found = NULL;
                Loader *all;
                size_t n;

                tree_file(t, "/boot/grub2/custom.cfg", row->custom);
                assert_int_equal(loaders_read(t->rfd, &all, &n), 0);
                FOREACH_ARRAY(l, all, n)
                        FOREACH_ARRAY(e, l->entries, l->n_entries)
                                if (e->is_default) {
                                        assert_null(found);
                                        found = e->id;
                                }
                if (!streq_null(found, row->id))
                        fail_msg("%s: %s", row->custom, found ?: "none");
                loaders_free(all, n);
        }
}

#define NEXT                                                                                                           \
        "if [ \"${next_entry}\" ] ; then\n  set default=\"${next_entry}\"\n  set next_entry=\n"                        \
        "  save_env next_entry\nelse\n  set default=\"${saved_entry}\"\nfi\n"
#define OTHER   "menuentry 'Old' --id old {\n\tlinux /vmlinuz-0 root=/dev/vda1\n}\n"
#define WINDOWS "menuentry 'Windows' {\n\tchainloader /w\n}\n"

/* Which loader has a choice, and its entry; there is no second one. NULL: none has. */
static const Loader *find_once(const Loader *all, size_t n, const BootEntry **ret)
{
        const Loader *found = NULL;

        *ret = NULL;
        FOREACH_ARRAY(l, all, n) {
                if (l->once.id) {
                        assert_null(found);
                        found = l;
                }
                FOREACH_ARRAY(e, l->entries, l->n_entries)
                        if (e->is_once) {
                                assert_null(*ret);
                                assert_non_null(l->once.id);
                                *ret = e;
                        }
        }
        return found;
}

static void a_choice_for_the_next_boot(void **state)
{
        static const struct {
                const char *menu, *block, *id, *entry;
        } rows[] = {
                { NEXT OWN OTHER, "next_entry=1\n", "1", "old" },
                { NEXT OWN OTHER, "saved_entry=old\nnext_entry=linux\n", "linux", "linux" },
                { NEXT OWN OTHER, "next_entry=gone\n", "gone", "linux" }, /* GRUB takes the first then */
                { NEXT OWN WINDOWS, "next_entry=Windows\n", "Windows", NULL },
                { NEXT OWN OTHER, "next_entry=\n", NULL, NULL },
                { NEXT OWN OTHER, "saved_entry=old\n", NULL, NULL },
                { "set default=0\n" OWN OTHER, "next_entry=1\n", NULL, NULL }, /* nothing asks for it */
                { NEXT "set default=0\n" OWN OTHER, "next_entry=1\n", NULL, NULL },
        };
        Tree *t = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const BootEntry *entry;
                const Loader *l;
                Loader *all;
                size_t n;

                set_up(t, row->menu, "");
                put_block(t, "/boot/grub/grubenv", row->block);
                assert_int_equal(loaders_read(t->rfd, &all, &n), 0);
                l = find_once(all, n, &entry);
                if (!streq_null(l ? l->once.id : NULL, row->id) || !streq_null(entry ? entry->id : NULL, row->entry))
                        fail_msg("%s, %s: %s, %s", row->menu, row->block, l ? l->once.id : "none",
                                 entry ? entry->id : "none");
                if (l) {
                        assert_string_equal(l->once.place, "next_entry in /boot/grub/grubenv");
                        assert_string_equal(l->once.cure, "grub-editenv /boot/grub/grubenv unset next_entry");
                }
                loaders_free(all, n);
        }
}

/* The choice is told of the loader that has the entry. */
static void a_choice_in_a_shared_menu(void **state)
{
        static const struct {
                const char *next;
                LoaderKind kind;
                const char *entry;
        } rows[] = {
                { "id-6.10.0", LOADER_BLS, "id-6.10.0" },
                { "1", LOADER_BLS, "id-6.1.0" },
                { "mine", LOADER_GRUB2, "mine" },
                { "Windows", LOADER_GRUB2, NULL },
        };
        Tree *t = *state;

        fedora(t);
        tree_file(t, "/usr/sbin/grub2-mkconfig", "# a script\n");
        tree_file(t, CFG, NEXT "blscfg\n" WINDOWS CUSTOM);
        tree_file(t, "/boot/grub2/custom.cfg", MINE);
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const BootEntry *entry;
                const Loader *l;
                char block[64];
                Loader *all;
                size_t n;

                (void) snprintf(block, sizeof(block), "saved_entry=id-6.1.0\nnext_entry=%s\n", row->next);
                put_block(t, ENV, block);
                assert_int_equal(loaders_read(t->rfd, &all, &n), 0);
                l = find_once(all, n, &entry);
                assert_non_null(l);
                if (l->kind != row->kind || !streq_null(entry ? entry->id : NULL, row->entry))
                        fail_msg("%s: %s, %s", row->next, loader_kind_to_string(l->kind), entry ? entry->id : "none");
                assert_string_equal(l->once.cure, "grub2-editenv /boot/grub2/grubenv unset next_entry");
                loaders_free(all, n);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TREE_TEST(the_default_may_be_in_it),       TREE_TEST(it_is_left_to_the_person),
                TREE_TEST(it_chooses_one_of_another_file), TREE_TEST(a_choice_for_the_next_boot),
                TREE_TEST(a_choice_in_a_shared_menu),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
