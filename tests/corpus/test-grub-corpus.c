/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "corpus.h"
#include "dash.h"
#include "loader-edit.h"

#include "grub/format/grub-cfg.h"
#include "grub/format/shell-assign.h"
#include "grub/loader/loaders.h"

/*
 * Files of real machines, kept outside the repository: PTPREP_DATA/grub. default-EFFECTIVE.tsv there says what dash
 * made of each file of default/ on its own: file, shell, exit status, and three variables ("<unset>").
 */
#define NORMAL "GRUB_CMDLINE_LINUX_DEFAULT"

static int data = -1;

static char *read_data(const char *format, const char *name)
{
        _cleanup_free_ char *path = NULL;
        char *text = NULL;

        assert_true(asprintf(&path, format, name) > 0);
        assert_int_equal(root_read_text(data, path, &text), 0);
        return text;
}

/* Is this variable fed by a command substitution, in any line that assigns it? */
static bool substituted(const char *text, const char *name)
{
        size_t n = strlen(name);

        for (const char *p = text; (p = strstr(p, name)); p += n)
                if ((p == text || p[-1] == '\n') && p[n] == '=') {
                        size_t line = strcspn(p, "\n");

                        if (memchr(p, '`', line) || memmem(p, line, "$(", 2))
                                return true;
                }
        return false;
}

static void effective_values_equal_dash(void **state)
{
        static const char *const names[] = { "GRUB_CMDLINE_LINUX", NORMAL, "GRUB_ENABLE_BLSCFG" };
        _cleanup_free_ char *table = read_data("%s", "default-EFFECTIVE.tsv");
        unsigned rows = 0, wrong = 0;
        char *rest = table, *line;

        (void) state;
        while ((line = strsep(&rest, "\n"))) {
                char *file = strsep(&line, "\t"), *shell = strsep(&line, "\t");
                _cleanup_(shell_state_done) ShellState s = {};
                _cleanup_free_ char *text = NULL;

                if (!shell || !streq(shell, "dash"))
                        continue;
                assert_non_null(strsep(&line, "\t"));
                text = read_data("default/%s", file);
                assert_int_equal(shell_eval(&(const LoaderFile){ file, text, strlen(text) }, 1, SHELL_POSIX, &s), 0);
                rows++;
                FOREACH_ARRAY(name, names, ELEMENTSOF(names)) {
                        const LoaderVariable *v = shell_variable(&s, *name);
                        const char *expected = strsep(&line, "\t");

                        assert_non_null(expected);
                        if (v && v->state == VARIABLE_CANNOT_TELL
                                    ? substituted(text, *name)
                                    : streq(v && v->value ? v->value : "<unset>", expected))
                                continue;
                        print_error("%s: %s: dash says \"%s\", the evaluator \"%s\"\n", file, *name, expected,
                                    v && v->value                           ? v->value
                                    : v && v->state == VARIABLE_CANNOT_TELL ? "(cannot tell)"
                                                                            : "<unset>");
                        wrong++;
                }
        }
        assert_int_equal(wrong, 0);
        assert_true(rows >= 20);
}

static const char mkconfig_with[] = "for x in ${sysconfdir}/default/grub.d/*.cfg ; do\n",
                  mkconfig_without[] = "# none\n";

/* The entry that 10_linux would write, with dash's own opinion of the variables in it. */
static void regenerate(const Tree *t)
{
        _cleanup_free_ char *all = dash_value(t, "", "GRUB_CMDLINE_LINUX"), *normal = dash_value(t, "", NORMAL),
                            *text = NULL;

        assert_true(
                asprintf(&text,
                         "menuentry 'Linux' {\n\tlinux\t/vmlinuz root=/dev/vda1 ro %s %s\n\tinitrd\t/initrd.img\n}\n",
                         all ?: "", normal ?: "") > 0);
        tree_file(t, "/boot/grub/grub.cfg", text);
}

