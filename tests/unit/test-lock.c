/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "apply/lock.h"
#include "tree.h"

#define LOCK "/run/ptprep/lock"

/* What another run does between the moment that the file was opened and the one in which it is locked. */
static void (*meanwhile)(int rfd);
static int meanwhile_rfd;
static unsigned meanwhiles;

int flock(int fd, int operation)
{
        if (meanwhile) {
                meanwhiles++;
                meanwhile(meanwhile_rfd);
        }
        return (int) syscall(SYS_flock, fd, operation);
}

static void others(void (*what)(int rfd), const Tree *t)
{
        meanwhile = what;
        meanwhile_rfd = t->rfd;
        meanwhiles = 0;
}

static bool there(const Tree *t, const char *path)
{
        struct stat st;

        return root_lstat(t->rfd, path, &st) >= 0;
}

static void unlock_all(ApplyLock *locks, size_t n)
{
        FOREACH_ARRAY(l, locks, n)
                apply_unlock(l);
}

static void test_one_at_a_time(void **state)
{
        for (int live = 0; live < 2; live++) {
                ApplyLock a = APPLY_LOCK_NONE, b = APPLY_LOCK_NONE;

                assert_int_equal(apply_lock(((Tree *) *state)->rfd, live, &a), 0);
                assert_int_equal(apply_lock(((Tree *) *state)->rfd, live, &b), -EWOULDBLOCK);
                assert_int_equal(b.fd, -EBADF);
                assert_true(there(*state, LOCK)); /* the one that was refused takes nothing away */
                apply_unlock(&b);
                assert_true(there(*state, LOCK));
                apply_unlock(&a);
                assert_int_equal(apply_lock(((Tree *) *state)->rfd, live, &b), 0);
                apply_unlock(&b);
                apply_unlock(&b);
                assert_int_equal(there(*state, LOCK), live);
        }
}

static void test_nothing_stays_in_an_image(void **state)
{
        const Tree *t = *state;
        ApplyLock l;

        /* an image without a /run, one with it, one with something of ours in it */
        assert_int_equal(apply_lock(t->rfd, false, &l), 0);
        apply_unlock(&l);
        assert_false(there(t, "/run"));

        tree_directory(t, "/run");
        assert_int_equal(apply_lock(t->rfd, false, &l), 0);
        apply_unlock(&l);
        assert_false(there(t, "/run/ptprep"));
        assert_true(there(t, "/run"));

        tree_file(t, "/run/ptprep/other", "");
        assert_int_equal(apply_lock(t->rfd, false, &l), 0);
        apply_unlock(&l);
        assert_false(there(t, LOCK));
        assert_true(there(t, "/run/ptprep/other"));
        root_file_discard(t->rfd, "/run/ptprep/other");

        /* what an earlier one, that was killed, has left */
        tree_file(t, LOCK, "");
        assert_int_equal(apply_lock(t->rfd, false, &l), 0);
        apply_unlock(&l);
        assert_false(there(t, "/run/ptprep"));
}

/* And what could not be locked at all. */
static void test_no_lock(void **state)
{
        const Tree *t = *state;
        ApplyLock l = APPLY_LOCK_NONE;

        tree_link(t, LOCK, "/elsewhere");
        assert_int_equal(apply_lock(t->rfd, false, &l), -ELOOP);
        assert_int_equal(l.fd, -EBADF);
        assert_false(there(t, "/elsewhere"));
        assert_true(there(t, LOCK)); /* not ours */
}

static void remove_file(int rfd)
{
        meanwhile = NULL;
        root_file_discard(rfd, LOCK);
}

static void remove_all(int rfd)
{
        remove_file(rfd);
        assert_int_equal(root_rmdir(rfd, "/run/ptprep"), 0);
}

/* By one who has not locked it yet. */
static void replace_file(int rfd)
{
        remove_file(rfd);
        assert_int_equal(root_file_create(rfd, LOCK, "", 0, 0600), 0);
}

static ApplyLock theirs;

static void take_instead(int rfd)
{
        remove_all(rfd);
        assert_int_equal(apply_lock(rfd, false, &theirs), 0);
}

static void keep_removing(int rfd)
{
        root_file_discard(rfd, LOCK);
}

