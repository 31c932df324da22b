/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The environment block against GRUB's own grub-editenv: each change is made by both, and each reads what the other
 * made. */

#include <sys/wait.h>

#include "tree.h"

#include "base/io.h"
#include "grub/format/grubenv.h"

#define EDITENV "/usr/bin/grub-editenv"
#define ROUNDS  200U

/* Exit status of grub-editenv FILE COMMAND [ARGUMENT]; what it prints goes to the file "out". */
static int editenv(const Tree *t, const char *file, const char *command, const char *argument)
{
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                if (chdir(t->path) < 0 || !freopen("out", "w", stdout) || !freopen("/dev/null", "w", stderr))
                        _exit(99);
                (void) execl(EDITENV, EDITENV, file, command, argument, (char *) NULL);
                _exit(98);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 98);
        return WEXITSTATUS(status);
}

static char *content(const Tree *t, const char *path, size_t *ret_size)
{
        char *text;

        assert_int_equal(root_read_file(t->rfd, path, 65536, &text, ret_size), 0);
        return text;
}

/* What ptprep reads of a block, as grub-editenv lists it. */
static char *listed(const char *text, size_t size)
{
        _cleanup_(grubenv_done) GrubEnv e = {};
        char *s = NULL;
        size_t n;
        FILE *f = open_memstream(&s, &n);

        assert_non_null(f);
        assert_int_equal(grubenv_parse(text, size, &e), 0);
        assert_null(e.problem);
        FOREACH_ARRAY(v, e.variables, e.n)
                fprintf(f, "%s=%s\n", v->name, v->value);
        assert_int_equal(fclose(f), 0);
        return s;
}

static void same_list(const Tree *t, const char *path, const char *text, size_t size)
{
        _cleanup_free_ char *ours = listed(text, size), *theirs = NULL;

        assert_int_equal(editenv(t, path, "list", NULL), 0);
        theirs = content(t, "/out", &size);
        assert_string_equal(ours, theirs);
}

static void both_make_the_same_of_each_change(void **state)
{
        static const char *const names[] = { "saved_entry", "kernelopts", "k", "boot_success" };
        static const char *const values[] = { "",
                                              "x",
                                              "root=/dev/sda1 ro quiet",
                                              "a=b",
                                              "#",
                                              "# x",
                                              "back\\slash",
                                              "\\",
                                              "\\\\",
                                              "two\nlines",
                                              "\n",
                                              "Red Hat (5.14) 9 (Plow)",
                                              " x ",
                                              "\xc3\xa4",
                                              "'\"`$x;{}",
                                              "\t" };
        const Tree *t = *state;
        unsigned random = 1, refused = 0;

        if (access(EDITENV, X_OK) < 0) {
                print_message("SKIPPED: " EDITENV " is not there\n");
                skip();
        }
        assert_int_equal(editenv(t, "env", "create", NULL), 0);
        for (unsigned i = 0; i < ROUNDS; i++) {
                _cleanup_free_ char *before = NULL, *ours = NULL, *theirs = NULL, *argument = NULL;
                char longer[1100];
                const char *name, *value;
                size_t size, size_after;
                bool unset;
                int r;

                random = random * 1103515245U + 12345U;
                name = names[(random >> 8) % ELEMENTSOF(names)];
                value = values[(random >> 12) % ELEMENTSOF(values)];
                unset = (random >> 20) % 5 == 0;
                if ((random >> 24) % 6 == 0) { /* some of these do not fit */
                        memset(longer, 'l', sizeof(longer) - 1);
                        longer[(random >> 16) % sizeof(longer)] = 0;
                        longer[sizeof(longer) - 1] = 0;
                        value = longer;
                }
                before = content(t, "/env", &size);
                assert_int_equal(size, GRUBENV_SIZE);
                r = grubenv_set(before, size, name, unset ? NULL : value, &ours, NULL);
                assert_true(r == 0 || r == -ENOSPC);
                assert_true(asprintf(&argument, unset ? "%s" : "%s=%s", name, value) > 0);
                assert_int_equal(editenv(t, "env", unset ? "unset" : "set", argument) == 0, r == 0);
                theirs = content(t, "/env", &size_after);
                assert_int_equal(size_after, GRUBENV_SIZE);
                if (r < 0) {
                        refused++;
                        assert_string_equal(before, theirs);
                        continue;
                }
                assert_int_equal(strlen(ours), GRUBENV_SIZE);
                same_list(t, "env", theirs, size_after);
                tree_file(t, "/ours", ours);
                same_list(t, "ours", ours, GRUBENV_SIZE);
                assert_string_equal(ours, theirs);
        }
        print_message("%u changes, %u refused by both for want of room\n", ROUNDS, refused);
        assert_true(refused > 0 && refused < ROUNDS / 2);
}

int main(void)
{
        static const struct CMUnitTest tests[] = { TREE_TEST(both_make_the_same_of_each_change) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