/* Old words in their order, then ours; nothing else changed. */
static void edit_one(const Tree *t, const char *name, bool drop_in_sourced)
{
        static const char ours[] = "intel_iommu=on ptprep.claim=1";
        _cleanup_free_ char *before = read_data("default/%s", name), *old_all = NULL, *old_normal = NULL, *all = NULL,
                            *normal = NULL, *after = NULL;
        _cleanup_(kargs_done) Kargs old = {}, now = {}, wanted = words(ours);
        size_t i = 0;

        tree_file(t, "/etc/default/grub", before);
        tree_file(t, "/usr/sbin/grub-mkconfig", drop_in_sourced ? mkconfig_with : mkconfig_without);
        old_all = dash_value(t, "", "GRUB_CMDLINE_LINUX");
        old_normal = dash_value(t, "", NORMAL);
        regenerate(t);
        if (edit(t, ours, "iommu=off", 0) == 0)
                fail_msg("%s: nothing planned", name);
        regenerate(t);
        if (edit(t, ours, "iommu=off", 0) != 0)
                fail_msg("%s: a second edit finds something to do", name);

        all = dash_value(t, "", "GRUB_CMDLINE_LINUX");
        normal = dash_value(t, "", NORMAL);
        if (!streq_null(all, old_all))
                fail_msg("%s: GRUB_CMDLINE_LINUX was \"%s\", is \"%s\"", name, old_all, all);
        old = words(old_normal ?: "");
        now = words(normal ?: "");
        while (i < old.words.n && i < now.words.n && streq(old.words.items[i], now.words.items[i]))
                i++;
        if (i != old.words.n)
                fail_msg("%s: \"%s\" became \"%s\"", name, old_normal, normal);
        FOREACH_ARRAY(w, now.words.items + i, now.words.n - i)
                if (!kargs_has(&wanted, *w))
                        fail_msg("%s: \"%s\" is not ours", name, *w);
        if (!kargs_has(&now, "ptprep.claim=1"))
                fail_msg("%s: not added: \"%s\"", name, normal);

        assert_int_equal(edit(t, "", "", 0) > 0, true);
        after = NULL;
        assert_int_equal(root_read_text(t->rfd, "/etc/default/grub", &after), 0);
        if (drop_in_sourced)
                assert_string_equal(after, before);
        regenerate(t);
        free(normal);
        normal = dash_value(t, "", NORMAL);
        kargs_done(&now);
        now = words(normal ?: "");
        if (kargs_has(&now, "ptprep.claim=1"))
                fail_msg("%s: not taken back: \"%s\"", name, normal);
}

static void edit_all(const Tree *t, bool drop_in_sourced)
{
        _cleanup_(string_list_done) StringList names = {};

        assert_int_equal(root_list(data, "default", NULL, &names), 0);
        assert_true(names.n >= 20);
        FOREACH_ARRAY(n, names.items, names.n)
                edit_one(t, *n, drop_in_sourced);
}

static void edits_by_drop_in_are_as_dash_sees_them(void **state)
{
        edit_all(*state, true);
}

static void edits_in_place_are_as_dash_sees_them(void **state)
{
        edit_all(*state, false);
}

