/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "corpus.h"
#include "tree.h"

#include "grub/format/bls.h"
#include "grub/format/grubenv.h"
#include "grub/format/legacy.h"
#include "grub/format/rescue.h"
#include "grub/loader/loaders.h"

/*
 * Files of real machines, kept outside the repository: PTPREP_DATA/grub/{bls,grubenv,legacy}. Each is edited, edited
 * again, and gets its words taken out: old words plus ours, nothing the second time, the bytes of before.
 */
#define OURS "ptprep.claim=1 intel_iommu=on"

static int data = -1;

static Kargs words(const char *s)
{
        Kargs k = {};

        assert_int_equal(kargs_parse(s, &k), 0);
        return k;
}

static void list(const char *directory, StringList *ret)
{
        assert_int_equal(root_list(data, directory, NULL, ret), 0);
        assert_true(ret->n > 0);
}

static char *read_data(const char *directory, const char *name, size_t *ret_size)
{
        _cleanup_free_ char *path = NULL;
        char *text = NULL;

        assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
        assert_int_equal(root_read_file(data, path, 1024 * 1024, &text, ret_size), 0);
        return text;
}

/* The old words in their order, then ours where the old ones did not bring them. */
static void old_words_plus_ours(const char *name, const Kargs *old, const Kargs *now)
{
        _cleanup_(kargs_done) Kargs ours = words(OURS);
        size_t i = 0;

        while (i < old->words.n && i < now->words.n && streq(old->words.items[i], now->words.items[i]))
                i++;
        if (i != old->words.n)
                fail_msg("%s: word %zu was \"%s\"", name, i, old->words.items[i]);
        for (; i < now->words.n; i++)
                if (!kargs_has(&ours, now->words.items[i]) || kargs_has(old, now->words.items[i]))
                        fail_msg("%s: \"%s\" was added", name, now->words.items[i]);
        if (!loader_entry_fine(&(const BootEntry){ .arguments = *now }, &ours, &(const Kargs){}))
                fail_msg("%s: not all words are there", name);
}

static void bls_arguments_of(const char *text, BlsReader reader, Kargs *ret)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};

        assert_int_equal(bls_parse(text, &e), 0);
        assert_string_equal(e.text, text);
        assert_int_equal(bls_arguments(&e, reader, NULL, 0, ret), 0);
}

static void bls_entries_come_back(void **state)
{
        _cleanup_(string_list_done) StringList names = {};
        size_t n = 0;

        (void) state;
        list("bls", &names);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *text = NULL, *once = NULL, *twice = NULL, *back = NULL;
                _cleanup_(kargs_done) Kargs ours = words(OURS), add = {}, more = {};
                _cleanup_(owned_words_done) OwnedWords added = {};

                if (!endswith(*name, ".conf"))
                        continue;
                n++;
                text = read_data("bls", *name, NULL);
                for (BlsReader reader = BLS_GRUB; reader <= BLS_SYSTEMD; reader++) {
                        _cleanup_(kargs_done) Kargs old = {}, now = {};

                        kargs_done(&add);
                        free(TAKE_PTR(once));
                        bls_arguments_of(text, reader, &old);
                        assert_int_equal(kargs_missing(&old, &ours, &add), 0);
                        assert_int_equal(bls_edit(text, &(CmdlineEdit){ .add = &add }, NULL, &once), 0);
                        bls_arguments_of(once, reader, &now);
                        old_words_plus_ours(*name, &old, &now);
                        assert_int_equal(kargs_missing(&now, &ours, &more), 0);
                        assert_int_equal(more.words.n, 0);
                }
                FOREACH_ARRAY(w, add.words.items, add.words.n)
                        assert_int_equal(owned_words_add(&added, "", *w), 0);
                assert_int_equal(owned_bls.take_out(once, &added, &back), 0);
                assert_string_equal(back, text);
                assert_int_equal(owned_bls.take_out(text, &added, &twice), 0);
                assert_string_equal(twice, text); /* nothing of ours is in there */
        }
        assert_true(n >= 9);
}

static void entries_are_told_apart(void **state)
{
        _cleanup_(string_list_done) StringList names = {};

        (void) state;
        list("bls", &names);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *text = NULL;
                _cleanup_(bls_entry_done) BlsEntry e = {};
                _cleanup_(boot_entry_done) BootEntry made = {};
                bool rescue;

                if (!endswith(*name, ".conf"))
                        continue;
                text = read_data("bls", *name, NULL);
                assert_int_equal(bls_parse(text, &e), 0);
                assert_int_equal(bls_boot_entry(&e, BLS_SYSTEMD, "some.conf", *name, NULL, 0, &made), 0);
                assert_non_null(bls_value(&e, BLS_GRUB, "linux"));
                rescue = entry_rescue_kind(&made) != RESCUE_NONE;
                if (rescue != !!strstr(*name, "rescue"))
                        fail_msg("%s: %s a rescue entry", *name, rescue ? "taken for" : "not known as");
                assert_int_equal(bls_options_use(&e, BLS_GRUB, "kernelopts"), strstr(text, "$kernelopts") != NULL);
        }
}