/* A file that has no name any more keeps nobody out. */
static void test_removed_while_waiting(void **state)
{
        void (*const others_do[])(int) = { remove_file, remove_all, replace_file };
        const Tree *t = *state;

        FOREACH_ARRAY(what, others_do, ELEMENTSOF(others_do)) {
                ApplyLock l[2] = { APPLY_LOCK_NONE, APPLY_LOCK_NONE };

                others(*what, t);
                assert_int_equal(apply_lock(t->rfd, false, l), 0);
                assert_int_equal(meanwhiles, 1);
                assert_int_equal(apply_lock(t->rfd, false, l + 1), -EWOULDBLOCK);
                unlock_all(l, ELEMENTSOF(l));
                assert_false(there(t, "/run"));
        }
}

/* The file at the place is another one: both would hold a lock. */
static void test_replaced_while_waiting(void **state)
{
        const Tree *t = *state;
        ApplyLock l = APPLY_LOCK_NONE;

        tree_directory(t, "/run");
        others(take_instead, t);
        assert_int_equal(apply_lock(t->rfd, false, &l), -EWOULDBLOCK);
        assert_true(there(t, LOCK));
        apply_unlock(&theirs);
        assert_false(there(t, "/run/ptprep"));
}

/* It ends, whatever others do. */
static void test_removed_ever_again(void **state)
{
        const Tree *t = *state;
        ApplyLock l = APPLY_LOCK_NONE;

        others(keep_removing, t);
        assert_int_equal(apply_lock(t->rfd, false, &l), -ENOENT);
        others(NULL, t);
        assert_false(there(t, "/run"));
}

/* The one who gives it free removes no file that somebody has locked since. */
static void test_taken_while_released(void **state)
{
        const Tree *t = *state;
        ApplyLock l = APPLY_LOCK_NONE;

        assert_int_equal(apply_lock(t->rfd, false, &l), 0);
        others(take_instead, t);
        apply_unlock(&l);
        assert_int_equal(meanwhiles, 1);
        assert_true(there(t, LOCK));
        assert_int_equal(apply_lock(t->rfd, false, &l), -EWOULDBLOCK);
        apply_unlock(&theirs);
        assert_false(there(t, LOCK));
}

/* A program that outlives ptprep holds it on, and the next one has to see that. */
static void test_held_on_by_a_program(void **state)
{
        const Tree *t = *state;
        ApplyLock l = APPLY_LOCK_NONE, next = APPLY_LOCK_NONE;
        int stop[2], status;
        pid_t pid;

        assert_int_equal(pipe(stop), 0);
        assert_int_equal(apply_lock(t->rfd, false, &l), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char c;

                close(stop[1]);
                _exit(read(stop[0], &c, 1) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
        }
        apply_unlock(&l);
        assert_true(there(t, LOCK));
        assert_int_equal(apply_lock(t->rfd, false, &next), -EWOULDBLOCK);
        close(stop[0]);
        close(stop[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(apply_lock(t->rfd, false, &next), 0);
        apply_unlock(&next);
        assert_false(there(t, "/run/ptprep"));
}

/* Processes that take it as often as they can: how often was somebody in there at the same time? */
static int contend(const Tree *t, const char *inside)
{
        unsigned got = 0;

        for (unsigned i = 0; got < 50 && i < 1000000; i++) {
                ApplyLock l = APPLY_LOCK_NONE;
                int fd, r = apply_lock(t->rfd, false, &l);

                if (r == -EWOULDBLOCK)
                        continue;
                if (r < 0)
                        return 3;
                fd = openat(t->rfd, inside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
                if (fd < 0)
                        return 4;
                close(fd);
                if (unlinkat(t->rfd, inside, 0) < 0)
                        return 5;
                apply_unlock(&l);
                got++;
        }
        return got == 50 ? 0 : 6;
}

static void test_contended(void **state)
{
        const Tree *t = *state;
        pid_t pids[3];
        int status;

        tree_directory(t, "/run");
        FOREACH_ARRAY(pid, pids, ELEMENTSOF(pids)) {
                *pid = fork();
                assert_true(*pid >= 0);
                if (*pid == 0)
                        _exit(contend(t, "inside"));
        }
        FOREACH_ARRAY(pid, pids, ELEMENTSOF(pids)) {
                assert_int_equal(waitpid(*pid, &status, 0), *pid);
                assert_int_equal(status, 0);
        }
        assert_false(there(t, "/run/ptprep"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_one_at_a_time),
                TREE_TEST(test_nothing_stays_in_an_image),
                TREE_TEST(test_no_lock),
                TREE_TEST(test_removed_while_waiting),
                TREE_TEST(test_replaced_while_waiting),
                TREE_TEST(test_removed_ever_again),
                TREE_TEST(test_taken_while_released),
                TREE_TEST(test_held_on_by_a_program),
                TREE_TEST(test_contended),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