/* An image that assigns the variable anew in a drop-in: ours comes behind it and keeps its words. */
static void drop_ins_of_images_are_kept(void **state)
{
        static const char *const directories[] = { "ec2_ubuntu22.04", "digitalocean_ubuntu16.04", "debdox" };
        Tree *t = *state;

        FOREACH_ARRAY(directory, directories, ELEMENTSOF(directories)) {
                _cleanup_(string_list_done) StringList names = {}, in_tree = {};
                _cleanup_free_ char *path = NULL, *old = NULL, *now = NULL, *expected = NULL;

                assert_true(asprintf(&path, "default.d/%s", *directory) > 0);
                assert_int_equal(root_list(data, path, ".cfg", &names), 0);
                assert_true(names.n > 0);
                tree_file(t, "/etc/default/grub", NORMAL "=\"quiet\"\n");
                tree_file(t, "/usr/sbin/grub-mkconfig", mkconfig_with);
                FOREACH_ARRAY(n, names.items, names.n) {
                        _cleanup_free_ char *from = NULL, *to = NULL, *text = NULL;

                        assert_true(asprintf(&from, "default.d/%s/%s", *directory, *n) > 0);
                        assert_true(asprintf(&to, "/etc/default/grub.d/%s", *n) > 0);
                        text = read_data("%s", from);
                        tree_file(t, to, text);
                }
                old = dash_value(t, "", NORMAL);
                regenerate(t);
                assert_true(edit(t, "ptprep.claim=1", "", 0) > 0);
                regenerate(t);
                assert_int_equal(edit(t, "ptprep.claim=1", "", 0), 0);
                now = dash_value(t, "", NORMAL);
                assert_true(asprintf(&expected, "%s ptprep.claim=1", old) > 0);
                assert_string_equal(now, expected);
                assert_int_equal(root_list(t->rfd, "/etc/default/grub.d", ".cfg", &in_tree), 0);
                FOREACH_ARRAY(n, in_tree.items, in_tree.n) {
                        _cleanup_free_ char *file = NULL;

                        assert_true(asprintf(&file, "/etc/default/grub.d/%s", *n) > 0);
                        assert_int_equal(root_file_remove(t->rfd, file), 0);
                }
        }
}

/* Lost their shape on the way: grub-script-check rejects them, GRUB would boot nothing from them. */
static bool is_no_script(const char *name)
{
        return streq(name, "insights_rhel7_b_grub.cfg");
}

/* Every linux line inside a menuentry is an entry, with exactly its words. */
static void generated_files_are_read_whole(void **state)
{
        _cleanup_(string_list_done) StringList names = {};

        (void) state;
        assert_int_equal(root_list(data, "grub2cfg", NULL, &names), 0);
        assert_true(names.n > 0);
        FOREACH_ARRAY(n, names.items, names.n) {
                _cleanup_free_ char *text = read_data("grub2cfg/%s", *n), *copy = strdup(text);
                char *rest = copy, *line;
                BootEntry *entries = NULL;
                size_t count = 0, found = 0;
                unsigned number = 0;

                assert_int_equal(grub_cfg_parse(*n, text, NULL, &entries, &count), 0);
                if (is_no_script(*n)) {
                        boot_entries_free(entries, count);
                        continue;
                }
                while ((line = strsep(&rest, "\n"))) {
                        const char *p = line + strspn(line, " \t");

                        number++;
                        if (!startswith(p, "linux"))
                                continue;
                        p += strcspn(p, " \t");
                        p += strspn(p, " \t");
                        if (*p == '\0')
                                continue;
                        if (found == count)
                                fail_msg("%s:%u: no entry for this line", *n, number);
                        {
                                _cleanup_(kargs_done) Kargs expected = words(p);
                                const BootEntry *e = entries + found++;

                                assert_int_equal(e->line, number);
                                assert_string_equal(e->kernel, expected.words.items[0]);
                                assert_int_equal(e->arguments.words.n, expected.words.n - 1);
                                if (strstr(e->kernel, "0-rescue") && !e->rescue)
                                        fail_msg("%s:%u: a rescue kernel is no rescue entry", *n, number);
                        }
                }
                if (found != count)
                        fail_msg("%s: %zu entries, but %zu lines", *n, count, found);
                boot_entries_free(entries, count);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(effective_values_equal_dash),    TREE_TEST(edits_by_drop_in_are_as_dash_sees_them),
                TREE_TEST(edits_in_place_are_as_dash_sees_them),  TREE_TEST(drop_ins_of_images_are_kept),
                cmocka_unit_test(generated_files_are_read_whole),
        };
        int r;

        if (!dash_path()) {
                printf("SKIPPED: dash is not here\n");
                return CORPUS_SKIPPED;
        }
        data = corpus_open("grub");
        if (data < 0)
                return CORPUS_SKIPPED;
        r = cmocka_run_group_tests(tests, NULL, NULL);
        close(data);
        return r;
}