static void blocks_come_back(void **state)
{
        static const struct {
                const char *name, *problem;
        } damaged[] = {
                { "grubby_grubenv.4", "is 1025 bytes long, not 1024" },
                { "leapp_grubenv.wrong1", "is padded with something else than '#'" },
                { "leapp_grubenv.wrong2", "is 1000 bytes long, not 1024" },
        };
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(kargs_done) Kargs ours = words(OURS);

        (void) state;
        list("grubenv", &names);
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_(grubenv_done) GrubEnv e = {}, after = {};
                _cleanup_free_ char *text = NULL, *once = NULL, *back = NULL, *problem = NULL;
                const char *expected = NULL;
                size_t size;

                text = read_data("grubenv", *name, &size);
                FOREACH_ARRAY(d, damaged, ELEMENTSOF(damaged))
                        if (streq(d->name, *name))
                                expected = d->problem;
                assert_int_equal(grubenv_parse(text, size, &e), 0);
                if (!streq_null(e.problem, expected))
                        fail_msg("%s: %s", *name, e.problem ?: "sound");
                if (expected) {
                        assert_int_equal(
                                grubenv_edit(text, size, "kernelopts", &(CmdlineEdit){ .add = &ours }, &once, &problem),
                                -EBADMSG);
                        assert_string_equal(problem, expected);
                        continue;
                }
                assert_int_equal(grubenv_edit(text, size, "kernelopts", &(CmdlineEdit){ .add = &ours }, &once, NULL),
                                 0);
                assert_int_equal(strlen(once), GRUBENV_SIZE);
                assert_int_equal(grubenv_parse(once, GRUBENV_SIZE, &after), 0);
                assert_null(after.problem);
                assert_string_equal(grubenv_value(&after, "kernelopts"), OURS);
                assert_true(streq_null(grubenv_value(&e, "saved_entry"), grubenv_value(&after, "saved_entry")));
                assert_int_equal(grubenv_set(once, GRUBENV_SIZE, "kernelopts", NULL, &back, NULL), 0);
                assert_string_equal(back, text);
        }
}

/* Lines that differ, counted; each has only ours added, and is a kernel or module line, or a comment of update-grub. */
static size_t changed_lines(const char *name, const char *before, const char *after)
{
        size_t n = 0;

        while (*before || *after) {
                size_t a = strcspn(before, "\n"), b = strcspn(after, "\n");
                _cleanup_free_ char *old = strndup(before, a), *new = strndup(after, b);

                if (!streq(old, new)) {
                        const char *key = old + strspn(old, " \t");
                        _cleanup_(kargs_done) Kargs was = words(old), is = words(new);

                        n++;
                        if (!startswith(key, "kernel") && !startswith(key, "module") &&
                            !startswith(key, "# defoptions="))
                                fail_msg("%s: \"%s\" became \"%s\"", name, old, new);
                        if (key[0] != '#')
                                old_words_plus_ours(name, &was, &is);
                }
                before += a + (before[a] == '\n');
                after += b + (after[b] == '\n');
        }
        return n;
}

static void menus_come_back(void **state)
{
        /* entries that boot Linux and are no rescue entries, and a comment of update-grub */
        static const struct {
                const char *name;
                size_t changes;
        } rows[] = {
                { "TritonDataCenter_illumos_menu.lst", 0 },
                { "augeas_boot_grub_grub.conf", 4 },
                { "augeas_etc_grub.conf", 0 },
                { "augeas_etc_sysconfig_grub", 0 },
                { "augeasproviders_broken", 2 },
                { "augeasproviders_full", 2 },
                { "avar_linode_menu.lst", 3 },
                { "grubby_grub.11", 2 },
                { "grubby_grub.12", 2 },
                { "grubby_grub.12_etc_grub.conf_SuSE", 0 },
                { "grubby_grub.14", 18 },
                { "grubby_grub.15", 2 },
                { "grubby_grub.2", 1 },
                { "grubby_grub.3", 2 },
                { "grubby_grub.4", 3 },
                { "grubby_grub.7", 4 },
                { "grubby_grub.9", 2 },
                { "insights_rhel5_6_grub1_b.conf", 2 },
                { "insights_rhel6_efi_grub.conf", 1 },
        };
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(kargs_done) Kargs ours = words(OURS), remove = words("iommu=off intel_iommu=off");

        (void) state;
        list("legacy", &names);
        assert_int_equal(names.n, ELEMENTSOF(rows));
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *text = read_data("legacy", row->name, NULL), *once = NULL, *twice = NULL,
                                    *back = NULL;
                _cleanup_(owned_words_done) OwnedWords added = {}, removed = {}, more = {};
                size_t n;

                assert_int_equal(legacy_edit(text, 0, &ours, &remove, &added, &removed, &once), 0);
                assert_int_equal(removed.n, 0);
                n = changed_lines(row->name, text, once);
                if (n != row->changes)
                        fail_msg("%s: %zu lines changed, %zu expected", row->name, n, row->changes);
                assert_int_equal(legacy_edit(once, 0, &ours, &remove, &more, &removed, &twice), 0);
                assert_string_equal(twice, once);
                assert_int_equal(more.n, 0);
                assert_int_equal(owned_grub_legacy.take_out(once, &added, &back), 0);
                assert_string_equal(back, text);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(bls_entries_come_back),
                cmocka_unit_test(entries_are_told_apart),
                cmocka_unit_test(blocks_come_back),
                cmocka_unit_test(menus_come_back),
        };
        int r;

        data = corpus_open("grub");
        if (data < 0)
                return CORPUS_SKIPPED;
        r = cmocka_run_group_tests(tests, NULL, NULL);
        close(data);
        return r;
}
